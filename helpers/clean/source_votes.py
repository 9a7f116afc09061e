"""Rows in which several sources report the same thing: found by evidence, put to a weighted vote.

A table is read so where one column (the source) and a key (one or two columns) hardly ever repeat
as a pair, keys come from several sources, and nearly all other columns have one truth: two rows of
a key agree far more often than chance. So customers with orders, panels over years, prices by shop
are no sources: their rows legitimately differ in some column. What is left is done by rule where
the column is named a source or holds web addresses, and asked about elsewhere.

The vote itself is `weighted_vote.py`. What is found is a relation of the plan,
`{"from": key, "to": column, "source": name, …}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells.as_texts import texts as as_texts
from .dependency_vote import BY_SOURCES, JOIN
from .weighted_vote import SURE, Vote, pairs_of, vote

FEWEST_SOURCES, MOST_SOURCES = 3, 100
FEWEST_KEYS, KEY_ROWS = 10, 2.5  # rows of a key, on average
ONE_ROW_EACH = 0.95  # of the pairs of key and source have one row
AGREE = 0.25  # pairs of rows of one key that agree, beyond chance, in a column with one truth
AGREE_IF_NAMED = 0.1  # where the column says that it names sources
FOLLOWS = 0.98  # of the rows hold the usual value of their source: the column is about the source
ONE_TRUTH = 0.8  # of the columns have one truth, and two at least
MOST_TRIED = 15  # columns that may be part of a key
MOSTLY_KNOWN = 0.9  # of the rows have both
PROBED = 20_000  # rows that are looked at first
FEWEST_UNITS = 3  # that speak of a key, where units are kept on one side of a split
MOST_OPEN = 300  # contradictions listed for one column
NO_MAJORITY = "no majority among sources"
NAMED = ("source", "sources", "src", "website", "portal", "reporter", "agency", "feed", "crawler",
         "quelle", "fuente", "fonte", "bron")  # fmt: skip
ADDRESS = r"(?:\w[\w-]*\.)+[a-z]{2,6}(?:/.*)?"  # of a page on the web
PERIODS = ("year", "month", "quarter", "week", "day", "date", "period", "season", "wave", "round")


@dataclass(frozen=True)
class Reports:
    """Which columns are the source and the key of a table of reports, and which have one truth.

    It is `sure` where the column says of itself that it names sources; else a person is asked: two
    shops may have two prices, and both are right.
    """

    source: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    sure: bool
    agree: float


def find(table, columns: dict[str, dict]) -> Reports | None:
    """The table (of codes) as reports of several sources; None where it is none."""
    names = [n for n in table.names if columns[n]["kind"] in ("category", "date")][:MOST_TRIED]
    found = [
        Reports(source, key, one_truth, _says_so(table, source), agree)
        for source in names
        if _may_be_source(table, columns, source)
        for key, (one_truth, agree) in _keys_of(table, names, source).items()
    ]
    return max(found, key=lambda one: one.agree, default=None)


def _keys_of(table, names: list[str], source: str) -> dict:
    """The keys with one row of each source and one truth; of two columns where none is of one."""
    others = [n for n in names if n != source]
    for keys in ([(n,) for n in others], combinations(others, 2)):
        single = [key for key in keys if _one_row_each(table, key, source)]
        told = _told_by(table, source) if single else []
        least = AGREE_IF_NAMED if _says_so(table, source) else AGREE
        judged = {key: _judged(table, key, told, least) for key in single}
        if any(judged.values()):
            return {key: found for key, found in judged.items() if found}
    return {}


def _may_be_source(table, columns: dict, name: str) -> bool:
    """Whether a column may name sources: some dozens of names, which are not periods or counts."""
    if columns[name]["kind"] != "category" or _words(name) & set(PERIODS):
        return False
    if not FEWEST_SOURCES <= table.levels(name) <= MOST_SOURCES:
        return False
    stems = {"".join(m for m in str(v) if not m.isdigit()) for v in table.values[name]}
    return len(stems) >= 0.5 * table.levels(name) or _says_so(table, name)


def _says_so(table, name: str) -> bool:
    """Whether a column is named a source, or holds addresses of pages."""
    known = pd.Series(table.values[name], dtype="str")
    return bool(_words(name) & set(NAMED)) or known.str.fullmatch(ADDRESS).mean() >= MOSTLY_KNOWN


def _words(name: str) -> set[str]:
    return set("".join(m if m.isalpha() else " " for m in name.casefold()).split())


def _one_row_each(table, key, source: str) -> bool:
    """Whether a key has several rows, and hardly ever two of one source.

    Some rows are enough to say no.
    """
    return _are_single(table, key, source, evenly_spaced(table.rows, PROBED)) and _are_single(
        table, key, source, None
    )


def _told_by(table, source: str) -> list[str]:
    """The columns that the rows of one source differ in: what it tells, not what it is."""
    return [n for n in table.names if n != source and not _follows(table, source, n)]


def _are_single(table, key, source: str, rows: np.ndarray | None) -> bool:
    """As `_one_row_each`, of all rows; of some rows whether they leave it open."""
    codes, who = table.key(key, rows), table.codes[source]
    who = who if rows is None else who[rows]
    known = (codes >= 0) & (who >= 0)
    codes, who, count = codes[known].astype(np.int64), who[known], int(known.sum())
    if count < MOSTLY_KNOWN * len(known) or not count:
        return False
    pairs = pd.unique(codes * table.levels(source) + who)
    if len(pairs) < ONE_ROW_EACH * count or rows is not None:
        return len(pairs) >= ONE_ROW_EACH * count
    return _is_repeated(len(pd.unique(codes)), len(pairs))


def _is_repeated(keys: int, rows: int) -> bool:
    """Whether there are keys enough, with rows enough of each."""
    return keys >= FEWEST_KEYS and rows >= KEY_ROWS * keys


def _judged(table, key, told: list[str], least: float) -> tuple[tuple[str, ...], float] | None:
    """The columns with one truth, how much their rows agree; None where other columns differ."""
    codes, others = table.key(key), [n for n in told if n not in key]
    agree = {n: _agreement(codes, table.codes[n]) for n in others}
    one_truth = tuple(n for n, share in agree.items() if share >= least)
    if len(one_truth) < max(2, ONE_TRUTH * len(others)):
        return None
    return one_truth, float(np.mean([agree[n] for n in one_truth]))


def _follows(table, source: str, name: str) -> bool:
    """Whether a column only says more of the source, such as its address."""
    who, said = table.codes[source], table.codes[name]
    known = (who >= 0) & (said >= 0)
    pair, pairs = pairs_of(who[known], said[known])
    most = np.zeros(table.levels(source))
    np.maximum.at(most, pairs // (said[known].max(initial=0) + 1), np.bincount(pair))
    return bool(most.sum() >= FOLLOWS * known.sum())


def _agreement(key: np.ndarray, column: np.ndarray) -> float:
    """How often two rows of a key agree, beyond chance: 0 as any two rows, 1 always."""
    known = (key >= 0) & (column >= 0)
    if known.sum() < 2:
        return 0.0
    chance = float(((np.bincount(column[known]) / known.sum()) ** 2).sum())
    sizes = np.bincount(pd.factorize(key[known])[0])
    cells = np.bincount(pairs_of(key[known], column[known])[0])
    both = float((sizes * (sizes - 1)).sum())
    agree = float((cells * (cells - 1)).sum()) / both if both else 0.0
    return (agree - chance) / (1 - chance) if chance < 1 else 0.0


# --- The plan -------------------------------------------------------------------------------------


def relation(table, reports: Reports, to: str) -> tuple[dict, list[dict]]:
    """The relation that gives a column by the vote, and review items for keys without a majority.

    `values` has the value of each key that is surely known, `votes` how many rows say so.
    """
    key = _of_several_units(table.key(reports.key), table.unit)
    found = vote(key, table.codes[reports.source], table.codes[to])
    written = {
        "from": list(reports.key), "to": to, "source": reports.source,
        "agree": round(float(found.said.sum() / max(found.of.sum(), 1)), 3),
        "rows": int(found.of.sum()), **_surely_known(table, reports, to, found),
    }  # fmt: skip
    if not reports.sure:
        return written | {"sure": False}, []
    return written, _open_items(table, reports, to, found)


def _surely_known(table, reports: Reports, to: str, found: Vote) -> dict[str, dict[str, str]]:
    """Of each key that is surely known: how many of its rows say so (`votes`), and the value."""
    names = [table.key_text(reports.key, k) for k in found.keys]
    said = {k: str(table.values[to][v]) for k, v in zip(names, found.values, strict=True)}
    rows = {k: f"{n} of {m}" for k, n, m in zip(names, found.said, found.of, strict=True)}
    known = sorted(np.array(names, dtype=object)[found.sure()])
    return {"votes": {k: rows[k] for k in known}, "values": {k: said[k] for k in known}}


def _of_several_units(key: np.ndarray, unit: np.ndarray | None) -> np.ndarray:
    """The keys, without those whose rows are of one or two units only."""
    if unit is None:
        return key
    units = pd.Series(unit).groupby(key).transform("nunique").to_numpy()
    return np.where(units >= FEWEST_UNITS, key, -1)


def _open_items(table, reports: Reports, to: str, found: Vote) -> list[dict]:
    """For a person: the cells that contradict the likeliest value, where that is not sure."""
    likeliest = dict(zip(found.keys[~found.sure()], found.values[~found.sure()], strict=True))
    key, own = table.key(reports.key), table.codes[to]
    asked = np.flatnonzero(np.isin(key, list(likeliest)) & (own >= 0))
    lines = pd.DataFrame({"key": key[asked], "own": own[asked]}).value_counts()
    other = [(k, v, n) for (k, v), n in lines.items() if likeliest[k] != v][:MOST_OPEN]
    return [_open_item(table, reports, to, k, v, int(n), likeliest[k]) for k, v, n in other]


def _open_item(table, reports: Reports, to: str, key, own, cells: int, likeliest) -> dict:
    texts = table.key_text(reports.key, key).split(JOIN, len(reports.key) - 1)
    return {
        "column": to, "value": str(table.values[to][own]),
        "where": dict(zip(reports.key, texts, strict=True)), "cells": cells,
        "kind": NO_MAJORITY, "suggestion": str(table.values[to][likeliest]),
        "evidence": f"the rows of one {' + '.join(reports.key)} disagree, and no value is "
        f"{SURE:.0%} likely by the votes of the {reports.source}s",
    }  # fmt: skip


def with_votes(changes: pd.DataFrame, clean: pd.DataFrame, relations: list[dict]) -> pd.DataFrame:
    """The log with the count of the vote in the rule of each cell that sources have changed.

    `changes` is the log of the cleaned rows `clean` (columns `row`, `column`, `kind`, `rule` …).
    """
    rules = changes["rule"].copy()
    for one in (r for r in relations if "votes" in r):
        lines = changes.index[(changes["kind"] == BY_SOURCES) & (changes["column"] == one["to"])]
        keys = clean.iloc[changes.loc[lines, "row"]][one["from"]].apply(as_texts)
        said = keys.agg(JOIN.join, axis=1).map(one["votes"]).to_numpy() if len(lines) else []
        about = " + ".join(one["from"])
        rules[lines] = [f"{rule}: {n} rows of this {about}"
                        for rule, n in zip(rules[lines], said, strict=True)]  # fmt: skip
    return changes.assign(rule=rules)
