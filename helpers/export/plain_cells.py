"""What reads a cell, in plain functions: their source is copied into an export, those it needs.

Each says in a few lines what the readers of `helpers.cells` do for the columns of most tables; what
they leave out is measured on the run's own rows and said (`compare_export`). The names in capitals
are constants of the exported file. Nothing here is called by this project but to compare cells.
"""
# ruff: noqa: F821 - some constants are those of the exported file

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

import numpy as np
import pandas as pd

PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")  # 1234.5
POINT = re.compile(r"[+-]?([1-9]\d{0,2}([, ']\d{3})+|[1-9]\d?(,\d\d)+,\d{3})(\.\d+)?")  # 1,234.5
COMMA = re.compile(r"[+-]?([1-9]\d{0,2}([. ']\d{3})+|\d+)(,\d+)?")  # 1.234,5
AMOUNT = re.compile(r"([+-]?)([^\d\s.,'+-]*) ?([+-]?[\d., ']*\d\.?) ?([^\d,.]*)\.?")  # $5, 5 kg
DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
CODE = re.compile(r"\d|\w[+#*<>]|(?<!\w)[-+#*<>!~]\w|\w-(?!\w)|\s[-+#*<>](\s|$)")  # A+ is not A


def to_text(value):
    """A cell as text: one Unicode form, single spaces, whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return " ".join(unicodedata.normalize("NFKC", str(value)).split())


def read_cells(column, read, lost=()):
    """A column read cell by cell, each different text once; `lost` are words for missing."""
    texts = column.astype("object").map(to_text, na_action="ignore")
    return texts.map({text: read(text) for text in texts.dropna().unique() if text not in lost})


def to_number(text):
    """A number such as 1234.5, 1,234.5 or 1.234,5; of "<5" and "100+" the limit; else missing."""
    text = re.sub(r"^[<>≤≥]=? ?(?=[\d.])|(?<=\d)\+$", "", text.replace("\u2212", "-"))
    if POINT.fullmatch(text):
        text = re.sub("[, ']", "", text)
    elif COMMA.fullmatch(text) and not PLAIN.fullmatch(text):
        text = re.sub("[. ']", "", text).replace(",", ".")
    return float(text) if PLAIN.fullmatch(text) and np.isfinite(float(text)) else np.nan


def to_comma_number(text):
    """A number such as 1.234,5 or else 1,234.5; of "<5" and "100+" the limit; else missing."""
    text = re.sub(r"^[<>≤≥]=? ?(?=[\d.])|(?<=\d)\+$", "", text.replace("\u2212", "-"))
    if COMMA.fullmatch(text):
        text = re.sub("[. ']", "", text).replace(",", ".")
    elif POINT.fullmatch(text):
        text = re.sub("[, ']", "", text)
    return float(text) if PLAIN.fullmatch(text) and np.isfinite(float(text)) else np.nan


def to_quantity(text, units, read=to_number):
    """A number in the column's unit, of a text that may name another one; else missing."""
    value, amount = read(text), AMOUNT.fullmatch(text.replace("\u2212", "-"))
    if not np.isnan(value) or not amount:
        return value
    sign, before, number, after = amount.groups()
    factor, zero = units.get((before or after).strip().casefold(), (np.nan, 0))
    value = read(sign + number)
    return value if factor == 1 and zero == 0 else float(f"{value * factor + zero:.6g}")


def to_boolean(text):
    """Yes as 1 and no as 0; another text is missing."""
    return 1.0 if text.casefold() in YES else 0.0 if text.casefold() in NO else np.nan


def to_iso_date(text):
    """A date, or a date and time (in UTC), as ISO 8601 writes it; None for another text."""
    try:
        found = datetime.fromisoformat(text.upper()) if "-" in text[:8] else None
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found and found.tzinfo else found


def to_date(text, formats):
    """A date in one of the column's formats, which a time of day may follow; else None."""
    for form in formats:
        for clock in ("", " %H:%M", " %H:%M:%S"):
            try:
                return datetime.strptime(text, form + clock)
            except ValueError:
                continue
    return to_iso_date(text)


def key_of(name):
    """What the spellings of a name share: case, accents, punctuation, a turn at a comma."""
    bare = unicodedata.normalize("NFD", name.casefold())
    bare = "".join(mark for mark in bare if not "\u0300" <= mark <= "\u036f").translate(DASHES)
    if CODE.search(bare):
        return bare
    bare = " ".join(reversed(bare.split(","))) if bare.count(",") == 1 else bare
    return " ".join(re.sub(r"[^\w]+", " ", bare).split()) or bare


def name_reader(values, others=None):
    """What reads a column of names: a known one in its spelling, any other as it is."""
    known = dict(zip(values, values, strict=True)) | (others or {})
    meant = {key_of(text): name for text, name in reversed(known.items())}

    def read(text):
        missing = text not in known and text.casefold() in NO_NAME
        return None if missing else known.get(text) or meant.get(key_of(text), text)

    return read


def code_reader(values, others=None, width=0):
    """As `name_reader`, of codes that went through a spreadsheet: 5.0 for 5, 2134 for 02134."""
    read_name, known = name_reader(values, others), set(values)
    by_number = {int(value): value for value in values if value.isdecimal()}

    def read(text):
        whole = re.fullmatch(r"([+-]?\d{1,40})(\.0*)?", text)
        if text in known or not whole:
            return read_name(text)
        padded = whole[1].zfill(width)
        return by_number.get(int(whole[1]), padded if len(padded) == width else read_name(text))

    return read


def to_name(text):
    """A text as it is; a word for missing is missing."""
    return None if text.casefold() in NO_NAME else text


def swap_back(raw, left, right, home, read):
    """The raw rows with two cells exchanged where each is at home in the other's column alone."""
    if any(pd.api.types.is_numeric_dtype(raw[name]) for name in (left, right)):
        return raw
    a, b = (raw[name].astype("object") for name in (left, right))
    moved = ~belongs(a, left, home, read) & ~belongs(b, right, home, read) & a.notna() & b.notna()
    moved &= belongs(a, right, home, read) & belongs(b, left, home, read)
    return raw.assign(**{left: a.mask(moved, b), right: b.mask(moved, a)})


def belongs(column, name, home, read):
    """Which cells are at home in a column: those that it lists or, without a list, can read."""
    texts = pd.Series(column.dropna().unique(), dtype="object")
    here = texts.isin(home[name]) if name in home else texts.map(to_text).map(read[name]).notna()
    return column.isin(texts[here])
