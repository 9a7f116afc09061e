"""The answers for the held-out rows, kept by stage 6: two runs are compared row by row by them.

Asking held-out rows again would wear them out; what was answered once can be read again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from .labelled_data import Labelled
from .score_intervals import JudgedRows
from .task_kind import Task

FILE = "data/held_out_answers.parquet"
PROBABILITY = "probability_"


def keep_answers(work, test: Labelled, prediction, probability=None) -> None:
    """Keep what the model answered for the held-out rows `test`. `work` is the open stage 6.

    The table has the columns `row`, `truth`, `prediction`, `probability_<class>`, and `unit` where
    rows of a unit are not independent.
    """
    table = {"row": test.row, "truth": test.y, "prediction": prediction}
    if test.unit is not None:
        table |= {"unit": test.unit}
    if probability is not None:
        columns = np.asarray(probability).T
        table |= {PROBABILITY + c: v for c, v in zip(test.task.classes, columns, strict=True)}
    work.write_table("held_out_answers", pd.DataFrame(table))


def read_answers(run) -> pd.DataFrame | None:
    """The answers that a run has kept, by `row`; None of a run that has kept none."""
    path = run.file(FILE)
    return pd.read_parquet(path).set_index("row").sort_index() if path.exists() else None


def judged(task: Task, answers: pd.DataFrame) -> JudgedRows:
    """Stored answers as `score_intervals` takes them."""
    columns = [PROBABILITY + name for name in task.classes]
    probability = answers[columns].to_numpy() if set(columns) <= set(answers) and columns else None
    unit = answers["unit"].to_numpy() if "unit" in answers else None
    return JudgedRows(*(answers[c].to_numpy() for c in ("truth", "prediction")), probability, unit)


def check_same_rows(names: list[str], answers: list[pd.DataFrame | None]) -> None:
    """Raise InputError, in a line, where two runs did not answer the same held-out rows.

    `names` and `answers` are of the two runs, the answers as `read_answers` gives them.
    """
    for name, kept in zip(names, answers, strict=True):
        if kept is None:
            raise InputError(
                f"{name} has not kept its answers for the held-out rows: run its stage 6 again "
                f"(pipeline run --name {name} --stages 6)."
            )
    one, other = answers
    only = [one.index.difference(other.index), other.index.difference(one.index)]
    if any(map(len, only)):
        raise InputError(_differ(names, only, len(one.index.intersection(other.index))))
    changed = one.index[(one["truth"] != other["truth"]).to_numpy()]
    if len(changed):
        raise InputError(
            f"{' and '.join(names)} were tested on other rows: {len(changed):,} of {len(one):,} "
            f"have another label, the first of them row {changed[0]}."
        )


def _differ(names: list[str], only: list[pd.Index], both: int) -> str:
    """How many held-out rows only one of two runs has, and which is the first."""
    parts = [
        f"{len(rows):,} only by {name} (such as row {rows[0]})"
        for name, rows in zip(names, only, strict=True)
        if len(rows)
    ]
    return (
        f"{' and '.join(names)} were tested on other rows: {both:,} are held out by both, "
        f"{', '.join(parts)}. Give both runs the same rows and the same split."
    )
