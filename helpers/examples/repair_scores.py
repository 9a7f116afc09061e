"""The score of a cleaning against an answer key: precision, recall, F1 and what it broke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ..cells import unit_conversion
from ..cells.date_formats import parse_date
from ..cells.number_formats import parse_quantity
from ..cells.tidy_text import tidy
from ..cells.times_of_day import parse_time
from .plant_errors import ANSWER_KEY_COLUMNS, CELLS_OF_COPIES, ROW_KINDS

LEFT_OUT = ("missing", "missing by another")  # of the total's recall: nothing is left to go by
UNKNOWABLE = ("null word", "ambiguous date", "impossible")  # the original value can't be known
SAME_NUMBER = 1e-4  # numbers that differ by less, relatively, say the same


@dataclass(frozen=True)
class RepairScore:
    """How a cleaning did against an answer key (see `score`).

    `total` maps planted, changed, right, wrong, broken, precision, recall, f1, rows_broken to
    numbers; `by_kind` and `by_column` are frames of the same by kind of error and by column;
    `broken` holds the log's lines of sound cells that were changed.
    """

    total: dict
    by_kind: pd.DataFrame
    by_column: pd.DataFrame
    broken: pd.DataFrame


def score(
    changes: pd.DataFrame, key: pd.DataFrame, *, reason: pd.Series | None = None, groups=None
) -> RepairScore:
    """Precision, recall and F1 of a log of changes, and the sound cells it broke.

    `changes` is the log of the cleaner, `key` the answer key; `reason` says of each row why it was
    set aside (`clean.set_aside`), `groups` gives rows that are taken for one record one number.

    A planted cell is *right* when it reads as the true value afterwards: the same text, number
    (to one in ten thousand) or moment. For a null word, an ambiguous date and an impossible value
    the original value can't be known, so *missing* is right as well. Changed to anything else it
    is *wrong*. A sound cell that reads otherwise than before is *broken*; one that says the same
    in other words is no change.

    precision = right / (right + wrong + broken), recall = right / planted, F1 their harmonic mean.
    The total's recall leaves out emptied cells, of which nothing is left to go by; they are among
    `by_kind`. A row that comes twice is right when it was set aside or, where it comes nearly
    twice, linked with the one that it repeats; other rows set aside as duplicates are
    `rows_broken`.
    """
    judged = _judged(changes, key)
    by_kind = _tally(judged[judged["verdict"] != "broken"], "error")
    rows, rows_broken = _row_scores(key, reason, groups)
    by_kind = _with_shares(pd.concat([by_kind, rows])) if len(rows) else _with_shares(by_kind)
    by_column = _with_shares(_tally(judged, "column"))
    broken = judged.loc[judged["verdict"] == "broken", ["row", "column", "kind", "before", "after"]]
    total = {"changed": int(judged["changed"].sum()), "broken": len(broken),
             "rows_broken": rows_broken}  # fmt: skip
    total = _totals(by_kind, len(broken)) | total
    return RepairScore(total, by_kind, by_column, broken.reset_index(drop=True))


def _judged(changes: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    """The lines of log and key together, each with the kind of its error and its verdict."""
    cells = key.loc[key["column"].notna(), ANSWER_KEY_COLUMNS].rename(columns={"kind": "error"})
    merged = changes.merge(cells, on=["row", "column"], how="outer", indicator=True)
    merged["error"] = merged["error"].replace("near duplicate", CELLS_OF_COPIES)
    merged["changed"] = merged["_merge"] != "right_only"
    merged["verdict"] = _verdicts(merged)
    return merged[merged["verdict"] != "same"]


def _totals(by_kind: pd.DataFrame, broken: int) -> dict:
    """Counts and shares over all kinds: rows and emptied cells do not count as planted."""
    counted = by_kind[~by_kind.index.isin([*LEFT_OUT, *ROW_KINDS])]
    planted, right, wrong = (
        int(counted["planted"].sum()),
        int(counted["right"].sum()),
        int(by_kind["wrong"].sum()),
    )
    repaired = right + int(by_kind.loc[by_kind.index.isin(LEFT_OUT), "right"].sum())
    precision, recall = _ratio(repaired, repaired + wrong + broken), _ratio(right, planted)
    return {"planted": planted, "right": right, "wrong": wrong, "precision": precision,
            "recall": recall, "f1": _f1(precision, recall)}  # fmt: skip


def _verdicts(merged: pd.DataFrame) -> np.ndarray:
    """For each line of log and key together: right, wrong, untouched, broken or same."""
    planted = merged["_merge"] != "left_only"
    after_true = are_same_values(merged["after"], merged["true"])
    gone = merged["after"].isna() & merged["error"].isin(UNKNOWABLE)
    right = merged["changed"] & (after_true | gone)
    sound = ~planted & are_same_values(merged["before"], merged["after"])
    return np.select(
        [sound, ~planted, ~merged["changed"], right],
        ["same", "broken", "untouched", "right"],
        "wrong",
    )


def are_same_values(left: pd.Series, right: pd.Series) -> np.ndarray:
    """Whether texts say the same, line by line; two that are missing do."""
    neither = (left.isna() & right.isna()).to_numpy()
    both = (left.notna() & right.notna()).to_numpy()
    equal = (left == right).fillna(False).to_numpy(dtype=bool) | neither
    rest = np.flatnonzero(~equal & both)
    pairs = list(zip(left.iloc[rest], right.iloc[rest], strict=True))
    known = {pair: is_same_value(*pair) for pair in set(pairs)}
    equal[rest] = [known[pair] for pair in pairs]
    return equal


def is_same_value(left: str, right: str) -> bool:
    """Whether two texts are the same text, number, moment or time of day.

    >>> is_same_value("1,234.50", "1234.5"), is_same_value("2013-01-02", "2013-01-02 00:00:00")
    (True, True)
    >>> is_same_value("Boston", "Bostom")
    False
    """
    left, right = tidy(left), tidy(right)
    if left == right or {left.casefold(), right.casefold()} in _TRUTHS:
        return True
    numbers = [parse_quantity(text) for text in (left, right)]
    if all(number and unit_conversion.known(number[1] or "%") for number in numbers):
        a, b = (number[0] for number in numbers)
        return abs(a - b) <= SAME_NUMBER * max(abs(a), abs(b))
    return any(_are_same(read, left, right) for read in (partial(parse_date, form="iso"), _time_of))


def _are_same(read: Callable, left: str, right: str) -> bool:
    values = read(left), read(right)
    return None not in values and values[0] == values[1]


def _time_of(text: str) -> str | None:
    """The time of day that a text is and nothing else, with a colon."""
    found = parse_time(text) if ":" in text else None
    return found.value if found and found.plain else None


_TRUTHS = [{"true", word} for word in ("yes", "y", "1", "t")] + [
    {"false", word} for word in ("no", "n", "0", "f")
]


def _tally(merged: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many lines of each verdict, by kind or column."""
    counts = pd.crosstab(merged[by], merged["verdict"])
    counts = counts.reindex(columns=["right", "wrong", "untouched", "broken"], fill_value=0)
    counts.insert(0, "planted", counts[["right", "wrong", "untouched"]].sum(axis=1))
    return counts.rename_axis(columns=None)


