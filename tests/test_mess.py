import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from benchmarks.cleaning import answer_key_of
from helpers.base.user_errors import InputError
from helpers.cells.as_texts import texts
from helpers.clean.column_cleaner import CHANGE_COLUMNS
from helpers.examples import penguins_example, plant_errors, repair_scores
from helpers.tables import read_any

RANDOM = np.random.default_rng(7)
ROWS = 600
FRAME = pd.DataFrame(
    {
        "city": RANDOM.choice(["São Paulo", "Zürich", "Boston", "Salem", "Orlando"], ROWS),
        "state": RANDOM.choice(["New York", "California", "Texas", "Ohio"], ROWS),
        "weight": RANDOM.normal(4_000, 900, ROWS).round(1),
        "height": RANDOM.normal(30, 4, ROWS).round(2),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(RANDOM.integers(0, 900, ROWS), "D"),
        "note one\nline": RANDOM.choice(["it was fine", "nobody came", "all went home"], ROWS),
        "paid": RANDOM.choice([True, False], ROWS),
        "label": RANDOM.choice(["a", "b"], ROWS),
    }
)
CELL_KINDS = [kind for kind in plant_errors.KINDS if kind not in plant_errors.ROW_KINDS]


def planted(kinds=tuple(plant_errors.KINDS), rate=0.1, frame=FRAME, **options):
    return plant_errors.inject(frame, kinds, rate=rate, protect=["label"], **options)


def log(rows):
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS).astype({"before": "str", "after": "str"})


def perfect_log(key):
    """What a cleaner that knows everything would change."""
    cells = key[key["column"].notna()]
    return cells.assign(before=cells["planted"], after=cells["true"], rule="")[CHANGE_COLUMNS]


def test_the_same_seed_plants_the_same_mess_and_another_seed_another():
    (dirty, key), (again, key_again) = planted(seed=1), planted(seed=1)
    pd.testing.assert_frame_equal(dirty, again)
    pd.testing.assert_frame_equal(key, key_again)
    assert not planted(seed=2)[1].equals(key)


@pytest.mark.parametrize("kind", CELL_KINDS)
def test_every_kind_is_planted_and_the_key_says_what_and_where(kind):
    # units and ambiguous dates need other errors in the column to be told from
    company = {"unit": ["number as text"], "ambiguous date": ["date"]}
    dirty, key = planted([kind, *company.get(kind, [])])
    own = key[key["kind"] == kind]
    assert len(own) > 5
    for line in key.to_dict("records"):
        assert same(texts(dirty[line["column"]]).iloc[line["row"]], line["planted"])
        assert same(texts(FRAME[line["column"]]).iloc[line["row"]], line["true"])
        assert line["true"] != line["planted"]


def same(left, right):
    both_missing = pd.isna(left) and pd.isna(right)
    return both_missing or left == right or float(left) == float(right)


def test_no_other_cell_is_touched_and_none_twice():
    dirty, key = planted(CELL_KINDS)
    assert not key.duplicated(["row", "column"]).any()
    spoilt = set(zip(key["row"], key["column"], strict=True))
    for name in FRAME:
        before, after = texts(FRAME[name]), texts(dirty[name])
        rows = np.flatnonzero(~repair_scores.are_same_values(before, after))
        assert {(row, name) for row in rows} <= spoilt
    assert dirty["label"].equals(FRAME["label"])


def test_the_rate_is_the_share_of_cells():
    for rate in (0.02, 0.1):
        key = planted(CELL_KINDS, rate=rate)[1]
        assert len(key) == pytest.approx(rate * FRAME.size, rel=0.15)
    assert planted(rate=0)[1].empty


def test_missing_by_another_depends_on_it():
    frame = pd.DataFrame({"x": ["a"] * 2_000, "y": np.arange(2_000.0)})
    key = plant_errors.inject(frame, "missing by another", rate=0.05, columns=["x"])[1]
    assert (key["row"] >= 1_399).all() and len(key) >= 90


