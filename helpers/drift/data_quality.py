"""Quality of later rows: columns, types, empty cells, categories, ranges, copies, volume.

Each check compares with what the earlier rows had and gives a p-value: of rows in random
order, even an unchanged column shows a new extreme or a category not seen before. All checks
together are corrected for their number (Holm); only what is beyond noise becomes a finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from ..base.findings import Finding, ranked
from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError
from ..cells.kinds import Kind, kind_of
from ..learning.unit_tests import holm
from .alert_thresholds import DEFAULT, Thresholds, by_size
from .comparable_columns import as_values, inferred
from .significance import fisher, p_value_all_in_part

MOST_KEPT = 20_000  # levels of a column; one with more holds no categories
FEWEST_EXPECTED = 5  # rows with new categories, before their number is judged
FLAGS = {"true", "false"}


@dataclass(frozen=True)
class Change:
    """A check's result: what changed, its p-value where nothing has changed, and its size.

    `size` is the share of rows that it touches. `message` and `evidence` as in `findings.json`.
    """

    code: str
    columns: tuple[str, ...]
    p_value: float
    size: float
    message: str
    evidence: dict


def reference_of(frame: pd.DataFrame) -> dict:
    """What later rows are held against: rows, copies, and by column kind, gaps, range or levels.

    Plain JSON. `readable` counts the texts that are numbers, `most` the rows with the commonest
    value.
    """
    if not len(frame):
        raise InputError("There are no earlier rows to compare the later rows with.")
    columns = {str(name): _describe(frame[name]) for name in frame.columns}
    return {"rows": len(frame), "copies": _copies(frame), "columns": columns}


def _describe(column: pd.Series) -> dict:
    column = inferred(column)
    present = column.dropna()
    about = {"kind": _kind(column), "present": len(present), "missing": len(column) - len(present)}
    if about["kind"] == "empty":
        return about
    return about | (_of_values if about["kind"] in ("number", "date") else _of_texts)(present)


def _of_values(present: pd.Series) -> dict:
    """The range of numbers or dates, how many differ, and the rows with the commonest one."""
    values, counts = np.unique(as_values(present).to_numpy(), return_counts=True)
    span = [float(values[0]), float(values[-1])]
    return {"range": span, "most": int(counts.max()), "distinct": len(counts)}


def _of_texts(present: pd.Series) -> dict:
    """How many texts differ, how many are numbers, and their levels where these are categories."""
    counts = present.astype("str").value_counts()
    about = {"most": int(counts.iloc[0]), "distinct": len(counts)}
    about["readable"] = int(counts[_is_number(counts.index)].sum())
    if len(counts) > MOST_KEPT or about["readable"] > len(present) / 2 or _are_dates(counts.index):
        return about  # no categories
    return about | {"levels": dict(zip(counts.index.tolist(), counts.tolist(), strict=True))}


def _kind(column: pd.Series) -> str:
    """number, date, boolean or text by its type; empty when nothing is there."""
    if not column.notna().any():
        return "empty"
    kind = kind_of(column)
    return str(Kind.NUMBER if kind == Kind.DURATION else kind)


def _is_number(texts) -> np.ndarray:
    return pd.to_numeric(pd.Series(texts, dtype="str"), errors="coerce").notna().to_numpy()


def _are_dates(texts) -> bool:
    """Whether most of the texts are dates, the year first; a hundred are looked at."""
    some = pd.Series(texts[:100], dtype="str")
    read = pd.to_datetime(some, errors="coerce", format="ISO8601", utc=True)
    return bool(read.notna().mean() > 0.5)


def _copies(frame: pd.DataFrame) -> int:
    """How many rows repeat an earlier one."""
    try:
        return int(frame.duplicated().sum())
    except TypeError:  # lists in cells can't be compared, their text can
        return int(frame.astype("str").duplicated().sum())


def compare(
    before: pd.DataFrame | dict, after: pd.DataFrame, thresholds: Thresholds = DEFAULT
) -> list[Finding]:
    """What is wrong with later rows, as findings, the most severe first (see `alert_thresholds`).

    `before` are the earlier rows, or what `reference_of` kept of them. Codes: `column_missing`,
    `column_added`, `type_changed`, `unreadable`, `nulls_up`, `new_categories`, `outside_range`
    (numbers; dates are later by definition), `constant`, `copies_up`. Raises InputError where there
    are no rows.

    >>> rows = pd.DataFrame({"id": range(500), "age": 41})
    >>> [one.code for one in compare(rows, rows.assign(age=rows["age"].where(rows["id"] < 9)))]
    ['nulls_up']
    """
    known = before if isinstance(before, dict) else reference_of(before)
    if not len(after):
        raise InputError("There are no later rows, so their quality can't be checked.")
    after = after.rename(columns=str)
    found = _columns_that_differ(known["columns"], list(after.columns), thresholds)
    changes = [_copies_up(known, after)] if set(known["columns"]) <= set(after.columns) else []
    for name, was in known["columns"].items():
        if name in after.columns:
            changes += _check(name, was, _read_as(was["kind"], after[name]))
    sure = holm([change.p_value for change in changes]) < thresholds.quality_level
    return ranked(found + [_as_finding(changes[i], thresholds) for i in np.flatnonzero(sure)])


def _as_finding(change: Change, limits: Thresholds) -> Finding:
    severity = by_size(change.size, limits.share_moderate, limits.share_large)
    evidence = change.evidence | {"p_value": change.p_value}
    return Finding(change.code, severity, change.columns, change.message, evidence)


def _columns_that_differ(
    known: Iterable[str], names: list[str], limits: Thresholds
) -> list[Finding]:
    missing = [name for name in known if name not in names]
    added = [name for name in names if name not in known]
    found = [Finding("column_missing", "alarm", [name], f"The column {name} is missing.", {})
             for name in missing]  # fmt: skip
    if added:
        listed = ", ".join(added[:5]) + (" …" if len(added) > 5 else "")
        says = f"{len(added)} columns are new: {listed}." if added[1:] else f"{listed} is new."
        found.append(Finding("column_added", "note", added, says, {"columns": len(added)}))
    return found


def _read_as(kind: str, column: pd.Series) -> pd.Series:
    """The later column, with text that reads altogether as the earlier kind read so."""
    column = inferred(column)
    if _kind(column) != "text":
        return column
    texts = column.astype("str")
    read = _texts_as(kind, texts)
    return column if read is None or read.notna().sum() < texts.notna().sum() else read


def _texts_as(kind: str, texts: pd.Series) -> pd.Series | None:
    """Texts as numbers, dates or flags, missing where one can't be read; None for other kinds."""
    if kind == "number":
        return pd.to_numeric(texts, errors="coerce")
    if kind == "date":
        return pd.to_datetime(texts, errors="coerce", format="mixed")
    if kind == "boolean" and set(texts.dropna().str.lower().unique()) <= FLAGS:
        return texts.str.lower().map({"true": True, "false": False}).astype("boolean")
    return None