def _with_shares(counts: pd.DataFrame) -> pd.DataFrame:
    changed = counts["right"] + counts["wrong"] + counts["broken"]
    recall = (counts["right"] / counts["planted"].where(counts["planted"] > 0)).astype(float)
    precision = (counts["right"] / changed.where(changed > 0)).astype(float)
    f1 = [_f1(p, r) for p, r in zip(precision, recall, strict=True)]
    return counts.assign(precision=precision, recall=recall, f1=f1)


def _row_scores(key: pd.DataFrame, reason, groups) -> tuple[pd.DataFrame, int]:
    """The rows that come twice, as lines of `by_kind`; and sound rows set aside as duplicates."""
    copies = key[key["column"].isna()]
    if reason is None and groups is None:
        return pd.DataFrame(), 0
    aside = set() if reason is None else set(np.flatnonzero((reason == "duplicate").to_numpy()))
    group = np.arange(0) if groups is None else np.asarray(groups)
    lines, expected = {}, set()
    for kind, rows in copies.groupby("kind"):
        pairs = [(int(row), int(of)) for row, of in zip(rows["row"], rows["true"], strict=True)]
        expected |= {row for pair in pairs for row in pair}
        linked = kind == "near duplicate" and len(group)
        right = sum(bool(aside & {a, b}) or (linked and group[a] == group[b]) for a, b in pairs)
        lines[kind] = {"planted": len(pairs), "right": right, "wrong": 0,
                       "untouched": len(pairs) - right, "broken": 0}  # fmt: skip
    return pd.DataFrame.from_dict(lines, orient="index"), len(aside - expected)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _f1(precision: float, recall: float) -> float:
    return _ratio(2 * precision * recall, precision + recall)


def describe_score(scored: RepairScore) -> str:
    """The score in a sentence."""
    total = scored.total
    return (
        f"**Of {total['planted']:,} injected errors {_percent(total['recall'])} were repaired; "
        f"{_percent(total['precision'])} of all repairs are right, and {total['broken']:,} sound "
        f"cells were broken** (F1 {total['f1']:.2f}; emptied cells not counted)."
    )


def _percent(share: float) -> str:
    return "n/a" if pd.isna(share) else f"{share:.1%}"
