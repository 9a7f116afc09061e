"""What cleaning read otherwise than it is written: a sentence a kind, for the findings of stage 2.

The log of changes has every cell; this says what a reader of the front page would want to know.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

from ..cells.reading_values import repair_cell
from ..tables.odd_files import so_many, some

DAY = date(2013, 1, 31)


def of(raw: pd.DataFrame, plan: dict, changes: pd.DataFrame) -> list[tuple[str, list, str]]:
    """How cells were read that say another thing than they seem: code, columns, and a sentence.

    Decimal commas, numbers with units, several forms of dates, words for missing. What did not
    read at all is in the review list.
    """
    own = {name: c for name, c in plan["columns"].items() if name in raw}
    commas = [n for n, c in own.items() if c["kind"] == "number" and c.get("style") == "comma"]
    written = [
        n for n, c in own.items() if c["kind"] == c.get("usual") == "number" and n not in commas
    ]
    forms = {n: c["formats"] for n, c in own.items() if len(c.get("formats", ())) > 1}
    said = [
        ("decimal comma", commas, "Read with a decimal comma: {}.",
         {n: _as_read(raw[n], own[n]) for n in commas}),
        ("numbers as text", written, "Numbers with other marks, read as numbers: {}.",
         {n: _as_read(raw[n], own[n]) for n in written}),
        ("several date forms", list(forms), "Dates written in several forms: {}.",
         {n: ", ".join(map(_as_written, found)) for n, found in forms.items()}),
    ]  # fmt: skip
    gaps = changes[changes["kind"] == "missing word"].groupby("column", sort=False)
    words = {name: _most_frequent(cells) for name, cells in gaps}
    said.append(("words for missing", list(words), "Words taken for missing: {}.", words))
    return [
        (code, names, says.format(some([f"{name:.40} ({shown[name]})" for name in names])))
        for code, names, says, shown in said
        if names
    ]


def _as_read(column: pd.Series, plan: dict) -> str:
    """A cell whose text is no plain number, and what it was read as."""
    for text in column.dropna().head(1_000).astype("str"):
        value, repair = repair_cell(text, plan)
        if repair in ("number", "unit"):
            return f"‘{text:.30}’ is {value:.10g} {plan.get('unit', '')}".rstrip()
    return "now and then"


def _as_written(form: str) -> str:
    """A day in a format, as an example of it."""
    return f"{DAY:%Y-%m-%d}" if form == "iso" else DAY.strftime(form)


def _most_frequent(cells: pd.DataFrame) -> str:
    """The most frequent texts of some changed cells, and how many cells there are."""
    words = cells["before"].value_counts().index[:4]
    shown = ", ".join(f"‘{word:.30}’" for word in words)
    return f"{shown}; {so_many(cells, 'cell')}"
