"""The registry on real stores: what is logged, who serves, the way back, services that follow."""

import contextlib
import itertools
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import requests

from helpers.__main__ import main
from helpers.base.files import sha256
from helpers.base.user_errors import InputError
from helpers.base.verdicts import GOOD
from helpers.deploy import service_proof
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from helpers.registry import champions, local_copies, mlflow_log, mlflow_store, model_versions
from helpers.run import runner
from helpers.serving import batch_prediction, local_service, model_bundle
from helpers.serving.follow_registry import Follower, load_registered_version, service_of
from helpers.serving.prediction_log import LOG_FILE
from helpers.serving.prediction_service import Service
from helpers.serving.start_service import Options
from tests.small import prepared, raw_table, write_run

UNUSED = "http://127.0.0.1:9"  # the discard port: nobody listens


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def new_store(tmp_path_factory):
    """A store that has just been made: that takes a second or more, copying it does not."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(folder))
        with mlflow_store.store():
            pass
    return folder / mlflow_store.STORE


@pytest.fixture
def reports(new_store, tmp_path, monkeypatch):
    """A folder of runs with an empty store."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "reports"
    folder.mkdir()
    shutil.copy(new_store, folder / mlflow_store.STORE)
    monkeypatch.setenv("PIPELINE_REPORTS", str(folder))
    return folder


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    """The folder of a run with stages 6 and 7."""
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(folder))
        return judged(write_run(made)).path


def judged(run: Run) -> Run:
    """A run whose stage 6 has finished, too."""
    work = Work(6, run, {"run": run.name, "min_gain": 0.05})
    work.write_json("metrics.json", {
        "target": "bought", "task": "binary", "model": "linear", "rows": {"train": 240, "test": 48},
        "test": {"roc_auc": 0.8, "log_loss": None}, "train": {"roc_auc": 0.9},
        "baseline": {"roc_auc": 0.5}, "interval": {"roc_auc": [0.7, 0.9]}, "verdict": GOOD,
    })  # fmt: skip
    work.find("leak", "alarm", ["weight"], "It tells.")
    work.finish(240, 240, "judged", verdict=GOOD)
    run.write_text("06_evaluation.html", "<p>page</p>")
    return run


@pytest.fixture
def make(written, reports):
    """Makes a run; each time its model has other bytes, as a model that was trained again."""
    made = itertools.count()

    def make_run(name="small", verdict=GOOD) -> Run:
        run = Run(name)
        shutil.copytree(written, run.path, dirs_exist_ok=True)
        model = run.file("model/model.skops")
        model.write_bytes(model.read_bytes() + bytes(next(made)))  # a zip may end in zeros
        card = run.read_json("model/card.json") | {"model_sha256": sha256(model)}
        card["held_out"]["verdict"] = verdict
        run.write_json("model/card.json", card)
        return run

    return make_run


def run_command(*arguments, monkeypatch):
    """The exit code of a command in this process."""
    monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
    try:
        main()
    except SystemExit as done:
        return done.code
    return 0


# --- What is logged -----------------------------------------------------------------------------


def test_a_run_is_logged_whole_and_its_first_model_is_champion(make, reports):
    run = make()
    said = champions.track(run)
    with mlflow_store.store() as client:
        (logged,) = client.search_runs([client.get_experiment_by_name("small").experiment_id])
        files = {f.path for f in client.list_artifacts(logged.info.run_id)}
        pages = {f.path for f in client.list_artifacts(logged.info.run_id, "pages")}
        model = client.get_logged_model(logged.outputs.model_outputs[0].model_id)
    assert said == (
        f"Logged to MLflow: experiment small, run {logged.info.run_id[:8]}, model small version 1 "
        f"(champion)"
    )
    assert (
        logged.info.status == "FINISHED" and logged.data.tags["verdict.evaluate"] == "good enough"
    )
    assert logged.data.params["evaluate.min_gain"] == "0.05"
    assert "versions.scikit-learn" in logged.data.params
    numbers = logged.data.metrics
    assert numbers["test.roc_auc"] == 0.8 and numbers["test.roc_auc.low"] == 0.7
    assert numbers["findings.alarm"] == 1 and "test.log_loss" not in numbers
    assert {"ledger.json", "findings.json", "metrics.json"} <= files
    assert pages == {"pages/06_evaluation.html"}
    assert {m.key: m.value for m in model.metrics}["test.roc_auc"] == 0.8
    (version,) = model_versions.versions("small")
    assert (
        version == model_versions.champion("small") and model_versions.challenger("small") is None
    )
    assert version.model_sha256 == run.read_json("model/card.json")["model_sha256"]
    assert (version.run, version.number, version.verdict) == ("small", 1, "good enough")