def test_rows_that_come_twice_are_in_the_key_with_the_one_they_repeat():
    dirty, key = planted(rate=0.2)
    for kind in plant_errors.ROW_KINDS:
        copies = key[(key["kind"] == kind) & key["column"].isna()]
        assert len(copies) == round(0.2 * plant_errors.DUPLICATES * len(FRAME)) > 0
        for row, original in zip(copies["row"], copies["true"].astype(int), strict=True):
            differ = (texts_of(dirty.iloc[row]) != texts_of(dirty.iloc[original])).sum()
            assert differ == 0 if kind == "exact duplicate" else differ <= 2


def texts_of(row):
    return row.astype("str").fillna("")


def test_every_spoilt_cell_of_a_copy_is_in_the_key_too():
    dirty, key = planted(rate=0.2)
    scored = repair_scores.score(perfect_log(key), key)
    assert scored.total["broken"] == 0 and scored.total["wrong"] == 0
    for line in key[key["column"].notna()].to_dict("records"):
        assert same(texts(dirty[line["column"]]).iloc[line["row"]], line["planted"])


def test_mess_survives_parquet_and_csv(tmp_path):
    dirty, key = planted()
    dirty.to_parquet(tmp_path / "dirty.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "dirty.parquet"), dirty)
    key.to_parquet(tmp_path / "key.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "key.parquet"), key)


def test_units_that_a_person_knows_are_kept_to():
    frame = pd.DataFrame({"speed": np.linspace(10, 90, 500)})
    key = plant_errors.inject(frame, ["unit", "number as text"], rate=0.3, units={"speed": "mph"})[
        1
    ]
    ends = key.groupby("kind")["planted"].agg(lambda t: set(t.str.split(" ").str[-1]))
    assert ends["unit"] == {"km/h"} and ends["number as text"] == {"mph"}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [None] * 30}, dtype="str"),
        pd.DataFrame({"x": [1.0]}),
        pd.DataFrame({"x": []}, dtype=float),
        pd.DataFrame({"a b": list("xyz") * 9, "a\nb": [None, 1.0, np.inf] * 9}),
        load_wine(as_frame=True).frame,
    ],
)
def test_odd_tables_are_spoilt_without_complaint(frame):
    dirty, key = plant_errors.inject(frame, rate=0.3)
    assert dirty.columns.tolist() == frame.columns.tolist()
    assert len(dirty) >= len(frame) and set(key["kind"]) <= set(plant_errors.KINDS)


def test_penguins_are_spoilt_too():
    table = read_any.read_table(str(penguins_example.penguins()))
    dirty, key = plant_errors.inject(table, rate=0.05)
    assert key["kind"].nunique() > 10 and len(dirty) > len(table)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kinds": ["typos"]}, "Did you mean 'typo'"),
        ({"rate": 0.7}, "from 0 to 0.5"),
        ({"columns": ["citty"]}, "Did you mean 'city'"),
        ({"protect": ["nothing"]}, "no column 'nothing'"),
    ],
)
def test_a_request_that_cant_be_met_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        plant_errors.inject(FRAME, **options)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match="more than one column 'x'"):
        plant_errors.inject(pd.DataFrame([[1, 2]], columns=["x", "x"]))


# --- The score --------------------------------------------------------------------------------

KEY = pd.DataFrame(
    [
        (0, "city", "typo", "Boston", "Bostom"),
        (1, "city", "typo", "Salem", "Slaem"),
        (2, "weight", "number as text", "1234.5", "1,234.50"),
        (3, "weight", "null word", "7", "N/A"),
        (4, "weight", "missing", "8", None),
        (5, "day", "ambiguous date", "2020-03-02", "02/03/2020"),
        (9, None, "exact duplicate", "2", None),
        (8, None, "near duplicate", "1", None),
    ],
    columns=plant_errors.ANSWER_KEY_COLUMNS,
).astype({"column": "str", "kind": "str", "true": "str", "planted": "str"})


