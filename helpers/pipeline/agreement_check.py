"""The check that compiled forms answer as the pipeline does, before they answer anybody.

Rows of the bundle are asked as they came, with cells taken from other rows or away, and with cells
that no training row had: unseen levels, extreme numbers, junk. Stage 7 asks all of them and puts
the result on the model card; a service or a batch asks a part each time it loads the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.spacing import evenly_spaced
from ..learning.predicting import predict
from .compiled import Compiled

TOLERANCE = 1e-9  # of a probability, or of a number relative to its size
ROWS = 2_000  # of a bundle's examples: stage 7 asks as many, each in three ways
ROWS_AT_LOAD = ROWS // 5
ROW, TABLE = "row", "table"  # the compiled forms
ROWS_BESIDE = 120  # of those asked: what is said beside the answers
DIFFERS_BESIDE = "its intervals or reasons differ from the pipeline's"
SHARE_OF_ODD_CELLS = 0.15
UNSEEN = ("Zzyzx", "no such level", "żółć 漢字")
EXTREME = (1e300, -1e300, "1e308", "-99999999999", 0, -0.0, 5e-324, 2**53 + 1, "1e999")
JUNK = (
    "", " ", "n/a", "12 apples", "1,5.3", "--", "0001-01-01", "9999-12-31 23:59", "31/02/2020",
    "<b>&amp;", "'; --", "💥" * 40, "x" * 3_000, "\t1\n", True, "yes", "20,5 %", "$-3",
)  # fmt: skip


def agreement(
    compiled: Compiled,
    model: Pipeline,
    rows: pd.DataFrame | None,
    most: int = ROWS_AT_LOAD,
    forms: tuple[str, ...] = (ROW, TABLE),
    beside: SaidBeside | None = None,
) -> dict[str, str]:
    """By form (`row`, `table`) why it may not answer; "" where it agrees with the pipeline.

    `rows` are raw rows of the bundle, of which up to `most` are asked, evenly spaced. What is said
    `beside` the answers to some of them must agree, too.
    """
    if rows is None or rows.empty:
        return dict.fromkeys(forms, "the bundle holds no rows to check it on: run stage 7 again")
    asked = questions(rows, affordable(compiled, most))
    # Extremes overflow in the scaling, and their sum, which scikit-learn takes, is no number
    with np.errstate(over="ignore", invalid="ignore"):
        expected = predict(compiled.task, model, asked)
        found = {form: _why_not(form, compiled, asked, expected) for form in forms}
        if beside is None or all(found.values()):
            return found
        some = asked.iloc[evenly_spaced(len(asked), ROWS_BESIDE)].reset_index(drop=True)
        return found | _why_not_beside(compiled, model, some, beside, found)


class SaidBeside(Protocol):
    """What is said beside answers, as numbers: intervals, sets, reasons."""

    def numbers_of(self, X: np.ndarray, prediction, probability) -> np.ndarray:
        """n × numbers, of n × features and their answers."""

    def numbers_of_row(self, x: np.ndarray, prediction, chances) -> np.ndarray:
        """The same of one row of features."""


def _why_not_beside(compiled, model, rows: pd.DataFrame, beside: SaidBeside, found: dict) -> dict:
    """Why a form that agrees so far may not answer: what is said beside its answers differs."""
    expected = _shown(beside, lambda look: predict(compiled.task, model, rows, look))
    given = {}
    for form in [form for form, why_not in found.items() if not why_not]:
        if form == TABLE:
            own = _shown(beside, lambda look: compiled.frame(rows, look))
        else:
            own = np.array([_row_beside(compiled, row, beside) for row in rows.to_dict("records")])
        near = np.abs(own - expected) <= TOLERANCE * np.maximum(1, np.abs(expected))
        apart = int((~(near | (own == expected) | np.isnan(expected))).any(axis=1).sum())
        given[form] = f"{DIFFERS_BESIDE} on {apart:,} of {len(rows):,} rows" if apart else ""
    return given


def _shown(beside: SaidBeside, ask: Callable) -> np.ndarray:
    """What is said beside the answers to a table that `ask` gives."""
    blocks: list[np.ndarray] = []
    ask(lambda *block: blocks.append(beside.numbers_of(*block)))
    return np.concatenate(blocks)


def _row_beside(compiled: Compiled, row: dict, beside: SaidBeside) -> np.ndarray:
    x = compiled.features_of(row)
    return beside.numbers_of_row(x, *compiled.answer(x))


def affordable(compiled: Compiled, most: int) -> int:
    """So many rows, or a tenth where an encoder has no compiled form: it may open files."""
    return most // 10 if compiled.features.no_row_form else most


def questions(rows: pd.DataFrame, most: int = ROWS) -> pd.DataFrame:
    """What the check asks: up to `most` rows as they came, then perturbed, then with odd cells."""
    some = rows.iloc[evenly_spaced(len(rows), min(most, len(rows)))].astype(object)
    some = some.reset_index(drop=True)
    asked = pd.concat([some, perturbed(some), with_odd_cells(some)], ignore_index=True)
    return asked.where(asked.notna(), None)


def perturbed(rows: pd.DataFrame, seed: int = 42) -> pd.DataFrame:
    """The rows, in each of which one cell is taken from another row, or away."""
    random = np.random.default_rng(seed)
    table = rows.astype(object).reset_index(drop=True)
    column = random.integers(0, table.shape[1], len(table))
    other = random.integers(0, len(table), len(table))
    values = table.to_numpy(dtype=object, copy=True)
    taken = values[other, column]
    gone = random.random(len(table)) < 0.4
    values[np.arange(len(table)), column] = np.where(gone, None, taken)
    return pd.DataFrame(values, columns=table.columns, dtype=object)


def with_odd_cells(rows: pd.DataFrame, seed: int = 42) -> pd.DataFrame:
    """The rows with unseen levels, extreme numbers and junk in some of their cells."""
    random = np.random.default_rng(seed)
    values = rows.to_numpy(dtype=object, copy=True)
    odd = np.empty(len(UNSEEN + EXTREME + JUNK), dtype=object)
    odd[:] = UNSEEN + EXTREME + JUNK
    chosen = random.random(values.shape) < SHARE_OF_ODD_CELLS
    values[chosen] = odd[random.integers(0, len(odd), int(chosen.sum()))]
    return pd.DataFrame(values, columns=rows.columns, dtype=object)


def _why_not(form: str, compiled: Compiled, asked: pd.DataFrame, expected: tuple) -> str:
    if form == ROW and compiled.no_row_form:
        return f"there is no one-row form of {compiled.no_row_form}"
    try:
        given = ANSWERED_BY[form](compiled, asked)
    except Exception as error:  # noqa: BLE001 - whatever it fails of, the pipeline answers
        return f"it fails where the pipeline answers ({type(error).__name__}: {error!s:.80})"
    apart = differing(given, expected)
    return f"it differs from the pipeline on {apart:,} of {len(asked):,} rows" if apart else ""


def by_row(compiled: Compiled, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray | None]:
    """The answers of the one-row form to each of some raw rows, as `predict` has them."""
    answers = [compiled.row(record) for record in rows.to_dict("records")]
    predictions = np.array([prediction for prediction, _ in answers])
    if compiled.answers is None:
        return predictions, None
    return predictions, np.array([probability for _, probability in answers])


ANSWERED_BY: dict[str, Callable] = {ROW: by_row, TABLE: Compiled.frame}


def differing(given: tuple, expected: tuple) -> int:
    """On how many rows two answers (predictions, and probabilities or None) differ."""
    (own, own_probability), (said, probability) = given, expected
    if probability is None:
        return int((~(np.abs(own - said) <= TOLERANCE * np.maximum(1, np.abs(said)))).sum())
    near = (np.abs(own_probability - probability) <= TOLERANCE).all(axis=1)
    return int((~near | (own.astype(str) != said.astype(str))).sum())
