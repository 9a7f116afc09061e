"""Rows of later deliveries that a model has learnt from: noted, and known again.

A file that grows, or is given a second time, would let a model be judged on rows that it knows.
Rows are known again by their place and content in the file: whole raw rows that stand where they
stood, or as far from one another as they stood, if more of them do than would by chance. Where the
rows are in another order, content has to do: as many copies as were learnt, in tables where two
rows are hardly ever equal by chance. In a table of a few categories equal rows prove nothing: they
are kept.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError
from ..cells.as_texts import texts

# In a challenger's folder: its training rows that came after its champion's training
TRAINING_ROWS_FILE, EARLIER_FILE = "training_rows.parquet", "learnt_rows.parquet"
NOTED = ["delivery", "place", "columns", "row"]
BY_CHANCE = 1e-6  # the probability of so many equal rows in place, or of so many equal pairs
NEAR = 10  # places before and after, which say how often rows are equal by chance
IN_PLACE = 0.5  # of the rows learnt, at least, or it is another file
MOST_PIECES = 8  # of a file into which rows were put
MOST_LOOKED_FOR = 200  # rows learnt that are looked for in the whole file


def note_training_rows(challenger, champion, rows: pd.DataFrame, place: np.ndarray) -> None:
    """Store which later rows a challenger is trained on, with those of its champion.

    `rows` are raw rows, `place` says where each stood in its file, from 0.
    """
    known = _noted(champion)
    new = as_note(rows, place, 1 + known["delivery"].max() if len(known) else 0)
    with challenger.replacing(TRAINING_ROWS_FILE) as draft:
        pd.concat([known, new], ignore_index=True).to_parquet(draft, index=False)


def as_note(rows: pd.DataFrame, place: np.ndarray, delivery: int = 0) -> pd.DataFrame:
    """What is noted of raw rows: the number of their delivery, their place, columns and a hash."""
    columns = sorted(map(str, rows.columns))
    new = pd.DataFrame({"row": row_hashes(rows, columns), "place": place, "delivery": delivery})
    return new.assign(columns="\n".join(columns))[NOTED]


def fields_of(run) -> list[str]:
    """The columns that the first of the champions uses."""
    return run.challenges.get("fields") or sorted(run.read_json("model/schema.json")["fields"])


def row_hashes(rows: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """A hash of each row by some columns; one that is lacking counts as empty."""
    cells = {
        name: texts(rows[name]) if name in rows else pd.Series(pd.NA, rows.index, dtype="str")
        for name in columns
    }
    return pd.util.hash_pandas_object(pd.DataFrame(cells, rows.index), index=False).to_numpy()


def is_learnt(run, raw: pd.DataFrame) -> np.ndarray:
    """A mask of the rows of a delivery that the model of a run was trained on.

    Raises InputError when the note of them can't be read.
    """
    return copies(_noted(run), raw)


def copies(noted: pd.DataFrame, raw: pd.DataFrame) -> np.ndarray:
    """A mask of the raw rows that are among those noted (see `as_note`).

    >>> rows = pd.DataFrame({"day": [1, 2, 3], "sold": [5, 5, 7]})
    >>> copies(as_note(rows.head(2), np.arange(2)), rows).tolist()
    [True, True, False]
    """
    learnt = np.zeros(len(raw), dtype=bool)
    for _, one in noted.groupby("delivery"):
        place = None if (one["place"] < 0).any() else one["place"].to_numpy()
        here = row_hashes(raw, one["columns"].iloc[0].split("\n"))
        learnt |= _are_copies(one["row"].to_numpy(), place, here, ~learnt)
    return learnt


def _noted(run) -> pd.DataFrame:
    """The rows that a run's model has learnt later, columns `NOTED`.

    In the notes of earlier versions a row has no place, and a hash of the fields alone.
    """
    for name in (TRAINING_ROWS_FILE, EARLIER_FILE):
        if run.file(name).exists():
            return _as_noted(_read(run.file(name)), run)
    return pd.DataFrame({"delivery": [], "place": [], "columns": [], "row": []}).astype(
        {"delivery": int, "place": int, "columns": "str", "row": np.uint64}
    )


def _as_noted(table: pd.DataFrame, run) -> pd.DataFrame:
    if set(NOTED) <= set(table):
        return table[NOTED]
    columns = "\n".join(fields_of(run))
    return table[["row"]].assign(delivery=0, place=-1, columns=columns)[NOTED]


def _read(path) -> pd.DataFrame:
    try:
        found = pd.read_parquet(path)
        return found.astype({"row": np.uint64})
    except Exception as error:  # a broken file, or one without the column: each has its own
        raise InputError(
            f"The note of rows that the model has learnt, {path}, can't be read "
            f"({type(error).__name__}): delete it, and give only rows that are new."
        ) from None


def _are_copies(
    row: np.ndarray, place: np.ndarray | None, here: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """Which rows of a file are the rows learnt, by the hashes of both; `free` are not taken yet."""
    copy, left = np.zeros(len(here), dtype=bool), np.arange(len(row))
    for _ in range(MOST_PIECES if place is not None and len(here) else 0):
        at = place[left] + _shift(row[left], place[left], here)
        if not _is_same_file(row[left], at, here):
            break
        equal = _equal(row[left], at, here)[0]
        copy[at[equal]] = True
        left = left[~equal]
        if not len(left):
            return copy
    rest = np.flatnonzero(free & ~copy)
    copy[rest[_by_content(row[left], here[rest])]] = True
    return copy


def _equal(row: np.ndarray, at: np.ndarray, here: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are equal to those of the file at some places; and which places it has."""
    inside = (at >= 0) & (at < len(here))
    return inside & (here[np.where(inside, at, 0)] == row), inside


