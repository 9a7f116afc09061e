"""The controls of the page "What if": one for each column that the model uses, strongest first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.spacing import evenly_spaced
from ..cells.kinds import is_date, is_number
from ..cells.times_of_day import TIME
from ..pipeline.compiled import Compiled
from ..pipeline.described import HELD, plain_cells

SHUFFLED = 400  # rows on which the strength of a column is measured
MOST_OPTIONS = 200
STEPS = 200  # of a slider
FARTHEST = 1e150  # end of one
ENDS = 0.005, 0.995  # of the column, where the schema has no range


def controls_of(model: Pipeline, compiled: Compiled, schema: dict, X: pd.DataFrame) -> list[dict]:
    """A control for each column, those first that move the answers most (`sway`).

    `kind` is `number` (with `low`, `high`, `step`), `choice` (with `options`, most frequent first),
    `date`, `time`, or `held`: a text or picture, which stays as it came. `X` are cleaned rows.
    """
    columns = [name for name in schema["fields"] if name in _used(compiled)]
    sway = sways(model, X, columns)
    made = [_control(name, compiled, schema["fields"][name], X[name]) for name in columns]
    made = [one | {"sway": sway[one["column"]]} for one in made]
    return sorted(made, key=lambda one: (one["kind"] == "held", -one["sway"]))


def _used(compiled: Compiled) -> set[str]:
    """The cleaned columns that features and formulas look at."""
    steps = {name for step in compiled.features.steps for name in step.columns}
    return steps | compiled.features.formulas.used


def sways(model: Pipeline, X: pd.DataFrame, columns: list[str], seed: int = 42) -> dict[str, float]:
    """By column how far answers move on average when its cells are shuffled among the rows.

    Of classes it is the probability that moves; `model` is the whole pipeline.
    """
    rows = X.iloc[evenly_spaced(len(X), SHUFFLED)].reset_index(drop=True)
    order = np.random.default_rng(seed).permutation(len(rows))
    ask = model[1:].predict_proba if hasattr(model, "predict_proba") else model[1:].predict
    before = np.asarray(ask(rows), dtype=float)
    found = {}
    for name in columns:
        shuffled = rows.assign(**{name: rows[name].iloc[order].array})
        found[name] = float(np.abs(np.asarray(ask(shuffled), dtype=float) - before).mean())
    return found


def _control(name: str, compiled: Compiled, field: dict, cells: pd.Series) -> dict:
    said = _step_of(name, compiled)
    made = {"column": name}
    if said.get("kind") == HELD:
        return made | {"kind": "held"}
    if is_date(cells):
        return made | _dates(cells)
    if said.get("form") == TIME:
        return made | {"kind": "time"}
    if is_number(cells) and said.get("kind") != "levels":
        return made | _numbers(field, cells)
    return made | _choice(name, compiled, cells)


def _step_of(name: str, compiled: Compiled) -> dict:
    """The description of the step that a column goes to; empty where formulas alone read it."""
    own = (step for step in compiled.features.steps if name in step.columns)
    step = next(own, None)
    return step.described() if step else {}


def _dates(cells: pd.Series) -> dict:
    known = cells.dropna()
    if known.empty:
        return {"kind": "held"}
    ends = known.min().isoformat(), known.max().isoformat()
    return {"kind": "date", "low": ends[0], "high": ends[1],
            "with_time": bool((known.dt.normalize() != known).any())}  # fmt: skip


def _numbers(field: dict, cells: pd.Series) -> dict:
    """The range of a slider, and its step: a power of ten, or 1, 2 or 5 times one."""
    known = cells.dropna().astype(float)
    ends = known.quantile(list(ENDS)) if len(known) else (0.0, 1.0)
    low, high = (min(max(float(end), -FARTHEST), FARTHEST) for end in field.get("range", ends))
    whole = bool(len(known) and (known % 1 == 0).all())
    step = max(_round_step((high - low) / STEPS), 1.0 if whole else 0.0) if high > low else 1.0
    return {"kind": "number", "low": low, "high": high, "step": step, "whole": whole}


def _round_step(step: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is no larger.

    >>> _round_step(0.37), _round_step(7.0)
    (0.2, 5.0)
    """
    power = 10.0 ** np.floor(np.log10(step))
    return float(f"{max(n for n in (1, 2, 5) if n * power <= step * (1 + 1e-9)) * power:.6g}")


def _choice(name: str, compiled: Compiled, cells: pd.Series) -> dict:
    """The values of a column that can be chosen, the most frequent first."""
    plain = pd.Series(plain_cells(name, cells, compiled.features), dtype=object)
    counts = plain.value_counts(dropna=True)
    options = counts.index[:MOST_OPTIONS].tolist()
    return {"kind": "choice", "options": options, "left_out": max(0, len(counts) - MOST_OPTIONS)}
