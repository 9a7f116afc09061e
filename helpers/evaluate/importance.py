"""Which columns a model leans on: how much its score falls when a column is shuffled."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..learning.correlated_columns import groups_of_correlated
from ..learning.labelled_data import Labelled
from ..learning.predicting import predict
from ..learning.score_intervals import paired_gain
from ..learning.task_kind import Task

MOST_ROWS = 1_000  # each is scored so often as there are shuffles, once a column
SHUFFLES = 10
BLOCKS = 40  # of units, for the noise of a fall
SURE = 0.05  # significance level for the whole table
CALL_ROWS = 50_000  # scored in one call


def importance(
    task: Task, model, test: Labelled, rows: int = MOST_ROWS, shuffles: int = SHUFFLES,
    seed: int = 42, columns: list[str] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """How much the main metric falls when columns are shuffled (permutation importance).

    Breiman (2001); the mean of some shuffles, on up to `rows` cleaned test rows; `columns` are
    those that the model uses (None: all). Columns that say nearly the same (`correlated_columns`)
    are shuffled together, since one stands in for the other; a column that is the same in all rows
    of a unit is shuffled by whole units. A row per group of columns, the largest fall first:
    `columns` (a list), `fall`, its 95 % interval `low` to `high` by unit, and whether it is `sure`:
    above 0 beyond chance, corrected for the number of groups (Bonferroni).
    """
    some = test.at(evenly_spaced(len(test.y), rows))
    used = some.X if columns is None else some.X[columns]
    groups, random = groups_of_correlated(used), np.random.default_rng(seed)
    answer = predict(task, model, some.X)
    found = []
    for group in groups:
        copies = [_shuffled(some, group, random) for _ in range(shuffles)]
        found.append(_fall(task, some, answer, _predict_all(task, model, copies), shuffles))
    table = pd.DataFrame(found, index=[" + ".join(group) for group in groups])
    table["sure"] = table.pop("p") * len(groups) < SURE
    table.insert(0, "columns", groups)
    return table.sort_values("fall", ascending=False, kind="stable").rename_axis("columns shuffled")


def _shuffled(some: Labelled, columns: list[str], random) -> pd.DataFrame:
    """The rows with some columns shuffled together; by units where they are constant there."""
    order = random.permutation(len(some.X))
    unit = None if some.unit is None else pd.factorize(some.unit)[0]
    if unit is not None and _constant_within(some.X[columns], unit):
        first = np.unique(unit, return_index=True)[1]
        order = first[random.permutation(len(first))[unit]]
    return some.X.assign(**{name: some.X[name].array.take(order) for name in columns})


def _constant_within(X: pd.DataFrame, unit: np.ndarray) -> bool:
    """Whether each column has one value in all rows of a unit, and some unit has several rows."""
    if len(np.unique(unit)) == len(unit):
        return False
    return bool((X.groupby(unit).nunique(dropna=False) <= 1).all(axis=None))


def _predict_all(task: Task, model, copies: list[pd.DataFrame]) -> tuple:
    """The answers to all copies, one after the other, in as few calls as memory allows."""
    at_once = max(CALL_ROWS // max(len(copies[0]), 1), 1)
    parts = [pd.concat(copies[i : i + at_once], ignore_index=True)
             for i in range(0, len(copies), at_once)]  # fmt: skip
    answers = [predict(task, model, part) for part in parts]
    prediction = np.concatenate([one[0] for one in answers])
    return prediction, None if answers[0][1] is None else np.concatenate([p for _, p in answers])


def _fall(task: Task, some: Labelled, answer: tuple, shuffled: tuple, shuffles: int) -> dict:
    """The fall of the metric over all shuffles, its interval by unit, and its p-value."""
    prediction, probability = answer
    whole = (np.tile(prediction, shuffles),
             None if probability is None else np.tile(probability, (shuffles, 1)))  # fmt: skip
    unit = np.arange(len(some.y)) if some.unit is None else pd.factorize(some.unit)[0]
    block = np.random.default_rng(0).permutation(unit.max() + 1)[unit] % BLOCKS
    gain = paired_gain(task, np.tile(some.y, shuffles), shuffled, whole,
                       unit=np.tile(block, shuffles))  # fmt: skip
    return {"fall": gain.value, "low": gain.low, "high": gain.high, "p": gain.p_better}


def columns_by_importance(falls: pd.DataFrame) -> list[str]:
    """All columns, those of the largest fall first."""
    return [name for columns in falls["columns"] for name in columns]


def describe_importance(falls: pd.DataFrame, rows: int) -> str:
    """A sentence that names the most important columns; `rows` counts the held-out ones."""
    measured = f"mean of {SHUFFLES} shuffles of {min(rows, MOST_ROWS):,} of {rows:,} held-out rows"
    sure = falls[falls["sure"]]
    if sure.empty:
        return f"No column's fall can be told from chance ({measured})."
    top = [f"**{name}** ({one['fall']:.2g}, {one['low']:.2g} to {one['high']:.2g})"
           for name, one in sure.head(3).iterrows()]  # fmt: skip
    rest = len(falls) - len(sure)
    text = f"Shuffled, {'these cost' if len(top) > 1 else 'this costs'} most: {', '.join(top)}; "
    text += f"95 % intervals, {measured}."
    return f"{text} The falls of {rest} others can't be told from chance." if rest else text
