"""How sure an answer is: intervals of numbers, sets of classes, and rows for a person.

All of it is learnt from the answers of the folds (see `helpers.answers.fold_answers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..learning.decision_rule import DecisionRule
from ..learning.task_kind import Task
from .abstention import Abstention, learn_abstention
from .class_sets import ClassSets, learn_sets
from .fold_answers import FoldAnswers
from .number_intervals import NumberIntervals, learn_intervals
from .score_quantiles import checked_level, unit_weights

FEW_UNITS = 20
NO_CLASSES = "A set is one of classes, and this model predicts numbers."
NO_PERSON = "Only answers of classes go to a person: this model predicts numbers."


@dataclass(frozen=True)
class Certainty:
    """What the folds' answers tell of later ones; `model/certainty.json` of a bundle.

    `numbers` is there for numbers, `classes` and `abstention` are for classes. It was learnt from
    `rows` rows of `units` units, which are called `unit_name`; `by_time` says that folds were
    answered from earlier rows only, `refitted` that the model has learnt from more rows since.
    """

    rows: int
    units: int
    unit_name: str = "rows"
    by_time: bool = False
    refitted: bool = False
    numbers: NumberIntervals | None = None
    classes: ClassSets | None = None
    abstention: Abstention | None = None

    def interval(self, prediction: np.ndarray, X: np.ndarray, level: float) -> np.ndarray:
        """n × 2: the ends of the intervals of n predicted numbers that hold the truth at a level.

        `X` is n × features, as the model gets them. An end is infinite where too few units were
        seen for that level (see `cannot_tell`). Raises InputError for a level that is not between 0
        and 1, and for classes.
        """
        return self._of_numbers().interval(prediction, X, checked_level(level))

    def interval_row(self, prediction: float, x: np.ndarray, level: float) -> tuple[float, float]:
        """The same for one row of features: its two ends, within 1e-9 of those of `interval`."""
        return self._of_numbers().interval_row(prediction, x, checked_level(level))

    def sets(self, probability: np.ndarray, level: float) -> np.ndarray:
        """n × classes: whether a class is in the set that holds the truth at a level; never empty.

        `probability` is n × classes. Raises InputError as `interval` does.
        """
        if self.classes is None:
            raise InputError(NO_CLASSES)
        return self.classes.sets(probability, checked_level(level))

    def abstains(self, probability: np.ndarray, risk: float) -> np.ndarray:
        """n: rows that had better go to a person, so that at most `risk` of the others are wrong.

        All of them where no row can be answered at that risk. Raises InputError as `interval` does.
        """
        if self.abstention is None:
            raise InputError(NO_PERSON)
        return self.abstention.abstains(probability, checked_level(risk, "A risk"))

    def set_row(self, chances: Sequence[float], level: float) -> list[bool]:
        """`sets` of the probabilities of one row: whether each class is in it."""
        if self.classes is None:
            raise InputError(NO_CLASSES)
        return self.classes.set_row(chances, checked_level(level))

    def abstains_row(self, chances: Sequence[float], risk: float) -> bool:
        """`abstains` of the probabilities of one row."""
        if self.abstention is None:
            raise InputError(NO_PERSON)
        return self.abstention.abstains_row(chances, checked_level(risk, "A risk"))

    @property
    def highest_level(self) -> float:
        """The highest level that so many units can tell."""
        return (self.numbers or self.classes).quantiles.highest_level

    def cannot_tell(self, level: float) -> str:
        """Why no interval or set can be told at a level, in a sentence; "" where it can."""
        if checked_level(level) <= self.highest_level + 1e-9:
            return ""
        return (
            f"{self.units:,} {self.unit_name} tell intervals and sets up to a level of "
            f"{np.floor(self.highest_level * 1000) / 10:g} %, not of {level * 100:g} %."
        )

    @property
    def assumption(self) -> str:
        """What the promise rests on, in a sentence."""
        seen = f"{self.rows:,} rows" + (
            "" if self.units == self.rows else f" of {self.units:,} {self.unit_name}"
        )
        later = "Later rows may move away from these: watch the coverage once outcomes come. "
        few = f"So few {self.unit_name} tell little. " if self.units < FEW_UNITS else ""
        refit = "The model has learnt from more rows since, and is taken to be no worse. "
        return (
            f"New {self.unit_name} are like the {seen} that the folds answered, each by a model "
            f"that had not seen it. {few}{later if self.by_time else ''}"
            f"{refit if self.refitted else ''}"
        ).strip()

    def _of_numbers(self) -> NumberIntervals:
        if self.numbers is None:
            raise InputError("An interval is one of numbers: ask this model for a set of classes.")
        return self.numbers


def learn_certainty(
    task: Task,
    answers: FoldAnswers,
    X: np.ndarray | None = None,
    rule: DecisionRule | None = None,
    seed: int = 42,
    refitted: bool = False,
) -> Certainty:
    """What the n `answers` of the folds tell.

    `X` is n × features of their rows, as the model gets them, for numbers; `rule` is how the model
    decides on a class.
    """
    known = pd.notna(answers.truth)
    answers = answers if known.all() else answers.at(np.flatnonzero(known))
    units = unit_weights(answers.unit, len(answers.truth))[1]
    about = len(answers.truth), units, answers.unit_name, answers.by_time, refitted
    if task.is_regression:
        X = X if X is None else X[known]
        found = learn_intervals(answers.truth, answers.predicted, X, answers.unit, seed)
        return Certainty(*about, numbers=found)
    positions = pd.Index(task.classes).get_indexer(answers.truth.astype(str))
    asked = positions, answers.predicted
    decided = learn_abstention(*asked, rule or DecisionRule(), answers.unit)
    return Certainty(*about, classes=learn_sets(*asked, answers.unit), abstention=decided)
