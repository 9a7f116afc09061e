"""The model as MLflow loads it (`mlflow.pyfunc.load_model`): raw rows of any form in, answers out.

MLflow names this module in the file `MLmodel`, and calls `_load_pyfunc`. Its own loader for
scikit-learn gives the same answers; here a delivery is read in its own forms first, and what did
not read is said.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..pipeline import beyond_training, delivery_reading, whole_pipeline
from ..pipeline.table_policy import BY_DEFAULT, check_columns
from ..tables.sources.lookups import Lookup, carried_tables, to_bring


class ReadingModel:
    """A fitted pipeline that says how it read the rows; `lookups` are the tables it carries.

    `quality` is what the reference keeps of the rows of training.
    """

    def __init__(
        self,
        model: Pipeline,
        schema: dict,
        lookups: tuple[Lookup, ...] = (),
        quality: dict | None = None,
    ):
        self.model, self.fields, self.lookups = model, schema["fields"], lookups
        self.quality, self._to_bring = quality or {}, to_bring(schema)
        self._own_fields = {n: one for n, one in self.fields.items() if "source" not in one}

    def get_raw_model(self) -> Pipeline:
        """The fitted scikit-learn pipeline."""
        return self.model

    def predict(self, data: pd.DataFrame, params: dict | None = None):
        """The predictions of raw rows; a warning for each way in which cells are not as before.

        Columns of tables that the model carries are looked up; of other sources that the rows lack
        is warned. A row that the service refuses has no prediction (None, or NaN). Raises
        InputError where a column is missing, or a whole one can't be read.
        """
        for one in self.lookups:
            data = one.fill_frame(data)
        check_columns(self._own_fields, data.columns)
        reading = delivery_reading.of_rows(self.model, data, self.fields)
        BY_DEFAULT.check(reading.checked.counts())
        for sentence in self._said(reading, data):
            warnings.warn(sentence, UserWarning, stacklevel=2)
        return _without_refused(reading.model.predict(data), reading.checked.refused)

    def _said(self, reading, data: pd.DataFrame) -> list[str]:
        """What rows lack, and in what they are not as training rows were, a sentence each."""
        lacking = [said for own, said in self._to_bring if own.isdisjoint(data.columns)]
        beyond = beyond_training.sentences(reading, data, self.fields, self.quality)
        return [*lacking, *reading.sentences(self.fields), *beyond]


def _without_refused(answers: np.ndarray, refused: np.ndarray) -> np.ndarray:
    """The answers, missing where the row is refused."""
    if not refused.any():
        return answers
    is_number = np.issubdtype(answers.dtype, np.number)
    answers = answers.astype(float if is_number else object)
    answers[refused] = np.nan if is_number else None
    return answers


def _load_pyfunc(path: str) -> ReadingModel:
    """The model in the folder at a path, with its schema and its reference."""
    schema, known = (json.loads(Path(path, name).read_text(encoding="utf-8"))
                     for name in ("schema.json", "reference.json"))  # fmt: skip
    tables = carried_tables(Path(path), schema)
    model = whole_pipeline.load(Path(path, "model.skops"))
    return ReadingModel(model, schema, tables, known.get("quality"))
