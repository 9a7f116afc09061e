"""What cleaning read otherwise than it is written: a sentence a kind, for the findings of stage 2.

The log of changes has every cell; this says what a reader of the front page would want to know.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from ..cells.as_texts import as_text
from ..cells.date_formats import written
from ..cells.other_forms import order_of
from ..cells.reading_values import cell_reader
from ..cells.serial_days import SERIAL, day_of
from ..tables.odd_files import so_many, some

DAY = datetime(2013, 1, 31)


def of(raw: pd.DataFrame, plan: dict, changes: pd.DataFrame) -> list[tuple[str, list, str]]:
    """How cells were read that say another thing than they seem: code, columns, and a sentence.

    Decimal commas, numbers with units, several forms of dates, words for missing. What did not
    read at all is in the review list.
    """
    own = {name: c for name, c in plan["columns"].items() if name in raw}
    gaps = changes[changes["kind"] == "missing word"].groupby("column", sort=False)
    readings = [
        ("decimal comma", "Read with a decimal comma: {}.", _with_commas(raw, own)),
        ("numbers as text", "Numbers with other marks, read as numbers: {}.", _as_text(raw, own)),
        ("several date forms", "Dates written in several forms: {}.", _date_forms(own)),
        ("date order", "Day and month in the order that other cells show: {} (the other order: "
         "write 'day first' or 'month first' into review.csv, or formats in cleaning.yaml).",
         _orders(own)),
        ("serial days", "Numbers read as a spreadsheet's days: {} (as numbers: kind: number in "
         "columns.yaml).", _serial_days(raw, own)),
        ("two-digit years", "Years of two digits: {} (pivot in cleaning.yaml).", _centuries(own)),
        ("words for missing", "Words taken for missing: {} (values? keep in columns.yaml).",
         {name: _most_frequent(cells) for name, cells in gaps}),
        ("words kept", "Kept as values, though they look missing: {} (missing in columns.yaml).",
         _kept(raw, own)),
    ]  # fmt: skip
    return [
        (code, list(shown), says.format(some([f"{n:.40} ({how})" for n, how in shown.items()])))
        for code, says, shown in readings
        if shown
    ]


def _has_comma(plan: dict) -> bool:
    return plan["kind"] == "number" and plan.get("style") == "comma"


def _with_commas(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    return {n: _as_read(raw[n], plan) for n, plan in plans.items() if _has_comma(plan)}


def _as_text(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of numbers that are usually written with other marks than plain ones have."""
    return {n: _as_read(raw[n], plan) for n, plan in plans.items()
            if plan["kind"] == plan.get("usual") == "number" and not _has_comma(plan)}  # fmt: skip


def _date_forms(plans: dict) -> dict[str, str]:
    several = {n: c["formats"] for n, c in plans.items() if len(c.get("formats", ())) > 1}
    return {n: ", ".join(map(_as_written, forms)) for n, forms in several.items()}


def _orders(plans: dict) -> dict[str, str]:
    """The date columns whose order another one shows: which is first, and why."""
    return {n: f"{order_of(p['formats'])} first, {p['follows']}" for n, p in plans.items()
            if "follows" in p}  # fmt: skip


def _centuries(plans: dict) -> dict[str, str]:
    """The date columns whose years of two digits are not those of the usual rule."""
    short = {n: p for n, p in plans.items() if any("%y" in f for f in p.get("formats", ()))}
    return {n: f"{p['pivot'] - 99} to {p['pivot']}" for n, p in short.items() if "pivot" in p}


def _kept(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of names that hold words which look missing, with the number of cells."""
    kept = {n: p["keep"] for n, p in plans.items() if p.get("keep")}
    return {n: ", ".join(f"‘{w:.30}’; {so_many(raw[n][raw[n] == w], 'cell')}" for w in words)
            for n, words in kept.items()}  # fmt: skip


def _serial_days(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of numbers that are read as the days of a spreadsheet, each with one."""
    found = {n: raw[n].dropna() for n, p in plans.items() if p.get("formats") == [SERIAL]}
    return {n: f"‘{as_text(some.iloc[0])}’ is {day_of(as_text(some.iloc[0])):%Y-%m-%d}"
            for n, some in found.items() if len(some)}  # fmt: skip


def _as_read(column: pd.Series, plan: dict) -> str:
    """A cell whose text is no plain number, and what it was read as."""
    read = cell_reader(plan)
    for text in column.dropna().head(1_000).astype("str"):
        value, repair = read(text)
        if repair in ("number", "unit"):
            return f"‘{text:.30}’ is {value:.10g} {plan.get('unit', '')}".rstrip()
    return "now and then"


def _as_written(form: str) -> str:
    """A day in a format, as an example of it."""
    return written(DAY, form).removesuffix(" 00:00:00")


def _most_frequent(cells: pd.DataFrame) -> str:
    """The most frequent texts of some changed cells, and how many cells there are."""
    words = cells["before"].value_counts().index[:4]
    shown = ", ".join(f"‘{word:.30}’" for word in words)
    return f"{shown}; {so_many(cells, 'cell')}"
