"""Is the model in service still right? Its drift on later rows, and the decision.

The model in service (the champion) is scored on later rows as their labels come in. When its score
has dropped, a challenger is fitted with the newer rows too (`refit_models`), and both are compared
on rows that neither has seen (`better_than_champion`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..base.findings import Finding, ranked
from ..cells.kinds import is_date
from ..drift import compare_columns, data_quality, domain_classifier, table_volume
from ..drift.stored_reference import Reference, reference_of
from ..learning.margins import describe_margin
from ..learning.metric_names import PLAIN_NAMES
from ..learning.outcome_reader import describe_wrong
from ..learning.task_kind import Task, compared_answers
from ..pipeline.whole_pipeline import model_columns
from . import reading_findings
from .period_scores import Unseen
from .production_rows import Production
from .score_fall import P_VALUE, RELATIVE, has_fallen

KEEP, RETRAIN, UNSEEN = "keep", "retrain", "not seen yet"
DRIFT_CODES = ("drift", "prediction_drift", "joint_drift")


@dataclass(frozen=True)
class Drift:
    """What has changed in the later rows: `columns` one by one, `joint`, all of them together,
    the `predictions` (None where not applicable), and the `quality` of the rows, as findings.
    """

    columns: pd.DataFrame
    joint: domain_classifier.Domain
    predictions: pd.DataFrame | None
    quality: list[Finding]


def find_drift(
    production: Production, asked: Unseen | None, time_column: str = "", seed: int = 42
) -> Drift:
    """All that can be said of later rows without a label; `asked` are the answers for them."""
    return Drift(
        column_drift(production, time_column),
        joint_drift(production, time_column, seed),
        prediction_drift(production.known.task, asked),
        quality_changes(production, time_column),
    )


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


def prediction_drift(task: Task, asked: Unseen | None) -> pd.DataFrame | None:
    """The drift of the predictions from those on held-out rows; None where not applicable."""
    if asked is None:
        return None
    before, after = (compared_answers(task, *said) for said in (asked.held_out, asked.later))
    unit_before, unit_after = asked.units
    return compare_columns.compare(before, after, unit_before=unit_before, unit_after=unit_after)


def decide(
    performance: pd.DataFrame, drifted: pd.DataFrame, metrics: dict, max_drop: float,
    expected: pd.DataFrame | None = None,
) -> dict:  # fmt: skip
    """Keep or retrain: retrain when the main metric of a new period fell by more than `max_drop`,
    and by more than chance (see `helpers.monitor.score_fall`).

    `max_drop` is on the scale of `helpers.learning.margins`: the same whatever the target's units.
    With labels, drift is a reason to look, not to retrain: a column may drift and the model still
    be right. Without labels the same rule uses the `expected` scores, which show the effect of
    other rows, but not of a new meaning of columns; where there are none, drift decides.

    `performance` and `expected` are tables of `period_scores`, `drifted` that of `column_drift`,
    `metrics` the content of `metrics.json`. Returns `decision`, `reason`, `drifted` (columns) and
    `score_dropped`.
    """
    metric = metrics["main_metric"]
    columns = drifted.index[drifted["drifts"]].tolist()
    found, no_labels, verb = performance, "", ""
    if not is_known(performance, metric):
        no_labels, verb, found = "There are no labels yet; ", "is expected to be ", expected
    if found is None or not is_known(found, metric):
        return {"decision": RETRAIN if columns else KEEP, "drifted": columns,
                "score_dropped": False,
                "reason": "There are no labels yet, so drift decides"}  # fmt: skip
    fell = has_fallen(found, max_drop)
    held_out = f"{PLAIN_NAMES[metric]} was {metrics['test'][metric]:.2f} on held-out rows"
    reason = f"{no_labels}{held_out}, and {verb}{_in_words(found, metrics, fell, max_drop)}"
    return {"decision": RETRAIN if fell.any() else KEEP, "reason": reason, "drifted": columns,
            "score_dropped": bool(fell.any())}  # fmt: skip


def _in_words(found: pd.DataFrame, metrics: dict, fell: pd.Series, max_drop: float) -> str:
    """The main metric in the period that decided, and why it calls for retraining or not."""
    metric = metrics["main_metric"]
    if P_VALUE not in found:
        return "nothing has come later"
    judged = found[found[P_VALUE].notna()]
    if judged.empty:
        return "no later period is new since the last look, or has units enough to tell"
    among = judged[fell[judged.index]] if fell.any() else judged
    period = among[RELATIVE].idxmin()
    score = f"{found.loc[period, metric]:.2f} at worst ({period})"
    if fell.any():
        return f"{score}, a fall beyond {describe_margin(metric, max_drop)} and beyond chance"
    if among.loc[period, RELATIVE] < -max_drop:
        return f"{score}, which may be chance"
    return f"{score}, a fall of no more than {describe_margin(metric, max_drop)}"


def is_known(table: pd.DataFrame, metric: str) -> bool:
    """Whether a table of periods has a value of a metric."""
    return metric in table and bool(table[metric].notna().any())


def quality_changes(production: Production, when: str = "") -> list[Finding]:
    """What is wrong with the later rows, once cleaned, in the columns that the model uses.

    With `when`, a column of dates, also days with far fewer or more rows than usual. Findings, the
    most severe first (see `helpers.drift.data_quality`).
    """
    used = model_columns(production.champion)
    known = _reference(production, when)
    found = data_quality.compare(known.quality, production.X[used], unit=production.unit)
    found = reading_findings.explained(found, production.reading, used)
    told = [*_new_classes(production), *_wrong_outcomes(production)]
    return ranked([*told, *found, *_odd_days(known, production, when)])


NO_LABELS = {
    "number": ("unread_label", "a {} that is no number: {}. They count as rows without a label."),
    "class": (
        "new_class",
        "a class of {} that the model does not know: {}. It answers each of them wrong, and no "
        "score counts them: retrain with them, or name words that are no label (--set no_label=).",
    ),
}


def _new_classes(production: Production) -> list[Finding]:
    """The labels of classes that the model does not know, or that are no numbers."""
    counts, task = production.new_classes, production.known.task
    if not counts:
        return []
    shown = ", ".join(f"‘{name:.30}’ ({n:,})" for name, n in list(counts.items())[:5])
    name, what = NO_LABELS["number" if task.is_regression else "class"]
    many = f"{sum(counts.values()):,} of {len(production.X):,} rows have "
    return [Finding(name, "alarm", [task.target], many + what.format(task.target, shown))]


def _wrong_outcomes(production: Production) -> list[Finding]:
    """The outcomes in a service's log that are no class or number, where there are some."""
    if not (said := wrong_outcomes(production)):
        return []
    return [Finding("wrong_outcomes", "warning", [production.known.task.target], said)]


def wrong_outcomes(production: Production) -> str:
    """A sentence about outcomes in the log that were set aside, and how to mend them; or empty."""
    wrong = production.wrong_outcomes
    if not wrong:
        return ""
    told = sum(wrong.values()) + int(production.labelled.sum())
    said = describe_wrong(wrong, production.known.task, told)
    return f"{said} `pipeline outcomes` lists and corrects them."


def _odd_days(known: Reference, production: Production, when: str) -> list[Finding]:
    """Days with far fewer or more rows than before; none where rows were held out at random."""
    X = production.X
    dated = when in X and is_date(X[when])
    if not production.seen or not dated or known.days.empty:
        return []
    return table_volume.volume(known.days, table_volume.rows_per(X[when]))
