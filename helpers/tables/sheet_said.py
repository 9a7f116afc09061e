"""What is said of a sheet of an Excel file: its header, merged and hidden cells, how it shows."""

from __future__ import annotations

import re
from collections import Counter

from .header_rows import Header
from .odd_files import so_many, some

BEHIND = "behind the file's name"


def of_sheets_alike(others: list[str]) -> str:
    """That other sheets have the columns of the one that is read; "" for none."""
    if not others:
        return ""
    have, are = ("has", "is") if len(others) == 1 else ("have", "are")
    return (f"{so_many(others, 'other sheet')} ({some(others)}) {have} the same columns, and {are} "
            f"not read: ?sheet=all {BEHIND} reads all, one below the other.")  # fmt: skip


def of_all(read: list[str], others: list[str], name: str) -> str:
    """That several sheets are read as one table, and which are not."""
    left = f"; left out, as their columns are others: {some(others)}" if others else ""
    return (f"{so_many(read, 'sheet')} ({some(read)}) are read one below the other, the column "
            f"‘{name}’ says which{left}.")  # fmt: skip


def of_rows_above(above: list[tuple[int, str, str]]) -> str:
    """That rows (number, reason, text) stand above the header; "" for none."""
    if not above:
        return ""
    return (
        f"{so_many(above, 'row')} above the header, such as ‘{above[0][2]:.60}’, set aside "
        f"(?header={above[0][0]} {BEHIND}, if that is the header)."
    )


def of_header(found: Header, asked: str) -> str:
    """That a header is absent, or of several rows; "" where a person has said where it is."""
    if asked or found.rows == 1:
        return ""
    first, last = found.skipped + 1, found.end
    if not found.rows:
        return (f"The sheet has no header: its first row looks like the others (?header={first} "
                f"{BEHIND}: that row is it).")  # fmt: skip
    return (f"The header has {found.rows} rows ({first} to {last}); their names are joined "
            f"(?header={last} {BEHIND}: that row alone).")  # fmt: skip


def of_cells(sheet, filled: int, names: dict[int, str], first: int) -> list[str]:
    """What is said of merged and hidden cells, errors, and how numbers are shown.

    `names` are those of the columns by their places, `first` is how many rows end with the header.
    """
    of_names = [(names[n], formats) for n, formats in sheet.formats.items() if n in names]
    shown = [said(*one) for one in of_names for said in (_percent, _currencies)]
    return [_merged(list(sheet.marks.merged), filled), _hidden(sheet, names, first),
            _errors(sheet.errors), *shown]  # fmt: skip


def _merged(areas: list[str], filled: int) -> str:
    if not areas:
        return ""
    cells = so_many(range(filled), "cell")
    return (
        f"{so_many(areas, 'place')} of merged cells ({some(areas)}): the value counts for each of "
        f"its rows ({cells} filled), in the header for each of its columns."
    )


def _hidden(sheet, names: dict[int, str], first: int) -> str:
    columns = [names[place] for place in sheet.marks.hidden_columns if place in names]
    rows = [row for row in sheet.marks.hidden_rows if first < row <= len(sheet.rows)]
    shown = [f"columns {some(columns)}"] * bool(columns) + [so_many(rows, "row")] * bool(rows)
    return f"Hidden in the sheet, and read as the others: {', '.join(shown)}." if shown else ""


def _errors(cells: int) -> str:
    if not cells:
        return ""
    what = so_many(range(cells), "cell")
    return f"{what} with an error of Excel such as #DIV/0!, taken for missing."


def _percent(name: str, formats: Counter) -> str:
    """That a column is shown in per cent, or some of its numbers are."""
    percent = sum(cells for form, cells in formats.items() if "%" in form)
    if not percent:
        return ""
    if others := formats.total() - percent:
        return (f"{name} mixes {percent:,} cells in per cent (25 % is 0.25) with {others:,} plain "
                f"numbers: are they the same thing?")  # fmt: skip
    return f"{name} is shown in per cent, and read as shares: 25 % is 0.25."


def _currencies(name: str, formats: Counter) -> str:
    """That a column has amounts in several currencies."""
    money = sorted({mark for form in formats if (mark := _currency(form))})
    if len(money) < 2:
        return ""
    return (
        f"{name} has amounts in several currencies ({some(money)}), which only the cells' format "
        f"says: they are read as one number. Add a column of the currency."
    )


def _currency(form: str) -> str:
    """The currency that a number format shows; "" for none.

    >>> _currency('[$€-407] #,##0.00'), _currency('"$"#,##0'), _currency("0.00")
    ('€', '$', '')
    """
    found = re.search(r'\[\$([^\]\-]+)|([$€£¥₹])|"([A-Z]{3})"', form)
    return next(filter(None, found.groups()), "").strip() if found else ""
