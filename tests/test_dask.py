"""Dask: a real scheduler and two workers; with and without it, and with a worker killed, the same.

Each worker is a process of its own, without the nanny that would start it again.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.base import places
from helpers.base.user_errors import InputError
from helpers.drift import compare_columns
from helpers.line import run_folder
from helpers.run.run_request import Request
from helpers.run.runner import run_line
from helpers.scale import dask_cluster
from helpers.serving import batch_prediction, parquet_folders
from helpers.tables import read_any
from helpers.train import fold_trials, hyperparameter_search, train_models
from tests.small import at_random, fitted, prepared, raw_table, write_run

pytest.importorskip("distributed", reason="Dask is not installed: make setup-scale")
pytestmark = pytest.mark.slow
SECONDS = 60


def dask(*arguments, **options):
    command = [sys.executable, "-m", "dask", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler on loopback."""
    file = tmp_path_factory.mktemp("dask") / "scheduler.json"
    process = dask("scheduler", "--host", "127.0.0.1", "--port", 0, "--dashboard-address",
                   "127.0.0.1:0", "--scheduler-file", file)  # fmt: skip
    until = time.monotonic() + SECONDS
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.1)
    yield json.loads(file.read_text())["address"]
    process.kill()
    process.wait()


@pytest.fixture
def workers(scheduler, reports, monkeypatch):
    """Two workers of one thread; the run "small" in a folder that they see."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(reports))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    given = ["worker", scheduler, "--nthreads", 1, "--no-nanny", "--no-dashboard",
             "--host", "127.0.0.1"]  # fmt: skip
    found = [dask(*given, env=environment, cwd=reports) for _ in range(2)]
    from distributed import Client

    with Client(scheduler) as client:
        client.wait_for_workers(2, timeout=SECONDS)
    yield found
    for worker in found:
        worker.kill()
        worker.wait()


@pytest.fixture(scope="module")
def made():
    return prepared(raw=raw_table(600))


@pytest.fixture(scope="module")
def rows(made):
    return at_random(made).of("train")


@pytest.fixture(scope="module")
def folds(made, rows):
    return fold_trials.make_folds(rows, made.plan)


@pytest.fixture(scope="module")
def alone(rows, folds):
    return searched(rows, folds, hyperparameter_search.Budget())


@pytest.fixture
def folder(made, tmp_path, reports, monkeypatch):
    """A folder of Parquet with several parts, and the run "small"."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(reports))
    if not (reports / "small").exists():
        write_run(made)
        (reports / "small" / "data").mkdir()
        run_folder.Run("small").write_json("about.json", {})
        run_folder.Run("small").write_json("split.json", {"strategy": "random"})
        made.rows.X.to_parquet(reports / "small" / "data" / "clean.parquet")
    wide = pd.concat([made.raw.drop(columns="bought")] * 85, ignore_index=True)
    wide["weight"] += np.linspace(0, 20, len(wide))
    for number in range(4):
        place = tmp_path / "rows" / f"part={number}"
        place.mkdir(parents=True)
        wide.to_parquet(place / "rows.parquet", index=False)
    return tmp_path / "rows"


def searched(rows, folds, budget):
    ladder = train_models.cross_validate_candidates(rows.task, folds, len(rows.y))
    return ladder + hyperparameter_search.search(rows.task, ladder, folds, 6, budget=budget)


def same(trials, others) -> bool:
    return len(trials) == len(others) and all(
        one.family == other.family
        and one.parameters == other.parameters
        and one.scores == other.scores
        and np.array_equal(one.predicted, other.predicted)
        for one, other in zip(trials, others, strict=True)
    )


class Killing(hyperparameter_search.Budget):
    """A budget that kills a worker in the middle of the search."""

    def __init__(self, worker):
        super().__init__()
        self.worker, self.asked = worker, 0

    def allows(self, seconds=0.0):
        self.asked += 1
        if self.asked == 3:
            self.worker.send_signal(signal.SIGKILL)
        return super().allows(seconds)


def test_a_worker_that_dies_in_a_search_costs_no_result(rows, folds, alone, scheduler, workers):
    said = []
    with dask_cluster.use_cluster(scheduler, say=said.append):
        assert same(searched(rows, folds, Killing(workers[0])), alone)
    assert "2 workers with 2 threads" in said[0] and "dashboard: http://127.0.0.1" in said[0]
    assert not dask_cluster.current()
    assert not list((places.reports_folder() / ".dask").iterdir())
    assert workers[0].wait(SECONDS) == -signal.SIGKILL


