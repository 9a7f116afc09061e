"""What holds for any table, stage by stage: hypothesis looks for one for which it does not.

A few examples of each in the fast ring, many more in the slow one.
"""

import contextlib
import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.base.user_errors import InputError
from helpers.clean import clean_rows, cleaning_plan, column_cleaner
from helpers.deploy import service_proof
from helpers.drift import compare_columns
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.pipeline import whole_pipeline
from helpers.serving import batch_prediction, local_service, model_bundle
from helpers.split import split_into_parts, split_report
from helpers.tables import arrow_tables, read_any, tidy_table
from helpers.train import fold_trials
from tests.small import bundle_of, prepared, raw_table

FEW, MANY = 4, 40
ODD = ["", " ", "NA", "n/a", "none", "-", "?", "-999", "1e308", "inf", "1,234.5", "1.234,5", "$5",
       "12 kg", "5%", "007", "2024-02-30", "13/01/2024", "01/13/2024", "Jan 5, 2024", "yes", "No",
       "TRUE", "0", "new  york", "New York", "NEW YORK", "CafÃ©", "a\u200bb", "😀", "=1+1", "'x",
       "<b>", "a;b", 'a"b', "a\nb"]  # fmt: skip
WORDS = st.sampled_from(["Oslo", "Lima", "Rome", "oslo", "Olso", *ODD])
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
CELLS = [
    WORDS, TEXTS, NUMBERS, NUMBERS.map(str), st.integers(-99, 99), st.integers(0, 3).map(str),
    st.booleans(), st.dates().map(str), st.one_of(WORDS, NUMBERS.map(str), st.dates().map(str)),
]  # fmt: skip


def held(**strategies):
    """Run a property on a few examples that are drawn, and on many in the slow ring."""

    def of(test):
        @pytest.mark.filterwarnings("ignore")
        @pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
        @functools.wraps(test, assigned=("__name__", "__doc__", "__module__"))
        def run(examples):
            # The same examples each time: a test that fails does so for everybody
            settings(
                max_examples=examples, deadline=None, derandomize=True, database=None,
                suppress_health_check=list(HealthCheck),
            )(given(**strategies)(test))()  # fmt: skip

        del run.__wrapped__
        return run

    return of


@st.composite
def raw_tables(draw, least: int = 1, most: int = 40) -> pd.DataFrame:
    """A raw table of one to five columns, each of one kind of cells, with gaps."""
    rows = draw(st.integers(least, most))
    columns = {}
    for number in range(draw(st.integers(1, 5))):
        cells = st.one_of(st.none(), draw(st.sampled_from(CELLS)))
        columns[f"c{number}"] = pd.Series(draw(st.lists(cells, min_size=rows, max_size=rows)))
    return tidy_table.tidy(pd.DataFrame(columns), "drawn")


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_dtype=False, rtol=1e-9, atol=1e-9)


# --- Stage 1 ------------------------------------------------------------------------------------


@held(table=raw_tables())
def test_a_file_has_the_rows_and_cells_of_its_table(table):
    texts = table.map(lambda value: str(value) if value == value else None, na_action="ignore")
    content = texts.to_csv(index=False).encode()
    read = read_any._parse(content, ".csv", "drawn.csv", typed=False, encoding="", columns=())
    assert read.shape == texts.shape
    for name in texts:
        assert read[name].fillna("").tolist() == texts[name].astype("str").fillna("").tolist()


# --- Stage 2 ------------------------------------------------------------------------------------


@held(table=raw_tables())
def test_cleaning_keeps_rows_in_place_and_none_is_lost_when_set_aside(table):
    plan = cleaning_plan.draft_plan(table)
    cleaned, changes = column_cleaner.Cleaner(plan).fit(table).repair(table)
    assert len(cleaned) == len(table) and cleaned.index.equals(table.index)
    assert changes["row"].between(0, len(table) - 1).all()
    reason = clean_rows.set_aside(cleaned)
    aside = clean_rows.quarantine(table, reason)
    assert len(aside) + int(reason.isna().sum()) == len(table)
    assert aside["row"].tolist() == np.flatnonzero(reason.notna()).tolist()


