"""Situations of files: encodings, delimiters, lines, headers, spreadsheets, JSON, Parquet."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from .situation_cells import amounts, days, flags, gappy, levels, plain
from .situation_table import COLUMN, TARGET, Situation

Frame = pd.DataFrame
TOWNS = ("Köln", "Málaga", "Liège", "Oslo", "Bâle")
POLISH = ("Łódź", "Kraków", "Gdańsk", "Poznań", "Toruń")
RUSSIAN = ("Москва", "Казань", "Томск", "Омск", "Тверь")
JAPANESE = ("東京都", "大阪府", "京都府", "名古屋", "北海道")
CHINESE = ("北京市", "上海市", "广州市", "深圳市", "成都市")


# --- Texts --------------------------------------------------------------------------------------


def text(change: Callable[[str], str | bytes], name: str = "rows.csv", **options) -> Callable:
    """Writes rows as CSV, and changes the text."""

    def write(rows: Frame, folder: Path) -> Path:
        made = change(rows.to_csv(index=False, **options))
        (folder / name).write_bytes(made if isinstance(made, bytes) else made.encode())
        return folder / name

    return write


def encoded(encoding: str) -> Callable:
    """Writes rows as CSV in an encoding."""
    return text(lambda made: made.encode(encoding))


def lines(change: Callable[[list[str]], list[str]]) -> Callable:
    """Writes rows as CSV, and changes its lines; the first is the header."""
    return text(lambda made: "\n".join([*change(made.splitlines()), ""]))


def between(*places: tuple[int, str]) -> Callable:
    """Writes lines of their own between those of the rows."""

    def change(made: list[str]) -> list[str]:
        width = made[0].count(",") + 1  # rows to score have no target
        for place, line in sorted(places, reverse=True):
            cells = line.split(",")
            line = ",".join(cells[:width]) if len(cells) > 1 else line
            made.insert(place if place >= 0 else len(made) + 1 + place, line)
        return made

    return lines(change)


def with_index(rows: Frame, folder: Path) -> Path:
    """As pandas writes a frame by default."""
    rows.to_csv(folder / "rows.csv")
    return folder / "rows.csv"


def commas(rows: Frame, folder: Path) -> Path:
    """As a European spreadsheet writes CSV."""
    typed(rows).to_csv(folder / "rows.csv", index=False, sep=";", decimal=",")
    return folder / "rows.csv"


def fixed_width(rows: Frame, folder: Path) -> Path:
    """Columns of fixed widths."""
    (folder / "rows.txt").write_text(rows.fillna("").to_string(index=False) + "\n")
    return folder / "rows.txt"


def markdown(rows: Frame, folder: Path) -> Path:
    """A table of Markdown."""
    head = ["| " + " | ".join(row) + " |" for row in (rows.columns, ["---"] * rows.shape[1])]
    body = ["| " + " | ".join(row) + " |" for row in rows.fillna("").to_numpy()]
    (folder / "rows.md.txt").write_text("\n".join([*head, *body, ""]))
    return folder / "rows.md.txt"


def psql(rows: Frame, folder: Path) -> Path:
    """As a database's shell prints a table."""
    wide = {name: max(map(len, [name, *rows[name]])) for name in rows}
    line = [" " + " | ".join(f"{cell:{w}}" for cell, w in zip(row, wide.values(), strict=True))
            for row in ([*rows], *rows.to_numpy())]  # fmt: skip
    line.insert(1, "-" + "-+-".join("-" * w for w in wide.values()) + "-")
    (folder / "rows.txt").write_text("\n".join([*line, f"({len(rows)} rows)", ""]))
    return folder / "rows.txt"


def packed(ending: str) -> Callable:
    """Writes rows as CSV, packed."""

    def write(rows: Frame, folder: Path) -> Path:
        rows.to_csv(folder / f"rows.csv.{ending}", index=False)
        return folder / f"rows.csv.{ending}"

    return write


# --- Other formats ------------------------------------------------------------------------------


def json(**options) -> Callable:
    """Writes rows as JSON."""

    def write(rows: Frame, folder: Path) -> Path:
        rows.to_json(folder / "rows.json", force_ascii=False, **options)
        return folder / "rows.json"

    return write


def nested(rows: Frame, folder: Path) -> Path:
    """Rows as the answer of a web service holds them."""
    made = [{"data": {"attributes": row}} for row in rows.to_dict("records")]
    (folder / "rows.json").write_text(pd.Series({"results": made}).to_json())
    return folder / "rows.json"


def typed(rows: Frame) -> Frame:
    """The columns with the types that a database gives."""
    made = {name: pd.to_numeric(rows[name], errors="coerce") for name in rows}
    return pd.DataFrame({n: c if c.notna().any() else rows[n] for n, c in made.items()})


def parquet(change: Callable[[Frame], Frame] = typed) -> Callable:
    """Writes rows as Parquet."""

    def write(rows: Frame, folder: Path) -> Path:
        change(rows.reset_index(drop=True)).to_parquet(folder / "rows.parquet", index=False)
        return folder / "rows.parquet"

    return write


