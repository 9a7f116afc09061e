"""Excel files as people make them: read as the table that they mean, or said what was not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from openpyxl import Workbook

from helpers.base.user_errors import InputError
from helpers.clean.clean_rows import repair_rows
from helpers.clean.cleaning_plan import draft_plan
from helpers.tables import odd_files, set_aside
from helpers.tables.read_any import read_table

ROWS = [[n, ["Oslo", "Rome", "Bern"][n % 3], n / 4, datetime(2024, 1, 1) + timedelta(days=n)]
        for n in range(1, 9)]  # fmt: skip
NAMES = ["nr", "town", "load", "day"]


@pytest.fixture
def book():
    return Workbook()


@pytest.fixture
def read(book, tmp_path):
    """Save the book and read it; rows go into its first sheet before."""

    def reading(*rows, behind: str = "") -> pd.DataFrame:
        for row in rows:
            book.worksheets[0].append(row)
        book.save(tmp_path / "a.xlsx")
        return read_table(str(tmp_path / "a.xlsx") + behind)

    return reading


def said(frame: pd.DataFrame) -> str:
    return " ".join(odd_files.of(frame))


def is_whole(frame: pd.DataFrame, names=NAMES) -> bool:
    kinds = [str(dtype).rstrip("usn[]0123456789") for dtype in frame.dtypes]
    same = frame.to_numpy(dtype=object).tolist() == [
        [row[0], row[1], row[2], pd.Timestamp(row[3])] for row in ROWS
    ]
    return list(frame) == names and same and kinds == ["int", "str", "float", "datetime"]


def test_a_plain_sheet_is_read_and_nothing_is_said(read):
    frame = read(NAMES, *ROWS)
    assert is_whole(frame) and said(frame) == "" and set_aside.count(frame) == 0


@pytest.mark.parametrize(
    "above",
    [
        [["Loads of 2024"]],
        [["Loads of 2024"], []],
        [[], ["Loads"], ["Region:", "North"], ["Made:", datetime(2024, 2, 1)], []],
        [["Loads"], ["Author", "J. Doe"]],
        [[None], [None]],
    ],
)
def test_what_stands_above_the_header_is_set_aside_and_kept(read, above):
    frame = read(*above, NAMES, *ROWS)
    assert is_whole(frame)
    titles = sum(any(row) for row in above)
    assert set_aside.count(frame) == titles and ("above the header" in said(frame)) == (titles > 0)


def test_a_title_that_is_merged_over_the_table_is_no_header(book, read):
    for area in ("A1:D1", "A2:B2"):
        book.active.merge_cells(area)
    book.active["A1"], book.active["A2"] = "Loads of 2024", "by town"
    frame = read(NAMES, *ROWS)
    assert is_whole(frame) and set_aside.count(frame) == 2


def test_a_header_of_two_rows_with_merged_cells_gives_one_name_a_column(book, read):
    sheet = book.active
    for row in (["nr", "town", "2023", None, "2024", None], [None, None, "Q1", "Q2", "Q1", "Q2"]):
        sheet.append(row)
    for area in ("A1:A2", "B1:B2", "C1:D1", "E1:F1"):
        sheet.merge_cells(area)
    frame = read(*([n, "ab"[n % 2], n / 2, n / 4, n / 8, n / 3] for n in range(8)))
    assert list(frame) == ["nr", "town", "2023 Q1", "2023 Q2", "2024 Q1", "2024 Q2"]
    assert len(frame) == 8 and "The header has 2 rows (1 to 2)" in said(frame)


def test_a_merged_cell_holds_for_each_of_its_rows(book, read):
    rows = [[n, "Oslo" if n < 5 else "Rome", n / 4] for n in range(1, 9)]
    shown = [[n, town if n in (1, 5) else None, x] for n, town, x in rows]
    book.active.append(NAMES[:3])
    for row in shown:
        book.active.append(row)
    book.active.merge_cells("B2:B5")
    book.active.merge_cells("B6:B9")
    frame = read()
    assert frame["town"].tolist() == [town for _, town, _ in rows]
    assert "2 places of merged cells (B2:B5, B6:B9)" in said(frame)
    assert "6 cells filled" in said(frame)


def test_an_empty_cell_that_is_not_merged_stays_empty(read):
    frame = read(["a", "b"], [1, "x"], [2, None], [3, "y"], [4, None])
    assert frame["b"].isna().sum() == 2


def test_of_several_sheets_the_first_with_a_table_is_read_and_another_one_on_request(book, read):
    book.active.title = "Read me"
    book.active.append(["All about these loads"])
    more, hidden = book.create_sheet("Loads"), book.create_sheet("Old")
    for row in (NAMES, *ROWS):
        more.append(row)
    hidden.append(["a", "b"])
    hidden.append([1, 2])
    hidden.sheet_state = "hidden"
    frame = read()
    assert is_whole(frame)
    assert "Of 3 sheets the first with a table, Loads, is read; left out: Read me, Old" in said(
        frame
    )
    assert list(read(behind="?sheet=Old")) == ["a", "b"] == list(read(behind="?sheet=3"))
    assert is_whole(read(behind="?sheet=Loads&header=1"))
    with pytest.raises(InputError, match="has no sheet 'Load'.*Did you mean 'Loads'"):
        read(behind="?sheet=Load")


def test_a_hidden_first_sheet_is_not_taken_for_the_table(book, read):
    for row in (["list", "of"], ["all", "towns"], ["a", "b"]):
        book.active.append(row)
    book.active.sheet_state = "hidden"
    for row in (NAMES, *ROWS):
        book.create_sheet("Loads").append(row) if len(book.worksheets) < 2 else book[
            "Loads"
        ].append(row)
    book.active = 1
    assert is_whole(read())


def test_hidden_columns_and_rows_are_read_and_said(book, read):
    book.active.column_dimensions["B"].hidden = True
    book.active.row_dimensions[3].hidden = True
    frame = read(NAMES, *ROWS)
    assert is_whole(frame)
    assert "Hidden in the sheet, and read as the others: columns town, 1 row." in said(frame)


def test_empty_columns_and_rows_are_no_part_of_the_table(read):
    spread = [[None, *row[:2], None, *row[2:]] for row in (NAMES, *ROWS)]
    frame = read([None] * 6, *spread[:4], [], *spread[4:])
    assert is_whole(frame)


def test_a_sheet_without_a_header_is_said(read):
    frame = read(*ROWS)
    assert len(frame) == 8 and "no header" in said(frame) and "?header=1" in said(frame)
    assert len(read(behind="?header=none")) == 8


def test_numbers_as_text_stay_as_they_are_and_are_numbers_when_cleaned(read):
    frame = read(["code", "n"], *([f"0{n}", str(n) if n % 3 else n] for n in range(10, 40)))
    plan = draft_plan(frame)["columns"]
    assert frame["code"][0] == "010" and plan["code"]["kind"] == "category"
    assert plan["n"]["kind"] == "number"


def test_dates_that_have_lost_their_format_are_dates(read):
    days = [datetime(2024, 1, 1) + timedelta(days=n) for n in range(30)]
    mixed = [(day - datetime(1899, 12, 30)).days if n % 4 == 3 else day
             for n, day in enumerate(days)]  # fmt: skip
    frame = read(["paid", "n"], *([day, n] for n, day in enumerate(mixed)))
    assert repair_rows(frame, draft_plan(frame), {})[0]["paid"].tolist() == days


@pytest.mark.parametrize(
    ("forms", "says"),
    [
        (["0 %"], "x is shown in per cent, and read as shares: 25 % is 0.25."),
        (["0%", "0.00"], "x mixes 4 cells in per cent (25 % is 0.25) with 4 plain numbers"),
        (["[$€-407] 0.00", "[$$-409]0.00"], "x has amounts in several currencies ($, €)"),
        (['0.00 "CHF"', "€ 0.00"], "several currencies (CHF, €)"),
        (["[$€-407] 0.00"], ""),
        (["0.00", "General"], ""),
    ],
)
def test_what_only_the_format_of_cells_says_is_said(book, read, forms, says):
    for n in range(8):
        book.active.cell(n + 2, 2, 0.25 + n).number_format = forms[n % len(forms)]
        book.active.cell(n + 2, 1, "ab"[n % 2])
    book.active["A1"], book.active["B1"] = "k", "x"
    frame = read()
    assert frame["x"].tolist() == [0.25 + n for n in range(8)]
    assert says in said(frame) and bool(says) == bool(said(frame))


def test_errors_of_excel_are_missing_and_said(book, read):
    frame = read(NAMES, *([n, "#DIV/0!", n / 4, d] for n, _, n, d in ROWS))
    assert frame["town"].isna().all() and "8 cells with an error of Excel" in said(frame)


# --- Rows of totals below the table


def loads(*below) -> list:
    """Three rows of a town, a number and a sum of money, and rows below them."""
    return [["town", "n", "paid"], ["Oslo", 3, 12.25], ["Rome", 4, 8.5], ["Bern", 9, 4.0], *below]


@pytest.mark.parametrize(
    ("below", "aside"),
    [
        ([["Total", 16, 24.75]], ["a row of totals"]),
        ([["Grand total:", None, 24.75]], ["a row of totals"]),
        ([[None, None, None], ["Summe", 16, None]], ["a row of totals"]),
        ([["Total", 16, 24.75], ["Mean", 5.3, 8.25]], ["a row of means", "a row of totals"]),
    ],
)
def test_rows_of_totals_are_set_aside_said_and_kept_on_request(read, below, aside):
    frame = read(*loads(*below))
    assert frame["n"].tolist() == [3, 4, 9] and frame["paid"].tolist() == [12.25, 8.5, 4.0]
    assert frame["n"].dtype.kind == "i" and "?total=keep" in said(frame)
    lines = set_aside.of(frame)
    assert lines["reason"].tolist() == aside and lines["line"].max() == 4 + len(below)
    assert len(read(behind="?total=keep")) == 3 + len(aside)


@pytest.mark.parametrize(
    "last",
    [
        ["Total", 5, 9.75],  # a place, or a firm, that is called so
        ["Total", None, None],
        ["Total", "Rome", 24.75],  # a word beside it
    ],
)
def test_a_last_row_that_is_no_sum_stays_and_that_is_said(read, last):
    frame = read(*loads(last))
    assert len(frame) == 4 and "it is read as a row" in said(frame)


def test_a_row_that_is_the_sum_by_chance_without_a_name_stays_and_nothing_is_said(read):
    frame = read(*loads(["Lima", 16, 24.75]))
    assert len(frame) == 4 and said(frame) == ""


# --- Several sheets of the same columns


def test_sheets_of_the_same_columns_are_named_and_read_on_request(book, read):
    for title, sign in (("Feb", 10), ("Notes", None), ("Mar", 20)):
        sheet = book.create_sheet(title)
        rows = loads() if sign else [["what", "who"], ["seen", "me"]]
        for row in rows:
            sheet.append([cell + sign if isinstance(cell, int) and sign else cell for cell in row])
    frame = read(*loads(["Total", 16, 24.75]))
    assert len(frame) == 3
    assert "2 other sheets (Feb, Mar) have the same columns, and are not read: ?sheet=all" in said(
        frame
    )
    frame = read(behind="?sheet=all")
    assert list(frame) == ["sheet", "town", "n", "paid"]
    assert frame["sheet"].tolist() == ["Sheet"] * 3 + ["Feb"] * 3 + ["Mar"] * 3
    assert frame["n"].tolist() == [3, 4, 9, 13, 14, 19, 23, 24, 29]
    assert "3 sheets (Sheet, Feb, Mar) are read one below the other" in said(frame)
    assert "left out, as their columns are others: Notes" in said(frame)
    assert set_aside.of(frame)["reason"].tolist() == ["a row of totals (sheet Sheet)"]
