"""Rows in which several sources report the same thing: found by evidence, put to a weighted vote.

A table is read so where one column (the source) and a key (one or two columns) hardly ever repeat
as a pair, keys come from several sources, and nearly all other columns have one truth: two rows of
a key agree far more often than chance. So customers with orders, panels over years, prices by shop
are no sources: their rows legitimately differ in some column. What is left is done by rule where
the column is named a source or holds web addresses, and asked about elsewhere.

A source weighs by how often the others confirm it (Bayesian vote: X. L. Dong, L. Berti-Equille,
D. Srivastava 2009, Proceedings of the VLDB 2, 550-561); sources that share their errors count as
one. What is found is a relation of the plan, `{"from": key, "to": column, "source": name, …}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells.as_texts import texts as as_texts
from .dependency_vote import BY_SOURCES, JOIN

FEWEST_SOURCES, MOST_SOURCES = 3, 100
FEWEST_KEYS, KEY_ROWS = 10, 2.5  # rows of a key, on average
ONE_ROW_EACH = 0.95  # of the pairs of key and source have one row
AGREE = 0.25  # pairs of rows of one key that agree, beyond chance, in a column with one truth
ONE_TRUTH = 0.8  # of the columns have one truth, and two at least
MOST_TRIED = 15  # columns that may be part of a key
MOSTLY_KNOWN = 0.9  # of the rows have both
PROBED = 20_000  # rows that are looked at first
FEWEST_UNITS = 3  # that speak of a key, where units are kept on one side of a split
MOST_OPEN = 300  # contradictions listed for one column
NO_MAJORITY = "no majority among sources"
ROUNDS = 8
SURE = 0.9  # probability of a value, to overrule others
ACCURACY = (0.05, 0.98)  # no source is taken for worse or better
PRIOR = 4.0  # claims by which a source's own accuracy is drawn to the mean of all
WRONG = 0.5  # a value less likely than that counts as an error of those who claim it
FEWEST_ERRORS = 5  # keys in which two sources are wrong, before one counts as a copy of the other
COPIED = 0.8  # of these keys have the same wrong value
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


def find(table, columns: dict[str, dict]) -> Reports | None:
    """The table (of codes) as reports of several sources; None where it is none."""
    best, most = None, (0, 0.0)
    names = [n for n in table.names if columns[n]["kind"] in ("category", "date")][:MOST_TRIED]
    for source in filter(lambda n: _may_be_source(table, columns, n), names):
        for key in _keys(names, source):
            if _one_row_each(table, key, source) and (found := _judged(table, key, source)):
                rank = (-len(key), found[1])
                if best is None or rank > most:
                    best, most = Reports(source, key, found[0], _says_so(table, source)), rank
    return best


def _keys(names: list[str], source: str):
    others = [n for n in names if n != source]
    return [(n,) for n in others] + list(combinations(others, 2))


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
    keys = len(pd.unique(codes))
    return keys >= FEWEST_KEYS and len(pairs) >= KEY_ROWS * keys


def _judged(table, key, source: str) -> tuple[tuple[str, ...], float] | None:
    """The columns with one truth, how much their rows agree; None where other columns differ."""
    codes = table.key(key)
    others = [n for n in table.names if n not in (*key, source)]
    others = [n for n in others if not _follows(table.codes[source], table.codes[n])]
    agree = {n: _agreement(codes, table.codes[n]) for n in others}
    one_truth = tuple(n for n, share in agree.items() if share >= AGREE)
    if len(one_truth) < max(2, ONE_TRUTH * len(others)):
        return None
    return one_truth, float(np.mean([agree[n] for n in one_truth]))


def _follows(source: np.ndarray, column: np.ndarray) -> bool:
    """Whether a column only says more of the source, such as its address."""
    known = (source >= 0) & (column >= 0)
    pairs = pd.DataFrame({"s": source[known], "c": column[known]}).value_counts()
    return pairs.groupby(level="s").max().sum() >= 0.98 * known.sum() if known.any() else True


def _agreement(key: np.ndarray, column: np.ndarray) -> float:
    """How often two rows of a key agree, beyond chance: 0 as any two rows, 1 always."""
    known = (key >= 0) & (column >= 0)
    if known.sum() < 2:
        return 0.0
    chance = float(((np.bincount(column[known]) / known.sum()) ** 2).sum())
    sizes = np.bincount(pd.factorize(key[known])[0])
    cells = np.bincount(_pairs(key[known], column[known])[0])
    both = float((sizes * (sizes - 1)).sum())
    agree = float((cells * (cells - 1)).sum()) / both if both else 0.0
    return (agree - chance) / (1 - chance) if chance < 1 else 0.0


def _pairs(key: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A number for each pair of a key and a value; and the pairs."""
    return pd.factorize(key.astype(np.int64) * (column.max(initial=0) + np.int64(1)) + column)


