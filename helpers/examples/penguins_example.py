"""The penguins, as they came from the field: a small table for comparison."""

from __future__ import annotations

from pathlib import Path

from .flights_sources import package_file


def penguins() -> Path:
    """The path of the raw penguins table (Gorman, Williams and Fraser 2014; data CC0)."""
    return package_file("palmerpenguins", "penguins-raw.csv")
