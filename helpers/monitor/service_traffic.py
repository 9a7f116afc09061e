"""The traffic of a service, from its log: how many requests, how fast, how many failed."""

from __future__ import annotations

import pandas as pd

from ..base.findings import Finding
from ..learning.task_kind import Task
from ..line.run_folder import Run
from ..serving.prediction_log import ask_log, has_log

MOST_REQUESTS = 500_000  # the latest ones
MOST_FAILED = 0.01  # share of a day's requests; more is an alarm
SLOWER, FEWER = 2.0, 0.5  # times what the days before had
COLUMNS = ["requests", "rows", "refused", "failed", "median", "slowest"]
NONE_YET = "No service has logged its traffic in this run's folder yet."


def by_day(run: Run) -> pd.DataFrame:
    """A row a day (UTC): requests, rows, shares refused (4xx) and failed (5xx), seconds.

    `median` and `slowest` (the 95th percentile) are of the requests that were answered. Empty
    where there is no log, or one of an older kind.
    """
    found = _requests(run)
    if found.empty:
        return pd.DataFrame(columns=COLUMNS).rename_axis("day")
    day = pd.to_datetime(found["at"], unit="s").dt.strftime("%Y-%m-%d").rename("day")
    answered = found["seconds"].where(found["status"] < 400).groupby(day)
    status = found["status"]
    return pd.DataFrame(
        {
            "requests": status.groupby(day).size(),
            "rows": found["rows"].groupby(day).sum(),
            "refused": status.between(400, 499).groupby(day).mean(),
            "failed": (status >= 500).groupby(day).mean(),
            "median": answered.median(),
            "slowest": answered.quantile(0.95),
        }
    )


def _requests(run: Run) -> pd.DataFrame:
    """The latest requests, one a row; none where there is no log."""
    if not has_log(run.path, "requests"):
        return pd.DataFrame(columns=["at", "status", "seconds", "rows"])
    query = "SELECT at, status, seconds, rows FROM requests ORDER BY at DESC LIMIT :most"
    return ask_log(run.path, query, most=MOST_REQUESTS)


def shown(days: pd.DataFrame, most: int = 14) -> pd.DataFrame | None:
    """The latest days as they are shown; None where there are none."""
    if days.empty:
        return None
    last = days.tail(most)
    milliseconds = last[["median", "slowest"]].astype(float).mul(1000).map("{:.1f} ms".format)
    return pd.DataFrame(
        {
            "requests": last["requests"].map("{:,}".format),
            "rows": last["rows"].map("{:,.0f}".format),
            "refused": last["refused"].map("{:.1%}".format),
            "failed": last["failed"].map("{:.1%}".format),
            "median": milliseconds["median"],
            "95th percentile": milliseconds["slowest"],
        }
    )


def traffic_findings(days: pd.DataFrame) -> list[Finding]:
    """What is worth a look on the last day, as findings.

    Failures are compared to a share; volume and latency against the median of the days before,
    once there are three.
    """
    if days.empty:
        return []
    last, before, day = days.iloc[-1], days.iloc[:-1], days.index[-1]
    found = []
    if last["failed"] > MOST_FAILED:
        text = f"{last['failed']:.1%} of the requests failed on {day}."
        found.append(Finding("failures", "alarm", [], text, last["failed"]))
    if len(before) >= 3:
        usual = before.median()
        if last["requests"] < FEWER * usual["requests"]:
            text = f"{last['requests']:,.0f} requests on {day}, usually {usual['requests']:,.0f}."
            found.append(Finding("traffic", "warning", [], text, int(last["requests"])))
        if last["slowest"] > SLOWER * usual["slowest"]:
            slow, often = (1000 * one["slowest"] for one in (last, usual))
            text = f"Answers took up to {slow:.1f} ms on {day} (95 %), usually {often:.1f} ms."
            found.append(Finding("latency", "warning", [], text, last["slowest"]))
    return found


# --- The shadow ---------------------------------------------------------------------------------


def in_shadow(run: Run, task: Task) -> dict | None:
    """A second model beside the one in service, on the same rows; None where there is none.

    Of the latest one: `model`, `rows`, `alike` (the share of equal classes, or the mean distance of
    numbers), and, of the rows whose outcome is known, `outcomes`, `serving` and `shadow`: the share
    of classes that each had right, or the mean error of its numbers.
    """
    if not has_log(run.path, "shadow"):
        return None
    found = ask_log(run.path, SHADOWED, most=MOST_REQUESTS)
    found = found[found["model"] == found["model"].head(1).squeeze()] if len(found) else found
    if found.empty:
        return None
    apart = _distance(found["serving"], found["shadow"], task)
    known = found[found["outcome"].notna()]
    errors = {who: _distance(known[who], known["outcome"], task) for who in ("serving", "shadow")}
    right = {who: _as_shown(error, task) for who, error in errors.items() if len(known)}
    return {"model": found["model"].iloc[0], "rows": len(found), "alike": _as_shown(apart, task),
            "outcomes": len(known)} | right  # fmt: skip


SHADOWED = """
SELECT s.model AS model, p.prediction AS serving, s.prediction AS shadow, o.outcome AS outcome
FROM shadow s JOIN predictions p ON p.id = s.id LEFT JOIN outcomes o ON o.id = s.id
ORDER BY s.at DESC LIMIT :most
"""


def _distance(prediction: pd.Series, other: pd.Series, task: Task) -> float:
    """The mean distance of numbers, or the share of classes that differ."""
    if task.is_regression:
        numbers = (pd.to_numeric(side, errors="coerce") for side in (prediction, other))
        return float(next(numbers).sub(next(numbers)).abs().mean())
    return float((prediction.str.casefold() != other.str.casefold()).mean())


def _as_shown(distance: float, task: Task) -> float:
    """A mean error as it is; for classes the share that is right."""
    return distance if task.is_regression else 1 - distance


def describe_shadow(found: dict | None, task: Task) -> str:
    """A sentence about the shadow; empty where there is none."""
    if found is None:
        return ""
    form = "{:,.3g}" if task.is_regression else "{:.1%}"
    alike = "{} apart on average" if task.is_regression else "{} of the answers are the same"
    text = (
        f"**In the shadow**, model {found['model']} answered {found['rows']:,} of the same rows: "
        f"{alike.format(form.format(found['alike']))}."
    )
    if not found["outcomes"]:
        return f"{text} None of these has an outcome yet."
    was = "its mean error is {}, that of the model in service {}" if task.is_regression else (
        "it was right in {}, the model in service in {}")  # fmt: skip
    scores = was.format(*(form.format(found[who]) for who in ("shadow", "serving")))
    return f"{text} Of the {found['outcomes']:,} with an outcome, {scores}."


# --- In words -----------------------------------------------------------------------------------


def describe_traffic(days: pd.DataFrame) -> str:
    """How many requests there were, how many failed, and how fast they were, in words."""
    if days.empty:
        return NONE_YET
    asked = days["requests"].sum()
    failed = (days["failed"] * days["requests"]).sum() / asked
    text = (
        f"{asked:,} requests on {len(days)} day{'s' * (len(days) != 1)}, {failed:.1%} failed; half "
        f"of the last day's were answered within {1000 * days['median'].iloc[-1]:.1f} ms."
    )
    return " ".join([text, *(alert.message for alert in traffic_findings(days))])
