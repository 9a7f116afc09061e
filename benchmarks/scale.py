"""`make bench-scale`: what cleaning and scoring cost as rows grow, and past one machine; SCALE.md.

python -m benchmarks.scale                     the run `flights`, which must exist (`make run`)
python -m benchmarks.scale rows distinct       some parts; the others keep their last numbers
python -m benchmarks.scale --run mine --folder /scratch

The rows are the run's raw rows, repeated with noise: a tenth of the cells of each column are
another row's, weather readings get new last digits, and one row in twenty is an exact copy.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd
import psutil

from helpers.base.marked_text import write_between

from .__main__ import machine
from .measure import LONGEST, REPOSITORY

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "scale.json", HERE / "SCALE.md"
PAGE = REPOSITORY / "docs" / "scale.md"
SIZES = (100_000, 1_000_000, 10_000_000)
FILE = 500_000  # rows in a file
GROUP = 100_000  # rows in a row group
COPIES = 0.05  # of the rows
BORROWED = 0.1  # of the cells of a column, from other rows
JITTERED = ("temp", "dewp", "humid", "pressure")
MEMORY = "1GB"  # what DuckDB may hold
# Parts that live in modules of their own, and the functions there that measure them
ELSEWHERE = {
    "dask": ("benchmarks.scale_dask", ("search_overhead", "killed_worker")),
    "schedulers": ("benchmarks.scale_schedulers", ("airflow_overhead", "kfp_overhead")),
}


def write_rows(raw: pd.DataFrame, rows: int, folder: Path, seed: int = 0) -> None:
    """A folder of Parquet with so many noisy rows, made and written a row group at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    schema = pa.Schema.from_pandas(raw, preserve_index=False)
    for number, start in enumerate(range(0, rows, FILE)):
        with parquet.ParquetWriter(folder / f"part-{number:04d}.parquet", schema) as writer:
            end = min(start + FILE, rows)
            for at in range(start, end, GROUP):
                piece = _noisy(raw, min(GROUP, end - at), random)
                writer.write_table(pa.Table.from_pandas(piece, schema, preserve_index=False))


def _noisy(raw: pd.DataFrame, rows: int, random: np.random.Generator) -> pd.DataFrame:
    own = random.integers(0, len(raw), rows)
    found = {}
    for name in raw:
        places = np.where(random.random(rows) < BORROWED, random.permutation(own), own)
        found[name] = raw[name].array.take(places)
        if name in JITTERED:
            found[name] = _jittered(pd.Series(found[name]), random).array
    piece = pd.DataFrame(found)
    copies = random.random(rows) < COPIES
    copies[0] = False
    originals = np.maximum.accumulate(np.where(copies, 0, np.arange(rows)))
    return piece.take(originals).reset_index(drop=True)


def _jittered(texts: pd.Series, random: np.random.Generator) -> pd.Series:
    """Numbers as text with two more digits; a cell that is no number stays."""
    numbers = pd.to_numeric(texts, errors="coerce")
    new = (numbers + random.normal(0, 0.05, len(numbers))).round(2)
    return texts.where(numbers.isna(), new.astype("str"))


