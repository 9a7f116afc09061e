"""`make bench-statistics`: how often the line's decisions are right; STATISTICS.md.

python -m benchmarks.statistics                    all simulations, about an hour on two cores
python -m benchmarks.statistics intervals drift    subjects or simulations whose names contain these
python -m benchmarks.statistics --repeats 50 --seed 7    fewer repeats, other random numbers
python -m benchmarks.statistics --more --repeats 100    so many more, joined to those of before
python -m benchmarks.statistics --only-report      write STATISTICS.md from what was measured before

Figures of simulations that are not run stay as they were. Each simulation draws tables whose truth
is known and asks the line's own functions; a rate is given with its Monte-Carlo error.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from .__main__ import machine
from .simulations import (
    Goal,
    Simulation,
    Subject,
    generators,
    joined,
    reaches,
    subjects,
    summary,
)

REPORT = Path(__file__).resolve().parent / "STATISTICS.md"
CHUNK = 10  # repeats that a process is given at once
FEW = 10  # repeats; with fewer a rate is no percentage
ROUNDING = 1e-12  # an error that is no larger is one of adding up
HEAD = """# Statistics: how often the decisions are right

Measured by `make bench-statistics` ({day}; {machine}; Python {python}). Each row is a situation
whose truth is known, drawn anew in each repeat and put before the functions that the line itself
calls. Percentages are rates; behind ± stands the Monte-Carlo error (one standard error). Methods
were chosen on other distributions, except where a row says that its own were looked at: such rates
are likely to be a little worse elsewhere. A goal that is missed says so, with the reason below its
table.
"""


@click.command(help=__doc__.replace("\n\n", "\n\n\b\n"))
@click.argument("names", nargs=-1)
@click.option("--repeats", default=0, help="How many repeats; 0: as many as each asks for.")
@click.option("--more", is_flag=True, help="Go on where the last run stopped, with its seed.")
@click.option("--seed", default=1, help="The seed of all random numbers.")
@click.option("--jobs", default=-1, help="How many processes; -1: one a core.")
@click.option("--write/--no-write", default=True, help="Whether to keep the figures.")
@click.option("--only-report", is_flag=True, help="Measure nothing: write STATISTICS.md.")
def main(names, repeats: int, more, seed: int, jobs: int, write: bool, only_report: bool) -> None:
    """Run the simulations, and write what they found."""
    for subject, simulation in [] if only_report else _asked(names):
        known = subject.measured().get(simulation.name) if more else None
        found = measured(simulation, repeats or simulation.repeats, seed, jobs, known)
        click.echo(f"{subject.title}: {simulation.name}\n{_line(simulation, found)}")
        if write:
            known = subject.measured() | {simulation.name: found}
            text = json.dumps(known, indent=1, sort_keys=True) + "\n"
            subject.results.write_text(text, encoding="utf-8")
    if write:
        REPORT.write_text(report(), encoding="utf-8")


def _asked(names: tuple[str, ...]) -> Iterator[tuple[Subject, Simulation]]:
    """The simulations that some words ask for; all without words."""
    for subject in subjects():
        for simulation in subject.simulations:
            text = f"{subject.module} {subject.title} {simulation.name}".casefold()
            if not names or any(name.casefold() in text for name in names):
                yield subject, simulation


def measured(
    simulation: Simulation, repeats: int, seed: int, jobs: int, known: dict | None = None
) -> dict:
    """What a simulation found in so many repeats, joined to what is `known` of earlier ones."""
    began = time.perf_counter()
    before, seed = (known["repeats"], known["seed"]) if known else (0, seed)
    drawn = generators(simulation, before + repeats, seed)[before:]
    chunks = [drawn[first : first + CHUNK] for first in range(0, repeats, CHUNK)]
    work = joblib.Parallel(jobs)(joblib.delayed(_some)(simulation.one, chunk) for chunk in chunks)
    values = summary([one for chunk in work for one in chunk], simulation.amounts)
    values = joined(known["values"], values) if known else values
    seconds = round(time.perf_counter() - began) + (known["seconds"] if known else 0)
    found = {"values": values, "repeats": before + repeats, "seed": seed, "seconds": seconds}
    return found | machine()


def _some(one, chunk: list[np.random.Generator]) -> list[dict[str, float]]:
    """Some repeats, on one thread."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [one(random) for random in chunk]


