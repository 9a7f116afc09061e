"""Rules of the review list: what a marked line becomes in the plan, where it is more than a value.

A line of kind `WRITTEN` holds for all cells of a form (see `helpers.cells.rewriting`), `EMPTY` for
the empty cells of a column, `BEYOND` for what lies outside of a bound, `LABEL` for one row's label,
`PERCENT` for numbers without a sign beside per cents.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.as_texts import texts
from ..cells.date_formats import SHORT_YEAR
from ..cells.dates_together import in_order
from ..cells.number_formats import parse_number
from ..cells.reading_values import repair_value
from ..cells.unit_conversion import FRACTION
from .far_values import BEYOND, with_limit
from .review_decisions import MISSING

WRITTEN, EMPTY = "written otherwise", "empty cells"
LABEL = "label in doubt"
PERCENT = "per cent beside plain numbers"
ORDERS = {"day first": "day", "month first": "month"}  # of a whole column, as a suggestion
YEAR_FIRST = "year first"
ROW = re.compile(r"row (\d+)")


def apply(plan: dict, row: dict, becomes: str) -> bool:
    """Put a marked line into the plan, in place; whether it is of a kind that is known here.

    >>> plan = {"columns": {"oz": {"kind": "number"}}}
    >>> line = {"kind": "written otherwise", "column": "oz", "value": "{number} x"}
    >>> apply(plan, line, "{number}")
    True
    >>> plan["columns"]["oz"]["rewrites"]
    {'{number} x': '{number}'}
    """
    if row["kind"] not in RULES:
        return False
    RULES[row["kind"]](plan, row, becomes)
    return True


def turned(column: dict, becomes: str) -> dict | None:
    """A date column's plan in another order; None where a suggestion names no order.

    >>> turned({"formats": ["%m/%d/%y"]}, "year first")["formats"]
    ['%-y/%m/%d', '%m/%d/%y']
    """
    named = becomes.casefold()
    if named in ORDERS:
        return in_order(column, ORDERS[named])
    if named != YEAR_FIRST or not any(f.endswith("%y") for f in column.get("formats", ())):
        return None
    formats = column.get("formats", [])
    first = [f"{SHORT_YEAR}{form[2]}%m{form[2]}%d" for form in formats if form.endswith("%y")]
    rest = {key: said for key, said in column.items() if key != "ambiguous"}
    return rest | {"formats": list(dict.fromkeys([*first, *formats]))}


def _write_otherwise(plan: dict, row: dict, becomes: str) -> None:
    column = plan["columns"][row["column"]]
    after = "" if becomes == MISSING else becomes
    column["rewrites"] = column.get("rewrites", {}) | {row["value"]: after}


def _fill(plan: dict, row: dict, becomes: str) -> None:
    if becomes == MISSING:
        return
    name = row["column"]
    if repair_value(becomes, plan["columns"][name])[0] is None:
        raise InputError(
            f"The review list fills the empty cells of {name} with '{becomes}', which does not "
            f"read as a {plan['columns'][name]['kind']}: correct 'suggestion'."
        )
    one = {"column": name, "value": "", "where": {}, "becomes": becomes}
    plan["decisions"] = [*plan.get("decisions", []), one]


def _bound(plan: dict, row: dict, becomes: str) -> None:
    column, side = plan["columns"][row["column"]], row["value"][:1]
    bound = parse_number(row["value"][1:].strip())
    if side not in "<>" or bound is None or becomes != MISSING:
        raise InputError(
            f"A line '{BEYOND}' of the review list has a value such as '> 1000' and the "
            f"suggestion missing; {row['column']} has '{row['value']}' and '{becomes}'."
        )
    plan["columns"][row["column"]] = with_limit(column, f"{side} {bound}")


def _label(plan: dict, row: dict, becomes: str) -> None:
    found = ROW.fullmatch(row["where"].strip())
    if not found:
        raise InputError(f"A line '{LABEL}' names its row as 'row 17', not '{row['where']}'.")
    one = {"row": int(found[1]), "value": row["value"], "becomes": becomes}
    plan["labels"] = [*plan.get("labels", []), one]


def _shares(plan: dict, row: dict, becomes: str) -> None:
    if becomes != FRACTION:
        raise InputError(
            f"A line '{PERCENT}' of the review list has the suggestion {FRACTION}; "
            f"{row['column']} has '{becomes}'."
        )
    plan["columns"][row["column"]]["unit"] = FRACTION


RULES = {WRITTEN: _write_otherwise, EMPTY: _fill, BEYOND: _bound, LABEL: _label, PERCENT: _shares}


def with_decided_labels(label: pd.Series, decisions: list[dict]) -> tuple[pd.Series, np.ndarray]:
    """The labels with those that a person has corrected, and which rows these are.

    A decision about a row that has another label by now is left out: it speaks of another row.

    >>> one = [{"row": 1, "value": "no", "becomes": "yes"}]
    >>> with_decided_labels(pd.Series(["no", "no"]), one)[0].tolist()
    ['no', 'yes']
    """
    held, rows = texts(label), np.zeros(len(label), dtype=bool)
    known = [d for d in decisions if d["row"] < len(held) and held.iloc[d["row"]] == d["value"]]
    if not known:
        return label, rows
    at, corrected = [one["row"] for one in known], label.copy()
    rows[at] = True
    corrected.iloc[at] = _as_labels([one["becomes"] for one in known], label)
    return corrected, rows


def _as_labels(new: list[str], label: pd.Series) -> list:
    """Texts as labels of a column; "missing" is no label."""
    by_text = dict(zip(texts(label), label, strict=True)) | {MISSING: None}
    return [by_text[one] if one in by_text else parse_number(one) or one for one in new]
