import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris, load_wine

from helpers.clean.column_cleaner import CHANGE_COLUMNS
from helpers.examples import flights_example, flights_sources, plant_errors, repair_scores
from helpers.tables import duplicate_rows, tidy_table

LETTERS = np.array(list("abcdefghiklmnoprstuvwy"))


def persons(count=400, seed=5):
    """Persons with names and streets from lists, as a register has them."""
    random = np.random.default_rng(seed)
    names = ["".join(random.choice(LETTERS, random.integers(5, 9))) for _ in range(150)]
    places = ["".join(random.choice(LETTERS, random.integers(6, 11))) for _ in range(80)]
    return pd.DataFrame(
        {
            " given name": random.choice(names[:70], count),
            "surname": random.choice(names, count),
            "street": random.choice(places, count) + " street",
            "number": random.integers(1, 90, count).astype(str),
            "town": random.choice(places[:30], count),
            "born": random.integers(19_100_101, 19_991_231, count).astype(str),
            "insured": random.integers(1_000_000, 9_999_999, count).astype(str),
        }
    )


def with_copies(frame, copies=150, errors=2, seed=6):
    """The frame with spoilt copies at the end, and the record of each row."""
    random = np.random.default_rng(seed)
    record = np.concatenate([np.arange(len(frame)), random.integers(0, len(frame), copies)])
    rows = frame.iloc[record].reset_index(drop=True).astype("str")
    for row in range(len(frame), len(rows)):
        for column in random.choice(len(frame.columns), errors, replace=False):
            text = rows.iloc[row, column]
            at = random.integers(1, len(text)) if len(text) > 1 else 0
            ways = [text[:at] + "x" + text[at:], text[:at] + text[at + 1 :], None]
            rows.iloc[row, column] = ways[random.integers(3)] or None
    return rows, record


def pair_score(record, group):
    same = record[:, None] == record[None]
    linked = group[:, None] == group[None]
    upper = np.triu(np.ones(same.shape, dtype=bool), 1)
    right = (same & linked & upper).sum()
    return right / max((linked & upper).sum(), 1), right / (same & upper).sum()


@pytest.mark.parametrize("errors", [1, 2, 3])
def test_spoilt_copies_of_persons_are_linked_and_other_persons_are_not(errors):
    rows, record = with_copies(persons(), errors=errors)
    precision, recall = pair_score(record, duplicate_rows.link(rows))
    assert precision >= 0.99 and recall >= 0.97


def test_nobody_is_linked_where_nobody_comes_twice():
    assert (duplicate_rows.link(persons()) == np.arange(400)).all()


def test_the_order_of_rows_does_not_change_who_is_linked():
    rows, _ = with_copies(persons())
    turned = duplicate_rows.link(rows[::-1].reset_index(drop=True))[::-1]
    group = duplicate_rows.link(rows)
    assert ((group[:, None] == group) == (turned[:, None] == turned)).all()


def test_a_group_is_numbered_by_its_first_row():
    group = duplicate_rows.link(with_copies(persons())[0])
    assert (group[group] == group).all() and (group <= np.arange(len(group))).all()


def hours():
    """Readings of an hour share the weather; the flights of an hour are not one flight."""
    random = np.random.default_rng(2)
    weather = pd.DataFrame(random.normal(50, 20, (200, 8)).round(2)).add_prefix("weather ")
    rows = weather.iloc[random.integers(0, 200, 1_500)].reset_index(drop=True)
    return rows.assign(
        flight=random.integers(1, 400, 1_500),
        tail=random.choice([f"N{n}AA" for n in range(300)], 1_500),
        gate=random.choice(list("ABCDEFGH"), 1_500),
    )


def levels():
    random = np.random.default_rng(3)
    columns = {f"c{n}": random.choice([f"level {m}" for m in range(9)], 900) for n in range(6)}
    return pd.DataFrame(columns).drop_duplicates()


@pytest.mark.parametrize(
    "frame",
    [load_iris(as_frame=True).frame, load_wine(as_frame=True).frame, hours(), levels()],
    ids=["iris", "wine", "flights of an hour", "levels"],
)
def test_rows_that_are_merely_alike_are_not_linked(frame):
    frame = frame.drop_duplicates()
    assert duplicate_rows.find_pairs(frame).empty


def test_flights_are_not_linked_and_their_spoilt_copies_are():
    table = flights_example.join(flights_sources.read_sources(until="2013-01-20"))
    table = tidy_table.evenly_spaced_rows(table, 4_000)
    assert duplicate_rows.find_pairs(table).empty
    dirty, key = plant_errors.inject(table, "near duplicate", rate=0.05)
    scored = repair_scores.score(
        pd.DataFrame(columns=CHANGE_COLUMNS), key, groups=duplicate_rows.link(dirty)
    )
    assert scored.by_kind["right"].max() >= 0.97 * 40


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": ["x"]}),
        pd.DataFrame({"a b\n": [None] * 5, "c": [1, 1, 2, 2, 3]}),
        pd.DataFrame({"a": ["x"] * 40, "b": ["y"] * 40}),
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01", None] * 4), "b": [True, None] * 4}),
    ],
)
def test_odd_frames_are_no_trouble(frame):
    assert duplicate_rows.link(frame).tolist() == list(range(len(frame)))


def test_pairs_come_the_surest_first_with_what_differs_counted():
    pairs = duplicate_rows.find_pairs(with_copies(persons(), errors=1)[0])
    assert pairs["bits"].is_monotonic_decreasing
    assert (pairs["left"] < pairs["right"]).all() and set(pairs["differ"]) <= {0, 1, 2}