def database(rows: Frame, folder: Path) -> str:
    """A table of SQLite."""
    with sqlite3.connect(folder / "rows.db") as store:
        typed(rows).to_sql("rows", store, index=False)
    store.close()
    return f"sqlite:///{folder}/rows.db"


def excel(change: Callable = lambda sheet, book: None) -> Callable:
    """Writes a spreadsheet; `change` takes its sheet and its book."""

    def write(rows: Frame, folder: Path) -> Path:
        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        for row in [[*rows], *typed(rows).astype(object).to_numpy().tolist()]:
            sheet.append([None if pd.isna(cell) else cell for cell in row])
        change(sheet, book)
        book.save(folder / "rows.xlsx")
        return folder / "rows.xlsx"

    return write


def titled(sheet, book) -> None:
    """A title above the table."""
    sheet.insert_rows(1, 3)
    sheet["A1"], sheet["A2"] = "Report on payments", "printed on 1 March"


def totalled(sheet, book) -> None:
    """A row of sums below the table."""
    sheet.append(["Total", *[sum(c.value for c in column[1:] if isinstance(c.value, float))
                             for column in list(sheet.columns)[1:]]])  # fmt: skip


def noted(sheet, book) -> None:
    """A note below the table."""
    sheet.append([])
    sheet.append(["Source: our own books. * estimated"])


def two_sheets(sheet, book) -> None:
    """The same columns once more, with other rows, in a second sheet."""
    other = book.create_sheet("2023")
    for row in list(sheet.values)[:40]:
        other.append(row)


def dated(sheet, book) -> None:
    """Real dates in the first column."""
    import datetime

    for cell in list(sheet.columns)[0][1:]:
        cell.value = datetime.datetime.fromisoformat(cell.value)


def formulas(sheet, book) -> None:
    """Formulas that no spreadsheet has computed."""
    for cell in list(sheet.columns)[0][1:]:
        cell.value = f"={cell.value}+0"


# --- The situations -----------------------------------------------------------------------------


def _file(name: str, write, values=amounts, change=None) -> Situation:
    return Situation(name, "files", values, plain, plain, "clean", write, True, change)


def _text(name: str, encoding: str, words) -> Situation:
    return _file(f"{name} ({encoding})", encoded(encoding), levels(*words))


def _other_table(name: str, change) -> Situation:
    return Situation(name, "tables", amounts, plain, plain, "clean", is_file=True, change=change)


def _broken(made: list[str]) -> list[str]:
    return [line + ",x,y" if n in (30, 60) else line for n, line in enumerate(made)]


def _mixed_encodings(made: str) -> bytes:
    half = len(made) // 2
    cut = made.index("\n", half)
    return made[:cut].encode() + made[cut:].encode("cp1252")


