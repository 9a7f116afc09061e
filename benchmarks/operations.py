"""`make bench-operations`: what an on-call engineer relies on, tried and counted; OPERATIONS.md.

python -m benchmarks.operations                     all parts, on a small model of its own
python -m benchmarks.operations --parts forms,log   some of them

Each figure has a short form among the tests. Services are processes of their own on loopback.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from .__main__ import machine
from .serving import reports_in

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "operations.json", HERE / "OPERATIONS.md"
FIGURES = {  # by part: the figure, its goal, and where the tests have its short form
    "forms": ("wrong forms of rows and columns that every door takes alike, none in silence",
              "all", "test_doors.py"),
    "log": ("answers marked logged that a reader finds afterwards", "all", "test_log_truth.py"),
    "health": ("worst `/health` in ms while one client is hostile; others answered", "< 100 ms",
               "test_service_limits.py"),
    "memory": ("memory after 20 requests of 20 MB", "+20 MB", "test_service_limits.py"),
    "outcomes": ("monitor and retrain with 1 % of outcomes that are no class", "go on, say so",
                 "test_outcomes.py"),
    "markup": ("payloads of Markdown, HTML and SVG that get through in a real browser", "0",
               "test_hostile.py"),
    "pairs": ("pairs of commands on one --out, one run, one log", "one wins, one says why",
              "test_batch.py, test_faults.py, test_service.py"),
    "speed": ("one client, a row a request: p50 against a constant reply", "2.1 ×, no slower",
              "none: it is a time"),
    "cost": ("processor time of a request of one row, in process, against the version before all "
             "this", "no slower", "none: it is a time"),
}  # fmt: skip


def _parts() -> dict[str, Callable[[Path], dict]]:
    """By name what measures a part, given a folder of its own."""
    from . import operations_cost, operations_files, operations_service

    return {
        "forms": operations_files.forms, "log": operations_service.log,
        "health": operations_service.health, "memory": operations_service.memory,
        "outcomes": operations_files.outcomes, "markup": operations_files.markup,
        "pairs": operations_files.pairs, "speed": operations_service.speed,
        "cost": operations_cost.cost,
    }  # fmt: skip


def measure(name: str) -> dict:
    """What a part finds, with the day, the seconds and the machine's load."""
    load, began = os.getloadavg()[0], time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="pipeline-operations-") as folder,
        reports_in(str(Path(folder) / "reports")),
    ):
        found = _parts()[name](Path(folder))
    return found | {"day": f"{date.today()}", "seconds": round(time.monotonic() - began),
                    "load": round(load, 1)}  # fmt: skip


@click.command()
@click.option("--parts", default=",".join(FIGURES), show_default=True)
def main(parts: str) -> None:
    """Measure some parts, keep them beside the earlier ones, and write the page."""
    found = json.loads(RAW.read_text()) if RAW.exists() else {}
    for name in parts.split(","):
        found[name] = measure(name)
        click.echo(f"{name}: {json.dumps(found[name])}")
        found["machine"] = machine()
        RAW.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(report(found), encoding="utf-8")


def report(found: dict) -> str:
    """OPERATIONS.md."""
    lines = [
        "# What an on-call engineer relies on", "",
        "Written by `make bench-operations`; raw numbers in `operations.json`. A small model "
        "(240 rows, logistic regression); services are processes of their own on loopback.", "",
        f"Measured on {found['machine']['machine']}, Python {found['machine']['python']}.", "",
        "| figure | goal | measured | reached | day, load of the machine | in the tests |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, (figure, goal, tests) in FIGURES.items():
        if name in found:
            one = found[name]
            reached = {True: "yes", False: "**no**", None: ""}[one["reached"]]
            lines.append(f"| {figure} | {goal} | {one['said']} | {reached} | {one['day']}, "
                         f"{one['load']} | {tests} |")  # fmt: skip
    for name in [name for name in FIGURES if name in found]:
        lines += ["", f"## {name.capitalize()}", "", *_details(found[name])]
    return "\n".join([*lines, ""])


def _details(one: dict) -> list[str]:
    """The rows behind a figure."""
    rows = [f"| {what} | {said} |" for what, said in one["details"].items()]
    return [one.get("about", ""), "", "| tried | found |", "|---|---|", *rows]


if __name__ == "__main__":
    main()
