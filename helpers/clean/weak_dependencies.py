"""Dependencies that a person is asked about, or vouches for: from weaker agreement than is sure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.coded_column import EncodedColumn
from . import pair_keys
from .encoded_table import EncodedTable
from .error_rates import as_vouched_for, exceptions_that_repeat
from .key_agreement import agreement, can_be_key, counts_by_key, usable
from .repair_by_dependency import contested_rows

WEAK = 0.2  # of the rows of a key agree, or more
NEARLY = 0.93  # of the agreement of the best key: what is less goes together by habit
MOST_KEYS = 6  # that are asked about for one column
MOST_COLUMNS = 80
UNLIKELY = 0.02  # that a yes comes, where all exceptions come again


def weak(frame: pd.DataFrame, columns: dict[str, dict]) -> list[tuple[dict, int]]:
    """Dependencies that may hold in a cleaned frame, and how many cells each contradicts or fills.

    `likely` is the agreement, less where exceptions come again: a district that has two towns does
    not give the town.

    >>> city = ["Salem", "Salem", "Boston", "Boston", "Lynn", "Lynn"] * 10
    >>> frame = pd.DataFrame({"zip": ["1", "1", "2", "2", "3", "3"] * 10, "city": city})
    >>> frame.loc[0, "city"] = "Lynn"
    >>> plans = {"zip": {"kind": "category"}, "city": {"kind": "category"}}
    >>> [(one["from"], one["to"], cells) for one, cells in weak(frame, plans)]
    [(['city'], 'zip', 1), (['zip'], 'city', 1)]
    """
    names = [name for name in usable(frame, columns, set()) if frame[name].notna().any()]
    table = EncodedTable(frame, names[:MOST_COLUMNS])
    coded = {name: EncodedColumn.of(texts(frame[name])) for name in table.names}
    found = [plurality(table, one) for to in table.names for one in _candidates(table, columns, to)]
    found = [one | {"likely": _likely(table, one)} for one in found if one["values"]]
    counted = ((one, len(contested_rows(coded, [one]))) for one in found)
    return [(one, cells) for one, cells in counted if cells]


def _likely(table: EncodedTable, relation: dict) -> float:
    return max(relation["agree"] * (1 - exceptions_that_repeat(table, relation)), UNLIKELY)


def _candidates(table, columns: dict[str, dict], to: str) -> list[dict]:
    """The keys whose rows agree most on a column, the best first."""
    keys = [(agreement(table, [key], to)[0], [key]) for key in table.names
            if key != to and can_be_key(table, columns, key)]  # fmt: skip
    keys += pair_keys.find(table, columns, to, max(keys, default=(0.0,))[0], WEAK)
    best = sorted((one for one in keys if one[0] >= WEAK), reverse=True)[:MOST_KEYS]
    return [{"from": key, "to": to} for agree, key in best if agree >= NEARLY * best[0][0]]


def plurality(table, relation: dict) -> dict:
    """A dependency in which each key gives what most of its rows have; a tie gives nothing."""
    names, to = relation["from"], relation["to"]
    counts = counts_by_key(table.key(names), table.codes[to], table.levels(to), table.unit)
    keys, values, top, second, _ = counts
    most = (top > second) & (top >= 2)
    given = _texts_of(table, names, to, keys[most], values[most])
    agree = max(agreement(table, names, to)[0], WEAK)
    found = {"agree": round(float(agree), 3), "rows": int(top[most].sum()),
             "values": dict(sorted(given.items()))}  # fmt: skip
    is_mined = "wrong_key" in relation and not relation.get("asked")
    return relation | found if is_mined else as_vouched_for(table, relation | found)


def _texts_of(table, names: list[str], to: str, keys: np.ndarray, values: np.ndarray) -> dict:
    """Keys and values as the plan has them."""
    pairs = zip(keys, values, strict=True)
    return {table.key_text(names, key): str(table.values[to][v]) for key, v in pairs}
