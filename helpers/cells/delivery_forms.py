"""The forms of a whole delivery: which order its dates have, which decimal sign its numbers.

One cell that reads two ways is not decided by itself. Its neighbours decide it: where some dates of
a column can only have the month first and none can only have the day first, all have the month
first. `fitted_plan` gives a column's plan as it reads this delivery, and says where that differs.
"""

from __future__ import annotations

from collections import Counter

from ..base.spacing import evenly_spaced_words
from .ambiguous_dates import DATES_PROBED
from .date_formats import DATE_FORMATS, parse_date
from .number_formats import parse_quantity
from .other_forms import first_named, is_open, order_of
from .reading_values import cell_reader

MOST_PROBED = 2_000  # different texts of a column
FEWEST = 2  # cells that show it: one may be a slip
SURE = 0.1  # of the dates that name day and month: at least so many must show the order
SHOWN = 0.05  # of the numbers with the other sign: at least so many can't be thousands
INSIDE, OUTSIDE = 0.95, 0.05  # shares of numbers in the range of training, read rightly and wrongly
SIGNS = {"point": ".", "comma": ","}
OTHER_STYLE = {"point": "comma", "comma": "point"}


def fitted_plan(words: Counter, plan: dict, span: list[float] | None = None) -> tuple[dict, str]:
    """A column's plan as it reads the `words` of a delivery (cells of each), and what is said.

    `span` is the range of the numbers in training, where it is known. The sentence is empty where
    the plan stays as it is.

    >>> words = Counter(["07/23/2023", "07/31/2023", "05/06/2023"])
    >>> fitted_plan(words, {"kind": "date", "formats": ["%d/%m/%Y"]})[1]
    'the month comes first here (such as 07/23/2023), and is read so; in training the day did'
    """
    fit = {"date": _fit_dates, "number": _fit_numbers}.get(plan["kind"])
    if not fit or not words:
        return plan, ""
    probed = evenly_spaced_words(words, MOST_PROBED) if len(words) > MOST_PROBED else words
    return fit(probed, plan, span)


def _fit_dates(words: Counter, plan: dict, _) -> tuple[dict, str]:
    own = plan.get("formats", ["iso"])
    probe = evenly_spaced_words(words, DATES_PROBED) if len(words) > DATES_PROBED else words
    read = cell_reader(plan)
    if all(read(word)[0] for word in probe):
        return plan, ""
    shown, order = _shown_order(probe), order_of(own)
    if not shown or shown == order or plan.get("ambiguous") == "missing":
        return plan, ""
    fits = [form for form in DATE_FORMATS if is_open(form) and first_named(form) == shown]
    formats = [form for form in fits if any(parse_date(word, form) for word in probe)]
    kept = [form for form in own if not is_open(form)]
    example = next(word for word in probe if _only(word, shown))
    was = f"; in training the {order} did" if order else ""
    said = f"the {shown} comes first here (such as {example}), and is read so{was}"
    rest = {key: value for key, value in plan.items() if key != "ambiguous"}
    return rest | {"formats": formats + kept}, said


def _shown_order(words: Counter) -> str:
    """The order that the dates show, "" where they show none, or both."""
    only = {
        order: sum(n for w, n in words.items() if _only(w, order)) for order in ("day", "month")
    }
    both = sum(n for w, n in words.items() if _reads(w, "day") and _reads(w, "month"))
    shown = max(only, key=only.get)
    enough = only[shown] >= max(FEWEST, SURE * (only[shown] + both))
    return shown if enough and min(only.values()) == 0 else ""


def _only(word: str, order: str) -> bool:
    other = "month" if order == "day" else "day"
    return _reads(word, order) and not _reads(word, other)


def _reads(word: str, order: str) -> bool:
    """Whether a text reads as a date that names day and month in an order."""
    forms = (form for form in DATE_FORMATS if is_open(form) and first_named(form) == order)
    return any(parse_date(word, form) for form in forms)


def _fit_numbers(words: Counter, plan: dict, span: list[float] | None) -> tuple[dict, str]:
    own = plan.get("style", "point")
    other = OTHER_STYLE[own]
    marked = [word for word in words if SIGNS[other] in word]
    if not marked:
        return plan, ""
    only_other = [w for w in marked if _number(w, other) is not None and _number(w, own) is None]
    both = [w for w in marked if None not in (_number(w, own), _number(w, other))]
    if any(_number(w, own) is not None and _number(w, other) is None for w in words):
        return plan, ""  # the column's own decimal sign is there, too
    decided = len(only_other) >= max(FEWEST, SHOWN * len(marked))
    if not (decided or both and _fits_better(both, own, other, span)):
        return plan, _said_of_both(both, plan, own)
    fitted = {key: value for key, value in plan.items() if key != "style"}
    example = (only_other or both)[0]
    said = f"the decimal sign is a {other} here (such as {example}), in training a {own}: read so"
    return fitted | ({"style": other} if other != "point" else {}), said


def _number(word: str, style: str) -> float | None:
    quantity = parse_quantity(word, style)
    return quantity[0] if quantity else None


def _fits_better(words: list[str], own: str, other: str, span: list[float] | None) -> bool:
    """Whether numbers lie in the range of training only if they are read the other way."""
    if not span:
        return False
    inside = {
        style: sum(span[0] <= _number(word, style) <= span[1] for word in words) / len(words)
        for style in (own, other)
    }
    return inside[other] >= INSIDE and inside[own] <= OUTSIDE


def _said_of_both(words: list[str], plan: dict, own: str) -> str:
    """That numbers which read two ways are read as the column's own, where that is new in it."""
    if not words or plan.get("usual") == "number" or own == "comma":
        return ""
    return f"'{words[0]}' is read as {_number(words[0], own):g}: the comma parts thousands"
