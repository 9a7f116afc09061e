"""Rows that a model has learnt from: known again in a file, and new rows kept."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulations import new_rows
from helpers.base.user_errors import InputError
from helpers.line.run_folder import CHALLENGES, Run
from helpers.monitor import rows_learnt
from helpers.monitor.rows_learnt import as_note, copies

KINDS = pytest.mark.parametrize("draw", new_rows.TABLES, ids=lambda draw: draw.__name__)


def drawn(draw, rows=300, new=1_000, seed=0):
    random = np.random.default_rng(seed)
    return random, draw(random, rows), draw(random, new)


@KINDS
def test_new_rows_survive_however_often_equal_ones_were_learnt(draw):
    _, old, new = drawn(draw)
    assert not copies(as_note(old, np.arange(300)), new).any()


@KINDS
@pytest.mark.parametrize("deliver", new_rows.PLACED, ids=lambda deliver: deliver.__name__)
def test_a_file_that_grew_gives_only_what_is_new(draw, deliver):
    random, old, new = drawn(draw)
    if (draw, deliver) in new_rows.UNKNOWABLE:
        pytest.skip("nine rows in ten are equal")
    table, is_new = deliver(random, old, new)
    learnt = copies(as_note(old, np.arange(300)), table)
    assert learnt.sum() == (~is_new).sum()
    assert (learnt == ~is_new).mean() > 0.99  # an equal row may stand for another


def test_as_many_copies_are_left_out_as_were_learnt_in_whatever_order():
    random, old, new = drawn(new_rows.numbers)
    table = pd.concat([old, old.head(5), new]).sample(frac=1, random_state=1)
    learnt = copies(as_note(old, np.arange(300)), table.reset_index(drop=True))
    assert learnt.sum() == 300  # five came a second time


def test_rows_put_into_the_middle_are_new():
    _, old, new = drawn(new_rows.few_values)
    table = pd.concat([old[:120], new[:500], old[120:]], ignore_index=True)
    learnt = copies(as_note(old, np.arange(300)), table)
    kept, new = (rows.value_counts().sort_index() for rows in (table[~learnt], new[:500]))
    assert kept.equals(new)  # an equal row may stand for another


def test_rows_of_two_retrainings_are_known_by_their_own_places():
    _, table, _ = drawn(new_rows.few_values, rows=900)
    first, second = np.arange(0, 300), np.arange(450, 700)
    noted = pd.concat(
        [as_note(table.iloc[first], first, 0), as_note(table.iloc[second], second, 1)]
    )
    learnt = copies(noted, table)
    assert np.flatnonzero(learnt).tolist() == [*first, *second]


def test_a_corrected_row_is_new():
    _, old, _ = drawn(new_rows.numbers)
    again = old.copy()
    again.loc[7, "b"] = 99.0
    assert np.flatnonzero(~copies(as_note(old, np.arange(300)), again)).tolist() == [7]


def test_cells_are_compared_as_their_file_would_hold_them():
    whole, texts = pd.DataFrame({"n": [1.0, 2.0]}), pd.DataFrame({"n": ["1", "2"]})
    assert (rows_learnt.row_hashes(whole, ["n"]) == rows_learnt.row_hashes(texts, ["n"])).all()


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = Run("mine-2")
    run.write_json(CHALLENGES, {"model": "mine", "run": "mine", "fields": ["a", "b"]})
    return run


def test_the_note_of_an_earlier_version_is_read_and_few_values_are_kept(run):
    _, old, new = drawn(new_rows.numbers)
    hashes = pd.util.hash_pandas_object(old[["a", "b"]].astype("str"), index=False)
    pd.DataFrame({"row": hashes}).to_parquet(run.file(rows_learnt.EARLIER_FILE))
    table = pd.concat([old, new], ignore_index=True)
    assert np.flatnonzero(rows_learnt.is_learnt(run, table)).tolist() == list(range(300))
    twice = pd.DataFrame({"row": np.full(300, hashes[0])})
    twice.to_parquet(run.file(rows_learnt.EARLIER_FILE))
    same = pd.concat([old.head(1)] * 1_000, ignore_index=True)
    assert not rows_learnt.is_learnt(run, same).any()


def test_what_the_champion_has_learnt_later_is_noted_with_it(run):
    _, table, _ = drawn(new_rows.numbers, rows=100)
    rows_learnt.note_training_rows(run, run, table[:40], np.arange(40))
    other = Run("mine-3")
    rows_learnt.note_training_rows(other, run, table[60:90], np.arange(60, 90))
    assert np.flatnonzero(~rows_learnt.is_learnt(other, table)).tolist() == [
        *range(40, 60), *range(90, 100)
    ]  # fmt: skip


def test_a_broken_note_is_one_clear_line(run):
    run.write_text(rows_learnt.TRAINING_ROWS_FILE, "no table")
    with pytest.raises(InputError, match="training_rows.parquet, can't be read"):
        rows_learnt.is_learnt(run, pd.DataFrame({"a": [1]}))
