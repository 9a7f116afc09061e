"""Stage 8, monitor: later rows come. Do they differ, is the model still right, is another better?

The model in service (the champion) is judged on later rows as their labels come in. When it has
slipped, a challenger is fitted with the newer rows too, and both are compared on rows that
neither has seen.
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
    """How far each column that the model uses has moved (see `helpers.drift.compare_columns.compare`).

    The time column is left out: later rows are later by definition.
    """
    return _reference(production, time_column).drift(production.X)


def _reference(production: Production, time_column: str) -> Reference:
    """What later rows are held against: the bundle's reference, else one of the known rows."""
    if production.reference is not None:
        return production.reference
    used = model_columns(production.champion)
    return reference_of(production.known.X, used, time_column=time_column)


def joint_drift(
    production: Production, time_column: str = "", seed: int = 42
) -> domain_classifier.Domain:
    """Whether the columns that the model uses have moved together (see `helpers.drift.compare_columns.domain`)."""
    used = [c for c in model_columns(production.champion) if c != time_column]
    return domain_classifier.domain_classifier(
        production.known.X[used], production.X[used], seed=seed
    )


@dataclass(frozen=True)
class Unseen:
    """The predictions of stage 5's model for held-out and later rows, both unseen by it.

    A model is surer of rows that it has learnt from than of any others, so the answers of the model
    in service, which has learnt from all rows, can't be held against its answers to those.
    """

    truth: np.ndarray
    held_out: tuple
    later: tuple


def unseen(work, production: Production) -> Unseen | None:
    """The answers to rows not seen; None where the held-out rows stand in for later ones.

    `work` is the open stage.
    """
    if production.is_held_out:
        return None
    task, test = production.known.task, production.known.of(TEST)
    model = whole_pipeline.load(work.read("data/trained.skops"))[1:]
    return Unseen(test.y, *(predict(task, model, X) for X in (test.X, production.X)))


def prediction_drift(task: Task, asked: Unseen | None) -> pd.DataFrame | None:
    """How far the predictions have moved from those on the held-out rows; None: not applicable."""
    if asked is None:
        return None
    return compare_columns.compare(
        *(compared_answers(task, *said) for said in (asked.held_out, asked.later))
    )


def estimated_performance(production: Production, asked: Unseen | None) -> pd.DataFrame:
    """A row per period: the metrics of the model in service as expected without labels.

    No label is looked at (see `helpers.monitor.performance_without_labels`). The probabilities are mended as those on the
    held-out rows had to be. No row where that is not applicable.
    """
    task = production.known.task
    if asked is None or task.is_regression:
        return pd.DataFrame(columns=["rows"]).rename_axis("period")
    mending = performance_without_labels.calibrate(task, asked.truth, asked.held_out[1])
    said, chance = predict(task, production.champion[1:], production.X)
    return performance_without_labels.by_period(
        task, chance, said, production.period, calibration=mending
    )


def performance(production: Production, model: Pipeline | None = None) -> pd.DataFrame:
    """A row per period: labelled rows, and the task's metrics of the model there."""
    if production.y is None:
        return pd.DataFrame(columns=["rows"])
    task = production.known.task
    fitted = (model or production.champion)[1:]
    prediction, probability = predict(task, fitted, production.X)
    rows = {}
    for period in np.unique(production.period[production.labelled]):
        chosen = (production.period == period) & production.labelled
        chance = None if probability is None else probability[chosen]
        said = task, production.y[chosen], prediction[chosen], chance
        high = bootstrap(*said, resamples=100, metrics=[task.main_metric])["high"]
        rows[period] = {"rows": int(chosen.sum())} | score(*said)
        rows[period][AT_BEST] = high.get(task.main_metric, np.nan)
    return pd.DataFrame(rows).T.astype({"rows": int}).rename_axis("period")


def decide(
    performance: pd.DataFrame, drifted: pd.DataFrame, metrics: dict, max_drop: float,
    expected: pd.DataFrame | None = None,
) -> dict:  # fmt: skip
    """Keep or retrain: retrain when the main metric of a period fell by more than `max_drop`, and
    significantly (its whole 95 % interval lies below the held-out score).

    Where labels tell, drift is a reason to look, not to retrain: a column may move and the model
    still be right. Without labels the same rule looks at the `expected` scores, which see what
    other rows do to the model but not what columns mean now; where there are none, drift decides.
    """
    metric = metrics["main_metric"]
    moved = drifted.index[drifted["drifts"]].tolist()
    found, says = performance, "{name} was {promised:.2f} when it was held out, and {worst}"
    if not is_known(performance, metric):
        says = "There are no labels yet; {name} was {promised:.2f} when it was held out, and is "
        says += "expected to be {worst}"
        found = None if expected is None else expected.rename(columns={"to": AT_BEST})
    if found is None or not is_known(found, metric):
        return {"decision": RETRAIN if moved else KEEP, "drifted": moved, "slipped": False,
                "reason": "There are no labels yet, so drift decides"}  # fmt: skip
    promised = metrics["test"][metric]
    period = better_than(metric, found[metric], promised).idxmin()
    worst = f"{found.loc[period, metric]:.2f} at worst ({period})"
    reason = says.format(name=PLAIN_NAMES[metric], promised=promised, worst=worst)
    slipped = has_dropped(found, metrics, max_drop)
    decision = RETRAIN if slipped else KEEP
    return {"decision": decision, "reason": reason, "drifted": moved, "slipped": slipped}


def is_known(table: pd.DataFrame, metric: str) -> bool:
    return metric in table and bool(table[metric].notna().any())


def has_dropped(performance: pd.DataFrame, metrics: dict, max_drop: float) -> bool:
    """Whether the main metric fell by more than `max_drop` in a period, significantly."""
    metric = metrics["main_metric"]
    promised = metrics["test"][metric]
    far = better_than(metric, performance[metric], promised) < -max_drop
    surely = better_than(metric, performance[AT_BEST], promised) < 0
    return bool((far & surely).any())


def better_than(metric: str, values: pd.Series, held_out: float) -> pd.Series:
    """By how much each value is better than the held-out score."""
    return values.map(lambda value: better(metric, value, held_out))


def quality_changes(production: Production, when: str = "") -> list[Finding]:
    """What is wrong with the later rows, once cleaned, in the columns that the model uses.

    With `when`, a column of dates, also days with far fewer or more rows than were usual. Findings,
    the gravest first (see `helpers.drift.data_quality`).
    """
    used = model_columns(production.champion)
    known = _reference(production, when)
    found = data_quality.compare(known.quality, production.X[used])
    return ranked([*found, *_odd_days(known, production, when)])


def _odd_days(known: Reference, production: Production, when: str) -> list[Finding]:
    """Days with far fewer or more rows than before; none where rows were held out at random."""
    X = production.X
    dated = when in X and is_date(X[when])
    if not production.seen or not dated or known.days.empty:
        return []
    return table_volume.volume(known.days, table_volume.rows_per(X[when]))
