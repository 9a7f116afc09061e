"""Distinct rows out of core: each row once, counts that add up, and nothing half written."""

import pandas as pd
import pytest

pytest.importorskip("duckdb", reason="the extra duckdb is not installed")

from helpers.base.user_errors import InputError  # noqa: E402
from helpers.scale.duckdb_distinct import distinct_rows  # noqa: E402
from tests.small import raw_table  # noqa: E402


@pytest.fixture
def folder(tmp_path):
    rows = raw_table()
    for number, part in enumerate([rows, rows.iloc[::-1].head(100), raw_table(30, seed=1)]):
        (tmp_path / "rows").mkdir(exist_ok=True)
        part.to_parquet(tmp_path / f"rows/{number}.parquet")
    return tmp_path / "rows"


def test_each_row_is_kept_once_as_pandas_has_it(folder, tmp_path):
    found = distinct_rows(folder, tmp_path / "once", "500MB")
    every = pd.concat([pd.read_parquet(f) for f in folder.iterdir()])
    kept = pd.read_parquet(tmp_path / "once")[list(every)]
    names = list(every)
    expected = every.drop_duplicates().sort_values(names).reset_index(drop=True)
    pd.testing.assert_frame_equal(kept.sort_values(names).reset_index(drop=True), expected)
    assert found == {"rows_in": 370, "rows_out": len(expected), "set_aside": 370 - len(expected)}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["once", "rows"]


@pytest.mark.parametrize(
    ("out", "memory", "says"),
    [
        ("rows/in", "1GB", "lies inside"),
        ("rows", "1GB", "exists already"),
        ("no/once", "1GB", "does not exist"),
        ("once", "much", "--memory is a size"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_line(folder, tmp_path, out, memory, says):
    with pytest.raises(InputError, match=says):
        distinct_rows(folder, tmp_path / out, memory)


def test_too_little_memory_says_so_and_leaves_nothing(folder, tmp_path):
    with pytest.raises(InputError, match="--memory"):
        distinct_rows(folder, tmp_path / "once", "1MB")
    assert [p.name for p in tmp_path.iterdir()] == ["rows"]


def test_a_source_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "rows.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match="neither a folder"):
        distinct_rows(tmp_path / "rows.csv", tmp_path / "once")
