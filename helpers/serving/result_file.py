"""Where the answers of a batch go: a file that is new, or an earlier result, and never the rows."""

from __future__ import annotations

from pathlib import Path

from ..base import addresses
from ..base.recipe_files import is_recipe, sources_of
from ..base.user_errors import InputError

ENDINGS = (".csv", ".parquet")


def check_out(out: Path, source: str) -> None:
    """Raise InputError where the result can't be written to, or would take the rows' own place."""
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"--out ends in .csv or .parquet; it is '{out.name}'.")
    if not out.parent.is_dir():
        raise InputError(f"The folder '{out.parent}' for --out does not exist: make it first.")
    if any(_would_change(file, out) for file in _files_of(source)):
        raise InputError(
            f"--out '{out}' is, or lies in, what the rows are read from: give the result another "
            f"place."
        )


def _would_change(source: Path, out: Path) -> bool:
    """Whether a file to write is that of the rows, perhaps by another name, or in their folder."""
    is_same = out.exists() and source.exists() and out.samefile(source)
    return is_same or (source.is_dir() and source.resolve() in out.resolve().parents)


def _files_of(source: str) -> list[Path]:
    """The files and folders that the rows of a source come from, as far as they are here."""
    if not addresses.is_path(source):
        return []
    path = addresses.local_path(source)
    return [path] + [Path(one) for one in (sources_of(path) if is_recipe(source) else [])]
