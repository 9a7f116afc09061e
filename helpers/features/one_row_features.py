"""One row features."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skrub import SquashingScaler

from ..learning.row_form import NoRowFormError, RowForm
from .column_formulas import level_text, row_formula
from .encoders import DIGITS_OF_A_TOPIC, DateParts, KeepBest, TextToNumbers

MOST_LEVELS = 50_000  # of a column's categories; more would be a table too large to keep


def row_features(features: Pipeline) -> RowForm:
    """The numbers that fitted features make of a cleaned row (a dict; missing is None)."""
    derive = features["derive"]
    formulas = [(n, row_formula(f, derive.groups_)) for n, f in derive.formulas.items()]
    blocks = [
        _row_block(name, steps, list(columns))
        for name, steps, columns in features["encode"].transformers_
        if steps != "drop"
    ]
    kept = features["keep"].kept_ if isinstance(features[-1], KeepBest) else None

    def numbers(row: dict) -> np.ndarray:
        if formulas:
            row = dict(row)
            for name, worth in formulas:
                row[name] = worth(row)
        found = np.concatenate([block(row) for block in blocks])
        return found if kept is None else found[kept]

    return numbers


def _row_block(name: str, steps, columns: list[str]) -> RowForm:
    """The form of one role's steps."""
    if name == "number":
        return _row_numbers(*(step for _, step in steps.steps[1:]), columns)
    if name in ("category", "many_categories"):
        return _row_levels(steps, columns)
    if name == "date":
        return _row_dates(*(step for _, step in steps.steps))
    if isinstance(steps, TextToNumbers):
        return _row_texts(steps)
    raise NoRowFormError(f"columns of the role {name}")


def _row_numbers(imputer, scaler: SquashingScaler, columns: list[str]) -> RowForm:
    """Gaps filled with medians and marked, then scaled by the quartiles and softly clipped."""
    stays, fill, marked = imputation_of(imputer)
    centre, divisor, factor = scales_of(scaler, len(stays) + len(marked))
    most = scaler.max_absolute_value
    take = [columns[i] for i in stays] == columns

    def numbers(row: dict) -> np.ndarray:
        values = np.array([row[name] for name in columns], dtype=float)  # None becomes NaN
        gaps = np.isnan(values)
        known = values if take else values[stays]
        known = np.where(gaps if take else gaps[stays], fill, known)
        scaled = (np.concatenate([known, gaps[marked]]) - centre) / divisor * factor
        with np.errstate(over="ignore"):  # a number beyond all others is clipped to 0 by overflow
            return scaled / np.sqrt(1 + (scaled / most) ** 2)

    return numbers