@held(table=raw_tables())
def test_cleaning_twice_changes_nothing_more(table):
    plan = cleaning_plan.draft_plan(table)
    cleaner = column_cleaner.Cleaner(plan).fit(table)
    once = cleaner.transform(table)
    same(cleaner.transform(once), once)


@held(table=raw_tables(least=2), data=st.data())
def test_a_row_is_cleaned_alone_as_among_others(table, data):
    cleaner = column_cleaner.Cleaner(cleaning_plan.draft_plan(table)).fit(table)
    place = data.draw(st.integers(0, len(table) - 1))
    alone = cleaner.transform(table.iloc[[place]])
    same(alone, cleaner.transform(table).iloc[[place]])


# --- Stages 3 to 7 ------------------------------------------------------------------------------


@functools.cache
def made():
    return prepared(raw=raw_table(160))


@functools.cache
def bundle() -> model_bundle.Bundle:
    return bundle_of(made())


@st.composite
def raw_rows(draw, most: int = 6) -> pd.DataFrame:
    """Rows with the columns that the small model knows, each cell sound, odd or missing."""
    sound = made().raw.drop(columns="bought")
    rows = draw(st.integers(1, most))
    cells = {
        name: st.one_of(st.none(), WORDS, st.sampled_from(sound[name].dropna().tolist()).map(str))
        for name in sound
    }
    columns = {n: draw(st.lists(c, min_size=rows, max_size=rows)) for n, c in cells.items()}
    return pd.DataFrame({n: pd.Series(values, dtype="str") for n, values in columns.items()})


@held(rows=raw_rows())
def test_a_model_answers_the_same_after_save_and_load(rows):
    loaded = stored_model()
    before, after = (m.predict_proba(rows) for m in (bundle().model, loaded))
    np.testing.assert_allclose(before, after, rtol=0, atol=1e-12)


@functools.cache
def stored_model():
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        whole_pipeline.save(bundle().model, Path(folder) / "model.skops")
        return whole_pipeline.load(Path(folder) / "model.skops")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("strategy", ["random", "time", "group"])
def test_a_split_loses_no_row_and_no_row_is_on_both_sides(strategy, examples):
    tried, done = [], []

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(rows=st.integers(30, 120), share=st.floats(0.1, 0.5), folds=st.integers(2, 4),
           seed=st.integers(0, 99))  # fmt: skip
    def check(rows, share, folds, seed):
        tried.append(rows)
        with contextlib.suppress(InputError):  # too few rows of a class on one side
            check_split(rows, strategy, share, folds, seed)
            done.append(rows)

    check()
    assert len(done) > len(tried) / 2, "few splits are refused"


