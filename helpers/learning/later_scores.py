"""The score to expect on rows that come later, of new groups, or like these: a prediction interval.

The interval of a held-out score is about the mean of rows like those. Another score is another
draw: it has its own noise, and periods differ. By how much they do, the folds of the training rows
(each answered by a model that has seen earlier rows only) and the held-out rows show together: see
`next_score`. Its middle lies between the held-out score and those of the folds.

What no fold has seen, such as a season or the end of a trend, no fold can show: `still_moves` tells
where the target has not come back to where it was. Rows that were held out at random promise
nothing of later rows or of new groups, only of other rows like these; and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd
from scipy.special import chdtri, expit, logit

from .metric_names import PLAIN_NAMES, shown_score
from .next_score import next_score
from .score_intervals import SHARES, WITHIN_0_1, Spread

LATER, NEW_GROUPS, BOTH = "later rows", "rows of new groups", "later rows of new groups"
OTHERS = "other rows like these"
# What the rows are that a score is promised for, by the split; what a person names promises none
BRINGS = {"time": LATER, "group": NEW_GROUPS, "panel": BOTH, "random": OTHERS}
ALIKE = (NEW_GROUPS, OTHERS)  # in no order: each fold has learnt from as many rows
STRETCHES = 8  # of time, in which the target is compared: their 40,320 orders are all looked at
FEWEST_IN_A_STRETCH = 5  # rows
LEVEL = 0.02  # how often a target that does not move is said to move
BORROWED = 20.0  # degrees of freedom of a score's noise, that the other scores may add
SIZE_OF_LITTLE = 10  # times less than what scores differ by
NOT_LATER = (
    "Of later rows or new groups it promises nothing, because rows were held out at random: where "
    "such come, name `time_column` or `group_column`"
)
UNPROMISED = "Of other rows nothing is promised: nothing here tells how far scores lie apart."
FEWEST_PERIODS = 3  # folds and held-out rows, of different times


@dataclass(frozen=True)
class Before:
    """What is known before the held-out rows are asked.

    `on` says which rows are to come ("later rows", "rows of new groups", "other rows like these"),
    `folds` are the scores of the chosen model on the folds, `moves` whether the target still moves
    with time.
    """

    on: str
    folds: tuple[Spread, ...]
    moves: bool = False


@dataclass(frozen=True)
class LaterScore:
    """The prediction interval of a score (`low`, `high`) on one sample of other rows.

    `periods` says how many folds and held-out sets it rests on; `warning` is empty where it can be
    trusted. `rows` is how many rows the sample has (0: as many as were held out), `units` of how
    many units these are, in words; empty where each row is one.
    """

    metric: str
    low: float
    high: float
    on: str
    periods: int
    warning: str = ""
    rows: int = 0
    units: str = ""


def score_on_later_rows(
    metric: str, held_out: Spread, before: Before, level: float = 0.95, times: float = 1.0
) -> LaterScore | None:
    """The prediction interval; None where there is no held-out score, or nothing tells its noise.

    It is for a sample of so many `times` the units that were held out. Scores are taken on the
    scale of `on_scale`. Of few held-out units it may be narrower than the interval of their score
    alone: the folds tell more than a few units do.

    >>> folds = tuple(Spread(value, 0.02, 90.0, 91) for value in (0.71, 0.74, 0.7, 0.73))
    >>> found = score_on_later_rows("roc_auc", Spread(0.72, 0.02, 90.0, 91),
    ...                             Before("later rows", folds))
    >>> round(found.low, 2), round(found.high, 2)
    (0.66, 0.78)
    """
    scores = _with_noise([on_scale(metric, one) for one in (*before.folds, held_out)])
    known = [at for at, one in enumerate(scores, start=1) if _has_noise(one)]
    if not known or known[-1] != len(scores) or (before.on == OTHERS and len(known) < 2):
        return None
    better = _more_is_better(metric)
    values = better * np.array([scores[at - 1].value for at in known])
    errors, df = _errors([scores[at - 1] for at in known])
    more = {"of_next": errors[-1] / np.sqrt(times), "alike": before.on in ALIKE, "level": level}
    found = next_score(values, errors, known, df, **more)
    low, high = sorted(off_scale(metric, better * np.array(found)).tolist())
    return LaterScore(metric, low, high, before.on, len(known), _warning(before, len(known)))


def on_scale(metric: str, one: Spread) -> Spread:
    """A score where its noise is the same on both sides: the logit of shares and areas, the
    logarithm of errors and of 1 - R². NaN where there is none, as of a perfect score.
    """
    score = np.float64(one.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric in (*SHARES, *WITHIN_0_1):
            value, slope = logit(score), 1 / (score * (1 - score))
        else:
            size = 1 - score if metric == "r2" else np.abs(score)
            value, slope = np.log(size), 1 / size
        return one._replace(value=float(value), standard_error=float(one.standard_error * slope))


def off_scale(metric: str, values: np.ndarray) -> np.ndarray:
    """Scores from values of `on_scale`.

    >>> off_scale("r2", np.log(np.array([0.2]))).round(3).tolist()
    [0.8]
    """
    if metric in (*SHARES, *WITHIN_0_1):
        return expit(values)
    size = np.exp(values)
    return 1 - size if metric == "r2" else size * (-1 if metric.startswith("neg_") else 1)


def _with_noise(scores: list[Spread]) -> list[Spread]:
    """The scores; where none says how far it may be off, each with a little noise of its own.

    So it is with one unit a score (a shop of five): its noise is in what the scores differ by.
    """
    values = np.array([one.value for one in scores])
    known = values[np.isfinite(values)]
    if any(_has_noise(one) for one in scores) or len(known) < FEWEST_PERIODS:
        return scores
    little = np.ptp(known) / SIZE_OF_LITTLE
    return [one._replace(standard_error=little, df=1.0) for one in scores]


def _has_noise(one: Spread) -> bool:
    """Whether a score is defined, and says how far it may be off."""
    return bool(np.isfinite(one.value) and one.standard_error > 0)


def _errors(scores: list[Spread]) -> tuple[np.ndarray, float]:
    """The standard errors of scores, and the degrees of freedom of the last.

    Where few units are judged a score hardly tells its own error: what a unit adds in all of them
    counts too, with up to `BORROWED` degrees of freedom.
    """
    units = np.array([one.units for one in scores])
    df = np.clip([one.df for one in scores], 1.0, 1e6)
    own = np.array([one.standard_error for one in scores]) ** 2
    of_unit = (df * own * units).sum() / df.sum()
    borrowed = min(df.sum(), BORROWED)
    errors = np.sqrt((df * own + borrowed * of_unit / units) / (df + borrowed))
    return errors, float(df[-1] + borrowed)


def between_times(scores: list[Spread], learnt: np.ndarray | None = None) -> tuple[float, float]:
    """The variance of the true score from time to time, and its degrees of freedom.

    What scores differ by beyond their own noise: the random-effects variance of DerSimonian and
    Laird (1986), Controlled Clinical Trials 7, 177-188, with the median of the chi-square
    distribution in place of its mean, so that it is too small no more often than too large. Scores
    without noise are left out.

    A model that has learnt from fewer rows is worse, which later ones will not be: where scores
    rise with `learnt` (a number a score), a line is taken out, as in a meta-regression.

    >>> even = [Spread(0.7, 0.01, 50.0, 51), Spread(0.705, 0.01, 50.0, 51)]
    >>> between_times(even), round(between_times([*even, Spread(0.8, 0.01, 50.0, 51)])[0], 3)
    ((0.0, 1.0), 0.003)
    """
    known = np.array([one.standard_error > 0 and np.isfinite(one.value) for one in scores], bool)
    if known.sum() < 2:
        return 0.0, np.inf
    values, errors = (np.array([one[at] for one in scores])[known] for at in (0, 1))
    level = np.ones((len(values), 1))
    if learnt is not None and len(values) > 3:
        line = np.column_stack([level, learnt[known]])
        variance, free, slope = _random_effects(values, errors, line)
        if slope > 0:
            return variance, free
    return _random_effects(values, errors, level)[:2]


def _random_effects(values: np.ndarray, errors: np.ndarray, design: np.ndarray) -> tuple:
    """The variance beyond `errors` about a weighted fit, its degrees of freedom, the last slope."""
    weights = errors**-2.0
    weighted = weights[:, None] * design
    slopes = np.linalg.solve(design.T @ weighted, weighted.T @ values)
    scatter = (weights * (values - design @ slopes) ** 2).sum()
    free = len(values) - design.shape[1]
    lost = np.linalg.solve(design.T @ weighted, weighted.T @ weighted)
    variance = (scatter - chdtri(free, 0.5)) / (weights.sum() - np.trace(lost))
    return float(max(0.0, variance)), float(free), float(slopes[-1])


def between_periods(metric: str, folds: list[Spread], held_out: Spread) -> tuple[float, float]:
    """The variance between periods that folds by time and the held-out rows show, and its degrees
    of freedom: in the metric's own units, where the held-out score lies (for stage 8).

    Fold k has learnt from the k blocks before it.
    """
    scores = [on_scale(metric, one) for one in (*folds, held_out)]
    between, df = between_times(scores, _learnt(metric, len(scores)))
    if not between:
        return 0.0, df
    slope = scores[-1].standard_error / held_out.standard_error
    return between / slope**2, df


def _learnt(metric: str, periods: int) -> np.ndarray:
    """The logarithm of the rows that a model has learnt from before each period, with the sign of
    better scores on the scale.
    """
    return np.log(np.arange(1, periods + 1)) * _more_is_better(metric)


def _more_is_better(metric: str) -> int:
    """1 where better scores are larger on the scale of `on_scale`, else -1."""
    return 1 if metric in (*SHARES, *WITHIN_0_1) else -1


# --- What no fold has seen ----------------------------------------------------------------------


def still_moves(values: np.ndarray, when: pd.Series) -> bool:
    """Whether the target follows a trend, or a season of which no two have been seen.

    `values` is n × columns (see `task_kind.target_numbers`), `when` n moments or numbers. Time is
    cut into eight stretches; in a trend, or in one long wave, the means of neighbours are closer
    than those of others. The ratio of von Neumann (1941), Annals of Mathematical Statistics 12,
    367-395, is compared with that of all orders of the stretches, so whatever is within a
    stretch, the rate of false alarms is `LEVEL` where stretches are exchangeable.

    >>> still_moves(np.arange(80.0)[:, None], pd.Series(range(80)))
    True
    >>> still_moves(np.tile([0.0, 1.0, 1.0, 0.0], 20)[:, None], pd.Series(range(80)))
    False
    """
    means = _means_of_stretches(values, when)
    if means is None:
        return False
    ratios = _neighbours_apart(means[_orders()])
    return bool((ratios <= ratios[0] * (1 + 1e-9)).mean() <= LEVEL)


def _means_of_stretches(values: np.ndarray, when: pd.Series) -> np.ndarray | None:
    """Stretches × columns, each column of mean 0; None where there are too few rows or moments.

    A moment is in one stretch.
    """
    known = when.notna().to_numpy()
    moment = when[known].rank(method="min").to_numpy() - 1
    stretch = (moment * STRETCHES // max(known.sum(), 1)).astype(int)
    count = np.bincount(stretch, minlength=STRETCHES)
    if count.min() < FEWEST_IN_A_STRETCH:
        return None
    sums = [np.bincount(stretch, one, STRETCHES) for one in values[known].T]
    means = np.stack(sums, axis=1) / count[:, None]
    means = means - means.mean(axis=0)
    return means if means.any() else None


@cache
def _orders() -> np.ndarray:
    """All orders of the stretches, a row an order, as they came first."""
    return np.array(list(permutations(range(STRETCHES))), dtype=np.int8)


def _neighbours_apart(means: np.ndarray) -> np.ndarray:
    """The squared differences of neighbours over the squared means: low in a trend or a wave."""
    steps = (np.diff(means, axis=1) ** 2).sum(axis=(1, 2))
    return steps / (means[0] ** 2).sum()


def _warning(before: Before, periods: int) -> str:
    """Why the interval can't be trusted; empty where it can."""
    if before.moves:
        return "the target still moves, by a trend or a season not seen twice: they may lie outside"
    if before.on not in ALIKE and periods < FEWEST_PERIODS:
        return "too few periods have been seen to tell how much they differ"
    return ""


