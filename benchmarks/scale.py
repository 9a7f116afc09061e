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
# Parts that live in a module of their own: a function `measure()` that returns a dict
ELSEWHERE = {"dask": "benchmarks.scale_dask", "schedulers": "benchmarks.scale_schedulers"}


def write_rows(raw: pd.DataFrame, rows: int, folder: Path, seed: int = 0) -> None:
    """A folder of Parquet with so many noisy rows, made and written a row group at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    schema = pa.Schema.from_pandas(raw, preserve_index=False)
    for number, start in enumerate(range(0, rows, FILE)):
        with parquet.ParquetWriter(folder / f"part-{number:04d}.parquet", schema) as writer:
            for at in range(start, min(start + FILE, rows), GROUP):
                piece = _noisy(raw, min(GROUP, rows - at), random)
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
    from helpers.line import existing_run

    return pd.read_parquet(existing_run(run).file("data/raw.parquet"))