def check_split(rows, strategy, share, folds, seed):
    """Split so many rows, and look whether each is on one side, and whole groups and days are."""
    whole = made().rows.at(np.arange(rows))
    groups = pd.Series(np.arange(rows) // 2).astype("str")
    whole = Labelled(whole.task, whole.X.assign(group=groups), whole.y, whole.row)
    column = {"random": "", "time": "day", "group": "group"}[strategy]
    choice = {"strategy": strategy, "column": column}
    cut = split_into_parts.split_rows(whole, choice, share, folds=folds, seed=seed)
    train, test = cut.of(TRAIN), cut.of(TEST)
    assert split_report.rows_in_sets(cut) + split_report.rows_in_embargo(cut) == rows
    assert sorted([*train.row, *test.row]) == sorted(cut.row[pd.notna(cut.part)])
    assert not set(train.row) & set(test.row)
    if strategy == "group":
        assert not set(train.X["group"]) & set(test.X["group"])
    if strategy == "time":
        assert train.X["day"].max() <= test.X["day"].min()


@held(seed=st.integers(0, 20), noise=st.integers(0, 10**6))
def test_no_test_row_changes_what_is_fitted(seed, noise):
    cut = split_into_parts.split_rows(made().rows, {"strategy": "random", "column": ""}, seed=seed)
    other = spoilt(cut, noise)
    asked = made().rows.X.head(20)
    answers = [
        whole_pipeline.learner(made().plan, model(), seed).fit(one.of(TRAIN).X, one.of(TRAIN).y)
        for one in (cut, other)
    ]
    first, second = (fit.predict_proba(asked) for fit in answers)
    np.testing.assert_array_equal(first, second)
    for (fit, check), (fit_too, check_too) in zip(
        cut.of(TRAIN).folds(), other.of(TRAIN).folds(), strict=True
    ):
        np.testing.assert_array_equal(fit, fit_too)
        np.testing.assert_array_equal(check, check_too)


def test_no_row_that_a_fold_is_examined_on_changes_what_it_learns_from():
    rows = split_into_parts.split_rows(
        made().rows, {"strategy": "random", "column": ""}, folds=2
    ).of(TRAIN)
    before, random = fold_trials.make_folds(rows, made().plan), np.random.default_rng(0)
    for number, (_, examined) in enumerate(rows.folds()):
        X = rows.X.copy()
        X.iloc[examined] = X.iloc[random.permutation(examined)].to_numpy()
        X.iloc[examined, X.columns.get_loc("weight")] = random.normal(1e6, 1e6, len(examined))
        after = fold_trials.make_folds(replace(rows, X=X), made().plan)
        np.testing.assert_array_equal(before[number].X, after[number].X)
        assert not np.array_equal(before[number].X_valid, after[number].X_valid)


def model():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=200)


def spoilt(cut: Labelled, noise: int) -> Labelled:
    """The same split with other values and labels in the held-out rows."""
    random = np.random.default_rng(noise)
    X, y = cut.X.copy(), cut.y.copy()
    held_out = np.flatnonzero(cut.part == TEST)
    X.iloc[held_out] = X.iloc[random.permutation(held_out)].to_numpy()
    X.loc[held_out, "weight"] = random.normal(1e6, 1e6, len(held_out))
    y[held_out] = random.permutation(y[held_out])
    return Labelled(cut.task, X, y, cut.row, cut.alike, cut.part, cut.fold, cut.by_time, cut.ready)


@pytest.fixture(scope="module")
def address():
    with local_service.serving(bundle()) as address:
        yield address


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_api_and_batch_agree(address, tmp_path, examples):
    answered = []

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(rows=raw_rows())
    def agree(rows):
        asked = service_proof.answerable(bundle(), rows)
        if asked.empty:
            return
        roads = service_proof.prediction_agreement(bundle(), asked, address, tmp_path)
        assert roads["same predictions"].tolist() == ["yes", "yes"], roads
        answered.append(len(asked))

    agree()
    assert len(answered) > examples / 3


@held(rows=raw_rows())
def test_many_rows_are_answered_as_few(rows):
    """Batch scoring answers a large file by another road than a small one."""
    compiled = batch_prediction._compiled(bundle(), False)
    coded, answers = (
        arrow_tables.dictionary_encoded(rows),
        model_bundle.predict_rows(bundle(), rows),
    )
    for found, _ in (
        batch_prediction._by_compiled(compiled, coded),
        batch_prediction._by_pipeline(bundle(), coded),
    ):
        pd.testing.assert_frame_equal(found, answers, check_dtype=False, rtol=0, atol=1e-9)


# --- Stage 8 ------------------------------------------------------------------------------------


@held(table=raw_tables())
def test_a_table_does_not_drift_from_itself(table):
    cleaned = column_cleaner.Cleaner(cleaning_plan.draft_plan(table)).fit_transform(table)
    found = compare_columns.compare(cleaned, cleaned)
    assert not found["drifts"].any() and np.allclose(found["psi"].fillna(0), 0)
