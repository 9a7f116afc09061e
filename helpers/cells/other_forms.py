"""Forms that a column was not written in when its plan was drafted, read where there is one way.

The next delivery writes the same values otherwise: `23.07.2023` for `23/07/2023`, `1.0` for `True`,
`2134` for the ZIP code `02134`, `3,5` for `3.5`. A text that can mean one thing only is read, and
the repair is called `OTHER_FORM`; one that can mean two things, or contradicts the order of day
and month that the column is known to have, is not (`why_unread` says which).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial

from . import durations, unit_conversion
from .date_formats import DATE_FORMATS, date_of, parse_date, swapped_format
from .known_words import BOOLEANS
from .number_formats import PLAIN_NUMBER, parse_quantity
from .numbered_dates import of_epoch
from .serial_days import day_of

WHOLE_DATES = [f for f in DATE_FORMATS if f == "iso" or "%d" in f and not f.startswith("%y")]
OTHER_FORM = "other form"  # the kind of repair
THOUSANDS = "k"
WHOLE = re.compile(r"([+-]?\d+)(\.0*)?")
FEWEST_ZEROS = 3  # different codes with zeros in front, where others may have lost theirs


def other_reader(plan: dict) -> Callable[[str], object] | None:
    """What reads the tidy texts that a plan's own forms do not read; None where nothing is known.

    It gives the value, or None for a text that can't be read or may mean several things.

    >>> read = other_reader({"kind": "date", "formats": ["%d/%m/%Y"]})
    >>> read("23.07.2023"), read("1690070400"), read("07/23/2023")
    (datetime.datetime(2023, 7, 23, 0, 0), datetime.datetime(2023, 7, 23, 0, 0), None)
    >>> other_reader({"kind": "category", "values": ["02134", "10001"]})("2134.0")
    '02134'
    """
    if plan["kind"] == "category":
        return _code_reader(plan)
    made = {"date": _read_date, "number": _read_number, "boolean": _read_boolean}
    return partial(made[plan["kind"]], plan=plan) if plan["kind"] in made else None


# --- Dates


def order_of(formats: list[str]) -> str:
    """The order in which some formats name day and month: "day" or "month" first, "" where open.

    Dots always have the day first, so that they only settle what reads both ways (`likely_order`).

    >>> order_of(["%d/%m/%Y", "iso"]), order_of(["iso"]), order_of(["%m/%d/%Y", "%d/%m/%Y"])
    ('day', '', '')
    """
    orders = {first_named(form) for form in formats if is_open(form)}
    return orders.pop() if len(orders) == 1 else ""


def is_open(form: str) -> bool:
    """Whether a format has a twin with day and month exchanged that people write as well.

    >>> is_open("%d/%m/%Y"), is_open("%d.%m.%Y")
    (True, False)
    """
    return swapped_format(form) in DATE_FORMATS


def first_named(form: str) -> str:
    """What a format names first, of day and month.

    >>> first_named("%d/%m/%Y")
    'day'
    """
    return "day" if form.startswith("%d") else "month"


def _read_date(text: str, plan: dict) -> datetime | None:
    found = dates_of(text, plan)
    return found.pop() if len(found) == 1 else None


def dates_of(text: str, plan: dict) -> set[datetime]:
    """The dates that a text may mean, beside the formats of a plan, in the order that it has.

    >>> len(dates_of("05/06/2023", {"formats": ["iso"]}))
    2
    """
    if date := parse_date(text, "iso") or _of_epoch(text):
        return {date}
    order = order_of(plan.get("formats", []))
    fits = (f for f in WHOLE_DATES if not (order and is_open(f) and first_named(f) != order))
    found = {form: date for form in fits if (date := date_of(text, form, plan))}
    if len(set(found.values())) > 1 and (order := likely_order(plan)):
        found = {form: date for form, date in found.items() if first_named(form) == order}
    return set(found.values())


def likely_order(plan: dict) -> str:
    """The order that settles a text which reads both ways, where no format of a column shows one.

    It is that of the table's other dates (`order` of the plan), or of its own with dots.

    >>> likely_order({"formats": ["%d.%m.%Y"]}), likely_order({"formats": ["iso"]})
    ('day', '')
    """
    has_dots = any(form.startswith("%d.%m") for form in plan.get("formats", []))
    return plan.get("order", "day" if has_dots else "")


def _of_epoch(text: str) -> datetime | None:
    """A number as a date: seconds since 1970, a day of eight digits, a spreadsheet's of five."""
    if date := of_epoch(text):
        return date
    return _of_whole_day(text) or day_of(text)


def _of_whole_day(text: str) -> datetime | None:
    """A day that went through a float, 20230723.0."""
    whole = WHOLE.fullmatch(text)
    return parse_date(whole[1], "%Y%m%d") if whole and len(whole[1]) == 8 else None


# --- Numbers, booleans, codes


def _read_number(text: str, plan: dict) -> float | None:
    """A number with the other decimal sign; yes and no in a column of ones and zeros.

    A clock of three parts (1:05:03) in a column of times.
    """
    if plan.get("flags") and text.casefold() in BOOLEANS:
        return float(BOOLEANS[text.casefold()])
    is_time = text.count(":") == 2 and unit_conversion.dimension(plan.get("unit", "")) == "time"
    if is_time and (seconds := durations.parse_clock(text, "h:m")) is not None:
        return _in_unit(seconds, durations.SECONDS, plan["unit"])
    other = "comma" if plan.get("style", "point") == "point" else "point"
    quantity = parse_quantity(text, other)
    return _in_unit(*quantity, plan.get("unit", "")) if quantity else None


