"""Tables for exercises, made from a learner's own seed: two learners compare ways, not figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import by_hand

TOWNS = ("New York", "Newark", "Boston", "Albany", "Trenton", "Salem")


# Of each sort of repeat how its town is spelt: the same, in capitals, with a space, by an alias
SPELT = (str, str.upper, " {}".format, lambda town: "NY")


def parcels(seed: int) -> pd.DataFrame:
    """300 parcels with `sender`, `town` and `day`, shuffled; some rows come twice.

    A repeat has the same text, or its town in other letters, with a space more, or by an alias
    (NY); of each sort there are so many that no two wrong ways of counting give the same figure.

    >>> rows = parcels(7)
    >>> len(rows), rows.equals(parcels(7)), rows.equals(parcels(8))
    (300, True, False)
    """
    random = np.random.default_rng(seed)
    counts = random.permutation(np.arange(4, 16))[:4]  # of the four sorts: four figures
    first = _first_time(300 - counts.sum(), random)
    first.loc[: counts[3] - 1, "town"] = "New York"
    repeats, begin = [], 0
    for sort in (3, 1, 2, 0):
        rows = first.iloc[begin : begin + counts[sort]]
        repeats.append(rows.assign(town=rows["town"].map(SPELT[sort])))
        begin += counts[sort]
    return pd.concat([first, *repeats]).sample(frac=1, random_state=seed).reset_index(drop=True)


def _first_time(count: int, random: np.random.Generator) -> pd.DataFrame:
    new_year = pd.Timestamp("2013-01-01")
    return pd.DataFrame({
        "sender": random.permutation(np.arange(10_000, 99_999))[:count],
        "town": random.choice(TOWNS, count),
        "day": new_year + pd.to_timedelta(random.integers(0, 365, count), unit="D"),
    })  # fmt: skip


def flights(seed: int) -> pd.DataFrame:
    """3,000 of `by_hand.flights`, drawn with the seed, by `scheduled`."""
    return by_hand.flights().sample(3_000, random_state=seed).sort_index()
