"""A small model that answers nearly as a large one does: fewer trees, or boosting on its answers.

Where a model is too large to carry, or has no written form, its answers are: a small model is
fitted on them (Buciluă, Caruana and Niculescu-Mizil 2006, "Model compression"), and how close it
comes is measured on other rows.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)

from .calibrated_model import MIN_PROBABILITY
from .parallel_trees import ParallelTrees, boosting_trees

SETTINGS = {"max_iter": 200, "max_leaf_nodes": 31, "learning_rate": 0.1, "early_stopping": False}
MOST_ROWS = 20_000  # to learn from
MOST_TREES = 1_000  # of all classes together
FORESTS = RandomForestClassifier, RandomForestRegressor
VOTING = VotingClassifier, VotingRegressor


@dataclass(frozen=True)
class SmallModel:
    """Boosted trees for a number, for the log-odds of two classes, or one sum for each of more."""

    members: list[HistGradientBoostingRegressor]
    is_number: bool

    def answers(self, x: np.ndarray) -> np.ndarray:
        """n numbers, or n × classes probabilities, of n × features."""
        margins = np.column_stack([member.predict(x) for member in self.members])
        if self.is_number:
            return margins[:, 0]
        if len(self.members) > 1:
            return softmax(margins, axis=1)
        return np.column_stack([1 - expit(margins[:, 0]), expit(margins[:, 0])])

    def described(self) -> dict:
        """As a boosting model describes itself (see `compiled_models.Boosting`)."""
        rounds = zip(*([tree for (tree,) in m._predictors] for m in self.members), strict=True)
        trees = ParallelTrees(boosting_trees(list(rounds)))
        start = np.ravel([member._baseline_prediction for member in self.members])
        own = {"columns": len(self.members), "start": start, "is_number": self.is_number}
        return {"kind": "boosting"} | trees.described() | own


def distilled(x: np.ndarray, answers: np.ndarray, seed: int = 42) -> SmallModel:
    """A small model of n × features and a large model's answers: n numbers, or n × classes."""
    is_number = answers.ndim == 1
    margins = answers[:, None] if is_number else _margins(answers)
    rounds = max(20, min(SETTINGS["max_iter"], MOST_TREES // margins.shape[1]))
    maker = SETTINGS | {"max_iter": rounds, "random_state": seed}
    members = [HistGradientBoostingRegressor(**maker).fit(x, own) for own in margins.T]
    return SmallModel(members, is_number)


def count_nodes(described: dict | None) -> int:
    """How many nodes of trees a described model has, those of models inside it among them."""
    if described is None:
        return 0
    inner = [*described.get("members", ()), *filter(None, [described.get("inner")])]
    return len(described.get("left", ())) + sum(map(count_nodes, inner))


def has_forest(model) -> bool:
    """Whether a fitted model is a random forest, or has one inside."""
    return isinstance(model, FORESTS) or any(map(has_forest, _inside(model)))


def with_fewer_trees(model, share: float, fewest: int = 5):
    """A fitted model with the first trees of each forest in it, a share of them; the rest as it is.

    The trees of a forest are exchangeable, so its first ones answer as it does, but less evenly.
    """
    made = copy(model)
    if isinstance(model, FORESTS):
        count = max(fewest, int(share * len(model.estimators_)))
        made.estimators_ = model.estimators_[:count]
    elif isinstance(model, VOTING):
        made.estimators_ = [with_fewer_trees(one, share) for one in model.estimators_]
    elif hasattr(model, "estimator_"):
        made.estimator_ = with_fewer_trees(model.estimator_, share)
    return made


def _inside(model) -> list:
    if isinstance(model, VOTING):
        return list(model.estimators_)
    return [model.estimator_] if hasattr(model, "estimator_") else []


def _margins(probability: np.ndarray) -> np.ndarray:
    """The log-odds of two classes, or the logarithms of more; n × 1, or n × classes."""
    logs = np.log(np.clip(probability, MIN_PROBABILITY, 1))
    return logs if probability.shape[1] > 2 else logs[:, 1:] - logs[:, :1]
