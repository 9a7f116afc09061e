"""CSV files that a spreadsheet opens without running anything.

A cell that begins with =, +, -, @ (also in full width), a tab or the end of a line is a formula to
a spreadsheet, unless it is a number. Such texts, column names too, get an apostrophe in front: the
spreadsheet shows text. `restored` takes it away again. The rule is OWASP's ("CSV injection").
"""

from __future__ import annotations

import re

import pandas as pd
import pyarrow as pa
from pyarrow import compute

from ..cells.kinds import is_counted

FIRST = r"[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - East Asian Excel reads the wide ones as the others
FORMULA = re.compile(f"'*{FIRST}")
MAY_BE = f"^'*{FIRST}"
NEUTRAL = re.compile(f"'+{FIRST}")
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def neutral(text):
    """A text as it may stand in a CSV file; whatever is no text stays.

    >>> neutral("=1+1"), neutral("-5.2"), neutral("'=1"), neutral(None)
    ("'=1+1", '-5.2', "''=1", None)
    """
    is_formula = isinstance(text, str) and FORMULA.match(text) and not NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def restored(text):
    """A text as it was before `neutral`.

    >>> [restored(neutral(text)) for text in ("=1", "'=1", "'tis", "-5")]
    ['=1', "'=1", "'tis", '-5']
    """
    return text[1:] if isinstance(text, str) and NEUTRAL.match(text) else text


def neutral_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as it may be written to a CSV file, its column names too."""
    names = [neutral(name) for name in frame.columns]
    return _mapped(frame, neutral).set_axis(names, axis=1)


def restored_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as it was before `neutral_table`, but for the names of its columns."""
    return _mapped(frame, restored)


def _mapped(frame: pd.DataFrame, change) -> pd.DataFrame:
    found = {}
    for name in frame:
        column = frame[name]
        if is_counted(column):
            continue
        values = [value for value in column.dropna().unique() if isinstance(value, str)]
        new = {value: changed for value in values if (changed := change(value)) != value}
        if new:
            found[name] = column.map(lambda value, new=new: new.get(value, value), "ignore")
    return frame.assign(**found) if found else frame


def neutral_encoded(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Coded texts as they may be written to a CSV file: each text is looked at once."""
    if not compute.any(compute.match_substring_regex(column.dictionary, MAY_BE)).as_py():
        return column
    texts = column.dictionary.to_pylist()
    safe = [neutral(text) for text in texts]
    if safe == texts:
        return column
    return pa.DictionaryArray.from_arrays(column.indices, pa.array(safe, column.dictionary.type))