# --- The vote -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claims:
    """What sources say of keys: for each claim the key, the source, the pair of key and value."""

    key: np.ndarray
    source: np.ndarray
    pair: np.ndarray
    key_of_pair: np.ndarray
    value_of_pair: np.ndarray

    @classmethod
    def of(cls, key: np.ndarray, source: np.ndarray, value: np.ndarray) -> Claims:
        """The claims of rows, all three given as codes (-1 is missing)."""
        known = (key >= 0) & (source >= 0) & (value >= 0)
        keys = pd.factorize(key[known])[0]
        pair, pairs = _pairs(keys, value[known])
        key_of, value_of = np.divmod(pairs, value[known].max(initial=0) + np.int64(1))
        return cls(keys, source[known], pair, key_of, value_of)

    def per_key(self, of_pairs: np.ndarray, gather) -> np.ndarray:
        """For each pair what `gather` (a ufunc) makes of the figures of its key's pairs."""
        found = np.full(
            self.key_of_pair.max(initial=-1) + 1, -np.inf if gather is np.maximum else 0.0
        )
        gather.at(found, self.key_of_pair, of_pairs)
        return found[self.key_of_pair]


def probabilities(claims: Claims) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each pair of key and value, and each source's accuracy.

    All sources weigh the same at first, but for those that share what few others say; then turn by
    turn the values are judged by the sources' weights, and the sources by the values, each without
    its own claim.
    """
    count = claims.source.max(initial=-1) + 1
    accuracy = np.full(count, 0.8)
    said = np.bincount(claims.pair) / np.bincount(claims.key)[claims.key_of_pair]
    shared = _shares_of_copies(claims, said, count)
    for turn in range(ROUNDS):
        claim_odds = _odds(accuracy)[claims.source] * shared
        votes = np.bincount(claims.pair, claim_odds, len(claims.key_of_pair))
        sound, others = _softmax(claims, votes, claim_odds)
        accuracy = _accuracy(claims, others, count)
        if turn % 2:
            shared = _shares_of_copies(claims, sound, count)
    return sound, accuracy


def _odds(accuracy: np.ndarray) -> np.ndarray:
    """A claim's weight: how much likelier it is where it is right than where it is wrong.

    A wrong claim is one of several that could have been made; three are counted.
    """
    return np.maximum(np.log(3 * accuracy / (1 - accuracy)), 0.05)


def _softmax(claims: Claims, votes: np.ndarray, claim_odds: np.ndarray):
    """The probability of each pair; and of each claim's pair by the votes of others alone.

    One value that nobody has claimed stands beside the others, with no vote.
    """
    top = np.maximum(claims.per_key(votes, np.maximum), 0.0)
    mass = np.exp(votes - top)
    total = claims.per_key(mass, np.add) + np.exp(-top)
    without = np.exp(votes[claims.pair] - claim_odds - top[claims.pair])
    rest = total[claims.pair] - mass[claims.pair] + without
    return mass / total, without / np.maximum(rest, 1e-300)


def _accuracy(claims: Claims, others: np.ndarray, count: int) -> np.ndarray:
    """How often the others confirm each source, drawn to the mean; keys of one are no test."""
    tested = np.bincount(claims.key)[claims.key] > 1
    right = np.bincount(claims.source[tested], others[tested], count)
    claimed = np.bincount(claims.source[tested], minlength=count)
    mean = right.sum() / max(claimed.sum(), 1)
    return np.clip((right + PRIOR * mean) / (claimed + PRIOR), *ACCURACY)


def _shares_of_copies(claims: Claims, sound: np.ndarray, count: int) -> np.ndarray:
    """For each claim its part of a vote: sources that make the same errors share one.

    Of the keys where both of two sources are wrong, the share in which they say the same is how
    far one is a copy of the other.
    """
    from scipy.sparse import csr_array

    wrong = sound[claims.pair] < WRONG
    claimed = _indicator(claims.pair, claims.source, len(claims.key_of_pair), count)
    failed = _indicator(claims.pair[wrong], claims.source[wrong], len(claims.key_of_pair), count)
    erred = _indicator(claims.key[wrong], claims.source[wrong], claims.key.max() + 1, count)
    same, errors = (failed.T @ failed).toarray(), (erred.T @ erred).toarray()
    np.fill_diagonal(same, 0)
    copied = np.where(errors >= FEWEST_ERRORS, same / np.maximum(errors, 1), 0.0)
    copied = np.where(copied >= COPIED, copied, 0.0)
    if not copied.any():
        return np.ones(len(claims.pair))
    alike = claimed @ csr_array(copied)
    return 1 / (1 + np.asarray(alike[claims.pair, claims.source]).ravel())


def _indicator(rows: np.ndarray, sources: np.ndarray, count: int, width: int):
    """A sparse matrix of ones where a source has claimed a pair, or erred in a key."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, sources)), shape=(count, width))


