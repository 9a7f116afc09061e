"""What the page "What if" needs to give reasons of an answer: exact ones alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..answers.additive import EXACT, NUMBER
from ..answers.carried_reasons import CARRIED
from ..answers.reasons import MOST_EXAMPLES, Reasons
from ..base.spacing import evenly_spaced
from ..learning.task_kind import Task
from ..pipeline import described
from ..pipeline.compiled import Compiled


def why_content(
    compiled: Compiled, model: Pipeline, examples: pd.DataFrame | None, x: np.ndarray
) -> dict | None:
    """How features belong to columns, and the features that linear models are compared with.

    `expected` is what the `columns` add to the answers of n rows (n × features), `base` what is
    added to: the page checks itself by them. `turned`: the model's second class is the negative
    one. None for several classes, for reasons that are near or sampled, and without `examples`.
    """
    task = compiled.task
    if examples is None or task.kind == "multiclass":
        return None
    reasons = Reasons.of(task, model, examples)
    if reasons.error not in (EXACT, CARRIED):
        return None
    place = task.classes.index(task.positive) if task.positive else 0
    scale = reasons.additive.scale
    base = reasons.base if task.is_regression else reasons.base_of(place)
    numbers = {"mean": _usual(model, examples), "base": base,
               "expected": reasons.of_rows(x, [place] * len(x))}  # fmt: skip
    about = {"columns": reasons.columns, "scale": scale, "error": reasons.error}
    origins = [[reasons.columns.index(name) for name in one] for one in compiled.features.origins()]
    turned = scale != NUMBER and _is_turned(task, reasons)
    return described.packed(numbers | about | {"origins": origins, "turned": turned})


def _is_turned(task: Task, reasons: Reasons) -> bool:
    return bool(task.classes) and reasons.places[task.classes.index(task.positive)] == 0


def _usual(model: Pipeline, examples: pd.DataFrame) -> np.ndarray:
    """The mean features of the rows that `Reasons` compares with."""
    some = examples.iloc[evenly_spaced(len(examples), min(MOST_EXAMPLES, len(examples)))]
    return np.asarray(model[:-1].transform(some), dtype=float).mean(axis=0)
