"""Shapes of tables: JSON of any orient, types of Arrow, dates of databases, saved indexes."""

import datetime as dt
import json
import sqlite3
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from helpers.base.user_errors import InputError
from helpers.collect.collect_rows import collect
from helpers.serving.input_pieces import read_in_pieces
from helpers.tables import set_aside
from helpers.tables.json_shapes import read_json
from helpers.tables.read_any import read_table

TABLE = pd.DataFrame({"n": [1, 2, 3, 4], "city": list("abcd"), "ok": [True, False, None, True]})
KEYED = TABLE.set_axis(["r1", "r2", "r3", "r4"])
RECORDS = TABLE.to_dict("records")


def same(frame: pd.DataFrame) -> bool:
    return frame["n"].tolist() == [1, 2, 3, 4] and frame["city"].tolist() == list("abcd")


@pytest.mark.parametrize("orient", ["records", "split", "index", "columns", "table"])
@pytest.mark.parametrize("table", [TABLE, KEYED])
def test_each_orient_of_pandas_is_read(orient, table):
    frame = read_json(table.to_json(orient=orient))
    assert same(frame)
    kept = {"key", "index"} & set(frame)
    assert len(kept) == (table is KEYED and orient not in ("records", "split"))


def test_rows_by_key_of_many_more_rows_than_columns():
    rows = {f"r{n}": {"x": n, "y": "p", "z": n / 2} for n in range(60)}
    frame = read_json(json.dumps(rows))
    assert frame.shape == (60, 4)
    assert "now the column ‘key’" in frame.attrs["oddities"][0]


@pytest.mark.parametrize(
    "content",
    [{"instances": RECORDS}, {"dataframe_split": TABLE.to_dict("split")}, {"rows": RECORDS},
     {"dataframe_records": RECORDS}, {"inputs": TABLE.to_dict("list")}, {"data": RECORDS},
     {"status": "ok", "response": {"docs": RECORDS, "count": 4}}, {"a": {"b": {"c": RECORDS}}},
     {"page": 1, "items": RECORDS}, [list(TABLE), *TABLE.values.tolist()]],
)  # fmt: skip
def test_rows_below_a_key_are_found(content):
    assert same(read_json(json.dumps(content, default=str)))


def test_nested_records_become_columns_with_dots():
    frame = read_json('[{"a": {"b": 1, "c": {"d": 2}}}, {"a": {"b": 3, "c": {"d": 4}}}]')
    assert frame.to_dict("list") == {"a.b": [1, 3], "a.c.d": [2, 4]}


def test_lines_that_are_no_json_are_set_aside_and_said():
    lines = "\n".join(map(json.dumps, RECORDS * 5))
    frame = read_json(f"{lines}\nERROR: timeout\n[1, 2]\n")
    assert len(frame) == 20
    assert set_aside.of(frame)["line"].tolist() == [21, 22]
    assert frame.attrs["oddities"] == ["Set aside: 2 lines of the file."]
    with pytest.raises(InputError, match="lines that are no JSON"):
        read_json('{"n": 1}\nx\ny\nz')


def test_whole_numbers_beside_a_gap_keep_their_digits(tmp_path):
    order = 2**53 + 1
    frame = read_json(json.dumps([{"order": order}, {"order": None}]))
    assert frame["order"].iloc[0] == str(order)
    file = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"order": [order, None]}), file)
    assert read_table(str(file))["order"].iloc[0] == str(order)


@pytest.mark.parametrize("bad", ['{"x": [1, 2], "y": [1]}', "[1, 2]", '"text"', "{}"])
def test_what_is_no_table_is_refused(bad):
    with pytest.raises(InputError):
        read_json(bad)


# --- Arrow's types ------------------------------------------------------------------------------

NOW = dt.datetime(2026, 3, 4, 5, 6, tzinfo=dt.UTC)
ARROW = {
    "float16": pa.array(np.array([0.5, 1.5], dtype=np.float16)),
    "decimal": pa.array([Decimal("1.25"), Decimal("3.50")]),
    "duration": pa.array([dt.timedelta(seconds=3), dt.timedelta(seconds=90)]),
    "dictionary": pa.array(["a", "b"]).dictionary_encode(),
    "dictionary of numbers": pa.array([7, 8]).dictionary_encode(),
    "large string": pa.array(["a", "b"], pa.large_string()),
    "view": pa.array(["a", "b"], pa.string_view()),
    "list": pa.array([[1], [2, 3]]),
    "struct": pa.array([{"a": 1}, {"a": 2}]),
    "map": pa.array([[("k", 1)], [("k", 2)]], pa.map_(pa.string(), pa.int64())),
    "time": pa.array([dt.time(1, 2), dt.time(3, 4)]),
    "zone": pa.array([NOW, NOW], pa.timestamp("us", "Europe/Oslo")),
    "date": pa.array([NOW.date(), NOW.date()]),
    "bytes": pa.array([b"a", b"b"]),
    "no text": pa.array([b"\xff", b"b"]),
    "null": pa.nulls(2),
}


