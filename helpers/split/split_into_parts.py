"""Stage 4, split: hold out rows that the model will not see, and lay out the folds.

Random and stratified where rows are independent; by time where the model will be asked about
later rows; by group where rows belong together (one patient, one customer); by both (a panel); or
as the table says, by a column of its own or by a second file. `choose_split` says which.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..learning.labelled_data import NEVER, TEST, TRAIN, Labelled, with_units
from .split_at_random import random_folds, records_at_random, with_folds
from .split_by_group import by_group
from .split_by_time import by_time
from .split_panel import by_time_and_group

GIVEN = ("column", "file")  # the table says which rows are held out
TEST_WORDS = {"test", "testing", "holdout", "held out", "hold out", "held-out", "hold-out", "eval"}
TRAIN_WORDS = {"train", "training", "learn", "valid", "validation", "val", "dev"}
FEWEST_ROWS = 10


def split_as_chosen(rows: Labelled, choice: dict, **options) -> tuple[dict, Labelled]:
    """The rows with parts, folds and units, and the choice, which is random where it has to be.

    A split that nobody asked for and that can't be made (a set with one class only) gives way to a
    random one, and the choice says so. See `split_rows` for `options`, and for what it raises.
    """
    try:
        return choice, split_rows(_with_units(rows, choice), choice, **options)
    except InputError as error:
        if not choice.get("found") or choice["strategy"] == "random":
            raise
        why = f"{choice['why']}. But this can't be done, so rows are drawn at random: {error}"
        choice = {"strategy": "random", "column": "", "why": why.rstrip("."), "found": True}
        return choice, split_rows(rows, choice, **options)


def _with_units(rows: Labelled, choice: dict) -> Labelled:
    """The rows with their units, as the columns that split them say."""
    by_time = choice["strategy"] in ("time", "panel")
    group = choice["column"] if choice["strategy"] == "group" else choice.get("group", "")
    when = choice["column"] if by_time and choice["column"] in rows.X else ""
    return with_units(rows, group, when)


def split_rows(
    rows: Labelled,
    choice: dict,
    test_share=0.2,
    test_from="",
    embargo="",
    test_rows=0,
    folds=4,
    seed=42,
) -> Labelled:
    """The rows with their `part` and `fold`.

    `test_share` of the rows are held out; under a time split the latest ones, or all from the day
    `test_from` on, and rows within `embargo` before them are left out of both parts. `test_rows` is
    the position in the raw table where the rows of a second file begin. Raises InputError when
    there are too few rows to hold any out.
    """
    _check_sizes(len(rows.y), test_share, folds)
    column = choice["column"]
    if choice["strategy"] in GIVEN:
        cut = _as_given(rows, choice, test_rows, folds, seed)
    elif choice["strategy"] == "time":
        cut = keep_together(by_time(rows, column, test_share, test_from, folds, embargo))
    elif choice["strategy"] == "panel":
        named = column, choice["group"], test_share, test_from, folds, embargo, seed
        cut = keep_together(by_time_and_group(rows, *named))
    elif choice["strategy"] == "group":
        cut = keep_together(by_group(rows, column, test_share, folds, seed))
    else:
        cut = keep_together(records_at_random(rows, test_share, folds, seed))
    _check_sets(cut, choice)
    return cut


def _check_sizes(rows: int, test_share: float, folds: int) -> None:
    """Raise InputError for options, or for a number of rows, that no split can be made with."""
    if not 0 < test_share < 1:
        raise InputError(f"test_share lies between 0 and 1; it is {test_share}.")
    if folds < 2:
        raise InputError(f"folds is 2 or more; it is {folds}.")
    if rows < FEWEST_ROWS:
        raise InputError(
            f"{rows} rows have a label; at least {FEWEST_ROWS} are needed to hold some out."
        )


def keep_together(cut: Labelled) -> Labelled:
    """The split with near duplicates kept together: held out if one of them is, else in one fold.

    A copy of a held-out row among the training rows would give its answer away.
    """
    if cut.alike is None:
        return cut

    def latest(values: np.ndarray) -> np.ndarray:
        """For each row the largest value among its near duplicates."""
        return pd.Series(values).groupby(cut.alike).transform("max").to_numpy()

    held_out = latest(cut.part == TEST)
    part = np.where(held_out, TEST, cut.part).astype(object)
    fold = np.where(held_out, NEVER, latest(cut.fold))
    ready = None if cut.ready is None else latest(cut.ready)
    return replace(cut, part=part, fold=fold, ready=ready)


def _check_sets(cut: Labelled, choice: dict) -> None:
    """Raise InputError when a part has too few rows or one class only, so it is of no use."""
    for part, does in ((TRAIN, "train on"), (TEST, "test on")):
        y = cut.y[cut.part == part]
        leaves = f"This {choice['strategy']} split leaves"
        if len(y) < 2:
            raise InputError(f"{leaves} {len(y)} rows to {does}: change test_share.")
        if not cut.task.is_regression and len(set(y)) == 1:
            raise InputError(
                f"{leaves} rows of one class only ({y[0]!s:.40}) to {does}: collect more rows of "
                f"the others, or change test_share or split_strategy."
            )


TOO_FEW_GIVEN = "{} gives {} rows to train on and {} to test on: at least two of each are needed."


def _as_given(rows: Labelled, choice: dict, test_rows: int, folds: int, seed: int) -> Labelled:
    """The parts that a column names, or that two files make; near duplicates stay in place."""
    if choice["strategy"] == "file":
        held_out = rows.row >= test_rows
    else:
        held_out = _says_test(rows.X[choice["column"]], choice["column"])
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    if len(train) < 2 or len(test) < 2:
        what = f"The column '{choice['column']}'" if choice["column"] else "The second file"
        raise InputError(TOO_FEW_GIVEN.format(what, len(train), len(test)))
    return with_folds(rows, train, test, random_folds(rows, train, folds, seed))


def _says_test(column: pd.Series, name: str) -> np.ndarray:
    """Which rows a column calls held out: by words such as train and test, or by true and false."""
    words = column.astype("str").str.strip().str.casefold()
    known = set(words.dropna())
    if known <= {"true", "false", "1", "0", "1.0", "0.0", "yes", "no"} and known:
        is_true = words.isin(["true", "1", "1.0", "yes"]).to_numpy()
        if any(word in name.casefold() for word in ("test", "hold", "held")):
            return is_true
        if "train" in name.casefold():
            return ~is_true
    elif known and known <= TEST_WORDS | TRAIN_WORDS and not column.isna().any():
        return words.isin(TEST_WORDS).to_numpy()
    values = ", ".join(sorted(known)[:4])
    raise InputError(
        f"split_column '{name}' should say train or test in each row (or true and false, if its "
        f"name says which); it holds {values or 'nothing'}"
        f"{', and missing cells' if column.isna().any() else ''}."
    )


def split_table(rows: Labelled) -> pd.DataFrame:
    """The table that goes into `split.parquet`: `row`, `part`, `fold`, and what else there is."""
    table = {"row": rows.row, "part": rows.part.astype(str), "fold": rows.fold}
    unit = None if rows.unit is None else rows.unit.astype(str)
    more = {"unit": unit, "ready": rows.ready, "apart": rows.apart}
    return pd.DataFrame(table | {name: one for name, one in more.items() if one is not None})