def _in_unit(value: float, named: str, unit: str) -> float | None:
    """A number in the column's unit, of one in the unit that its text names."""
    if named in ("", unit) or unit_conversion.known(named) == unit_conversion.known(unit) != "":
        return value
    is_known = unit_conversion.can_convert(named, unit)
    return unit_conversion.convert(value, named, unit) if is_known else None


def _read_boolean(text: str, plan: dict) -> bool | None:
    """1 and 0 in whatever form a number has, such as 1.0."""
    is_number = PLAIN_NUMBER.fullmatch(text) and float(text) in (0.0, 1.0)
    return bool(float(text)) if is_number else None


def _code_reader(plan: dict) -> Callable[[str], str | None] | None:
    """What reads codes of digits that a spreadsheet or a float has changed: 5.0, 2134 for 02134.

    A text that is a value as it stands is one; so is one that two values could have become.
    """
    values, width = frozenset(plan.get("values", ())), plan.get("width", 0)
    by_number: dict[int, list[str]] = {}
    for value in values:
        if whole := WHOLE.fullmatch(value):
            by_number.setdefault(int(whole[1]), []).append(value)
    if not by_number and not width:
        return None

    def read(text: str) -> str | None:
        whole = WHOLE.fullmatch(text)
        if text in values or not whole or len(text) > 40:
            return None
        known = by_number.get(int(whole[1]), ())
        if len(known) == 1:
            return known[0]
        padded = whole[1].zfill(width)
        return padded if width and len(padded) == width and padded != text else None

    return read


def code_width(words: dict[str, int]) -> int:
    """The digits that the codes of a column have, some with zeros in front; 0 where there are none.

    `words` has the number of cells of each word. Up to 5 % of the cells may hold other words. So
    may 10 % hold shorter codes, which have lost their zeros, where three codes or more have them.

    >>> code_width({"02134": 3, "10001": 9}), code_width({"7": 1, "12": 4})
    (5, 0)
    >>> code_width({"02134": 9, "00501": 9, "06390": 7, "10001": 9, "2134": 1})
    5
    """
    codes = {word: n for word, n in words.items() if word.isascii() and word.isdigit()}
    width = max(map(len, codes), default=0)
    whole = {word: n for word, n in codes.items() if len(word) == width}
    enough = sum(codes.values()) >= 0.95 * sum(words.values())
    zeros = sum(word[0] == "0" for word in whole)
    if width < 2 or not enough or not zeros:
        return 0
    short = [word for word in codes if len(word) < width]
    few = sum(whole.values()) >= 0.9 * sum(codes.values()) and zeros >= FEWEST_ZEROS
    return width if not short or (few and not any(word[0] == "0" for word in short)) else 0


def with_zeros(words: Counter, width: int) -> Counter:
    """The cells of each word, codes of digits with the zeros that they have lost.

    >>> with_zeros(Counter({"2134": 1, "02134": 3, "x": 1}), 5)
    Counter({'02134': 4, 'x': 1})
    """
    found: Counter = Counter()
    for word, cells in words.items():
        found[word.zfill(width) if word.isascii() and word.isdigit() else word] += cells
    return found


# --- Why not


def why_unread(text: str, plan: dict) -> str:
    """Why a text was not read, where there is more to say than that it is no such value; else "".

    Of a number in a unit that training did not name, how a person says that it is the same unit.

    >>> why_unread("05/06/2023", {"kind": "date", "formats": ["iso"]})
    'may be 2023-05-06 or 2023-06-05'
    >>> why_unread("07/23/2023", {"kind": "date", "formats": ["%d/%m/%Y"]})
    'has the month first, the column the day'
    >>> why_unread("€ 5", {"kind": "number", "unit": "$"})
    'is in €, the column in $: one can not be told in the other'
    """
    explain = {"date": _why_no_date, "number": _why_no_number}.get(plan["kind"])
    return explain(text, plan) if explain else ""


def _why_no_date(text: str, plan: dict) -> str:
    """That a date reads two ways, or against the order of its column."""
    found = sorted(dates_of(text, plan))
    if len(found) > 1:
        return "may be " + " or ".join(f"{date:%Y-%m-%d}" for date in found)
    order = order_of(plan.get("formats", []))
    if order and not found and dates_of(text, {}):
        first, second = ("month", "day") if order == "day" else ("day", "month")
        return f"has the {first} first, the column the {second}"
    return ""


def _why_no_number(text: str, plan: dict) -> str:
    """That a number is in a unit which is not the column's, or that training did not name."""
    named, unit = _unit_of(text), plan.get("unit", "")
    if named in ("", THOUSANDS):
        return named and "ends in k: write the number out"
    if text.count(":") == 1:
        return "may be minutes and seconds, or hours and minutes: write it as a number"
    if unit:
        return f"is in {named}, the column in {unit}: one can not be told in the other"
    return (f"is in {named}, and training had numbers alone: say in columns.yaml what those are "
            f"in, such as `unit: {named}`, and train again")  # fmt: skip


def _unit_of(text: str) -> str:
    """The unit that a text names beside its number, seconds for a clock; "" where it names none."""
    quantity = parse_quantity(text) or parse_quantity(text, "comma")
    named = quantity[1] if quantity else ""
    if named.casefold() == THOUSANDS:
        return THOUSANDS
    is_clock = durations.parse_clock(text, "m:s") is not None
    return durations.SECONDS if is_clock else unit_conversion.known(named)
