"""The table scorer: many rows at once, as the pipeline says, on every kind of column and model."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from helpers.cells import coded_column
from helpers.cells.reading_columns import Reader, repair_column
from helpers.clean import one_row_cleaner
from helpers.features import one_row_features
from helpers.pipeline import many_row_scorer
from helpers.pipeline.agreement_check import perturbed
from helpers.tables import arrow_tables
from tests.scorer_cases import CASES, CLASSES, RAW, fitted

FORMS = [(kind, model) for kind, model in CASES if "Dummy" not in type(model).__name__]


@pytest.mark.parametrize(
    ("kind", "model"), [*FORMS, ("binary", GaussianNB())], ids=lambda one: type(one).__name__
)
def test_it_says_what_the_pipeline_says(kind, model):
    whole, used = fitted(kind, model)
    made = many_row_scorer.TableScorer(CLASSES[kind], whole, used)
    assert many_row_scorer.why_not(made, whole, RAW) == ""
    asked = pd.concat([perturbed(RAW, seed) for seed in (1, 2, 3)], ignore_index=True)
    assert many_row_scorer.differences(made, whole, asked) == 0


def test_selected_numbers_are_scored_too():
    whole, used = fitted("binary", LogisticRegression(max_iter=500), keep=7)
    made = many_row_scorer.TableScorer(CLASSES["binary"], whole, used)
    assert many_row_scorer.why_not(made, whole, RAW) == ""


def test_rows_in_blocks_and_coded_texts_of_arrow_give_the_same(monkeypatch):
    whole, used = fitted("binary", LogisticRegression(max_iter=500))
    made = many_row_scorer.TableScorer(CLASSES["binary"], whole, used)
    expected = made.answer(many_row_scorer.columns_of_frame(RAW), len(RAW))
    monkeypatch.setattr(many_row_scorer, "BLOCK", 37)
    coded = arrow_tables.dictionary_encoded(RAW)
    found = made.answer(many_row_scorer.columns_of_table(coded, made.columns), len(RAW))
    assert (found[0] == expected[0]).all()
    assert found[1] == pytest.approx(expected[1], abs=1e-12)


def test_only_what_the_model_needs_is_cleaned():
    whole, _ = fitted("binary", LogisticRegression(max_iter=500))
    assert set(one_row_cleaner.plan_for(whole["clean"].plan_, ["size"])["columns"]) == {"size"}
    assert {"city", "zip"} <= set(
        one_row_cleaner.plan_for(whole["clean"].plan_, ["city"])["columns"]
    )


def test_a_scorer_that_differs_is_not_used(monkeypatch):
    whole, used = fitted("binary", LogisticRegression(max_iter=500))
    honest = one_row_features.scales_of

    def off(*arguments):
        centre, divisor, factor = honest(*arguments)
        return centre + 1e-3, divisor, factor

    monkeypatch.setattr(one_row_features, "scales_of", off)
    made = many_row_scorer.TableScorer(CLASSES["binary"], whole, used)
    assert "differs from the pipeline on" in many_row_scorer.why_not(made, whole, RAW)


def test_without_examples_nobody_knows():
    whole, used = fitted("binary", LogisticRegression(max_iter=500))
    made = many_row_scorer.TableScorer(CLASSES["binary"], whole, used)
    assert "run stage 7 again" in many_row_scorer.why_not(made, whole, None)


# --- Readers ------------------------------------------------------------------------------------


def test_a_reader_asks_once_for_texts_that_come_again(monkeypatch):
    plan = {"kind": "number", "unit": "kg"}
    reader, asked = Reader(plan), []
    read = Reader.read
    monkeypatch.setattr(
        Reader, "read", lambda self, texts: asked.extend(texts) or read(self, texts)
    )
    first = (
        arrow_tables.dictionary_encoded(pd.DataFrame({"x": ["1 kg", "2", None, "1 kg"]}))
        .column(0)
        .chunk(0)
    )
    column = coded_column.EncodedColumn.of_arrow(first)
    longer = column.with_cells(np.array([1]), ["3 lbs"])
    for cells, after in ((column, [1, 2, None, 1]), (longer, [1, 1.36078, None, 1])):
        values, kinds = reader.column(cells)
        expected, own = repair_column(cells.column(), plan)
        pd.testing.assert_series_equal(values.column(), expected)
        assert values.column().tolist() == pytest.approx(pd.Series(after).tolist(), nan_ok=True)
        assert cells.by_value(kinds, "").tolist() == own.tolist()
    assert asked.count("1 kg") == 3  # once by the reader, twice by those it is held against


def test_a_reader_reads_anew_what_begins_otherwise():
    reader = Reader({"kind": "number"})
    for texts in (["1", "2"], ["3", "2"], ["3"]):
        values, _ = reader.column(coded_column.EncodedColumn.of(pd.Series(texts, dtype="str")))
        assert values.column().tolist() == [float(text) for text in texts]


@pytest.mark.parametrize(
    "typed",
    [
        {"seen": lambda c: pd.to_datetime(c), "paid": lambda c: (c == "yes").astype("boolean")},
        {"seen": lambda c: pd.to_datetime(c).dt.tz_localize("Asia/Tokyo"), "zip": pd.to_numeric},
        {"size": lambda c: c.round().astype("Int64"), "weight": lambda c: range(len(c))},
        {"city": lambda c: None, "size": lambda c: np.inf, "note": lambda c: 5},
        {"maker": lambda c: c.astype("category"), "size": lambda c: c.astype(object)},
    ],
)
def test_columns_that_have_their_types_already_are_answered_alike(typed):
    whole, used = fitted("binary", LogisticRegression(max_iter=500))
    made = many_row_scorer.TableScorer(CLASSES["binary"], whole, used)
    rows = RAW.assign(**{name: change(RAW[name]) for name, change in typed.items()})
    assert many_row_scorer.differences(made, whole, rows) == 0
    coded = many_row_scorer.columns_of_table(arrow_tables.dictionary_encoded(rows), made.columns)
    own, expected = made.answer(coded, len(rows)), whole.predict_proba(rows)
    assert own[1] == pytest.approx(expected, abs=1e-9)


def test_absent_columns_are_missing_cells():
    whole, used = fitted("binary", LogisticRegression(max_iter=500))
    made = many_row_scorer.TableScorer(CLASSES["binary"], whole, used)
    assert many_row_scorer.differences(made, whole, RAW[["size"]]) == 0