def _check(name: str, was: dict, column: pd.Series) -> list[Change]:
    is_now = _describe(column)
    found = [_nulls_up(name, was, is_now)]
    if "empty" in (was["kind"], is_now["kind"]):
        return found
    kinds = was["kind"], is_now["kind"]
    if kinds == ("boolean", "number") and set(column.dropna().unique()) <= {0, 1}:
        return found
    if kinds[0] != kinds[1]:
        return [*found, _other_kind(name, was, is_now, column)]
    return [*found, *_of_same_kind(name, was, is_now, column), _constant(name, was, is_now)]


def _of_same_kind(name: str, was: dict, is_now: dict, column: pd.Series) -> list[Change]:
    """The checks of a column that holds numbers, or texts, as before."""
    if was["kind"] == "number":
        return _outside(name, was, column)
    if was["kind"] != "text":
        return []
    found = [_new_levels(name, was, column)] if "levels" in was else []
    was_numbers = was["readable"] > was["present"] / 2
    return [*found, _unreadable(name, was, is_now, column)] if was_numbers else found


def _nulls_up(name: str, was: dict, is_now: dict) -> Change:
    rows = [about["present"] + about["missing"] for about in (was, is_now)]
    before, after = (a["missing"] / n for a, n in zip((was, is_now), rows, strict=True))
    p_value = fisher(was["missing"], rows[0], is_now["missing"], rows[1]) if after > before else 1.0
    says = f"{name} is empty in {after:.1%} of the rows, {before:.1%} before."
    return Change("nulls_up", (name,), p_value, after - before, says,
                  {"before": before, "after": after})  # fmt: skip


def _other_kind(name: str, was: dict, is_now: dict, column: pd.Series) -> Change:
    """Text among numbers, or another type altogether."""
    kinds = {"before": was["kind"], "after": is_now["kind"]}
    if (was["kind"], is_now["kind"]) == ("number", "text"):
        return _unreadable(name, was | {"readable": was["present"]}, is_now, column)
    p_value = 0.0
    if (was["kind"], is_now["kind"]) == ("text", "number"):  # codes that happen to be digits
        rows = was["present"] + is_now["present"]
        p_value = p_value_all_in_part(is_now["present"], was["readable"] + is_now["present"], rows)
    says = f"{name} was of the kind {was['kind']} and is {is_now['kind']} now."
    return Change("type_changed", (name,), p_value, 1.0, says, kinds)


