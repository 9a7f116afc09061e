"""The delimiter and the quotes of a text, found in its first lines.

Each candidate cuts the lines into fields. The best one gives the most lines the same number of
fields (more than one), and cells that look like numbers, dates, codes or plain words. The idea of
judging both together is from van den Burg, Nazabal and Sutton (2019), "Wrangling messy CSV files by
detecting row and type patterns", Data Mining and Knowledge Discovery 33.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .cell_kinds import kind, kind_of_column
from .dialects import Dialect, Line

USUAL, RARE = ",;\t|", " :^~\x1f"
MOST_LINES = 300  # lines that are looked at
ALIKE = 0.8  # the share of lines of one width from which on no rare delimiter is tried
LEAST_ALIKE = 0.4  # below that the lines make no table
MOST_LINES_OF_A_ROW = 200
SURE_PER_ROW = 0.8  # numbers or dates in a row that a rare delimiter cuts


@dataclass(frozen=True)
class Cut:
    """A dialect, the number of fields that it gives most lines, and how well that fits."""

    dialect: Dialect
    width: int
    share: float
    score: float


def find_cut(text: str, lines: list[Line], quote: str = "") -> Cut | None:
    """The dialect that cuts the lines best; None where none gives them several fields."""
    full = [line for line in lines if line.text.strip()][:MOST_LINES]
    usual = _best(text, full, USUAL, quote)
    if usual and usual.share >= ALIKE:
        return usual
    rare = _best(text, full, RARE, quote)
    if rare and rare.share >= ALIKE and is_table(full, rare):
        return rare
    return usual if usual and _may_be(text, full, usual) else None


def _may_be(text: str, lines: list[Line], cut: Cut) -> bool:
    """Whether a cut that leaves many lines of other widths still makes a table.

    The first line has as many fields, or a column has values of one kind: a text with commas has
    neither.
    """
    rows = list(rows_by(text, lines, cut.dialect))
    fit = [row for row in rows if len(row) == cut.width]
    if cut.share < LEAST_ALIKE or len(rows[0]) == cut.width:
        return cut.share >= LEAST_ALIKE
    return any(map(kind_of_column, zip(*fit, strict=True)))


def _best(text: str, lines: list[Line], marks: str, quote: str) -> Cut | None:
    """The best of the cuts at these marks; the first of those that are as good."""
    dialects = (d for mark in marks for d in _dialects_of(text, mark, quote))
    cuts = [cut for d in dialects if (cut := cut_by(text, lines, d)) and cut.width > 1]
    return max(cuts, key=lambda cut: cut.score, default=None)


def _dialects_of(text: str, mark: str, quote: str = "") -> Iterator[Dialect]:
    """The dialects of a delimiter that a text has signs of."""
    if mark not in text:
        return
    for one in quote or _quotes(text, mark):
        escapes = len(re.findall(rf"\\{one}(?!{re.escape(mark)}|[\r\n])", text))
        doubled = len(re.findall(rf"(?<=[^{one}{re.escape(mark)}\r\n]){one}{one}(?!{one})", text))
        yield Dialect(mark, one, "\\" * (escapes > doubled), _is_blank_after(text, mark))


def _quotes(text: str, mark: str) -> str:
    """The quotes to try: the double one, and the single one where more fields stand in it."""
    double, single = (_in_quotes(text, mark, quote) for quote in "\"'")
    return "\"'" if single > max(double, 1) else '"'


def _in_quotes(text: str, mark: str, quote: str) -> int:
    """How many fields begin and end with a quote."""
    mark = re.escape(mark)
    return len(
        re.findall(rf"(?:^|{mark}) *{quote}[^\r\n]*?{quote}(?={mark}|$)", text, re.MULTILINE)
    )


def _is_blank_after(text: str, mark: str) -> bool:
    """Whether nearly each delimiter has a blank behind it, and some of these a quote."""
    if mark == " " or f"{mark} " not in text:
        return False
    return text.count(f"{mark} ") >= 0.9 * text.count(mark) - text.count(f"{mark}\n")


def cut_by(text: str, lines: list[Line], dialect: Dialect) -> Cut | None:
    """How a dialect cuts lines; None where there are none."""
    rows = list(rows_by(text, lines, dialect))
    if not rows:
        return None
    width, count = Counter(map(len, rows)).most_common(1)[0]
    share = count / len(rows)
    score = share * _looks_known([row for row in rows if len(row) == width], dialect)
    return Cut(dialect, width, share, score * (1 - 0.2 / width))


def rows_by(text: str, lines: list[Line], dialect: Dialect) -> Iterator[list[str]]:
    """The rows of lines; a field in quotes may go over many, and is as good as blank."""
    at_end = 0
    for line in lines:
        if line.start < at_end:
            continue
        found = None
        if line.text.count(dialect.quote) % 2:
            found = dialect.record.match(text, line.start)
        if found and found[0].count("\n") < MOST_LINES_OF_A_ROW:
            at_end = found.end()
            yield dialect.loose_fields(found[0])
        else:
            yield dialect.loose_fields(line.text)


def _looks_known(rows: list[list[str]], dialect: Dialect) -> float:
    """How far cells look like values: 1 for numbers and dates, 0 for cells still to be cut."""
    marks = USUAL.replace(dialect.delimiter, "")
    worth = [_worth(cell, marks) for row in rows[:100] for cell in row]
    return sum(worth) / len(worth)


def _worth(cell: str, marks: str) -> float:
    found = kind(cell)
    if found in ("", "number", "time", "link"):
        return 1.0
    if any(mark in cell for mark in marks if mark != ",") or re.search(r",\S", cell):
        return 0.0
    return 0.8


def is_table(lines: list[Line], cut: Cut) -> bool:
    """Whether a rare delimiter makes a table: the first line has as many fields, and some number.

    Names of two words in a column of their own are no table separated by blanks, nor are moments. A
    first column without a name counts the rows.
    """
    rows = [cut.dialect.loose_fields(line.text) for line in lines]
    values = [row for row in rows[1:] if len(row) == cut.width] or rows
    known = sum(kind(cell) in ("number", "time") for row in values for cell in row)
    whole = sum(kind(line.text) in ("number", "time", "link") for line in lines)
    names_rows = all(row[0].isdecimal() or not row[0] for row in values)  # quoted ones are blank
    counts = len(rows[0]) == cut.width - 1 and names_rows
    is_header = len(rows[0]) == cut.width or counts
    return is_header and known >= SURE_PER_ROW * len(values) and 2 * whole < len(lines)
