"""Cells of a delivery as training had none: more gaps, numbers out of range, levels never seen.

What was so in training without exception (a column that was never empty, a closed list of levels, a
range that is left far behind) is said of one cell. What was rare in training is said where it comes
more often than chance allows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..cells.as_texts import as_text
from .delivery_reading import DeliveryReading

LEVEL = 0.001  # of a column's test: a table may have a hundred columns
CLOSED = 5  # a list of levels is closed where the rarest has as many cells
YEARS = (1700, 2200)
BEYOND = 0.5  # of the range of training: farther outside lies no number by chance


def sentences(
    reading: DeliveryReading, rows: pd.DataFrame, fields: dict[str, dict], known: dict
) -> list[str]:
    """A line for each way in which the cells of raw rows are not as those of training.

    `fields` are those of the schema; `known` is what the reference keeps of the rows of training
    (`quality`; nothing is said where it is of an earlier form). Cells that were not read are left
    to `DeliveryReading.sentences`.
    """
    if not {"rows", "columns"} <= set(known):
        return []
    clean, found = reading.model["clean"].transform(rows), []
    for name in [name for name in fields if name in rows]:
        was = known["columns"].get(name, {})
        said = _of_cells(clean[name], fields[name], was, known["rows"], reading.unread(name))
        found += [f"{name}: {text}" for text in said if text]
    return found


def _of_cells(column: pd.Series, field: dict, was: dict, before: int, unread: int) -> list[str]:
    """What is said of a column's cleaned cells; `unread` of them were said already."""
    found = [_empty(int(column.isna().sum()) - unread, field, before, len(column))]
    present = column.dropna()
    if "range" in field:
        found.append(_outside(present.to_numpy(dtype=float), field, before))
        found.append(_fractions(present.to_numpy(dtype=float), field))
    if field["kind"] == "date":
        found.append(_far_years(present))
    if "levels" in field:
        found.append(_unseen(present, field, was, before))
    return found


def _empty(gaps: int, field: dict, before: int, rows: int) -> str:
    share = field["missing"]
    if gaps <= 0 or share and not is_more(gaps, rows, share + 1 / before):
        return ""
    was = f"{share:.1%} were" if share else "none was"
    return f"{gaps:,} of {rows:,} cells are empty; in training {was}"


def far_bounds(low: float, high: float) -> tuple[float, float]:
    """The ends beyond which no number lies by chance, of the range of training.

    >>> far_bounds(10.0, 110.0), far_bounds(-5.0, 5.0)
    ((0.0, 160.0), (-10.0, 10.0))
    """
    reach = BEYOND * (high - low) or abs(high)
    return max(low - reach, 0.0) if low >= 0 else low - reach, high + reach


def _outside(values: np.ndarray, field: dict, before: int) -> str:
    """Numbers outside the range of training: far outside, or more than chance allows."""
    low, high = field["range"]
    first, last = far_bounds(low, high)
    strange = values[(values < low) | (values > high)]
    is_far = ((strange < first) | (strange > last)).any()
    usual = (field.get("left_out", 0) + 2) / (before + 1)
    if not is_far and not is_more(len(strange), len(values), usual):
        return ""
    worst = strange[np.argmax(np.maximum(low - strange, strange - high))]
    return (f"{len(strange):,} of {len(values):,} numbers are out of range, such as {worst:g}; in "
            f"training {low:g} to {high:g}")  # fmt: skip


def _fractions(values: np.ndarray, field: dict) -> str:
    """Numbers with a fraction where training had none: points for thousands, another unit."""
    broken = values[values % 1 != 0] if field.get("whole") else values[:0]
    if not len(broken):
        return ""
    return (f"{len(broken):,} of {len(values):,} numbers are no whole ones, such as {broken[0]:g}; "
            f"in training all were")  # fmt: skip


def _far_years(moments: pd.Series) -> str:
    """Dates that mostly are of years which are none of ours, such as 2566."""
    far = moments[~moments.dt.year.between(*YEARS)]

    if far.empty or 2 * len(far) < len(moments):
        return ""
    return (
        f"{len(far):,} of {len(moments):,} dates are of another age, such as {far.iloc[0]:%Y-%m-%d}"
    )


def _are_usual(unseen: pd.Series, present: pd.Series, counts: list[int], before: int) -> bool:
    """Whether so many new levels are to be expected: training had many that came once."""
    once = sum(count == 1 for count in counts)
    is_closed = min(counts, default=0) >= CLOSED
    return not is_closed and not is_more(len(unseen), len(present), (once + 1) / (before + 1))


def _unseen(present: pd.Series, field: dict, was: dict, before: int) -> str:
    """Levels that training did not have."""
    known = {*field["levels"], *field.get("rare", ())}
    unseen = present[~present.isin(known)]
    counts = list(was.get("levels", {}).values())
    if unseen.empty or _are_usual(unseen, present, counts, before):
        return ""
    some = ", ".join(f"'{as_text(level):.40}'" for level in unseen.unique()[:3])
    return f"{len(unseen):,} of {len(present):,} cells hold a level that training did not: {some}"


def is_more(cells: int, rows: int, share: float) -> bool:
    """Whether so many cells of some rows are more than a share of them makes likely.

    >>> is_more(1, 60, 0.01), is_more(20, 60, 0.01)
    (False, True)
    """
    from scipy.stats import binom

    return bool(cells and binom.sf(cells - 1, rows, min(share, 1.0)) < LEVEL)