def report() -> str:
    """STATISTICS.md."""
    known = [(subject, subject.measured()) for subject in subjects()]
    known = [(subject, raw) for subject, raw in known if raw]
    newest = max((one for _, raw in known for one in raw.values()), key=lambda one: one["day"])
    tables = [
        f"## {subject.title}\n\n{_table(subject, raw)}{_reasons(subject, raw)}"
        for subject, raw in known
    ]
    return "\n".join([HEAD.format(**newest), *tables])


def _table(subject: Subject, raw: dict) -> str:
    """The table of a subject, a row a value."""
    rows = ["| situation | what | measured | goal | reached |", "|---|---|---|---|---|"]
    for one in (one for one in subject.simulations if one.name in raw):
        values = raw[one.name]["values"]
        for number, (name, value) in enumerate(values.items()):
            label = f"{one.name} ({_rests_on(one, raw[one.name]['repeats'])})"
            goal = one.goals.get(name)
            rows.append(
                f"| {'' if number else label} | {name} | {_shown(value)} | {_goal(goal, value)} | "
                f"{_reached(goal, value)} |"
            )
    return "\n".join(rows) + "\n"


def _rests_on(one: Simulation, repeats: int) -> str:
    """How many repeats a figure rests on, and what a reader must know of it."""
    few = f"too few: {one.due:,} are due" if repeats < one.due else ""
    return "; ".join(filter(None, (f"{repeats:,} repeats", few, one.note)))


def _reasons(subject: Subject, raw: dict) -> str:
    """Below the table of a subject: the goals that are known to be missed, and why."""
    lines = [
        f"- {one.name}, {name}: {_shown(value)}, the goal is {_goal(one.goals[name], value)}. "
        f"{miss.why}\n"
        for one in subject.simulations
        for name, miss in one.missed.items()
        if (value := raw.get(one.name, {}).get("values", {}).get(name))
    ]
    return "\nMissed, and why:\n\n" + "".join(lines) if lines else ""


def _line(simulation: Simulation, found: dict) -> str:
    """What a simulation found, for the terminal."""
    said = (
        f"  {name} {_shown(value)} {_goal(simulation.goals.get(name), value)} "
        f"{_reached(simulation.goals.get(name), value)}"
        for name, value in found["values"].items()
    )
    return "\n".join(said) + f"\n  ({found['repeats']} repeats, {found['seconds']} s)"


def _shown(value: dict) -> str:
    """A mean with its error; of a few repeats a rate is counted."""
    count = value["repeats"]
    if not count:
        return "does not apply"
    if value["rate"] and count < FEW:
        return f"{value['mean'] * count:.0f} of {count}"
    if not math.isfinite(value["error"]):
        return f"{value['mean']:.3g}"
    if not value["rate"] and value["error"] <= ROUNDING:
        return f"{round(value['mean'], 9):.3g} in every repeat"
    if value["rate"]:
        return f"{value['mean']:.1%} ± {value['error']:.1%}"
    return f"{value['mean']:.3g} ± {value['error']:.1g}"


def _goal(goal: Goal | None, value: dict) -> str:
    """A goal in words."""
    if goal is None:
        return ""
    form = "{:.0%}" if value.get("rate") else "{:g}"
    least, most = (None if end is None else form.format(end) for end in goal)
    if least and most:
        return f"{least} to {most}"
    return f"at least {least}" if least else f"at most {most}"


def _reached(goal: Goal | None, value: dict) -> str:
    """Whether a goal is reached; "within the error" where the error alone is between."""
    if goal is None or not value["repeats"]:
        return ""
    if reaches(value["mean"], goal):
        return "yes"
    return "within the error" if reaches(value["mean"], goal, value["error"]) else "**missed**"


if __name__ == "__main__":
    main()
