"""The model as MLflow loads it (`mlflow.pyfunc.load_model`): raw rows of any form in, answers out.

MLflow names this module in the file `MLmodel`, and calls `_load_pyfunc`. Its own loader for
scikit-learn gives the same answers; here a delivery is read in its own forms first, and what did
not read is said.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from ..pipeline import delivery_reading, whole_pipeline
from ..tables.sources.lookups import Lookup, carried_tables, to_bring


class ReadingModel:
    """A fitted pipeline that says how it read the rows; `lookups` are the tables it carries."""

    def __init__(self, model: Pipeline, schema: dict, lookups: tuple[Lookup, ...] = ()):
        self.model, self.fields, self.lookups = model, schema["fields"], lookups
        self._to_bring = to_bring(schema)

    def get_raw_model(self) -> Pipeline:
        """The fitted scikit-learn pipeline."""
        return self.model

    def predict(self, data: pd.DataFrame, params: dict | None = None):
        """The predictions of raw rows; a warning for each column with cells in another form.

        Columns of tables that the model carries are looked up; of other sources that the rows lack
        is warned.
        """
        for one in self.lookups:
            data = one.fill_frame(data)
        reading = delivery_reading.of_rows(self.model, data, self.fields)
        lacking = [said for own, said in self._to_bring if own.isdisjoint(data.columns)]
        for sentence in [*lacking, *reading.sentences(self.fields)]:
            warnings.warn(sentence, UserWarning, stacklevel=2)
        return reading.model.predict(data)


def _load_pyfunc(path: str) -> ReadingModel:
    """The model in the folder at a path, with its schema."""
    schema = json.loads(Path(path, "schema.json").read_text(encoding="utf-8"))
    tables = carried_tables(Path(path), schema)
    return ReadingModel(whole_pipeline.load(Path(path, "model.skops")), schema, tables)
