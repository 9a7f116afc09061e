"""No class is lost in silence: every word of a target is a label, and each doubt is said."""

import io

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.base.verdicts import passes
from helpers.clean import clean_rows, cleaning_stage
from helpers.collect import collection_stage
from helpers.collect.collect_rows import table_facts
from helpers.evaluate.evaluation_report import scores_table
from helpers.evaluate.model_verdict import Requirement, chance_of_the_best, judge
from helpers.learning.label_column import (
    draft_label,
    read_beyond_limit,
    read_class_case,
    read_label,
)
from helpers.learning.label_findings import label_findings
from helpers.learning.labelled_data import Labelled
from helpers.learning.metric_scores import score
from helpers.learning.outcome_reader import OutcomeReader
from helpers.learning.score_intervals import score_intervals
from helpers.learning.task_kind import Task, find_task
from helpers.tables.read_any import read_table

MEASURED = [f"{n / 8:.3f}" for n in range(40, 120)]
WORDS = ["NA", "None", "-", "?", "n/a", "unknown", "U", "null", "nan", "N.A.", "--", "missing"]


def read(values, **asked) -> pd.Series:
    column = pd.Series(values, name="y")
    return read_label(column, draft_label(column, **asked))


def findings(values, task="auto", **asked) -> dict:
    column = pd.Series(values, name="y")
    plan = draft_label(column, task=task, **asked)
    found = find_task(read_label(column, plan), "y", task)
    return {one.code: one for one in label_findings(column, plan, found, task)}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_looks_missing_is_a_class_in_every_kind_of_target(word):
    for others in (["oslo", "rome"], ["1", "2", "3"], ["yes", "no"], ["0.5", "1.5"]):
        labels = read([*others * 6, word, word, None, "", "  "])
        assert labels.isna().sum() == 3
        assert labels.value_counts()[word] == 2


@pytest.mark.parametrize("word", WORDS)
def test_such_a_class_is_counted_and_asked_about_and_the_switch_undoes_it(word):
    values = [*["1", "2", "3", "5"] * 20, *[word] * 4]
    asked = findings(values)["label looks missing"]
    assert f"‘{word}’ (4)" in asked.message and f"--set no_label='{word}'" in asked.message
    assert read(values, no_label=[word.upper()]).isna().sum() == 4
    assert "label looks missing" not in findings(values, no_label=[word])


@pytest.mark.parametrize("values", [["a", "b"], ["low", "high"], [1, 2, 3], list("abcdefgux")])
def test_an_ordinary_target_is_not_asked_about(values):
    assert set(findings(values * 9)) == {"task"}


def test_the_same_words_are_classes_from_every_kind_of_file(tmp_path):
    regions = ["NA", "EMEA", "n/a", "None", "-", "null"] * 5
    frame = pd.DataFrame({"x": range(30), "region": regions})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_json(tmp_path / "t.json", orient="records")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    import sqlalchemy as sa

    engine = sa.create_engine(f"sqlite:///{tmp_path}/t.db")
    frame.to_sql("t", engine, index=False)
    engine.dispose()
    sources = [str(tmp_path / f"t.{kind}") for kind in ("csv", "json", "jsonl", "parquet", "xlsx")]
    for source in [*sources, f"sqlite:///{tmp_path}/t.db"]:
        found = read_table(source)
        labels = read_label(found["region"], draft_label(found["region"]))
        assert labels.tolist() == regions, source


def test_a_measured_target_beyond_a_limit_is_a_number_by_a_rule_that_is_said():
    values = [*MEASURED, *["< 5"] * 6, "20+"]
    assert read(values).min() == 5.0 and read(values).max() == 20.0
    assert read(values, beyond="half").min() == 2.5
    assert read(values, beyond="missing").isna().sum() == 7
    assert read(values, no_label=["<5", "< 5"]).isna().sum() == 6
    said = findings(values)["label beyond a limit"].message
    assert "7 values" in said and "‘< 5’ (6)" in said and "beyond_limit" in said
    with pytest.raises(InputError, match="beyond_limit is limit, half or missing"):
        read_beyond_limit("double")


def test_few_whole_numbers_with_one_that_is_open_stay_names():
    assert read([*["1", "2", "3"] * 5, "4+"]).unique().tolist() == ["1", "2", "3", "4+"]


