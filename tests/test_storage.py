"""Runs and tables in storage: plain folders, and a real S3-compatible server on loopback."""

import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from helpers.base import places, remote_files
from helpers.base.user_errors import InputError
from helpers.collect import collect_rows
from helpers.line import run_folder, stage_work
from helpers.scale import push_and_pull
from helpers.serving import batch_to_storage, model_bundle
from helpers.tables import read_any
from tests.small import deployed_run, prepared, raw_table


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return deployed_run(made)


def contents(folder) -> dict:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_comes_back_as_it_was_and_answers(run, tmp_path, made):
    before = contents(run.path)
    told = push_and_pull.push("small", str(tmp_path / "there"))
    assert told["files"] == told["copied"] == len(before)
    assert push_and_pull.pull(str(tmp_path / "there"), "again")["run"] == "again"
    assert contents(run_folder.Run("again").path) == before
    rows = made.raw.drop(columns="bought")
    answers = [
        model_bundle.predict_rows(model_bundle.load_bundle(n), rows) for n in ("small", "again")
    ]
    pd.testing.assert_frame_equal(*answers)


def test_only_what_has_changed_is_copied_again(run, tmp_path):
    there = tmp_path / "there"
    push_and_pull.push("small", str(there))
    assert push_and_pull.push("small", str(there))["copied"] == 0
    run.write_text("review.csv", "other")
    (there / "metrics.json").unlink()
    assert push_and_pull.push("small", str(there))["copied"] == 2
    assert push_and_pull.pull(str(there))["copied"] == 0


def test_a_push_that_is_stopped_leaves_no_whole_run_and_goes_on(run, tmp_path, monkeypatch):
    there = tmp_path / "there"
    push_and_pull.push("small", str(there))
    run.write_text("metrics.json", "{}")
    run.write_text("index.html", "new")

    def stopped(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        push_and_pull.push("small", str(there), advance=stopped)
    with pytest.raises(InputError, match="no whole run"):
        push_and_pull.pull(str(there), "again")
    assert push_and_pull.push("small", str(there))["copied"] == 2
    push_and_pull.pull(str(there), "again")
    assert contents(run_folder.Run("again").path) == contents(run.path)


def test_an_unfinished_run_is_refused_by_the_name_of_its_stage(run, tmp_path):
    run.withdraw(5)
    with pytest.raises(InputError, match=r"stage 5 \(Model training\) has not run"):
        push_and_pull.push("small", str(tmp_path / "there"))


def test_another_run_is_written_over_by_force_alone(run, tmp_path):
    there = tmp_path / "there"
    push_and_pull.push("small", str(there))
    about = run.about | {"source": "other.csv"}
    run.write_json("about.json", about)
    with pytest.raises(InputError, match="the run 'small' already"):
        push_and_pull.push("small", str(there))
    with pytest.raises(InputError, match="another run 'small'"):
        push_and_pull.pull(str(there))
    push_and_pull.pull(str(there), force=True)
    assert run.about["source"] == "small.csv"
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"something else \(mine.txt"):
        push_and_pull.push("small", str(foreign))


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "a\\out", "C:out"])
def test_a_name_never_leads_out_of_the_folder(run, tmp_path, name):
    there = tmp_path / "there"
    push_and_pull.push("small", str(there))
    manifest = json.loads((there / "manifest.json").read_text())
    manifest["files"][name] = manifest["files"].pop("about.json")
    (there / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "out.txt").write_text("before")
    with pytest.raises(InputError, match="leads out"):
        push_and_pull.pull(str(there), "again")
    assert not run_folder.Run("again").path.exists()


def test_a_file_that_was_altered_is_refused_and_the_run_here_stays(run, tmp_path):
    there, before = tmp_path / "there", contents(run.path)
    push_and_pull.push("small", str(there))
    (there / "about.json").write_text("altered")
    for name in ("again", "small"):
        if name == "small":
            run.write_text("about.json", json.dumps(run.about))  # so that it is fetched
            before = contents(run.path)
        with pytest.raises(InputError, match=r"'about.json' at .* is not what its manifest says"):
            push_and_pull.pull(str(there), name)
    assert not run_folder.Run("again").path.exists() and contents(run.path) == before
    assert not list(places.reports_folder().glob(".*pulled*"))