def test_a_source_is_logged_as_it_may_be_shown(reports):
    source = "postgresql://me:${DB_PASSWORD}@db.example/shop"
    Work(1, Run("mine"), {"run": "mine", "data": source, "sample": "auto"}).finish(1, 1, "done")
    found = mlflow_log.parameters_of(Run("mine"))
    assert found["collect.data"] == "postgresql://me:***@db.example/shop"
    assert found["collect.sample"] == "auto" and "collect.run" not in found


def test_the_same_model_is_registered_once_and_a_new_one_challenges(make, reports):
    run = make()
    champions.track(run)
    champions.track(run)  # stage 8 alone was run again, say
    assert [v.number for v in model_versions.versions("small")] == [1]
    with mlflow_store.store() as client:
        ids = [client.get_experiment_by_name("small").experiment_id]
        assert len(client.search_runs(ids)) == 2 and len(client.search_logged_models(ids)) == 1
    assert champions.track(make()).endswith("version 2 (challenger)")
    assert model_versions.champion("small").number == 1
    champions.track(make())
    assert model_versions.challenger("small").number == 3


@pytest.mark.parametrize("is_registered", [True, False])
def test_a_challenger_is_registered_after_the_champion_under_its_name(make, reports, is_registered):
    champion = make()
    if is_registered:
        champions.track(champion)
    run = make("small_october")
    run.write_json("challenges.json", {"model": "small", "run": "small"})
    assert model_versions.model_name(run) == "small"
    version = champions.register(run)
    assert (version.name, version.number, version.run) == ("small", 2, "small_october")
    assert version.aliases == ("challenger",)
    assert model_versions.champion("small").run == "small"


def test_a_challenger_whose_champion_is_gone_is_no_champion_by_itself(make, reports):
    run = make("small_october")
    run.write_json("challenges.json", {"model": "small", "run": "gone"})
    assert champions.track(run).endswith("small version 1 (challenger)")
    assert champions.track(run).endswith("small version 1 (challenger)")
    assert model_versions.champion("small") is None


def test_a_registration_that_was_killed_is_completed_by_the_next(make, reports):
    run = make()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        killed_after(0, patch)
        champions.track(run)
    assert model_versions.champion("small") is None and len(model_versions.versions("small")) == 1
    assert champions.track(run).endswith("small version 1 (champion)")


def test_a_model_that_is_not_good_enough_needs_force(make, reports):
    run = make(verdict="not good enough")
    assert "not registered" in champions.track(run)
    assert model_versions.versions("small") == []
    with pytest.raises(InputError, match="verdict on run 'small' is: not good enough.*--force"):
        champions.register(run)
    assert champions.register(run, force=True).aliases == ("champion",)


def test_a_run_without_a_model_is_logged(reports):
    Work(1, Run("bare"), {"run": "bare"}).finish(3, 3, "three rows")
    assert champions.track(Run("bare")).startswith("Logged to MLflow: experiment bare, run ")
    assert model_versions.versions("bare") == []


