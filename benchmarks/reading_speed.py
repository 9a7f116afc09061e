"""How long reading takes beside pandas' own reader: a plain file, and one with broken lines."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

PANDAS = "import sys, time, pandas as pd; t = time.perf_counter(); pd.read_csv(sys.argv[1])"
OURS = (
    "import sys, time, pandas as pd; from helpers.tables.read_any import read_table;"
    "t = time.perf_counter(); read_table(sys.argv[1])"
)
CLOCK = "; print(time.perf_counter() - t)"
ROWS_A_MB = 14_500
PART = 200_000  # rows written at a time


def table(rows: int, start: int = 0) -> pd.DataFrame:
    """Numbers, a date, words, a text with delimiters and quotes in it."""
    random = np.random.default_rng(start)
    days = pd.to_timedelta(random.integers(0, 1_000, rows), unit="D")
    return pd.DataFrame({
        "id": np.arange(start, start + rows), "day": pd.Timestamp("2020-01-01") + days,
        "price": random.normal(100, 20, rows).round(2), "qty": random.integers(0, 50, rows),
        "town": random.choice(["Lima", "Oslo", "San Jose, CA", "Rome"], rows),
        "note": random.choice(['said "yes"', "no", "maybe", ""], rows),
        "x": random.normal(size=rows).round(5), "y": random.normal(size=rows).round(5),
        "z": random.normal(size=rows).round(5),
    })  # fmt: skip


def measure(mb: int, rounds: int) -> dict:
    """Median seconds of both readers, of a plain file and of one with a broken line."""
    rows = mb * ROWS_A_MB
    with tempfile.TemporaryDirectory() as folder:
        plain, broken = Path(folder) / "plain.csv", Path(folder) / "broken.csv"
        for start in range(0, rows, PART):
            part = table(min(PART, rows - start), start)
            part.to_csv(plain, mode="a", header=start == 0, index=False)
        text = plain.read_text(encoding="utf-8")
        middle = text.index("\n", len(text) // 2) + 1
        broken.write_text(text[:middle] + "a,field,more" + ",x" * 8 + "\n" + text[middle:])
        del text
        skipping = PANDAS.replace("argv[1]", "argv[1], on_bad_lines='skip'")
        return {
            "mb": mb, "rows": rows, "rounds": rounds,
            "files": {
                "plain": {"has_goal": True, **_both(PANDAS, plain, rounds)},
                "one broken line (pandas told to skip it)":
                    {"has_goal": False, **_both(skipping, broken, rounds)},
            },
        }  # fmt: skip


def _both(pandas: str, file: Path, rounds: int) -> dict:
    """Median seconds of each reader, in turns."""
    seconds = {"pandas": [], "ours": []}
    for _ in range(rounds):
        seconds["pandas"].append(_seconds(pandas, file))
        seconds["ours"].append(_seconds(OURS, file))
    return {name: median(values) for name, values in seconds.items()}


def _seconds(code: str, file: Path) -> float:
    run = [sys.executable, "-c", code + CLOCK, str(file)]
    return float(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
