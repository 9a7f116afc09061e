"""What a cleaned column usually holds: its numbers without those far outside, its common levels.

Cleaning leaves a cell as it is where it is not sure, so a column of cleaned rows still holds a few
errors: 48,293,521 miles, a tail number among the airports. A range or a list of levels that takes
them in checks nothing. Each rule here leaves out at most `MOST_LEFT_OUT` of the cells, so that a
sound row meets one of them about as rarely.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

MOST_LEFT_OUT = 0.005  # of the known cells of a column
FEWEST = 3  # numbers that may be left out of any column, however short
FEWEST_NUMBERS = 20  # of fewer, none is far from the others
GAP = 5  # so many times the span of all numbers inside lies between them and one far outside
RARE_CELLS = 3  # a level with no more cells is rare
RARE_SHARE = 0.0001  # or with no more than this share of the cells


def usual_numbers(column: pd.Series) -> pd.Series:
    """The known numbers of a column but for those far outside, and the few of the other sign.

    Far outside means beyond a gap of five times the span of all numbers inside. Of the
    other sign are a few numbers that are as large as the others, so that a minus sign slipped in.

    >>> float(usual_numbers(pd.Series([*range(1, 31), 90_000.0, -20.0])).max())
    30.0
    """
    numbers = np.sort(column.dropna().to_numpy(dtype=float))
    if len(numbers) < FEWEST_NUMBERS:
        return pd.Series(numbers)
    most = max(FEWEST, int(MOST_LEFT_OUT * len(numbers)))
    inside = _without_other_sign(numbers, most)
    inside = _without_far_above(inside, most)
    return pd.Series(-_without_far_above(-inside[::-1], most)[::-1])


def _without_far_above(ordered: np.ndarray, most: int) -> np.ndarray:
    """Ascending numbers up to the first wide gap in front of the `most` largest."""
    gaps, inner = np.diff(ordered), ordered[:-1] - np.quantile(ordered, 0.01)
    wide = np.flatnonzero((gaps > GAP * inner) & (inner > 0))
    wide = wide[wide >= len(ordered) - 1 - most]
    return ordered[: wide[0] + 1] if len(wide) else ordered


def _without_other_sign(ordered: np.ndarray, most: int) -> np.ndarray:
    """Numbers without the few of the other sign that are about as large as all others."""
    usual, other = ordered[ordered > 0], ordered[ordered < 0]
    if len(other) > len(usual):
        usual, other = other, usual
    slipped = 0 < len(other) <= most and 2 * abs(np.median(other)) >= abs(np.median(usual))
    return ordered[(ordered == 0) | (np.sign(ordered) == np.sign(usual[0]))] if slipped else ordered


def usual_levels(column: pd.Series) -> list:
    """The levels of a column in order, without rare ones where these are few cells altogether.

    >>> usual_levels(pd.Series(["EWR", "JFK"] * 500 + ["N399DA"]))
    ['EWR', 'JFK']
    """
    counts = column.value_counts()
    rare = counts <= max(RARE_CELLS, RARE_SHARE * counts.sum())
    if counts[rare].sum() <= MOST_LEFT_OUT * counts.sum():
        counts = counts[~rare]
    return sorted(counts.index.tolist())
