"""The compiled scorer: one raw row to one answer in microseconds, by the same plan and numbers.

It is put together from a verified model when a service loads it, out of the one-row forms that
each stage's modules offer: reading cells (`columns`), mending by neighbours (`relations`) and
decisions (`doubts`), features and model (`row_forms`). Nothing of it is stored. Before it answers
anybody it is held against the pipeline on thousands of rows; where it differs, or a part has no
such form, the pipeline answers instead.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from ..cells.as_texts import is_plain
from ..clean.one_row_cleaner import row_cleaner
from ..features.one_row_features import row_features
from ..learning.predicting import predict
from ..learning.row_form import NoRowFormError
from ..learning.task_kind import Task
from ..models.one_row_models import row_model
from .agreement_check import TOLERANCE, perturbed

MOST_CHECKED = 2_000  # rows as they came, and as many with a cell of another row or none


class Scorer:
    """Answers one raw row at a time. Made by `compile_scorer`.

    `seen` is what cleaning reads in each field, so that a service need not read it again.
    """

    def __init__(self, task: Task, model: Pipeline, needed: list[str]):
        self.task = task
        self.fields, self.clean = row_cleaner(model["clean"].plan_, needed)
        self._numbers = row_features(model["features"])
        self._chances = row_model(model["model"])
        self._last = last = model["model"]
        self._threshold, self._positive = None, 0
        if isinstance(last, FixedThresholdClassifier):
            self._threshold, self._positive = (
                last.threshold,
                list(last.classes_).index(last.pos_label),
            )
        classes = [] if task.is_regression else list(map(str, model.classes_))
        self._order = [classes.index(c) if c in classes else None for c in task.classes]
        self._labels = None if task.is_regression else model.classes_

    def read(self, raw: dict) -> dict[str, tuple]:
        """What each field that is needed reads as, and the kind of repair."""
        return {name: reader(raw.get(name)) for name, reader in self.fields.items()}

    def read_rest(self, raw: dict, seen: dict[str, tuple]) -> dict[str, tuple]:
        """What is needed beside the fields that a service has read: columns that mend others.

        Nobody has checked them: what is no plain value is taken as missing.
        """
        rest = {}
        for name, reader in self.fields.items():
            if name not in seen:
                value = raw.get(name)
                rest[name] = reader(value) if is_plain(value) else (None, "")
        return rest

    def answer(self, raw: dict, seen: dict[str, tuple] | None = None) -> tuple:
        """The prediction, and the probabilities by `task.classes` (None for numbers)."""
        row = self.clean(raw, seen if seen is not None else self.read(raw))
        found = self._chances(self._numbers(row))
        if self._labels is None:
            return found, None
        chances = [float(found[i]) if i is not None else 0.0 for i in self._order]
        return str(self._labels[self._decided(found)]), chances

    def _decided(self, found: np.ndarray) -> int:
        """The position of the class that is decided on, as `task.predict` has it."""
        if self._threshold is not None:
            yes = found[self._positive] >= self._threshold
            return self._positive if yes else 1 - self._positive
        if hasattr(self._last, "decide"):
            return int(self._last.decide(found[None])[0])
        return int(found.argmax())


def compile_scorer(
    task: Task, model: Pipeline, needed: list[str], rows: pd.DataFrame | None
) -> tuple[Scorer | None, str]:
    """A scorer that agrees with the pipeline on `rows`, and "" ; or None and the reason.

    `rows` are raw rows. They are checked as they are, and once more with one cell of each taken
    from another row or away.
    """
    if rows is None or rows.empty:
        return None, "the bundle holds no rows to check it on: run stage 7 again"
    try:
        scorer = Scorer(task, model, needed)
    except NoRowFormError as error:
        return None, f"there is no one-row form of {error}"
    asked = pd.concat([rows.head(MOST_CHECKED), perturbed(rows.head(MOST_CHECKED))])
    apart = differences(scorer, task, model, asked.reset_index(drop=True))
    if apart:
        return None, f"it differs from the pipeline on {apart:,} of {len(asked):,} rows"
    return scorer, ""


def differences(scorer: Scorer, task: Task, model: Pipeline, rows: pd.DataFrame) -> int:
    """On how many rows the scorer's answer is not the pipeline's, within 1e-9 (of the number)."""
    known = list(model["clean"].get_feature_names_out())
    table = rows.reindex(columns=known).astype(object)
    table = table.where(table.notna(), None)
    said, chances = predict(task, model, table)
    records, apart = table.to_dict("records"), 0
    for place, record in enumerate(records):
        answer, own = scorer.answer(record)
        if own is None:
            far = abs(answer - said[place]) > TOLERANCE * max(1, abs(said[place]))
            apart += bool(far)
        else:
            far = np.abs(np.array(own) - chances[place]).max() > TOLERANCE
            apart += bool(far or answer != str(said[place]))
    return apart
