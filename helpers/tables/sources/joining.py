"""The tables of a recipe joined to its main table: each of its rows stays, once, in its place.

What each join did is counted (`JoinReport`); what could not be joined is said, never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...base.user_errors import InputError, nearest
from .. import odd_files, set_aside
from . import as_of
from .fuzzy import DOUBTS, fuzzy_places
from .keys import key_codes
from .moments import read_moments
from .open_source import Read, open_source
from .recipe import (
    AGGREGATE,
    EXACT,
    FUZZY,
    NEAREST,
    TIMED,
    WINDOW,
    Recipe,
    Source,
    read_recipe,
)
from .summaries import summaries, usual

ONE_ROW_A_KEY = (
    "Give a key of one row each, or sum the rows up: `join: aggregate`, or with a time "
    "`join: nearest` or `join: window`."
)


@dataclass(frozen=True)
class JoinReport:
    """What a join did to n rows: `matched` + `unmatched` + `without_key` = n.

    `multiplied` counts rows of the main table that several rows of the source belong to (summed up,
    or of several the last). `columns` are those that it added; `notes` are sentences to read.
    """

    source: str
    join: str
    key: tuple[tuple[str, str], ...]
    matched: int
    unmatched: int
    without_key: int
    multiplied: int
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The rows of the main table."""
        return self.matched + self.unmatched + self.without_key

    def sentence(self) -> str:
        """What the join did, in a sentence."""
        on = " and ".join(a if a == b else f"{a} = {b}" for a, b in self.key) or "time alone"
        text = (
            f"{self.source} ({self.join}, by {on}): {self.matched:,} of {self.rows:,} rows matched"
        )
        more = [(self.unmatched, "without a partner"), (self.without_key, "without a key or time"),
                (self.multiplied, "with several partners, summed up")]  # fmt: skip
        rest = "".join(f", {count:,} {what}" for count, what in more if count)
        return f"{text}{rest}."


@dataclass
class Joined:
    """The joined table, the tables it was made of, and what each join did.

    `columns_from` says of each joined column which source it is of; `doubts` lists names that may
    be the same thing (of fuzzy joins).
    """

    frame: pd.DataFrame
    recipe: Recipe
    tables: dict[str, pd.DataFrame]
    reports: list[JoinReport] = field(default_factory=list)
    doubts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["source", *DOUBTS]))

    @property
    def columns_from(self) -> dict[str, str]:
        """By joined column the source that it came from."""
        return {name: one.source for one in self.reports for name in one.columns}


def read_and_join(path: str, read: Read, typed: bool = True) -> Joined:
    """The recipe in a file, its sources opened and joined; `read` is `read_any.read_table`.

    Raises InputError in one line, which begins with the recipe's file or the source's name.
    """
    recipe = read_recipe(path)
    places: dict[tuple, pd.DataFrame] = {}
    tables = {}
    for one in (recipe.main, *recipe.others):
        if one.place not in places:
            places[one.place] = open_source(one, read, typed)
        tables[one.name] = places[one.place]
    made = join(recipe, tables)
    made.frame = odd_files.note(made.frame, *_oddities(recipe, tables))
    return made


def _oddities(recipe: Recipe, tables: dict[str, pd.DataFrame]) -> list[str]:
    """What is odd in the files of the joined sources; the main table tells its own."""
    found = []
    for one in recipe.others:
        found += [f"{one.name}: {sentence}" for sentence in odd_files.of(tables[one.name])]
        if lines := set_aside.count(tables[one.name]):
            found.append(f"{one.name}: {lines:,} lines are no rows and were left out of it.")
    return list(dict.fromkeys(found))


def join(recipe: Recipe, tables: dict[str, pd.DataFrame]) -> Joined:
    """The tables of a recipe, by name, joined one after the other.

    >>> from .recipe import recipe_of
    >>> recipe = recipe_of({"main": "a", "sources": {
    ...     "a": {"data": "a.csv"}, "b": {"data": "b.csv", "key": "id"}}})
    >>> tables = {"a": pd.DataFrame({"id": [2, 3]}), "b": pd.DataFrame({"id": [2], "x": [9]})}
    >>> join(recipe, tables).frame["b_x"].tolist()
    [9.0, nan]
    """
    frame = tables[recipe.main.name]
    made = Joined(frame, recipe, tables)
    moment = _moment_of(recipe, frame)
    for one in recipe.others:
        if one.key or one.join in TIMED:
            _add(made, one, tables[one.name], moment)
    return made


