"""Partial dependence: the mean prediction along one column, all others as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_counted, is_date, is_number
from ..learning.predicting import predict
from ..learning.task_kind import Task

PARTIAL_ROWS, PARTIAL_POINTS = 200, 9


def partial_dependence(task: Task, model, X: pd.DataFrame, columns: list[str]) -> dict:
    """The mean prediction with one column set to each of some values and all others as they are.

    Friedman (2001). For two classes the probability of yes, for several that of the commonest
    class, for numbers the number. Returns for each column a Series: value to mean prediction.
    """
    some = X.iloc[evenly_spaced(len(X), PARTIAL_ROWS)]
    frames, values = [], {}
    for name in columns:
        values[name] = _values_of(X[name])
        frames += [some.assign(**{name: _filled(some[name], value)}) for value in values[name]]
    if not frames:
        return {}
    prediction, probability = predict(task, model, pd.concat(frames, ignore_index=True))
    answers = prediction if probability is None else probability[:, _watched(task, probability)]
    means = iter(np.asarray(answers, float).reshape(-1, len(some)).mean(axis=1))
    return {name: pd.Series([next(means) for _ in points], index=pd.Index(points, name=name))
            for name, points in values.items()}  # fmt: skip


def _watched(task: Task, probability: np.ndarray) -> int:
    if task.kind == "binary":
        return task.classes.index(task.positive)
    return int(probability.mean(axis=0).argmax())


def _values_of(column: pd.Series) -> list:
    present = column.dropna()
    if is_number(column):
        numbers = present.astype("float64")
        if numbers.nunique() > PARTIAL_POINTS:
            return _spread(numbers)
        return np.unique(numbers).tolist()
    return present.value_counts().head(8).index.tolist()


def _spread(numbers: pd.Series) -> list[float]:
    """Some quantiles; of a column that is nearly always the same, those of its different values."""
    places = np.linspace(0.02, 0.98, PARTIAL_POINTS)
    found = np.unique(numbers.quantile(places))
    if len(found) < PARTIAL_POINTS // 2:
        found = np.unique(np.r_[found, np.quantile(numbers.unique(), places)])
    return found.tolist()


def _filled(column: pd.Series, value) -> pd.Series:
    return pd.Series([value] * len(column), index=column.index).astype(
        "float64" if pd.api.types.is_integer_dtype(column.dtype) else column.dtype
    )


def dependence_picture(
    task: Task, model, X: pd.DataFrame, falls: pd.DataFrame, units: dict, most: int = 4
):
    """The mean prediction along the most important columns; None where it has none.

    Of columns that were shuffled together the first one is drawn. `units` has the unit of
    measurement of some columns.
    """
    from ..pages import model_plots

    leading = [columns[0] for columns in falls.loc[falls["sure"], "columns"]]
    names = [name for name in leading if _can_be_set(X[name])][:most]
    found = partial_dependence(task, model, X, names)
    if task.kind == "regression":
        answer = f"{task.target}"
    else:
        event = f"{task.target} = {task.positive}" if task.positive else "the commonest class"
        answer = f"probability of {event}"
    named = {f"{c} ({units[c]})" if c in units else c: means for c, means in found.items()}
    return model_plots.dependence(named, answer, height=2.8) if found else None


def _can_be_set(column: pd.Series) -> bool:
    """Whether it means something to set all cells to one value: not for dates, texts, keys."""
    if is_date(column):
        return False
    return is_counted(column) or 1 < column.nunique() <= 100
