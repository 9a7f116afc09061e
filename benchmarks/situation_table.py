"""The situations: the same rows in a clean form, and in one that people complain of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

COLUMN, TARGET = "signal", "paid"
ROWS = 480


def as_csv(rows: pd.DataFrame, folder: Path) -> Path:
    """A plain CSV file of the rows."""
    rows.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


@dataclass(frozen=True)
class Situation:
    """A table in two forms: `clean` and `odd` write the values of its column `signal` as texts.

    `values` draws them. `known` is the form that later rows are asked in after training: that of
    the other one, or `odd` where training has to know the form. `write` writes the odd file, from
    rows that `change` has changed. `column` is what the column is called; a form that has lost
    something can't be trained on (`trains`). With `classes` the target is one of these words, in
    the odd form what they map to; the first is rare.
    """

    name: str
    group: str
    values: Callable[[np.random.Generator], pd.Series]
    clean: Callable[[pd.Series], pd.Series]
    odd: Callable[[pd.Series], pd.Series]
    known: str = "clean"
    write: Callable[[pd.DataFrame, Path], Path] = as_csv
    is_file: bool = False
    change: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    classes: dict[str, str] | None = None
    column: str = COLUMN
    trains: bool = True


def table(situation: Situation, form: str) -> pd.DataFrame:
    """The rows in a form; the target follows the column, a number and a word beside it."""
    random = np.random.default_rng(11)
    values = situation.values(random)
    steady, team = random.normal(50, 9, ROWS).round(2), random.choice(["red", "blue"], ROWS)
    paid = 10 * _strength(values) + 0.2 * (steady - 50) + random.normal(0, 0.5, ROWS)
    write = situation.clean if form == "clean" else situation.odd
    frame = pd.DataFrame(
        {situation.column: write(values), "steady": steady.astype(str), "team": team}
    )
    frame[TARGET] = _classes(paid, situation.classes, form)
    return situation.change(frame) if form == "odd" and situation.change else frame


def _classes(paid: np.ndarray, words: dict[str, str] | None, form: str) -> np.ndarray:
    """The target as text: the numbers themselves, or the words of their classes."""
    if not words:
        return paid.round(2).astype(str)
    inner = np.linspace(0.1, 1, len(words))[:-1]
    place = np.searchsorted(np.quantile(paid, inner), paid)
    return np.array(list(words if form == "clean" else words.values()))[place]


def _strength(values: pd.Series) -> np.ndarray:
    """What a value adds to the target: numbers and moments by size, words each their own."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.astype("int64").astype(float)
    elif not pd.api.types.is_numeric_dtype(values):
        order = {word: n for n, word in enumerate(values.dropna().unique())}
        values = values.map(order).astype(float) % 5
    values = values.astype(float).fillna(values.astype(float).mean())
    return ((values - values.mean()) / values.std()).to_numpy()
