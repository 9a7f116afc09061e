"""A survey counts what pandas and SciPy count, whatever the table."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.base.user_errors import InputError
from helpers.cells.draft_column_plan import draft_column
from helpers.clean import cleaning_plan
from helpers.clean.clean_rows import repair_rows
from helpers.explore import survey_table
from helpers.explore.survey_table import survey

ROWS = 500


def test_date_columns_are_read_as_in_a_run():
    """One that reads both ways follows another; births are no future; day numbers are dates."""
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200) * 3 % 365, "D")
    both = days[days.day <= 12]
    table = pd.DataFrame({
        "issued": np.resize(days.strftime("%d/%m/%Y"), ROWS),
        "due": np.resize(both.strftime("%d/%m/%Y"), ROWS),
        "birth": np.resize((days - pd.Timedelta(days=29_000)).strftime("%d/%m/%y"), ROWS),
        "signup_date": 45_000 + np.arange(ROWS) % 300,
    })  # fmt: skip
    found, plan = survey(table), cleaning_plan.draft_plan(table)
    clean = repair_rows(table, plan, {})[0]
    assert {column.kind for column in found.columns} == {"date"}
    for column in found.columns:
        assert (found.dates[column.name] == clean[column.name].to_numpy()).all(), column.name
    assert found["birth"].quantiles[1.0].year < 1960
    twice = pd.concat([table["issued"], table["due"]], axis=1).set_axis(["a", "a"], axis=1)
    assert {column.kind for column in survey(twice).columns} == {"date"}


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    numbers = random.lognormal(size=ROWS)
    numbers[::7] = np.nan
    return pd.DataFrame(
        {
            "price": numbers,
            "whole": random.poisson(3, ROWS),
            "city": random.choice(["Rome", "Oslo", "Lima", None], ROWS),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 90, ROWS), "D"),
            "note": [f"number {i % 400} of a long list of notes" for i in range(ROWS)],
            "paid": random.random(ROWS) < 0.3,
        }
    )


def test_kinds(frame):
    kinds = {c.name: c.kind for c in survey(frame).columns}
    assert kinds == {
        "price": "number", "whole": "number", "city": "category", "day": "date", "note": "text",
        "paid": "boolean",
    }  # fmt: skip


def test_missing_and_distinct_are_those_of_pandas(frame):
    for column in survey(frame).columns:
        assert column.missing == frame[column.name].isna().sum()
        assert column.distinct == frame[column.name].nunique()
        assert column.present + column.missing == ROWS


def test_numbers_are_those_of_numpy_and_scipy(frame):
    column, values = survey(frame)["price"], frame["price"].dropna()
    for q, found in column.quantiles.items():
        assert found == pytest.approx(values.quantile(q))
    assert column.facts["mean"] == pytest.approx(values.mean())
    assert column.facts["std"] == pytest.approx(values.std(ddof=0))
    assert column.facts["skew"] == pytest.approx(stats.skew(values))
    assert column.extremes[0] == sorted(values)[:5]
    assert column.extremes[1] == sorted(values)[-5:]


@pytest.mark.parametrize("name", ["price", "whole", "note", "day"])
def test_a_histogram_counts_every_value_that_it_does_not_name_as_cut(frame, name):
    column = survey(frame)[name]
    edges, counts = column.shape
    assert len(edges) == len(counts) + 1
    assert counts.sum() == round(column.present * (1 - column.cut))


def test_values_far_out_are_cut_from_the_histogram_and_said():
    column = survey(pd.DataFrame({"x": [*np.linspace(0, 1, 999), 1e6]}))["x"]
    assert column.shape[0][-1] < 2 and column.cut == pytest.approx(0.001)
    assert column.facts["far above"] == 1 and column.facts["far below"] == 0


def test_counts_of_words_are_those_of_pandas(frame):
    column, counts = survey(frame)["city"], frame["city"].value_counts()
    assert column.counts.to_dict() == counts.to_dict()
    assert column.counts.iloc[0] == counts.max()


def test_repeated_rows_are_those_of_pandas(frame):
    twice = pd.concat([frame, frame.iloc[:20], frame.iloc[:3]], ignore_index=True)
    assert survey(twice).repeated == twice.duplicated().sum() >= 23
    assert survey(frame).repeated == frame.duplicated().sum()


def test_one_cell_of_difference_is_no_repeat(frame):
    twice = pd.concat([frame, frame], ignore_index=True)
    for row, name in enumerate(frame.columns):
        twice.loc[row, name] = frame.loc[row + 50, name]
    assert survey(twice).repeated == twice.duplicated().sum()


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["2024-01-05", "2024-02-11", "2024-03-30"], "date"),
        (["€1,234.50", "€2.00", "€17"], "number"),
        (["yes", "No", "YES"], "boolean"),
        (["02134", "10001", "60601"], "category"),
        (["red", "green", "blue"], "category"),
    ],
)
def test_text_is_read_as_what_it_holds(texts, kind):
    column = survey(pd.DataFrame({"x": texts * 20}))["x"]
    assert column.kind == kind
    assert column.as_text == (kind != "category")


def test_what_does_not_read_is_counted():
    column = survey(pd.DataFrame({"x": [str(i) for i in range(98)] + ["many", "few"]}))["x"]
    assert (column.kind, column.unread, column.missing) == ("number", 2, 2)
    assert set(column.unread_words) == {"many", "few"}


def test_large_tables_are_sampled_and_say_so(frame, monkeypatch):
    monkeypatch.setattr(survey_table, "SAMPLE_ROWS", 100)
    found = survey(frame)
    assert len(found.sampled) == 100 == len(found["price"].sample) == len(found.missing)
    assert found.sample_note == "100 of 500 rows, drawn at random (seed 42)"
    assert found["price"].missing == frame["price"].isna().sum()  # counts stay exact
    assert survey(frame.head(80)).sample_note == "all 80 rows"


def test_threads_count_the_same(frame, monkeypatch):
    alone = survey(frame, "paid")
    monkeypatch.setattr(survey_table, "LARGE", 1)
    together = survey(frame, "paid")
    assert [c.name for c in together.columns] == list(frame.columns)
    for one, other in zip(alone.columns, together.columns, strict=True):
        assert one.facts == other.facts and one.distinct == other.distinct
    assert alone.repeated == together.repeated


def test_the_target_is_numbers_or_codes_of_classes(frame):
    assert survey(frame, "paid").classes == ["no", "yes"]
    assert survey(frame, "price").classes == []
    by_city = survey(frame, "city")
    known = ~np.isnan(by_city.label)
    assert known.sum() == frame["city"].notna().sum()
    read = [by_city.classes[int(code)] for code in by_city.label[known]]
    assert read == frame["city"].dropna().tolist()
    assert survey(frame, "note").label is None


def test_a_timeline_counts_every_row_and_names_its_period(frame):
    column = survey(frame)["day"]
    assert column.period == "month" and column.shape[1].sum() == ROWS
    assert column.shape[1][0] == (frame["day"] < "2024-02-01").sum()


def test_the_longest_gap_is_found():
    days = pd.date_range("2024-01-01", "2024-01-20").append(
        pd.date_range("2024-02-10", "2024-02-20")
    )
    facts = survey(pd.DataFrame({"day": days}))["day"].facts
    assert (facts["gap"], facts["days without rows"]) == (20, 20)
    assert str(facts["gap from"].date()) == "2024-01-20"


@pytest.mark.parametrize(
    ("name", "values", "named"),
    [
        ("row", range(40), True),
        ("order_id", range(0, 400, 10), True),
        ("people", [i * i for i in range(40)], False),
        ("rank", [*range(20, 40), *range(20)], False),
        ("order_id", [*range(0, 400, 10), None], True),
        ("code", [f"c{i}" for i in range(40)], True),
        ("city", ["a", "b"] * 20, False),
    ],
)
def test_identifiers(name, values, named):
    frame = pd.DataFrame({name: list(values)})
    assert survey(frame)[name].is_identifier == named
    noted = draft_column(frame[name]).get("note") == "identifier"
    assert noted == named, "cleaning and exploring say the same of a column"


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match="Did you mean 'price'"):
        survey(pd.DataFrame({"price": [1]}), "prize")
    with pytest.raises(InputError, match="no column 'prize'"):
        survey(pd.DataFrame({"price": [1]}))["prize"]


def test_an_empty_table_is_refused():
    with pytest.raises(InputError, match="0 rows"):
        survey(pd.DataFrame({"x": []}))
