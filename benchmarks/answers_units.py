"""Coverage at 90 % where rows belong to units: 40 customers of 50 rows, and flights by day."""

from __future__ import annotations

from collections.abc import Iterator

import click
import numpy as np

from . import answers_certainty
from . import model_sides as sides
from .model_tables import TABLES
from .simulations import certainty as simulated
from .simulations import generators

CUSTOMERS = [one for one in simulated.SIMULATIONS if "customers" in one.name]
FLIGHTS = next(one for one in TABLES if one.name == "flights")
GOAL = 0.88
DAYS = "flights by day, five later windows"


def measure(found: dict, splits: int = 20, tables: list[str] = ()) -> Iterator[dict]:
    """So many repeats of the customers, and so many windows of the flights (five differ)."""
    found = {"repeats": found.get("repeats", {})}
    for one in CUSTOMERS:
        drawn = generators(one, splits, seed=1)
        done = found["repeats"].setdefault(one.name, [])
        for random in drawn[len(done) :]:
            done.append(one.one(random))
            yield found
        click.echo(f"{one.name}: {len(done)}")
    X, y, task = sides.labelled(FLIGHTS)
    windows = found["repeats"].setdefault(DAYS, [])
    for seed in range(len(windows), min(splits, 5)):
        side = answers_certainty.split_of(FLIGHTS, X, y, task, seed)
        held = answers_certainty.how_sure_of(side).held
        windows.append({simulated.COVERED: float(held.mean())})
        click.echo(f"flights {seed}: {held.mean():.3f}")
        yield found


def section(found: dict) -> list[str]:
    """A line a situation."""
    lines = ["| situation | repeats | value | goal | mean | lowest | highest |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, repeats in found["repeats"].items():
        for value in repeats[0] if repeats else ():
            all_of = np.array([one[value] for one in repeats], float)
            goal = {simulated.COVERED: "≥ 88 %", simulated.KEPT: "≤ +1 point"}.get(value, "≥ 85 %")
            said = [f"{v:.1%}" for v in (np.nanmean(all_of), np.nanmin(all_of), np.nanmax(all_of))]
            lines.append(f"| {name} | {len(repeats)} | {value} | {goal} | {' | '.join(said)} |")
    return lines
