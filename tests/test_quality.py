"""Quality of later rows: what was planted is found with its size, and chance is kept quiet."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.monitoring import table
from helpers.base.user_errors import InputError
from helpers.drift import data_quality, table_volume

ROWS = 1_000


def rows(count: int = ROWS, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.integers(18, 90, count),
            "weight": random.normal(70, 10, count).round(3),
            "city": random.choice(["Rome", "Oslo", "Lima"], count),
            "member": random.random(count) < 0.3,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 90, count), "D"),
            "code": pd.Series(random.integers(0, 4_000, count)).map("c{}".format),
        }
    )


def found(after: pd.DataFrame, before: pd.DataFrame | None = None) -> dict[str, dict]:
    """The findings by code."""
    before = rows() if before is None else before
    return {one.code: one for one in data_quality.compare(before, after)}


def test_fresh_rows_of_the_same_kind_are_fine():
    assert found(rows(seed=1)) == {}
    assert found(rows(50, seed=2)) == {}
    assert found(rows(5_000, seed=3)) == {}


def test_twenty_odd_columns_twice_say_nothing():
    for split in range(10):
        both = table(1_000, 700 + split)
        assert data_quality.compare(both[:500], both[500:]) == []


def test_a_reference_that_was_stored_says_the_same_as_the_rows():
    after = rows(seed=1).assign(age=lambda t: t["age"] + 40, city="Rome")
    reference = json.loads(json.dumps(data_quality.reference_of(rows())))
    assert data_quality.compare(reference, after) == data_quality.compare(rows(), after)


def test_columns_that_are_missing_or_new():
    after = rows(seed=1).drop(columns="age").assign(extra=1, more=2)
    said = found(after)
    assert said["column_missing"].severity == "alarm"
    assert said["column_missing"].columns == ("age",)
    assert said["column_added"].severity == "note"
    assert said["column_added"].columns == ("extra", "more")


@pytest.mark.parametrize(("share", "severity"), [(0.03, "warning"), (0.2, "alarm"), (1, "alarm")])
def test_more_nulls_are_found_with_their_size(share, severity):
    after = rows(seed=1)
    after.loc[after.index < share * ROWS, "weight"] = np.nan
    one = found(after)["nulls_up"]
    assert (one.severity, one.columns) == (severity, ("weight",))
    assert one.evidence["after"] == pytest.approx(share)


def test_fewer_nulls_are_no_finding():
    before = rows().assign(weight=lambda t: t["weight"].mask(t.index < 300))
    assert found(rows(seed=1), before) == {}


def test_new_categories_are_found_with_their_share():
    after = rows(seed=1)
    after.loc[after.index < 40, "city"] = "Paris"
    one = found(after)["new_categories"]
    assert one.columns == ("city",) and one.severity == "warning"
    assert one.evidence == {
        "share": 0.04, "categories": ["Paris"], "count": 1, "p_value": one.evidence["p_value"],
    }  # fmt: skip


def test_one_new_category_in_one_row_may_be_chance_and_so_are_new_codes():
    after = rows(seed=1)
    after.loc[0, "city"] = "Paris"
    assert found(after) == {}
    assert rows()["code"].nunique() < rows(2_000)["code"].nunique()  # many codes are new each time


def test_codes_that_are_all_new_are_found():
    one = found(rows(seed=1).assign(code=lambda t: t["code"] + "x"))["new_categories"]
    assert one.severity == "alarm" and one.columns == ("code",)


@pytest.mark.parametrize(("factor", "side"), [(1, "above"), (-1, "below")])
def test_numbers_beyond_the_range_are_found_on_either_side(factor, side):
    after = rows(seed=1)
    after["weight"] = after["weight"].where(after.index >= 30, 500 * factor)
    one = found(after)["outside_range"]
    assert side in one.message and one.evidence["rows"] >= 30
    assert one.severity == "warning"


def test_a_new_extreme_or_two_are_chance():
    after = rows(seed=1)
    after.loc[:1, "weight"] = 500
    assert found(after) == {}


def test_the_chance_of_new_extremes_is_exact():
    before, after = rows(), rows(seed=1)
    above = after["weight"].nlargest(12)
    highest = before["weight"].max()
    after.loc[above.index, "weight"] = highest + 1
    one = found(after, before)["outside_range"]
    # the twelve largest of 2,000 all among the last 1,000
    exact = np.prod([(1_000 - i) / (2_000 - i) for i in range(12)])
    assert one.evidence["p_value"] == pytest.approx(exact)


def test_words_among_numbers_are_found_and_numbers_as_text_are_fine():
    assert found(rows(seed=1).astype({"weight": str, "age": str})) == {}
    after = rows(seed=1).astype({"weight": object})
    after.loc[after.index < 60, "weight"] = "heavy"
    one = found(after)["unreadable"]
    assert one.columns == ("weight",) and "'heavy'" in one.message
    assert one.severity == "alarm" and one.evidence["after"] == pytest.approx(0.06)


def test_texts_that_are_mostly_numbers_or_dates_hold_no_categories():
    def messy(seed: int, strange: int) -> pd.DataFrame:
        frame = rows(seed=seed).astype({"weight": object, "day": str})
        frame.loc[frame.index < strange, "weight"] = "heavy"
        return frame.assign(day=lambda t: t["day"].mask(t.index < strange, "soon"))

    assert found(messy(1, 25), messy(0, 20)) == {}
    later = messy(1, 25).assign(day="2025-05-05")
    later.loc[0, "day"] = "2025-05-06"
    assert found(later, messy(0, 20)) == {}
    said = found(messy(1, 200), messy(0, 20))
    assert set(said) == {"unreadable"}
    assert said["unreadable"].evidence["before"] == pytest.approx(0.02)


def test_another_type_is_found_and_other_spellings_of_one_are_fine():
    assert found(rows(seed=1).astype({"member": int})) == {}
    assert found(rows(seed=1).astype({"member": str, "day": str})) == {}
    one = found(rows(seed=1).assign(city=5.0))["type_changed"]
    assert one.evidence == {"before": "text", "after": "number", "p_value": 0.0}
    assert found(rows(seed=1).assign(day=3))["type_changed"].severity == "alarm"


def test_codes_that_happen_to_be_digits_are_no_other_type():
    random = np.random.default_rng(0)
    before, after = (pd.DataFrame({"x": random.choice(["1", "2", "7a"], n, p=[0.5, 0.4, 0.1])})
                     for n in (500, 5))  # fmt: skip
    assert data_quality.compare(before, after.assign(x=["1", "2", "1", "1", "2"])) == []


def test_a_column_that_becomes_constant_is_found():
    one = found(rows(seed=1).assign(age=30))["constant"]
    assert one.severity == "alarm" and one.columns == ("age",)
    mostly = rows().assign(age=np.where(np.arange(ROWS) < 990, 30, 31))
    assert found(rows(50, seed=1).assign(age=30), mostly) == {}


def test_rows_that_were_sent_twice_are_found():
    after = pd.concat([rows(900, seed=1), rows(100, seed=1)])
    after.iloc[900:] = after.iloc[:100].to_numpy()
    one = found(after)["copies_up"]
    assert one.severity == "alarm" and one.evidence["after"] == pytest.approx(0.1)


def test_cells_that_hold_lists_are_compared_by_their_text():
    frame = pd.DataFrame({"x": [[1, 2], [3], [4], [5]] * 5})
    assert data_quality.compare(frame, frame) == []


def test_columns_without_any_value_are_fine_on_either_side():
    empty = rows().assign(weight=np.nan)
    assert found(rows(seed=1), empty) == {}
    assert set(found(empty)) == {"nulls_up"}


def test_no_rows_are_an_error_in_one_line():
    with pytest.raises(InputError, match="no later rows"):
        data_quality.compare(rows(), rows()[:0])
    with pytest.raises(InputError, match="no earlier rows"):
        data_quality.reference_of(rows()[:0])


# --- Volume ---------------------------------------------------------------------------------------


def days(counts, start: str = "2024-01-01") -> pd.Series:
    return pd.Series(counts, index=pd.date_range(start, periods=len(counts)))


USUAL = days(np.random.default_rng(0).poisson(200, 28))


def test_usual_days_are_fine_and_a_day_that_fails_is_found():
    assert table_volume.volume(USUAL, days([190, 215, 205], "2024-02-01")) == []
    (one,) = table_volume.volume(USUAL, days([190, 20, 205], "2024-02-01"))
    assert one.evidence["rows"] == 20 and "2024-02-02" in one.message
    (double,) = table_volume.volume(USUAL, days([600], "2024-02-01"))
    assert double.severity == "alarm" and double.code == "volume"


def test_what_varies_by_itself_is_no_finding_and_few_days_say_nothing():
    weekly = days([20, 300, 280, 310, 290, 300, 30] * 4)
    assert table_volume.volume(weekly, days([25, 310], "2024-02-01")) == []
    assert table_volume.volume(USUAL[:4], days([1], "2024-02-01")) == []


def test_rows_are_counted_by_whole_periods_with_the_empty_ones():
    times = pd.Series(pd.to_datetime(["2024-01-01 23:00", "2024-01-02 01:00", "2024-01-02 05:00",
                                      None, "2024-01-04 01:00", "2024-01-05 00:10"]))  # fmt: skip
    assert table_volume.rows_per(times).tolist() == [2, 0, 1]
    assert table_volume.rows_per(times[:0]).empty
