"""Quality of later rows: columns, types, empty cells, categories, ranges, copies, volume.

Each check compares with what the earlier rows had and gives a p-value: of rows in random
order, even an unchanged column shows a new extreme or a category not seen before. All checks
together are corrected for their number (Holm); only what is beyond noise becomes a finding.

Rows of a unit (a customer, a day) are not independent. New extremes and new categories are counted
by the units that have them, empty cells by the effective number of rows, and all else as if the
rows of a unit were alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.findings import Finding, ranked
from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError
from ..learning.unit_tests import holm
from .alert_thresholds import DEFAULT, Thresholds, by_size
from .comparable_columns import as_values, inferred
from .quality_by_units import Sides, design_of_gaps, p_value_of_new
from .quality_reference import count_copies, describe, is_number_text, quality_kind, reference_of
from .significance import fisher

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


def compare(
    before: pd.DataFrame | dict, after: pd.DataFrame, thresholds: Thresholds = DEFAULT, *,
    unit: np.ndarray | None = None,
) -> list[Finding]:  # fmt: skip
    """What is wrong with later rows, as findings, the most severe first (see `alert_thresholds`).

    `before` are the earlier rows, or what `reference_of` kept of them; `unit` says of which unit
    each later row is (None: each is by itself). Codes: `column_missing`,
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
    sides = Sides.of(known, after, unit)
    of_rows = set(known["columns"]) <= set(after.columns)
    changes = [_copies_up(known, after, sides)] if of_rows else []
    for name, was in known["columns"].items():
        if name in after.columns:
            changes += _check(name, was, _read_as(was["kind"], after[name]), sides, unit)
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
    if quality_kind(column) != "text":
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


def _check(name: str, was: dict, column: pd.Series, sides: Sides, unit) -> list[Change]:
    is_now = describe(column, unit)
    found = [_nulls_up(name, was, is_now)]
    if "empty" in (was["kind"], is_now["kind"]):
        return found
    kinds = was["kind"], is_now["kind"]
    if kinds == ("boolean", "number") and set(column.dropna().unique()) <= {0, 1}:
        return found
    if kinds[0] != kinds[1]:
        return [*found, _other_kind(name, was, is_now, column, sides)]
    of_kind = _of_same_kind(name, was, is_now, column, sides, unit)
    return [*found, *of_kind, _constant(name, was, is_now, sides)]


def _of_same_kind(name, was: dict, is_now: dict, column, sides: Sides, unit) -> list[Change]:
    """The checks of a column that holds numbers, or texts, as before."""
    of_unit = None if unit is None else unit[column.notna().to_numpy()]
    if was["kind"] == "number":
        return _outside(name, was, column, sides, of_unit)
    if was["kind"] != "text":
        return []
    found = [_new_levels(name, was, column, sides, of_unit)] if "levels" in was else []
    was_numbers = was["readable"] > was["present"] / 2
    return [*found, _unreadable(name, was, is_now, column, sides)] if was_numbers else found


def _nulls_up(name: str, was: dict, is_now: dict) -> Change:
    rows = [about["present"] + about["missing"] for about in (was, is_now)]
    before, after = (a["missing"] / n for a, n in zip((was, is_now), rows, strict=True))
    p_value = 1.0
    if after > before:
        design = design_of_gaps(was, is_now)
        p_value = fisher(was["missing"], rows[0], is_now["missing"], rows[1], design)
    says = f"{name} is empty in {after:.1%} of the rows, {before:.1%} before."
    return Change("nulls_up", (name,), p_value, after - before, says,
                  {"before": before, "after": after})  # fmt: skip


def _other_kind(name: str, was: dict, is_now: dict, column: pd.Series, sides: Sides) -> Change:
    """Text among numbers, or another type altogether."""
    kinds = {"before": was["kind"], "after": is_now["kind"]}
    if (was["kind"], is_now["kind"]) == ("number", "text"):
        return _unreadable(name, was | {"readable": was["present"]}, is_now, column, sides)
    p_value = 0.0
    if (was["kind"], is_now["kind"]) == ("text", "number"):  # codes that happen to be digits
        rows = was["present"], is_now["present"]
        p_value = sides.all_in_later(is_now["present"], was["readable"], rows)
    says = f"{name} was of the kind {was['kind']} and is {is_now['kind']} now."
    return Change("type_changed", (name,), p_value, 1.0, says, kinds)


