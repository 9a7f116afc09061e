"""Frames of other libraries in a notebook: explored, cleaned and scored as those of pandas are."""

import pandas as pd
import pyarrow as pa
import pytest

from helpers.base.user_errors import InputError
from helpers.clean.column_cleaner import Cleaner
from helpers.explore import explore_table as explore
from helpers.serving.model_bundle import predict_rows, predict_table
from helpers.tables.frames import as_pandas
from tests.small import bundle_of, prepared


class Streamed:
    """What any library gives: nothing but Arrow's C stream."""

    def __init__(self, table: pa.Table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Cursor:
    """A result of ADBC, as a cursor gives it."""

    def __init__(self, table: pa.Table):
        self.fetch_arrow_table = lambda: table


def of_polars(table: pa.Table):
    return pytest.importorskip("polars", reason="polars is not installed").from_arrow(table)


def of_lazy_polars(table: pa.Table):
    return of_polars(table).lazy()


def of_duckdb(table: pa.Table):
    return pytest.importorskip("duckdb", reason="duckdb is not installed").from_arrow(table)


def of_narwhals(table: pa.Table):
    return pytest.importorskip("narwhals", reason="narwhals is not installed").from_native(table)


def of_adbc(table: pa.Table):
    adbc = pytest.importorskip("adbc_driver_sqlite.dbapi", reason="ADBC is not installed")
    connection = adbc.connect()
    cursor = connection.cursor()
    cursor.adbc_ingest("rows", table)
    cursor.execute("SELECT * FROM rows")
    return cursor


FORMS = [lambda t: t, lambda t: t.to_reader(), lambda t: t.combine_chunks().to_batches()[0],
         Streamed, Cursor, of_polars, of_lazy_polars, of_duckdb, of_narwhals, of_adbc]  # fmt: skip
NAMES = ["table", "reader", "batch", "stream", "cursor", "polars", "lazy polars", "duckdb",
         "narwhals", "adbc"]  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_rows_of_any_library_are_scored_as_those_of_pandas(form, made):
    bundle, rows = bundle_of(made), made.raw.head(40)
    table = form(pa.Table.from_pandas(rows, preserve_index=False))
    pd.testing.assert_frame_equal(
        predict_rows(bundle, table), predict_rows(bundle, rows).reset_index(drop=True)
    )


def test_a_table_comes_back_with_its_columns_and_the_answers(made):
    rows = made.raw.head(5)
    scored = predict_table(bundle_of(made), Streamed(pa.Table.from_pandas(rows)))
    assert {"prediction", *made.plan["columns"]} <= set(scored)


@pytest.mark.parametrize("form", FORMS[:5], ids=NAMES[:5])
def test_a_table_of_any_library_is_explored(form):
    table = pa.table({"x": [1.0, None, 3.0], "city": ["a", "A", "b"]})
    found = explore.look(form(table))
    assert [finding.code for finding in found.findings] == ["spellings collide"]


@pytest.mark.parametrize("form", FORMS[:5], ids=NAMES[:5])
def test_a_table_of_any_library_is_cleaned(form):
    table = pa.table({"city": ["New York", "new  york", "New York", "N/A"]})
    cleaned = Cleaner().fit(table).transform(form(table))
    assert cleaned["city"].tolist()[:3] == ["New York"] * 3


def test_numbers_are_not_copied():
    table = pa.table({"x": pa.array(range(1_000_000), pa.float64())})
    frame = as_pandas(Streamed(table))
    assert (
        frame["x"].to_numpy().__array_interface__["data"][0]
        == table["x"].chunk(0).buffers()[1].address
    )


def test_what_is_no_table_is_refused_in_a_line():
    with pytest.raises(InputError, match="A table is a frame of pandas, polars.*; a list came"):
        as_pandas([1, 2])
