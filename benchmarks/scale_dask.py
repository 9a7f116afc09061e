"""Dask on one machine: what it costs a search, and what a killed worker costs search and scoring.

python -m benchmarks.scale_dask                       both, about 40 minutes
python -m benchmarks.scale_dask search_overhead --seconds 60 --rounds 1
python -m benchmarks.scale_dask killed_worker

Both need a run of the flights (`make run`) and Dask (`make setup-scale`). The functions return
their figures, for docs/scale.md.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import pandas as pd
from pyarrow import parquet
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler

from helpers.base.places import reports_folder
from helpers.examples.known import DEFAULT as FLIGHTS
from helpers.learning.labelled_data import TRAIN, labelled_rows
from helpers.line.run_folder import Run, existing_run
from helpers.line.stage_work import Work
from helpers.models.model_ladder import candidates, on_one_thread, plain, space_of
from helpers.scale import dask_cluster
from helpers.serving import batch_prediction
from helpers.train import fold_trials

from .measure import alternating, median, spread

FAMILY = "gradient boosting"
WORKERS = 2
SEED = 42
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def search_overhead(seconds: float = 300, rounds: int = 3) -> dict:
    """A search of so many seconds by two plain processes, and the same tasks by Dask local.

    Both sides start their processes within the time that counts.
    """
    with _tasks() as tasks:
        first = tasks(1)
        began = time.perf_counter()
        for call in first:
            fold_trials.fit_one(*call)
        each = (time.perf_counter() - began) / len(first)
        calls = tasks(max(1, round(seconds * WORKERS / (each * len(first)))))
        answers = {}

        def timed(name: str, search) -> float:
            began = time.perf_counter()
            answers[name] = search(calls)
            return time.perf_counter() - began

        sides = {
            "plain": lambda: timed("plain", _by_processes),
            "dask": lambda: timed("dask", _by_dask),
        }
        found = alternating(sides, rounds)
    medians = {name: median(values) for name, values in found.items()}
    return {
        "tasks": len(calls),
        "plain_seconds": round(medians["plain"], 1),
        "dask_seconds": round(medians["dask"], 1),
        "spread": {name: spread(values) for name, values in found.items()},
        "overhead": round(medians["dask"] / medians["plain"] - 1, 4),
        "identical": _same(answers["plain"], answers["dask"]),
    }


def killed_worker(trials: int = 2, copies: int = 20) -> dict:
    """A search and a scoring job by Dask local, one of whose two workers is killed (-9) midway."""
    with _tasks() as tasks:
        calls = tasks(trials)
        whole, expected = _timed(lambda: _by_dask(calls))
        hurt, found = _timed(lambda: _by_dask(calls, kill_after=len(calls) // 3))
        search = {"identical": _same(expected, found), "seconds": hurt, "undisturbed": whole}
    with tempfile.TemporaryDirectory(dir=reports_folder()) as folder:
        folder = Path(folder)
        rows = folder / "rows"
        rows.mkdir()
        later = pd.read_parquet(existing_run(FLIGHTS).file("data/later.parquet"))
        for number in range(copies):
            later.to_parquet(rows / f"{number:04d}.parquet", index=False)
        outs = [folder / f"{name}.parquet" for name in ("plain", "whole", "hurt")]
        batch_prediction.predict_file(FLIGHTS, str(rows), outs[0])
        whole, count = _timed(lambda: _scored_by_dask(rows, outs[1]))
        hurt, _ = _timed(lambda: _scored_by_dask(rows, outs[2], kill_after=copies // 3))
        answers = [_answers_of(out) for out in outs]
        identical = all(one.equals(answers[0]) for one in answers[1:])
    scoring = {"rows": count, "identical": identical, "seconds": hurt, "undisturbed": whole}
    return {"search": search, "scoring": scoring}


def _answers_of(out: Path) -> pd.DataFrame:
    names = parquet.read_schema(out).names
    wanted = [n for n in names if n == "prediction" or n.startswith("probability_")]
    return pd.read_parquet(out, columns=wanted)


def _timed(work) -> tuple[float, object]:
    began = time.perf_counter()
    found = work()
    return round(time.perf_counter() - began, 1), found


@contextmanager
def _tasks() -> Iterator:
    """What makes the calls of a search of so many trials over the folds of the flights."""
    work = Work(5, Run(FLIGHTS), {})
    learn = labelled_rows(work).of(TRAIN)
    folds = fold_trials.make_folds(learn, work.read_yaml("features.yaml"), SEED)
    model = on_one_thread(candidates(learn.task, len(learn.y), SEED, False)[FAMILY])
    space = space_of(learn.task, FAMILY)
    with tempfile.TemporaryDirectory(dir=reports_folder()) as folder:
        paths = [
            fold_trials.write_fold(f, Path(folder) / f"{n}.parquet") for n, f in enumerate(folds)
        ]

        def calls(trials: int) -> list[tuple]:
            drawn = ParameterSampler(space, trials, random_state=SEED)
            models = [clone(model).set_params(**plain(settings)) for settings in drawn]
            return [(learn.task, one, str(path)) for one in models for path in paths]

        yield calls


def _by_processes(calls: list[tuple]) -> list[fold_trials.FoldResult]:
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)  # as Dask does for its workers
    try:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(WORKERS, mp_context=spawn) as pool:
            return list(pool.map(fold_trials.fit_one, *zip(*calls, strict=True)))
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _by_dask(calls: list[tuple], kill_after: int | None = None) -> list[fold_trials.FoldResult]:
    with dask_cluster.use_cluster(dask_cluster.LOCAL, lambda _: None):
        found = []
        for result in dask_cluster.map_tasks(fold_trials.fit_one, calls):
            found.append(result)
            if len(found) == kill_after:
                _kill_one()
        return found


def _scored_by_dask(rows: Path, out: Path, kill_after: int | None = None) -> int:
    seen = []

    def advance(done: int, _: int) -> None:
        seen.append(done)
        if len(seen) == kill_after:
            _kill_one()

    with dask_cluster.use_cluster(dask_cluster.LOCAL, lambda _: None):
        return batch_prediction.predict_file(FLIGHTS, str(rows), out, advance)


def _kill_one() -> None:
    from distributed import Client

    with Client(os.environ[dask_cluster.ADDRESS], set_as_default=False) as client:
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)


def _same(one: list[fold_trials.FoldResult], other: list[fold_trials.FoldResult]) -> bool:
    return len(one) == len(other) and all(
        len(a.curve) == len(b.curve)
        and all(
            p == q and np.array_equal(x, y) for (p, x), (q, y) in zip(a.curve, b.curve, strict=True)
        )
        for a, b in zip(one, other, strict=True)
    )


@click.command()
@click.argument("figures", nargs=-1, type=click.Choice(["search_overhead", "killed_worker"]))
@click.option("--seconds", default=300.0, show_default=True, help="Of a search by plain processes.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--trials", default=2, show_default=True, help="Of the search that is disturbed.")
@click.option("--copies", default=20, show_default=True, help="Of the later flights, to score.")
def main(figures, seconds, rounds, trials, copies):
    """Measure and print, as JSON."""
    for name in figures or ("search_overhead", "killed_worker"):
        if name == "search_overhead":
            found = search_overhead(seconds, rounds)
        else:
            found = killed_worker(trials, copies)
        click.echo(json.dumps({name: found}, indent=2))


if __name__ == "__main__":
    main()
