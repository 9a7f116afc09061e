"""All columns of a row together say which of its cells is wrong."""

import numpy as np
import pandas as pd
import pytest

from helpers.clean.cleaning_plan import draft_plan
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.doubtful_cells import apply_marks, open_review
from helpers.clean.one_row_cleaner import RowCleaner
from helpers.clean.row_evidence import RowEvidence
from helpers.review.answered_table import AnsweredTable
from helpers.review.listed_doubts import dependency

LETTERS = np.array(list("bdfgklmnprstvz"))


def words(random, count, size=8):
    return np.unique(["".join(w) for w in random.choice(LETTERS, (2 * count, size))])[:count]


def depots(rows=1_200, seed=4):
    """A number and a name for each depot, its town, and the town's county."""
    random = np.random.default_rng(seed)
    depot, town = random.integers(0, 80, rows), random.integers(0, 40, 80)
    county = random.integers(0, 9, 40)
    return pd.DataFrame({
        "number": np.array([f"D{1_000 + 37 * n}" for n in range(80)])[depot],
        "name": words(random, 80)[depot],
        "town": words(random, 40)[town[depot]], "county": words(random, 9)[county[town[depot]]],
        "driver": random.choice(words(random, 60), rows),
    }).astype("str")  # fmt: skip


def with_cells_of_other_rows(clean, share, columns, seed=7):
    random, dirty = np.random.default_rng(seed), clean.copy()
    for name in columns:
        rows = np.flatnonzero(random.random(len(clean)) < share)
        dirty.loc[rows, name] = random.choice(clean[name], len(rows))
    return dirty


def test_another_rows_value_is_put_right_whichever_column_it_is_in_and_no_sound_cell_breaks():
    clean = depots()
    dirty = with_cells_of_other_rows(clean, 0.04, clean.columns[:4])
    cleaned = Cleaner().fit_transform(dirty).astype("str")
    wrong = (dirty != clean).to_numpy()[:, :4]
    right = (cleaned == clean).to_numpy()[:, :4]
    assert right[wrong].mean() > 0.8
    assert right[~wrong].all()


def test_a_row_alone_is_repaired_as_among_others():
    dirty = with_cells_of_other_rows(depots(), 0.1, ["number", "name", "town"])
    plan = draft_plan(dirty)
    cleaned, one = Cleaner(plan).fit_transform(dirty), RowCleaner(plan, list(dirty.columns))
    for n in range(0, len(dirty), 7):
        raw = dirty.iloc[n].to_dict()
        row = one(raw, {name: read(raw[name]) for name, read in one.fields.items()})
        assert row == {k: None if pd.isna(v) else v for k, v in cleaned.iloc[n].items()}


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_changed_where_nothing_is_wrong_or_columns_only_go_together(seed):
    random = np.random.default_rng(seed)
    sound = depots(seed=seed)
    usual = (
        sound["town"]
        .str[:2]
        .map(lambda text: sorted(set(sound["driver"]))[sum(map(ord, text)) % 60])
    )
    sound["driver"] = usual.where(random.random(len(sound)) < 0.85, sound["driver"])
    sound["shift"] = random.choice(["early", "late", "night"], len(sound))
    assert Cleaner().fit(sound).repair(sound)[1].empty


def test_a_yes_does_not_overrule_cells_where_the_key_is_the_likelier_error():
    clean = depots()[["number", "name", "town", "county"]]
    dirty = with_cells_of_other_rows(clean, 0.05, ["number"])
    table = AnsweredTable(dirty, draft_plan(dirty))
    line = dependency("town", "number", 1, 0.5, "").lines[0] | {"apply": "yes"}
    table.apply([line])
    assert (table.texts["town"] == clean["town"]).mean() > 0.998


def test_each_other_column_counts_once_and_a_chance_fit_counts_less():
    rates = {"wrong": 0.02, "wrong_key": 0.02, "habit": 0.0}
    many = {str(n): f"town {n}" for n in range(50)}
    by_zip = {"from": ["zip"], "to": "town", "values": many} | rates
    back = {"from": ["town"], "to": "zip", "values": {v: k for k, v in many.items()}} | rates
    one, both = RowEvidence([by_zip], []), RowEvidence([by_zip], [back])
    for evidence, cells in ((one, {}), (both, {"zip": "1"})):
        found = evidence.likelier("town 1", "town 2", ["town 1"], cells)
        assert found == pytest.approx(7.6, abs=0.2)
    few = RowEvidence([by_zip | {"values": {"1": "north", "2": "south"}}], [])
    assert few.likelier("north", "south", ["north"], {}) == pytest.approx(4.6, abs=0.2)
    habit = RowEvidence([by_zip | {"habit": 0.1}], [])
    assert habit.likelier("town 1", "town 2", ["town 1"], {}) == pytest.approx(2.3, abs=0.1)


