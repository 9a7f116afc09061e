"""How often each column has another row's value, told from contradicting dependencies.

A wrong cell contradicts all columns that go with it; a right one only those that are wrong. So in
each row the contradictions are laid to the fewest cells that explain them (as holistic cleaning
does: X. Chu, I. Ilyas, P. Papotti 2013, ICDE, 458-469).
"""

from __future__ import annotations

import numpy as np

from ..base.spacing import evenly_spaced
from .encoded_table import EncodedTable, value_counts_by_key
from .typing_errors import one_edit_pairs

LEAST = 0.002  # no column is taken for better
LOOKED_AT = 20_000  # rows
UNHEARD = 0.5  # of a contradiction: what a value that nothing else gives weighs more
CHANCE = 2.0  # standard deviations
MOST_COMPARED = 5_000  # values of a key


def with_error_rates(table: EncodedTable, relations: list[dict]) -> list[dict]:
    """Dependencies with the share of rows in which the key (`wrong_key`) and the column that it
    gives (`wrong`) have another row's value, and in which an exception comes again (`habit`)."""
    plain = [one for one in relations if "from" in one and "source" not in one]
    rows = evenly_spaced(table.rows, LOOKED_AT)
    against = [_contradicted(table, one, rows) for one in plain]
    rates = _blamed(table, plain, against, rows)
    for one, rows_against in zip(plain, against, strict=True):
        one["wrong_key"] = round(sum(rates[name] for name in one["from"]), 4)
        one["wrong"] = rates[one["to"]]
        one["habit"] = _habit(table, one, rows[rows_against], len(rows))
    return [as_vouched_for(table, one) if _is_asked(one) else one for one in relations]


def _is_asked(relation: dict) -> bool:
    """Whether a dependency is followed only once a person has confirmed it."""
    return relation.get("sure") is False and "source" not in relation


def _contradicted(table: EncodedTable, relation: dict, rows: np.ndarray) -> np.ndarray:
    """In which rows a key gives another value than the cell has."""
    keys, to = table.said_key(relation["from"], rows), table.said[relation["to"]][rows]
    places = {text: code for code, text in enumerate(map(str, table.values[relation["to"]]))}
    codes, first = np.unique(keys, return_index=True)
    given = [_given(table, relation, key, places) for key in codes]
    expected = np.array(given, dtype=np.int64)[np.searchsorted(codes, keys)]
    return (expected >= 0) & (to >= 0) & (expected != to)


def _given(table: EncodedTable, relation: dict, key: int, places: dict[str, int]) -> int:
    """The code of what a key gives; -1 where it gives nothing."""
    if key < 0:
        return -1
    value = relation["values"].get(table.key_text(relation["from"], key))
    return -1 if value is None else places.get(value, -1)


def _blamed(
    table: EncodedTable, relations: list[dict], against: list[np.ndarray], rows: np.ndarray
) -> dict[str, float]:
    """By column the share of rows whose cell explains most of the contradictions of its row."""
    names = sorted({n for one in relations for n in (*one["from"], one["to"])})
    counts = np.zeros((len(rows), len(names)))
    for one, wrong in zip(relations, against, strict=True):
        counts[np.ix_(wrong, [names.index(n) for n in (*one["from"], one["to"])])] += 1
    for place, name in enumerate(names):
        counts[:, place] += UNHEARD * ((counts[:, place] > 0) & _unheard(table, name)[rows])
    top = counts.max(axis=1, initial=0)
    is_top = (counts == top[:, None]) & (top[:, None] > 0)
    shares = is_top / np.maximum(is_top.sum(axis=1, keepdims=True), 1)
    found = shares.mean(axis=0) if len(rows) else np.zeros(len(names))
    return {n: round(max(float(share), LEAST), 4) for n, share in zip(names, found, strict=True)}


def _unheard(table: EncodedTable, name: str) -> np.ndarray:
    """Which rows hold a value that no other row has."""
    codes = table.said[name]
    counts = np.bincount(codes[codes >= 0], minlength=table.levels(name) + 1)
    return (counts == 1)[codes] & (codes >= 0)


def _habit(table: EncodedTable, relation: dict, rows: np.ndarray, every: int) -> float:
    """The share of rows with an exception that comes again oftener than scattered errors would."""
    keys, to = table.said_key(relation["from"], rows), table.said[relation["to"]][rows]
    if not len(rows):
        return 0.0
    own = table.said[relation["to"]]
    share = np.bincount(own[own >= 0], minlength=table.levels(relation["to"])) / max(len(own), 1)
    sizes = np.bincount(np.unique(keys, return_inverse=True)[1])
    expected = float((sizes * (sizes - 1) / 2).sum() * (share**2).sum())
    *_, cells = value_counts_by_key(keys, to, table.levels(relation["to"]))
    again = float((cells * (cells - 1) / 2).sum())
    more = again - expected - CHANCE * np.sqrt(max(expected, 1.0))
    if more <= 0:
        return 0.0
    repeated = float(cells[cells > 1].sum()) * more / again
    return round(float(repeated / every), 5)  # a plan is text: no number of numpy


# --- Where a person vouches for a dependency ------------------------------------------------------


def as_vouched_for(table: EncodedTable, relation: dict) -> dict:
    """A dependency that a person has confirmed, with its error rates.

    Its contradictions are laid to the column that it gives, but for as many as the key shows errors
    of its own: values of one row that are a typing error away from a key that would fit.
    """
    rows = evenly_spaced(table.rows, LOOKED_AT)
    against = _contradicted(table, relation, rows)
    heard = against & ~_unheard(table, relation["to"])[rows]
    wrong_key = sum(
        max(_mistyped(table, relation, name), table.mistyped.get(name, 0.0))
        for name in relation["from"]
    )
    wrong = float(heard.mean()) - wrong_key if len(rows) else 0.0
    rates = {"wrong_key": round(max(wrong_key, LEAST), 4), "wrong": round(max(wrong, LEAST), 4)}
    return relation | rates | {"habit": 0.0, "asked": True}


def exceptions_that_repeat(table: EncodedTable, relation: dict) -> float:
    """The share of a dependency's contradictions that come again: 0 as errors do, 1 by habit."""
    rows = evenly_spaced(table.rows, LOOKED_AT)
    against = _contradicted(table, relation, rows)
    habit = _habit(table, relation, rows[against], len(rows))
    return min(habit * len(rows) / max(int(against.sum()), 1), 1.0)


def _mistyped(table: EncodedTable, relation: dict, name: str) -> float:
    """The share of rows whose key is one edit away from one that gives what the row has."""
    if len(relation["from"]) > 1:
        return float(_unheard(table, name).mean())
    rows = np.flatnonzero(_unheard(table, name))[:MOST_COMPARED]
    values, own = table.values[name].astype(str), table.values[relation["to"]].astype(str)
    has = {values[table.said[name][row]]: own[code] for row in rows
           if (code := table.said[relation["to"]][row]) >= 0}  # fmt: skip
    known = list(relation["values"])[:MOST_COMPARED]
    pairs = one_edit_pairs([*known, *has])
    both = [*zip(pairs["value"], pairs["other"], strict=True)]
    fits = {a for a, b in [*both, *((b, a) for a, b in both)]
            if a in has and relation["values"].get(b) == has[a]}  # fmt: skip
    return len(fits) / max(table.rows, 1)
