"""Columns of categories: one-hot where they are few, else the mean of the target in each level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from ..cells.coded_column import Columns, EncodedColumn
from ..cells.value_forms import level_of
from .encoders import CompiledStep, Part, Stateless, compiled_step, first_step
from .formula_parts import MISSING_LEVEL, level_text

MOST_LEVELS = 50_000  # of all columns of a step; more would be a table too large to keep
UNSEEN = "\0 none"  # no cleaned text is this


class ToText(Stateless):
    """Categories as text; a missing one is a level of its own."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as text."""
        return as_levels(X)


def as_levels(X: pd.DataFrame) -> pd.DataFrame:
    """Columns as text; a missing cell is a level of its own."""
    return X.astype("str").fillna(MISSING_LEVEL).astype(object)


class FormText(ToText):
    """Texts of one form as the name in them that comes again: a domain, a host, an area.

    >>> rows = pd.DataFrame({"from": ["ann@example.org"]})
    >>> FormText("e-mail").fit_transform(rows)["from"].tolist()
    ['example.org']
    """

    def __init__(self, form: str):
        self.form = form

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as text; a missing one is a level of its own."""
        return X.apply(lambda column: column.map(self.level, na_action="ignore")).pipe(as_levels)

    def level(self, text: str) -> str:
        """The name in a text; what is missing, unknown or such a name already stays."""
        return text if text in (MISSING_LEVEL, UNSEEN) else level_of(self.form, str(text))


def category_steps(task: str | None, seed: int) -> Pipeline:
    """The unfitted steps for categories of few levels: a column of 0 and 1 for each level."""
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=0.002, sparse_output=False
    )
    return make_pipeline(ToText(), encoder)


def many_category_steps(task: str | None, seed: int) -> Pipeline:
    """The unfitted steps for categories of many levels: the mean of the target in each.

    Each training row is encoded by the targets of other rows, so that its own does not leak in.
    """
    # Whole numbers as a regression's target would be taken for classes.
    target_type = "continuous" if task == "regression" else "auto"
    folds = KFold(5, shuffle=True, random_state=seed)
    return make_pipeline(
        ToText(), TargetEncoder(target_type=target_type, cv=folds), StandardScaler()
    )


def form_level_steps(form: str, task: str | None, seed: int) -> Pipeline:
    """The unfitted steps for texts of a form: the mean target of each domain, host or area."""
    _, *rest = many_category_steps(task, seed)
    return make_pipeline(FormText(form), *rest)


@dataclass(frozen=True)
class LevelTable:
    """The numbers of each level of a column, found by asking the fitted steps once.

    `places` gives a level's row in `numbers`, whose last row is for levels that were never seen.
    """

    column: str
    places: dict[str, int]
    numbers: np.ndarray
    level: Callable[[str], str] = str

    def of(self, text: str) -> np.ndarray:
        """The numbers of a level."""
        return self.numbers[self.places.get(self.level(text), -1)]

    def described(self) -> dict:
        """The levels, and the numbers of each; the last row of numbers is of unseen levels."""
        return {"column": self.column, "levels": list(self.places), "numbers": self.numbers,
                "width": self.numbers.shape[1]}  # fmt: skip

    def of_column(self, column: EncodedColumn | pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of each distinct text of a column, missing the last, and its cells' codes."""
        codes, texts = EncodedColumn.of_cells(column).codes_and_texts
        at = [self.places.get(self.level(text), -1) for text in (*texts, MISSING_LEVEL)]
        return self.numbers[at], codes


class CompiledLevels(CompiledStep):
    """A look into a table for each column."""

    def __init__(self, steps: Pipeline, columns: list[str]):
        super().__init__(steps, columns)
        levels = sum(map(len, steps[1].categories_))
        self.no_row_form = "columns with very many categories" if levels > MOST_LEVELS else ""
        self.tables = level_tables(steps, columns)

    def row(self, row: dict) -> np.ndarray:
        """The numbers of a row's levels, column by column."""
        return np.concatenate([one.of(level_text(row[one.column])) for one in self.tables])

    def table(self, clean: Columns) -> list[Part]:
        """A part a column."""
        parts, start = [], 0
        for one in self.tables:
            width = one.numbers.shape[1]
            parts.append(Part(*one.of_column(clean[one.column]), slice(start, start + width)))
            start += width
        return parts

    def origins(self) -> list[tuple[str, ...]]:
        """The column of each level, or of each mean of the target."""
        return [(one.column,) for one in self.tables for _ in range(one.numbers.shape[1])]

    def described(self) -> dict:
        """A table for each column; `form` is that of texts that are looked up by a part of them."""
        form = getattr(first_step(self.steps), "form", "")
        return {"kind": "levels", "columns": self.columns, "form": form,
                "tables": [one.described() for one in self.tables]}  # fmt: skip


def level_tables(steps: Pipeline, columns: list[str]) -> list[LevelTable]:
    """The table of each column that fitted steps of categories encode."""
    encoder, width = steps[1], len(steps.get_feature_names_out(columns))
    found = []
    for place, (column, levels) in enumerate(zip(columns, encoder.categories_, strict=True)):
        asked = pd.DataFrame({name: [UNSEEN] * (len(levels) + 1) for name in columns})
        asked[column] = [*map(str, levels), UNSEEN]
        numbers = np.asarray(steps.transform(asked), dtype=float)
        own = numbers[:, _own_features(encoder, place, width)]
        found.append(LevelTable(column, {str(level): n for n, level in enumerate(levels)}, own))
    return found


def _own_features(encoder, place: int, width: int) -> slice:
    """Where the features of one column stand among all of its step."""
    if hasattr(encoder, "_n_features_outs"):  # one-hot: as many as the column has levels
        sizes = encoder._n_features_outs
    else:  # target encoding: one, or one a class
        columns = len(encoder.categories_)
        sizes = [width // columns] * columns
    start = sum(sizes[:place])
    return slice(start, start + sizes[place])


@compiled_step.register
def _(first: ToText, steps, columns: list[str]) -> CompiledStep:
    return CompiledLevels(steps, columns)


@compiled_step.register
def _(first: FormText, steps, columns: list[str]) -> CompiledStep:
    compiled = CompiledLevels(steps, columns)
    compiled.tables = [replace(one, level=first.level) for one in compiled.tables]
    return compiled
