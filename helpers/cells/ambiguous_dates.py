"""The dates of a column: which formats it is written in, and whether day and month are ambiguous.

"03/04/2013" is the third of April or the fourth of March. The rule is `_ambiguity`: where a column
has dates that read in one order alone and dates that read in the other alone, nobody can tell, and
a date that reads both ways becomes missing; unless one order is so rare that it is an error.
"""

from __future__ import annotations

import re
from collections import Counter

from ..base.spacing import evenly_spaced_words
from .date_formats import DATE_FORMATS, parse_date, swapped_format
from .number_formats import share_read
from .serial_days import SERIAL, day_of

_MONTH = re.compile(  # or a quarter, of a year
    r"\d{4}[-/]\d{1,2}|\d{1,2}/\d{4}|\d{4}[ -]?[Qq][1-4]|[Qq][1-4][ /-]?\d{4}|[^\W\d_]{3,9}-\d\d"
)
DATES_READ = 0.9  # a column holds dates if at least this share of it reads as dates
MANY_DAYS = 10  # of a month, before the first number of a date is taken for its year
MOST_FORMATS = 12
DATES_PROBED = 300  # texts that each format is tried on
RARE_DAY_MONTH_ORDER = (
    0.02  # up to this share of dates in the other day-month order is a typing error
)


def draft_date(words: Counter) -> dict | None:
    """The formats of a column of dates, the most frequent first; None if it has too few dates.

    Where a text reads both ways and the column has dates of both orders, nobody can tell: such
    cells become missing (`ambiguous: missing`), unless one order is so rare that it is an error.
    With `ambiguous: doubt` they are read by the format that comes first.
    """
    if sum(n for w, n in words.items() if _may_be_date(w)) < DATES_READ * words.total():
        return None
    left, formats = words, []
    while left and len(formats) < MOST_FORMATS and (best := _best_format(left, formats)):
        formats.append(best)
        left = Counter({w: n for w, n in left.items() if not parse_date(w, best)})
    if left.total() > (1 - DATES_READ) * words.total():
        return None
    return {"formats": formats} | _ambiguity(words, formats)


def _best_format(words: Counter, others: list[str]) -> str:
    """The format that reads most of some words; "" where none reads any.

    Numbers of days, as a spreadsheet has them, are dates only beside `others`.
    """
    probe = evenly_spaced_words(words, DATES_PROBED)
    tried = (*DATE_FORMATS, *[SERIAL][: len(others)])
    read = {f: share_read(probe, lambda w, f=f: parse_date(w, f)) for f in tried}
    best = max(read, key=read.get)
    return _or_year_first(best, read, probe) if read[best] else ""


def _or_year_first(best: str, read: dict[str, float], words: Counter) -> str:
    """The format, or its twin with a year of two digits in front (23/08/02) where that fits better.

    What stands in front has few values then, as years have, and what stands last has many.
    """
    first = f"%y{best[2:3]}%m{best[2:3]}%d"
    if first not in read or read[first] < read[best] or not best.endswith("%y"):
        return best
    days = {form: {date.day for w in words if (date := parse_date(w, form))}
            for form in (best, first)}  # fmt: skip
    many, few = len(days[first]), len(days[best])
    return first if many >= MANY_DAYS and many > 2 * few else best


def _may_be_date(word: str) -> bool:
    digits = sum(mark.isdigit() for mark in word)
    return (
        digits >= 3
        and len(word) - digits >= 2
        and len(word) <= 40
        or (digits >= len(word) - 1 and len(word) in (8, 14, 15) and word[:2] in ("19", "20"))
        or bool(_MONTH.fullmatch(word))
        or day_of(word) is not None
    )


def _ambiguity(words: Counter, formats: list[str]) -> dict:
    """What to do with texts that read both ways."""
    for form in filter(swapped_format, formats):
        one_way, other_way = reads_one_way(words, form)
        if min(one_way, other_way) > RARE_DAY_MONTH_ORDER * (one_way + other_way):
            return {"ambiguous": "missing"}
        if _is_doubtful(one_way, other_way):
            return {"ambiguous": "doubt"}
    return {}


def _is_doubtful(one_way: int, other_way: int) -> bool:
    return bool(other_way or not one_way)  # a slip or two; or every cell reads both ways


def reads_one_way(words: Counter, form: str) -> tuple[int, int]:
    """How many cells read by a format alone, and by its twin of the other order alone.

    >>> reads_one_way(Counter(["13.04.2013", "01.04.2013"]), "%d.%m.%Y")
    (1, 0)
    """
    twin = swapped_format(form)
    return _cells_that_only_read(words, form, twin), _cells_that_only_read(words, twin, form)


def doubtful_dates(words: Counter, formats: list[str]) -> dict[str, list[str]]:
    """By format whose order of day and month is in doubt: the texts that read both ways.

    >>> doubtful_dates(Counter(["13.04.2013", "01.04.2013", "05/02/2013"]),
    ...                ["%d.%m.%Y", "%m/%d/%Y"])
    {'%m/%d/%Y': ['05/02/2013']}
    """
    return {
        form: [w for w in words if parse_date(w, form) and parse_date(w, swapped_format(form))]
        for form in filter(swapped_format, formats)
        if _is_doubtful(*reads_one_way(words, form))
    }


def _cells_that_only_read(words: Counter, form: str, other: str) -> int:
    return sum(n for w, n in words.items() if parse_date(w, form) and not parse_date(w, other))