def test_what_the_service_answered_stays_where_it_runs(run, tmp_path):
    run.write_text("predictions.sqlite", "log")
    push_and_pull.push("small", str(tmp_path / "there"))
    assert not (tmp_path / "there/predictions.sqlite").exists()
    push_and_pull.pull(str(tmp_path / "there"))
    assert run.file("predictions.sqlite").read_text() == "log"


def test_secrets_and_unknown_storage_are_refused():
    with pytest.raises(InputError, match="password in plain text"):
        read_any.read_table("s3://key:secret@bucket/rows.csv")
    with pytest.raises(InputError, match="is no storage"):
        push_and_pull.pull("sqlite:///shop.db")


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InputError, match=r'pip install "\.\[s3\]"'):
        read_any.read_table("s3://bucket/rows.csv")


def test_a_file_address_is_hashed_by_its_mark(tmp_path):
    address = f"file://{tmp_path}/rows.csv"
    assert stage_work.outside({"data": address}) == {address: None}
    raw_table().to_csv(tmp_path / "rows.csv", index=False)
    first = stage_work.outside({"data": address})[address]
    assert first and stage_work.outside({"data": address})[address] == first
    raw_table(seed=1).to_csv(tmp_path / "rows.csv", index=False)
    assert stage_work.outside({"data": address})[address] not in (first, None)
    assert len(collect_rows.collect(address)[0]) == 240


# --- A real server ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A bucket of a server of its own; its address is in the environment, as a user has it."""
    pytest.importorskip("moto", reason="the extra scale-tests is not installed")
    s3fs = pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    from socket import create_server

    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    said = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = dict(os.environ)
    os.environ.update(said)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                s3fs.S3FileSystem(skip_instance_cache=True).mkdir("bucket")
                break
            except Exception:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)
        yield "s3://bucket"
    finally:
        server.terminate()
        server.wait(timeout=30)
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.slow
def test_tables_are_read_from_s3_as_from_a_disk(s3, run, made, tmp_path):
    rows = made.raw.drop(columns="bought")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    folder = tmp_path / "parts"
    for day in (1, 2):
        (folder / f"delivery={day}").mkdir(parents=True)
        rows.to_parquet(folder / f"delivery={day}" / "rows.parquet")
    found, _ = remote_files.filesystem(s3)
    found.put_file(str(tmp_path / "rows.csv"), "bucket/rows.csv")
    found.put(f"{folder}/", "bucket/parts/", recursive=True)
    for name in ("rows.csv", "parts"):
        local = read_any.read_table(str(tmp_path / name))
        pd.testing.assert_frame_equal(read_any.read_table(f"{s3}/{name}"), local)
    mark = stage_work.outside({"data": f"{s3}/parts"})
    assert None not in mark.values() and stage_work.outside({"data": f"{s3}/parts"}) == mark
    with pytest.raises(InputError, match="no such file"):
        read_any.read_table(f"{s3}/absent.csv")
    assert batch_to_storage.predict_to(
        "small", f"{s3}/parts", f"{s3}/out/scored.parquet"
    ) == 2 * len(rows)
    batch_to_storage.predict_to("small", str(folder), str(tmp_path / "scored.parquet"))
    assert found.cat_file("bucket/out/scored.parquet") == (tmp_path / "scored.parquet").read_bytes()
    assert not list((places.reports_folder() / ".scored").iterdir())


@pytest.mark.slow
def test_a_run_goes_to_s3_and_comes_back(s3, run):
    before = contents(run.path)
    assert push_and_pull.push("small", f"{s3}/runs/small")["copied"] == len(before)
    assert push_and_pull.push("small", f"{s3}/runs/small")["copied"] == 0
    run.write_text("review.csv", "other")
    assert push_and_pull.push("small", f"{s3}/runs/small")["copied"] == 1
    push_and_pull.pull(f"{s3}/runs/small", "again")
    assert contents(run_folder.Run("again").path) == contents(run.path)
