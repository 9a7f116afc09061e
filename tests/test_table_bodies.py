"""Tables in bodies that unpack to far more than came: refused before they are built."""

import io
import time
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from helpers.serving import local_service, prediction_service, refusals, table_outline
from tests.small import post

PARQUET = "application/vnd.apache.parquet"
MOST = table_outline.Most(rows=10_000, bytes=32 * 2**20)


@pytest.fixture(scope="module")
def address(now):
    with local_service.serving(now.bundle, prediction_service.Service(now)) as address:
        yield address


def packed(**columns) -> bytes:
    body = io.BytesIO()
    parquet.write_table(pa.table(columns), body, compression="zstd")
    return body.getvalue()


def repeated(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


BOMBS = {
    "rows of nothing": (packed(weight=pa.nulls(3_000_000, pa.float64())), "row_count"),
    "a row too many": (packed(weight=np.zeros(10_001)), "row_count"),
    "one text in each row": (packed(city=repeated("x" * 9_000, 9_000)), "body_too_large"),
    "bytes": (packed(city=repeated("x" * 9_000, 9_000).cast(pa.binary())), "body_too_large"),
    "texts in mappings": (packed(city=pa.StructArray.from_arrays(
        [repeated("x" * 9_000, 9_000)], ["inner"])), "body_too_large"),
    "bytes of one length": (packed(city=pa.array([b"x" * 9_000] * 9_000, pa.binary(9_000))),
                            "body_too_large"),
    "a long list in one row": (packed(weight=[1.0], note=[list(np.zeros(400_000))]),
                               "not_a_table"),
    "columns": (packed(**{f"c{n}": [1] for n in range(1_100)}), "unknown_fields"),
    "cut off": (packed(weight=[1.0])[:-10], "not_a_table"),
}  # fmt: skip
TEXTS = {
    "lines": (b"weight\n" + b"1\n" * 400_000, "row_count"),
    "lines of a Macintosh": (b"weight\r" + b"1\r" * 400_000, "row_count"),
    "lines in one cell": (b'weight\n"' + b"1\n" * 400_000 + b'"', "row_count"),
    "a row too many": (b"weight\n" + b"1\n" * 10_001, "row_count"),
    "columns": (b"a," * 100_000 + b"\n1", "unknown_fields"),
    "columns, semicolons, no end": (b"a;" * 100_000, "unknown_fields"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_parquet_is_refused(address, name):
    body, code = BOMBS[name]
    reply = post(address, body, PARQUET)
    assert (reply.status_code, reply.json()["code"]) == (refusals.REFUSALS[code][0], code)


@pytest.mark.parametrize("name", TEXTS)
def test_more_lines_or_columns_than_a_request_may_have_are_refused(address, name):
    body, code = TEXTS[name]
    reply = post(address, body, "text/csv")
    assert reply.json()["code"] == code, reply.text


def test_a_bomb_is_refused_at_once_and_in_little_memory(now):
    body = packed(city=repeated("x" * 900_000, 9_990))  # 9 GB
    tracemalloc.start()
    before, began = pa.total_allocated_bytes(), time.perf_counter()
    with pytest.raises(refusals.Refused, match="unpacked"):
        table_outline.check_table(body, ".parquet", now.bundle.known, MOST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.perf_counter() - began < 2 and peak < 50e6
    assert pa.total_allocated_bytes() - before < 50e6


def test_long_texts_in_a_list_are_refused(now, monkeypatch):
    monkeypatch.setattr(table_outline, "MOST_INSIDE", 10_000_000)
    body = packed(weight=[1.0], note=[["x" * 10_000] * 2_000])
    with pytest.raises(refusals.Refused, match="'note.list.element' holds 2,000 values"):
        table_outline.check_table(body, ".parquet", now.bundle.known, MOST)


def test_as_many_as_allowed_are_answered(address, made):
    rows = pd.concat([made.raw.drop(columns="bought")] * 42, ignore_index=True).head(10_000)
    body = io.BytesIO()
    rows.assign(note="a note\nof two lines, that each row has").to_parquet(body, index=False)
    reply = post(address, body.getvalue(), PARQUET)
    assert reply.status_code == 200 and len(reply.json()) == 10_000
