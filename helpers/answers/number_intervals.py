"""Intervals for predicted numbers: the spread and the scale that give the best ones.

Every candidate is learnt on some units and scored on the others, in turn, so that scores are those
of new rows, as the predictions are that they come from (Barber et al. 2021, CV+).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from sklearn.model_selection import GroupKFold

from ..base.spacing import evenly_spaced
from .score_quantiles import ScoreQuantiles, unit_weights
from .spreads import SMALL, SPREADS, Even

JUDGED_AT = 0.9  # the level at which candidates are compared
PARTS = 4  # of the units, which take turns
GAIN = 0.02  # by how much better a spread with more to learn must be
FEWEST = 100  # rows, and
FEWEST_UNITS = 20  # units, from which on trees may learn a spread
MOST_ROWS = 8_000  # evenly spaced, of which scores and spreads are learnt
AT_AN_END = 0.01  # share of the rows that lies at the lowest (or highest) number: nothing beyond it
RANGE = 3.0  # of positive numbers, from which on their logarithm is tried


@dataclass(frozen=True)
class NumberIntervals:
    """What is needed to give an interval: scores, the spread, and what no number lies beyond.

    With `logarithm` distances are those of the logarithms; predictions below `least` count as it.
    """

    quantiles: ScoreQuantiles
    spread: Even = field(default_factory=Even)
    logarithm: bool = False
    least: float = 0.0
    lowest: float = -np.inf
    highest: float = np.inf
    why_lowest: str = ""
    why_highest: str = ""

    def interval(self, prediction: np.ndarray, X: np.ndarray, level: float) -> np.ndarray:
        """n × 2 ends, of n predictions and their n × features."""
        prediction = np.asarray(prediction, float)
        below, above = self.spread.scales(_with_prediction(X, prediction))
        far = self.quantiles.at(level)
        centre = self.centre(prediction)
        ends = np.column_stack([centre - far * below, centre + far * above])
        return self.within(ends)

    def interval_row(self, prediction: float, x: np.ndarray, level: float) -> tuple[float, float]:
        """The two ends of one row."""
        prediction = float(prediction)
        row = np.append(x, prediction) if self.spread.models else x
        below, above = self.spread.row_scales(row)
        far, centre = self.quantiles.at(level), self.centre(prediction)
        low, high = self.within(np.array([centre - far * below, centre + far * above]))
        return float(low), float(high)

    def centre(self, prediction):
        """A prediction on the scale on which distances are taken."""
        return np.log(np.maximum(prediction, self.least)) if self.logarithm else prediction

    def within(self, ends: np.ndarray) -> np.ndarray:
        """Ends on the scale of the predictions, within what can be."""
        if self.logarithm:
            with np.errstate(over="ignore"):
                ends = np.exp(ends)
        return np.clip(ends, self.lowest, self.highest)


def _with_prediction(X: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Features with the prediction as the last column."""
    return np.column_stack([np.asarray(X, float).reshape(len(prediction), -1), prediction])


@dataclass(frozen=True)
class _Rows:
    """What a spread is learnt from: n truths, predictions, features and units."""

    truth: np.ndarray
    predicted: np.ndarray
    X: np.ndarray
    unit: np.ndarray | None

    @property
    def units(self) -> int:
        """How many units there are."""
        return unit_weights(self.unit, len(self.truth))[1]


def learn_intervals(truth, predicted, X=None, unit=None, seed: int = 42) -> NumberIntervals:
    """The best intervals for numbers like these: `truth` and out-of-fold `predicted`, n each.

    `X` is n × features (None: the prediction alone is known), `unit` the unit of each row.
    """
    X = np.empty((len(truth), 0)) if X is None else X
    rows = _some(_Rows(np.asarray(truth, float), np.asarray(predicted, float), X, unit))
    ends = bounds(rows.truth)
    tried = [_Tried(rows, kind, log, ends, seed) for kind, log in _candidates(rows)]
    best = tried[0]
    for one in tried[1:]:
        if one.score < best.score * (1 - GAIN):
            best = one
    return best.learnt()


def _candidates(rows: _Rows) -> list[tuple[str, bool]]:
    """The spreads that so many rows and units can tell, on numbers as they are and (positive ones
    that differ much) on their logarithms.
    """
    low, high = rows.truth.min(), rows.truth.max()
    enough = len(rows.truth) >= FEWEST and rows.units >= FEWEST_UNITS
    plain = [(kind, False) for kind in SPREADS] if enough else [("even", False)]
    positive = [("even", True), ("scaled", True)] if low > 0 and high > RANGE * low else []
    return plain + [one for one in positive if enough or one[0] == "even"]