@pytest.mark.parametrize("words", [["U"] * 9, ["junk"], ["n/a"] * 30])
def test_a_word_among_measured_numbers_is_no_label_and_that_is_said(words):
    labels = read([*MEASURED, *words])
    assert labels.dtype == float and labels.isna().sum() == len(words)
    assert f"‘{words[0]}’ ({len(words)})" in findings([*MEASURED, *words])[
        "label is no number"].message  # fmt: skip


def test_money_stays_a_number_however_few():
    assert read(["€1,234", "€5", "n/a", "€7"]).tolist()[:2] == [1234.0, 5.0]


def test_a_target_in_another_unit_is_converted_and_not_lost():
    assert read([f"{n} kg" for n in range(1, 30)] + ["500 g"]).iloc[-1] == 0.5


def test_what_was_taken_for_what_is_said_with_the_switch():
    rated = findings([1, 2, 3, 4, 5] * 20)["task"]
    assert rated.severity == "warning" and "--set task=regression" in rated.message
    assert findings(["a", "b"] * 9)["task"].severity == "note"
    assert "task=multiclass" in findings([x / 3 for x in range(50)])["task"].message
    assert "task" not in findings([1, 2, 3] * 9, task="regression")


@pytest.mark.parametrize(
    ("values", "case", "classes"),
    [
        (["AA", "Aa", "aa"], "auto", 3),
        (["K", "k"], "auto", 2),
        (["K", "k"], "merge", 1),
        (["low", "Low", "high"], "auto", 2),
        (["low", "Low", "high"], "keep", 3),
        (["Y", "y", "N", "n"], "auto", 2),
    ],
)
def test_classes_that_differ_in_case_are_merged_or_kept_and_the_switch_is_said(
    values, case, classes
):
    labels = read([*values * 20, None], case=case)
    assert labels.nunique() == classes and labels.isna().sum() == 1
    plan = draft_label(pd.Series(values * 20, name="y"), case=case)
    assert read_label(pd.Series(values), plan).tolist() == labels[: len(values)].tolist()
    if classes > 1:
        task = Task("y", "multiclass", tuple(plan["values"]))
        assert OutcomeReader(task, plan).read(values) == labels[: len(values)].tolist()
        other = "merge" if classes == len(values) else "keep"
        found = findings(values * 20, case=case)["label spellings"].message
        assert f"--set class_case={other}" in found


def test_a_rare_letter_in_another_case_is_a_slip():
    assert read(["A"] * 30 + ["B"] * 30 + ["a"]).nunique() == 2
    with pytest.raises(InputError, match="class_case is auto, merge or keep; it is 'both'"):
        read_class_case("both")


def test_spellings_that_are_taken_for_one_are_said_where_both_are_frequent():
    assert "‘a’ (6) with ‘A’ (9)" in findings(["A"] * 9 + ["a"] * 6 + ["b"] * 3)[
        "label spellings"].message  # fmt: skip
    assert "label spellings" not in findings(["yes"] * 30 + ["Yes"] + ["no"] * 9)


@pytest.mark.parametrize(
    ("first", "later", "labels"),
    [
        ([True, False], ["true", "0", "No"], ["True", "False", "False"]),
        ([True, False], [1.0, 0.0, None], ["True", "False", None]),
        ([1, 0, 1], [True, False, False], [1, 0, 0]),
        (["yes", "no"], [True, False, True], ["yes", "no", "yes"]),
        (["yes", "no"], ["1", "0", "n/a"], ["yes", "no", None]),
        ([1, 2, 3], ["1", "2.0", "NA"], [1, 2, None]),
        (["NA", "EMEA"], ["NA", "na", None], ["NA", "NA", None]),
        (["yes", "no"], ["1.0", "0.0", ""], ["yes", "no", None]),
        ([True, False], ["1.0", "0.0", "F"], ["True", "False", "False"]),
        ([1, 0, 1], ["True", "no", "0.0"], [1, 0, 0]),
        (["007", "010"], ["7", "10.0", "010"], ["007", "010", "010"]),
        (["1-5", "6-10"], ["1–5", "6—10", "11-15"], ["1-5", "6-10", "11-15"]),
        (["Gävle", "Umeå"], ["GÃ¤vle", "UMEÅ", "Oslo"], ["Gävle", "Umeå", "Oslo"]),
        ([1, 2, 3], ["1.0", "U", "3"], ["1", "U", "3"]),
        ([1.5, 2.25, 4.0], ["1,5", "2,25", "4,125"], [1.5, 2.25, 4.125]),
        ([1.5, 2.25, 4.0], ["1.5", "soon", "1,250"], ["1.5", "soon", "1250"]),
        (["1,5", "2,25", "0,75"], ["1.5", "2.25", "0.125"], [1.5, 2.25, 0.125]),
    ],
)
def test_labels_that_come_later_in_another_form_are_the_same_classes(first, later, labels):
    read_later = read_label(pd.Series(later), draft_label(pd.Series(first)))
    assert read_later.isna().tolist() == [label is None for label in labels]
    assert read_later.dropna().tolist() == [label for label in labels if label is not None]