@pytest.mark.parametrize("name", ARROW)
@pytest.mark.parametrize("form", ["parquet", "feather", "arrow", "stream"])
def test_each_type_of_arrow_is_read_as_one_that_every_stage_knows(name, form, tmp_path):
    table = pa.table({"x": ARROW[name], "y": [1, 2]})
    file = tmp_path / f"a.{'arrow' if form == 'stream' else form}"
    if form == "parquet":
        parquet.write_table(table, file)
    elif form == "stream":
        with ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    else:
        try:
            feather.write_feather(table, file)
        except pa.ArrowNotImplementedError as error:
            pytest.skip(str(error))
    column = read_table(str(file))["x"]
    assert column.dtype.kind in "fiMmb" or str(column.dtype) in ("str", "boolean")
    assert str(column.dtype) != "float16"
    ((_, piece),) = read_in_pieces(str(file))
    assert piece.num_rows == 2


@pytest.mark.parametrize(
    "column",
    [pd.Series([1, 2], dtype="category"), pd.Series(["a", None], dtype="category"),
     pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
     pd.Series(pd.arrays.SparseArray([0, 1])), pd.Series([1, 2], dtype="float16"),
     pd.Series(pd.cut([1, 5], [0, 2, 9]))],
    ids=lambda column: str(column.dtype)[:10],
)  # fmt: skip
def test_types_of_pandas_alone_become_plain_ones(column):
    from helpers.tables.tidy_table import tidy

    dtype = tidy(pd.DataFrame({"x": column, "y": [1, 2]}), "a")["x"].dtype
    assert dtype.kind in "fi" or str(dtype) == "str"


# --- Databases ----------------------------------------------------------------------------------


def database(tmp_path, declared: str, values: list) -> str:
    file = tmp_path / "a.db"
    with sqlite3.connect(file) as made:
        made.execute(f"CREATE TABLE bills (n INTEGER, at {declared})")
        made.executemany("INSERT INTO bills VALUES (?, ?)", list(enumerate(values)))
    return f"sqlite:///{file}"


@pytest.mark.parametrize(
    ("declared", "values", "first"),
    [("TIMESTAMP", [1_700_000_000, 1_700_086_400], "2023-11-14 22:13:20"),
     ("DATETIME", [1_700_000_000_000, None], "2023-11-14 22:13:20"),
     ("DATETIME", [2460000.5, 2460001.5], "2023-02-25"),
     ("DATE", [20240229, 20240301], "2024-02-29")],
)  # fmt: skip
def test_dates_of_a_database_that_are_numbers_are_read_and_said(tmp_path, declared, values, first):
    frame = read_table(database(tmp_path, declared, values))
    assert frame["at"].iloc[0] == pd.Timestamp(first)
    assert "they were read as" in frame.attrs["oddities"][0]


def test_dates_of_a_database_that_are_texts_stay_texts(tmp_path):
    frame = read_table(database(tmp_path, "DATE", ["01/03/2024", "17/03/2024"]))
    assert frame["at"].tolist() == ["01/03/2024", "17/03/2024"]
    assert "‘01/03/2024’" in frame.attrs["oddities"][0]


def test_small_numbers_in_a_date_column_stay_numbers(tmp_path):
    frame = read_table(database(tmp_path, "DATE", [3, 4]))
    assert frame["at"].tolist() == [3, 4]
    assert "they stay numbers" in frame.attrs["oddities"][0]


def test_sound_dates_of_a_database_are_read_as_before(tmp_path):
    frame = read_table(database(tmp_path, "DATE", ["2024-03-01", "2024-03-17"]))
    assert frame["at"].iloc[1] == pd.Timestamp("2024-03-17")
    assert "oddities" not in frame.attrs


# --- A saved index ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["as it was", "sorted by the answer", "a sample"])
@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_an_index_that_was_saved_is_left_out_and_said(tmp_path, order, name):
    frame = pd.DataFrame({"x": np.arange(50) % 7, "y": np.arange(50) % 2})
    if order == "sorted by the answer":
        frame = frame.sort_values("y").reset_index(drop=True)
    if order == "a sample":
        frame = frame.sample(20, random_state=1)
    file = tmp_path / "a.csv"
    frame.rename_axis(name or None).to_csv(file, index_label=name or None)
    read = collect(str(file))[0]
    assert list(read) == ["x", "y"]
    assert any("saved with the file" in said for said in read.attrs["oddities"])


@pytest.mark.parametrize("first", [range(1990, 2020), [5, 5, *range(28)], np.linspace(0, 1, 30)])
def test_a_nameless_column_of_anything_else_stays(tmp_path, first):
    file = tmp_path / "a.csv"
    pd.DataFrame({"": first, "x": range(30)}).to_csv(file, index=False)
    assert collect(str(file))[0].shape[1] == 2


@pytest.mark.parametrize("between", ["", "\n", "\n\n", " "])
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_one_behind_the_other_are_rows(tmp_path, between, indent):
    rows = [{"a": n, "b": f"x{n}"} for n in range(3)]
    file = tmp_path / "a.json"
    file.write_text(between.join(json.dumps(row, indent=indent) for row in rows))
    assert read_table(str(file)).to_dict("records") == rows
