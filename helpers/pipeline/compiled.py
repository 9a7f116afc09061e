"""The compiled pipeline: raw rows to answers, without the ceremony of frames and checks.

The service and batch scoring answer by it. Each step's compiled form stands beside the step
(`helpers.features.encoders`, `helpers.models.compiled_models`, `helpers.clean.one_row_cleaner`) and
is made of what the fitted step has learnt; nothing of it is stored. The pipeline is the truth:
`helpers.pipeline.agreement_check` holds the compiled forms against it before they answer anybody.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from ..cells.as_texts import is_plain
from ..cells.coded_column import Columns, EncodedColumn
from ..cells.reading_columns import Reader
from ..clean.column_cleaner import clean_columns
from ..clean.one_row_cleaner import RowCleaner, plan_for
from ..clean.swapped_columns import as_encoded
from ..features.compiled_features import CompiledFeatures
from ..learning.predicting import Answers, Look
from ..learning.task_kind import Task
from ..models.compiled_models import compiled_model
from ..tables.arrow_tables import is_dictionary_text
from .delivery_reading import Tallies, taken
from .table_check import Checked, TableCheck


class Compiled:
    """Answers raw rows as the fitted pipeline `model` does: one (`row`), or many (`table`).

    `fields` has by name what reads a cell of each column in `needed`, and of those that help to
    clean them. `no_row_form` names the part that can't answer a single row, "" where all can.
    `table_check` looks at tables while they are read. Tables remember what texts read as: each
    thread has a twin of its own (`for_another_thread`).
    """

    def __init__(
        self, task: Task, model: Pipeline, needed: list[str], table_check: TableCheck | None = None
    ):
        self.task, self.plan = task, plan_for(model["clean"].plan_, needed)
        self.clean = RowCleaner(self.plan, list(self.plan["columns"]))
        self.fields = self.clean.fields
        self.features = CompiledFeatures(model["features"])
        self.model = compiled_model(model["model"])
        self.answers = None if task.is_regression else Answers.of(task, model)
        self.no_row_form = self.features.no_row_form or self.model.no_row_form
        self._check = table_check
        self._readers = self._new_readers()

    @property
    def columns(self) -> list[str]:
        """The raw columns that it looks at."""
        return list(self.plan["columns"])

    # One row

    def row(self, raw: dict, seen: dict[str, tuple] | None = None) -> tuple:
        """The prediction of a raw row, and the probabilities by `task.classes` (None for numbers).

        `seen` is what its fields read as, where that is known already (value and kind of repair).
        """
        return self.answer(self.features_of(raw, seen))

    def features_of(self, raw: dict, seen: dict[str, tuple] | None = None) -> np.ndarray:
        """The features of a raw row; `seen` is as for `row`."""
        clean = self.clean(raw, self.read(raw) if seen is None else seen)
        return self.features.row(clean)

    def answer(self, x: np.ndarray) -> tuple:
        """The answer to a row of features, as `row` gives it."""
        found = self.model.row(x)
        return (found, None) if self.answers is None else self.answers.of_row(found)

    def read(self, raw: dict) -> dict[str, tuple]:
        """What each field that is needed reads as, and the kind of repair."""
        return {name: reader(raw.get(name)) for name, reader in self.fields.items()}

    def read_rest(self, raw: dict, seen: dict[str, tuple]) -> dict[str, tuple]:
        """What is needed beside the fields that a service has read: columns that repair others.

        Nobody has checked them: what is no plain value is taken as missing.
        """
        rest = {}
        for name in self.fields.keys() - seen.keys():
            value = raw.get(name)
            rest[name] = self.fields[name](value) if is_plain(value) else (None, "")
        return rest

    # Many rows

    def table(
        self, raw: Columns, rows: int, look: Look | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Predictions of so many raw rows, and n × classes probabilities (None for numbers).

        `look` is shown the features of each block of rows, in their order, with the answers.
        """
        nothing = EncodedColumn(np.full(rows, -1), pd.Series(dtype="str"))
        raw = {name: raw.get(name, nothing) for name in self.columns}
        clean, _ = clean_columns(raw, self._readers, self.plan)
        blocks = self.features.blocks(clean, rows)
        return self._answered(np.concatenate([self._of_block(block, look) for block in blocks]))

    def _of_block(self, block: np.ndarray, look: Look | None) -> np.ndarray:
        """What the model says to a block of features, which `look` is shown."""
        found = self.model.table(block)
        if look is not None:
            look(block, *self._answered(found))
        return found

    def _answered(self, found: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return (found, None) if self.answers is None else self.answers.of_rows(found)

    def frame(
        self, rows: pd.DataFrame, look: Look | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """As `table`, of a frame."""
        known = {str(name): rows[name] for name in rows if str(name) in self.plan["columns"]}
        encoded = {name: as_encoded(cells) for name, cells in known.items()}
        return self.table(encoded, len(rows), look)

    def arrow(
        self, table: pa.Table, look: Look | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """As `table`, of an Arrow table; texts are encoded (`arrow_tables.dictionary_encoded`)."""
        return self.table(_columns_of(table, self.columns), len(table), look)

    def taken_tallies(self) -> Tallies:
        """What of the tables since the last call did not read, or read in another form."""
        return taken(self._readers)

    @property
    def with_words(self) -> bool:
        """Whether the words on each row are asked for."""
        return self._check is not None and self._check.with_words

    def taken_check(self, columns=()) -> Checked:
        """What the check of tables, with these columns, has found since the last call."""
        return self._check.taken(columns) if self._check else Checked()

    def for_another_thread(self) -> Compiled:
        """The same, with a memory of its own."""
        twin = copy(self)
        twin._check = self._check.another() if self._check else None
        twin._readers = twin._new_readers()
        return twin

    def _new_readers(self) -> dict[str, Reader]:
        readers = {name: Reader(plan) for name, plan in self.plan["columns"].items()}
        return self._check.watch(readers) if self._check else readers


def _columns_of(table: pa.Table, names: list[str]) -> Columns:
    """Some columns of an Arrow table, coded texts as they are."""
    known = [name for name in names if name in table.column_names]
    coded = [name for name in known if is_dictionary_text(table.schema.field(name).type)]
    others = [name for name in known if name not in coded]
    frame = table.select(others).to_pandas().reset_index(drop=True)
    found = {name: EncodedColumn.of_arrow(table.column(name).chunk(0)) for name in coded}
    return found | {name: as_encoded(frame[name]) for name in others}
