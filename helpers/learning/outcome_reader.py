"""Actual outcomes that were told of predictions, read as training read its labels.

The service refuses what is no class (or no number); where such an outcome is in a log all the same,
it is set aside and counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..cells.as_texts import as_text
from ..cells.tidy_text import tidy
from .label_column import read_label, spellings_of
from .task_kind import Task, as_labels

LONGEST = 1_000  # letters of an outcome: no class has more


class OutcomeReader:
    """Reads outcomes of a task; `label` is how its target is read (empty: of an old bundle).

    >>> reader = OutcomeReader(Task("churned", "binary", ("No", "Yes"), "Yes"))
    >>> reader.read(["yes", True, 0, "Banana"])
    ['Yes', 'Yes', 'No', None]
    """

    def __init__(self, task: Task, label: dict | None = None):
        self.task = task
        unplanned = {"kind": "as it is"} if task.is_regression else {"kind": "class"}
        self._plan = label or unplanned | {"values": list(task.classes), "no_label": []}

    @property
    def example(self) -> str | float:
        """An outcome as a client may tell it."""
        return 12.5 if self.task.is_regression else self.task.positive or self.task.classes[0]

    @property
    def expected(self) -> str:
        """What an outcome is, in words."""
        if self.task.is_regression:
            return "a number"
        *some, last = (f"'{name:.40}'" for name in self.task.classes[:10])
        return f"{', '.join(some)} or {last}" if some else last

    def read(self, outcomes: Sequence) -> list[str | None]:
        """Each outcome as the log keeps it, a class or the text of a number; None where it is none.

        The usual forms are known: other case, 1 and true for a yes, numbers as text.
        """
        texts = pd.Series([self._as_text(one) for one in outcomes], dtype="str")
        found = self._numbers(texts) if self.task.is_regression else self._classes(texts)
        return [None if pd.isna(one) else str(one) for one in found]

    def _as_text(self, outcome) -> str:
        """The text of an outcome; a number is written with the decimal sign of the target."""
        text = as_text(outcome)[:LONGEST].encode("utf-8", "replace").decode()
        is_number = isinstance(outcome, (int, float)) and not isinstance(outcome, bool)
        return text.replace(".", ",") if is_number and self._plan.get("style") == "comma" else text

    def _numbers(self, texts: pd.Series) -> pd.Series:
        """The texts that are finite numbers; others are missing."""
        planned = self._plan["kind"] == "number"
        numbers = read_label(texts, self._plan) if planned else pd.to_numeric(texts, "coerce")
        return texts.where(np.isfinite(numbers.astype(float)))

    def _classes(self, texts: pd.Series) -> pd.Series:
        """The class of each text that is one; others are missing."""
        known = spellings_of(self.task.classes)
        named = texts.map(lambda text: known.get(tidy(text).casefold()))
        rest = texts[named.isna()]
        if len(rest):
            named.loc[rest.index] = self._otherwise(rest)
        return named.where(named.isin(self.task.classes))

    def _otherwise(self, texts: pd.Series) -> pd.Series:
        """Texts that are no class as they stand: numbers in other forms, other spellings."""
        planned = self._plan["kind"] == "class"
        read = read_label(texts, self._plan) if planned else pd.to_numeric(texts, "coerce")
        return as_labels(read.dropna()).reindex(texts.index)


def describe_wrong(wrong: dict[str, int], task: Task, of: int) -> str:
    """Outcomes that are no class, or no number, in a sentence; `of` is how many were told.

    >>> describe_wrong({"Banana": 2}, Task("churned", "binary", ("No", "Yes"), "Yes"), 300)
    '2 of 300 outcomes are no class of churned: ‘Banana’ (2). They are set aside.'
    """
    shown = ", ".join(f"‘{name:.30}’ ({n:,})" for name, n in list(wrong.items())[:5])
    what = "number" if task.is_regression else "class"
    return (
        f"{sum(wrong.values()):,} of {of:,} outcomes are no {what} of {task.target}: {shown}"
        f"{', …' * (len(wrong) > 5)}. They are set aside."
    )
