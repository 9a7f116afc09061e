"""What is odd in a file that can be read all the same: said in the report, never passed over.

The sentences travel with the table, as `frame.attrs["oddities"]`, to stage 1's findings.
"""

from __future__ import annotations

import re
from collections.abc import Sized
from itertools import islice

import pandas as pd

MOST_NAMED, MOST_LOOKED_AT = 5, 10_000
DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
FRACTION = re.compile(r"[+-]?\d+[.,]\d+")


def of(frame: pd.DataFrame) -> list[str]:
    """The oddities that were noted of a table."""
    return list(frame.attrs.get("oddities", []))


def note(frame: pd.DataFrame, *sentences: str) -> pd.DataFrame:
    """The table with more oddities noted, each once; empty ones are left out."""
    every = dict.fromkeys([*of(frame), *filter(None, sentences)])
    if every:
        frame.attrs = frame.attrs | {"oddities": list(every)}
    return frame


def header_is_data(frame: pd.DataFrame) -> str:
    """What is said where the header may be a row: it looks like one of the others."""
    names = [re.sub(r"\.\d+$", "", str(name)) if name in frame else name for name in frame]
    alike = sum(_looks_like_data(name, frame.iloc[:, place])
                for place, name in enumerate(map(str, frame.columns)))  # fmt: skip
    if 2 * alike < len(names):
        return ""
    return (
        f"The first row, taken for the header, looks like data ({', '.join(names[:3])[:60]}): if "
        f"it is, add ?header=none to the file's name, or give the file a header."
    )


def _looks_like_data(name: str, column: pd.Series) -> bool:
    """Whether a column's name is a date or a fraction, or stands in its cells more than once."""
    if DATE.fullmatch(name) or FRACTION.fullmatch(name):
        return True
    return bool((column.iloc[:MOST_LOOKED_AT] == name).sum() > 1)


def renamed(before: list[str], after: list[str]) -> str:
    """The columns whose names were blank or came twice."""
    new = [b for a, b in zip(before, after, strict=True) if a != b]
    if not new:
        return ""
    title = ""
    if 2 * before.count("") >= len(before) > 2:
        title = " Is the first row a title? Then take it out, so that the header comes first."
    return f"{so_many(new, 'column')} had a name that is blank or taken: now {some(new)}.{title}"


def of_records(records: list[dict]) -> str:
    """Objects of a JSON file that lack a key which others have."""
    keys = set().union(*records)
    rows = [place for place, record in enumerate(records, 1) if len(record) < len(keys)]
    told = f"{so_many(rows, 'row')} without a key that others have ({lines(rows, 'row')})"
    return f"{told}: what they lack is taken for missing." if rows else ""


def so_many(items: Sized, what: str) -> str:
    """How many of what: "1 row", "2 rows"."""
    return f"{len(items):,} {what}{'s' * (len(items) != 1)}"


def some(names: list[str]) -> str:
    """The first names, each cut short, and how many more there are."""
    shown = ", ".join(f"{name:.120}" for name in islice(names, MOST_NAMED))
    return shown + (f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else "")


def lines(numbers: list[int], what: str = "line") -> str:
    """The first of these lines or rows, by number."""
    return f"{what}{'s' * (len(numbers) > 1)} {some([f'{n:,}' for n in numbers])}"
