"""The answers of the chosen model to validation rows, as stage 5 keeps them.

Each comes from a model that has not seen the row, so its errors are those of new rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..learning.labelled_data import Labelled
from ..learning.task_kind import Task

NAME, FILE = "fold_answers", "data/fold_answers.parquet"
PROBABILITY = "probability_"


@dataclass(frozen=True)
class FoldAnswers:
    """n answers: the `truth`, what was `predicted` (n × classes probabilities, or n numbers).

    `row` is each row's position in the raw table, `fold` the fold that it was validated in, `unit`
    the unit that it belongs to (None: each row is its own); `unit_name` is what units are
    called, `by_time` whether folds were validated by earlier rows only.
    """

    truth: np.ndarray
    predicted: np.ndarray
    row: np.ndarray
    fold: np.ndarray
    unit: np.ndarray | None = None
    unit_name: str = "rows"
    by_time: bool = False

    def at(self, positions: np.ndarray) -> FoldAnswers:
        """The answers at some positions."""
        unit = None if self.unit is None else self.unit[positions]
        parts = (one[positions] for one in (self.truth, self.predicted, self.row, self.fold))
        return FoldAnswers(*parts, unit, self.unit_name, self.by_time)


def keep_fold_answers(work, task: Task, answers: FoldAnswers) -> None:
    """Write the answers as `data/fold_answers.parquet`. `work` is the open stage 5."""
    table = {"row": answers.row, "fold": answers.fold, "truth": answers.truth}
    if answers.unit is not None:
        table |= {"unit": answers.unit}
    if task.is_regression:
        table |= {"predicted": answers.predicted}
    else:
        columns = answers.predicted.T
        table |= {PROBABILITY + c: v for c, v in zip(task.classes, columns, strict=True)}
    work.write_table(NAME, pd.DataFrame(table))


def read_fold_answers(work, rows: Labelled) -> FoldAnswers | None:
    """The answers that stage 5 has kept; None of a run from before it did.

    `work` is an open stage, `rows` are the run's labelled rows.
    """
    if not work.run.file(FILE).exists():
        return None
    table, task = work.read_table(NAME), rows.task
    if task.is_regression:
        predicted = table["predicted"].to_numpy(float)
    else:
        predicted = table[[PROBABILITY + c for c in task.classes]].to_numpy(float)
    unit = table["unit"].to_numpy(object) if "unit" in table else None
    by_row = (table[name].to_numpy() for name in ("row", "fold"))
    name = rows.units.noun if unit is not None else "rows"
    return FoldAnswers(table["truth"].to_numpy(), predicted, *by_row, unit, name, rows.by_time)
