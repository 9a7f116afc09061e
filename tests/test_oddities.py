"""Each oddity is found where it is planted, and not where it is not."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.findings import SEVERITIES
from helpers.explore.association import associate
from helpers.explore.find_oddities import find
from helpers.explore.oddity import share_text
from helpers.explore.survey_table import survey

ROWS = 1_000
RANDOM = np.random.default_rng(3)


def sound() -> pd.DataFrame:
    """A table in which nothing stands out."""
    random = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "x": random.normal(size=ROWS),
            "y": random.normal(size=ROWS),
            "city": random.choice(["Rome", "Oslo", "Lima"], ROWS),
            "day": np.resize(pd.date_range("2024-01-01", periods=250), ROWS),
            "label": random.choice(["yes", "no", "maybe"], ROWS),
        }
    )


def found_in(frame, target=""):
    table = survey(frame, target)
    return find(table, associate(table))


def codes(frame, target=""):
    return {f.code: f for f in found_in(frame, target)}


def test_nothing_is_found_in_a_sound_table():
    assert codes(sound()) == {}
    assert codes(sound(), "label") == {}


def planted(frame):
    """Errors by the code that they should be found under."""
    spelt = frame["city"].where(RANDOM.random(ROWS) > 0.05, frame["city"].str.upper())
    mixed = pd.Series(RANDOM.choice(["12", "7", "tall", "small"], ROWS))
    tail = np.where(np.arange(ROWS) % 2, np.exp(3 * frame["x"]), 1.0)
    gaps = frame["x"].where(frame["city"] != "Oslo")
    days = frame["day"].where(~frame["day"].between("2024-03-01", "2024-05-01"))
    return {
        "constant": pd.Series(["same"] * ROWS),
        "empty": pd.Series([None] * ROWS, dtype=object),
        "identifier": pd.Series([f"id-{i}" for i in range(ROWS)]),
        "high cardinality": pd.Series(RANDOM.integers(0, 200, ROWS)).map("code {}".format),
        "spellings collide": spelt,
        "mixed types": mixed,
        "skewed": pd.Series(tail),
        "outliers": frame["x"].where(np.arange(ROWS) != 5, 1e6),
        "gaps depend on a column": gaps,
        "mostly missing": frame["x"].where(RANDOM.random(ROWS) > 0.7),
        "nearly constant": pd.Series(["usual"] * (ROWS - 3) + ["rare"] * 3),
        "words for missing": frame["city"].where(RANDOM.random(ROWS) > 0.05, "N/A"),
        "infinite": frame["x"].where(np.arange(ROWS) != 5, np.inf),
        "dates with gaps": days,
        "number as text": frame["x"].map("{:.2f} kg".format),
        "columns that say the same": frame["x"] * 2.5,
    }


@pytest.mark.parametrize("code", list(planted(sound())))
def test_what_is_planted_is_found_with_its_column_and_evidence(code):
    frame = sound()
    frame["odd"] = planted(frame)[code]
    found = codes(frame)
    assert code in found, sorted(found)
    assert "odd" in found[code].columns
    assert "odd" in found[code].message and found[code].evidence
    others = {c: f for c, f in found.items() if "odd" not in f.columns}
    assert not others


def test_repeated_rows_are_found():
    frame = sound()
    found = codes(pd.concat([frame, frame.head(30)]))
    assert found["duplicates"].message == "30 rows repeat an earlier row."


def test_a_column_that_gives_the_target_away_is_an_alarm():
    frame = sound().assign(late=lambda f: f["x"] > 0.8)
    frame["score"] = frame["late"] * 10 + RANDOM.normal(size=ROWS)
    found = found_in(frame.drop(columns="x"), "late")
    assert (found[0].code, found[0].severity) == ("gives the target away", "alarm")
    assert found[0].columns == ("score", "late")


def test_a_good_feature_is_no_alarm():
    frame = sound().assign(late=lambda f: f["x"] + 0.7 * f["y"] > 0.8)
    assert "gives the target away" not in codes(frame, "late")


def test_a_number_that_is_the_target_is_an_alarm():
    frame = sound().assign(price=lambda f: f["x"] ** 3)
    assert codes(frame, "price")["gives the target away"].columns == ("x", "price")


def test_a_rare_class_is_found():
    frame = sound().assign(fraud=np.arange(ROWS) % 50 == 0)
    found = codes(frame, "fraud")["classes out of balance"]
    assert "‘yes’ is 2.0% of the rows" in found.evidence


def test_ten_equal_classes_are_in_balance():
    frame = sound().assign(digit=np.arange(ROWS) % 10)
    assert "classes out of balance" not in codes(frame, "digit")


def test_words_for_missing_among_numbers_are_named_as_such():
    texts = sound()["x"].map("{:.2f}".format).where(np.arange(ROWS) % 20 != 0, "NA")
    found = codes(sound().assign(odd=texts))
    assert "‘NA’ in 50 cells" in found["words for missing"].evidence
    assert "mixed types" not in found
    mixed = codes(sound().assign(odd=texts.replace("NA", "far too much")))["mixed types"]
    assert "50 of its cells do not read as a number: ‘far too much’" in mixed.evidence


def test_gaps_of_a_target_are_found():
    frame = sound()
    frame.loc[:49, "label"] = None
    assert "50 rows" in codes(frame, "label")["target missing"].message


def test_columns_that_go_missing_together_are_one_finding():
    frame = sound()
    gone = frame["city"] == "Oslo"
    frame[["x", "y"]] = frame[["x", "y"]].mask(gone)
    found = [f for f in found_in(frame) if f.code == "gaps depend on a column"]
    assert [f.columns for f in found] == [("x", "y", "city")]
    assert "Missing in 100% of the rows where city is ‘Oslo’, in 0% elsewhere" in found[0].evidence


def test_the_gravest_comes_first():
    frame = sound().assign(late=lambda f: f["x"] > 0.8, odd="same")
    found = found_in(frame, "late")
    order = [SEVERITIES.index(f.severity) for f in found]
    assert order == sorted(order) and order[0] == 0
    assert all(f.place for f in found)


def test_a_share_is_never_rounded_to_all_or_nothing():
    assert share_text(0.9996) == "over 99.9%" and share_text(0) == "0%" and share_text(1) == "100%"


def lots(seed: int, rows: int = 100) -> pd.DataFrame:
    """Columns that are independent of each other, all with gaps at random."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{i}": random.exponential(size=rows) for i in range(8)})
    frame["city"] = random.choice(list("abcdef"), rows)
    return frame.mask(random.random(frame.shape) < 0.1)


