"""How long reading takes beside pandas' own reader: kinds of tables, sizes, broken lines.

Seconds of the clock and of the processor, and the most memory; each reading in a process of its
own, in turns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

PANDAS = "import pandas as pd; read = lambda: pd.read_csv(sys.argv[1])"
SKIPPING = PANDAS.replace("argv[1]", "argv[1], on_bad_lines='skip'")
OURS = "from helpers.tables.read_any import read_table; read = lambda: read_table(sys.argv[1])"
RUN = """
import json, re, sys, time
{imports}
clock, processor = time.perf_counter(), time.process_time()
frame = read()
seconds = {{"wall": time.perf_counter() - clock, "cpu": time.process_time() - processor}}
status = open("/proc/self/status").read()  # Linux; of a child, resource counts its parent, too
peak = int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]) / 1024
print(json.dumps(seconds | {{"peak": peak}}))
"""
ROWS = 200_000  # of the part that a file repeats
EVERY = 1_000  # lines of which one is broken, where a thousandth is
BROKEN = ("none", "one", "0.1 %")


def mixed(random: np.random.Generator) -> dict:
    """Numbers, a date, words, a text with delimiters and quotes in it."""
    days = pd.to_timedelta(random.integers(0, 1_000, ROWS), unit="D")
    return {
        "id": np.arange(ROWS), "day": pd.Timestamp("2020-01-01") + days,
        "price": random.normal(100, 20, ROWS).round(2), "qty": random.integers(0, 50, ROWS),
        "town": random.choice(["Lima", "Oslo", "San Jose, CA", "Rome"], ROWS),
        "note": random.choice(['said "yes"', "no", "maybe", ""], ROWS),
        "x": random.normal(size=ROWS).round(5), "y": random.normal(size=ROWS).round(5),
        "z": random.normal(size=ROWS).round(5),
    }  # fmt: skip


def numbers(random: np.random.Generator) -> dict:
    """Floats of all digits, of one decimal, whole numbers, gaps."""
    found = {f"f{n}": random.normal(size=ROWS) for n in range(4)}
    found |= {f"d{n}": random.normal(50, 9, ROWS).round(1) for n in range(4)}
    gaps = random.normal(size=ROWS).round(3)
    gaps[random.random(ROWS) < 0.2] = np.nan
    return found | {f"i{n}": random.integers(0, 10**6, ROWS) for n in range(3)} | {"gaps": gaps}


def texts(random: np.random.Generator) -> dict:
    """Words, codes, sentences in quotes, some with letters outside ASCII."""
    words = np.array(
        ["red", "blue", "Oslo", "Málaga", "large", "late", "early", "maybe", "no", "so"]
    )
    lines = [", ".join(words[random.integers(0, 10, 8)]) for _ in range(5_000)]
    found = {f"w{n}": words[random.integers(0, 10, ROWS)] for n in range(4)}
    found["code"] = np.char.add("A-", random.integers(0, 99_999, ROWS).astype(str))
    return found | {"said": np.array(lines)[random.integers(0, 5_000, ROWS)]}


def dates(random: np.random.Generator) -> dict:
    """Days, moments, and days of another order."""
    days = pd.to_timedelta(random.integers(0, 10**8, (6, ROWS)).ravel(), unit="s")
    moments = pd.Series(pd.Timestamp("2020-01-01") + days).to_numpy().reshape(6, ROWS)
    forms = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y"] * 2
    return {f"t{n}": pd.Series(column).dt.strftime(form)
            for n, (column, form) in enumerate(zip(moments, forms, strict=True))}  # fmt: skip


KINDS: dict[str, Callable] = {
    "mixed": mixed, "numbers": numbers, "texts": texts, "dates": dates, "all in quotes": mixed,
}  # fmt: skip


def cases(mb: int) -> Iterator[tuple[int, str, str]]:
    """Megabytes, kind and broken lines of each file that is measured."""
    for size in sorted({30, min(300, mb), mb}):
        yield from ((size, "mixed", broken) for broken in BROKEN)
    yield from ((min(100, mb), kind, "none") for kind in KINDS if kind != "mixed")


def measure(mb: int, rounds: int) -> dict:
    """Medians of both readers, of each file."""
    return {"rounds": rounds, "load": round(os.getloadavg()[0], 1), "files": [
        {"mb": size, "kind": kind, "broken": broken, **_measured(size, kind, broken, rounds)}
        for size, kind, broken in cases(mb)]}  # fmt: skip


def _measured(mb: int, kind: str, broken: str, rounds: int) -> dict:
    """Medians of each reader of a file, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        write(file, mb, kind, broken)
        sides = {"pandas": PANDAS if broken == "none" else SKIPPING, "ours": OURS}
        found = {name: [] for name in sides}
        for _ in range(rounds):
            for name, imports in sides.items():
                found[name].append(_reading(imports, file))
    return {name: {what: median(one[what] for one in runs) for what in runs[0]}
            for name, runs in found.items()}  # fmt: skip


def _reading(imports: str, file: Path) -> dict:
    """The clock, the processor and the memory of one reading."""
    run = [sys.executable, "-c", RUN.format(imports=imports), str(file)]
    return json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)


def write(file: Path, mb: int, kind: str, broken: str) -> None:
    """A file of so many megabytes: a part of some, repeated."""
    part = pd.DataFrame(KINDS[kind](np.random.default_rng(1)))
    quoting = 1 if kind == "all in quotes" else 0
    header, rows = part.to_csv(index=False, quoting=quoting).encode().split(b"\n", 1)
    bad = b"a,field,more" + b",x" * part.shape[1] + b"\n"
    lines = rows.splitlines(keepends=True)
    if broken == "0.1 %":
        for place in range(EVERY, len(lines), EVERY):
            lines[place] += bad
    rows = b"".join(lines)
    times = max(1, round(mb * 10**6 / len(rows)))
    with file.open("wb") as out:
        out.write(header + b"\n")
        for time in range(times):
            out.write(rows + (bad if broken == "one" and time == times // 2 else b""))
