"""The target column: how its cells are read as labels."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from ..cells.known_words import MISSING_WORDS
from ..cells.number_formats import number_format, parse_quantity
from ..cells.tidy_text import tidy


def draft_label(column: pd.Series) -> dict:
    """How the target is to be read: as it is, as numbers written as text, or as classes.

    >>> draft_label(pd.Series(["yes", "Yes ", "no", "N/A", "yes"]))
    {'kind': 'class', 'values': ['no', 'yes']}
    """
    if not pd.api.types.is_string_dtype(column.dtype) and column.dtype != object:
        return {"kind": "as it is"}
    words = Counter(_label_words(column).dropna().tolist())
    form = number_format(words) if words else None
    if form is not None:
        return {"kind": "number"} | form
    common: dict[str, str] = {}
    for spelling, _ in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        common.setdefault(spelling.casefold(), spelling)
    return {"kind": "class", "values": sorted(common.values())}


def read_label(column: pd.Series, plan: dict) -> pd.Series:
    """The target as its plan reads it; words that mean missing, and infinities, are missing.

    A class keeps the spelling of the plan, whatever its case; one that is not in it stays.
    """
    if plan["kind"] == "class":
        known = {value.casefold(): value for value in plan["values"]}
        return _label_words(column).map(lambda v: known.get(v.casefold(), v), na_action="ignore")
    if plan["kind"] == "number":
        style = plan.get("style", "point")
        units = ("", plan.get("unit", "").casefold())
        read = {w: parse_quantity(w, style) for w in _label_words(column).dropna().unique()}
        numbers = {w: q[0] if q and q[1].casefold() in units else np.nan for w, q in read.items()}
        return _label_words(column).map(numbers).astype(float)
    if pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
        words = _label_words(column)
        numbers = pd.to_numeric(words, errors="coerce")  # a later delivery may come as text
        column = numbers if numbers.notna().sum() == words.notna().sum() else words
    if pd.api.types.is_float_dtype(column.dtype):
        return column.where(np.isfinite(column.astype(float)))
    return column


def _label_words(column: pd.Series) -> pd.Series:
    text = column.map(lambda value: tidy(str(value)), na_action="ignore").astype("str")
    return text.mask(text.str.casefold().isin(MISSING_WORDS - {"none", "unknown"}))