def test_a_search_that_runs_out_of_time_is_cut(rows, folds, scheduler, workers):
    budget = hyperparameter_search.Budget(1e-9)
    with dask_cluster.use_cluster(scheduler, say=lambda _: None):
        ladder = train_models.cross_validate_candidates(rows.task, folds, len(rows.y), "linear")
        assert hyperparameter_search.search(rows.task, ladder, folds, 6, budget=budget) == []
    assert budget.cut and len(ladder) == 2


def test_a_worker_that_dies_while_rows_are_scored_costs_no_row(
    folder, tmp_path, scheduler, workers
):
    plain = tmp_path / "plain.parquet"
    count = batch_prediction.predict_file("small", str(folder), plain)
    steps = []

    def advance(done, total):
        if not steps:
            workers[0].send_signal(signal.SIGKILL)
        steps.append((done, total))

    with dask_cluster.use_cluster(scheduler, say=lambda _: None):
        out = tmp_path / "dask.parquet"
        assert batch_prediction.predict_file("small", str(folder), out, advance) == count == 204_000
    assert steps[-1] == (count, count) and len(steps) == 4
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(plain), check_exact=True)
    assert "part" in pd.read_parquet(out)  # what the folders' names say
    assert not list(tmp_path.glob(".*"))


def test_cleaning_and_drift_by_parts_are_those_of_the_whole(
    made, folder, tmp_path, scheduler, workers
):
    whole = fitted(made)["clean"].transform(read_any.read_table(str(folder)))
    expected = compare_columns.compare(made.rows.X[["weight", "city"]], whole[["weight", "city"]])
    for place, address in (("here", ""), ("there", scheduler)):
        with dask_cluster.use_cluster(address, say=lambda _: None):
            assert parquet_folders.clean_folder("small", str(folder), tmp_path / place) == len(
                whole
            )
            found = parquet_folders.drift_of_folder("small", str(folder))
        cleaned = pd.read_parquet(tmp_path / place)
        pd.testing.assert_frame_equal(cleaned, whole, check_exact=True)
        measures = ["psi", "p_value", "distance"]  # what is corrected is so for all columns
        left = found.loc[["weight", "city"], measures]
        pd.testing.assert_frame_equal(left, expected.loc[["weight", "city"], measures])
    assert found.loc["weight", "drifts"]


def test_the_line_gives_the_same_on_a_cluster_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    raw_table(200).drop(columns="price").to_csv(tmp_path / "orders.csv", index=False)
    asked = ["run", "--name", "orders", "--set", "trials=2"]

    def metrics(*more):
        done = CliRunner().invoke(cli, [*asked, *more])
        assert done.exit_code == 0, done.output
        assert ("dashboard: http" in done.output) == ("--dask" in more)
        return run_folder.Run("orders").read_json("metrics.json")

    source = ["--data", str(tmp_path / "orders.csv"), "--target", "bought", "--stages", "1-6"]
    alone = metrics(*source)
    assert metrics("--stages", "5-6", "--force", "--dask", "local") == alone
    kept = []
    run_line(Request(name="orders", settings=("trials=2",), stages="5-6"), say=kept.append)
    assert all(" kept " in said for said in kept)  # with Dask or without is no difference


def test_who_cannot_work_is_named(tmp_path, monkeypatch, scheduler):
    monkeypatch.setattr(dask_cluster, "SECONDS", 1)
    refused(match="No Dask scheduler answers at 'tcp://127.0.0.1:1'", address="tcp://127.0.0.1:1")
    refused(match="has no workers: start some with `dask worker", address=scheduler)


def refused(match, address):
    with pytest.raises(InputError, match=match), dask_cluster.use_cluster(address):
        raise AssertionError("It was opened.")


def test_workers_that_keep_runs_elsewhere_are_refused(scheduler, workers, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "other"))
    refused(match="must be shared, under the same path", address=scheduler)


def test_what_no_part_can_be_read_of_is_refused(folder, scheduler, workers, tmp_path):
    (tmp_path / "rows.csv").write_text("weight\n1\n")
    with (
        dask_cluster.use_cluster(scheduler, say=lambda _: None),
        pytest.raises(InputError, match="With --dask, rows are a folder of Parquet files"),
    ):
        batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), tmp_path / "out.parquet")
    with pytest.raises(InputError, match="is another kind of file"):
        parquet_folders.clean_folder("small", str(tmp_path / "rows.csv"), tmp_path / "out")
    with pytest.raises(InputError, match="exists already"):
        parquet_folders.clean_folder("small", str(folder), folder)
