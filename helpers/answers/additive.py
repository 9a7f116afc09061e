"""A score as a sum: a base, and what each column of the table adds to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, singledispatch

import numpy as np

from ..base.user_errors import InputError

LOG_ODDS, PROBABILITY, NUMBER = "log odds", "probability", "number"
EXACT = "exact"


@dataclass(frozen=True)
class About:
    """What an additive form needs beside the model.

    `shares` (features × columns) says how much of each feature belongs to which column; `ask` gives
    the features of some rows of training, n × features. `exact`: also where that takes long.
    """

    shares: np.ndarray
    ask: Callable[[], np.ndarray] | None = None
    exact: bool = False

    @cached_property
    def background(self) -> np.ndarray:
        """The features of some rows of training; InputError where there are none."""
        if self.ask is None:
            raise InputError(
                "Reasons of this model need rows to compare with, and the bundle holds none: "
                "write it again with `pipeline run --stages 7`."
            )
        return self.ask()


class Additive:
    """base + contributions = score, of K scores a row: one a class; one of numbers or two classes.

    Of two classes it is that of the second of the model. `scale` is what the scores are: the log
    odds of two classes, or one margin for each of several, of which only differences count;
    probabilities; or numbers. `error` says how exact the contributions are; the sum always is.
    """

    scale, error = NUMBER, EXACT
    base: np.ndarray

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns: what each column adds to each score of one row of features."""
        return self.rows(x[None])[0]

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        raise NotImplementedError

    def deviations(self, x: np.ndarray) -> np.ndarray:
        """K × columns: the standard errors of the contributions; 0 where none is sampled."""
        return np.zeros_like(self.row(x))


@singledispatch
def additive_model(model, about: About) -> Additive:
    """The additive form of a fitted model, by its class; `additive_models` registers them."""
    raise NotImplementedError(f"There is no additive form of {type(model).__name__}.")
