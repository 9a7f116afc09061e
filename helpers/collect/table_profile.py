"""A table's columns as a search for keys sees them: their different values, what they may be."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.draft_column_plan import draft_column
from ..cells.kinds import is_boolean, is_date, is_number
from ..learning.unit_candidates import NOT_WHEN, says_when
from ..tables.sources.keys import key_text
from ..tables.sources.moments import read_moments
from ..tables.sources.summaries import holds_numbers

MOST_PROBED = 2_000  # different cells by which a column is told to hold times
LONGEST_KEY = 80  # letters, on average: longer texts are prose
TIME_WORDS = {"time", "date", "day", "at", "ts", "timestamp", "datetime", "when", "hour", "moment"}
PARTS_OF_TIME = {"year", "quarter", "month", "week", "weekday", "minute", "second"}
ENDS = {"to", "until", "expiry", "expires", "due", "deadline"}  # they name a time that is to come


@dataclass(frozen=True)
class Column:
    """A column: `counts` has the cells of each different key; `is_whole` says all are integers."""

    name: str
    counts: pd.Series
    rows: int
    is_time: bool
    may_be_key: bool

    @property
    def present(self) -> int:
        """How many cells hold something."""
        return int(self.counts.sum())

    @property
    def is_unique(self) -> bool:
        """Whether no value comes twice, and every row has one."""
        return self.present == self.rows == len(self.counts) and self.rows > 1

    @cached_property
    def values(self) -> pd.Index:
        """The different keys."""
        return self.counts.index

    @cached_property
    def is_whole(self) -> bool:
        """Whether all are plain whole numbers."""
        return bool(len(self.values)) and bool(self.values.str.fullmatch(r"-?(0|[1-9]\d*)").all())

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return words_of(self.name)


@dataclass(frozen=True)
class Profile:
    """A table with its columns, by name; what it is called in a recipe, and where it is."""

    name: str
    frame: pd.DataFrame
    columns: dict[str, Column]

    @property
    def keys(self) -> list[Column]:
        """Columns that alone name a row."""
        return [one for one in self.columns.values() if one.is_unique and one.may_be_key]

    def times(self, first: bool) -> list[str]:
        """The columns of times that all rows have, the one to use first.

        Of the main table (`first`) the earliest: what is known later is no moment of prediction. Of
        any other the latest: no row is known before all of it is.
        """
        found = [one for one in self.columns.values() if one.is_time]
        found = [one for one in found if one.present >= 0.99 * one.rows]
        usable = [one for one in found if not {*one.words} & (NOT_WHEN | ENDS)]
        named = [one for one in usable if says_when(one.name)]
        names = [one.name for one in named or usable]
        middle = {name: read_moments(self.frame[name]).at.median() for name in names}
        return sorted(names, key=middle.__getitem__, reverse=not first)


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in small letters.

    >>> words_of("billingCustomer_ID")
    ('billing', 'customer', 'id')
    """
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", str(name)).casefold()
    return tuple(re.findall(r"[^\W_]+", parted))


def profile(name: str, frame: pd.DataFrame) -> Profile:
    """What a search for keys needs to know of a table."""
    return Profile(name, frame, {str(c): _column(str(c), frame[c]) for c in frame})


def _column(name: str, cells: pd.Series) -> Column:
    when = _holds_times(name, cells)
    counts = key_text(cells).value_counts()
    return Column(name, counts, len(cells), when, not when and _may_be_key(cells, counts))


def _may_be_key(cells: pd.Series, counts: pd.Series) -> bool:
    """Whether cells may be keys: texts that are no prose, whole numbers."""
    if is_boolean(cells) or not len(counts):
        return False
    if is_number(cells):
        return bool((cells.dropna() % 1 == 0).all())
    return counts.index[:MOST_PROBED].str.len().to_numpy().mean() <= LONGEST_KEY


def _holds_times(name: str, cells: pd.Series) -> bool:
    if is_date(cells):
        return True
    if is_number(cells) and not set(words_of(name)) & TIME_WORDS:
        return False
    some = pd.Series(cells.dropna().unique()[:MOST_PROBED])
    if not is_number(cells) and (some.empty or not _may_be_date(some)):
        return False
    return _reads_as_times(some)


def _reads_as_times(some: pd.Series) -> bool:
    """Whether nearly all of some cells can be read as moments."""
    try:
        return bool(read_moments(some).at.notna().mean() > 0.95)
    except InputError:
        return False


def _may_be_date(some: pd.Series) -> bool:
    """Whether texts look like dates, before they are read as such; a year alone is none."""
    texts = some.astype("str")
    if texts.str.fullmatch(r"-?\d+(\.\d+)?").mean() > 0.5:
        return False
    return bool(texts.str.contains(r"\d").mean() > 0.95) and (
        draft_column(some)["kind"] == "date" or texts.str.match(r"\d{4}-\d\d-\d\d[T ]").mean() > 0.9
    )


def is_unique_together(frame: pd.DataFrame, names: list[str]) -> bool:
    """Whether no two rows have the same values in some columns, and none lacks one."""
    keys = pd.DataFrame({name: key_text(frame[name]) for name in names})
    return len(keys) > 1 and not keys.isna().any(axis=None) and not keys.duplicated().any()


def regular_step(frame: pd.DataFrame, names: list[str], time: str) -> pd.Timedelta | None:
    """The step between the times of one key, where most steps are equal; None where they are not.
    """  # fmt: skip
    at = read_moments(frame[time]).at
    rows = pd.DataFrame({name: key_text(frame[name]) for name in names}).assign(at=at)
    rows = rows.dropna().sort_values([*names, "at"])
    step = rows.groupby(names)["at"].diff() if names else rows["at"].diff()
    step = step.dropna()
    if len(step) < 3:
        return None
    usual = step.mode().iloc[0]
    return usual if usual > pd.Timedelta(0) and (step == usual).mean() >= 0.7 else None


def usual_window(frame: pd.DataFrame, name: str, time: str, events: int = 5) -> pd.Timedelta | None:
    """A round span that holds some events of a typical key; None where only all of them would."""
    at = read_moments(frame[time]).at
    rows = (
        pd.DataFrame({"key": key_text(frame[name]), "at": at}).dropna().sort_values(["key", "at"])
    )
    step = rows.groupby("key")["at"].diff().dropna()
    if not len(step):
        return None
    return round_span(step.median() * events)


def round_span(needed: pd.Timedelta) -> pd.Timedelta | None:
    """The shortest round span that is as long as needed; None where none is.

    >>> round_span(pd.Timedelta("5h"))
    Timedelta('0 days 06:00:00')
    """
    rounds = [pd.Timedelta(text) for text in ("1h", "6h", "1D", "7D", "30D", "90D", "365D")]
    return next((one for one in rounds if one >= needed), None)


def readings(right: Profile, names: Collection[str]) -> list[str]:
    """The columns of a table, but some, that hold numbers and do not say when a row is of."""
    others = (one for name, one in right.columns.items() if name not in names)
    return [one.name for one in others if not {*one.words} & (TIME_WORDS | PARTS_OF_TIME)
            and holds_numbers(right.frame[one.name])]  # fmt: skip


def evenly(column: np.ndarray, most: int) -> np.ndarray:
    """Up to so many of some values, evenly spaced."""
    return column[:: max(1, len(column) // most)][:most]
