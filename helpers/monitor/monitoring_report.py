"""The words and tables of stage 8, and the content of `monitoring.json`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..base.earlier_names import with_current_keys
from ..base.findings import Finding
from ..drift import domain_classifier
from ..drift.drift_report import describe_domain, describe_drift
from ..learning.metric_names import PLAIN_NAMES
from ..learning.task_kind import Task
from ..line.run_folder import Run
from ..tables import odd_files
from . import better_than_champion, performance_without_labels
from .interval_coverage import describe_coverage
from .monitor_model import DRIFT_CODES, KEEP, UNSEEN, is_known
from .period_scores import HIGH, LOW, ROWS, UNITS
from .production_rows import UNDATED, Production
from .score_fall import COLUMNS
from .service_traffic import describe_traffic

MOST_PERIODS_LISTED = 6  # periods in a sentence
NO_METRICS = (ROWS, UNITS, LOW, HIGH, *COLUMNS)
EARLIER_KEYS = {  # of `monitoring.json`, in runs of earlier versions
    "said": "summary",
    "moved": "significant",
    "slipped": "score_dropped",
}


def performance_picture(performance: pd.DataFrame, metrics: dict, expected: pd.DataFrame):
    """The main metric over the periods, as it is and as it was expected, beside the held-out score.

    A sentence where neither is known.
    """
    from ..pages import monitoring_plots, show

    metric = metrics["main_metric"]
    if not is_known(performance, metric) and not is_known(expected, metric):
        return show.say("There are no labels yet, or of one class only: nothing to draw.")
    interval = metrics.get("interval", {}).get(metric)
    held_out = metrics["test"][metric], interval
    return monitoring_plots.over_periods(performance, metric, *held_out, expected)


def describe_expected(task: Task, expected: pd.DataFrame, performance: pd.DataFrame) -> str:
    """What was to be expected without labels, in words."""
    if expected.empty and not task.is_regression:
        return "The labels of the held-out rows are known, so nothing has to be estimated."
    return performance_without_labels.describe_estimate(task, expected, performance)


def shown_performance(table: pd.DataFrame, metrics: dict) -> pd.DataFrame:
    """Performance by period as it is shown, with the held-out scores in the first row.

    The interval is the main metric's, by unit.
    """
    low, high = metrics.get("interval", {}).get(metrics["main_metric"], (np.nan, np.nan))
    held_out = {ROWS: metrics["rows"]["test"], LOW: low, HIGH: high} | metrics["test"]
    both = pd.concat([pd.DataFrame({"held out": held_out}).T, table])
    names = [c for c in both if c not in NO_METRICS]
    shown = both[names].map("{:.2f}".format).rename(columns=PLAIN_NAMES)
    shown.insert(0, "rows", both[ROWS].astype(int).map("{:,}".format))
    if UNITS in both:
        shown.insert(1, "units", both[UNITS].map(lambda n: "" if np.isnan(n) else f"{n:,.0f}"))
    main = f"{PLAIN_NAMES[metrics['main_metric']]}, 95 % interval"
    return shown.assign(**{main: _intervals(both)}).rename_axis("period")


def _intervals(table: pd.DataFrame) -> pd.Series:
    """The interval of each period in words."""
    ends = table[[LOW, HIGH]].astype(float).map("{:.2f}".format)
    return ends[LOW] + " to " + ends[HIGH]


def describe_decision(decision: dict, production: Production) -> str:
    """The decision as a sentence."""
    if not production.seen:
        return (
            "**Production has not been seen yet.** These are the held-out rows of the same "
            "delivery, so they show only whether train and test differ. Give the next delivery "
            "with `pipeline monitor RUN --data FILE`."
        )
    drifted = decision["drifted"]
    text = f"**Decision: {decision['decision']}.** {decision['reason']}."
    return text + (f" Columns that drift: {', '.join(drifted[:5])}." if drifted else "")


PROMOTED = "is better: promote it."
STAYS = "is not surely and sufficiently better: the old one stays."


def headline(decision: dict, production: Production, compared: dict | None) -> str:
    """The stage's result in a sentence."""
    if not production.seen:
        return "Production has not been seen yet; train and test were compared instead."
    came = "are held out" if production.is_held_out else "came later"
    text = f"{len(production.X):,} rows {came}. {decision['reason']}"
    if decision["decision"] == KEEP:
        return f"{text}: the model stays."
    if compared is None:
        return f"{text}: train it again."
    outcome = PROMOTED if better_than_champion.replaces_champion(compared) else STAYS
    return f"{text}, so it was trained again; on rows that neither has seen the new one {outcome}"


def describe_production(production: Production) -> str:
    """Which rows stand for production, in a sentence."""
    periods = np.unique(production.period)
    when = f", {periods[0]} to {periods[-1]}" if len(periods) > 1 else ""
    text = f"**{len(production.X):,} rows**{when}: {production.origin}"
    if not production.seen:
        return f"{text}. Production has not been seen yet."
    return f"{text}, {_with_labels(production)}.{_undated(production)}"


def _undated(production: Production) -> str:
    """What becomes of rows without a date, in a sentence; empty where there are none."""
    count = int((production.period == UNDATED).sum())
    if not count:
        return ""
    return f" {count:,} have no date: they are scored by themselves, and decide nothing."


def _with_labels(production: Production) -> str:
    """How many of the rows have labels, in words."""
    count, rows = int(production.labelled.sum()), len(production.X)
    if count in (0, rows):
        return "with labels" if count else "without labels"
    return f"{count:,} of them with labels"


