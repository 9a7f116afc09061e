"""Volume: how many rows come in each period, and the periods with far too few or too many."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtr

from ..base.findings import Finding
from ..learning.unit_tests import holm
from .alert_thresholds import DEFAULT, Thresholds

FEWEST_PERIODS = 5  # of usual volume, before one can be unusual


def rows_per(times: pd.Series, period: str = "D") -> pd.Series:
    """Rows in each period (pandas' names: D, h, W), those without any included.

    The first and the last one may be cut short, so they are left out where there are more.

    >>> days = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-04"]))
    >>> rows_per(days).tolist()
    [2, 0]
    """
    times = pd.to_datetime(times.dropna())
    if times.empty:
        return pd.Series(dtype=int)
    counts = pd.Series(1, index=times).resample(period).sum().astype(int)
    return counts.iloc[1:-1] if len(counts) > 2 else counts


def volume(usual: pd.Series, found: pd.Series, thresholds: Thresholds = DEFAULT) -> list[Finding]:
    """Periods with too few or too many rows, as findings.

    `usual` and `found` are rows by period (`rows_per`). A period stands out when it lies outside
    the prediction interval of Student's t, at `quality_level` for all of them together, and has
    less than half or more than twice the usual rows. Fewer than five usual periods say nothing.

    >>> usual = pd.Series([100, 104, 97, 101, 99, 102])
    >>> [found.evidence["rows"] for found in volume(usual, pd.Series([98, 10]))]
    [10]
    """
    if len(usual) < FEWEST_PERIODS or not len(found):
        return []
    mean = float(usual.mean())
    deviation = max(float(usual.std()), np.sqrt(max(mean, 1)))  # at the least Poisson's
    t = np.abs(found - mean) / (deviation * np.sqrt(1 + 1 / len(usual)))
    sure = holm(2 * stdtr(len(usual) - 1, -t.to_numpy())) < thresholds.quality_level
    few, many = mean * thresholds.volume_large, mean / thresholds.volume_large
    odd = found[sure & ((found < few) | (found > many)).to_numpy()]
    return [_odd_volume(period, int(rows), mean) for period, rows in odd.items()]


def _odd_volume(period, rows: int, mean: float) -> Finding:
    when = f"{period:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if hasattr(period, "year") else period
    message = f"{rows:,} rows came in the period from {when}; {mean:,.0f} are usual."
    return Finding(
        "volume", "alarm", [], message, {"period": str(when), "rows": rows, "usual": mean}
    )
