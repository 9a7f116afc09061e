"""What the notebook of stage 8 shows: one function a section, and the stage's answer."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..drift import alert_thresholds, drift_report
from ..learning.metric_names import PLAIN_NAMES
from ..pages import show
from . import better_than_champion as champion
from . import interval_coverage
from . import monitoring_report as report
from . import performance_without_labels as estimate
from . import retraining_policies as policies
from . import service_traffic as traffic
from .monitor_model import Drift
from .period_scores import Scores
from .production_rows import Production
from .retraining_policies import PolicyResults


@dataclass(frozen=True)
class Monitored:
    """All that stage 8 has found. `compared` and `played` are None where not applicable."""

    production: Production
    drift: Drift
    scores: Scores
    decision: dict
    compared: dict | None
    played: PolicyResults | None


def later_rows(work, production: Production) -> None:
    """Which rows stand for production, and the traffic of the service. `work` is the open stage."""
    days = traffic.by_day(work.run)
    said = report.describe_production(production), traffic.describe_traffic(days)
    show.together(show.say(*said), traffic.shown(days))


def drift(found: Drift) -> None:
    """What drifts, the columns that moved most, and what is wrong with the rows."""
    table = found.columns
    show.together(show.say(drift_report.describe_drift(table)), drift_report.shown(table))
    show.together(
        show.say(
            f"{drift_report.describe_domain(found.joint)} "
            f"{report.describe_prediction_drift(found.predictions)}",
            alert_thresholds.describe_findings(found.quality, most=5),
        )
    )


def scores(found: Scores, metrics: dict) -> None:
    """The picture of the main metric by period, with the promise and the expected scores; how often
    intervals held the truth.
    """
    picture = report.performance_picture(found.by_period, metrics, found.expected)
    task = found.promised.task
    show.together(picture, show.say(interval_coverage.describe_coverage(found.coverage, task)))


def decision(work, found: Monitored) -> None:
    """Keep or retrain, and whether a challenger is better. `work` is the open stage."""
    task = found.production.known.task
    shadow = traffic.in_shadow(work.run, task)
    show.together(
        show.say(report.describe_decision(found.decision, found.production)),
        champion.compared_table(found.compared),
        show.say(
            champion.describe_comparison(found.compared), traffic.describe_shadow(shadow, task)
        ),
    )


def answer(work, found: Monitored) -> dict:
    """Write `monitoring.json`, finish the stage and show its answer; the ledger's line.

    `work` is the open stage.
    """
    production, looked = found.production, found.scores
    days = traffic.by_day(work.run)
    shadow = traffic.in_shadow(work.run, production.known.task)
    findings = drift_report.with_sources(_findings(found, days), work.about.get("sources"))
    report.note_findings(work, findings, production)
    facts = (production, found.decision, looked.by_period, looked.expected, found.drift.columns,
             findings, found.drift.joint, days, found.compared)  # fmt: skip
    played = policies.as_json(found.played)
    work.write_json("monitoring.json", report.summary(*facts, played, shadow, looked.looks,
                                                     looked.coverage))  # fmt: skip
    rows = len(production.X)
    headline = report.headline(found.decision, production, found.compared)
    verdict = report.verdict(found.decision, production)
    entry = work.finish(rows, rows, headline, verdict=verdict)
    said = report.describe_decision(found.decision, production)
    show.together(show.say(said, champion.describe_comparison(found.compared)))
    return entry


def _findings(found: Monitored, days: pd.DataFrame) -> list:
    drift, task = found.drift, found.production.known.task
    held = interval_coverage.coverage_findings(found.scores.coverage, task)
    quality = [*held, *drift.quality, *traffic.traffic_findings(days)]
    return drift_report.drift_findings(drift.columns, drift.predictions, drift.joint, quality)


def handed_on(entry: dict, found: Monitored, metrics: dict) -> None:
    """The ledger's line and, folded, what an expert reads: tests, estimates, policies, metrics."""
    show.together(
        _columns(found.drift),
        _without_labels(found, metrics["main_metric"]),
        _policies(found.played),
        _metrics(found.scores, metrics),
        _coverage(found.scores),
        show.folded("The ledger's line of this stage", show.handed_on(entry)),
    )


def _columns(found: Drift):
    table = found.columns
    return show.folded(
        "Every column: how it was tested, and all columns together",
        show.say(TESTS),
        drift_report.shown(table, most=len(table)),
        table[["test", "why"]].assign(**{"p-value": table["p_value"].map("{:.2g}".format),
                                         "corrected": table["adjusted"].map("{:.2g}".format)}),
        show.say(JOINT, drift_report.describe_domain(found.joint)),
    )  # fmt: skip


TESTS = (
    "Numbers and dates are compared by the test of Kolmogorov and Smirnov, categories by "
    "chi-square, empty cells by Fisher's test. Rows of a unit count together. With many columns "
    "some p-values are small by chance, so each is corrected for their number (Holm 1979)."
)
JOINT = (
    "Columns may each look the same and still go together in another way. A classifier that tries "
    "to tell old rows from new ones sees that: ROC AUC 0.5 if it can only guess."
)


def _without_labels(found: Monitored, metric: str):
    """The scores as they were to be expected before any label came."""
    expected, by_period = found.scores.expected, found.scores.by_period
    return show.folded(
        "Before the labels come: the score as it was to be expected",
        show.say(EXPECTED, report.describe_expected(found.production.known.task, expected,
                                                    by_period)),
        estimate.shown(expected, by_period, metric),
    )  # fmt: skip


EXPECTED = (
    "The probabilities give an estimate without labels: of rows with a probability of 0.8, eight "
    "in ten should be positive (confidence-based performance estimation). It sees what other rows "
    "do to the score, and is blind to a change of what the columns mean for the target."
)


def _policies(played: PolicyResults | None):
    """What each rule for retraining would have scored, and cost."""
    return show.folded(
        "When to train again: by the calendar, on drift, or after a fall",
        show.say(PLAYED, policies.describe_policies(played)),
        policies.shown(played),
        policies.picture(played),
    )


PLAYED = (
    "The later periods are played again, in order: before each of them a policy may fit the recipe "
    "again on all rows whose labels had come by then, and the model in service is scored on it. "
    "What retraining gains differs from period to period, so the periods are the sample here."
)


def _coverage(found: Scores):
    """How often intervals held the truth, period by period; None where that is not known."""
    if found.coverage.empty:
        return None
    level = f"{100 * interval_coverage.LEVEL:g} %"
    title = f"How often intervals or sets for {level} held the truth, by unit"
    return show.folded(title, interval_coverage.shown(found.coverage))


def _metrics(found: Scores, metrics: dict):
    name = PLAIN_NAMES[metrics["main_metric"]]
    return show.folded(
        f"Every metric in every period (the interval is that of the {name})",
        report.shown_performance(found.by_period, metrics),
    )
