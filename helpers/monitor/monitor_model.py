"""Is the model in service still right? Its performance and its drift on later rows; the decision.

The model in service (the champion) is scored on later rows as their labels come in. When its score
has dropped, a challenger is fitted with the newer rows too (`refit_models`), and both are compared
on rows that neither has seen (`better_than_champion`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.findings import Finding, ranked
from ..cells.kinds import is_date
from ..drift import compare_columns, data_quality, domain_classifier, table_volume
from ..drift.stored_reference import Reference, reference_of
from ..learning.labelled_data import TEST
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, bootstrap, score
from ..learning.predicting import predict
from ..learning.task_kind import Task, compared_answers
from ..pipeline import whole_pipeline
from ..pipeline.whole_pipeline import model_columns
from . import performance_without_labels
from .production_rows import Production

KEEP, RETRAIN, UNSEEN = "keep", "retrain", "not seen yet"
DRIFT_CODES = ("drift", "prediction_drift", "joint_drift")
AT_BEST = "at best"  # the upper end of the main metric's 95 % interval in a period


def column_drift(production: Production, time_column: str = "") -> pd.DataFrame:
    """The drift of each column that the model uses (see `helpers.drift.compare_columns.compare`).

    The time column is left out: later rows are later by definition.
    """
    return _reference(production, time_column).drift(production.X, unit=production.unit)


def _reference(production: Production, time_column: str) -> Reference:
    """What later rows are compared with: the bundle's reference, else one of the known rows."""
    if production.reference is not None:
        return production.reference
    used, known = model_columns(production.champion), production.known
    return reference_of(known.X, used, time_column=time_column, units=known.units, unit=known.unit)


def joint_drift(
    production: Production, time_column: str = "", seed: int = 42
) -> domain_classifier.Domain:
    """Whether the columns that the model uses have drifted together (`drift.domain_classifier`)."""
    used = [c for c in model_columns(production.champion) if c != time_column]
    return domain_classifier.domain_classifier(
        production.known.X[used], production.X[used], seed=seed,
        unit_before=production.known.unit, unit_after=production.unit,
    )  # fmt: skip


@dataclass(frozen=True)
class Unseen:
    """The predictions of stage 5's model for held-out and later rows, both unseen by it.

    A model is surer of its training rows than of any others. The model in service was fitted on all
    rows, so its predictions for later rows can't be compared with those for earlier ones.
    """

    truth: np.ndarray
    held_out: tuple
    later: tuple
    units: tuple = (None, None)  # of which unit each held-out and each later row is


def unseen(work, production: Production) -> Unseen | None:
    """The predictions for unseen rows; None where the held-out rows stand in for later ones.

    `work` is the open stage.
    """
    if production.is_held_out:
        return None
    task, test = production.known.task, production.known.of(TEST)
    model = whole_pipeline.load(work.read("data/trained.skops"))[1:]
    answers = (predict(task, model, X) for X in (test.X, production.X))
    return Unseen(test.y, *answers, units=(test.unit, production.unit))


def prediction_drift(task: Task, asked: Unseen | None) -> pd.DataFrame | None:
    """The drift of the predictions from those on held-out rows; None where not applicable."""
    if asked is None:
        return None
    before, after = (compared_answers(task, *said) for said in (asked.held_out, asked.later))
    unit_before, unit_after = asked.units
    return compare_columns.compare(before, after, unit_before=unit_before, unit_after=unit_after)


def estimated_performance(production: Production, asked: Unseen | None) -> pd.DataFrame:
    """A row per period: the metrics of the model in service as expected without labels.

    No label is used (see `helpers.monitor.performance_without_labels`). The probabilities are
    calibrated as fits the held-out rows. No row where that is not applicable.
    """
    task = production.known.task
    if asked is None or task.is_regression:
        return pd.DataFrame(columns=["rows"]).rename_axis("period")
    calibration = performance_without_labels.calibrate(task, asked.truth, asked.held_out[1])
    prediction, probability = predict(task, production.champion[1:], production.X)
    return performance_without_labels.by_period(
        task, probability, prediction, production.period, calibration=calibration
    )


def performance(production: Production, model: Pipeline | None = None) -> pd.DataFrame:
    """A row per period: labelled rows, and the task's metrics of the model there."""
    if production.y is None:
        return pd.DataFrame(columns=["rows"])
    judged = production.at(production.labelled)
    answers = predict(production.known.task, (model or production.champion)[1:], judged.X)
    rows = {p: _scores_of(judged, judged.period == p, *answers) for p in np.unique(judged.period)}
    return pd.DataFrame(rows).T.astype({"rows": int}).rename_axis("period")


