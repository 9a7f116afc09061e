"""What is impossible by a column's unit or name: an age of 400, 130 %, a negative height.

A limit counts only where nearly all of the column's numbers keep it; then the others are errors,
and are set to missing. `--set limits='age:0..500'` says otherwise.
"""

from __future__ import annotations

import re

import numpy as np

KEPT = 0.98  # of the numbers lie within a limit, or it is none of this column's
FEWEST = 20  # numbers
LARGEST = 1e300  # the limit of a side that has none
OF_WORDS = {
    ("age", "ages"): (0, 130),
    ("latitude", "lat"): (-90, 90),
    ("longitude", "lon", "lng", "long"): (-180, 180),
    ("humidity", "percent", "percentage", "pct"): (0, 100),
    ("probability",): (0, 1),
    ("month",): (1, 12),
    ("hour",): (0, 24),
    ("minute", "second"): (0, 60),
    ("count", "height", "weight", "width", "length", "distance", "duration", "area", "population",
     "mileage", "speed", "volume", "mass"): (0, LARGEST),
}  # fmt: skip
OF_UNITS = {"%": (0, 100)}
NO_AMOUNTS = {  # such columns may fall below 0 and rise above any limit of the word beside it
    "change", "changes", "growth", "return", "difference", "diff", "delta", "increase", "decrease",
    "gain", "loss", "deviation", "error", "z", "log", "net", "relative", "scaled", "residual",
    "per", "rate", "price", "cost", "costs", "fee", "pay", "wage", "salary", "income", "revenue",
}  # fmt: skip
AFTER = {"at", "of", "on", "when", "for", "by", "from", "until"}  # what stands behind, says more
MEASURED_IN = {"mm", "cm", "m", "km", "ft", "inches", "mi", "miles", "g", "kg", "lb", "lbs", "oz",
               "l", "ml", "s", "sec", "min", "h", "hours", "days", "years", "yrs", "y"}  # fmt: skip


def known_limits(name: str, unit: str) -> tuple[float, float] | None:
    """The limits of what a column with such a name and unit can hold; None where none is known.

    The name must end with the word, but for a unit or a phrase such as "at entry".

    >>> known_limits("age_at_entry", ""), known_limits("growth", "%"), known_limits("fee", "")
    ((0, 130), None, None)
    >>> known_limits("price_per_hour", ""), known_limits("second_owner", "")
    (None, None)
    """
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())
    if NO_AMOUNTS & {*words}:
        return None
    found = [limits for named, limits in OF_WORDS.items() if _last(words) in named]
    return next(iter(found), OF_UNITS.get(unit))


def _last(words: list[str]) -> str:
    """The word that says what is measured: the last before a unit or a phrase."""
    end = next((n for n, word in enumerate(words) if n and word in AFTER), len(words))
    named = [word for n, word in enumerate(words[:end]) if not n or word not in MEASURED_IN]
    return named[-1] if named else ""


def broken_limits(name: str, unit: str, numbers: np.ndarray) -> list[float] | None:
    """The limits that a few of a column's numbers break; None where none does, or many do.

    >>> broken_limits("age", "", np.array([30.0] * 99 + [400.0]))
    [0.0, 130.0]
    >>> broken_limits("age", "", np.array([30.0] * 99 + [80.0])) is None
    True
    """
    limits, known = known_limits(name, unit), numbers[~np.isnan(numbers)]
    if limits is None or len(known) < FEWEST:
        return None
    inside = (known >= limits[0]) & (known <= limits[1])
    few = not inside.all() and inside.mean() >= KEPT
    return [float(bound) for bound in limits] if few else None