def bounds(truth: np.ndarray) -> dict:
    """What no number is taken to lie beyond, and why.

    >>> bounds(np.array([0.0, 2, 5, 9]))["lowest"], bounds(np.array([-1.0, 3]))["lowest"]
    (0.0, -inf)
    """
    low, high, rows = float(truth.min()), float(truth.max()), len(truth)
    found: dict = {}
    if low >= 0:
        found = {"lowest": 0.0, "why_lowest": "no training row is negative"}
    for end, name in ((low, "lowest"), (high, "highest")):
        share = float((truth == end).mean())
        if share >= AT_AN_END and rows * share >= 10:
            said = f"{share:.0%} of the training rows stand exactly at {end:.6g}, none beyond it"
            found |= {name: end, f"why_{name}": said}
    return {"lowest": -np.inf, "highest": np.inf} | found


class _Tried:
    """One spread on one scale, tried: each row by a spread that was learnt on other units.

    `score` is its mean interval score, a unit counting once.
    """

    def __init__(self, rows: _Rows, kind: str, logarithm: bool, ends: dict, seed: int):
        least = float(rows.truth.min()) if logarithm else 0.0
        plain = NumberIntervals(ScoreQuantiles.of(np.empty(0)), Even(), logarithm, least, **ends)
        centre, weights = plain.centre(rows.predicted), unit_weights(rows.unit, len(rows.truth))[0]
        residuals = plain.centre(rows.truth) - centre
        X = _with_prediction(rows.X, rows.predicted)
        self._fit, self._rows = SPREADS[kind].fit, (X, residuals, weights, seed)
        below, above = _scales_in_turn(self._fit, *self._rows, rows.unit)
        quantiles = ScoreQuantiles.of(np.maximum(-residuals / below, residuals / above), rows.unit)
        self._made = replace(plain, quantiles=quantiles)
        far = quantiles.at(min(JUDGED_AT, quantiles.highest_level))
        found = self._made.within(np.column_stack([centre - far * below, centre + far * above]))
        self.score = float(np.average(interval_score(found, rows.truth), weights=weights)) + SMALL

    def learnt(self) -> NumberIntervals:
        """The intervals, with the spread that all rows have taught."""
        return replace(self._made, spread=self._fit(*self._rows))


def _scales_in_turn(fit, X, residuals, weights, seed, unit) -> tuple[np.ndarray, np.ndarray]:
    """The scales of each row, by a spread that was learnt on rows of other units."""
    below, above = np.empty(len(residuals)), np.empty(len(residuals))
    for learn, asked in parts_in_turn(unit, len(residuals), seed):
        shares = weights[learn] / weights[learn].sum()
        spread = fit(X[learn], residuals[learn], shares, seed)
        below[asked], above[asked] = spread.scales(X[asked])
    return below, above


def interval_score(ends: np.ndarray, truth: np.ndarray, level: float = JUDGED_AT) -> np.ndarray:
    """The width of each interval, and how far a truth lies outside, times 2 / (1 - level).

    Winkler 1972; Gneiting and Raftery 2007. Of intervals with one coverage the mean width alone
    would favour those that miss the hard rows; this is least for the true quantiles of each row.

    >>> interval_score(np.array([[0.0, 2.0], [0.0, 2.0]]), np.array([1.0, 3.0])).round(6).tolist()
    [2.0, 22.0]
    """
    outside = np.maximum(ends[:, 0] - truth, 0) + np.maximum(truth - ends[:, 1], 0)
    return ends[:, 1] - ends[:, 0] + 2 / (1 - level) * outside


def _some(rows: _Rows) -> _Rows:
    """Evenly spaced rows, where there are many."""
    if len(rows.truth) <= MOST_ROWS:
        return rows
    kept = evenly_spaced(len(rows.truth), MOST_ROWS)
    unit = None if rows.unit is None else rows.unit[kept]
    return _Rows(rows.truth[kept], rows.predicted[kept], rows.X[kept], unit)


def parts_in_turn(unit: np.ndarray | None, rows: int, seed: int):
    """Positions to learn from and to score, part by part; units stay whole and are drawn."""
    place = np.arange(rows) if unit is None else np.unique(unit.astype(str), return_inverse=True)[1]
    count = len(np.unique(place))
    if count < 2:
        return iter([(np.arange(rows), np.arange(rows))])
    drawn = np.random.default_rng(seed).permutation(count)[place]
    return GroupKFold(min(PARTS, count)).split(drawn, groups=drawn)