def _moment_of(recipe: Recipe, frame: pd.DataFrame):
    """When each row of the main table is asked about; None without a moment."""
    if (asked := recipe.moment) is None:
        return None
    _check_column(recipe.main.name, asked.column, frame, "moment")
    found = read_moments(frame[asked.column], asked.zone, f"{recipe.main.name}.{asked.column}: ")
    return found, found.at - asked.before, asked


def _check_column(source: str, name: str, frame: pd.DataFrame, what: str) -> None:
    if name not in frame:
        raise InputError(
            f"{source} has no column '{name}' ({what}). {nearest(name, frame.columns)}"
        )


def _add(made: Joined, source: Source, table: pd.DataFrame, moment) -> None:
    """Join one source, in place."""
    for before, own in source.key:
        _check_column("the table so far", before, made.frame, f"key of {source.name}")
        _check_column(source.name, own, table, "key")
    for name in filter(None, (source.time, *source.columns, *source.aggregate)):
        if name != "count":
            _check_column(source.name, name, table, "asked for")
    found, report, doubts = _JOINS[source.join](made.frame, source, table, moment)
    found = found.rename(columns=source.named)
    if taken := [name for name in found if name in made.frame]:
        raise InputError(f"{source.name}: the table has a column '{taken[0]}' already: give the "
                         f"source another `prefix:`.")  # fmt: skip
    attrs = made.frame.attrs
    made.frame = pd.concat([made.frame, found.set_axis(made.frame.index)], axis=1)
    made.frame.attrs = attrs
    made.reports.append(report(tuple(found)))
    if len(doubts):
        made.doubts = pd.concat([made.doubts, doubts.assign(source=source.name)], ignore_index=True)


def _codes(frame: pd.DataFrame, source: Source, table: pd.DataFrame):
    if not source.key:
        return np.zeros(len(frame), int), np.zeros(len(table), int)
    return key_codes([frame[here] for here, _ in source.key], [table[own] for own in source.keys])


def added_columns(source: Source, table: pd.DataFrame) -> list[str]:
    """The columns of a source that it adds: those asked for, or all but its keys and its time."""
    left = {*source.keys, source.time if source.join in TIMED else ""}
    return list(source.columns) or [name for name in table if name not in left]


def _taken(table: pd.DataFrame, names: list[str], place: np.ndarray) -> pd.DataFrame:
    """Rows of a table at some positions; -1: a row of missing values."""
    some = table[names].reset_index(drop=True)
    some = some.astype({name: "boolean" for name in some if some[name].dtype == bool})
    return some.reindex(place)


def _report(source: Source, key: np.ndarray, matched: np.ndarray, many: int = 0, notes=()):
    """A join's report, which waits for the names of its columns."""
    no_key = key < 0
    counts = (int(matched.sum()), int((~matched & ~no_key).sum()), int((~matched & no_key).sum()))
    notes = tuple(filter(None, notes))
    return lambda columns: JoinReport(source.name, source.join, source.key, *counts, many, columns,
                                      notes)  # fmt: skip


def _exact(frame, source: Source, table, moment):
    """Many rows of the main table to one of the source."""
    table, twice = without_copies(table, source)
    key, other = _codes(frame, source, table)
    _refuse_repeats(source, table, other)
    place = np.full(max(key.max(initial=-1), other.max(initial=-1)) + 2, -1)
    place[other[other >= 0]] = np.flatnonzero(other >= 0)
    place[-1] = -1
    found = place[key]
    note = (
        f"{source.name}: {twice:,} rows came twice, equal in all columns: taken once."
        if twice
        else ""
    )
    made = _taken(table, added_columns(source, table), found)
    return made, _report(source, key, found >= 0, notes=[note]), ()


def without_copies(table: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, int]:
    """A table without rows that repeat an earlier one in all columns; how many those were."""
    if not table.duplicated(source.keys).any():
        return table, 0
    kept = table.drop_duplicates(ignore_index=True)
    return kept, len(table) - len(kept)


def _refuse_repeats(source: Source, table: pd.DataFrame, other: np.ndarray) -> None:
    """Raise InputError where a key stands in several rows: each match would multiply rows."""
    rows = pd.Series(other[other >= 0]).value_counts()
    if len(rows) == 0 or rows.iloc[0] == 1:
        return
    first = table.iloc[int(np.flatnonzero(other == rows.index[0])[0])]
    value = ", ".join(f"{name} = {first[name]}" for name in source.keys)
    some = f"{value:.80} stands in {rows.iloc[0]:,} rows ({(rows > 1).sum():,} keys do)"
    raise InputError(f"{source.name}: the key repeats: {some}. {ONE_ROW_A_KEY}")