def _unreadable(name: str, was: dict, is_now: dict, column: pd.Series) -> Change:
    """More cells that are no numbers, in a column of numbers."""
    texts = column.dropna().astype("str")
    strange = texts[~_is_number(texts)]
    before = 1 - was["readable"] / was["present"]
    after = len(strange) / len(texts)
    counts = was["present"] - was["readable"], was["present"], len(strange), len(texts)
    p_value = fisher(*counts) if after > before else 1.0
    some = f", such as '{strange.iloc[0]:.40}'" if len(strange) else ""
    says = f"{name} holds no number in {after:.1%} of its cells{some}; {before:.1%} before."
    return Change("unreadable", (name,), p_value, after - before, says,
                  {"before": before, "after": after})  # fmt: skip


def _outside(name: str, was: dict, column: pd.Series) -> list[Change]:
    """Numbers beyond the earlier extremes.

    The probability that the k largest of all rows came last, when any order is as likely, is exact.
    """
    values = as_values(column.dropna()).to_numpy()
    low, high = was["range"]
    sides = ("below", low, values < low), ("above", high, values > high)
    return [_beyond(name, was["present"], *side) for side in sides]


def _beyond(name: str, rows_before: int, side: str, limit: float, is_beyond: np.ndarray) -> Change:
    count, rows = int(is_beyond.sum()), len(is_beyond)
    p_value = p_value_all_in_part(count, rows, rows_before + rows) if count else 1.0
    share = count / rows
    says = f"{name} lies {side} the earlier range ({limit:g}) in {share:.1%} of the rows."
    evidence = {"share": share, "limit": limit, "rows": count}
    return Change("outside_range", (name,), p_value, share, says, evidence)


def _new_levels(name: str, was: dict, column: pd.Series) -> Change:
    now = column.dropna().astype("str").value_counts()
    earlier = pd.Series(was["levels"], dtype=float)
    both = earlier.add(now, fill_value=0)
    new = now[~now.index.isin(earlier.index)]
    share = new.sum() / now.sum()
    says = f"{name} has categories not seen before in {share:.1%} of the rows: {_listed(new)}."
    p_value = p_value_of_new_levels(both.to_numpy(), new.to_numpy(), now.sum())
    evidence = {"share": share, "categories": list(map(str, new.index[:20])), "count": len(new)}
    return Change("new_categories", (name,), p_value, share, says, evidence)


def _listed(levels: pd.Series) -> str:
    some = ", ".join(f"'{level:.30}'" for level in levels.index[:3])
    return some if len(levels) <= 3 else f"{some} and {len(levels) - 3:,} more"


def p_value_of_new_levels(both: np.ndarray, new: np.ndarray, after: int) -> float:
    """The probability of such new categories among the last `after` rows, when order is random.

    `both` are the rows of each level in all, `new` those of levels that only the last rows have.
    The probability that all m rows of a level are among the last ones is hypergeometric. Two
    questions, so the smaller p-value is doubled: is one level too frequent to be new (union over
    all levels as frequent), and are new ones too many (gamma law by mean and variance)?

    >>> p_value_of_new_levels(np.array([500.0, 400.0, 100.0]), np.array([100.0]), 500) < 1e-9
    True
    """
    if not len(new):
        return 1.0
    small = both[both <= after]
    all_last = p_value_all_in_part(small, after, both.sum())
    one = all_last[small >= new.max()].sum()
    return float(min(1.0, 2 * min(one, _p_value_of_rows(new.sum(), small, all_last))))


def _p_value_of_rows(found: float, levels: np.ndarray, all_last: np.ndarray) -> float:
    """The probability of so many rows with new levels; 1 where too few are expected to judge."""
    mean = (levels * all_last).sum()
    variance = (levels**2 * all_last * (1 - all_last)).sum()
    if mean < FEWEST_EXPECTED or variance <= 0:
        return 1.0
    return float(gammaincc(mean**2 / variance, found * mean / variance))


def _constant(name: str, was: dict, is_now: dict) -> Change:
    """One value only, where there were several: likely only if nearly all had that value."""
    p_value, rows = 1.0, was["present"] + is_now["present"]
    if is_now["distinct"] == 1 and was["distinct"] > 1:
        p_value = p_value_all_in_part(is_now["present"], was["most"] + is_now["present"], rows)
    says = f"{name} holds one value only; it had {was['distinct']:,}."
    return Change("constant", (name,), p_value, 1.0, says, {"before": was["distinct"]})


def _copies_up(known: dict, after: pd.DataFrame) -> Change:
    """Repeated rows. More rows repeat each other more: no more are looked at than there were."""
    rows = min(len(after), known["rows"])
    some = after.iloc[evenly_spaced(len(after), rows)]
    copies = _copies(some[list(known["columns"])])
    before, share = known["copies"] / known["rows"], copies / rows
    p_value = fisher(known["copies"], known["rows"], copies, rows) if share > before else 1.0
    says = f"{share:.1%} of the rows repeat another row, {before:.1%} before."
    return Change(
        "copies_up", (), p_value, share - before, says, {"before": before, "after": share}
    )
