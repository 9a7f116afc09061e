"""The corpus of nasty tables: each case writes a file that is odd in its own way.

`python -m tests.nasty.make` writes README.md beside this file, which says for each case what is odd
and what must happen; `tests/test_nasty.py` holds the line against it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

README = Path(__file__).with_name("README.md")
ROWS = 40


@dataclass(frozen=True)
class Case:
    """A nasty table: a file's name, what is odd in it, what writes it, and what must happen.

    `rows` come out of stage 1, and findings or review list hold the text `says`;
    or it is refused with the text `refused`.
    """

    name: str
    odd: str
    write: Callable[[Path], object]
    rows: int = 0
    says: str = ""
    refused: str = ""
    target: str = ""

    @property
    def must(self) -> str:
        """What must happen, in words."""
        if self.refused:
            return f"refused in one line: “… {self.refused} …”"
        said = f"; the report says “{self.says}”" if self.says else "; nothing to say"
        return f"the line runs, {self.rows:,} rows{said}"


def cases() -> list[Case]:
    """Every case, in the order of the README."""
    return [*_shapes(), *_texts(), *_values(), *_targets(), *_other_files(), *_dangerous()]


def good(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """A table with nothing odd: a number, a word, a day, and a yes or no to predict."""
    random = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-13") + pd.to_timedelta(np.arange(rows), unit="D")
    return pd.DataFrame(
        {
            "size": random.normal(50, 9, rows).round(1),
            "town": random.choice(["Oslo", "Lima", "Rome"], rows),
            "day": days.strftime("%Y-%m-%d"),
            "paid": random.choice(["yes", "no"], rows),
        }
    )


# --- The shape of a file ------------------------------------------------------------------------


def _shapes() -> list[Case]:
    head, *body = _csv(good()).splitlines()
    whole = "\n".join(body)
    numbers = np.random.default_rng(0).normal(size=(30, 10_000)).round(3)
    wide = pd.DataFrame(numbers).add_prefix("c")
    return [
        Case("empty.csv", "no byte", _text(""), refused="is empty"),
        Case("blank_lines.csv", "line ends alone", _text("\n\n \n"), refused="is empty"),
        Case("header_only.csv", "a header, no rows", _text(head + "\n"), refused="0 rows"),
        Case("no_header.csv", "the first row is data", _text(whole), ROWS, "has no header"),
        Case("two_headers.csv", "the header again in the middle",
             _text("\n".join([head, *body[:20], head, *body[20:]])), ROWS, "like the header"),
        Case("title_line.csv", "a title above the header", _text("Sales of 2024\n" + _csv(good())),
             ROWS, says="1 line above the header"),
        Case("too_many_fields.csv", "a row with more fields than the header",
             _text(f"{_csv(good())}{body[1]},more\n"), ROWS, says="5 fields, the"),
        Case("too_few_fields.csv", "rows with fewer fields than the header",
             _text("\n".join([head, *body[:30], "51.0,Oslo", "49.0"])), 30, "33: 1 field, the"),
        Case("most_have_another_width.csv", "more broken lines than rows",
             _text("\n".join([head, *body[:6], *["1,2,3,4,5", "6,7,8"] * 4])), refused="broken"),
        Case("ten_thousand_columns.csv", "10,000 columns, 30 rows", _frame(wide), 30),
        Case("one_column.csv", "one column", _frame(good()[["town"]]), ROWS,
             says="repeat an earlier one"),
        Case("one_row.csv", "one row", _frame(good(1)), refused="No column is left"),
        Case("one_cell.csv", "one column, one row", _text("x\n1\n"), refused="No column is left"),
        Case("same_names.csv", "a column name three times",
             _frame(good().set_axis(["x", "x", "x", "paid"], axis=1)), ROWS, "x.2"),
        Case("blank_names.csv", "columns without a name",
             _frame(good().set_axis(["", "town", "", "paid"], axis=1)), ROWS, "column_1"),
        Case("names_of_the_line.csv", "columns called row, reason, column, target, index",
             _frame(good().assign(kind=1).set_axis(["row", "reason", "column", "target", "index"],
                                                   axis=1)), ROWS, says="index has one value only"),
        Case("long_name.csv", "a column name of 5,000 letters",
             _frame(good().rename(columns={"size": "n" * 5_000})), ROWS, says="5,000 letters"),
        Case("names_with_breaks.csv", "a line end, a tab and quotes in column names",
             _frame(good().rename(columns={"size": "si\nze", "town": 'to"\twn'})), ROWS,
             says="Names that are long"),
        Case("gaps_between_rows.csv", "blank lines between the rows",
             _text("\n\n".join([head, *body])), ROWS, "blank lines"),
        Case("gaps_in_one_column.csv", "one column whose gaps are blank lines",
             _text("x\n" + "1\n\n2\n" * 15), 45, says="15 rows with nothing in them"),
        Case("footer.csv", "a sum and a note below the rows",
             _text(_csv(good()) + "\nTotal,,,\nprinted by the till\n"), ROWS + 1, "below the last"),
        Case("every_row_ends_so.csv", "a delimiter at the end of each row but the header's",
             _text("\n".join([head, *[row + "," for row in body]])), ROWS,
             says="ends in a delimiter"),
    ]  # fmt: skip


# --- How text is written ------------------------------------------------------------------------


def _texts() -> list[Case]:
    plain, accents = _csv(good()), _csv(good().replace("Lima", "Málaga"))
    mixed = accents.encode() + b"50.0,M\xe1laga,2024-05-01,yes\n"
    strange = [
        "😀 happy",
        "שלום עולם",
        "a\u200bb",
        "\u202eevil",
        "e\u0301",
        "ﬁ",
        "\ufeffx",
        "👩‍👩‍👧",
    ]
    return [
        Case("bom.csv", "a byte order mark", _bytes(plain.encode("utf-8-sig")), ROWS),
        Case("utf16.csv", "UTF-16", _bytes(plain.encode("utf-16")), ROWS),
        Case("utf16_cut.csv", "UTF-16 with half a letter at the end",
             _bytes(plain.encode("utf-16")[:-1]), refused="UTF-16"),
        Case("utf16_unmarked.csv", "UTF-16 without a mark", _bytes(plain.encode("utf-16-le")),
             ROWS, "UTF-16 (little endian)"),
        Case("latin1.csv", "latin-1", _bytes(accents.encode("latin-1")), ROWS, "not UTF-8"),
        Case("mixed_encodings.csv", "UTF-8 with one row in latin-1", _bytes(mixed), ROWS + 1,
             "not UTF-8"),
        Case("nul_bytes.csv", "NUL bytes in a cell", _text(plain.replace("Oslo", "Os\0lo")),
             refused="NUL"),
        Case("cr.csv", "old Mac line ends", _text(plain.replace("\n", "\r")), ROWS),
        Case("mixed_line_ends.csv", "three kinds of line ends",
             _text(plain.replace("\n", "\r\n", 10).replace("\r\n", "\r", 3)), ROWS),
        Case("open_quote.csv", "a quote that is never closed",
             _text(plain.replace("Oslo", '"Oslo', 1)), ROWS, says="stray quotes kept"),
        Case("quotes_inside.csv", "quotes inside a cell that has none around it",
             _text(plain.replace("Rome", 'Ro"m"e')), ROWS),
        Case("line_ends_in_cells.csv", "line ends inside quotes",
             _frame(good().replace("Rome", "Ro\nme")), ROWS),
        Case("decimal_commas.csv", "decimal commas, separated by semicolons",
             _text(good().to_csv(index=False, sep=";", decimal=",")), ROWS,
             says="Read with a decimal comma: size"),
        Case("thousands.csv", "thousands separators and a currency",
             _frame(good().assign(size=[f"$1,{n:03}.50" for n in range(ROWS)])), ROWS,
             says="is 1000.5 $"),
        Case("control_letters.csv", "a bell, an escape and a form feed in cells",
             _frame(good().replace({"Rome": "\x07Ro\x1bme", "Oslo": "Os\x0clo"})), ROWS,
             says="U+0007"),
        Case("strange_letters.csv", "emoji, right to left, zero width, joined accents",
             _frame(good().assign(town=(strange * 5)[:ROWS])), ROWS, says="U+200B"),
        Case("strange_names.csv", "the same in column names",
             _frame(good().set_axis(["😀", "שלום", "a\u200bb", "paid"], axis=1)), ROWS,
             says="U+200B"),
        Case("megabyte_cell.csv", "a text of a megabyte in a cell",
             _frame(good().assign(note=["word " * 200_000] + ["short"] * (ROWS - 1))), ROWS,
             says="more than 10,000 letters"),
    ]  # fmt: skip


# --- What stands in cells -----------------------------------------------------------------------


def _values() -> list[Case]:
    table, half = good(), ROWS // 2
    formats = ["2024-01-13", "14/01/2024", "Jan 15, 2024", "16.01.2024"]
    return [
        Case("dates_of_four_formats.csv", "four formats of dates in a column",
             _frame(table.assign(day=formats * 10)), ROWS,
             says="‘Jan 15, 2024’"),
        Case("dates_out_of_order.csv", "dates out of order",
             _frame(table.sample(frac=1, random_state=1)), ROWS),
        Case("year_9999.csv", "dates of the years 1 and 9999",
             _frame(table.assign(day=["9999-12-31", "0001-01-01"] * half)), ROWS,
             says="‘9999-12-31’"),
        Case("days_that_are_none.csv", "30 February and month 13",
             _frame(table.assign(day=[*table["day"][:-2], "2024-02-30", "2024-13-01"])), ROWS,
             "2024-02-30"),
        Case("huge_numbers.csv", "1e308, -1e308 and 1e-308",
             _frame(table.assign(size=([1e308, -1e308, 1e-308, 0.0] * 10))), ROWS, says="overflow"),
        Case("past_a_float.csv", "1e400", _frame(table.assign(size=["1e400", "5"] * half)), ROWS,
             says="‘1e400’"),
        Case("infinities.csv", "inf, -inf, nan, Infinity",
             _frame(table.assign(size=["inf", "-inf", "nan", "7.5"] * 10)), ROWS, says="Infinite"),
        Case("infinities.parquet", "infinities as numbers",
             _parquet(table.assign(size=[np.inf, -np.inf, np.nan, 7.5] * 10)), ROWS,
             says="Infinite"),
        Case("long_digits.csv", "numbers of 30 digits",
             _frame(table.assign(size=["9" * 30, "1" * 30] * half)), ROWS,
             says="more digits than a float keeps"),
        Case("all_missing_column.csv", "a column with nothing in it",
             _frame(table.assign(town=None)), ROWS, says="town is empty"),
        Case("all_missing_rows.csv", "rows with nothing in them",
             _text(_csv(table) + ",,,\n" * 3), ROWS + 3, says="rows 41, 42, 43"),
        Case("nothing_at_all.csv", "every cell missing",
             _text("a,b\n" + ",\n" * 10), refused="No column is left"),
        Case("constants.csv", "every column constant",
             _frame(pd.DataFrame({"a": [1] * ROWS, "b": ["x"] * ROWS})),
             refused="No column is left"),
        Case("mixed_types.csv", "numbers, words and dates in one column",
             _frame(table.assign(size=["12", "many", "2024-01-01", "3.5"] * 10)), ROWS,
             says="Numbers among words"),
        Case("words_for_missing.csv", "nine words for missing",
             _frame(table.assign(town=(["NA", "None", "n/a", "-", "?", "NULL", "nan", "", "Oslo"]
                                       * 5)[:ROWS])), ROWS,
             says="Words taken for missing: town"),
        Case("formulas.csv", "spreadsheet formulas", _frame(table.assign(
            town=["=1+1", "+1", "@SUM(A1)", "-2+3", "=cmd|' /C calc'!A0"] * 8)), ROWS,
             says="‘=1+1’"),
        Case("markup.csv", "HTML, JavaScript and Markdown in names and cells", _frame(
            table.assign(**{"<script>alert(1)</script>": "<img src=x onerror=alert(1)>",
                            "town": ["[a](javascript:alert(1))",
                                     "${7*7}", "{{7*7}}", "`x`"] * 10})),
             ROWS, says="HTML or script"),
        Case("sql.csv", "SQL in names and cells", _frame(
            table.rename(columns={"town": 'x"; DROP TABLE t; --'}).assign(
                note="'; DROP TABLE t; --")), ROWS, says="note has one value only"),
    ]  # fmt: skip


# --- What is to be predicted --------------------------------------------------------------------


def _targets() -> list[Case]:
    table = good()
    many = pd.DataFrame({"x": range(5_000), "kind": [f"k{n}" for n in range(5_000)]})
    return [
        Case("one_class.csv", "a target of one class", _frame(table.assign(paid="yes")),
             refused="one class only", target="paid"),
        Case("class_of_one.csv", "a class of one row",
             _frame(table.assign(paid=["yes"] * 20 + ["no"] * 19 + ["maybe"])), ROWS,
             target="paid", says="maybe stands in one row"),
        Case("5000_classes.csv", "a target of 5,000 classes", _frame(many), refused="5,000",
             target="kind"),
        Case("no_label.csv", "a target that is missing in all rows",
             _frame(table.assign(paid=None)), refused="missing in every row", target="paid"),
        Case("mixed_target.csv", "a target of numbers and words",
             _frame(table.assign(paid=["1", "2.5", "many", "yes"] * 10)), ROWS, target="paid",
             says="Numbers among words"),
        Case("infinite_target.csv", "a target with infinities",
             _frame(table.assign(size=["inf", *table["size"][1:].astype(str)])), ROWS,
             target="size", says="Infinite"),
        Case("target_not_there.csv", "a target that is no column", _frame(table),
             refused="not a column", target="payed"),
    ]  # fmt: skip


# --- Files that are no CSV ----------------------------------------------------------------------


def _other_files() -> list[Case]:
    table = good()
    nested = [
        {"a": {"b": {"c": n % 5}}, "l": [n % 3, {"d": n % 2}], "e": None} for n in range(ROWS)
    ]
    lines = [json.dumps(row) for row in table.to_dict("records")]
    return [
        Case("merged_two_sheets.xlsx", "merged cells, and a second sheet", _merged_excel, 3,
             "sheet"),
        Case("title_and_errors.xlsx", "a title above the header, and cells of #DIV/0!",
             _titled_excel, ROWS, "error of Excel"),
        Case("excel.csv", "an Excel file that is called .csv",
             _renamed(lambda path: table.to_excel(path, index=False), ".xlsx"),
             refused="rename it to .xlsx"),
        Case("page.csv", "a web page that is called .csv",
             _text("<!DOCTYPE html>\n<html><body>Please, log in</body></html>"),
             refused="is a web page"),
        Case("packed.csv", "a CSV file that is packed",
             _bytes(gzip.compress(_csv(table).encode())), refused="is packed"),
        Case("folder_of_csv", "a folder with a CSV file", _folder_of_csv,
             refused="give that file's path"),
        Case("pipe.csv", "a named pipe", os.mkfifo, refused="not a file"),
        Case("loop.csv", "a link to itself", lambda path: path.symlink_to(path.name),
             refused="a link to nothing"),
        Case("not_excel.xlsx", "a text that is called .xlsx", _text("a,b\n1,2\n"),
             refused="not an Excel file"),
        Case("cut.xlsx", "an Excel file cut short", _cut(lambda path: table.to_excel(path)),
             refused="can't be read as XLSX"),
        Case("empty_sheet.xlsx", "an Excel file with an empty sheet",
             lambda path: pd.DataFrame().to_excel(path), refused="0 rows"),
        Case("old.xls", "an ending that can't be read", _bytes(b"\xd0\xcf\x11\xe0" * 99),
             refused="ends in '.xls'"),
        Case("nested.json", "nested JSON with lists", _text(json.dumps(nested)), ROWS,
             says="Lists or mappings"),
        Case("cut.json", "JSON cut short", _text(json.dumps(nested)[:-20]),
             refused="can't be read as JSON"),
        Case("numbers.json", "JSON that is no table", _text("[1, 2, 3]"),
             refused="not a list of objects"),
        Case("deep.json", "JSON 100,000 lists deep", _text("[" * 100_000 + "]" * 100_000),
             refused="nested too deeply"),
        Case("one_bad_line.jsonl", "JSON lines with one that is none",
             _text("\n".join([*lines[:5], "{oops", *lines[5:]])), ROWS, "Set aside: 1 line"),
        Case("ragged.jsonl", "JSON lines with other keys in each", _text(
            "\n".join(json.dumps({f"k{n % 7}": n}) for n in range(ROWS))), ROWS,
             says="without a key"),
        Case("cut.parquet", "a Parquet file cut short", _cut(lambda path: table.to_parquet(path)),
             refused="can't be read as PARQUET"),
        Case("empty.parquet", "a Parquet file without rows",
             lambda path: table.iloc[:0].to_parquet(path), refused="0 rows"),
        Case("nested.parquet", "lists and mappings in a Parquet file", _parquet(
            table.assign(bag=[[1, 2]] * ROWS, map=[{"a": 1}] * ROWS)), ROWS,
             says="Lists or mappings"),
        Case("unlike_parts", "a folder of Parquet files with other columns each", _unlike_parts,
             refused="columns"),
        Case("no_parts", "a folder without a table", lambda path: path.mkdir(),
             refused="no Parquet file"),
        Case("two_tables.db", "a database of two tables", _two_tables, refused="2 tables"),
        Case("not_a_database.db", "a text that is called a database", _text("a,b\n1,2\n"),
             refused="could not be read"),
        Case("table_name.db", "a table and a column named like SQL", _hostile_database, ROWS),
    ]  # fmt: skip


# --- Files that mean harm -----------------------------------------------------------------------


def _dangerous() -> list[Case]:
    return [
        Case("pickle.parquet", "a pickle in disguise", _pickle, refused="can't be read as PARQUET"),
        Case("pickle.csv", "a pickle in disguise", _pickle, refused="not text"),
        Case("bomb.xlsx", "an Excel file that unpacks to a thousand times its size", _excel_bomb,
             refused="PIPELINE_MOST_BYTES"),
        Case("bomb.parquet", "a Parquet file of 50 million cells in a few kB", _parquet_bomb,
             refused="PIPELINE_MOST_BYTES"),
        Case("dictionary_bomb.parquet", "a text of a megabyte in each of 100,000 rows, stored once",
             _dictionary_bomb, refused="PIPELINE_MOST_BYTES"),
        Case("entities.xlsx", "XML entities that grow (a billion laughs)", _billion_laughs,
             refused="can't be read as XLSX"),
    ]  # fmt: skip


# --- How they are written -----------------------------------------------------------------------


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False)


def _text(content: str) -> Callable[[Path], object]:
    return _bytes(content.encode())


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _frame(frame: pd.DataFrame) -> Callable[[Path], object]:
    return lambda path: frame.to_csv(path, index=False)


def _parquet(frame: pd.DataFrame) -> Callable[[Path], object]:
    return lambda path: frame.to_parquet(path)


def _cut(write: Callable[[Path], object]) -> Callable[[Path], object]:
    def cut(path: Path) -> None:
        write(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return cut


def _renamed(write: Callable[[Path], object], ending: str) -> Callable[[Path], object]:
    def renamed(path: Path) -> None:
        other = path.with_suffix(ending)
        write(other)
        other.replace(path)

    return renamed


def _folder_of_csv(path: Path) -> None:
    path.mkdir()
    good().to_csv(path / "a.csv", index=False)


def _titled_excel(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet, table = book.active, good()
    for row in (["Sales of 2024"], [], list(table), *table.to_numpy().tolist()):
        sheet.append(row)
    sheet["A5"] = sheet["A9"] = "#DIV/0!"
    book.save(path)


def _merged_excel(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    for row in (["town", "paid"], ["Oslo", "yes"], [None, "no"], ["Rome", "yes"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.create_sheet("more").append(["another", "table"])
    book.save(path)


def _unlike_parts(path: Path) -> None:
    path.mkdir()
    good().to_parquet(path / "a.parquet")
    good().assign(size="many").rename(columns={"town": "city"}).to_parquet(path / "b.parquet")


def _two_tables(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE a (x)")
        database.execute("CREATE TABLE b (x)")
    database.close()


def _hostile_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        name = 't"; DROP TABLE t; --'
        good().rename(columns={"town": "x]; DROP"}).to_sql(name, database, index=False)
    database.close()


class _Harm:
    """What runs when it is unpickled: it makes a file."""

    def __reduce__(self):
        return (Path.touch, (Path("harm_was_done"),))


def _pickle(path: Path) -> None:
    import pickle

    path.write_bytes(pickle.dumps([_Harm(), b"\x00" * 99]))


def _excel_bomb(path: Path) -> None:
    """An Excel file with a part of 300 MB of spaces, packed to a thousandth."""
    pd.DataFrame({"x": [1]}).to_excel(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/image1.png", b" " * 300_000_000)


def _parquet_bomb(path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.array(np.zeros(10_000_000, dtype=bool))
    parquet.write_table(pa.table({f"c{n}": column for n in range(5)}), path)


def _dictionary_bomb(path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    text = pa.DictionaryArray.from_arrays(np.zeros(100_000, dtype=np.int32), ["w" * 1_000_000])
    parquet.write_table(pa.table({"x": text}), path)


def _billion_laughs(path: Path) -> None:
    good().to_excel(path)
    before = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    grow = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laugh = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{grow}]><x>&l9;</x>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name in before.namelist():
            own = laugh if name == "xl/worksheets/sheet1.xml" else before.read(name)
            book.writestr(name, own)


# --- The README ---------------------------------------------------------------------------------


SERVERS = {  # what tests/test_nasty.py starts, on loopback
    "an address that stalls": "refused within the time limit, and told how to raise it",
    "an address that sends a byte now and then, for ever": "the same",
    "an address that breaks off in the middle": "refused, and no half table is read",
    "an address that redirects for ever": "refused",
    "an address that answers 500 twice, then works": "the line runs, and all rows are there",
    "an answer that unpacks to gigabytes (gzip)": "refused: PIPELINE_MOST_BYTES",
    "a database that goes away in the middle of the rows": "refused in one line",
}


def readme() -> str:
    """The text of README.md."""
    rows = [(f"`{case.name}`", case.odd, case.must) for case in cases()]
    rows += [("(a server)", odd, must) for odd, must in SERVERS.items()]
    body = "\n".join(f"| {a} | {b} | {c} |".replace("\n", " ") for a, b, c in rows)
    return (
        "# Nasty tables\n\n"
        "Written by `python -m tests.nasty.make`, which makes the files as well, at test time.\n"
        "`tests/test_nasty.py` takes each through stages 1 to 3. Whatever comes: the line runs and "
        "says\nwhat was odd, or one line says what is wrong and what to do (exit code 2).\n\n"
        f"| file | what is odd | what must happen |\n|---|---|---|\n{body}\n"
    )


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
