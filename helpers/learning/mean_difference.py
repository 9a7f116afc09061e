"""The mean of differences that were measured on separate rows, such as on the folds."""

from __future__ import annotations

import numpy as np

from .score_intervals import Difference, with_interval


def mean_difference(found: list[Difference], level: float = 0.95) -> Difference:
    """The mean of the differences of some folds, each on rows of its own; NaN where none is known.

    Its degrees of freedom are those of a sum of independent estimates (Welch 1947; Satterthwaite
    1946). A fold whose difference is not defined (one class only) does not count.

    >>> one, two = (Difference("r2", v, 0, 0, 0.1, 10, 20, 0, 0) for v in (0.1, 0.3))
    >>> mean = mean_difference([one, two])
    >>> round(mean.value, 2), round(mean.standard_error, 3), round(mean.df)
    (0.2, 0.071, 20)
    """
    known = [one for one in found if np.isfinite([one.value, one.standard_error, one.df]).all()]
    if not known:
        return found[0]
    variances = np.array([one.standard_error**2 for one in known])
    freedoms = np.array([one.df for one in known])
    value = float(np.mean([one.value for one in known]))
    error = float(np.sqrt(variances.sum()) / len(known))
    df = variances.sum() ** 2 / (variances**2 / freedoms).sum() if error > 0 else freedoms.sum()
    warning = next((one.warning for one in known if one.warning), "")
    units = sum(one.units for one in known)
    return with_interval(known[0].metric, value, error, float(df), units, level, warning)