def test_what_a_key_does_not_know_speaks_for_no_value():
    rates = {"wrong": 0.02, "wrong_key": 0.02, "habit": 0.0}
    by_zip = {"from": ["zip"], "to": "town", "values": {"1": "Salem", "2": "Lynn"}} | rates
    gives = {"from": ["town"], "to": "county", "values": {"Salem": "Essex"}} | rates
    evidence = RowEvidence([by_zip], [gives])
    assert evidence.likelier("Lynn", "Salem", ["Salem"], {"county": "Norfolk"}) < 0


def test_a_key_that_a_third_column_fits_is_believed_more_and_less_where_it_does_not():
    rates = {"wrong": 0.02, "wrong_key": 0.02, "habit": 0.0}
    to_band = {"from": ["rate"], "to": "band", "values": {"1": "a", "2": "b"}} | rates
    to_state = {"from": ["rate"], "to": "state", "values": {"1": "OR", "2": "WA"}} | rates
    evidence = RowEvidence([to_band], [to_state])
    unsaid = evidence.likelier("a", "b", ["a"], {"rate": "1", "state": None})
    assert evidence.likelier("a", "b", ["a"], {"rate": "1", "state": "OR"}) > unsaid
    assert evidence.likelier("a", "b", ["a"], {"rate": "1", "state": "WA"}) < unsaid


def test_a_key_of_two_columns_is_found_where_neither_gives_the_third_and_none_in_noise():
    random = np.random.default_rng(2)
    state, band = random.integers(0, 9, 1_500), random.integers(0, 7, 1_500)
    rates = 1 + random.permutation(63).reshape(9, 7)[state, band] / 20
    sound = pd.DataFrame({"state": words(random, 9)[state], "band": words(random, 7)[band],
                          "rate": [f"{one:.2f}" for one in rates],
                          "shift": random.choice(["early", "late"], 1_500)})  # fmt: skip
    dirty = sound.copy()
    dirty.loc[::50, "rate"] = None
    cleaned = Cleaner().fit_transform(dirty)
    assert cleaned["rate"].tolist() == sound["rate"].astype(float).tolist()
    noise = dirty.assign(rate=random.permutation(dirty["rate"]))
    assert not [one for one in draft_plan(noise).get("relations", []) if len(one["from"]) > 1]


def test_marks_under_the_earlier_name_of_a_kind_are_still_read(tmp_path):
    line = dependency("town", "number", 1, 0.5, "").lines[0] | {"apply": "yes"}
    listed = pd.DataFrame([line | {"kind": "sources disagree", "question": ""}])
    listed.to_csv(tmp_path / "review.csv", index=False)
    marked = open_review(str(tmp_path / "review.csv"))
    plan = {"columns": {"number": {"kind": "category"}, "town": {"kind": "category"}}}
    assert apply_marks(plan, marked)["relations"][0]["from"] == ["number"]


def planes(rows=6_000, seed=4):
    """Flights with a plane; its model and make are missing where no register has it."""
    random = np.random.default_rng(seed)
    route, slot = random.integers(0, 40, rows), random.integers(0, 5, rows)
    of_pair = np.where(random.random((40, 5)) < 0.5, np.arange(40)[:, None], np.arange(5) * 5)
    usual = of_pair[route, slot] % 9
    model = np.where(random.random(rows) < 0.09, random.integers(0, 9, rows), usual)
    frame = pd.DataFrame({
        "route": words(random, 40)[route], "slot": words(random, 5, 5)[slot],
        "plane": words(random, 900)[model * 100 + random.integers(0, 100, rows)],
        "model": words(random, 9)[model], "make": words(random, 3, 6)[model % 3],
    })  # fmt: skip
    unknown = frame["plane"].isin(np.unique(frame["plane"])[::9])
    frame.loc[unknown, ["model", "make"]] = None
    return frame


def test_a_gap_is_not_filled_by_a_dependency_with_exceptions_that_no_error_explains():
    """The route says which plane flies it mostly, not which one that no register has."""
    frame = planes()
    plan = draft_plan(frame, {})
    assert [one["from"] for one in plan["relations"]] == [["slot", "route"]]
    cleaned = Cleaner(plan).fit(frame).transform(frame)
    assert cleaned["model"].isna().sum() == frame["model"].isna().sum() > 300
