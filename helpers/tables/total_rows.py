"""Rows of totals or means below a table: no rows of it, where their numbers prove it.

A last row that is called "Total" may be data. It is set aside where each of its other cells is a
number, and at least half of these are the sums (or means) of what stands above; else it stays, and
that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from ..cells.number_formats import parse_quantity
from ..cells.tidy_text import tidy
from .sure_numbers import numbers_if_surely

_SUMS = """total totals subtotal sum sums totale totaux somme suma summe gesamt insgesamt
gesamtsumme totaal som soma totalt summa celkem razem összesen toplam итого всего разом σύνολο
合计 总计 合計 総計 小計 합계 총계 المجموع"""
_MEANS = """average averages avg mean means durchschnitt mittelwert moyenne media promedio média
gemiddelde gemiddeld genomsnitt среднее 平均 평균 ø"""
SUMS = {*_SUMS.split(), "grand total", "overall total", "sub total", "sub-total", "total general"}
MEANS = {*_MEANS.split()}
FEWEST = 2  # rows above
MOST = 3  # such rows
WHY = "a row of {}"
KEPT = "keep"
SHARE = 0.95  # of a column's filled cells that are numbers


@dataclass(frozen=True)
class Total:
    """A row below the table: what it is called, the texts of its cells, whether it was proven."""

    label: str
    cells: tuple[str, ...]
    is_proven: bool


def cut(
    frame: pd.DataFrame, asked: str = "", typed: bool = False
) -> tuple[pd.DataFrame, list[Total]]:
    """The table without the rows of totals below it, and those rows, the last one first.

    The first that is not proven ends the search. `asked` keeps all of them ("keep"). If
    `typed`, columns of texts that surely hold numbers without them are numbers.

    >>> cut(pd.DataFrame({"town": ["Oslo", "Rome", "Total"], "n": [1, 2, 3]}))[0].n.tolist()
    [1, 2]
    """
    count = _labelled(frame) if asked != KEPT else 0
    if not count:
        return frame, []
    body = frame.iloc[: len(frame) - count]
    found = [_total(body, frame.iloc[-place]) for place in range(1, count + 1)]
    proven = next((n for n, one in enumerate(found) if not one.is_proven), count)
    kept = _without_last(frame, proven, typed) if proven else frame
    return kept, found[: proven + (proven < count)]


def _without_last(frame: pd.DataFrame, count: int, typed: bool) -> pd.DataFrame:
    """The table without so many rows at its end, and with what was noted of it."""
    kept = frame.iloc[: len(frame) - count].reset_index(drop=True)
    texts = [name for name in kept if str(kept[name].dtype) == "str"]
    kept = kept.assign(**{name: numbers_if_surely(kept[name]) for name in texts if typed})
    kept.attrs = dict(frame.attrs)
    return kept


def is_label(cell) -> bool:
    """Whether a cell is a word for a total or a mean.

    >>> is_label("Grand total:"), is_label("Totally")
    (True, False)
    """
    return _word(cell) in SUMS | MEANS


def said(totals: list[Total]) -> list[str]:
    """What is said of rows of totals: those set aside, or the one that stays."""
    cut_off = [one for one in totals if one.is_proven]
    rows = "The last row" if len(cut_off) == 1 else f"The last {len(cut_off)} rows"
    names = ", ".join(f"‘{one.label}’" for one in reversed(cut_off))
    aside = (f"{rows} ({names}) {'holds' if len(cut_off) == 1 else 'hold'} sums or means of those "
             f"above and {'was' if len(cut_off) == 1 else 'were'} set aside (?total=keep behind "
             f"the file's name: read as rows).")  # fmt: skip
    kept = [f"The last row is called ‘{one.label}’, but its numbers are no sums of those above: it "
            f"is read as a row. Is it a total? Take it out." for one in totals
            if not one.is_proven]  # fmt: skip
    return [aside] * bool(cut_off) + kept


def aside(totals: list[Total], first: int) -> list[tuple[int, str, str]]:
    """The rows that were cut off as `set_aside` notes them; the last one stands in line `first`."""
    return [(first - place, why(one), " ".join(filter(None, one.cells)))
            for place, one in enumerate(totals) if one.is_proven]  # fmt: skip


def why(total: Total) -> str:
    """The reason for which a row was set aside."""
    return WHY.format("means" if _word(total.label) in MEANS else "totals")


def _word(cell) -> str:
    return tidy(str(cell)).strip(" :.*").casefold() if isinstance(cell, str) else ""


def _labelled(frame: pd.DataFrame) -> int:
    """How many rows at the end have a cell that is a word for a total."""
    last = frame.tail(MOST + 1).iloc[::-1].astype(object).to_numpy().tolist()
    rows = [any(map(is_label, row)) for row in last]
    count = rows.index(False) if False in rows else len(rows)
    return count if len(frame) - count >= FEWEST else 0


def _total(body: pd.DataFrame, row: pd.Series) -> Total:
    """A row with what its numbers prove."""
    label = next(str(cell) for cell in row if is_label(cell))
    filled = {name: cell for name, cell in row.items()
              if not (pd.isna(cell) or str(cell).strip() == "" or is_label(cell))}  # fmt: skip
    use_mean = _word(label) in MEANS
    matched = [_is_total(body[name], cell, use_mean) for name, cell in filled.items()]
    proven = None not in matched and any(matched) and 2 * sum(matched) >= len(matched)
    return Total(label, tuple("" if pd.isna(cell) else str(cell) for cell in row), proven)


def _is_total(column: pd.Series, cell, use_mean: bool) -> bool | None:
    """Whether a cell is the sum (or the mean) of a column; None for a cell that is no number."""
    can_be = [_parsed(cell, style) for style in ("point", "comma")]
    for style, value in zip(("point", "comma"), can_be, strict=True):
        numbers = column.dropna().map(lambda text, style=style: _parsed(text, style))
        if not value or numbers.notna().mean() < SHARE or numbers.nunique() < 2:
            continue
        expected = numbers.mean() if use_mean else numbers.sum()
        if abs(expected - value) <= _rounding(cell) + 1e-9 * numbers.abs().sum():
            return True
    return None if can_be == [None, None] else False


def _parsed(cell, style: str) -> float | None:
    """A cell as a number, or None."""
    if isinstance(cell, (int, float)):
        return float(cell)
    found = parse_quantity(str(cell), style)
    return found and found[0]


def _rounding(cell) -> float:
    """Half of the last digit that a cell shows."""
    shown = re.search(r"[.,](\d+)\D*$", str(cell))
    return 0.5000001 * 10.0 ** -(len(shown[1]) if shown else 0)