@dataclass(frozen=True)
class Vote:
    """The outcome for one column: by key its likeliest value, and how it was come by.

    `probability` is that of the value, `said` how many rows of the key say so, `of` how many say
    anything, `next` the value that comes next (-1 for none); all but `accuracy` are aligned.
    """

    keys: np.ndarray
    values: np.ndarray
    probability: np.ndarray
    said: np.ndarray
    of: np.ndarray
    accuracy: np.ndarray

    def sure(self) -> np.ndarray:
        """Which keys have a value that may overrule others."""
        return self.probability >= SURE


def vote(key: np.ndarray, source: np.ndarray, value: np.ndarray) -> Vote:
    """The outcome of the vote on one column, all given as codes of rows (-1 is missing).

    >>> key, source = np.repeat(np.arange(30), 3), np.tile(np.arange(3), 30)
    >>> value = key.copy()
    >>> value[::9] = 31
    >>> found = vote(key, source, value)
    >>> (found.values == found.keys).all().item(), found.accuracy.argmin().item()
    (True, 0)
    """
    known = (key >= 0) & (source >= 0) & (value >= 0)
    if not known.any():
        nothing = np.empty(0, dtype=int)
        return Vote(nothing, nothing, nothing.astype(float), nothing, nothing, nothing)
    claims = Claims.of(key, source, value)
    sound, accuracy = probabilities(claims)
    order = np.lexsort((-sound, claims.key_of_pair))
    first = order[np.r_[True, np.diff(claims.key_of_pair[order]) > 0]]
    said = np.bincount(claims.pair, minlength=len(sound))
    of = np.bincount(claims.key)
    keys = pd.unique(key[known])
    at = claims.key_of_pair[first]
    return Vote(keys[at], claims.value_of_pair[first], sound[first], said[first], of[at], accuracy)


# --- The plan -------------------------------------------------------------------------------------


def relation(table, reports: Reports, to: str) -> tuple[dict, list[dict]]:
    """The relation that gives a column by the vote, and review items for keys without a majority.

    `values` has the value of each key that is surely known, `votes` how many rows say so.
    """
    key = _of_several_units(table.key(reports.key), table.unit)
    found = vote(key, table.codes[reports.source], table.codes[to])
    sure = found.sure()
    names = [table.key_text(reports.key, k) for k in found.keys]
    said = {k: str(table.values[to][v]) for k, v in zip(names, found.values, strict=True)}
    rows = {k: f"{n} of {m}" for k, n, m in zip(names, found.said, found.of, strict=True)}
    known = sorted(np.array(names, dtype=object)[sure])
    written = {
        "from": list(reports.key), "to": to, "source": reports.source,
        "agree": round(float(found.said.sum() / max(found.of.sum(), 1)), 3),
        "rows": int(found.of.sum()), "votes": {k: rows[k] for k in known},
        "values": {k: said[k] for k in known},
    }  # fmt: skip
    if not reports.sure:
        return written | {"sure": False}, []
    return written, _open_items(table, reports, to, found)


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
