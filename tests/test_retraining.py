"""Monitoring and retraining by command: what is due, what is refused, who serves afterwards."""

import shutil
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.__main__ import main
from helpers.base.user_errors import InputError
from helpers.cells.draft_column_plan import draft_column
from helpers.examples import flights_example
from helpers.features.column_formulas import parse_formulas
from helpers.line.run_folder import CHALLENGES, Run
from helpers.line.stage_list import LOG, STAGES
from helpers.monitor import monitor_bundle, refit_models, rows_learnt, service_log_rows
from helpers.pages import front_page
from helpers.registry import model_versions
from helpers.registry.model_versions import model_name
from helpers.run import promotion_decision, retraining, retraining_due, train_challenger
from helpers.run.retraining_due import RetrainRequest
from helpers.run.runner import StageError
from tests.small import changed, deployed_run, later, log_rows, prepared, raw_table


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(folder))
        return deployed_run(made, "mine").path


@pytest.fixture
def run(written, tmp_path, monkeypatch):
    """A run that is deployed, in a folder of runs of its own."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    shutil.copytree(written, tmp_path / "reports" / "mine")
    return Run("mine")


@pytest.fixture
def command(run, monkeypatch, tmp_path, capsys):
    """Runs a command on rows in this process; gives its exit code and what it said."""

    def run_command(*arguments, rows=None):
        if rows is not None:
            rows.to_csv(tmp_path / "new.csv", index=False)
            arguments = (*arguments, "--data", str(tmp_path / "new.csv"))
        monkeypatch.setattr(sys, "argv", ["pipeline", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as done:
            code = done.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_command


def one_line(text: str) -> bool:
    return text.startswith("Error: ") and text.count("\n") == 1


# --- Rows that can't be used --------------------------------------------------------------------

BAD = {
    "a needed column is missing": (lambda t: t.drop(columns="weight"), "the first is 'weight'"),
    "ten rows": (lambda t: t.head(10), "are 10, too few"),
    "one value everywhere": (lambda t: t.iloc[[0] * 100], "one value only"),
    "an unknown class": (lambda t: t.assign(bought="perhaps"), "does not know: 'perhaps'"),
}


@pytest.mark.parametrize("kind", BAD)
def test_rows_that_cant_be_used_are_refused_and_nothing_changes(run, command, kind):
    change, says = BAD[kind]
    before = {p.name: p.read_bytes() for p in run.path.glob("*.json")}
    model = run.file("model/model.skops").read_bytes()
    code, out, err = command("monitor", "mine", "--gate", rows=change(later()))
    assert code == 2 and says in err and one_line(err) and not out
    code, _, err = command("retrain", "mine", "--when", "always", rows=change(later()))
    assert code == 2 and says in err and one_line(err) and "mine stays in service" in err
    assert run.file("model/model.skops").read_bytes() == model
    assert run.line_of(8) is None and not Run("mine-2").path.exists()
    after = {p.name: p.read_bytes() for p in run.path.glob("*.json")}
    assert run.read_json("retraining.json")["outcome"] == "failed"
    assert {name: after[name] for name in before} == before


def test_a_constant_column_is_a_finding_not_a_refusal(run, command):
    code, out, _ = command("monitor", "mine", rows=later().assign(city="Rome"))
    assert code == 0 and "city" in out
    alerts = run.read_json("monitoring.json")["alerts"]
    assert "constant" in {a["code"] for a in alerts if a["columns"] == ["city"]}


def test_retraining_without_labels_is_refused(run, command):
    rows = later().drop(columns="bought")
    code, _, err = command("retrain", "mine", "--when", "always", rows=rows)
    assert code == 2 and "no labels" in err and "'bought'" in err and one_line(err)


def test_retraining_on_too_few_labels_is_refused(run, command):
    rows = later()
    rows.loc[50:, "bought"] = None
    code, _, err = command("retrain", "mine", "--when", "always", rows=rows)
    assert code == 2 and "with labels are 50, too few" in err


def test_retraining_on_one_class_is_refused(run, command):
    code, _, err = command("retrain", "mine", "--when", "always", rows=later().assign(bought="no"))
    assert code == 2 and "one class only (no)" in err


def test_nothing_new_is_said(run, command):
    for when in ("always", "performance"):
        code, _, err = command("retrain", "mine", "--when", when)
        assert code == 2 and "Nothing has come since 'mine' was trained" in err


def test_the_champion_can_be_monitored_whichever_run_made_it(run, command, monkeypatch):
    sha = run.read_json("model/card.json")["model_sha256"]
    version = model_versions.Version("shop", 2, "mine", model_sha256=sha)
    named = {"models:/shop@champion": version}
    monkeypatch.setattr(monitor_bundle, "resolve", named.get)
    code, _, err = command("monitor", "models:/shop@champion", "--data", "nowhere.csv")
    assert code == 2 and "nowhere.csv" in err, "the run is found, its new rows are not"


def test_a_run_that_is_not_deployed_is_refused(command):
    assert command("monitor", "other")[0] == 2
    Run("mine").withdraw(7)
    code, _, err = command("retrain", "mine", rows=later())
    assert code == 2 and "Stage 7" in err


# --- Monitoring by command ----------------------------------------------------------------------


def test_monitor_says_all_in_seven_lines_and_the_gate_stays_open(run, command):
    code, out, err = command("monitor", "mine", "--gate", rows=later())
    subjects = [line.split()[0] for line in out.splitlines()]
    assert subjects == ["Volume", "Drift", "Quality", "Performance", "Coverage", "Decision", "Page"]
    assert code == 0 and not err and "keep" in out and "600 rows" in out
    assert run.file(STAGES[8].report).exists()
    said = run.read_json("monitoring.json")
    assert said["seen"] and said["decision"] == "keep" and not said["score_dropped"]
    assert list(said["expected"]) == ["new rows"] and said["labels"] == 600


def test_the_gate_closes_when_the_score_has_fallen(run, command):
    code, out, err = command("monitor", "mine", "--gate", rows=changed())
    assert code == 1 and "Retraining is due" in err and "retrain" in out
    code, out, _ = command("monitor", "mine", "--gate", "--max-drop", "0.9", rows=changed())
    assert code == 0 and run.line_of(8)["parameters"]["max_drop"] == 0.9


@pytest.mark.slow
def test_a_number_is_monitored_too(command):
    deployed_run(prepared("price"), "prices")
    rows = raw_table(300, 7).drop(columns="bought")
    code, out, err = command("monitor", "prices", rows=rows)
    assert code == 0, err
    assert "R² " in out and "keep" in out
    code, out, _ = command("monitor", "prices", rows=rows.drop(columns="price"))
    assert code == 0 and "No labels yet, and no probabilities to estimate scores from." in out


def test_without_labels_the_expected_score_is_said(run, command):
    code, out, _ = command("monitor", "mine", rows=later().drop(columns="bought"))
    assert code == 0 and "No labels yet; expected ROC AUC" in out
    assert "There are no labels yet" in run.read_json("monitoring.json")["reason"]


# --- Is it due? ---------------------------------------------------------------------------------


@pytest.fixture
def seen(monkeypatch):
    """What stage 8 would have written; no kernel is started."""
    content = {"held_out": False, "drifted": [], "score_dropped": False, "decision": "keep",
               "reason": "it holds"}  # fmt: skip
    monkeypatch.setattr(retraining_due, "monitor_new_rows", lambda *_, **__: content)
    return content


def made_days_ago(run: Run, days: float) -> None:
    run.amend(7, opened=(datetime.now(UTC) - timedelta(days=days)).isoformat())


def test_nothing_is_due_while_all_is_well(run, seen):
    for when in ("due", "drift", "performance"):
        due, why = retraining_due.is_due(run, RetrainRequest(when=when))
        assert not due and why
    assert retraining_due.is_due(run, RetrainRequest(when="always"))[0]


def test_each_reason_makes_it_due_where_it_is_asked_for(run, seen):
    seen |= {"drifted": ["weight"], "score_dropped": False}
    assert retraining_due.is_due(run, RetrainRequest(when="drift")) == (
        True,
        "it has drifted: weight",
    )
    assert not retraining_due.is_due(run, RetrainRequest(when="performance"))[0]
    seen |= {"drifted": [], "score_dropped": True, "decision": "retrain"}
    assert not retraining_due.is_due(run, RetrainRequest(when="drift"))[0]
    assert retraining_due.is_due(run, RetrainRequest(when="performance"))[0]
    assert retraining_due.is_due(run, RetrainRequest())[0]


def test_the_calendar_looks_at_the_age_of_the_model(run, seen):
    made_days_ago(run, 31)
    assert retraining_due.is_due(run, RetrainRequest(when="calendar"))[0]
    assert retraining_due.is_due(run, RetrainRequest(when="due", every=20))[0]
    assert not retraining_due.is_due(run, RetrainRequest(when="due"))[0]
    assert not retraining_due.is_due(run, RetrainRequest(when="calendar", every=40))[0]


def test_how_far_the_score_may_fall_is_asked_of_both_commands(run, command):
    code, out, _ = command("retrain", "mine", "--max-drop", "0.9", rows=changed())
    assert code == 0 and "not due" in out
    assert run.line_of(8)["parameters"]["max_drop"] == 0.9
    assert command("retrain", "mine", "--max-drop", "-1", rows=changed())[0] == 2


def test_not_due_is_said_and_is_no_error(run, command):
    made_days_ago(run, 3)
    code, out, _ = command("retrain", "mine", "--when", "calendar", rows=later())
    assert code == 0 and "not due: mine is 3 days old" in out and "stays in service" in out
    assert run.read_json("retraining.json")["outcome"] == "not due"
    assert "Retraining, " in run.file("index.html").read_text()


# --- The pieces of a challenger -----------------------------------------------------------------


def test_new_rows_go_below_the_old_ones_in_their_types():
    old = pd.DataFrame({"n": [1.5, 2.0], "flag": [True, False], "word": ["a", None]})
    new = pd.DataFrame({"word": ["b"], "n": ["3"], "flag": ["True"], "more": [1]}, dtype=object)
    table = train_challenger.training_table(old, new)
    assert table["n"].tolist() == [1.5, 2.0, 3.0] and list(table) == ["n", "flag", "word"]
    assert table["flag"].tolist() == ["True", "False", "True"]
    assert table["word"].tolist()[::2] == ["a", "b"]
    lacking = train_challenger.training_table(old, new.drop(columns="word"))
    assert lacking["word"].isna().tolist() == [False, True, True]


def test_a_challenger_takes_the_next_name_and_goes_on_with_one_that_was_not_finished(run):
    first = train_challenger.claim_folder(run)
    first.write_json(CHALLENGES, {"model": "mine", "run": "mine"})
    assert first.name == "mine-2" and train_challenger.claim_folder(run).name == "mine-2"
    Run("mine-3").path.mkdir()  # of somebody else
    shutil.copy(run.file("ledger.json"), first.file("ledger.json"))
    assert train_challenger.claim_folder(run).name == "mine-4"
    assert model_name(first) == "mine"


@pytest.mark.parametrize("key", ["message", "said"])
def test_the_front_page_tells_the_last_retraining_also_of_a_run_made_earlier(run, key):
    run.write_json("retraining.json", {"at": "2026-03-01T10:00:00", key: "mine stays in service."})
    assert front_page._retrained(run) == "Retraining, 2026-03-01: mine stays in service."


def test_parameters_that_were_given_are_kept(run):
    run.amend(5, parameters={"run": "mine", "trials": 3, "seed": 42, "models": "linear"})
    run.amend(
        1, parameters={"run": "mine", "data": "x.csv", "target": "bought", "injected_errors": "0.1"}
    )
    found = train_challenger.settings_of(run)
    assert found == {"trials": 3, "models": "linear", "injected_errors": "0.1"}


def test_parameters_given_by_an_earlier_name_are_kept_under_todays(run):
    run.amend(4, parameters={"run": "mine", "gap": "7 days"})
    run.amend(5, parameters={"run": "mine", "cost_miss": 8.0})
    assert train_challenger.settings_of(run) == {"embargo": "7 days", "cost_false_negative": 8.0}


def test_what_is_known_of_flights_goes_along_with_a_table_of_them():
    given = train_challenger._knowledge(flights_example.KNOWLEDGE)
    assert parse_formulas(given["derive"]) == flights_example.KNOWLEDGE["derive"]
    assert {"dep_delay", "arr_delay", "time_hour"} <= set(given["drop"].split(","))


def test_a_model_does_not_judge_itself_by_rows_it_has_learnt_from(run, tmp_path):
    rows = later(200)
    rows.to_csv(tmp_path / "new.csv", index=False)
    as_read = pd.read_csv(tmp_path / "new.csv", dtype=str)
    run.write_json(CHALLENGES, {"model": "mine", "run": "first"})
    rows_learnt.note_training_rows(run, run, as_read.head(100), np.arange(100))
    found = retraining.later_rows(run, str(tmp_path / "new.csv"))
    assert len(found.raw) == 100 and "without 100 training rows" in found.origin
    assert found.raw["weight"].tolist() == as_read["weight"].tolist()[100:]
    rows.head(100).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match="are 0, too few"):
        retraining.later_rows(run, str(tmp_path / "new.csv"))


def test_the_better_model_wins_from_raw_row_to_answer(run, made, tmp_path):
    changed().to_csv(tmp_path / "new.csv", index=False)
    production = retraining.later_rows(run, str(tmp_path / "new.csv"))
    newer = refit_models.newer_half(production)
    other = deployed_run(prepared(raw=changed(400, seed=3)), "other")
    found = promotion_decision.compare_on_newer_rows(production, other, newer, RetrainRequest())
    assert found["promote"] and found["rows"] == 300
    assert found["challenger"] > found["champion"] + 0.1
    same = promotion_decision.compare_on_newer_rows(production, run, newer, RetrainRequest())
    assert not same["promote"] and same["gain_from"] == same["gain_to"] == 0


@pytest.mark.parametrize(
    ("better", "verdict", "outcome"),
    [(True, "good enough", "better"), (False, "good enough", "kept"), (True, "poor", "kept")],
)
def test_only_a_better_and_sound_challenger_is_proposed(run, better, verdict, outcome):
    gain = 0.01 if better else -0.01
    compared = {"metric": "roc_auc", "gain_from": gain, "gain": 0.02, "min_improvement": 0.01}
    found = {"compared": compared, "challenger_verdict": verdict}
    lines = []
    done = promotion_decision.conclude(
        Run("mine-2"), run, found, RetrainRequest(track=False), lines.append
    )
    assert done["outcome"] == outcome and lines == [done["message"]]
    assert ("pipeline promote mine-2" in done["message"]) == (outcome == "better")


def test_two_retrainings_of_a_model_do_not_run_at_once(run):
    with (
        retraining._alone(run),
        pytest.raises(InputError, match="trained again by another"),
        retraining._alone(Run("mine")),
    ):
        pass


def test_a_stage_that_breaks_is_exit_code_1(run, command, monkeypatch):
    def breaks(request, say):
        raise StageError("Stage 5 (Model training) failed in cell 7: MemoryError")

    monkeypatch.setattr(train_challenger, "run_line", breaks)
    code, _, err = command("retrain", "mine", "--when", "always", rows=changed())
    assert code == 1 and one_line(err)
    assert "mine-2 could not be trained: Stage 5" in err and "mine stays in service" in err
    assert run.read_json("retraining.json")["outcome"] == "failed"


def test_what_a_challenger_has_learnt_from_the_log_is_noted(run, monkeypatch):
    def breaks(request, say):
        raise StageError("stopped")

    monkeypatch.setattr(train_challenger, "run_line", breaks)
    log_rows(run, later(400).drop(columns="note"), told=300)
    production = retraining.later_rows(run, LOG)
    newer = refit_models.newer_half(production)
    with pytest.raises(StageError):
        train_challenger.train(Run("mine-2"), run, production, newer, LOG, RetrainRequest(), print)
    since = Run("mine-2").read_json(CHALLENGES)["since"]
    learnt = ~newer & production.labelled
    assert since == production.times[learnt].max() < production.times[newer].min()
    table = pd.read_parquet(Run("mine-2").file(train_challenger.TABLE))
    assert len(table) == 240 + learnt.sum() and table["bought"].notna().all()
    assert service_log_rows.logged_rows(Run("mine-2")) == (production.times > since).sum()


def test_a_store_that_cant_be_reached_stops_it_before_anything_is_trained(
    run, command, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    code, _, err = command("retrain", "mine", "--when", "always", "--track", rows=changed())
    assert code == 2 and one_line(err) and not Run("mine-2").path.exists()


# --- All of it ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_challenger_is_made_by_the_notebooks_and_wins(run, command, tmp_path):
    run.amend(5, parameters={"run": "mine", "models": "linear", "trials": 1, "seed": 42})
    code, out, err = command("retrain", "mine", "--track", rows=changed(900))
    assert code == 0, err
    result = run.read_json("retraining.json")
    assert result["outcome"] == "promoted" and result["challenger"] == "mine-2"
    assert result["compared"]["rows"] == 450 and result["rows"]["training"] == 240 + 450
    challenger = Run("mine-2")
    assert [line["stage"] for line in challenger.ledger] == list(range(1, 8))
    assert challenger.line_of(5)["parameters"]["models"] == "linear"
    assert challenger.read_json("challenges.json")["run"] == "mine"
    assert "it is the champion now" in out and "Retraining, " in run.file("index.html").read_text()
    assert model_versions.champion("mine").run == "mine-2"
    assert promotion_decision.champion_of(run).name == "mine-2"
    code, out, _ = command("retrain", "mine", "--track", rows=changed(900))
    assert code == 0 and "The champion of mine is the run mine-2" in out and "not due" in out
    assert "without 450 training rows" in challenger.read_json("monitoring.json")["origin"]
    assert command("rollback", "mine")[0] == 0 and model_versions.champion("mine").run == "mine"


@pytest.mark.slow
def test_a_challenger_that_breaks_leaves_the_champion_in_service(run, command, monkeypatch):
    before = run.file("model/model.skops").read_bytes()
    run.amend(5, parameters={"run": "mine", "models": "oracle"})
    code, _, err = command("retrain", "mine", "--when", "always", rows=changed())
    assert code == 2 and one_line(err) and "oracle" in err
    assert "The challenger mine-2 could not be trained" in err and "mine stays in service" in err
    assert run.file("model/model.skops").read_bytes() == before
    assert run.read_json("retraining.json")["outcome"] == "failed"


@pytest.mark.parametrize(
    ("old", "new", "read"),
    [
        (["1:05", "2:10"], ["65", "130"], [65.0, 130.0]),
        (["ja", "nein"], ["1", "0"], [True, False]),
        (["12.500", "950"], ["12500", "950"], [12500.0, 950.0]),
        (["0:01:05", "0:02:10"], ["0 days 00:01:05", "0 days 00:02:10"], [65.0, 130.0]),
        (["1.5", "n/a"], ["1.5", "n/a"], None),
        (["red", "blue"], ["1", "0"], None),
    ],
)
def test_old_and_new_rows_that_do_not_mix_as_texts_are_put_together_as_they_are_read(
    old, new, read
):
    more = [f"{n}.{n + 100}" for n in range(1, 30)] if old[0] == "12.500" else []
    column = pd.Series([*old, *more] * 12, name="x", dtype="str")
    model = {"clean": SimpleNamespace(plan_={"columns": {"x": draft_column(column)}})}
    table = pd.DataFrame({"x": [*column, *new]})
    production = SimpleNamespace(champion=model, reading=SimpleNamespace(model=model))
    found = train_challenger.in_one_kind(table, len(column), production)["x"]
    if read is None:
        pd.testing.assert_series_equal(found, table["x"])
    else:
        assert found.iloc[-2:].tolist() == read == found.iloc[:2].tolist()
