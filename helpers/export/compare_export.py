"""An export held against its run: the same cells, the same answers, the same score."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.kinds import is_counted, is_date
from ..learning.predicting import predict
from ..pipeline.agreement_check import TOLERANCE, differing, questions
from ..pipeline.whole_pipeline import model_columns
from .run_to_export import RunToExport

ROWS = 10_000  # asked: as they came, with cells of other rows, and with odd cells
EXAMPLES = 3  # of cells that are read otherwise


@dataclass(frozen=True)
class Compared:
    """What came of it: rows asked, by how they were made how many differ, and both scores.

    `other` has by column the cells that are read otherwise, as (count, an example).
    """

    asked: int
    differ: dict[str, int]
    other: dict[str, tuple[int, str]]
    scores: dict[str, tuple[float, float]]

    @property
    def same_score(self) -> bool:
        """Whether each score is that of the run, to a millionth."""
        return all(abs(own - run) <= 1e-6 for own, run in self.scores.values())

    def sentences(self) -> list[str]:
        """What a reader of the file is told."""
        apart = sum(self.differ.values())
        odd = "with cells as they came, missing, exchanged and odd"
        said = [f"Asked {self.asked:,} raw rows ({odd}), it answers {self.asked - apart:,} as the "
                f"run does, to {TOLERANCE:.9f}."]  # fmt: skip
        if self.other:
            cells = "; ".join(
                f"{count:,} of '{name:.30}', such as {example}"
                for name, (count, example) in list(self.other.items())[:EXAMPLES]
            )
            said.append(f"Cells that it reads otherwise than the run: {cells}.")
        name, (own, run) = next(iter(self.scores.items()), ("", (0.0, 0.0)))
        if name and not self.same_score:
            said.append(f"Fitted anew, its {name} is {own:.4f}; the run's is {run:.4f}.")
        return said


def load(folder: Path) -> ModuleType:
    """The exported file of a folder as a module, under a name that nobody else has."""
    name = f"exported_{abs(hash(str(folder)))}"
    spec = importlib.util.spec_from_file_location(name, folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a class that is fitted looks for its module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def cells_apart(made: RunToExport, module: ModuleType) -> pd.DataFrame:
    """The cells of labelled rows that the export cleans otherwise: `row`, `column`, `value`."""
    tables = [module.CLEANING["training"]] if len(made.parts) > 1 else []
    own = module.clean(made.raw.iloc[made.labelled.row], *tables)
    wanted = made.labelled.X
    found = []
    for name in [name for name in own if name in wanted and name in _used(made)]:
        here, there = _comparable(own[name]), _comparable(wanted[name])
        rows = np.flatnonzero(~((here == there) | (pd.isna(here) & pd.isna(there))))
        values = texts(wanted[name].reset_index(drop=True).iloc[rows]).to_numpy()
        cells = {"row": made.labelled.row[rows], "column": name, "value": _plain(values)}
        found += [pd.DataFrame(cells)] if len(rows) else []
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _used(made: RunToExport) -> set[str]:
    return {*model_columns(made.trained), *made.needed}


def _plain(values) -> list:
    """Texts of cells; yes and no as 1 and 0."""
    return [{"True": "1", "False": "0"}.get(value, value) for value in values]


def _comparable(column: pd.Series) -> np.ndarray:
    """A cleaned column as plain numbers or texts."""
    if is_date(column):
        return column.to_numpy(dtype="datetime64[us]").astype(object)
    if is_counted(column):
        return column.to_numpy(dtype="float64", na_value=np.nan)
    return column.astype("object").to_numpy()


def asked_rows(made: RunToExport, most: int = ROWS) -> pd.DataFrame:
    """Raw rows to ask, as texts: as they came, with cells of other rows, and with odd cells."""
    columns = [name for name in made.plans["all"]["columns"] if name in made.raw]
    rows = questions(made.raw[columns], most // 3)
    return pd.DataFrame({name: texts(rows[name].astype("object")) for name in rows}, dtype="str")


def compare(made: RunToExport, module: ModuleType, most: int = ROWS) -> tuple[Compared, object]:
    """The export trained on the raw rows of its run and asked as the run is; and its model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, scores = module.train(made.raw)
        asked = asked_rows(made, most)
        with np.errstate(over="ignore", invalid="ignore"):
            given = answers_of(made, module.predict(asked, model))
            expected = predict(made.bundle.task, made.bundle.model, asked)
        differ = _by_kind(given, expected, len(asked))
        other = _other_cells(made, module, asked) if sum(differ.values()) else {}
    test = made.metrics.get("test", {})
    both = {name: (own, test[name]) for name, own in scores.items() if name in test}
    return Compared(len(asked), differ, other, both), model


def answers_of(made: RunToExport, table: pd.DataFrame) -> tuple:
    """An export's table of answers as predictions and probabilities."""
    prediction = table["prediction"].to_numpy()
    rest = table.drop(columns="prediction").to_numpy(dtype=float)
    return prediction, None if made.bundle.task.is_regression else rest


def _by_kind(given: tuple, expected: tuple, count: int) -> dict[str, int]:
    """How many rows differ, of those as they came, perturbed, and with odd cells."""
    cuts, found = [0, count // 3, 2 * (count // 3), count], {}
    for name, start, end in zip(
        ("as they came", "perturbed", "odd"), cuts[:-1], cuts[1:], strict=True
    ):
        own, said = ([None if one is None else one[start:end] for one in some]
                     for some in (given, expected))  # fmt: skip
        found[name] = differing(tuple(own), tuple(said))
    return found


def _other_cells(made: RunToExport, module: ModuleType, asked: pd.DataFrame) -> dict:
    """By column how many cells are read otherwise, and one of them."""
    own, clean = module.clean(asked), made.bundle.model["clean"].transform(asked)
    found = {}
    for name in [name for name in own if name in _used(made)]:
        here, there = _comparable(own[name]), _comparable(clean[name])
        apart = np.flatnonzero(~((here == there) | (pd.isna(here) & pd.isna(there))))
        if len(apart):
            said = " ".join(str(asked[name].iloc[apart[0]]).split())
            found[name] = (len(apart), f"'{said:.30}'")
    return dict(sorted(found.items(), key=lambda pair: -pair[1][0]))
