"""Two runs side by side, from what they wrote; pages made again and packed."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.evaluate import evaluate_model
from helpers.learning import stored_answers
from helpers.learning.labelled_data import Labelled
from helpers.learning.metric_scores import score
from helpers.learning.task_kind import Task
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.line.stage_work import Work
from helpers.pages import compare_runs, stage_page

BINARY = Task("late", "binary", ("no", "yes"), "yes")


@pytest.fixture
def reports(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return tmp_path


def made(
    name,
    auc=0.7,
    trials=6,
    source="mine.csv",
    task=BINARY,
    findings=(),
    first_row=0,
    unit=None,
    seed=1,
) -> Run:
    """A run as its files tell it; `auc` is about what its answers reach."""
    run = Run(name)
    yes = np.random.default_rng(0).random(400) < 0.3
    noise = np.random.default_rng(seed).random(400)
    chance = np.clip(yes * (auc - 0.5) * 1.2 + noise * 0.6, 0.01, 0.99)
    truth = np.where(yes, "yes", "no")
    rows = Labelled(task, None, truth, np.arange(400) + first_row, unit=unit)
    probability = np.column_stack([1 - chance, chance])
    stored_answers.keep_answers(Work(6, run, {}), rows, truth, probability)
    curves = evaluate_model.curves(task, truth, truth, np.column_stack([1 - chance, chance]))
    run.write_json("about.json", {"source": source, "address": source, "target": task.target})
    run.write_json("findings.json", list(findings))
    run.write_text("front.png", "")
    run.write_json(
        "metrics.json",
        {
            "task": "binary", "target": task.target, "rows": {"train": 900, "test": 400},
            "model": "forest", "main_metric": "roc_auc", "verdict": "good enough", "reading": "",
            "test": score(task, truth, truth, probability, ["roc_auc", "log_loss"]),
            "baseline": {"roc_auc": 0.5},
            "interval": {n: [auc - 0.01, auc + 0.01] for n in ("roc_auc", "log_loss")},
            "classes": list(task.classes), "positive": task.positive,
            "curves": curves,
        },
    )  # fmt: skip
    for stage in STAGES[1:7]:
        run.enter(
            {
                "stage": stage.number, "name": stage.name, "verdict": "done", "seconds": 1.0,
                "headline": f"{stage.title} of {name}", "rows_in": 900, "rows_out": 900,
                "set_aside": 0, "outputs": {}, "inputs": {}, "spent": {"cells": 1.0},
                "parameters": {"run": name, "trials": trials, "seed": 42}
                if stage.number == 5 else {"run": name},
            }
        )  # fmt: skip
    return run


def page_of(first: Run, second: Run) -> str:
    return first.file(compare_runs.compare(first, second)[0]).read_text()


def test_the_page_holds_what_differs_and_only_that(reports):
    finding = {"stage": 2, "code": "a", "severity": "warning", "columns": [], "evidence": ""}
    one = made("one", findings=[finding | {"message": "only in one <b>"}])
    page = page_of(one, made("two", auc=0.8, trials=2))
    rows = re.findall(r"<tr><td>Model training</td><th scope=\"row\">(\w+)</th>", page)
    assert rows == ["trials"]
    assert "<td>6</td><td>2</td>" in page
    assert "two is better" in page
    assert "only in one &lt;b&gt;" in page and "Only in one" in page
    assert page.count("<svg") == 2  # ROC, precision and recall
    assert 'href="compared_with_two.html"' in one.file("index.html").read_text()
    assert "https://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("auc", "says"),
    [(0.9, "two is better"), (0.6, "two is worse"), (0.7, "may be chance")],
)
def test_a_difference_is_told_from_chance_row_by_row(reports, auc, says):
    said = compare_runs.compare(made("one"), made("two", auc=auc, seed=2))[1]
    assert says in said and "On the same 400 held-out rows ROC AUC is" in said


def test_intervals_that_overlap_do_not_hide_a_paired_gain(reports):
    runs = made("one", auc=0.7), made("two", auc=0.72)
    low, high = (run.read_json("metrics.json")["test"]["roc_auc"] for run in runs)
    assert high - low < 0.04, "less than the intervals of 400 rows are wide"
    assert "two is better by more than chance" in compare_runs.compare(*runs)[1]


def test_rows_of_one_unit_are_compared_together(reports):
    unit = np.array([f"customer {i // 40}" for i in range(400)])
    said = compare_runs.compare(made("one", unit=unit), made("two", auc=0.8, unit=unit))[1]
    assert "400 held-out rows (10 units)" in said


def test_other_held_out_rows_are_refused_in_a_line_that_names_them(reports):
    one, two = made("one"), made("two", auc=0.9, first_row=100)
    name, said = compare_runs.compare(one, two)
    assert said == (
        "Which one is better can't be said. one and two were tested on other rows: 300 are held "
        "out by both, 100 only by one (such as row 0), 100 only by two (such as row 400). Give "
        "both runs the same rows and the same split."
    )
    page = one.file(name).read_text()
    assert "(better)" not in page and "gain (95 % interval)" in page


def test_the_same_places_of_another_table_are_refused(reports):
    one, two = made("one"), made("two")
    kept = pd.read_parquet(two.file(stored_answers.FILE))
    flipped = kept.assign(truth=kept["truth"].map({"yes": "no", "no": "yes"}))
    flipped.to_parquet(two.file(stored_answers.FILE))
    assert (
        "400 of 400 have another label, the first of them row 0"
        in (compare_runs.compare(one, two)[1])
    )


def test_a_run_that_kept_no_answers_says_which_stage_to_run(reports):
    one, two = made("one"), made("two")
    two.file(stored_answers.FILE).unlink()
    assert "pipeline run --name two --stages 6" in compare_runs.compare(one, two)[1]


def test_less_log_loss_is_better(reports):
    one, two = made("one"), made("two", auc=0.85)
    metrics = [run.read_json("metrics.json") for run in (one, two)]
    gains, refused = compare_runs.paired_gains((one, two), metrics)
    rows = {r["name"]: r for r in compare_runs.scores(metrics, gains)}
    assert not refused and rows["log loss"]["tone"] == "good" == rows["ROC AUC"]["tone"]
    assert rows["log loss"]["difference"].startswith("+")


def test_runs_of_other_tables_or_targets_are_said_to_be(reports):
    other = Task("paid", "binary", ("no", "yes"), "yes")
    page = page_of(made("one"), made("two", source="other.csv", task=other))
    assert "different tables" in page and "different columns: late and paid" in page
    assert "They answer different questions: binary of late" in page


def test_a_run_without_a_verdict_is_compared_as_far_as_it_goes(reports):
    early = made("early")
    early.file("metrics.json").unlink()
    page = page_of(made("one"), early)
    assert "Only one has been judged." in page and "<h2>Curves</h2>" not in page


def test_a_run_is_not_compared_with_itself(reports):
    run = made("one")
    with pytest.raises(InputError, match="given twice"):
        compare_runs.compare(run, Run("one"))


def test_curves_are_thinned_and_keep_their_ends():
    random = np.random.default_rng(0)
    yes = random.random(20_000) < 0.3
    chance = random.random(20_000) + yes * 0.3
    truth = np.where(yes, "yes", "no")
    found = evaluate_model.curves(BINARY, truth, truth, np.column_stack([1 - chance, chance]))
    roc = found["ROC"]
    assert len(roc["x"]) <= 103
    assert (roc["x"][0], roc["y"][0], roc["x"][-1], roc["y"][-1]) == (0, 0, 1, 1)
    assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(0.75, abs=0.03)
    assert len(json.dumps(found)) < 8_000


def test_curves_of_numbers_and_of_classes():
    truth = np.arange(50.0)
    errors = evaluate_model.curves(Task("y", "regression"), truth, truth + 2, None)["errors"]
    assert errors["x"][-1] == 2 and errors["y"][-1] == 1
    three = Task("kind", "multiclass", ("a", "b", "c"))
    names = np.array(list("abc") * 5)
    assert evaluate_model.curves(three, names, names, None)["F1 by class"]["y"] == [1, 1, 1]


def test_a_run_without_notebooks_says_what_to_do(reports):
    with pytest.raises(InputError, match="--force"):
        stage_page.remake(made_without_pages())


def made_without_pages() -> Run:
    run = Run("bare")
    run.write_json("about.json", {})
    return run
