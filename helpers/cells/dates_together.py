"""The date columns of a table, settled together: the order of day and month, the century.

A column in which every date reads both ways follows a column that shows the order; where none does,
the order in which one date never comes before the other, or in which the rows are sorted. A year of
two digits belongs to the century in which the date makes sense: nobody is born in the future.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from itertools import combinations

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced_words
from .ambiguous_dates import doubtful_dates, reads_one_way
from .as_texts import texts
from .date_formats import in_century, parse_date, swapped_format
from .kinds import is_date
from .other_forms import first_named, is_open, order_of

FEWEST_ROWS = 20  # that two orders are compared on
# The share of rows in order, at least by the right order and at most by the wrong one: of two
# columns, and of the rows of one (sorted days read the wrong way go on in eleven of twelve steps)
PAIRED, SORTED = (0.98, 0.9), (1.0, 0.97)
SLACK = 20  # years after the last one that a year of two digits may still mean
FAR = 30  # years past the file's last date that no date of no name lies in the future by
NEXT = 5
MOST_READ, FEW_READ = 5_000, 300  # different texts of a column
FIRST_USUAL = 1969  # two digits mean this year and 99 later ones, where nothing else is known
_PAST = """
    birth birthday born dob bday geburt geburtsdatum geboren naissance nacimiento nascita nacido
    death died deceased built build constructed construction completed founded established opened
    hired hire joined join signed signature admitted admission enrolled enrolment enrollment
    registered registration manufactured made issued issue invoice invoiced created purchased
    purchase bought sold sale ordered order graduated married diagnosed diagnosis onset surgery
    acquired since start started entry visit approved shipped paid payment
"""
_BIRTH = "birth birthday born dob bday geburt geburtsdatum geboren naissance nacimiento nascita"
_FUTURE = """
    expiry expires expiration expire due maturity matures mature end ends until valid renewal
    renews planned plan deadline next target forecast warranty review ablauf faellig fällig
    termination expected
"""


def settled(frame: pd.DataFrame, plans: dict[str, dict]) -> dict[str, dict]:
    """The plans of date columns that the other columns settle, by name; no others.

    Each has `follows`, in words, where its order was told, and `pivot`, the last year that two
    digits may mean, where it has such years or later rows would be read wrongly without. A column
    whose own formats show no order has that of the others as `order`, for rows in another form.

    >>> frame = pd.DataFrame({"issued": ["25/01/2024", "02/03/2024"],
    ...                       "due": ["01/02/2024", "05/03/2024"]})
    >>> plans = {"issued": {"kind": "date", "formats": ["%d/%m/%Y"]},
    ...          "due": {"kind": "date", "formats": ["%m/%d/%Y"], "ambiguous": "doubt"}}
    >>> settled(frame, plans)["due"]
    {'kind': 'date', 'formats': ['%d/%m/%Y'], 'follows': 'as issued has it'}
    """
    every = {n: p for n, p in plans.items() if p["kind"] == "date"}
    dates = {n: p for n, p in every.items() if p.get("formats")}
    if not every:
        return {}
    counts = {name: Counter(texts(frame[name]).dropna()) for name in dates}
    found = _with_order(frame, dates, counts)
    found |= _with_century(dates | found, counts)
    found |= _with_likely_order(every | found)
    return found | _with_later_century(frame, every | found, counts)


def in_order(plan: dict, order: str) -> dict:
    """A date column's plan with the day or the month first, in all its formats.

    >>> in_order({"formats": ["%m/%d/%Y", "%d/%m/%Y"], "ambiguous": "missing"}, "day")
    {'formats': ['%d/%m/%Y', '%m/%d/%Y']}
    >>> in_order({"formats": ["%m/%d/%Y", "iso"], "ambiguous": "doubt"}, "day")
    {'formats': ['%d/%m/%Y', 'iso']}
    """
    own, formats = plan["formats"], []
    for form in own:
        turned = form
        if is_open(form) and first_named(form) != order:
            turned = swapped_format(form)
        formats.append(turned)
    formats += [form for form in own if swapped_format(form) in own]  # both orders are there
    rest = {key: said for key, said in plan.items() if key != "ambiguous"}
    return rest | {"formats": list(dict.fromkeys(formats))}


# --- The order of day and month


def _with_order(frame: pd.DataFrame, dates: dict, counts: dict) -> dict[str, dict]:
    open_still = [n for n, plan in dates.items() if _reads_both_ways(plan, counts[n])]
    if not open_still:
        return {}
    shown = {n: order_of(plan["formats"]) for n, plan in dates.items() if n not in open_still
             and "ambiguous" not in plan}  # fmt: skip
    shown = {name: order for name, order in shown.items() if order}
    if len(set(shown.values())) == 1:
        first, order = next(iter(shown.items()))
        return {n: in_order(dates[n], order) | {"follows": f"as {first} has it"}
                for n in open_still}  # fmt: skip
    many = [name for name in open_still if _are_many(counts[name], dates[name]["formats"])]
    return {} if shown else _order_that_makes_sense(frame, dates, many)


def _are_many(words: Counter, formats: list[str]) -> bool:
    """Whether enough cells read both ways for the two orders to be compared."""
    both = doubtful_dates(words, formats).values()
    return sum(words[text] for found in both for text in found) >= FEWEST_ROWS


def _reads_both_ways(plan: dict, words: Counter) -> bool:
    """Whether the order is in doubt, and no single date of the column shows it."""
    if plan.get("ambiguous") != "doubt":
        return False
    return not any(sum(reads_one_way(words, form)) for form in filter(is_open, plan["formats"]))


def _order_that_makes_sense(frame: pd.DataFrame, dates: dict, names: list[str]) -> dict[str, dict]:
    """The order in which one column never comes before the other, or the rows are sorted."""
    read = {(n, order): _days(frame[n], in_order(dates[n], order)["formats"])
            for n in names for order in ("day", "month")}  # fmt: skip
    found: dict[str, dict] = {}
    for a, b in combinations(names, 2):
        shares = {o: _in_one_direction(read[b, o] - read[a, o]) for o in ("day", "month")}
        if order := _surely(shares, *PAIRED):
            why = f"so {a} and {b} always come in the same order"
            found |= {n: in_order(dates[n], order) | {"follows": why} for n in (a, b)}
    for name in names:
        shares = {o: _in_one_direction(np.diff(read[name, o])) for o in ("day", "month")}
        if name not in found and (order := _surely(shares, *SORTED)):
            found[name] = in_order(dates[name], order) | {"follows": "so the rows are sorted by it"}
    return found


def _days(column: pd.Series, formats: list[str]) -> np.ndarray:
    """A column's dates in days; NaN where a cell is empty or does not read."""
    column = texts(column)
    read = {t: next(filter(None, (parse_date(t, f) for f in formats)), None)
            for t in column.dropna().unique()}  # fmt: skip
    days = {text: date.toordinal() for text, date in read.items() if date}
    return column.map(days).to_numpy(dtype=float, na_value=np.nan)


