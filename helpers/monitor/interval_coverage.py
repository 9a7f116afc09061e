"""Do intervals and sets still hold the truth as often as promised? Period by period, by unit.

The promise is a level, and how often intervals learnt from so many units hold is itself a matter of
chance: both sides have their noise, as in `score_fall`, which also corrects for the number of
periods. A unit counts once, as it does where the intervals are learnt.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ..answers.abstention import errors_by_unit
from ..answers.certainty import Certainty
from ..answers.score_quantiles import unit_weights
from ..base.findings import Finding
from ..learning.predicting import predict
from ..learning.score_intervals import Spread, spread_of
from ..learning.task_kind import Task
from ..learning.wilson import wilson
from ..serving.certainty_files import read_certainty
from .production_rows import UNDATED, Production
from .score_fall import Promise, compare_spreads, has_fallen

LEVEL = 0.9  # that is watched, of whatever levels are asked for
MOST_BELOW = 0.05  # the promise: what is less is no alarm, however sure
COVERAGE, LOW, HIGH, UNITS, ROWS = "coverage", "from", "to", "units", "rows"
HELD = Task("held", "binary", ("no", "yes"), "yes", metric="accuracy")  # a share of hits


def certainty_of_run(work) -> Certainty | None:
    """How sure the answers of a run's model are; None where that is not known. `work` is the open
    stage.
    """
    card = work.run.read_json("model/card.json", {})
    return read_certainty(work.run, "model", card.get("model_sha256", ""))


def coverage_by_period(
    production: Production, certainty: Certainty | None, times: Mapping[str, int] | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:  # fmt: skip
    """A row a period: labelled rows, their units, the coverage at a level and its 95 % interval
    (`from`, `to`), by unit; and by how much it differs from the level (`score_fall.COLUMNS`).

    No row where the model has no intervals (`certainty`), no label has come, or the rows are held
    out: the model has learnt from those. `times` is as for `score_fall.compare_periods`.
    """
    told = certainty is not None and not certainty.cannot_tell(level)
    if not told or production.y is None or production.is_held_out:
        return pd.DataFrame(columns=[ROWS, UNITS, COVERAGE]).rename_axis("period")
    judged = production.at(production.labelled)
    held = holds(production.known.task, certainty, production.champion[1:], judged.X, judged.y,
                 level)  # fmt: skip
    return coverage_table(held, judged.period, judged.unit, certainty, times, level)


def holds(
    task: Task, certainty: Certainty, model, X: pd.DataFrame, y: np.ndarray, level: float = LEVEL
) -> np.ndarray:
    """n: whether the interval or set of each of n cleaned rows holds its truth."""
    blocks: list[tuple] = []
    predict(task, model, X, lambda *block: blocks.append(block))
    features, prediction, probability = blocks[0]
    if task.is_regression:
        low, high = certainty.interval(prediction, features, level).T
        truth = y.astype(float)
        return (low <= truth) & (truth <= high)
    places = pd.Index(task.classes).get_indexer(y.astype(str))
    return certainty.sets(probability, level)[np.arange(len(y)), places]


def coverage_table(
    held: np.ndarray, period: np.ndarray, unit: np.ndarray | None, certainty: Certainty,
    times: Mapping[str, int] | None = None, level: float = LEVEL,
) -> pd.DataFrame:  # fmt: skip
    """`coverage_by_period` of n rows: whether each `held`, its period and its unit."""
    names = sorted(set(period), key=lambda name: (name == UNDATED, name))
    masks = {name: period == name for name in names}
    spreads = {name: _spread(held[mask], _of(unit, mask)) for name, mask in masks.items()}
    table = pd.DataFrame({name: _shown(masks[name], one) for name, one in spreads.items()}).T
    table = table.astype({ROWS: int, UNITS: int}).rename_axis("period")
    judged = {n: one for n, one in spreads.items() if n != UNDATED and (times or {}).get(n, 1) > 0}
    promise = Promise(HELD, _promised(held, unit, certainty, level))
    return table.join(compare_spreads(promise, judged, times))


def _of(unit: np.ndarray | None, mask: np.ndarray) -> np.ndarray | None:
    return None if unit is None else unit[mask]


def _spread(held: np.ndarray, unit: np.ndarray | None) -> Spread:
    """The share of rows that hold, each unit counted once, and how sure it is."""
    weights, _ = unit_weights(unit, len(held))
    return spread_of(lambda kept: np.average(held[kept], weights=weights[kept]), len(held), unit)


def _shown(mask: np.ndarray, found: Spread) -> dict:
    """The figures of a period."""
    share, error, df, units = found
    rows, quantile = float(units), stdtrit(max(df, 1.0) if np.isfinite(df) else 1.0, 0.975)
    if error > 0:
        rows = min(share * (1 - share) / error**2, float(mask.sum()))
    low, high = wilson(share, max(rows, 1.0), quantile)
    return {ROWS: mask.sum(), UNITS: units, COVERAGE: share, LOW: low, HIGH: high}


def _promised(
    held: np.ndarray, unit: np.ndarray | None, certainty: Certainty, level: float
) -> Spread:
    """The level, and how far from it intervals may be that are learnt from so many units.

    Misses go together within a unit as they do in the rows that are judged (the design effect).
    """
    correlation, _ = errors_by_unit(1.0 - held, unit)
    rows_of_unit = certainty.rows / max(certainty.units, 1)
    design = 1 + (rows_of_unit - 1) * correlation
    error = np.sqrt(level * (1 - level) / max(certainty.rows, 1) * design)
    return Spread(level, float(error), float(max(certainty.units - 1, 1)), certainty.units)


# --- In words -----------------------------------------------------------------------------------


def coverage_findings(table: pd.DataFrame, task: Task, level: float = LEVEL) -> list[Finding]:
    """An alarm for a period in which intervals held too seldom, beyond chance; the worst one."""
    fell = has_fallen(table, MOST_BELOW)
    if not fell.any():
        return []
    period = table.loc[fell, COVERAGE].idxmin()
    said = (
        f"{_what(task)} for {100 * level:g} % held the truth of {_share(table.loc[period])} of "
        f"{period}, which is less than promised, and beyond chance: train again before you rely "
        f"on them."
    )
    return [Finding("coverage", "alarm", [task.target], said, table.loc[period].to_dict())]


def describe_coverage(table: pd.DataFrame, task: Task, level: float = LEVEL) -> str:
    """How often intervals held the truth, in a sentence; empty where that is not known."""
    if table.empty:
        return ""
    if found := coverage_findings(table, task, level):
        return f"**{found[0].message}**"
    worst = table[COVERAGE].idxmin()
    where = "" if len(table) == 1 else f" ({worst}, the worst of {len(table)} periods)"
    return (
        f"{_what(task)} for {100 * level:g} % held the truth of {_share(table.loc[worst])}{where}: "
        f"not beyond chance less than promised."
    )


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is shown."""
    percent = table[[COVERAGE, LOW, HIGH]].astype(float).map("{:.0%}".format)
    counts = table[[ROWS, UNITS]].map("{:,.0f}".format)
    return counts.assign(**{"held the truth": percent[COVERAGE],
                            "95 % interval": percent[LOW] + " to " + percent[HIGH]})  # fmt: skip


def _what(task: Task) -> str:
    return "Intervals" if task.is_regression else "Sets"


def _share(row: pd.Series) -> str:
    return (
        f"{100 * row[COVERAGE]:.0f} % of {row[ROWS]:,.0f} rows "
        f"(95 % interval: {100 * row[LOW]:.0f} to {100 * row[HIGH]:.0f} %)"
    )