def _unreadable(name: str, was: dict, is_now: dict, column: pd.Series, sides: Sides) -> Change:
    """More cells that are no numbers, in a column of numbers."""
    texts = column.dropna().astype("str")
    strange = texts[~is_number_text(texts)]
    before = 1 - was["readable"] / was["present"]
    after = len(strange) / len(texts)
    counts = was["present"] - was["readable"], was["present"], len(strange), len(texts)
    p_value = sides.fisher(*counts) if after > before else 1.0
    some = f", such as '{strange.iloc[0]:.40}'" if len(strange) else ""
    says = f"{name} holds no number in {after:.1%} of its cells{some}; {before:.1%} before."
    return Change("unreadable", (name,), p_value, after - before, says,
                  {"before": before, "after": after})  # fmt: skip


def _outside(name: str, was: dict, column: pd.Series, sides: Sides, unit) -> list[Change]:
    """Numbers beyond the earlier extremes.

    The probability that the k largest of all rows (or units) came last, when any order is as
    likely, is exact.
    """
    values = as_values(column.dropna()).to_numpy()
    low, high = was["range"]
    present = sides.of_present(was["present"], len(values))
    beyond = ("below", low, values < low), ("above", high, values > high)
    return [_beyond(name, present, unit, *side) for side in beyond]


def _beyond(
    name: str, sides: Sides, unit, side: str, limit: float, is_beyond: np.ndarray
) -> Change:
    count, rows = int(is_beyond.sum()), len(is_beyond)
    units = sides.units_of(count) if unit is None else pd.Series(unit[is_beyond]).nunique()
    p_value = sides.of_few(units) if count else 1.0
    share = count / rows
    says = f"{name} lies {side} the earlier range ({limit:g}) in {share:.1%} of the rows."
    evidence = {"share": share, "limit": limit, "rows": count}
    return Change("outside_range", (name,), p_value, share, says, evidence)


def _new_levels(name: str, was: dict, column: pd.Series, sides: Sides, unit) -> Change:
    texts = column.dropna().astype("str")
    now = texts.value_counts()
    new = now[~now.index.isin(was["levels"])]
    share = new.sum() / now.sum()
    says = f"{name} has categories not seen before in {share:.1%} of the rows: {_listed(new)}."
    p_value = p_value_of_new(was, texts, new.index, sides, unit) if len(new) else 1.0
    evidence = {"share": share, "categories": list(map(str, new.index[:20])), "count": len(new)}
    return Change("new_categories", (name,), p_value, share, says, evidence)


def _listed(levels: pd.Series) -> str:
    some = ", ".join(f"'{level:.30}'" for level in levels.index[:3])
    return some if len(levels) <= 3 else f"{some} and {len(levels) - 3:,} more"


def _constant(name: str, was: dict, is_now: dict, sides: Sides) -> Change:
    """One value only, where there were several: likely only if nearly all had that value."""
    p_value, rows = 1.0, (was["present"], is_now["present"])
    if is_now["distinct"] == 1 and was["distinct"] > 1:
        p_value = sides.all_in_later(is_now["present"], was["most"], rows)
    says = f"{name} holds one value only; it had {was['distinct']:,}."
    return Change("constant", (name,), p_value, 1.0, says, {"before": was["distinct"]})


def _copies_up(known: dict, after: pd.DataFrame, sides: Sides) -> Change:
    """Repeated rows. More rows repeat each other more: no more are looked at than there were."""
    rows = min(len(after), known["rows"])
    some = after.iloc[evenly_spaced(len(after), rows)]
    copies = count_copies(some[list(known["columns"])])
    before, share = known["copies"] / known["rows"], copies / rows
    counts = known["copies"], known["rows"], copies, rows
    p_value = sides.fisher(*counts) if share > before else 1.0
    says = f"{share:.1%} of the rows repeat another row, {before:.1%} before."
    return Change(
        "copies_up", (), p_value, share - before, says, {"before": before, "after": share}
    )
