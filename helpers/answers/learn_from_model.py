"""What the folds' answers tell of a fitted pipeline: features of their rows, and its decision."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ..learning.decision_rule import decision_rule
from ..learning.inner_folds import units_kept_whole
from ..learning.labelled_data import TRAIN, Labelled
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
    known = rows if refitted else rows.of(TRAIN)
    places = pd.Index(known.row).get_indexer(answers.row)
    X = features_as_learnt(model, known)[places]
    return learn_certainty(task, answers, X, refitted=refitted)


def features_as_learnt(model: Pipeline, known: Labelled) -> np.ndarray:
    """The features (n × features) of the rows that a pipeline was fitted on, as its model got them.

    A category that is encoded by the target has the mean of other rows there, as it has in new
    rows. `transform` would give each row a number that its own label is part of.
    """
    maker = clone(model[1:-1])
    with units_kept_whole(maker, known):
        return np.asarray(maker.fit_transform(known.X, known.y))
