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
DIFFERENCES = {  # such columns may fall below 0 and rise above 100
    "change", "changes", "growth", "return", "difference", "diff", "delta", "increase", "decrease",
    "gain", "loss", "deviation", "error", "z", "log", "net", "relative", "scaled", "residual",
}  # fmt: skip


def known_limits(name: str, unit: str) -> tuple[float, float] | None:
    """The limits of what a column with such a name and unit can hold; None where none is known.

    >>> known_limits("age_at_entry", ""), known_limits("growth", "%"), known_limits("fee", "")
    ((0, 130), None, None)
    """
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold()))
    if words & DIFFERENCES:
        return None
    found = [limits for named, limits in OF_WORDS.items() if words & set(named)]
    return next(iter(found), OF_UNITS.get(unit))


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
