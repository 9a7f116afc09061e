"""The score period by period, with its noise; the promise that it is held against.

The promise is the score of the held-out rows, by the model of stage 5, which had not seen them. The
model in service was fitted on all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.pipeline import Pipeline

from ..learning.labelled_data import TEST
from ..learning.later_scores import between_periods
from ..learning.metric_scores import score
from ..learning.predicting import predict
from ..learning.score_intervals import JudgedRows, Spread, score_intervals
from ..learning.task_kind import Task
from ..pipeline import whole_pipeline
from . import earlier_looks, interval_coverage, score_fall
from . import performance_without_labels as estimate
from .production_rows import UNDATED, Production
from .score_fall import Promise

LOW, HIGH, UNITS = "from", "to", "units"  # of the main metric's 95 % interval; how many units
ROWS = "rows"


@dataclass(frozen=True)
class Unseen:
    """The predictions of stage 5's model for held-out and later rows, both unseen by it.

    A model is surer of its training rows than of any others. The model in service was fitted on all
    rows, so its predictions for later rows can't be compared with those for earlier ones. `truth`
    is that of the held-out rows.
    """

    truth: np.ndarray
    held_out: tuple
    later: tuple
    units: tuple = (None, None)  # of which unit each held-out and each later row is

    @property
    def rows(self) -> JudgedRows:
        """The held-out rows with their answers."""
        return JudgedRows(self.truth, *self.held_out, self.units[0])


def unseen(work, production: Production) -> Unseen | None:
    """The predictions for unseen rows; None where the held-out rows stand in for later ones.

    `work` is the open stage.
    """
    if production.is_held_out:
        return None
    production = production.answered
    task, test = production.known.task, production.known.of(TEST)
    model = whole_pipeline.load(work.read("data/trained.skops"))[1:]
    answers = (predict(task, model, X) for X in (test.X, production.X))
    return Unseen(test.y, *answers, units=(test.unit, production.unit))


@dataclass(frozen=True)
class Scores:
    """The scores `by_period` beside the one that was `promised`, the `expected` ones, which need
    no label, and the `looks`: what was judged before, and now. `coverage` tells how often intervals
    and sets held the truth (`interval_coverage`).
    """

    promised: Promise
    by_period: pd.DataFrame
    expected: pd.DataFrame
    looks: list[dict]
    coverage: pd.DataFrame = field(default_factory=pd.DataFrame)


def scores(work, production: Production, asked: Unseen | None, metrics: dict) -> Scores:
    """The main metric period by period, as it is and as it was to be expected, and the promise.

    `work` is the open stage 8, `metrics` the content of `metrics.json`.
    """
    training = work.read_json("training.json") if production.known.by_time else None
    promised = promise(production.known.task, metrics, asked, training)
    marks = earlier_looks.marks_of(production)
    times = earlier_looks.times_looked(earlier_looks.read_looks(work), marks)
    certainty = interval_coverage.certainty_of_run(work)
    return Scores(
        promised,
        performance(production, promised, times),
        estimated_performance(production, asked, promised),
        earlier_looks.with_this_look(work, marks),
        interval_coverage.coverage_by_period(production, certainty, times),
    )


def promise(
    task: Task, metrics: dict, asked: Unseen | None, training: dict | None = None
) -> Promise:
    """What the held-out rows promise of the main metric.

    `metrics` is the content of `metrics.json`. Without the answers for those rows (`asked`), as
    where only the bundle is left, how sure it is comes from its stored 95 % interval. `training` is
    the content of `training.json` where rows are split by time: its folds and the held-out rows are
    of several times, and by how much scores differ from time to time makes a fall less sure.
    """
    baseline = metrics.get("baseline", {}).get(task.main_metric, np.nan)
    if asked is None:
        return Promise(task, _stored_spread(task, metrics), baseline=baseline)
    promised = score_fall.promise_of(task, asked.rows, baseline)
    folds = [Spread(**one) for one in (training or {}).get("folds", [])]
    between, df = between_periods(task.main_metric, folds, promised.spread)
    return replace(promised, between=between, between_df=df)


def _stored_spread(task: Task, metrics: dict) -> Spread:
    """How sure the held-out score is, from its stored interval."""
    low, high = metrics.get("interval", {}).get(task.main_metric, (np.nan, np.nan))
    error, rows = (high - low) / (2 * norm.ppf(0.975)), metrics["rows"]["test"]
    return Spread(metrics["test"][task.main_metric], error, float(max(rows - 1, 1)), rows)


def performance(
    production: Production, promised: Promise | None = None,
    times: Mapping[str, int] | None = None, *, model: Pipeline | None = None,
) -> pd.DataFrame:  # fmt: skip
    """A row per period: labelled rows, their units, the task's metrics of the model there, and the
    main metric's 95 % interval (`from`, `to`), by unit.

    Where a score was promised, also by how much that of the period differs from it
    (`score_fall.compare_periods`). `times` says how many times each period has been looked at; one
    with 0 was judged before and is not judged again. Undated rows are never judged.
    """
    if production.y is None:
        return pd.DataFrame(columns=[ROWS])
    task, periods = production.known.task, answers_by_period(production, model)
    table = pd.DataFrame({name: _scores(task, rows) for name, rows in periods.items()}).T
    table = table.astype({ROWS: int, UNITS: int}).rename_axis("period")
    if promised is None or production.is_held_out:
        return table
    judged = {name: rows for name, rows in periods.items() if _is_judged(name, times)}
    return table.join(score_fall.compare_periods(promised, judged, times))


def _is_judged(period: str, times: Mapping[str, int] | None) -> bool:
    return period != UNDATED and (times is None or times.get(period, 1) > 0)


def answers_by_period(
    production: Production, model: Pipeline | None = None
) -> dict[str, JudgedRows]:
    """The labelled rows of each period with the model's answers; undated ones last."""
    judged = production.at(production.labelled)
    said = predict(production.known.task, (model or production.champion)[1:], judged.X)
    rows = JudgedRows(judged.y, *said, judged.unit)
    names = sorted(set(judged.period), key=lambda name: (name == UNDATED, name))
    return {name: _chosen(rows, judged.period == name) for name in names}


