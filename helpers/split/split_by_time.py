"""A split by time: the latest rows are held out, and folds train on earlier rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.kinds import is_date, is_number
from ..learning.inner_folds import OF_TIME
from ..learning.labelled_data import GAP, ROW_ORDER, Labelled
from .split_at_random import with_folds


def by_time(
    rows: Labelled, column: str, share: float, test_from: str, folds: int, embargo: str = ""
) -> Labelled:
    """The rows with the latest held out: a share of them, or all from the day `test_from` on.

    A day (or week) that is a unit of the rows lies in one fold. Rows within `embargo` (such as
    "7 days") before the held-out ones are in neither part. A row without a date may be from any
    time: it is a training row that no fold is validated on or learns from. Raises InputError when a
    part would be empty.
    """
    when = moments(rows, column)
    begins = _units_begin(rows, column, when)
    first = _first_held_out(when if test_from else begins, column, share, test_from)
    late = (when >= first).to_numpy()  # without a date: never
    width = _embargo_length(embargo, when)
    near = ~late & (when > first - width).to_numpy() if embargo else np.zeros(len(late), bool)
    train, test = np.flatnonzero(~late & ~near), np.flatnonzero(late)
    if not len(train):
        raise InputError(f"An embargo of {embargo} leaves no training rows: make it shorter.")
    fold = time_folds(begins.iloc[train], folds, column)
    done = with_folds(rows, train, test, fold)
    ready = np.full(len(rows.y), done.fold.max() + 1)
    ready[train] = _ready(when.iloc[train], fold, width if embargo else None)
    ready[when.isna().to_numpy()] = done.fold.max() + 1
    return replace(done, part=np.where(near, GAP, done.part), ready=ready, by_time=True)


def _units_begin(rows: Labelled, column: str, when: pd.Series) -> pd.Series:
    """When the day or week of each row begins, where these are its units; else when the row is."""
    if rows.unit is None or rows.units.kind not in OF_TIME or rows.units.column != column:
        return when
    return when.groupby(rows.unit).transform("min")


def _first_held_out(when: pd.Series, column: str, share: float, test_from: str):
    """The moment from which on rows are held out."""
    latest = when.quantile(1 - share, interpolation="higher")
    first = _moment(test_from, when) if test_from else latest
    late = when >= first
    if late.all() or not late.any():
        raise InputError(
            f"A time split from {first} on leaves one set empty: '{column}' runs from "
            f"{when.min()} to {when.max()}."
        )
    return first


def _ready(when: pd.Series, fold: np.ndarray, width) -> np.ndarray:
    """The first fold that may train on each row: it begins more than `width` after the row."""
    ready = fold + 1
    if width is None:
        return ready
    for number in range(fold.max() + 1):
        begins = when[fold == number].min()
        too_near = (when > begins - width).to_numpy() & (ready == number)
        ready = np.where(too_near, number + 1, ready)
    return ready


def _width(embargo: str, when: pd.Series):
    """An embargo as it is written, in the unit of time; None where it can't be read."""
    try:
        return float(embargo) if is_number(when) else _duration(embargo)
    except ValueError:
        return None


def _embargo_length(embargo: str, when: pd.Series):
    """An embargo such as "7 days" as a length of time, or a number where time is a number."""
    if not embargo:
        return None
    width = _width(embargo, when)
    if width is None or not width >= width * 0:
        raise InputError(
            f"embargo is a duration such as '7 days' or '12 hours'; it is '{embargo}'."
        )
    return width


def _duration(text: str) -> pd.Timedelta:
    """A length of time; a plain number is one of days."""
    return pd.Timedelta(f"{text} days" if text.replace(".", "").isdecimal() else text)


def time_folds(when: pd.Series, folds: int, column: str) -> np.ndarray:
    """The fold of each row by its time; the earliest block (-1) is for training only.

    Moments are dealt out as scikit-learn's `TimeSeriesSplit` deals out rows: as many to each fold,
    what is left over to the earliest block. A row without a date is in no fold (-1).
    """
    dated = when.notna().to_numpy()
    moment = when[dated].rank(method="dense").to_numpy(int) - 1
    count = when.nunique()
    size = max(count // (folds + 1), 1)
    blocks = np.zeros(len(when), int)
    blocks[dated] = np.maximum((moment - (count - folds * size)) // size + 1, 0)
    _, blocks[dated] = np.unique(blocks[dated], return_inverse=True)
    if blocks.max() < 1:
        raise InputError(
            f"'{column}' holds one moment only before the held-out rows, so no fold can train on "
            f"earlier ones: use --set split_strategy=random or group."
        )
    return blocks - 1


def _moment(text: str, when: pd.Series):
    """The moment that `test_from` names, of the kind that the time column holds."""
    if is_number(when):
        moment = pd.to_numeric(text, errors="coerce")
        such = f"a number such as {when.max():g}"
    else:
        moment = pd.to_datetime(text, errors="coerce", utc=True)
        moment = moment.tz_localize(None) if not pd.isna(moment) else moment
        such = "a day such as 2013-07-01"
    if pd.isna(moment):
        raise InputError(f"test_from is {such}; it is '{text}'.")
    return moment


def moments(rows: Labelled, column: str) -> pd.Series:
    """When each row is from, by a column or by the order of rows in the file (`ROW_ORDER`)."""
    if column == ROW_ORDER:
        return pd.Series(rows.row.astype(float), index=rows.X.index)
    return times(rows.X[column], column)


def times(column: pd.Series, name: str) -> pd.Series:
    """A column as moments or numbers in order; raises InputError for any other kind."""
    if is_date(column):
        return column
    if is_number(column):
        return column.astype(float)  # a year, or a count of seconds
    raise InputError(f"'{name}' holds no dates and no numbers, so it gives no order in time.")