def _fuzzy(frame, source: Source, table, moment):
    ours = [frame[here] for here, _ in source.key]
    place, doubts = fuzzy_places(ours, [table[own] for own in source.keys], source.same)
    missing = np.logical_or.reduce([one.isna().to_numpy() for one in ours])
    note = ""
    if len(doubts):
        first = doubts.iloc[0]
        note = (f"{source.name}: {len(doubts):,} names have a likely partner that is not sure, and "
                f"were not joined, such as '{first['value']}' and '{first['candidate']}' "
                f"({first['why']}): `same: {{{first['value']}: {first['candidate']}}}` in the "
                f"recipe joins them.")  # fmt: skip
    made = _taken(table, [*source.keys, *added_columns(source, table)], place)
    return made, _report(source, np.where(missing, -1, 0), place >= 0, notes=[note]), doubts


def _known_at(source: Source, table: pd.DataFrame, moment) -> tuple[pd.Series, list[str]]:
    """When each row of a timed source is known, and what is to be said of that."""
    main, _, asked = moment
    found = read_moments(table[source.time], source.zone, f"{source.name}.{source.time}: ")
    if found.has_zone != main.has_zone:
        without, where = (source.name, source.time) if main.has_zone else ("moment", asked.column)
        raise InputError(
            f"{source.name}: one of the two times names its time zone and the other does not. Say "
            f"which zone '{where}' is in: `zone: Europe/Oslo` at {without}."
        )
    later, notes = source.known_after, []
    if later is None:
        later = as_of.stamped_by(found.at)
        if later:
            notes.append(
                f"{source.name}: each time stands for {_span(later)}, so a row counts as known "
                f"when that is over (`known_after: 0` takes it from its time on)."
            )
    if found.unread:
        notes.append(f"{source.name}: {found.unread:,} times can't be read, such as "
                     f"'{found.example}': those rows join nothing.")  # fmt: skip
    return found.at + later, notes


def _span(span: pd.Timedelta) -> str:
    days, hours = span.days, span.components.hours
    return f"{days} day{'s' * (days > 1)}" if days else f"{hours} hour{'s' * (hours > 1)}"


def _nearest(frame, source: Source, table, moment):
    """The last row of the source that is known at the moment of each row."""
    known_at, notes = _known_at(source, table, moment)
    key, other = _codes(frame, source, table)
    again = pd.DataFrame({"key": other, "at": known_at})[other >= 0].dropna().duplicated().sum()
    if again:
        notes.append(f"{source.name}: {again:,} rows have the key and the time of another: of "
                     f"those the last in the source counts.")  # fmt: skip
    place = as_of.last_known(key, moment[1], other, known_at, source.not_older)
    asked = np.where(moment[1].isna(), -1, key)
    made = _taken(table, added_columns(source, table), place)
    return made, _report(source, asked, place >= 0, notes=notes), ()


def _window(frame, source: Source, table, moment):
    """The rows of the source that are known before the moment of each row, summed up."""
    known_at, notes = _known_at(source, table, moment)
    key, other = _codes(frame, source, table)
    part = as_of.known_rows(key, moment[1], other, known_at, source.window)
    asked = np.where(moment[1].isna(), -1, key)
    made = _summed(source, table, part)
    hours = moment[1] - pd.Series(known_at.array.take(_last_place(part), allow_fill=True))
    made["hours_since"] = (hours.dt.total_seconds() / 3600).to_numpy()
    return _of_parts(source, made, part, asked, notes)


def _last_place(part) -> np.ndarray:
    """The position of the last row of each part; -1 for an empty one."""
    order, start, stop = part
    return np.append(order, -1)[np.where(stop > start, stop - 1, len(order))]


def _aggregate(frame, source: Source, table, moment):
    """All rows of a key, summed up, whenever they are of."""
    key, other = _codes(frame, source, table)
    part = as_of.known_rows(key, None, other, None)
    note = "" if moment is None else (
        f"{source.name}: all rows of a key are summed up, later ones too: sound only where they "
        f"are known at the moment of prediction. With a time: `join: window`.")  # fmt: skip
    return _of_parts(source, _summed(source, table, part), part, key, [note])


def _of_parts(source: Source, made: pd.DataFrame, part, key: np.ndarray, notes):
    _, start, stop = part
    report = _report(source, key, stop > start, int((stop - start > 1).sum()), notes)
    return made, report, ()


def _summed(source: Source, table: pd.DataFrame, part) -> pd.DataFrame:
    names = added_columns(source, table)
    asked = source.aggregate or usual(table, names, source.join == WINDOW)
    return pd.DataFrame(summaries(table, asked, *part))


_JOINS = {EXACT: _exact, NEAREST: _nearest, WINDOW: _window, AGGREGATE: _aggregate, FUZZY: _fuzzy}