def imputation_of(imputer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which columns stay, what fills their gaps, and in which columns gaps are marked."""
    stays = np.flatnonzero(~np.isnan(imputer.statistics_))
    marked = imputer.indicator_.features_ if imputer.add_indicator else np.array([], dtype=int)
    return stays, imputer.statistics_[stays], marked


def scales_of(scaler: SquashingScaler, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the scaler takes off each column, divides and multiplies it by; a constant one by 0.

    To the last bit as it does: boosting asks whether a number is at most one that it has seen.
    """
    centre, divisor, factor = np.zeros(count), np.ones(count), np.zeros(count)
    if scaler.robust_scaler_ is not None:
        centre[scaler.robust_cols_] = scaler.robust_scaler_.center_
        divisor[scaler.robust_cols_] = scaler.robust_scaler_.scale_
        factor[scaler.robust_cols_] = 1
    if scaler.minmax_scaler_ is not None:
        centre[scaler.minmax_cols_] = scaler.minmax_scaler_.median_
        factor[scaler.minmax_cols_] = scaler.minmax_scaler_.scale_
    return centre, divisor, factor


def _row_levels(steps: Pipeline, columns: list[str]) -> RowForm:
    """Categories by table: each level's numbers, found by asking the fitted steps once."""
    if sum(map(len, steps[1].categories_)) > MOST_LEVELS:
        raise NoRowFormError("columns with very many categories")
    tables = [
        (column, dict(zip(levels, found[:-1], strict=True)), found[-1])
        for column, levels, found in level_tables(steps, columns)
    ]

    def numbers(row: dict) -> np.ndarray:
        parts = [table.get(level_text(row[name]), unseen) for name, table, unseen in tables]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return numbers


def level_tables(steps: Pipeline, columns: list[str]) -> list[tuple[str, list[str], np.ndarray]]:
    """By column its levels, and the numbers of each; the last row is for unseen levels.

    `steps` are the fitted steps of a role of categories.
    """
    encoder, found = steps[1], []
    total = len(steps.get_feature_names_out(columns))
    for place, (column, levels) in enumerate(zip(columns, encoder.categories_, strict=True)):
        asked = pd.DataFrame({c: ["\0 none"] * (len(levels) + 1) for c in columns})
        asked[column] = [*map(str, levels), "\0 none"]
        numbers = np.asarray(steps.transform(asked), dtype=float)
        own = _own_columns(encoder, place, len(columns), total)
        found.append((column, list(map(str, levels)), numbers[:, own]))
    return found


def _own_columns(encoder, place: int, columns: int, total: int) -> slice:
    """Where the numbers of one column stand among those of all."""
    if hasattr(encoder, "_n_features_outs"):  # one-hot: as many as the column has levels
        sizes = encoder._n_features_outs
    else:  # target encoding: one, or one a class
        sizes = [total // columns] * columns
    start = sum(sizes[:place])
    return slice(start, start + sizes[place])


def _row_dates(parts: DateParts, imputer, scaler: StandardScaler) -> RowForm:
    fill = np.where(np.isnan(imputer.statistics_), 0.0, imputer.statistics_)
    every = [(name, part) for name, own in parts.used_.items() for part in own]
    used = [(name, _CALENDAR[_plain_part(part)]) for name, part in every]
    waves = {wave: np.array([i for i, (_, part) in enumerate(every) if part.endswith(wave)], int)
             for wave in ("_sin", "_cos")}  # fmt: skip
    lengths = np.array([_LENGTHS.get(_plain_part(part), 1) for _, part in every])
    pairs = parts.pairs_

    def numbers(row: dict) -> np.ndarray:
        values = [math.nan if row[name] is None else read(row[name]) for name, read in used]
        values += [_days_between(row[first], row[second]) for first, second in pairs]
        found = np.array(values, dtype=float)
        turns = 2 * np.pi * found[: len(used)] / lengths
        for wave, places in waves.items():
            found[places] = (np.sin if wave == "_sin" else np.cos)(turns[places])
        return (np.where(np.isnan(found), fill, found) - scaler.mean_) / scaler.scale_

    return numbers


def _plain_part(part: str) -> str:
    return part.removesuffix("_sin").removesuffix("_cos")


def _day_of_year(date: datetime) -> int:
    return date.toordinal() - date.replace(month=1, day=1).toordinal() + 1


# The parts of a date, as `encoders.DateParts` has them, and how long those that go round are.
_CALENDAR = {
    "hour": lambda d: d.hour + d.minute / 60,
    "weekday": lambda d: d.weekday(),
    "day_of_year": _day_of_year,
    "year": lambda d: d.year + (_day_of_year(d) - 1) / 366,  # with its fraction
}
_LENGTHS = {"hour": 24, "weekday": 7, "day_of_year": 365.25}


def _days_between(first: datetime | None, second: datetime | None) -> float:
    if first is None or second is None:
        return math.nan
    return (second - first).total_seconds() / 86_400


def _row_texts(steps: TextToNumbers) -> RowForm:
    forms = [(name, _row_text(model)) for name, model in steps.models_.items()]

    def numbers(row: dict) -> np.ndarray:
        return np.concatenate([form(row[name] or "") for name, form in forms])

    return numbers


def _row_text(model: Pipeline | None) -> Callable[[str], np.ndarray]:
    """TF-IDF weights of one text, turned into directions; only its own words are looked at."""
    if model is None:
        return lambda text: np.zeros(1)
    words, svd = model[0], model[1]
    cut, places, weights = words.build_analyzer(), words.vocabulary_, words.idf_
    directions = svd.components_.T  # words × directions

    def numbers(text: str) -> np.ndarray:
        counts = Counter(places[word] for word in cut(text) if word in places)
        if not counts:
            return np.zeros(directions.shape[1])
        rows = np.array(sorted(counts))
        weight = (np.log([float(counts[row]) for row in rows]) + 1) * weights[rows]
        weight /= math.sqrt(sum((weight * weight).tolist()))  # in the order that scikit-learn has
        found = np.zeros(directions.shape[1])
        for one, direction in zip(weight, directions[rows], strict=True):
            found += one * direction
        return found.round(DIGITS_OF_A_TOPIC)

    return numbers