def _in_one_direction(steps: np.ndarray) -> float:
    """The share of known steps that do not go back, or do not go on, whichever is larger."""
    steps = steps[~np.isnan(steps)]
    if len(steps) < FEWEST_ROWS or not steps.any():
        return 0.0
    return float(max((steps >= 0).mean(), (steps <= 0).mean()))


def _surely(shares: dict[str, float], right_from: float, wrong_to: float) -> str:
    right = max(shares, key=shares.get)
    return right if shares[right] >= right_from and min(shares.values()) <= wrong_to else ""


def _with_likely_order(dates: dict[str, dict]) -> dict[str, dict]:
    """The plans of columns that show no order, with the one that the table's other dates show."""
    shown = {name: order_of(plan.get("formats", [])) for name, plan in dates.items()}
    sure = {o for n, o in shown.items() if o and "ambiguous" not in dates[n]}
    if len(sure) != 1:
        return {}
    return {name: dates[name] | {"order": next(iter(sure))} for name, order in shown.items()
            if not order and "ambiguous" not in dates[name]}  # fmt: skip


# --- The century of years of two digits


def _with_century(dates: dict, counts: dict) -> dict[str, dict]:
    short = [n for n, p in dates.items() if any("%y" in f for f in p["formats"])
             and "pivot" not in p]  # fmt: skip
    if not short:
        return {}
    years = {name: _years(counts[name], plan["formats"]) for name, plan in dates.items()}
    whole = [max(y) for n, y in years.items() if n not in short and y and not _named(n, _FUTURE)]
    now = datetime.now(UTC).year
    last = min(max(whole, default=now), now)
    pivots = {name: _pivot(name, years[name], last) for name in short}
    return {name: dates[name] | {"pivot": pivot} for name, pivot in pivots.items() if pivot}


def _with_later_century(frame: pd.DataFrame, dates: dict, counts: dict) -> dict[str, dict]:
    """The plans of columns of whole years in which later rows may have two digits: births.

    The usual rule (1969 to 2068) would put some of their years into another century.
    """
    found = {}
    for name, plan in dates.items():
        if "pivot" in plan or any("%y" in form for form in plan.get("formats", ())):
            continue
        years = _whole_years(frame[name], plan, counts.get(name))
        if years and (min(years) < FIRST_USUAL or _named(name, _BIRTH)):
            found[name] = plan | {"pivot": _last_year(years)}
    return found


def _whole_years(column: pd.Series, plan: dict, words: Counter | None) -> list[int]:
    """The years of a column, or of evenly spaced texts of it."""
    if words is not None:
        return _years(evenly_spaced_words(words, FEW_READ), plan["formats"])
    return [int(year) for year in column.dt.year.dropna().unique()] if is_date(column) else []


def _last_year(years: list[int]) -> int:
    """The last of the hundred years that two digits mean, with room for later ones."""
    return max(years) + max(0, min((min(years) + 100 - max(years)) // 2, SLACK))


def _years(words: Counter, formats: list[str]) -> list[int]:
    some = list(words)[:MOST_READ]
    found = (next(filter(None, (parse_date(w, f) for f in formats)), None) for w in some)
    return [date.year for date in found if date]


def _pivot(name: str, years: list[int], last: int) -> int | None:
    """The last year that two digits may mean; None where the usual rule (1969 to 2068) holds."""
    if not years or _named(name, _FUTURE):
        return None
    reaches = max(years) > last
    crosses = min(years) < 2000 and max(years) > last + NEXT or max(years) > last + FAR
    if not (reaches and (crosses or _named(name, _PAST))):
        return None
    seen = [in_century(datetime(year, 1, 1), last).year for year in years]
    return _last_year(seen)


def _named(name: str, words: str) -> bool:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()
    return not set(re.sub(r"[^a-zà-ÿ]+", " ", split).split()).isdisjoint(words.split())