def test_a_class_that_only_the_second_table_has_is_set_aside_and_said():
    train = pd.DataFrame({"x": range(40), "y": ["a", "b"] * 20})
    about = table_facts(train, {}, "mine.csv", target="y")
    about["test_rows"] = len(train)
    both = pd.concat([train, pd.DataFrame({"x": [90, 91, 92], "y": ["a", "NA?", "new"]})])
    both = both.reset_index(drop=True)
    cleaned, _ = clean_rows.repair_rows(both, {"columns": {"x": {"kind": "number"}}}, about)
    rows = cleaning_stage.sort_rows(cleaned, about)
    assert rows.reason.iloc[40:].isna().tolist() == [True, False, False]

    class Work:
        found = ()

        def find(self, *finding):
            self.found = finding

    work = Work()
    work.about = about
    clean_rows.note_new_classes(work, both, rows.reason)
    assert work.found[1] == "alarm" and "2 of 3 test rows" in work.found[3]


def test_many_classes_that_are_numbers_are_called_that():
    mixed = pd.Series([*map(str, range(60)), "low"])
    with pytest.raises(InputError, match="most are numbers, but for 'low': --set task=regression"):
        find_task(mixed, "y", "multiclass")
    with pytest.raises(InputError, match=r"has 3 here \(a, b, c\)"):
        find_task(pd.Series(list("abc")), "y", "binary")


def test_stage_one_says_what_it_took_the_target_for():
    frame = pd.read_csv(io.StringIO("x,y\n" + "1,NA\n2,EU\n" * 9), keep_default_na=False)
    about = table_facts(frame, {}, "mine.csv", target="y", no_label="")
    said = [one.code for one in collection_stage.target_findings(frame, about)]
    assert said == ["task", "label looks missing"] and about["task"] == "binary"
    with pytest.raises(InputError, match="one class only"):
        table_facts(frame, {}, "mine.csv", target="y", no_label="na")


def test_infinities_stay_no_labels():
    assert read([1.0, np.inf, 2.0]).isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("labels", "is_better"), [("nny", False), ("nnnyyy", False), ("nnnnnyyyyy", True)]
)
def test_a_perfect_score_on_very_few_rows_is_no_verdict(labels, is_better):
    truth = np.array([{"n": "no", "y": "yes"}[mark] for mark in labels], dtype=object)
    task = Task("y", "binary", ("no", "yes"), "yes")
    chance = (truth == "yes").astype(float)[:, None] * [-0.8, 0.8] + [0.9, 0.1]
    test = Labelled(task, pd.DataFrame(index=range(len(truth))), truth, np.arange(len(truth)))
    guessed = np.full(len(truth), "no", dtype=object), np.full((len(truth), 2), 0.5)
    interval = score_intervals(task, truth, truth, chance)
    scores = scores_table(task, score(task, truth, truth, chance),
                          score(task, truth, *guessed), {}, interval)  # fmt: skip
    found = judge(task, test, (truth, chance), guessed, scores, Requirement())
    assert passes(found["verdict"]) is is_better
    assert ("too few" in found["warning"]) is not is_better


def test_numbers_in_order_are_soon_no_luck():
    task = Task("y", "regression")
    assert chance_of_the_best(task, np.arange(3.0)) > 0.1
    assert chance_of_the_best(task, np.arange(6.0)) < 0.01


def test_a_number_that_may_mean_no_label_is_asked_about_in_a_measured_target():
    said = findings([*(n / 7 for n in range(1, 80)), *[-999.0] * 5])["label looks missing"]
    assert "-999" in said.message and "--set no_label='-999'" in said.message
    assert "label looks missing" not in findings([n / 7 for n in range(1, 80)])
    assert read([*map(str, range(1, 60)), "-999"], no_label=["-999"]).isna().sum() == 1
