"""Batch scoring in pieces: side by side, in their order, resumed, and one file at the end."""

import threading

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from helpers.base.locks import only_writer
from helpers.base.user_errors import InputError
from helpers.serving import batch_prediction, input_pieces, model_bundle, write_answers
from tests.small import prepared, write_run

PIECE = 40
CHANCES = ["probability_no", "probability_yes"]


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    """A run, and pieces so small that a little table has many, answered by the table scorer."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setattr(input_pieces, "PIECE", PIECE)
    monkeypatch.setattr(input_pieces, "LARGE", 100)
    monkeypatch.setattr(write_answers, "FEW", 1)
    monkeypatch.setattr(batch_prediction, "FEW", 1)
    return write_run(made)


@pytest.fixture
def rows(made):
    return made.raw.drop(columns="bought")


def scored(rows, tmp_path, source="rows.parquet", out="out.parquet") -> pd.DataFrame:
    file = tmp_path / source
    rows.to_csv(file, index=False) if source.endswith("csv") else rows.to_parquet(file)
    assert batch_prediction.predict_file("small", str(file), tmp_path / out) == len(rows)
    assert not list(tmp_path.glob(".*"))
    return pd.read_csv(tmp_path / out) if out.endswith("csv") else pd.read_parquet(tmp_path / out)


def answers_of(rows) -> pd.DataFrame:
    return model_bundle.predict_rows(model_bundle.load_bundle("small"), rows).reset_index(drop=True)


def without_pipeline(monkeypatch):
    def refuse(*_):
        raise AssertionError("The pipeline was asked.")

    monkeypatch.setattr(batch_prediction, "predict_rows", refuse)


@pytest.mark.parametrize("source", ["rows.csv", "rows.parquet"])
@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("cores", [1, 3])
def test_the_scorer_answers_every_row_in_its_place(
    run, rows, tmp_path, monkeypatch, source, out, cores
):
    without_pipeline(monkeypatch)
    monkeypatch.setattr(batch_prediction, "_cores", lambda: cores)
    rows = rows.assign(place=range(len(rows)))
    found = scored(rows, tmp_path, source, out)
    expected = answers_of(rows)
    assert found["place"].tolist() == list(range(len(rows)))
    assert found["prediction"].tolist() == expected["prediction"].tolist()
    assert found["probability_yes"].to_numpy() == pytest.approx(
        expected["probability_yes"].to_numpy(), abs=1e-9
    )


def test_a_scorer_that_differs_leaves_the_answers_to_the_pipeline(run, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_prediction, "why_not_table", lambda *_: "it differs")
    wrong = pd.DataFrame({"prediction": ["maybe"]})
    monkeypatch.setattr(batch_prediction, "_by_compiled", lambda *_: wrong)
    assert scored(rows, tmp_path)["prediction"].tolist() == answers_of(rows)["prediction"].tolist()


def test_a_file_of_few_rows_is_left_to_the_pipeline(run, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_prediction, "FEW", 1_000)
    monkeypatch.setattr(batch_prediction, "Compiled", None)
    assert scored(rows, tmp_path)["prediction"].tolist() == answers_of(rows)["prediction"].tolist()


def test_what_was_stopped_side_by_side_goes_on(run, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(batch_prediction, "_cores", lambda: 2)
    rows.to_parquet(tmp_path / "rows.parquet")
    source, out = str(tmp_path / "rows.parquet"), tmp_path / "out.parquet"
    score, answered = batch_prediction._by_compiled, []

    def until_the_fourth(scorer, rows, beside):
        if len(answered) >= 3:
            raise KeyboardInterrupt
        answered.append(len(rows))
        return score(scorer, rows, beside)

    monkeypatch.setattr(batch_prediction, "_by_compiled", until_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        batch_prediction.predict_file("small", source, out)
    assert not [t for t in threading.enumerate() if "ThreadPool" in t.name]
    assert [p.name for p in tmp_path.glob(".out*")] == [".out.parquet.pieces"]
    kept = len(list((tmp_path / ".out.parquet.pieces").glob("*.parquet")))
    again = []
    monkeypatch.setattr(
        batch_prediction, "_by_compiled", lambda s, r, b: again.append(len(r)) or score(s, r, b)
    )
    assert batch_prediction.predict_file("small", source, out) == len(rows)
    assert kept >= 2 and sum(again) == len(rows) - kept * PIECE
    found = pd.read_parquet(out)
    assert found["prediction"].tolist() == answers_of(rows)["prediction"].tolist()


# --- Columns of the result ----------------------------------------------------------------------


@pytest.mark.parametrize("few", [1, 10_000], ids=["compiled", "pipeline"])
def test_a_table_without_a_column_is_refused_and_nothing_is_written(run, rows, tmp_path,
                                                                    monkeypatch, few):  # fmt: skip
    monkeypatch.setattr(batch_prediction, "FEW", few)
    rows.drop(columns="city").to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(InputError, match="the first is 'city'"):
        batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_text_in_one_piece_is_text_in_all_as_the_source_has_it(run, rows, tmp_path):
    words = ["1.50"] * len(rows)
    words[-1] = "n/a"
    found = scored(rows.assign(word=words, whole=range(len(rows))), tmp_path, "rows.csv")
    assert found["word"].tolist() == words
    assert found["whole"].tolist() == list(range(len(rows)))
    assert len(found.columns) == len(rows.columns) + 5


def test_numbers_with_gaps_in_some_pieces_are_numbers_in_all(run, rows, tmp_path):
    some = [None] * PIECE + ["2.5"] * PIECE + ["3"] * (len(rows) - 2 * PIECE)
    gaps = ["3"] * PIECE + [None] * PIECE + ["2.5"] * (len(rows) - 2 * PIECE)
    found = scored(rows.assign(gaps=gaps, some=some), tmp_path, "rows.csv")
    assert pd.api.types.is_float_dtype(found["gaps"])
    assert found["gaps"].isna().sum() == PIECE and found["gaps"].iloc[-1] == 2.5


def test_columns_of_other_types_stay_what_they_are(run, rows, tmp_path):
    count = len(rows)
    more = {
        "flag": pd.array([True, None] * (count // 2), dtype="boolean"),
        "when": pd.date_range("2020-01-01", periods=count, freq="h", tz="UTC"),
        "id": [f"row {n}" for n in range(count)],
        "prediction": range(count),
    }
    found = scored(rows.assign(**more), tmp_path)
    assert found["flag"].dtype == "boolean" and found["flag"].isna().sum() == count // 2
    assert (found["when"] == more["when"]).all() and found["id"].tolist() == more["id"]
    assert found["prediction (in the rows)"].tolist() == list(range(count))
    plain = parquet.read_schema(tmp_path / "out.parquet")
    assert str(plain.field("id").type) == "string"


@pytest.mark.parametrize("change", ["named index", "category", "odd names"])
def test_a_table_that_needs_mending_is_read_as_ever(run, rows, tmp_path, change):
    if change == "named index":
        rows = rows.set_index(pd.Index([f"k{n}" for n in range(len(rows))], name="key"))
    elif change == "category":
        rows = rows.astype({"city": "category"})
    else:
        rows = rows.rename(columns={"note": " note "})
    found = scored(rows, tmp_path)
    assert found["prediction"].tolist() == answers_of(rows)["prediction"].tolist()
    assert (found.columns[0] == "key") == (change == "named index") and "note" in found


def test_words_of_which_each_piece_has_few_are_written_once(run, rows, tmp_path):
    """A dictionary of a whole row group is cut down to what a piece needs of it."""
    rows = rows.assign(id=[f"{n:04d}" for n in range(len(rows))])
    scored(rows, tmp_path)
    group = parquet.ParquetFile(tmp_path / "out.parquet").read_row_group(0, columns=["id"])
    assert group.column("id").to_pylist() == [f"{n:04d}" for n in range(PIECE)]
    tables = [t for _, t in input_pieces.read_in_pieces(str(tmp_path / "rows.parquet"))]
    assert [len(t.column("id").chunk(0).dictionary) for t in tables] == [PIECE] * len(tables)
    assert np.concatenate([t.column("id").to_numpy() for t in tables]).tolist() == list(rows["id"])


def test_texts_in_a_csv_file_are_written_as_pandas_writes_them(run, rows, tmp_path, monkeypatch):
    odd = ["a,b", 'say "no"', "two\nlines", "\ttab ", "é ß 漢", "plain", None, "'", "\r"]
    rows = rows.assign(odd=(odd * len(rows))[: len(rows)]).rename(columns={"note": 'no"te,'})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    fast = (tmp_path / "out.csv").read_bytes()
    monkeypatch.setattr(write_answers, "FEW", 1_000)
    batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    slow = pd.read_csv(tmp_path / "out.csv", dtype="str").drop(columns=CHANCES)
    assert fast.splitlines()[0] == (tmp_path / "out.csv").read_bytes().splitlines()[0]
    (tmp_path / "out.csv").write_bytes(fast)
    found = pd.read_csv(tmp_path / "out.csv", dtype="str")
    pd.testing.assert_frame_equal(found.drop(columns=CHANCES), slow)
    near = answers_of(rows)[CHANCES].to_numpy()
    assert found[CHANCES].astype(float).to_numpy() == pytest.approx(near, abs=1e-9)


# --- Where the result goes ------------------------------------------------------------------------


def test_one_command_at_a_time_writes_a_file_and_the_other_says_why(run, rows, tmp_path):
    rows.to_parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out.parquet"
    busy = pytest.raises(InputError, match="Another command is writing")
    with only_writer(tmp_path / "." / "out.parquet"), busy:
        batch_prediction.predict_file("small", str(tmp_path / "rows.parquet"), out)
    assert sorted(file.name for file in tmp_path.glob("*.parquet")) == ["rows.parquet"]
    assert len(scored(rows, tmp_path)) == len(rows)


@pytest.mark.parametrize("name", ["rows.parquet", "link.parquet", "hard.parquet"])
def test_the_rows_are_never_written_over(run, rows, tmp_path, name):
    file = tmp_path / "rows.parquet"
    rows.to_parquet(file)
    (tmp_path / "link.parquet").symlink_to(file)
    (tmp_path / "hard.parquet").hardlink_to(file)
    before = file.read_bytes()
    with pytest.raises(InputError, match="what the rows are read from"):
        batch_prediction.predict_file("small", str(file), tmp_path / name)
    assert file.read_bytes() == before


def test_a_result_is_not_written_among_the_rows_of_a_folder(run, rows, tmp_path):
    folder = tmp_path / "days"
    folder.mkdir()
    rows.to_parquet(folder / "day.parquet")
    with pytest.raises(InputError, match="lies in"):
        batch_prediction.predict_file("small", str(folder), folder / "out.parquet")
    assert [file.name for file in folder.iterdir()] == ["day.parquet"]


def test_a_source_of_a_recipe_is_not_written_over(run, rows, tmp_path):
    rows.to_csv(tmp_path / "rows.csv", index=False)
    recipe = tmp_path / "sources.yaml"
    recipe.write_text("sources:\n  rows: {data: rows.csv}\n")
    with pytest.raises(InputError, match="what the rows are read from"):
        batch_prediction.predict_file("small", str(recipe), tmp_path / "rows.csv")
