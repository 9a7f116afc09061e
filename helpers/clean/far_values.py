"""Numbers far beyond all others of their column, by its own shape: a heavy tail is not far.

On either side of the median the distances from it are taken for a Weibull-type tail: minus the
logarithm of the share beyond d grows as a Box-Cox power of d, from 0 (a power law, as of incomes)
to 2 (a normal distribution). The power is read off three quantiles, which a few wrong numbers
hardly move; the fence stands where one sound column in ten would have a number beyond it. What
lies beyond is left out, and the fence found once more, since wrong numbers make a tail heavier.
(Weibull-type tails: J. Beirlant and others 2004, Statistics of Extremes, chapter 5.)
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..cells.as_texts import as_text

FEWEST_NUMBERS, FEWEST_DISTINCT, FEWEST_OF_SIDE = 50, 10, 20
FEW_POINTS, MANY_POINTS = (0.5, 0.25, 0.1), (0.5, 0.2, 0.05)  # shares of a side beyond a quantile
MANY = 200  # distances of a side that are enough for the further points
POWERS = np.linspace(0, 2, 41)
ODDS = 10  # a fence stands where one sound column in so many has a number beyond
MARGIN = 1.3  # times the distance: for what three quantiles do not tell
PASSES = 3  # what lies beyond a fence makes the tail look heavier: without it the next is nearer
MOST_FAR = 0.02  # of the numbers; more are a part of the column, and no errors
ONE_BY_ONE = 3  # so many different numbers are asked about one by one, more by a limit
BEYOND = "beyond a limit"


def fences(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest number that is not far from the others; infinite where unknown.

    >>> low, high = fences(np.random.default_rng(0).normal(100, 10, 1000))
    >>> 30 < low < 65 and 135 < high < 170
    True
    >>> fences(np.arange(10.0))
    (-inf, inf)
    """
    values = values[np.isfinite(values)]
    if len(values) < FEWEST_NUMBERS or len(np.unique(values)) < FEWEST_DISTINCT:
        return -np.inf, np.inf
    middle = float(np.median(values))
    low, high = middle - _reach(middle - values), middle + _reach(values - middle)
    if _is_other_sign(values):
        return max(low, 0.0), high
    return (low, min(high, 0.0)) if _is_other_sign(-values) else (low, high)


def _is_other_sign(values: np.ndarray) -> bool:
    """Whether a few numbers are negative and as large as the positive ones: a sign slipped in."""
    above, below = values[values > 0], values[values < 0]
    few = 0 < len(below) <= MOST_FAR * len(values)
    return bool(few and len(above) and 2 * np.median(-below) >= np.median(above))


def _reach(distances: np.ndarray) -> float:
    """How far from the median a sound number may lie on the side of positive distances."""
    side = np.sort(distances[distances > 0])
    reach = _reach_of(side)
    for _ in range(PASSES - 1):
        inner = side[side <= reach]
        if not (1 - MOST_FAR) * len(side) <= len(inner) < len(side):
            break
        reach = min(reach, _reach_of(inner))
    return reach


def _reach_of(side: np.ndarray) -> float:
    """How far a sound number may lie, by the sorted positive distances of one side."""
    if len(side) < FEWEST_OF_SIDE:
        return np.inf
    points = np.array(MANY_POINTS if len(side) >= MANY else FEW_POINTS)
    at, depth = _rising(np.quantile(side, 1 - points), side), -np.log(points)
    power = _power(at, depth)
    a, b = (_box_cox(at[n], power) for n in (1, 2))
    to_go = np.log(len(side) * ODDS) - depth[2]
    return MARGIN * _inverse(b + (b - a) / (depth[2] - depth[1]) * to_go, power)


def _rising(at: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Three quantiles, each a step above the one before where many numbers are equal."""
    step = np.median(np.diff(np.unique(side))) if side[0] < side[-1] else side[0]
    at = at.copy()
    for n in (1, 2):
        at[n] = max(at[n], at[n - 1] + step)
    return at


def _power(at: np.ndarray, depth: np.ndarray) -> float:
    """The power by which the tail's three points come to lie on a line, the heaviest that fits."""
    a, b, c = (_box_cox(one, POWERS) for one in at)
    too_steep = (c - b) * (depth[1] - depth[0]) > (b - a) * (depth[2] - depth[1])
    return float(POWERS[max(0, int(np.argmax(too_steep)) - 1)] if too_steep.any() else POWERS[-1])


def _box_cox(x, power):
    power = np.asarray(power, dtype=float)
    safe = np.where(power == 0, 1.0, power)
    return np.where(power == 0, np.log(x), (np.power(x, safe) - 1) / safe)


def _inverse(y: float, power: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(y) if power == 0 else np.power(max(power * y + 1, 0.0), 1 / power))


def far_items(values: np.ndarray) -> list[dict]:
    """Review items for the numbers of a column that lie far from all others, side by side.

    Three different numbers or fewer are listed one by one; more as one limit, `> 480`.

    >>> numbers = np.append(np.random.default_rng(0).normal(100, 10, 1000), 9_000.0)
    >>> far_items(numbers)[0]["value"]
    '9000'
    """
    values = values[np.isfinite(values)]
    low, high = fences(values)
    inner = values[(values >= low) & (values <= high)]
    if not len(inner) or len(values) - len(inner) > MOST_FAR * len(values):
        return []
    middle = float(np.median(inner))
    sides = ((values[values > high], inner.max(), ">"), (values[values < low], inner.min(), "<"))
    return [item for far, last, sign in sides for item in _items(far, float(last), sign, middle)]


def _items(far: np.ndarray, last: float, sign: str, middle: float) -> list[dict]:
    """The items of one side; `last` is the outermost number that is not far."""
    found, counts = np.unique(far, return_counts=True)
    note = f"the next value is {last:g}, the median {middle:g}"
    if 0 < len(found) <= ONE_BY_ONE:
        return [_item(as_text(float(one)), int(n), "far from all others", note)
                for one, n in zip(found, counts, strict=True)]  # fmt: skip
    shown = ", ".join(f"{one:g}" for one in (found if sign == ">" else found[::-1])[:3])
    note = f"{shown} and {len(found) - 3:,} more numbers are far from all others; {note}"
    return [_item(f"{sign} {as_text(last)}", len(far), BEYOND, note)] if len(found) else []


def _item(value: str, cells: int, kind: str, evidence: str) -> dict:
    return {
        "value": value, "cells": cells, "kind": kind, "suggestion": "missing",
        "evidence": evidence,
    }  # fmt: skip


def with_limit(column: dict, value: str) -> dict:
    """A column's plan with the limit of a review item that a person has marked with yes.

    >>> with_limit({"kind": "number"}, "> 480")["limits"]
    [-1e+300, 480.0]
    """
    sign, _, bound = value.partition(" ")
    low, high = column.get("limits", (-1e300, 1e300))
    limit = float(bound)
    return column | {"limits": [low, min(high, limit)] if sign == ">" else [max(low, limit), high]}


def numbers_of(column: pd.Series) -> np.ndarray:
    """The finite numbers of a cleaned column."""
    numbers = column.to_numpy(dtype="float64", na_value=np.nan)
    return numbers[np.isfinite(numbers)]