def test_tracking_that_fails_never_fails_a_run(make, reports, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", UNUSED)
    said, warned = [], []
    runner._track(make(), time.time(), said.append, warned.append)
    assert not said and len(warned) == 1 and "\n" not in warned[0]
    assert warned[0].startswith(f"Not logged to MLflow: The MLflow store {UNUSED} can't be used")


# --- Who serves, and the way back ---------------------------------------------------------------


def numbers_of(name="small"):
    champion, challenger = model_versions.champion(name), model_versions.challenger(name)
    return champion.number, challenger and challenger.number


@pytest.mark.slow
def test_promotions_are_a_stack_that_rollback_takes_down(make, reports):
    for _ in range(3):
        champions.register(make())
    assert numbers_of() == (1, 3)
    champions.set_champion("small", 2)
    assert numbers_of() == (2, 3)
    assert champions.set_champion("small", model_versions.challenger("small")).aliases == (
        "champion",
    )
    assert numbers_of() == (3, None)
    champions.set_champion("small", 3)  # it is already: no second entry
    champions.set_champion("small", 1)  # an old one again
    back = [champions.rollback("small").number for _ in range(3)]
    assert back == [3, 2, 1] and numbers_of() == (1, None)
    with pytest.raises(InputError, match="no champion before version 1.*goes on serving"):
        champions.rollback("small")
    assert numbers_of() == (1, None)


def test_rollback_finds_its_way_when_an_alias_was_moved_by_hand(make, reports):
    for _ in range(2):
        champions.register(make())
    with mlflow_store.store(writing=True) as client:
        client.set_registered_model_alias("small", "champion", "2")
    assert champions.rollback("small").number == 1


CHANGES = ("set_registered_model_alias", "delete_registered_model_alias", "set_model_version_tag",
           "delete_model_version_tag")  # fmt: skip


def killed_after(calls: int, patch) -> None:
    """Let a command be killed after so many changes of the store."""
    from mlflow import MlflowClient

    left = itertools.count(calls, -1)

    def may_be_killed(change):
        def changed(*arguments, **options):
            if next(left) <= 0:
                raise KeyboardInterrupt
            return change(*arguments, **options)

        return changed

    for name in CHANGES:
        patch.setattr(MlflowClient, name, may_be_killed(getattr(MlflowClient, name)))


@pytest.mark.slow
def test_a_promotion_or_rollback_that_was_killed_can_be_rolled_back(make, reports):
    champions.register(make())
    champions.register(make())
    for change, calls in itertools.product(("promote", "rollback"), range(4)):
        champions.set_champion("small", 2 if change == "rollback" else 1)
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            killed_after(calls, patch)
            if change == "promote":
                champions.set_champion("small", 2)
            else:
                champions.rollback("small")
        if model_versions.champion("small").number == 2:
            champions.rollback("small")
        assert model_versions.champion("small").number == 1, (change, calls)
        with pytest.raises(InputError, match="nothing to go back to"):
            champions.rollback("small")


def test_commands_promote_and_roll_back(make, reports, monkeypatch, capsys):
    make(), make("bad", "not good enough")
    assert run_command("promote", "small", monkeypatch=monkeypatch) == 0
    assert "small version 1 (champion), of run small" in capsys.readouterr().out
    assert run_command("rollback", "small", monkeypatch=monkeypatch) == 2
    assert model_versions.champion("small").number == 1
    make()
    assert run_command("promote", "small", monkeypatch=monkeypatch) == 0
    assert run_command("rollback", "small", monkeypatch=monkeypatch) == 0
    assert "Back to: small version 1" in capsys.readouterr().out
    assert run_command("promote", "models:/small/2", monkeypatch=monkeypatch) == 0
    assert model_versions.champion("small").number == 2
    assert run_command("promote", "bad", monkeypatch=monkeypatch) == 2
    assert run_command("promote", "bad", "--force", monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    for wrong in (["promote", "nobody"], ["rollback", "smal"], ["promote", "models:/small/9"],
                  ["promote", "models:/small"], ["promote", "models:/small@nobody"]):  # fmt: skip
        assert run_command(*wrong, monkeypatch=monkeypatch) == 2
        said = capsys.readouterr().err
        assert said.startswith("Error: ") and said.count("\n") == 1
    assert "no nobody. There are: small version 1, small version 2 (champion)" in said


def test_without_a_store_nothing_is_made_to_look_into(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    assert model_versions.champion("mine") is None and model_versions.versions("mine") == []
    for ask in (
        lambda: model_versions.resolve("models:/mine@champion"),
        lambda: champions.rollback("mine"),
    ):
        with pytest.raises(InputError, match="no (registered )?model 'mine'"):
            ask()
    assert list(tmp_path.iterdir()) == []


# --- Stores that fail, and folders that move ----------------------------------------------------


def test_a_store_that_is_not_there_is_said_at_once_without_its_password(make, reports, monkeypatch):
    (reports / "garbage.db").write_text("no database" * 100)
    for where, shown in (
        ("http://me:secret7@127.0.0.1:9", "http://me:***@127.0.0.1:9"),
        (
            "postgresql+psycopg://me:secret7@127.0.0.1:9/base",
            "postgresql+psycopg://me:***@127.0.0.1:9/base",
        ),
        (f"sqlite:///{reports / 'garbage.db'}", "garbage.db"),
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", where)
        began = time.monotonic()
        with pytest.raises(mlflow_store.StoreError) as raised:
            model_versions.champion("small")
        assert time.monotonic() - began < 10
        assert shown in str(raised.value) and "secret7" not in str(raised.value)
    said = mlflow_store._unusable(
        "http://me:secret7@host", OSError("http://me:secret7@host is away")
    )
    assert "secret7" not in str(said) and "is away" in str(said)


def test_a_moved_folder_keeps_its_models(make, reports, monkeypatch):
    champions.register(make())
    moved = reports.parent / "else where"
    reports.rename(moved)
    monkeypatch.setenv("PIPELINE_REPORTS", str(moved))
    assert (local_copies.bundle_folder("models:/small@champion") / "card.json").exists()
    with mlflow_store.store() as client:
        number = client.get_experiment_by_name("small").experiment_id
        (logged,) = client.search_runs([number])
        assert client.list_artifacts(logged.info.run_id)
    old = reports.as_uri()
    with sqlite3.connect(moved / mlflow_store.STORE) as base:
        assert not [line for line in base.iterdump() if old in line]
    champions.register(make())  # and it goes on there
    assert model_versions.challenger("small").number == 2


def test_the_environment_is_left_as_it_was(make, reports):
    champions.track(make())
    assert "MLFLOW_TRACKING_URI" not in os.environ


# --- The bundle of a version --------------------------------------------------------------------


def test_a_version_predicts_what_its_run_predicts(made, make, reports, tmp_path):
    champions.register(make())
    made.raw.to_csv(tmp_path / "rows.csv", index=False)
    for run, out in (("small", "a.csv"), ("models:/small/1", "b.csv")):
        assert batch_prediction.predict_file(run, str(tmp_path / "rows.csv"), tmp_path / out) == 240
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_a_model_file_that_is_not_the_registered_one_is_refused(make, reports):
    version = champions.register(make())
    folder = local_copies.bundle_folder(version)
    (folder / "model.skops").write_bytes(b"other")
    with pytest.raises(InputError, match="its hash differs"):
        local_copies.bundle_folder("models:/small@champion")
    assert local_copies.bundle_folder(version) == folder, "the copy was bad, the store's is sound"
    shutil.rmtree(folder)
    (stored,) = (reports / mlflow_store.ARTIFACTS).rglob("model.skops")
    stored.write_bytes(b"other")
    with pytest.raises(InputError, match="its hash differs"):
        model_bundle.load_bundle("models:/small@champion")


def test_a_registered_file_with_a_type_that_is_not_ours_is_not_loaded(make, reports):
    from sklearn.preprocessing import FunctionTransformer
    from skops import io

    run = make()
    io.dump(FunctionTransformer(pd.util.hash_array), run.file("model/model.skops"))
    card = run.read_json("model/card.json")
    card["model_sha256"] = sha256(run.file("model/model.skops"))
    run.write_json("model/card.json", card)
    champions.register(run)
    with pytest.raises(InputError, match="not trusted.*hash_array"):
        model_bundle.load_bundle("models:/small@champion")


def typed_table() -> pd.DataFrame:
    """The small table with the types that a database gives: whole numbers, dates, booleans."""
    raw = raw_table()
    return raw.assign(
        height=raw["height"].round(),
        weight=raw["weight"].round().astype(int),
        day=pd.to_datetime(raw["day"]),
        paid=raw.index % 3 == 0,
    )


def test_the_signature_takes_raw_rows_as_json_has_them(reports):
    from mlflow import pyfunc
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    typed = prepared(raw=typed_table())
    champions.register(judged(write_run(typed)))
    bundle = model_bundle.load_bundle("models:/small@champion")
    with mlflow_store.store():
        loaded = pyfunc.load_model(str(local_copies.bundle_folder("models:/small@champion")))
    schema = loaded.metadata.get_input_schema()
    required = {column.name: column.required for column in schema}
    assert required["weight"] and required["height"] and required["city"]
    rows = typed.raw.drop(columns="bought").head(12)
    records = json.loads(local_service.as_json(rows))
    records[0]["weight"] = float(records[0]["weight"])  # 50.0 where 50 came before
    records[1]["height"] = None
    del records[2]["city"]
    expected = model_bundle.predict_rows(bundle, pd.DataFrame(records))["prediction"]
    parsed = infer_and_parse_data({"dataframe_records": records}, schema)
    assert list(loaded.predict(parsed)) == list(expected)


def test_mlflow_takes_every_type_of_pandas_and_says_what_it_did_not_read(reports):
    from mlflow import pyfunc

    typed = prepared(raw=typed_table())
    champions.register(judged(write_run(typed)))
    with mlflow_store.store():
        loaded = pyfunc.load_model(str(local_copies.bundle_folder("models:/small@champion")))
    bundle = model_bundle.load_bundle("models:/small@champion")
    rows = typed.raw.drop(columns="bought").head(12)
    expected = list(model_bundle.predict_rows(bundle, rows)["prediction"])
    for dtype in ("bool", "boolean", "object", "category", "bool[pyarrow]", "str", "float"):
        asked = rows.assign(paid=rows["paid"].astype(dtype), weight=rows["weight"].astype("Int64"))
        assert list(loaded.predict(asked)) == expected, dtype
    other = asked.assign(day=asked["day"].dt.strftime("%d.%m.%Y"))
    with pytest.warns(UserWarning, match="day: 12 of 12 cells have another form"):
        assert list(loaded.predict(other)) == expected


# --- A service that follows ---------------------------------------------------------------------


def wait_for(what, seconds=20):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def test_a_service_follows_its_alias_and_outlives_its_store(made, make, reports, monkeypatch):
    champions.register(make())
    second = champions.register(make())
    service = service_of("models:/small@champion")
    service.follower.stop()
    service.follower = Follower(service, "models:/small@champion", every=0.05)
    row = service_proof.as_record(made.raw.iloc[0])

    def ready():
        return requests.get(f"{address}/ready", timeout=30).json()

    with local_service.serving(service.now.bundle, service) as address:
        service.follower.start()
        assert ready()["registered"] == "small version 1 (champion)"
        assert local_service.ask(address, row)[0] == 200
        champions.set_champion("small", second)
        wait_for(lambda: ready()["registered"] == "small version 2 (champion)")
        assert requests.get(f"{address}/model", timeout=30).json()["model_sha256"] == (
            second.model_sha256
        )
        assert local_service.ask(address, row)[1]["model"] == second.model_sha256[:12]
        (reports / mlflow_store.STORE).rename(reports / "away.db")
        (reports / mlflow_store.STORE).write_text("no database" * 100)
        wait_for(lambda: "registry" in ready())
        assert "small version 2 (champion) goes on serving" in ready()["registry"]
        assert ready()["status"] == "ready" and local_service.ask(address, row)[0] == 200
        (reports / "away.db").replace(reports / mlflow_store.STORE)
        wait_for(lambda: "registry" not in ready())
        champions.rollback("small")
        wait_for(lambda: ready()["registered"] == "small version 1 (champion)")
    assert (reports / "small" / LOG_FILE).exists()


def test_a_version_that_is_broken_is_not_taken_up(make, reports):
    champions.register(make())
    first = load_registered_version("models:/small@champion")
    service = Service(first)
    follower = Follower(service, "models:/small@champion")
    version = champions.register(make())
    for stored in (reports / mlflow_store.ARTIFACTS / "models").rglob("model.skops"):
        stored.write_bytes(b"broken")
    champions.set_champion("small", version)
    follower.look()
    assert service.now is first and "its hash differs" in follower.trouble
    champions.rollback("small")
    follower.look()
    assert follower.trouble == "" and service.now.registered.number == 1
    service.close()


def test_a_service_starts_on_the_last_champion_while_the_store_is_away(make, reports):
    champions.register(make())
    with pytest.raises(InputError, match="no nobody"):
        load_registered_version("models:/small@nobody")
    assert load_registered_version("models:/small@champion").registered.number == 1
    (reports / mlflow_store.STORE).write_text("no database" * 100)
    with pytest.raises(mlflow_store.StoreError):
        model_versions.champion("small")
    assert load_registered_version("models:/small@champion").registered.number == 1
    with pytest.raises(mlflow_store.StoreError):
        load_registered_version(
            "models:/small@challenger"
        )  # never asked for here, so nothing is known


def test_the_log_of_a_version_without_its_run_lies_under_the_model_s_name(make, reports):
    champions.register(make())
    shutil.rmtree(reports / "small")
    service = service_of("models:/small/1", Options())
    service.close()
    assert (reports / "small" / LOG_FILE).exists()


# --- Processes of their own ---------------------------------------------------------------------

ALONE = """
import atexit, sys
refused = []
atexit.register(lambda: print(*refused, file=sys.stderr, end=""))  # the last thing that is done
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        refused.append((event, arguments[-1]))
        raise OSError("no network")
sys.addaudithook(refuse)
from helpers.line.run_folder import Run
from helpers.registry import champions
from helpers.serving import start_service
assert "mlflow" not in sys.modules, "imported before it is needed"
start_service.service_of("small").close()
assert "mlflow" not in sys.modules, "imported to serve a run"
print(champions.track(Run("small")))
"""


def in_process(code: str, **environment) -> subprocess.Popen:
    environment = os.environ | environment
    environment.pop("PYTEST_CURRENT_TEST", None)  # where it is set, MLflow never sends anything
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.PIPE, env=environment)  # fmt: skip


@pytest.mark.slow
def test_logging_is_quiet_and_off_the_network_and_serving_a_run_does_without_it(make, reports):
    make()
    (reports / mlflow_store.STORE).unlink()  # making one is quiet, too
    at_work = in_process(ALONE, MLFLOW_DISABLE_TELEMETRY="false")
    out, err = at_work.communicate(timeout=120)
    assert (at_work.returncode, err) == (0, "")
    assert out.startswith("Logged to MLflow: ") and out.count("\n") == 1


@pytest.mark.slow
def test_three_runs_that_log_at_once_into_a_new_store_lose_nothing(make, reports):
    (reports / mlflow_store.STORE).unlink()
    for name in ("a", "b", "c"):
        run = make(name)
        run.write_json("challenges.json", {"model": "shared"})
    code = (
        "from helpers.line.run_folder import Run; from helpers.registry import champions; "
        "champions.track(Run('{}'))"
    )
    at_work = [in_process(code.format(name)) for name in ("a", "b", "c")]
    for one in at_work:
        out, err = one.communicate(timeout=300)
        assert (one.returncode, err) == (0, "")
    found = model_versions.versions("shared")
    assert {v.run for v in found} == {"a", "b", "c"} and [v.number for v in found] == [1, 2, 3]
    assert [v.aliases for v in found] == [("champion",), (), ("challenger",)]
    with mlflow_store.store() as client:
        ids = [client.get_experiment_by_name("shared").experiment_id]
        logged = client.search_runs(ids)
        assert sorted(run.info.run_name for run in logged) == ["a", "b", "c"]
        expected = {name: len(mlflow_log.metrics_of(Run(name))) for name in ("a", "b", "c")}
        assert {run.info.run_name: len(run.data.metrics) for run in logged} == expected
    for version in found:
        assert local_copies.bundle_folder(version).is_dir()


@pytest.mark.slow
def test_a_run_is_logged_once_and_only_when_something_was_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    raw_table().drop(columns="price").to_csv(tmp_path / "mine.csv", index=False)
    command = [sys.executable, "-m", "helpers", "run", "--data", str(tmp_path / "mine.csv")]

    def run(*more, **environment):
        done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=300,
                              env=os.environ | {"PIPELINE_TRACK": "on"} | environment)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    assert "MLflow" not in run("--no-track").stdout
    assert not (tmp_path / "reports" / mlflow_store.STORE).exists()
    assert run("--force").stdout.count("Logged to MLflow: experiment mine, run ") == 1
    assert "MLflow" not in run().stdout, "nothing was run again"
    failed = run("--force", MLFLOW_TRACKING_URI=UNUSED)
    assert failed.stderr.count("Not logged to MLflow: ") == 1 and "MLflow" not in failed.stdout
    assert "MLflow" not in run("--force", PIPELINE_TRACK="off").stdout
    with mlflow_store.store() as client:
        assert len(client.search_runs([client.get_experiment_by_name("mine").experiment_id])) == 1


@pytest.mark.slow
def test_mlflow_itself_serves_the_champion_and_a_server_takes_runs(
    made, make, reports, tmp_path, monkeypatch
):
    champions.register(make())
    with mlflow_store.store():
        pass
    where = {"MLFLOW_TRACKING_URI": mlflow_store.address(), "MLFLOW_DISABLE_TELEMETRY": "true"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    rows = json.loads(local_service.as_json(made.raw.drop(columns="bought").head(5)))

    def port():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    def start(*arguments):
        return subprocess.Popen([sys.executable, "-m", "mlflow", *arguments], env=os.environ | where
                                | {"PATH": path}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True,
                                cwd=tmp_path)  # fmt: skip

    def answers(address):
        try:
            return requests.get(address, timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    serving, showing = port(), port()
    at_work = [
        start("models", "serve", "-m", "models:/small@champion", "--env-manager", "local", "-p",
              str(serving)),
        start("ui", "--backend-store-uri", mlflow_store.address(), "-p", str(showing)),
    ]  # fmt: skip
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{serving}/ping"), 120)
        reply = requests.post(f"http://127.0.0.1:{serving}/invocations", timeout=60,
                              json={"dataframe_records": rows})  # fmt: skip
        expected = model_bundle.predict_rows(model_bundle.load_bundle("small"), pd.DataFrame(rows))
        assert reply.json()["predictions"] == list(expected["prediction"])
        api = f"http://127.0.0.1:{showing}/api/2.0/mlflow/registered-models/get?name=small"
        wait_for(lambda: answers(api), 120)
        assert requests.get(api, timeout=30).json()["registered_model"]["aliases"] == [
            {"alias": "champion", "version": "1"}
        ]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{showing}")
        make("over_http")
        version = champions.register("over_http")
        assert version.aliases == ("champion",)
        assert model_versions.versions("over_http") == [version]
        assert (
            model_bundle.load_bundle("models:/over_http@champion").version
            == version.model_sha256[:12]
        )
        with pytest.raises(InputError, match="nothing to go back to"):
            champions.rollback("over_http")
        with pytest.raises(InputError, match="no registered model 'nobody'"):
            model_versions.resolve("models:/nobody@champion")
    finally:
        for one in at_work:
            os.killpg(one.pid, 15)
            one.wait(timeout=60)
