"""The cleaning plan: drafted from the collected rows, written as YAML, read back and checked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from .columns import KINDS, draft_column
from .errors import InputError, nearest
from .values import parse_date, parse_number


def draft_plan(frame: pd.DataFrame, about: dict | None = None, limits: str = "") -> dict:
    """A cleaning plan drafted from the collected rows: for each column, what it is, how to read it.

    `about` may bring what a person knows: `target` (left out of the plan), `limits` and
    `aliases` by column. `limits` adds more, as text: "wind_speed:0..253, age:0..120".

    >>> plan = draft_plan(pd.DataFrame({"weight": ["3 kg", "N/A", "4 kg"]}))
    >>> plan["columns"]["weight"]
    {'kind': 'number', 'unit': 'kg'}
    """
    about = about or {}
    known_limits = about.get("limits", {}) | parse_limits(limits, frame.columns)
    columns = {}
    for name in frame.columns.drop(about.get("target") or [], errors="ignore"):
        column = draft_column(frame[name], about.get("aliases", {}).get(name))
        if name in known_limits:
            if column["kind"] != "number":
                raise InputError(
                    f"limits name '{name}', which holds {column['kind']}, not numbers."
                )
            column["limits"] = [float(bound) for bound in known_limits[name]]
        columns[str(name)] = column
    return {"columns": columns}


def parse_limits(text: str, columns) -> dict[str, list[float]]:
    """Limits written as text: "wind_speed:0..253, age:0..120".

    >>> parse_limits("age:0..120", ["age"])
    {'age': [0.0, 120.0]}
    """
    limits = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, bounds = part.rpartition(":")
        low, _, high = bounds.partition("..")
        low, high = parse_number(low), parse_number(high)
        if low is None or high is None or low > high:
            raise InputError(f"limits look like 'age:0..120, humid:0..100'; '{part}' does not.")
        if name.strip() not in columns:
            raise InputError(f"limits name no column '{name.strip()}'. {nearest(name, columns)}")
        limits[name.strip()] = [low, high]
    return limits


def plan_text(plan: dict) -> str:
    """The plan as YAML, in the order of the columns."""
    return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=100)


def open_plan(path: str, columns, target: str = "") -> dict:
    """A plan from a file (see `read_plan`)."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"There is no readable cleaning plan '{path}'.") from None
    return read_plan(text, columns, target)


def read_plan(text: str, columns, target: str = "") -> dict:
    """A plan from YAML that a person may have edited; checked against the table's columns."""
    try:
        plan = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise InputError(f"The cleaning plan is not valid YAML{line}: mend it there.") from None
    if not isinstance(plan, dict) or not isinstance(plan.get("columns"), dict):
        raise InputError("The cleaning plan needs a mapping 'columns', one entry a column.")
    for name, column in plan["columns"].items():
        if name not in columns or name == target:
            raise InputError(f"The plan names no column '{name}'. {nearest(name, columns)}")
        _check_column_plan(name, column)
    missing = [c for c in columns if c not in plan["columns"] and c != target]
    if missing:
        raise InputError(f"The plan says nothing about the column '{missing[0]}': add it.")
    return plan


def _check_column_plan(name: str, column) -> None:
    """Raise InputError when what a plan says of a column can't be followed."""
    if not isinstance(column, dict) or column.get("kind") not in KINDS:
        raise InputError(f"The plan needs a 'kind' for '{name}', one of: {', '.join(KINDS)}.")
    bounds = column.get("limits", [0, 1])
    numbers = isinstance(bounds, list) and all(
        type(bound) in (int, float) and np.isfinite(bound) for bound in bounds
    )
    aliases = column.get("aliases", {})
    lists = [column.get(key, []) for key in ("formats", "values", "keep")]
    wrong = {
        "limits": not numbers or len(bounds) != 2 or bounds[0] > bounds[1],
        "style": column.get("style", "point") not in ("point", "comma"),
        "formats, values and keep": not all(
            isinstance(texts, list) and all(isinstance(t, str) for t in texts) for texts in lists
        ),
        "unit": not isinstance(column.get("unit", ""), str),
        "formats": not all(_is_date_format(form) for form in column.get("formats", [])),
        "aliases": not isinstance(aliases, dict)
        or not all(isinstance(text, str) for pair in aliases.items() for text in pair),
    }
    for key, is_wrong in wrong.items():
        if is_wrong:
            raise InputError(
                f"The plan's {key} for '{name}' can't be followed: limits are [low, high], style "
                f"is point or comma, formats, values and keep are lists of quoted text, and "
                f"aliases map text to text."
            )


def _is_date_format(form) -> bool:
    if form == "iso" or not isinstance(form, str):
        return form == "iso"
    try:
        return parse_date(datetime(2001, 2, 3, 4, 5, 6).strftime(form), form) is not None
    except ValueError:
        return False
