"""What was understood, said once: column by column what the file held and how it was read.

`columns.yaml` is written by each run. It can be edited and given again (`--set columns=…`).
"""

from __future__ import annotations

import pandas as pd
import yaml

from ..cells.as_texts import texts
from ..cells.column_choices import missing_words
from ..cells.form_tally import UNREAD
from ..cells.other_forms import first_named, is_open
from ..cells.value_forms import FORMS, kind_said

HELD = 3  # cells that are shown as they stood in the file
HEAD = f"""\
# How each column of this run was read. `held` shows cells as the file has them; `empty` and
# `unread` are shares of the cells. To read a column otherwise, change its kind (number, boolean,
# date, category, text, {", ".join(FORMS)}),
# format, unit, decimal (point, comma), missing (words that mean it), keep (words that do not) or
# ranks (words of a category in their order; [] for none) or rewrites (forms that are written in
# another; {{}} for none); `order: day` or `order: month` turns the
# formats of a date round. A line such as `encoding: cp1250`, by itself, is of the text file as a
# whole. Then:
#     pipeline run ... --set columns=columns.yaml
"""


def as_text(raw: pd.DataFrame, plan: dict, changes: pd.DataFrame, encoding: str = "") -> str:
    """`columns.yaml` of raw rows, read by a cleaning plan with that log of changes.

    `encoding` is that of the file, where it is not UTF-8.
    """
    logged = dict(list(changes.groupby("column", sort=False)))
    found = {name: overview(raw[name], own, logged.get(name, changes.iloc[:0]))
             for name, own in plan["columns"].items() if name in raw}  # fmt: skip
    if encoding and "encoding" not in found:
        found = {"encoding": encoding} | found
    return HEAD + yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)


def overview(column: pd.Series, plan: dict, changed: pd.DataFrame) -> dict:
    """What a column held and how it was read, as `columns.yaml` has it.

    >>> none = pd.DataFrame({"kind": [], "before": []})
    >>> overview(pd.Series(["3 kg", None, "4 kg"]), {"kind": "number", "unit": "kg"}, none)
    {'held': ['3 kg', '4 kg'], 'kind': 'number', 'unit': 'kg', 'decimal': 'point', 'empty': 0.3333}
    """
    unread = int(changed["kind"].isin(UNREAD).sum())
    missing = missing_words(changed, plan)
    return {
        "held": texts(column.dropna().drop_duplicates().head(HELD)).str.slice(0, 60).tolist(),
        "kind": kind_said(plan),
        **_forms(plan),
        **({"rewrites": dict(plan["rewrites"])} if plan.get("rewrites") else {}),
        **({"missing": missing} if missing else {}),
        **({"keep": list(plan["keep"])} if plan.get("keep") else {}),
        "empty": round(float(column.isna().mean()), 4),
        **({"unread": max(round(unread / len(column), 4), 0.0001)} if unread else {}),
        **({"note": plan["note"]} if plan.get("note") else {}),
    }


def _forms(plan: dict) -> dict:
    """The format, order, unit and decimal sign that a plan names, by the words of the file."""
    if plan["kind"] == "date" and "formats" in plan:
        return {"format": list(plan["formats"])} | _doubt(plan)
    if plan["kind"] == "number":
        unit = {"unit": plan["unit"]} if plan.get("unit") else {}
        return unit | {"decimal": plan.get("style", "point")}
    return {"ranks": list(plan["ranks"])} if plan.get("ranks") else {}


def _doubt(plan: dict) -> dict:
    """What is said of dates whose order nobody can tell; a choice of `order` settles it."""
    form = next(filter(is_open, plan["formats"]), "")
    if not form or "ambiguous" not in plan:
        return {}
    if plan["ambiguous"] == "missing":
        return {"doubt": "both orders: a date that reads both ways is missing; order settles it"}
    first, other = ("day", "month") if first_named(form) == "day" else ("month", "day")
    return {"doubt": f"read with the {first} first; `order: {other}` reads it the other way"}
