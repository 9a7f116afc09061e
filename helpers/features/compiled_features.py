"""The compiled form of fitted features: one cleaned row to its numbers, or many rows in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.pipeline import Pipeline

from ..cells.coded_column import Columns
from .derived_columns import CompiledFormulas
from .encoders import Part, compiled_step, first_step
from .keep_best import KeepBest

BLOCK = 8_192  # rows whose numbers stand in memory at once


class CompiledFeatures:
    """What a fitted pipeline of features (see `helpers.pipeline.feature_steps`) makes of rows.

    `no_row_form` says which part has no form for one row, "" where all have one.
    """

    def __init__(self, features: Pipeline):
        self.formulas = CompiledFormulas(features["derive"])
        self.steps = [
            compiled_step(first_step(steps), steps, list(columns))
            for _, steps, columns in features["encode"].transformers_
            if not isinstance(steps, str)
        ]
        self.kept = features[-1].kept_ if isinstance(features[-1], KeepBest) else slice(None)
        self.width = sum(step.width for step in self.steps)
        self.no_row_form = next((s.no_row_form for s in self.steps if s.no_row_form), "")

    def row(self, row: dict) -> np.ndarray:
        """The features of a cleaned row (a dict; missing is None)."""
        row = self.formulas.row(row)
        return np.concatenate([step.row(row) for step in self.steps])[self.kept]

    def blocks(self, clean: Columns, rows: int) -> Iterator[np.ndarray]:
        """The features of so many cleaned rows, a block at a time: rows × features."""
        columns = self.formulas.table(clean)
        parts = [
            (self._own(n), part) for n, s in enumerate(self.steps) for part in s.table(columns)
        ]
        for start in range(0, rows, BLOCK):
            yield self._block(parts, slice(start, min(start + BLOCK, rows)))

    def origins(self) -> list[tuple[str, ...]]:
        """By feature the cleaned columns that it is made of; a formula's are those that it uses."""
        known: dict[str, tuple[str, ...]] = {}
        for name, formula in self.formulas.formulas:
            known[name] = _all_of(known, formula.columns)
        found = [_all_of(known, origin) for step in self.steps for origin in step.origins()]
        return [found[i] for i in np.arange(len(found))[self.kept]]

    def described(self) -> dict:
        """Formulas, steps and which numbers are kept: see `helpers.pipeline.described`."""
        kept = None if isinstance(self.kept, slice) else np.asarray(self.kept)
        steps = [step.described() for step in self.steps]
        return {**self.formulas.described(), "steps": steps, "width": self.width, "kept": kept}

    def _own(self, step: int) -> slice:
        """Where the features of a step stand."""
        start = sum(one.width for one in self.steps[:step])
        return slice(start, start + self.steps[step].width)

    def _block(self, parts: list[tuple[slice, Part]], these: slice) -> np.ndarray:
        numbers = np.empty((these.stop - these.start, self.width))
        for own, part in parts:
            part.write(numbers[:, own], these)
        return numbers[:, self.kept]


def _all_of(known: dict[str, tuple[str, ...]], names) -> tuple[str, ...]:
    """The columns behind some names, each once; `known` has those of derived columns."""
    return tuple(dict.fromkeys(one for name in names for one in known.get(name, (name,))))