def test_gaps_by_lot_depend_on_nothing():
    """The largest of eighty strengths is above 0.2 in nearly every such table."""
    largest = [associate(survey(lots(seed))).missing.max().max() for seed in range(5)]
    assert min(largest) > 0.2
    assert not any("gaps depend on a column" in codes(lots(seed)) for seed in range(5))


def test_gaps_of_whole_customers_do_not_depend_on_their_city():
    """Ten rows of a customer say once what he has; taken for ten rows, they say it too often."""
    said = {"by rows": 0, "by customers": 0}
    for seed in range(6):
        random = np.random.default_rng(seed)
        who = np.repeat(np.arange(60), 10)
        city = random.choice(list("abcdefgh"), 60)[who]
        x = pd.Series(random.normal(size=600)).mask((random.random(60) < 0.3)[who])
        table = survey(pd.DataFrame({"x": x, "city": city}))
        for how, unit in (("by rows", None), ("by customers", who)):
            found = find(table, associate(table, unit))
            said[how] += any(f.code == "gaps depend on a column" for f in found)
    assert said["by rows"] >= 4 and said["by customers"] == 0


def test_days_drawn_at_random_have_no_gaps_worth_a_word():
    random = np.random.default_rng(1)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 365, 60), "D")
    assert "dates with gaps" not in codes(pd.DataFrame({"day": days}))


def test_ten_equal_classes_are_in_balance_in_few_rows_too():
    digits = np.random.default_rng(0).integers(0, 10, 60).astype(str)
    assert "classes out of balance" not in codes(pd.DataFrame({"k": digits, "x": 1.0}), "k")
