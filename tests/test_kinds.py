"""What a column holds is decided in one place."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import helpers
from helpers.cells.kinds import Kind, is_counted, is_number, kind_of

DAY = pd.Timestamp("2013-01-01")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.Series([1, 2]), "number"),
        (pd.Series([1, None], dtype="Int64"), "number"),
        (pd.Series([1.5], dtype="float32"), "number"),
        (pd.Series([1], dtype="int64[pyarrow]"), "number"),
        (pd.Series([True]), "boolean"),
        (pd.Series([True, None], dtype="boolean"), "boolean"),
        (pd.Series([True, False]).astype("category"), "boolean"),
        (pd.Series([DAY]), "date"),
        (pd.Series([DAY]).dt.tz_localize("UTC"), "date"),
        (pd.Series([DAY - DAY]), "duration"),
        (pd.Series(["a", None]), "text"),
        (pd.Series(["a", 1], dtype=object), "text"),
        (pd.Series([1, 2]).astype("category"), "text"),
        (pd.Series([1 + 2j]), "text"),
        (pd.Series([], dtype=object), "text"),
    ],
)
def test_the_kind_of_a_column_of_its_index_and_of_its_dtype(column, kind):
    assert kind_of(column) == kind == kind_of(column.dtype) == kind_of(pd.Index(column))
    assert is_number(column) == (kind == "number")
    assert is_counted(column) == (kind in ("number", "boolean"))


def test_numpy_and_words_for_types_have_a_kind_too():
    assert kind_of(np.dtype("float64")) is Kind.NUMBER and kind_of(np.array([True])) is Kind.BOOLEAN


def test_no_module_asks_pandas_for_itself():
    """Kinds within numbers (whole or not) and Arrow's texts are other questions."""
    package = Path(helpers.__file__).parent
    asks = re.compile(r"is_(numeric|bool|datetime64_any|timedelta64|complex)_dtype")
    found = {p.name for p in package.rglob("*.py") if asks.search(p.read_text())}
    # A learner is shown pandas' own, and what plain_cells writes is plain pandas
    assert found <= {"kinds.py", "chapter_02_data_cleaning.py", "plain_cells.py"}, found
