"""Functional dependencies between columns, mined from the collected rows: a ZIP gives its city."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.coded_column import EncodedColumn
from . import pair_keys, source_votes
from .dependency_questions import likely_errors, low_agreement_item
from .encoded_table import BY_CHANCE, FEW_ERRORS, MANY_ERRORS, EncodedTable
from .error_rates import with_error_rates
from .key_agreement import SURE, agreement, can_be_key, counts_by_key, gives, second_keys, usable
from .repair_by_dependency import contested_rows, head_and_tail, repair
from .swapped_columns import FEWEST, MOST_DETERMINANTS
from .typing_errors import RARE

# Sources that disagree still agree on one value for nearly every key; they are asked about.
ASKED, ONE_TRUTH = 0.5, 0.9
REFINED = 0.7  # a second key column must take away so much of the errors that are left, or more
OTHERS = 0.1  # of the rows that agree: this share may hold one other value, more is an exception
COVERED = 0.3  # of the rows must have a key that others share
MOST_FOR_ONE = 6  # relations that give one column
MOST_COLUMNS = 80  # that are mined, the first ones; the time grows with their square
MOST_ERRORS = 0.3  # of the cells: no more are allowed for
TURNS = 2
EXCEPTIONS = 0.8  # of the rows with one value of another column contradict a dependency


def draft(
    frame: pd.DataFrame,
    columns: dict[str, dict],
    *,
    exclude: Iterable[str] = (),
    learn_from: pd.DataFrame | None = None,
    errors: float = 0.0,
) -> tuple[list[dict], list[dict]]:
    """The relations of a cleaned frame, and the likely repairs that they suggest.

    `columns` are the columns' plans; those in `exclude` are neither repaired nor used as keys.
    `errors` is the share of cells that the table has wrong (see `share_of_errors`); the more there
    are, the less agreement a true dependency has. `learn_from` is the frame without the cells that
    must teach nothing. A relation is {"from": columns, "to": column, "agree": share, "rows":
    support, "values": {key: value}} or {"split": column, "into": column, "tails": values}. It is
    written only if some cell of the frame contradicts it or misses what it gives.

    >>> city = ["Salem", "Boston", "Lowell"] * 20
    >>> frame = pd.DataFrame({"zip": ["01970", "02108", "01850"] * 20, "city": city})
    >>> frame.loc[0, "city"] = None
    >>> plans = {"zip": {"kind": "category"}, "city": {"kind": "category"}}
    >>> draft(frame, plans)[0][0]["values"]
    {'01850': 'Lowell', '01970': 'Salem', '02108': 'Boston'}
    """
    learn_from = frame if learn_from is None else learn_from
    table, splits, found, no_majority = _mine(learn_from, columns, exclude, errors=errors)
    columns, _ = repair({name: EncodedColumn.of(frame[name]) for name in table.names}, splits)
    contradicted = [(one, len(contested_rows(columns, [one]))) for one in found]
    useful = [(relation, cells) for relation, cells in contradicted if cells]
    sure = [relation for relation, _ in useful if relation.get("sure", True)]
    asked = [low_agreement_item(*one) for one in useful if not one[0].get("sure", True)]
    likely = likely_errors(columns, sure) + asked + no_majority
    return splits + [relation for relation, _ in useful], likely


def relations_of(
    frame: pd.DataFrame,
    columns: dict[str, dict],
    *,
    exclude: Iterable[str] = (),
    unit: np.ndarray | None = None,
    errors: float = 0.0,
) -> list[dict]:
    """The relations of some rows (see `draft`), whether or not one of these rows needs them.

    With `unit` (a number for each row) all rows of a unit count once for each value of a key, so
    a key that only one unit holds, such as the number of a customer among customers, gives nothing.
    """
    _, splits, found, _ = _mine(frame, columns, exclude, unit, errors)
    return splits + found


def _mine(frame, columns: dict, exclude: Iterable[str], unit=None, errors: float = 0.0):
    """The frame as numbers, the splits and the dependencies that hold in it.

    Where many cells are wrong, what is found first repairs the rows that the rest is learnt from.
    """
    names = usable(frame, columns, set(exclude))[:MOST_COLUMNS]
    splits = _draft_splits(frame, columns, names)
    for turn in range(TURNS if errors >= MANY_ERRORS else 1):
        table = EncodedTable(frame, names, unit, errors)
        found, asked = _draft_all(table, columns)
        if turn + 1 < TURNS and errors >= MANY_ERRORS:
            frame = _repaired(frame, names, found)
    return table, splits, found, asked


def _draft_all(table: EncodedTable, columns: dict) -> tuple[list[dict], list[dict]]:
    """The relations that give the columns of a table; and where sources leave it open."""
    found, asked, reports = [], [], source_votes.find(table, columns)
    for to in table.names:
        if reports and reports.sure and to in (*reports.key, reports.source):
            continue  # what is reported on is given
        related = [] if reports and reports.sure else _draft_target(table, columns, to)
        if reports and to in reports.columns and not any(r.get("sure", True) for r in related):
            relation, open_items = source_votes.relation(table, reports, to)
            related, asked = [relation], asked + open_items
        found += related
    return with_error_rates(table, found), asked


def _repaired(frame: pd.DataFrame, names: list[str], relations: list[dict]) -> pd.DataFrame:
    columns, kinds = repair({name: EncodedColumn.of(frame[name]) for name in names}, relations)
    return frame.assign(**{name: columns[name].column(frame.index, name) for name in kinds})


def share_of_errors(raw: pd.DataFrame, columns: dict[str, dict]) -> float:
    """The share of wrong cells, as far as typing errors tell: in columns of names, by their plans.

    >>> plans = {"city": {"kind": "category", "typos": {"Bostom": "Boston"}}}
    >>> share_of_errors(pd.DataFrame({"city": ["Boston"] * 9 + ["Bostom"]}), plans)
    0.1
    """
    named = [n for n, plan in columns.items() if plan["kind"] == "category" and n in raw]
    listed = [n for n in named if not columns[n].get("note")]
    shares = [_share_in(raw[n], columns[n].get("typos", {})) for n in listed]
    return min(round(float(np.mean(shares)), 3), MOST_ERRORS) if shares else 0.0


def mistyped_shares(raw: pd.DataFrame, columns: dict[str, dict]) -> dict[str, float]:
    """By column the share of cells that its plan takes for typing errors."""
    return {n: _share_in(raw[n], p["typos"]) for n, p in columns.items() if p.get("typos")}


def _share_in(column: pd.Series, listed: dict) -> float:
    if not listed:
        return 0.0
    known = texts(column).dropna()
    return float(known.isin(list(listed)).sum() / max(len(known), 1))


def _draft_target(table: EncodedTable, columns: dict, to: str) -> list[dict]:
    """The relations that give a column, the surest first."""
    found = _keys_of(table, columns, to)
    written = [_written(table, names, to, agree) for agree, names in found]
    sure = [r for r in written if r["agree"] >= SURE * table.expected]
    asked = [r for r in written[:1] if r not in sure]
    asked = [r | {"sure": False} for r in asked if r.pop("one_truth") >= ONE_TRUTH]
    for relation in sure:
        relation.pop("one_truth")
    return [relation for relation in [*sure[:MOST_FOR_ONE], *asked] if relation["values"]]


def _keys_of(table: EncodedTable, columns: dict, to: str) -> list[tuple[float, list[str]]]:
    """The keys that give a column, each with the share of rows that agree; the surest first."""
    found = []
    for name in table.names:
        if name == to or not can_be_key(table, columns, name):
            continue
        agree, covered = agreement(table, [name], to)
        if agree >= ASKED * table.expected and covered >= COVERED * table.expected:
            names, agree = _refined(table, columns, [name], to, agree)
            found.append((agree, names))
    if all(agree < SURE * table.expected for agree, _ in found):
        found += pair_keys.find(table, columns, to, max(found, default=(0.0,))[0])
    needed = _needed(found, SURE * table.expected)
    return sorted(needed, key=lambda one: (-one[0], one[1]))


def _needed(found: list[tuple[float, list[str]]], sure: float) -> list[tuple[float, list[str]]]:
    """The keys without those of two columns that single columns make needless: one of the two is
    as sure alone, or two others are."""
    single = {names[0] for agree, names in found if len(names) == 1 and agree >= sure}
    return [(agree, names) for agree, names in found
            if len(names) == 1 or not (single & set(names) or len(single) > 1)]  # fmt: skip


def _refined(table: EncodedTable, columns: dict, names: list[str], to: str, agree: float):
    """The key with a second column, where that takes most of the disagreement away."""
    best, key = agree, names
    for second in second_keys(table, columns, (to, *names)) if agree < 0.995 else ():
        if agree >= SURE * table.expected and gives(table, names, second):
            continue  # it only tells where the key is wrong, which `row_evidence` weighs
        both, covered = agreement(table, [*names, second], to)
        if covered >= COVERED and 1 - both < REFINED * (1 - agree) and both > best + 0.01:
            best, key = both, [*names, second]
    if table.errors >= MANY_ERRORS and len(key) == 1:
        key = [*key, *_column_of_exceptions(table, columns, key[0], to)]
    return key, best


def _column_of_exceptions(table: EncodedTable, columns: dict, key: str, to: str) -> list[str]:
    """The column one of whose values is an exception to a dependency; none where errors are spread.

    In rows of Alaska, say, the code of a measure gives another value than elsewhere, and each is
    rare enough to pass for an error.
    """
    own, expected = table.said[to], _expected(table, key, to)
    judged = (own >= 0) & (expected >= 0)
    seconds = second_keys(table, columns, (to, key))
    wrong = judged & (own != expected)
    for second in sorted(seconds, key=table.levels):
        if _is_apart(table.codes[second], judged, wrong):
            return [second]
    return []


def _expected(table: EncodedTable, key: str, to: str) -> np.ndarray:
    """The value that the key of each row gives; -1 where it gives none."""
    keys, values, *_ = counts_by_key(table.codes[key], table.codes[to], table.levels(to))
    given = np.full(table.levels(key) + 1, -1)
    given[keys] = values
    return given[table.codes[key]]


def _is_apart(second: np.ndarray, judged: np.ndarray, wrong: np.ndarray) -> bool:
    """Whether nearly all judged rows with one value are wrong, which errors are not by chance."""
    from scipy.stats import binom

    count = second.max(initial=-1) + 1
    rows = np.bincount(second[judged & (second >= 0)], minlength=count)
    apart = np.bincount(second[wrong & (second >= 0)], minlength=count)
    by_chance = binom.sf(apart - 1, rows, wrong.sum() / max(judged.sum(), 1)) * count
    return bool(((apart >= EXCEPTIONS * rows) & (rows > RARE) & (by_chance < BY_CHANCE)).any())


def _written(table: EncodedTable, names: list[str], to: str, agree: float) -> dict:
    """A dependency as it stands in the plan: only keys whose rows leave no doubt."""
    key, levels = table.key(names), table.levels(to)
    keys, values, top, second, total = counts_by_key(key, table.codes[to], levels, table.unit)
    others = OTHERS + table.errors if agree >= SURE * table.expected else ASKED
    clear = (top >= FEWEST) & (second <= np.maximum(1, others * top)) & (2 * top > total)
    large = total >= 2 * FEWEST
    most = np.argsort(-total[clear], kind="stable")[:MOST_DETERMINANTS]
    pairs = zip(keys[clear][most], values[clear][most], strict=True)
    given = {table.key_text(names, k): str(table.values[to][v]) for k, v in pairs}
    one_truth = float((clear & large).sum() / max(large.sum(), 1))
    written = {"from": list(names), "to": to, "agree": round(float(agree), 3),
               "one_truth": one_truth, "rows": int(total[clear].sum())}  # fmt: skip
    errors = {"errors": table.errors} if table.errors >= FEW_ERRORS else {}
    return written | errors | {"values": dict(sorted(given.items()))}


def _draft_splits(frame: pd.DataFrame, columns: dict, names: list[str]) -> list[dict]:
    """Columns whose cells end in what belongs to another, missing there: "Portland OR"."""
    lists = {n: texts(frame[n]).value_counts() for n in names if columns[n]["kind"] == "category"}
    found = []
    for name, into in ((a, b) for a in lists for b in lists if a != b):
        if frame[into].isna().any() and len(lists[into]) <= 1000:
            tails = set(lists[into][lists[into] >= 2].index)
            if _holds_two_facts(frame, name, into, lists[name].index, tails):
                found.append({"split": name, "into": into, "tails": sorted(tails)})
    return found


def _holds_two_facts(frame, name: str, into: str, values: pd.Index, tails: set[str]) -> bool:
    """Whether cells of a column end in what is missing in another: mostly, and with known heads."""
    heads = {v: head for v in values if (head := head_and_tail(v, tails)[0])}
    if not heads:
        return False
    rows, lost = texts(frame[name]).isin(list(heads)).to_numpy(), frame[into].isna().to_numpy()
    known = sum(head in values for head in heads.values())
    mostly_lost = (rows & lost).sum() >= 0.9 * rows.sum()
    return rows.sum() >= 2 and mostly_lost and 2 * known >= len(heads) and lost.mean() < 0.9