FILES = (
    _text("Western letters", "cp1252", TOWNS), _text("UTF-16", "utf-16", TOWNS),
    _text("UTF-8 with a mark", "utf-8-sig", TOWNS), _text("Western letters", "mac_roman", TOWNS),
    _text("DOS", "cp850", TOWNS), _text("Central European", "cp1250", POLISH),
    _text("Central European", "iso8859-2", POLISH), _text("Cyrillic", "cp1251", RUSSIAN),
    _text("Cyrillic", "koi8-r", RUSSIAN), _text("Japanese", "shift_jis", JAPANESE),
    _text("Japanese", "euc_jp", JAPANESE), _text("Chinese", "gb18030", CHINESE),
    _file("half UTF-8, half Windows-1252", text(_mixed_encodings), levels(*TOWNS)),
    _file("semicolons and decimal commas", commas),
    _file("tabs", text(str, "rows.tsv", sep="\t")), _file("bars", text(str, sep="|")),
    _file("carets", text(str, sep="^")), _file("tildes", text(str, sep="~")),
    _file("the sign U+001F", text(str, sep="\x1f")),
    _file("comma and blank", text(lambda made: made.replace(",", ", "))),
    _file("comma, blank, quotes",
          text(lambda made: made.replace(",", ", "), quoting=csv.QUOTE_ALL)),
    _file("a line sep=;", text(lambda made: "sep=;\n" + made, sep=";")),
    _file("all in quotes", text(str, quoting=csv.QUOTE_ALL)),
    _file("single quotes", text(str, quoting=csv.QUOTE_ALL, quotechar="'")),
    _file("whole lines in quotes", lines(lambda made: [f'"{line}"' for line in made])),
    _file("a delimiter at each line's end", lines(lambda made: [line + "," for line in made])),
    _file("CR as line end", text(lambda made: made.replace("\n", "\r"))),
    _file("line ends of both kinds", text(lambda made: made.replace("\n", "\r\n", 90))),
    _file("blank lines between", lines(lambda made: [one for line in made for one in (line, "")])),
    _file("comments with #",
          between((0, "# export of 1 March"), (0, "# in euros"), (50, "# more"))),
    _file("lines above the header", between((0, "Payments"), (0, "printed: 1 March"), (0, ""))),
    _file("a header of two rows", between((1, "EUR,kg,,EUR"))),
    _file("a line of units below the header", between((1, "[EUR],[kg],[-],[EUR]"))),
    _file("a rule below the header", between((1, "------,------,----,----"))),
    _file("a total below", between((-1, "Total,24000.00,,480.00"))),
    _file("a count below", between((-1, "(400 rows affected)"))),
    _file("the header once more between", between((120, "signal,steady,team,paid"))),
    _file("lines with a field more", lines(_broken)),
    _file("a sign of the end (Ctrl-Z)", text(lambda made: made + "\x1a")),
    _file("NUL bytes behind", text(lambda made: made + "\x00" * 512)),
    _file("NUL bytes in cells", text(lambda made: made.replace("red", "re\x00d"))),
    _file("its index saved", with_index),
    _file("fixed widths", fixed_width), _file("a Markdown table", markdown),
    _file("printed by psql", psql),
    _file("gzip", packed("gz")), _file("zip", packed("zip")), _file("bzip2", packed("bz2")),
    _file("JSON, records", json(orient="records")), _file("JSON, columns", json(orient="columns")),
    _file("JSON, split", json(orient="split")), _file("JSON, rows by key", json(orient="index")),
    _file("JSON, table", json(orient="table")),
    _file("JSON lines named .json", json(orient="records", lines=True)),
    _file("JSON, rows within rows", nested),
    _file("JSON, numbers", lambda rows, folder: json(orient="records")(typed(rows), folder)),
    _file("Parquet, typed", parquet()), _file("Parquet, all as text", parquet(lambda rows: rows)),
    _file("Parquet, categories", parquet(lambda rows: rows.astype("category"))),
    _file("Parquet, float16", parquet(lambda rows: typed(rows).astype({"steady": "float32"}))),
    _file("Parquet, nullable types", parquet(lambda rows: typed(rows).convert_dtypes()), gappy),
    _file("Parquet, days", parquet(lambda rows: typed(rows.drop(columns=COLUMN)).assign(
          signal=pd.to_datetime(rows[COLUMN]))), days),
    _file("Parquet, moments with a zone", parquet(lambda rows: typed(
          rows.drop(columns=COLUMN)).assign(
          signal=pd.to_datetime(rows[COLUMN]).dt.tz_localize("UTC"))), days),
    _file("Parquet, booleans", parquet(lambda rows: typed(rows.drop(columns=COLUMN)).assign(
          signal=rows[COLUMN] == "yes")), flags),
    _file("SQLite", database),
    _file("Excel", excel()), _file("Excel, dates", excel(dated), days),
    _file("Excel, a title above", excel(titled)), _file("Excel, a total below", excel(totalled)),
    _file("Excel, a note below", excel(noted)),
    _file("Excel, two sheets of the same", excel(two_sheets)),
    _file("Excel, formulas never computed", excel(formulas)),
)  # fmt: skip

TABLES = (
    _other_table("columns in another order", lambda rows: rows[sorted(rows)]),
    _other_table("a column more", lambda rows: rows.assign(remark="x")),
    _other_table("names in another case", lambda rows: rows.rename(columns=str.upper)),
    _other_table("blanks around names", lambda rows: rows.rename(columns=lambda n: f" {n} ")),
    _other_table("names with a no-break blank",
                 lambda rows: rows.rename(columns=lambda n: f"{n}\u00a0")),
    _other_table("the column twice", lambda rows: pd.concat([rows, rows[[COLUMN]]], axis=1)),
    _other_table("the target as 1,234.50", lambda rows: rows.assign(**{TARGET: rows[TARGET].map(
        lambda v: f"${float(v):,.2f}")})),
    _other_table("gaps in another column", lambda rows: rows.assign(
        team=rows["team"].mask(np.arange(len(rows)) % 97 == 3, ""))),
)  # fmt: skip


def _target(odd: str, rest: tuple[str, ...] = ("1", "2", "3", "5")) -> Situation:
    """A class that is written as something else seems to be."""
    words = {"rare": odd} | {f"class {word}": word for word in rest}
    return Situation(f"the class {odd} among {', '.join(rest)}", "targets", amounts, plain, plain,
                     "odd", classes=words)  # fmt: skip


TARGETS = (
    _target("U"), _target("NA", ("EMEA", "APAC", "LATAM")), _target("None", ("mild", "severe")),
    _target("-", ("+", "++")), _target("?", ("yes", "no")), _target("n/a", ("gas", "oil")),
    _target("unknown", ("won", "lost")), _target("nan", ("won", "lost")), _target("null"),
    _target("1E6", ("5E4", "2E3")), _target("1.10", ("1.9", "2.0")), _target("007", ("042", "133")),
    _target("No", ("no idea", "yes")), _target("Sí", ("No",)), _target("0", ("1",)),
    _target("-1", ("1",)), _target("FALSE", ("TRUE",)), _target("1.0", ("0.0",)),
)  # fmt: skip
FILES += TABLES + TARGETS
