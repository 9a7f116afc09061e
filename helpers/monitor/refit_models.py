"""The champion's recipe fitted again with later rows: for a challenger, and for policies."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..learning.labelled_data import Labelled
from ..learning.units import unit_labels
from ..pipeline import whole_pipeline
from .production_rows import UNDATED, Production


def newer_half(production: Production) -> np.ndarray:
    """A mask of the later rows to compare models on: the newer half of those with labels.

    In whole periods; of one period it is the half that came last. Undated rows are not among them:
    nothing says that they are newer.
    """
    labelled = production.labelled & (production.period != UNDATED)
    periods = np.unique(production.period[labelled])
    if len(periods) > 1:
        return labelled & np.isin(production.period, periods[len(periods) // 2 :])
    return labelled & (labelled.cumsum() > labelled.sum() // 2)


class Refits:
    """The champion's recipe, fitted again on all rows with labels before a period; each only once.

    The cleaner stays: rows are cleaned already, and both models get the same ones.
    """

    def __init__(self, production: Production):
        self.production = production
        self._made: dict[str, tuple[Pipeline, float]] = {}

    def before(self, period: str) -> tuple[Pipeline, float]:
        """The model as it would be at the beginning of the period, and the seconds it took."""
        if period not in self._made:
            began = time.perf_counter()
            model = refitted(self.production, self.production.period < period)
            self._made[period] = model, time.perf_counter() - began
        return self._made[period]


def refit_challenger(production: Production, refits: Refits) -> tuple[Pipeline, np.ndarray]:
    """A challenger that has seen the earlier half of the later rows too, and the rows to compare.

    Returns (challenger, mask of later rows that neither model has seen).
    """
    newer = newer_half(production)
    first = production.period[newer].min()
    if (production.period[production.labelled] < first).any():
        return refits.before(first)[0], newer
    return refitted(production, ~newer), newer


def refitted(production: Production, earlier: np.ndarray) -> Pipeline:
    """The champion's recipe fitted again, on the rows it knows and those of `earlier` (a mask)."""
    known, more = production.known, production.at(earlier & production.labelled)
    X = pd.concat([known.X, more.X[known.X.columns]], ignore_index=True)
    y = np.concatenate([known.y, more.y])
    return whole_pipeline.refit(production.champion, X, y, units=_with_units(known, more, X, y))


def _with_units(known: Labelled, more: Production, X: pd.DataFrame, y) -> Labelled | None:
    """The rows that the champion knows, then the others, with their units; None: each its own."""
    if known.unit is None:
        return None
    unit = np.concatenate([known.unit, unit_labels(known.units, more.X)])
    named = {"by_time": known.by_time, "unit": unit, "units": known.units}
    return Labelled(known.task, X, y, np.arange(len(y)), **named)