def _scores_of(judged: Production, chosen: np.ndarray, prediction, probability) -> dict:
    """The metrics on some labelled rows, and the main metric's upper end (`AT_BEST`)."""
    task = judged.known.task
    some = None if probability is None else probability[chosen]
    answers = task, judged.y[chosen], prediction[chosen], some
    high = bootstrap(*answers, resamples=100, metrics=[task.main_metric])["high"]
    found = {"rows": int(chosen.sum())} | score(*answers)
    return found | {AT_BEST: high.get(task.main_metric, np.nan)}


def decide(
    performance: pd.DataFrame, drifted: pd.DataFrame, metrics: dict, max_drop: float,
    expected: pd.DataFrame | None = None,
) -> dict:  # fmt: skip
    """Keep or retrain: retrain when the main metric of a period fell by more than `max_drop`, and
    significantly (its whole 95 % interval lies below the held-out score).

    With labels, drift is a reason to look, not to retrain: a column may drift and the model still
    be right. Without labels the same rule uses the `expected` scores, which show the effect of
    other rows, but not of a new meaning of columns; where there are none, drift decides.

    `drifted` is the table of `column_drift`, `metrics` the content of `metrics.json`. Returns
    `decision`, `reason`, `drifted` (columns) and `score_dropped`.
    """
    metric = metrics["main_metric"]
    columns = drifted.index[drifted["drifts"]].tolist()
    found, no_labels, verb = performance, "", ""
    if not is_known(performance, metric):
        no_labels, verb = "There are no labels yet; ", "is expected to be "
        found = None if expected is None else expected.rename(columns={"to": AT_BEST})
    if found is None or not is_known(found, metric):
        return {"decision": RETRAIN if columns else KEEP, "drifted": columns,
                "score_dropped": False,
                "reason": "There are no labels yet, so drift decides"}  # fmt: skip
    held_out = f"{PLAIN_NAMES[metric]} was {metrics['test'][metric]:.2f} on held-out rows"
    dropped = has_dropped(found, metrics, max_drop)
    reason = f"{no_labels}{held_out}, and {verb}{_worst(found, metrics)}"
    decision = RETRAIN if dropped else KEEP
    return {"decision": decision, "reason": reason, "drifted": columns, "score_dropped": dropped}


def _worst(found: pd.DataFrame, metrics: dict) -> str:
    """The main metric in the period where it was worst, in words."""
    metric = metrics["main_metric"]
    period = better_than(metric, found[metric], metrics["test"][metric]).idxmin()
    return f"{found.loc[period, metric]:.2f} at worst ({period})"


def is_known(table: pd.DataFrame, metric: str) -> bool:
    """Whether a table of periods has a value of a metric."""
    return metric in table and bool(table[metric].notna().any())


def has_dropped(performance: pd.DataFrame, metrics: dict, max_drop: float) -> bool:
    """Whether the main metric fell by more than `max_drop` in a period, significantly."""
    metric = metrics["main_metric"]
    held_out = metrics["test"][metric]
    far = better_than(metric, performance[metric], held_out) < -max_drop
    significant = better_than(metric, performance[AT_BEST], held_out) < 0
    return bool((far & significant).any())


def better_than(metric: str, values: pd.Series, held_out: float) -> pd.Series:
    """By how much each value is better than the held-out score."""
    return values.map(lambda value: better(metric, value, held_out))


def quality_changes(production: Production, when: str = "") -> list[Finding]:
    """What is wrong with the later rows, once cleaned, in the columns that the model uses.

    With `when`, a column of dates, also days with far fewer or more rows than usual. Findings, the
    most severe first (see `helpers.drift.data_quality`).
    """
    used = model_columns(production.champion)
    known = _reference(production, when)
    found = data_quality.compare(known.quality, production.X[used], unit=production.unit)
    return ranked([*found, *_odd_days(known, production, when)])


def _odd_days(known: Reference, production: Production, when: str) -> list[Finding]:
    """Days with far fewer or more rows than before; none where rows were held out at random."""
    X = production.X
    dated = when in X and is_date(X[when])
    if not production.seen or not dated or known.days.empty:
        return []
    return table_volume.volume(known.days, table_volume.rows_per(X[when]))
