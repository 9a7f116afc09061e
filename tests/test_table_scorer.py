"""Many rows at once: in blocks, from Arrow, from typed columns; the memory of readers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.cells import coded_column
from helpers.cells.reading_columns import Reader, repair_column
from helpers.clean import one_row_cleaner
from helpers.features import compiled_features
from helpers.learning.predicting import predict
from helpers.pipeline.agreement_check import differing
from helpers.tables import arrow_tables
from tests.scorer_cases import RAW, compiled, fitted


def test_rows_in_blocks_and_coded_texts_of_arrow_give_the_same(monkeypatch):
    made, whole = compiled("binary", LogisticRegression(max_iter=500))
    expected = made.frame(RAW)
    monkeypatch.setattr(compiled_features, "BLOCK", 37)
    found = made.arrow(arrow_tables.dictionary_encoded(RAW))
    assert (found[0] == expected[0]).all()
    assert found[1] == pytest.approx(expected[1], abs=1e-12)


def test_only_what_the_model_needs_is_cleaned():
    whole, _ = fitted("binary", LogisticRegression(max_iter=500))
    assert set(one_row_cleaner.plan_for(whole["clean"].plan_, ["size"])["columns"]) == {"size"}
    assert {"city", "zip"} <= set(
        one_row_cleaner.plan_for(whole["clean"].plan_, ["city"])["columns"]
    )


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
    made, whole = compiled("binary", LogisticRegression(max_iter=500))
    rows = RAW.assign(**{name: change(RAW[name]) for name, change in typed.items()})
    expected = predict(made.task, whole, rows)
    assert differing(made.frame(rows), expected) == 0
    assert differing(made.arrow(arrow_tables.dictionary_encoded(rows)), expected) == 0


def test_absent_columns_are_missing_cells():
    made, whole = compiled("binary", LogisticRegression(max_iter=500))
    rows = RAW[["size"]]
    assert differing(made.frame(rows), predict(made.task, whole, rows)) == 0