def test_the_score_counted_by_hand():
    changes = log(
        [
            (0, "city", "typo", "Bostom", "Boston", ""),  # right
            (1, "city", "typo", "Slaem", "Boston", ""),  # wrong
            (2, "weight", "number", "1,234.50", "1234.5", ""),  # right
            (3, "weight", "missing word", "N/A", None, ""),  # right: nobody knows what it was
            (5, "day", "date", "02/03/2020", "2020-02-03 00:00:00", ""),  # wrong
            (6, "city", "typo", "Newark", "New York", ""),  # a sound cell broken
            (7, "weight", "number", "1.50", "1.5", ""),  # says the same
        ]
    )
    total = repair_scores.score(changes, KEY).total
    counted = {name: total[name] for name in ("planted", "right", "wrong", "broken")}
    assert counted == {"planted": 5, "right": 3, "wrong": 2, "broken": 1}
    assert total["precision"] == pytest.approx(3 / 6) and total["recall"] == pytest.approx(3 / 5)
    assert total["f1"] == pytest.approx(2 * 0.5 * 0.6 / 1.1)


def test_the_score_by_kind_by_column_and_what_was_broken():
    changes = log([(0, "city", "typo", "Bostom", "Boston", ""), (6, "day", "date", "x", None, "")])
    scored = repair_scores.score(changes, KEY)
    assert scored.by_kind.loc["typo", ["planted", "right", "untouched"]].tolist() == [2, 1, 1]
    assert scored.by_kind.loc["missing", "recall"] == 0
    assert scored.by_column.loc["day", ["planted", "broken"]].tolist() == [1, 1]
    assert scored.broken[["row", "column"]].values.tolist() == [[6, "day"]]


def test_rows_that_come_twice_are_scored_by_what_became_of_them():
    reason = pd.Series([None, None, "duplicate", None, None, None, "duplicate", None, None, None])
    groups = [0, 1, 2, 3, 4, 5, 6, 7, 1, 9]
    scored = repair_scores.score(log([]), KEY, reason=reason, groups=groups)
    assert scored.by_kind.loc["exact duplicate", "right"] == 1  # its original was set aside
    assert scored.by_kind.loc["near duplicate", "right"] == 1
    assert scored.total["rows_broken"] == 1  # row 6 repeats nothing
    alone = repair_scores.score(log([]), KEY, reason=reason, groups=range(10))
    assert alone.by_kind.loc["near duplicate", "right"] == 0


def test_a_cleaner_that_knows_everything_scores_one_and_one_that_does_nothing_zero():
    key = planted()[1]
    assert repair_scores.score(perfect_log(key), key).total["f1"] == 1
    nothing = repair_scores.score(log([]), key).total
    assert nothing["recall"] == 0 and np.isnan(nothing["precision"])
    assert "n/a" in repair_scores.describe_score(repair_scores.score(log([]), key))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("12 %", "12", True),
        ("3 kg", "3", True),
        ("36x", "36", False),  # no unit
        ("2013-01-01T10:00:00Z", "2013-01-01 10:00:00", True),
        ("a  b", "a b", True),
        ("True", "yes", True),
        ("A", "a", False),
        ("1.0001", "1.0003", False),
    ],
)
def test_what_says_the_same(left, right, expected):
    assert repair_scores.is_same_value(left, right) is expected


def test_a_dirty_table_and_its_clean_twin_give_a_key():
    dirty = pd.DataFrame({"x": ["a", None, "c"], "n": ["1", "2.0", "4"]})
    clean = pd.DataFrame({"X": ["a", "b", "c"], "N": ["1", "2", "3"]})
    key = answer_key_of(dirty, clean)
    assert key[["row", "column", "true"]].values.tolist() == [[1, "x", "b"], [2, "n", "3"]]
    with pytest.raises(InputError, match="equal shapes"):
        answer_key_of(dirty, clean.iloc[:2])
