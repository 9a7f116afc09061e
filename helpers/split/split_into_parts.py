"""Stage 4, split: hold out rows that the model will not see, and lay out the folds.

Random and stratified where rows are independent; by time where the model will be asked about
later rows; by group where rows belong together (one patient, one customer); or as the table says,
by a column of its own or by a second file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.kinds import is_date
from ..learning.labelled_data import NEVER, TEST, TRAIN, Labelled
from .split_at_random import random_folds, records_at_random, with_folds
from .split_by_group import by_group
from .split_by_time import by_time

STRATEGIES = ("random", "time", "group", "column", "file")
GIVEN = ("column", "file")  # the table says which rows are held out
TEST_WORDS = {"test", "testing", "holdout", "held out", "hold out", "held-out", "hold-out", "eval"}
TRAIN_WORDS = {"train", "training", "learn", "valid", "validation", "val", "dev"}
FEWEST_ROWS = 10


def choose_strategy(
    strategy: str, about: dict, columns, time_column="", group_column="", split_column=""
) -> dict:
    """The strategy and its column: what is asked for, or what the table calls for.

    "auto" is by column when a split column is named, by file when stage 1 was given a second one,
    by group when a group column is named, by time when a time column is named or known (an
    example's), and random otherwise.
    """
    time_column = time_column or about.get("time_column", "")
    named = {"time": time_column, "group": group_column, "column": split_column}
    for name in filter(None, named.values()):
        if name not in columns:
            raise InputError(f"The table has no column '{name}'. {nearest(name, columns)}")
    if strategy == "auto":
        strategy = _strategy_for(named, about)
    _check_strategy(strategy, named, about)
    return {"strategy": strategy, "column": named.get(strategy, "")}


def _strategy_for(named: dict, about: dict) -> str:
    """The strategy that the named columns and the table call for."""
    if named["column"]:
        return "column"
    if about.get("test_rows"):
        return "file"
    if named["group"]:
        return "group"
    by_time = named["time"] and about.get("split_strategy", "time") == "time"
    return "time" if by_time else "random"


def _check_strategy(strategy: str, named: dict, about: dict) -> None:
    """Raise InputError for a strategy that is unknown or lacks its column or file."""
    if strategy not in STRATEGIES:
        raise InputError(
            f"split_strategy is auto, {', '.join(STRATEGIES)}; it is '{strategy}'. "
            f"{nearest(strategy, STRATEGIES)}"
        )
    if strategy == "file" and not about.get("test_rows"):
        raise InputError("A split by file needs a second one: --set test_data=FILE (stage 1).")
    if not named.get(strategy, "no column is needed"):
        parameter = "split_column" if strategy == "column" else f"{strategy}_column"
        raise InputError(
            f"A {strategy} split needs a column: name it with --set {parameter}=COLUMN."
        )


def date_columns(clean: pd.DataFrame) -> list[str]:
    """The columns that hold dates."""
    return [c for c in clean if is_date(clean[c])]


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
    if choice["strategy"] in GIVEN:
        cut = _as_given(rows, choice, test_rows, folds, seed)
    elif choice["strategy"] == "time":
        cut = keep_together(by_time(rows, choice["column"], test_share, test_from, folds, embargo))
    elif choice["strategy"] == "group":
        cut = keep_together(by_group(rows, choice["column"], test_share, folds, seed))
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
    return replace(
        cut, part=part, fold=fold, ready=None if cut.ready is None else latest(cut.ready)
    )


def _check_sets(cut: Labelled, choice: dict) -> None:
    """Raise InputError when a part has too few rows or one class only, so it is of no use."""
    for part, does in ((TRAIN, "train on"), (TEST, "test on")):
        y = cut.y[cut.part == part]
        if len(y) < 2:
            raise InputError(
                f"This {choice['strategy']} split leaves {len(y)} rows to {does}: "
                f"change test_share."
            )
        if not cut.task.is_regression and len(set(y)) == 1:
            raise InputError(
                f"This {choice['strategy']} split leaves rows of one class only ({y[0]!s:.40}) to "
                f"{does}: collect more rows of the others, or change test_share or split_strategy."
            )


def _as_given(rows: Labelled, choice: dict, test_rows: int, folds: int, seed: int) -> Labelled:
    """The parts that a column names, or that two files make; near duplicates stay in place."""
    if choice["strategy"] == "file":
        held_out = rows.row >= test_rows
    else:
        held_out = _says_test(rows.X[choice["column"]], choice["column"])
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    if len(train) < 2 or len(test) < 2:
        what = f"The column '{choice['column']}'" if choice["column"] else "The second file"
        raise InputError(
            f"{what} gives {len(train)} rows to train on and {len(test)} to test on: at least "
            f"two of each are needed."
        )
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
    """The table that goes into `split.parquet`: `row`, `part`, `fold`, and any `unit`."""
    table = {"row": rows.row, "part": rows.part.astype(str), "fold": rows.fold}
    if rows.unit is not None:
        table["unit"] = rows.unit.astype(str)
    return pd.DataFrame(table if rows.ready is None else table | {"ready": rows.ready})