# --- In words -----------------------------------------------------------------------------------


def describe_promise(promise: dict | None) -> str:
    """The promise in a sentence or two; empty where there is none.

    >>> said = describe_promise({"metric": "roc_auc", "low": 0.66, "high": 0.8, "on": "later rows",
    ...                          "periods": 5, "warning": "", "rows": 800, "units": "31 days"})
    >>> said.partition(" (95")[0]
    'One sample of 800 later rows (31 days) may score ROC AUC **0.66 to 0.80**'
    >>> said.partition(" (95")[2]
    ' % prediction interval: 5 periods, the folds and the held-out rows, show how scores differ).'
    """
    if not promise:
        return ""
    text = (
        f"One sample of {rows_in_words(promise)} may score {PLAIN_NAMES[promise['metric']]} "
        f"**{ends_in_words(promise)}** (95 % prediction interval{_rests_on(promise)})."
    )
    text = f"{text} {NOT_LATER}." if promise["on"] == OTHERS else text
    return f"{text} But {promise['warning']}." if promise["warning"] else text


def _rests_on(promise: dict) -> str:
    """How many scores show how they differ; empty where the held-out one is alone."""
    if promise["periods"] < 2:
        return ""
    what = {NEW_GROUPS: "sets of groups", OTHERS: "sets of rows"}.get(promise["on"], "periods")
    return f": {promise['periods']} {what}, the folds and the held-out rows, show how scores differ"


def rows_in_words(promise: dict) -> str:
    """The rows that a score is promised for, such as "800 later rows (31 days)"."""
    rows, units = promise.get("rows"), promise.get("units")  # missing in runs made earlier
    count = f"{rows:,}" if rows else "as many"
    return f"{count} {promise['on']}" + (f" ({units})" if units else "")


def ends_in_words(promise: dict) -> str:
    """The ends of the interval as text, such as "0.66 to 0.80"."""
    low, high = (shown_score(promise["metric"], promise[end]) for end in ("low", "high"))
    return f"{low} to {high}"
