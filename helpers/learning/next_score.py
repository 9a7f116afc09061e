"""The score of the next period, predicted from those of the periods before.

A Gaussian model: scores have a level, rise with the logarithm of the rows that a model has learnt
from, and differ from period to period; each has noise of its own. How much periods differ, and how
long a difference lasts, is not known. A best guess from five scores would often be 0, and promise
too much; so the prediction is averaged over all guesses, by how well each agrees with the scores:
kriging with an unknown covariance (Handcock and Stein 1993, "A Bayesian Analysis of Kriging",
Technometrics 35, 403-410).
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

SLOPES = 0.2  # the standard deviation of what a score gains as rows are multiplied by e
LASTING = (0.0, 0.5, 0.9)  # correlations of neighbouring periods, each as likely as the others
SIZES = 40  # of differences between periods that are looked at


def next_score(
    values, errors, period, df: float = np.inf, *,
    alike: bool = False, of_next: float | None = None, level: float = 0.95,
) -> tuple[float, float]:  # fmt: skip
    """The prediction interval of a score like the last one, one period later.

    `values` are n scores with their standard `errors` (known with `df` degrees of freedom), on a
    scale from minus to plus infinity, more is better; `period` are n whole numbers, rising: so many
    periods a model had learnt from. With `alike` there is no order: each has learnt from as many.
    `of_next` is the standard error of the next score; None: that of the last one.

    >>> low, high = next_score([0.8, 0.7, 0.9, 0.8], [0.1] * 4, [1, 2, 3, 4])
    >>> round(low, 1), round(high, 1)
    (0.5, 1.1)
    """
    values, errors = np.asarray(values, float), np.asarray(errors, float)
    size, likely = _sizes(values, errors)
    learnt = _learnt(values, period, alike)
    period = np.append(period, period[-1] + 1)
    noise = np.append(errors, errors[-1] if of_next is None else of_next)
    guesses = [
        (likely, *_predicted(values, noise, _covariances(size, period, learnt, one)))
        for one in (LASTING if not alike else LASTING[:1])
    ]
    likely, fit, mean, spread = (np.concatenate(one) for one in zip(*guesses, strict=True))
    weight = likely * np.exp(fit - fit.max())
    return _quantiles(weight / weight.sum(), mean, spread, df, level)


def _sizes(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes that differences may have (standard deviations), and their prior probabilities.

    These fall slowly (Lomax 1954, of shape 1/2, in errors of the last score), or large tables,
    whose errors are small beside the differences, would be promised too much: from five scores 92
    to 99 % of intervals hold the next one, whatever the size.
    """
    most = 10 * max(1.0, np.ptp(values) / errors[-1])
    size = np.append(0.0, np.geomspace(0.1, most, SIZES))
    return size * errors[-1], np.gradient(size) / (1 + size) ** 1.5


def _covariances(size, period, learnt, lasting: float) -> np.ndarray:
    """Of n + 1 true scores, a matrix for each size; the level, which all share, is left out."""
    apart = np.abs(period[:, None] - period)
    differ = size[:, None, None] ** 2 * np.where(apart == 0, 1.0, lasting**apart)
    return differ + SLOPES**2 * np.outer(learnt, learnt)


def _learnt(values, period, alike: bool) -> np.ndarray:
    """The logarithms of the rows that n + 1 models have learnt from; 0 where scores do not rise.

    The last is taken to know no more than the one before: the folds may have risen by themselves.
    """
    rows = np.log(period)
    rises = not alike and len(values) > 1 and np.cov(values, rows)[0, 1] > 0
    return np.append(rows, rows[-1]) * rises


def _predicted(values, noise, covariances: np.ndarray) -> tuple:
    """For each guess: how well it agrees (a log likelihood), the next score, and its spread.

    Differences from the last score are looked at, in which the level drops out.
    """
    less_last = np.delete(np.eye(len(noise)), len(values) - 1, axis=0)
    less_last[:, len(values) - 1] = -1
    whole = less_last @ (covariances + np.diag(noise**2)) @ less_last.T
    seen, across = whole[:, :-1, :-1], whole[:, -1:, :-1]
    known = (values[:-1] - values[-1])[:, None]
    solved = np.linalg.solve(seen, known + np.zeros((len(whole), 1, 1)))
    fit = -((known.T @ solved)[:, 0, 0] + np.linalg.slogdet(seen)[1]) / 2
    left = whole[:, -1, -1] - (across @ np.linalg.solve(seen, across.mT))[:, 0, 0]
    return fit, values[-1] + (across @ solved)[:, 0, 0], np.sqrt(left)


def _quantiles(weight, mean, spread, df: float, level: float) -> tuple[float, float]:
    """The ends of the middle part of a mixture of Student's t distributions."""
    from scipy.optimize import brentq  # half a second to import: where it is used

    def beyond(value: float, share: float) -> float:
        return float(weight @ stdtr(min(df, 1e9), (value - mean) / spread)) - share

    far = 1e3 * spread.max()
    tails = (1 - level) / 2, (1 + level) / 2
    return tuple(brentq(beyond, mean.min() - far, mean.max() + far, (one,)) for one in tails)