def _shift(row: np.ndarray, place: np.ndarray, here: np.ndarray) -> int:
    """By how far most rows learnt stand from where they stood: in a file that has got rows at its
    head, or lost some there. Some of the rows are looked for everywhere."""
    some = evenly_spaced(len(row), MOST_LOOKED_FOR)
    last = place[some].max()
    shifts = np.arange(-last, len(here))
    more = np.zeros(len(shifts))  # equal rows, more than by chance
    for was, one in zip(place[some], row[some], strict=True):
        equal = here == one  # a row that was at `was` and is at i has moved by i - was
        more[last - was : last - was + len(here)] += equal - equal.mean()
    best = np.flatnonzero(more >= more.max() - 1e-9)
    return int(shifts[best[np.abs(shifts[best]).argmin()]])


def _is_same_file(row: np.ndarray, at: np.ndarray, here: np.ndarray) -> bool:
    """Whether more rows stand at these places than rows next to them are equal by chance."""
    equal, inside = _equal(row, at, here)
    if not inside.any() or equal[inside].mean() < IN_PLACE:
        return False
    near = (_equal(row, at + n, here)[0].sum() for n in range(-NEAR, NEAR + 1) if n)
    chance = (1 + max(near)) / (2 + inside.sum())
    return _surely_more(equal.sum(), inside.sum(), chance, tries=len(here))


def _surely_more(count: int, of: int, chance: float, tries: int = 1) -> bool:
    """Whether so many of so many happen by chance hardly ever, in so many tries."""
    from scipy.stats import binom

    return chance < 1 and tries * binom.sf(count - 1, of, chance) < BY_CHANCE


def _by_content(row: np.ndarray, here: np.ndarray) -> np.ndarray:
    """The places of as many copies as were learnt, where equal rows are copies; else none."""
    learnt, found = pd.Series(row).value_counts(), pd.Series(here).value_counts()
    if not _repeat_by_copying(learnt, found.reindex(learnt.index, fill_value=0), found):
        return np.array([], dtype=int)
    number = pd.Series(here).groupby(here).cumcount().to_numpy()
    return np.flatnonzero(number < learnt.reindex(here, fill_value=0).to_numpy())


def _repeat_by_copying(learnt: pd.Series, both: pd.Series, found: pd.Series) -> bool:
    """Whether rows of two tables are equal because they are the same rows.

    Of two rows that are equal by chance, each may be of either table, so about as many such pairs
    lie within the tables as across (of n and m rows: 2nm / (n + m)², a half at most, are across).
    Copies are across. Only rows that are there twice in all are counted.
    """
    across = int(((learnt == 1) & (both == 1)).sum())
    alone = found.index.difference(learnt.index)
    within = int(((learnt == 2) & (both == 0)).sum()) + int((found[alone] == 2).sum())
    n, m = learnt.sum(), found.sum()
    chance = 2 * n * m / max((n + m) ** 2, 1)
    repeats = (learnt > 1).any() or (found > 1).any()
    return across > 0 and (not repeats or _surely_more(across, across + within, chance))
