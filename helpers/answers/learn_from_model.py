"""What the folds' answers tell of a fitted pipeline: features of their rows, and its decision."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..learning.decision_rule import decision_rule
from ..learning.labelled_data import Labelled
from .certainty import Certainty, learn_certainty
from .fold_answers import FoldAnswers

FEWEST = 10  # answers of the folds


def certainty_of(
    rows: Labelled, answers: FoldAnswers | None, model: Pipeline, refitted: bool = False
) -> Certainty | None:
    """How sure the answers of a fitted pipeline are; None where the folds' answers tell too little.

    `rows` are cleaned labelled rows, the training rows among them; `model` takes raw rows.
    `refitted` says that it was fitted on more rows than the model of the folds.
    """
    if answers is None or len(answers.truth) < FEWEST:
        return None
    task = rows.task
    if not task.is_regression:
        rule = decision_rule(model)
        return learn_certainty(task, answers, rule=rule, refitted=refitted)
    places = pd.Index(rows.row).get_indexer(answers.row)
    X = np.asarray(model[1:-1].transform(rows.X.iloc[places]))
    return learn_certainty(task, answers, X, refitted=refitted)