def _chosen(rows: JudgedRows, mask: np.ndarray) -> JudgedRows:
    """Some of the rows."""
    return JudgedRows(*(None if values is None else values[mask] for values in rows))


def _scores(task: Task, rows: JudgedRows) -> dict:
    """How many rows and units there are, their metrics, and the main metric's interval."""
    found = {ROWS: len(rows.truth)}
    found[UNITS] = found[ROWS] if rows.unit is None else len(set(rows.unit))
    main = task.main_metric
    interval = score_intervals(task, *rows[:3], unit=rows.unit, metrics=[main])
    low, high = interval.loc[main, ["low", "high"]] if main in interval.index else (np.nan,) * 2
    return found | score(task, *rows[:3]) | {LOW: low, HIGH: high}


def estimated_performance(
    production: Production, asked: Unseen | None, promised: Promise | None = None
) -> pd.DataFrame:
    """A row per period: the metrics of the model in service as expected without labels.

    No label is used (see `helpers.monitor.performance_without_labels`). The probabilities are
    calibrated as fits the held-out rows. Where a score was promised, also by how much the expected
    score of stage 5's model differs from that on the held-out rows, and whether that is chance. No
    row where that is not applicable.
    """
    production = production.answered
    task = production.known.task
    if asked is None or task.is_regression:
        return pd.DataFrame(columns=[ROWS]).rename_axis("period")
    calibration = estimate.calibrate(task, asked.truth, asked.held_out[1])
    noise = estimate.outcome_noise(task, asked.rows, calibration)
    prediction, probability = predict(task, production.champion[1:], production.X)
    table = estimate.by_period(
        task, probability, prediction, production.period, calibration=calibration, noise=noise
    )
    if promised is None:
        return table
    return table.join(_expected_changes(production, asked, promised, calibration))


def _expected_changes(
    production: Production, asked: Unseen, promised: Promise, calibration: estimate.Calibration
) -> pd.DataFrame:
    """By how much the expected score of each period differs from that of the held-out rows."""
    task, (prediction, probability) = production.known.task, asked.later
    spreads = {}
    for name in np.unique(production.period[production.period != UNDATED]):
        chosen = production.period == name
        unit = None if production.unit is None else production.unit[chosen]
        some = probability[chosen], prediction[chosen], calibration, unit
        spreads[name] = estimate.expected_spread(task, *some)
    before = estimate.expected_spread(task, *asked.held_out[::-1], calibration, asked.units[0])
    return score_fall.compare_spreads(replace(promised, spread=before), spreads)
