"""`make bench`: measure every figure, keep the raw numbers, write RESULTS.md from them.

python -m benchmarks                       all of them, about an hour on two cores
python -m benchmarks per_notebook start    some; the others keep their last numbers
python -m benchmarks --rounds 3 nbval      fewer rounds
"""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click
import psutil

from helpers.base.places import NOTEBOOKS

from .figures import FIGURES, QUICK
from .measure import median, spread

HERE = Path(__file__).resolve().parent
RAW = HERE / "results.json"
REPORT = HERE / "RESULTS.md"
LIBRARIES = ("papermill", "nbclient", "ipykernel", "nbval", "pandas", "scikit-learn", "pyarrow")


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(list(FIGURES)))
@click.option("--rounds", default=5, show_default=True, help="How often each side is measured.")
def main(names, rounds):
    """Measure and write."""
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    for name in names or FIGURES:
        click.echo(name)
        raw[name] = {"measured": FIGURES[name](rounds), "on": machine()}
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(results(raw), encoding="utf-8")


def machine() -> dict:
    """What it was measured on, and when."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}",
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "day": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def results(raw: dict) -> str:
    """The report on what has been measured so far."""
    rows = [row for make in ROWS for row in make({n: r["measured"] for n, r in raw.items()})]
    lines = [
        "# What the line costs",
        "",
        "Written by `make bench`; raw numbers in `results.json`. Ratios compare two sides that",
        "were measured in turn in one go. Each cell gives the median, and in brackets the smallest",
        "and the largest.",
        "",
        "| figure | measured | goal | |",
        "|---|---|---|---|",
        *(f"| {what} | {found} | {goal} | {verdict} |" for what, found, goal, verdict in rows),
        "",
        *notes(raw),
    ]
    return "\n".join(lines)


def notes(raw: dict) -> list[str]:
    """How it was measured, and on what."""
    spent = _nbval_spent({name: one["measured"] for name, one in raw.items()})
    machines = {json.dumps({k: v for k, v in r["on"].items() if k != "day"}) for r in raw.values()}
    text = ["## How", "", *HOW, *spent, "", "## Where", ""]
    for one in sorted(machines):
        on = json.loads(one)
        versions = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
        text.append(f"- {on['machine']}; Python {on['python']}; {versions}")
    days = sorted({r["on"]["day"] for r in raw.values()})
    counts = ", ".join(f"{n} {_count(r['measured'])}" for n, r in raw.items())
    return [*text, f"- measured on {' and '.join(days)}; rounds: {counts}", ""]


HOW = (
    "- *Per notebook*: papermill called from Python on a notebook of two cells, the imports of",
    "  `02_data_cleaning` and nothing; all of its time is overhead. The server runs already (a",
    "  run starts one, beside its own imports; the whole run counts it).",
    f"- *Whole run*: the flights with {' and '.join(QUICK)}, since overhead is a difference of two",
    "  times; the line by `pipeline run`, stock by the commands `papermill` and",
    "  `jupyter nbconvert`, one after the other. The floor is the same code cells, figures",
    "  rendered, in one Python process with its imports done (`benchmarks/floor.py`).",
    "- *Memory*: the largest sum of the proportional set sizes of all processes of the run.",
    "- *nbval*: all notebooks in `notebooks/`, the lab included, the work of their cells too.",
)


def _nbval_spent(raw: dict) -> list[str]:
    """What the warm side of nbval is spent on, in a sentence."""
    if not {"nbval", "per_notebook"} <= raw.keys():
        return []
    count = len(list(NOTEBOOKS.rglob("*.ipynb")))
    kernels = count * median(raw["per_notebook"]["warm"])
    whole = median(raw["nbval"]["warm"])
    return [
        f"- *Where nbval's time goes*: of {whole:.0f} s warm, {count} kernels are {kernels:.1f} s;",
        "  nearly all of the rest is the cells' own work, training above all, which is the same on",
        "  both sides and which no kernel saves.",
    ]


def _count(measured: dict) -> int:
    return len(next(iter(measured.values())))


def _seconds(values: list[float]) -> str:
    return f"{median(values):.2f} s ({spread(values)})"


def _against(value: float, goal: float) -> str:
    return "met" if value <= goal else f"missed: {value / goal:.2f} times the goal"


def _overhead(raw: dict):
    if "per_notebook" in raw:
        warm, stock = raw["per_notebook"]["warm"], raw["per_notebook"]["stock"]
        ratio = median(warm) / median(stock)
        found = f"{_seconds(warm)} against {_seconds(stock)}: 1/{1 / ratio:.0f}"
        yield "overhead of a notebook, warm against stock", found, "≤ 1/8", _against(ratio, 1 / 8)


def _whole(raw: dict):
    for name, rows in (("whole_run", "4,000 rows"), ("whole_run_default", "40,000 rows")):
        if name not in raw:
            continue
        line, stock, floor = (raw[name][side] for side in ("line", "stock", "floor"))
        ours, theirs = median(line) - median(floor), median(stock) - median(floor)
        over = ours / theirs
        found = f"{ours:.1f} s against {theirs:.1f} s: 1/{1 / over:.1f}"
        goal = ("≤ 1/6", _against(over, 1 / 6)) if name == "whole_run" else ("reported", "")
        yield f"overhead of the whole run, {rows}", found, *goal
        found = f"{_seconds(line)} against {_seconds(stock)}: {median(line) / median(stock):.2f}"
        yield f"the whole run against stock, {rows}", found, "reported", ""
        found = f"{_seconds(line)} against {_seconds(floor)}: {median(line) / median(floor):.2f}"
        yield f"the whole run against the floor, {rows}", found, "reported", ""


def _starts(raw: dict):
    if "nothing_changed" in raw:
        again = raw["nothing_changed"]["again"]
        yield "nothing changed, run again", _seconds(again), "< 2 s", _against(median(again), 2)
    for name, goal in (("import helpers", 0.15), ("pipeline --help", 0.4)):
        if "start" in raw:
            found = raw["start"][name]
            alone = median(raw["start"]["python alone"])
            text = f"{_seconds(found)}, of it Python itself {alone:.2f} s"
            yield f"`{name}`", text, f"< {goal} s", _against(median(found), goal)


def _tests(raw: dict):
    if "nbval" in raw:
        warm, stock = raw["nbval"]["warm"], raw["nbval"]["stock"]
        ratio = median(warm) / median(stock)
        found = f"{_seconds(warm)} against {_seconds(stock)}: {ratio:.2f}"
        yield "nbval, warm against stock", found, "≤ 1/3", _against(ratio, 1 / 3)
    if "full_data" in raw:
        seconds, held = raw["full_data"]["seconds"], raw["full_data"]["bytes"]
        what = "all 336,776 flights, all stages"
        yield what, _seconds(seconds), "< 360 s", _against(median(seconds), 360)
        gigabytes = [b / 1e9 for b in held]
        found = f"{median(gigabytes):.2f} GB ({spread(gigabytes)})"
        yield f"{what}: peak memory", found, "< 4 GB", _against(median(gigabytes), 4)
    if "make_test" in raw:
        took = raw["make_test"]["make test"]
        yield (
            "`make test` from a ready .venv",
            _seconds(took),
            "< 360 s",
            _against(median(took), 360),
        )


ROWS = (_overhead, _whole, _starts, _tests)


if __name__ == "__main__":
    main()
