"""How well one column, or two, predict another: each row by the others of its key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .encoded_table import MANY_ERRORS, EncodedTable
from .swapped_columns import FEWEST, MOST_DETERMINANTS

# A dependency is sure when the other rows of its key predict a row in so many cases. With
# five errors in a hundred cells on both sides, as in the hospital benchmark, true dependencies
# reach 0.91 to 0.98; what holds by habit only (a plane flies for one carrier, a street lies in one
# town) stays below or has exceptions that come again, which take the vote from their key.
SURE = 0.9
LIFT_IF_MANY = 0.4  # where many cells are wrong
LIFT = 0.8  # and this much better than always predicting the most frequent value
FEW_LEVELS = 60  # of a second key column
RARE_FOR_LIFT = 0.02  # of the cells of the most frequent value
FEWEST_ROWS = 20  # with others of their key, before agreement is judged
OFTEN = 8  # rows of each decimal number, on average, where it is a name


def usable(frame: pd.DataFrame, columns: dict, left_out: set) -> list[str]:
    """The columns that may be a key or be given by one: values that come again, no prose."""
    names = [n for n in frame if n not in left_out and columns[n]["kind"] != "text"]
    return [n for n in names if columns[n].get("note") not in ("constant", "empty", "identifier")]


def can_be_key(table: EncodedTable, columns: dict, name: str) -> bool:
    """Whether values of a column come again, and are names, not measurements.

    Decimal numbers are names where each comes again often, such as the rates of a tax.
    """
    levels = table.levels(name)
    if not 2 <= levels <= 0.5 * table.rows or levels > 20 * MOST_DETERMINANTS:
        return False
    if columns[name]["kind"] != "number":
        return columns[name]["kind"] in ("category", "date")
    whole = all(text.lstrip("-").isdigit() for text in table.values[name][:1000])
    return levels >= 10 and (whole or OFTEN * levels <= table.rows)


def second_keys(table: EncodedTable, columns: dict, used: tuple[str, ...]) -> list[str]:
    """Columns of few names, other than those in use."""
    kinds = ("category", "boolean")
    return [n for n in table.names if n not in used and columns[n]["kind"] in kinds
            and 2 <= table.levels(n) <= FEW_LEVELS]  # fmt: skip


def counts_by_key(key: np.ndarray, to: np.ndarray, levels: int, unit: np.ndarray | None = None):
    """By key: how many rows hold its most frequent value, the second, all; and the values.

    With `unit` it counts units in place of rows.
    """
    known = (key >= 0) & (to >= 0)
    pairs = key[known].astype(np.int64) * levels + to[known]
    if unit is not None:
        pairs = pairs[_first_of_unit(pairs, unit[known])]
    pairs, cells = np.unique(pairs, return_counts=True)
    keys, values = pairs // levels, pairs % levels
    order = np.lexsort((values, -cells, keys))
    keys, values, cells = keys[order], values[order], cells[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.arange(0)
    total = np.add.reduceat(cells, first) if len(first) else cells
    second = np.zeros(len(first), dtype=cells.dtype)
    follows = np.r_[first[1:], len(keys)] - first > 1
    second[follows] = cells[first[follows] + 1]
    return keys[first], values[first], cells[first], second, total


def _first_of_unit(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The positions of each value's first row in each unit."""
    codes = pd.factorize(values)[0] * (unit.max(initial=0) + np.int64(1)) + unit
    return np.unique(codes, return_index=True)[1]


def agreement(table: EncodedTable, names: Sequence[str], to: str) -> tuple[float, float]:
    """How often the other rows of its key give a row's value; and the share of rows they cover.

    The first figure is 0 where always predicting the most frequent value does nearly as well.
    """
    key, values = table.key(names), table.codes[to]
    chosen = table.whole_keys(names)
    key, values = key[chosen], values[chosen]
    unit, every = None, len(chosen)
    if table.unit is not None:
        unit = table.unit[chosen]
        every = len(_first_of_unit(key, unit))
    agree, rows = leave_one_out(counts_by_key(key, values, table.levels(to), unit))
    if rows < FEWEST_ROWS:
        return 0.0, 0.0
    if table.errors >= MANY_ERRORS and table.levels(to) == 1:
        return agree, rows / every  # errors aside, a constant
    least = LIFT if table.errors < MANY_ERRORS else LIFT_IF_MANY
    needed = table.expected * (least if agree >= SURE * table.expected else least * agree)
    rare = RARE_FOR_LIFT if table.errors < MANY_ERRORS else 0.0  # there they are left out already
    return (agree if _lift(key, values, unit, rare) >= needed else 0.0), rows / every


def leave_one_out(counts: tuple) -> tuple[float, int]:
    """The share of rows whose value the other rows of their key give, and how many have others.

    A tie among the others counts half.
    """
    _, _, top, second, total = counts
    several = total > 1
    rows = int(total[several].sum())
    given = int(top[several & (top - 1 > second)].sum())
    tied = int(top[several & (top - 1 == second)].sum())
    return (given + tied / 2) / max(rows, 1), rows


def _lift(key: np.ndarray, values: np.ndarray, unit: np.ndarray | None, rare: float) -> float:
    """How much better than the most frequent value the determinant predicts, without rare values.

    Rare values are mostly errors, which nothing predicts.
    """
    cells = np.bincount(values[values >= 0])
    frequent = np.append(cells >= max(FEWEST, rare * cells.max()), False)[values]
    if cells.size < 2 or not frequent.any():
        return 0.0
    unit = None if unit is None else unit[frequent]
    _, _, top, second, total = counts_by_key(key[frequent], values[frequent], len(cells), unit)
    several = total > 1
    given = top[several & (top - 1 > second)].sum() / max(total[several].sum(), 1)
    common = cells.max() / frequent.sum()
    return (given - common) / (1 - common) if common < 1 else 0.0


def gives(table: EncodedTable, names: Sequence[str], to: str) -> bool:
    """Whether a key surely gives a column."""
    return agreement(table, names, to)[0] >= SURE * table.expected
