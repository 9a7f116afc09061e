"""Keys of two columns none of which gives a third alone: state and income band give the rate.

Only columns that each tell something of the third are paired, so tables of columns that have
nothing to do with each other cost little and give nothing.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from .encoded_table import EncodedTable
from .key_agreement import agreement, counts_by_key, gives, leave_one_out

FEWEST_LEVELS, MOST_LEVELS = 2, 200
ROWS_OF_A_PAIR = 4  # of each pair of values, on average
TOLD = 4.0  # standard errors above predicting the most frequent value
MOST_TRIED = 6  # columns that are paired, those that tell most
MOST_COLUMNS = 30  # that are looked at
BETTER = 1.15  # than the best single column
LEAST, COVERED = 0.5, 0.3  # rows that agree, rows that have others of their key
MOST = 2  # pairs that give one column


def find(
    table: EncodedTable, columns: dict[str, dict], to: str, single: float, least: float = LEAST
) -> list[tuple[float, list[str]]]:
    """The pairs of columns that give another, each with the share of rows that agree, best first.

    `single` is the share by the best single column.
    """
    names = _telling(table, columns, to)
    judged = [(agreement(table, pair, to), list(pair)) for pair in combinations(names, 2)
              if _is_pair(table, pair)]  # fmt: skip
    needed = max(least * table.expected * (1 - table.errors), BETTER * single)  # of three cells
    found = [(agree, pair) for (agree, covered), pair in judged
             if agree >= needed and covered >= COVERED]  # fmt: skip
    return sorted(found, key=lambda one: (-one[0], one[1]))[:MOST]


def _telling(table: EncodedTable, columns: dict[str, dict], to: str) -> list[str]:
    """The columns of few values that tell something of another, those that tell most first."""
    few = [n for n in table.names if n != to and _is_of_few(table, columns, n)][:MOST_COLUMNS]
    told = sorted(((_told(table, name, to), name) for name in few), reverse=True)
    return [name for told_of, name in told if told_of >= TOLD][:MOST_TRIED]


def _is_of_few(table: EncodedTable, columns: dict[str, dict], name: str) -> bool:
    is_named = columns[name]["kind"] in ("category", "boolean", "date")
    return is_named and FEWEST_LEVELS <= table.levels(name) <= MOST_LEVELS


def _told(table: EncodedTable, name: str, to: str) -> float:
    """How far a column predicts another better than its most frequent value, in standard errors."""
    rows = table.whole_keys([name])
    key, values = table.codes[name][rows], table.codes[to][rows]
    agree, count = leave_one_out(counts_by_key(key, values, table.levels(to)))
    known = values[values >= 0]
    if not count or not len(known):
        return 0.0
    common = np.bincount(known).max() / len(known)
    return float((agree - common) / np.sqrt(max(common * (1 - common), 1e-9) / count))


def _is_pair(table: EncodedTable, pair: tuple[str, str]) -> bool:
    """Whether two columns come in pairs that come again, and neither gives the other."""
    codes = table.key(pair)
    pairs = len(np.unique(codes[codes >= 0]))
    if pairs * ROWS_OF_A_PAIR > table.rows:
        return False
    one, other = pair
    return not gives(table, [one], other) and not gives(table, [other], one)