def cost_of(command: list) -> dict:
    """Run a command: wall and CPU seconds, and the most memory (RSS) of all its processes."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=REPOSITORY, stdout=said, stderr=said
        )
        most, done = [0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, most, done))
        killer = threading.Timer(LONGEST, process.kill)
        watcher.start()
        killer.start()
        _, status, used = os.wait4(process.pid, 0)  # its children's seconds are in it, too
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        killer.cancel()
        watcher.join()
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{command}: {said.read().decode()[-2000:]}")
    return {
        "wall": time.perf_counter() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": most[0],
    }


def _watch(pid: int, most: list[int], done: threading.Event) -> None:
    while not done.wait(0.1):
        try:
            first = psutil.Process(pid)
            family = [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        held = 0
        for process in family:
            try:
                held += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        most[0] = max(most[0], held)


def _pipeline(*arguments) -> list:
    return [sys.executable, "-m", "helpers", *arguments]


def measure_rows(run: str, folder: Path) -> dict:
    """Cleaning and scoring a folder of Parquet into one Parquet file, at each size."""
    raw, found = _raw(run), {}
    for rows in SIZES:
        source, out = folder / f"rows-{rows}", folder / "scored.parquet"
        write_rows(raw, rows, source)
        found[str(rows)] = cost_of(_pipeline("predict", run, source, "--out", out))
        found[str(rows)]["bytes"] = sum(f.stat().st_size for f in source.glob("*.parquet"))
        print(f"  {rows:,} rows: {found[str(rows)]}", flush=True)
        out.unlink()
        shutil.rmtree(source)
    return found


def measure_distinct(run: str, folder: Path) -> dict:
    """The distinct rows of the largest folder, found by DuckDB under a memory limit."""
    from pyarrow import dataset

    source, out = folder / "rows-distinct", folder / "distinct"
    write_rows(_raw(run), SIZES[-1], source)
    cost = cost_of(_pipeline("distinct", source, "--out", out, "--memory", MEMORY))
    kept = dataset.dataset(out, format="parquet").count_rows()
    shutil.rmtree(out)
    shutil.rmtree(source)
    return cost | {"rows_in": SIZES[-1], "rows_out": kept, "limit": MEMORY}


def _raw(run: str) -> pd.DataFrame:
    from helpers.line.run_folder import existing_run

    return pd.read_parquet(existing_run(run).file("data/raw.parquet"))


MEASURES = {"rows": measure_rows, "distinct": measure_distinct}


@click.command()
@click.argument("parts", nargs=-1)
@click.option("--run", default="flights", show_default=True, help="The run whose model answers.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Where rows are written meanwhile, some 2 GB. [default: a temporary folder]",
)
def main(parts, run, folder):
    """Measure PARTS (rows, distinct, dask, schedulers; all of them by default), write the pages."""
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    for part in parts or (*MEASURES, *ELSEWHERE):
        print(f"{part} …", flush=True)
        if part in MEASURES:
            with tempfile.TemporaryDirectory(dir=folder, prefix="pipeline-scale-") as own:
                raw[part] = machine() | {"measured": MEASURES[part](run, Path(own))}
        elif part in ELSEWHERE:
            found = _measured_elsewhere(*ELSEWHERE[part])
            if not found:
                print("  nothing there measures it", flush=True)
                continue
            raw[part] = machine() | {"measured": found}
        else:
            raise click.UsageError(f"There is no part '{part}'.")
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        write_pages(raw)


def _measured_elsewhere(module: str, names: tuple[str, ...]) -> dict:
    """What those functions of a module return, by their names; of those that are there."""
    there = importlib.import_module(module)
    found = {}
    for name in names:
        if measure := getattr(there, name, None):
            found[name] = measure()
            print(f"  {name}: {found[name]}", flush=True)
    return found


def write_pages(raw: dict) -> None:
    """Both pages, from what has been measured so far."""
    REPORT.write_text(report(raw), encoding="utf-8")
    write_between(PAGE, "make bench-scale", page(raw))


def per_million(cost: dict, rows: int) -> float:
    """CPU seconds a million rows."""
    return cost["cpu"] / rows * 1e6


def growth(found: dict) -> dict:
    """What a million rows cost from one size to the next, start left out, and how memory grows.

    `linear` is the cost of a million rows from 10⁶ to 10⁷ over that from 10⁵ to 10⁶: 1 is linear.
    """
    small, middle, large = (found[str(rows)] for rows in SIZES)
    first = (middle["cpu"] - small["cpu"]) / (SIZES[1] - SIZES[0])
    second = (large["cpu"] - middle["cpu"]) / (SIZES[2] - SIZES[1])
    start = max(small["cpu"] - first * SIZES[0], 0)
    return {
        "linear": second / first,
        "start": start,
        "million": second * 1e6,
        "memory": large["memory"] / middle["memory"],
    }


def report(raw: dict) -> str:
    """SCALE.md: every figure beside its goal."""
    lines = [
        "# What it costs as rows grow, and past one machine",
        "",
        "Written by `make bench-scale`; raw numbers in `scale.json`. What follows from them:",
        "[docs/scale.md](../docs/scale.md). CPU seconds are user and system time of all processes;",
        "memory is their resident set, added up, looked at ten times a second.",
        "",
    ]
    for part, write in {"rows": _rows, "distinct": _distinct}.items():
        lines += write(raw[part]["measured"]) if part in raw else [f"## {part}: not measured", ""]
    for part in ELSEWHERE:
        lines += [f"## {part.capitalize()}", ""]
        if part not in raw:
            lines += [f"Not measured (`python -m benchmarks.scale {part}`).", ""]
            continue
        lines += ["| figure | measured |", "|---|---|"]
        lines += [f"| {name} | {_short(value)} |" for name, value in _flat(raw[part]["measured"])]
        lines += [""]
    return "\n".join([*lines, *_on_what(raw)]) + "\n"


def _rows(found: dict) -> list[str]:
    grown, large = growth(found), found[str(SIZES[-1])]
    minutes, held = large["wall"] / 60, large["memory"] / 1e9
    lines = [
        "## Cleaning and scoring a folder of Parquet (`pipeline predict`)",
        "",
        "| rows | wall, s | CPU, s | most memory, MB | MB of Parquet read |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {int(rows):,} | {cost['wall']:.1f} | {cost['cpu']:.1f} | {cost['memory'] / 1e6:.0f} "
        f"| {cost['bytes'] / 1e6:.0f} |"
        for rows, cost in found.items()
    ]
    return [
        *lines,
        "",
        "| figure | measured | goal | |",
        "|---|---|---|---|",
        f"| CPU of a row, 10⁶ to 10⁷, over 10⁵ to 10⁶ | {grown['linear']:.2f} | 0.80 to 1.20 "
        f"| {_met(abs(grown['linear'] - 1) <= 0.2)} |",
        f"| memory at 10⁷ over 10⁶ | {grown['memory']:.2f} | flat "
        f"| {_met(grown['memory'] < 1.1)} |",
        f"| 10⁷ rows, wall | {minutes:.1f} min | < 10 min | {_met(minutes < 10)} |",
        f"| 10⁷ rows, memory | {held:.2f} GB | < 3 GB | {_met(held < 3)} |",
        "",
    ]


def _distinct(found: dict) -> list[str]:
    return [
        "## Distinct rows out of core (`pipeline distinct`, DuckDB)",
        "",
        f"{found['rows_in']:,} rows of which {found['rows_out']:,} are distinct, under "
        f"`--memory {found['limit']}`: {found['wall']:.1f} s of wall time, {found['cpu']:.1f} s of "
        f"CPU, {found['memory'] / 1e6:.0f} MB held at most.",
        "",
    ]


def _met(is_so: bool) -> str:
    return "met" if is_so else "**not met**"


def _flat(found, name: str = "") -> list[tuple[str, object]]:
    if not isinstance(found, dict):
        return [(name, found)]
    return [pair for key, value in found.items() for pair in _flat(value, f"{name} {key}".strip())]


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _on_what(raw: dict) -> list[str]:
    seen = {f"{one['machine']}, Python {one['python']}, {one['day']}" for one in raw.values()}
    return [f"Measured on {'; '.join(sorted(seen))}; other work ran on it at the same time."]


DAY = 86_400  # seconds
ROWS_A_DAY = 1e9
USED = 0.7  # of a machine's time, so that a bad day fits


def page(raw: dict) -> str:
    """A part of docs/scale.md: what a billion rows a day would take. Every figure is computed."""
    if "rows" not in raw:
        return "## A billion rows a day\n\nNot measured yet: `make bench-scale`."
    found = raw["rows"]["measured"]
    grown, large = growth(found), found[str(SIZES[-1])]
    hours = grown["million"] * ROWS_A_DAY / 1e6 / 3600
    cores = hours / 24 / USED
    gigabytes = large["bytes"] / SIZES[-1] * ROWS_A_DAY / 1e9
    own = 2 * 24 * USED * 3600 / grown["million"] * 1e6
    lines = [
        "## A billion rows a day",
        "",
        "Written by `make bench-scale` from `benchmarks/scale.json`: **(m)** is measured, **(x)**",
        "is worked out from that, by a straight line beyond the largest size that was tried,",
        f"{SIZES[-1]:,} rows. They are flights of 41 columns, nearly all as text, cleaned and",
        "scored by the model of the run `flights`. Another table or model costs something else:",
        "`make bench-scale RUN=mine` measures yours.",
        "",
        "| what | figure | |",
        "|---|---|---|",
        f"| cleaning and scoring a million rows | {grown['million']:.1f} s of CPU | (m) |",
        f"| {SIZES[-1]:,} rows on this machine | {large['wall']:.0f} s, "
        f"{large['memory'] / 1e6:.0f} MB held | (m) |",
        f"| 10⁹ rows | {hours:.1f} hours of one core | (x) |",
        f"| cores for 10⁹ rows a day, busy {USED:.0%} of the time | {cores:.1f} | (x) |",
        f"| rows a day on two cores, busy {USED:.0%} of the time | {own:.2g} | (x) |",
        f"| Parquet to read for 10⁹ rows | {gigabytes:.0f} GB a day, "
        f"{gigabytes * 1e3 / DAY:.2f} MB/s | (x) |",
    ]
    if "distinct" in raw:
        once = raw["distinct"]["measured"]
        much = once["cpu"] * ROWS_A_DAY / once["rows_in"] / 3600
        lines += [
            f"| distinct rows of {once['rows_in']:,}, {once['limit']} of memory "
            f"| {once['wall']:.0f} s, {once['cpu']:.0f} s of CPU | (m) |",
            f"| distinct rows of 10⁹, disk permitting | {much:.1f} hours of one core, "
            f"more where it must spill twice | (x) |",
        ]
    return "\n".join([*lines, "", *_on_what(raw)])


if __name__ == "__main__":
    main()
