"""Which columns matter.

A model of numbers that uses two columns and, with a small weight that it has learnt from noise,
six that say nothing.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from helpers.evaluate.importance import importance
from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import Task

from . import Simulation

NUMBER = Task("y", "regression")
NOISE = [f"noise_{number}" for number in range(6)]


def rows_of(random, rows: int, each: int) -> Labelled:
    """Two columns that matter, six that do not; `each` rows of a unit share the columns."""
    units = rows // each
    X = pd.DataFrame(random.normal(size=(units, 8)), columns=["strong", "weak", *NOISE])
    X = X.loc[np.repeat(np.arange(units), each)].reset_index(drop=True)
    own = np.repeat(random.normal(size=units), each) if each > 1 else 0.0
    y = (X["strong"] + 0.4 * X["weak"] + own + random.normal(size=rows)).to_numpy()
    unit = None if each == 1 else np.repeat(np.arange(units), each).astype(str)
    return Labelled(NUMBER, X, y, np.arange(rows), unit=unit)


def named(random, rows: int, each: int = 1) -> dict[str, float]:
    """Whether a column of noise is said to matter, and whether those that do are."""
    learn, test = rows_of(random, 100 * each, each), rows_of(random, rows, each)
    model = LinearRegression().fit(learn.X, learn.y)
    falls = importance(NUMBER, model, test, seed=int(random.integers(1_000_000)))
    sure = set(falls.index[falls["sure"]])
    return {
        "a noise column is named": float(bool(sure & set(NOISE))),
        "noise columns with a fall above 0": float((falls.loc[NOISE, "fall"] > 0).mean()),
        "the strong column is named": float("strong" in sure),
        "the weak column is named": float("weak" in sure),
    }


GOALS = {"a noise column is named": (None, 0.05), "the strong column is named": (0.8, None)}
SIMULATIONS = [
    Simulation("1,000 rows", partial(named, rows=1_000),
               GOALS | {"the weak column is named": (0.8, None)}, quick=3),
    Simulation("200 rows", partial(named, rows=200), GOALS, quick=3),
    Simulation("60 customers with 5 rows each", partial(named, rows=300, each=5), GOALS, quick=3),
]  # fmt: skip