def verdict(decision: dict, production: Production) -> str:
    """The stage's verdict for the ledger."""
    return decision["decision"] if production.seen else UNSEEN


def note_findings(work, found: list[Finding], production: Production) -> None:
    """Note what has changed, for the front page. `work` is the open stage.

    What drifts is a note there: only a score that fell is a reason to act. Small changes are left
    out, and all of rows that were held out at random.
    """
    worth_it = [one for one in found if one.severity != "note"] if production.seen else []
    for one in worth_it[:10]:
        work.note(replace(one, severity="note") if one.code in DRIFT_CODES else one)


def summary(
    production: Production, decision: dict, by_period: pd.DataFrame, expected: pd.DataFrame,
    drifted: pd.DataFrame, found: list[Finding], joint: domain_classifier.Domain,
    days: pd.DataFrame,
    compared: dict | None, policies: dict | None, shadow: dict | None, looks: list[dict] = (),
    coverage: pd.DataFrame | None = None,
) -> dict:  # fmt: skip
    """The content of `monitoring.json`. `summary` is what a person reads of it, subject by subject.

    `found` are the findings, `compared` comes from `compare_models`, `policies` from
    `retraining_policies.as_json`, `shadow` from `service_traffic.in_shadow`, `looks` from
    `earlier_looks.with_this_look`, `coverage` from `interval_coverage.coverage_by_period`.
    """
    wrong = [one for one in found if one.code not in DRIFT_CODES]
    task = production.known.task
    return _facts(production, decision) | {
        "drift": {name: row["psi"] for name, row in drifted.iterrows()},
        "significant": drifted.index[drifted["significant"]].tolist(),
        "joint": {"roc_auc": joint.auc if joint.applicable else None, "p_value": joint.p_value,
                  "importance": joint.importance},
        "alerts": [one.as_dict() for one in found],
        "performance": by_period.to_dict("index"),
        "expected": expected.to_dict("index"),
        "shadow": shadow,
        "traffic": days.to_dict("index"),
        "compared": compared, "policies": policies, "looks": list(looks),
        "coverage": {} if coverage is None else coverage.to_dict("index"),
        "summary": {
            **_of_file(production),
            "Volume": _plain(describe_production(production), describe_traffic(days)),
            "Drift": _plain(describe_drift(drifted), describe_domain(joint)),
            "Quality": _plain(describe_quality(wrong)),
            "Performance": _plain(describe_performance(by_period, expected, task)),
            **_of_coverage(coverage, task),
            "Decision": _plain(describe_decision(decision, production)),
        },
    }  # fmt: skip


def _of_coverage(coverage: pd.DataFrame | None, task: Task) -> dict[str, str]:
    """How often intervals held the truth, where that is known."""
    said = "" if coverage is None else describe_coverage(coverage, task)
    return {"Coverage": _plain(said)} if said else {}


def _of_file(production: Production) -> dict[str, str]:
    """What was odd in the file of the later rows, and how it was read, where there is any."""
    odd = odd_files.of(production.raw)
    return {"File": _plain(*odd)} if odd else {}


def _facts(production: Production, decision: dict) -> dict:
    """Which rows were looked at, and what was decided."""
    return {
        "seen": production.seen,
        "origin": production.origin,
        "held_out": production.is_held_out,
        "rows": len(production.X),
        "labels": int(production.labelled.sum()),
        "decision": verdict(decision, production),
        "reason": decision["reason"],
        "score_dropped": decision["score_dropped"],
        "drifted": decision["drifted"],
    }


def read_result(run: Run) -> dict | None:
    """A run's `monitoring.json` under the keys of today; None where there is none."""
    found = run.read_json("monitoring.json")
    if found is None:
        return None
    joint = with_current_keys(found.get("joint", {}), {"tells": "importance"})
    return with_current_keys(found, EARLIER_KEYS) | {"joint": joint}


def describe_performance(by_period: pd.DataFrame, expected: pd.DataFrame, task: Task) -> str:
    """The main metric by period, as it is or is to be expected, in a sentence."""
    metric = task.main_metric
    known, says = by_period, PLAIN_NAMES[metric]
    if not is_known(by_period, metric):
        known, says = expected, f"No labels yet; expected {says}"
    if not is_known(known, metric):
        return "No labels yet, and no probabilities to estimate scores from."
    scores = [f"{v:.2f} ({p})" for p, v in known[metric].dropna().tail(MOST_PERIODS_LISTED).items()]
    return f"{says} {', '.join(scores)}."


def describe_quality(found: list[Finding]) -> str:
    """How many problems with the rows are new, and the most severe of them, in a sentence."""
    grave = [one.message for one in found if one.severity != "note"]
    if not grave:
        return f"No alarm, no warning ({len(found)} notes)." if found else "Nothing has changed."
    return f"{len(grave)} worth a look. {' '.join(grave[:2])}"


def _plain(*texts: str) -> str:
    """Sentences in a row, without marks of Markdown."""
    return " ".join(texts).replace("**", "").replace("`", "")


def describe_prediction_drift(answers: pd.DataFrame | None) -> str:
    """Whether the predictions have drifted, in a sentence."""
    if answers is None:
        return "The predictions can't be compared before there are new rows."
    if answers["drifts"].any():
        return "The predictions drift too."
    if answers["significant"].any():
        return f"The predictions have drifted a little (PSI {answers['psi'].max():.2f})."
    return "The predictions have not drifted."
