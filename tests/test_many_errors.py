"""Tables in which many cells are wrong: what columns say of each other still repairs them."""

import numpy as np
import pandas as pd
import pytest

from helpers.clean.cleaning_plan import draft_plan
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.functional_dependencies import share_of_errors
from helpers.clean.one_row_cleaner import RowCleaner

RANDOM = np.random.default_rng(5)
LETTERS = np.array(list("bdfgklmnprstvz"))


def words(count, size):
    return np.array(["".join(w) for w in RANDOM.choice(LETTERS, (count, size))])


CLUBS, TOWNS, COACHES = words(45, 12), words(30, 9), words(45, 10)
SIGNS = np.array([f"{w[:3]}{n:03d}" for n, w in enumerate(words(45, 3))])


def sound(rows=900):
    """Matches of clubs, which give town, coach and sign; all but one play in one league."""
    club = np.random.default_rng(1).integers(0, 45, rows)
    league = np.where(club == 7, "dy", "da")
    return pd.DataFrame({"club": CLUBS[club], "sign": SIGNS[club], "town": TOWNS[club % 30],
                         "coach": COACHES[club], "league": league})  # fmt: skip


def spoilt(clean, rate, seed=2):
    """A share of the cells with a wrong letter, empty, or another row's."""
    random, dirty = np.random.default_rng(seed), clean.copy()
    for name in clean:
        cells = clean[name].to_numpy(dtype=object).copy()
        for row in np.flatnonzero(random.random(len(cells)) < rate):
            text, at = cells[row], random.integers(len(cells[row]))
            wrong = text[:at] + "x" + text[at + 1 :]
            cells[row] = [wrong, wrong, wrong, None, cells[random.integers(len(cells))]][
                random.integers(5)
            ]
        dirty[name] = pd.Series(cells, dtype="str")
    return dirty


@pytest.mark.parametrize(("rate", "right"), [(0.1, 0.98), (0.3, 0.93), (0.45, 0.85)])
def test_most_cells_are_right_afterwards_and_hardly_a_sound_one_is_broken(rate, right):
    clean = sound()
    dirty = spoilt(clean, rate)
    cleaned = Cleaner().fit_transform(dirty)
    broken = ((dirty == clean) & (cleaned != clean)).to_numpy().sum()
    assert float((cleaned == clean).to_numpy().mean()) >= right
    assert broken <= 3


def test_a_rare_value_that_is_at_home_in_its_rows_is_no_error_of_a_frequent_one():
    clean = sound()
    cleaned = Cleaner().fit_transform(spoilt(clean, 0.2))
    own = clean["club"] == CLUBS[7]
    assert (cleaned.loc[own, "league"].dropna() == "dy").mean() > 0.9
    assert (cleaned.loc[~own, "league"].dropna() == "da").mean() > 0.98


def test_one_row_alone_is_cleaned_as_among_many_in_two_passes():
    dirty = spoilt(sound(), 0.3)
    plan = draft_plan(dirty)
    cleaned, one = Cleaner(plan).fit_transform(dirty), RowCleaner(plan, list(dirty.columns))
    for n in range(0, len(dirty), 9):
        raw = {k: None if pd.isna(v) else v for k, v in dirty.iloc[n].items()}
        seen = {k: (None, "") if v is None else one.fields[k](v) for k, v in raw.items()}
        assert one(raw, seen) == {k: None if pd.isna(v) else v for k, v in cleaned.iloc[n].items()}


def test_a_table_without_errors_is_read_as_ever():
    clean = sound()
    plan = draft_plan(clean)
    assert share_of_errors(clean, plan["columns"]) == 0
    assert len(Cleaner(plan).fit(clean).repair(clean)[1]) == 0
