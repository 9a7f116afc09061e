"""Stage 8, monitor: later rows come. Do they differ, is the model still right, is another better?

The model in service (the champion) is judged on later rows as their labels come in. When it has
slipped, a challenger is fitted with the newer rows too, and both are compared on rows that
neither has seen.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from . import estimate, traffic
from .deliveries import FEWEST_PER_PERIOD, Production
from .drift import compare_columns, data_quality, domain_classifier, drift_report, table_volume
from .drift.alert_thresholds import ranked
from .drift.stored_reference import Reference, reference_of
from .learning.labelled_data import TEST
from .learning.metric_names import PLAIN_NAMES
from .learning.metric_scores import better, bootstrap, resampled_scores, score
from .learning.predicting import predict
from .learning.task_kind import Task, compared_answers
from .pipeline import whole_pipeline
from .pipeline.whole_pipeline import model_columns

KEEP, RETRAIN, UNSEEN = "keep", "retrain", "not seen yet"
RESAMPLES = 200
FEWEST_COMPARED = 4 * FEWEST_PER_PERIOD  # rows with labels: half to learn from, half to judge by
MOST_PERIODS_LISTED = 6  # periods in a sentence
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

    No label is looked at (see `helpers.estimate`). The probabilities are mended as those on the
    held-out rows had to be. No row where that is not applicable.
    """
    task = production.known.task
    if asked is None or task.is_regression:
        return pd.DataFrame(columns=["rows"]).rename_axis("period")
    mending = estimate.calibrate(task, asked.truth, asked.held_out[1])
    said, chance = predict(task, production.champion[1:], production.X)
    return estimate.by_period(task, chance, said, production.period, calibration=mending)


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


def performance_picture(performance: pd.DataFrame, metrics: dict, expected: pd.DataFrame):
    """The main metric over the periods, as it is and as it was expected, beside the promise.

    A sentence where neither is known.
    """
    from .pages import monitoring_plots, show

    metric = metrics["main_metric"]
    if not is_known(performance, metric) and not is_known(expected, metric):
        return show.say("There are no labels yet, or of one class only: nothing to draw.")
    return monitoring_plots.over_periods(performance, metric, metrics["test"][metric], expected)


def describe_expected(task: Task, expected: pd.DataFrame, performance: pd.DataFrame) -> str:
    """What was to be expected without labels, in words."""
    if expected.empty and not task.is_regression:
        return "The labels of the held-out rows are known, so nothing has to be estimated."
    return estimate.describe_estimate(task, expected, performance)


def newer_half(production: Production) -> np.ndarray:
    """A mask of the later rows to judge by: of those with labels the newer half, in whole periods.

    Of one period it is the half that came last.
    """
    labelled = production.labelled
    periods = np.unique(production.period[labelled])
    if len(periods) > 1:
        return labelled & np.isin(production.period, periods[len(periods) // 2 :])
    return labelled & (labelled.cumsum() > labelled.sum() // 2)


class Refits:
    """The champion's recipe, fitted anew on all rows with labels before a period; each only once.

    The cleaner stays: rows are cleaned already, and both models can be asked the same ones.
    """

    def __init__(self, production: Production):
        self.production = production
        self._made: dict[str, tuple[Pipeline, float]] = {}

    def before(self, period: str) -> tuple[Pipeline, float]:
        """The model as it would be at the beginning of the period, and the seconds it took."""
        if period not in self._made:
            began = time.perf_counter()
            model = refitted(self.production, self.production.period < period)
            self._made[period] = model, time.perf_counter() - began
        return self._made[period]


def refit_challenger(production: Production, refits: Refits) -> tuple[Pipeline, np.ndarray]:
    """A challenger that has seen the earlier half of the later rows too, and the rows to judge by.

    Returns (challenger, mask of later rows that neither model has seen).
    """
    newer = newer_half(production)
    first = production.period[newer].min()
    if (production.period[production.labelled] < first).any():
        return refits.before(first)[0], newer
    return refitted(production, ~newer), newer


def refitted(production: Production, earlier: np.ndarray) -> Pipeline:
    """The champion's recipe fitted anew, on the rows it knows and those of `earlier` (a mask)."""
    known, more = production.known, production.at(earlier & production.labelled)
    X = pd.concat([known.X, more.X[known.X.columns]], ignore_index=True)
    return whole_pipeline.refit(production.champion, X, np.concatenate([known.y, more.y]))


def compare_models(
    production: Production, challenger: Pipeline, newer, seed: int = 42
) -> dict | None:
    """Champion and challenger on the same rows, and the 95 % interval of the difference.

    Both share the champion's cleaner, whose rows `production.X` are; see `compare_answers`.
    """
    judged, task = production.at(newer), production.known.task
    said = [predict(task, model[1:], judged.X) for model in (production.champion, challenger)]
    return compare_answers(task, judged.y, *said, seed=seed)


def compare_answers(task: Task, y, champion, challenger, *, seed: int = 42) -> dict | None:
    """Two models' answers (predictions, probabilities) to the same rows with the labels `y`.

    The 95 % interval of the gain is that of a paired bootstrap (Efron 1979): both models on the
    same drawn rows. None when the metric is not defined there.
    """
    metric, said = task.main_metric, (champion, challenger)
    if len(y) == 0:
        return None
    drawn = resampled_scores(task, y, said, RESAMPLES, seed, [metric])
    if any(scores.empty for scores in drawn):  # one class only: the metric is not defined
        return None
    gains = better(metric, *(scores[metric] for scores in reversed(drawn)))
    before, after = (score(task, y, *answers, [metric])[metric] for answers in said)
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return {
        "metric": metric,
        "rows": len(y),
        "champion": before,
        "challenger": after,
        "gain_from": float(low),
        "gain_to": float(high),
        "promote": bool(low > 0),
    }


def compared_table(compared: dict | None) -> pd.DataFrame:
    """Champion and challenger side by side; no row when there was nothing to compare."""
    if compared is None:
        return pd.DataFrame(columns=["gain (95 % interval)"]).rename_axis("model")
    name = PLAIN_NAMES[compared["metric"]]
    gain = f"{signed(compared['gain_from'], 3)} to {signed(compared['gain_to'], 3)}"
    return pd.DataFrame(
        {
            name: [f"{compared['champion']:.3f}", f"{compared['challenger']:.3f}"],
            "gain (95 % interval)": ["", gain],
        },
        index=pd.Index(["champion (in service)", "challenger (retrained)"], name="model"),
    )


def signed(value: float, places: int = 2) -> str:
    """A difference with its sign; what rounds to zero has none that matters.

    >>> signed(-0.001), signed(0.02)
    ('+0.00', '+0.02')
    """
    return f"{round(value, places) + 0:+.{places}f}"


def describe_comparison(compared: dict | None) -> str:
    """A sentence that reads the comparison."""
    if compared is None:
        return "There are too few later rows with labels to compare two models on."
    if compared["promote"]:
        return "**Promote the challenger**: it is significantly better."
    return (
        "**Keep the champion**: the challenger's gain is not significant (its interval reaches "
        f"{signed(compared['gain_from'], 3)}). The champion stays in service."
    )


def shown_performance(table: pd.DataFrame, metrics: dict) -> pd.DataFrame:
    """Performance by period as it is shown, with the held-out scores in the first row."""
    promised = pd.DataFrame({"held out": {"rows": metrics["rows"]["test"]} | metrics["test"]}).T
    shown = [c for c in table if c not in ("rows", AT_BEST)]
    both = pd.concat([promised, table])[["rows", *shown]]
    numbers = both.drop(columns="rows").map("{:.2f}".format).rename(columns=PLAIN_NAMES)
    numbers.insert(0, "rows", both["rows"].astype(int).map("{:,}".format))
    return numbers.rename_axis("period")


def describe_decision(decision: dict, production: Production) -> str:
    """The decision as a sentence."""
    if not production.seen:
        return (
            "**Production has not been seen yet.** These are the held-out rows of the same "
            "delivery, so they show only that train and test are alike. Give the next delivery "
            "with `pipeline monitor RUN --data FILE`."
        )
    moved = decision["drifted"]
    text = f"**Decision: {decision['decision']}.** {decision['reason']}."
    return text + (f" Columns that drift: {', '.join(moved[:5])}." if moved else "")


def headline(decision: dict, production: Production, compared: dict | None) -> str:
    """The stage's result in a sentence."""
    if not production.seen:
        return "Production has not been seen yet; train and test were compared instead."
    text = f"{len(production.X):,} rows came later. {decision['reason']}"
    if decision["decision"] == KEEP:
        return f"{text}: the model stays."
    if compared is None:
        return f"{text}: train it again."
    outcome = (
        "is better: promote it." if compared["promote"] else "is no better: the old one stays."
    )
    return f"{text}, so it was trained again; on rows that neither has seen the new one {outcome}"


def describe_production(production: Production) -> str:
    """Which rows stand for production, in a sentence."""
    periods = np.unique(production.period)
    when = f", {periods[0]} to {periods[-1]}" if len(periods) > 1 else ""
    text = f"**{len(production.X):,} rows**{when}: {production.origin}"
    if not production.seen:
        return f"{text}. Production has not been seen yet."
    return f"{text}, {_with_labels(production)}."


def _with_labels(production: Production) -> str:
    count, rows = int(production.labelled.sum()), len(production.X)
    if count in (0, rows):
        return "with labels" if count else "without labels"
    return f"{count:,} of them with labels"


def can_compare(production: Production) -> bool:
    """Whether there are enough later rows with labels to judge two models by."""
    return production.seen and int(production.labelled.sum()) >= FEWEST_COMPARED


def verdict(decision: dict, production: Production) -> str:
    """The stage's verdict for the ledger."""
    return decision["decision"] if production.seen else UNSEEN


def quality_changes(production: Production, when: str = "") -> list[dict]:
    """What is wrong with the later rows, once cleaned, in the columns that the model uses.

    With `when`, a column of dates, also days with far fewer or more rows than were usual. Findings,
    the gravest first (see `helpers.drift.data_quality`).
    """
    used = model_columns(production.champion)
    known = _reference(production, when)
    found = data_quality.compare(known.quality, production.X[used])
    return ranked([*found, *_odd_days(known, production, when)])


def _odd_days(known: Reference, production: Production, when: str) -> list[dict]:
    """Days with far fewer or more rows than before; none where rows were held out at random."""
    X = production.X
    is_date = when in X and pd.api.types.is_datetime64_any_dtype(X[when].dtype)
    if not production.seen or not is_date or known.days.empty:
        return []
    return table_volume.volume(known.days, table_volume.rows_per(X[when]))


def note_findings(work, found: list[dict], production: Production) -> None:
    """Note what has changed, for the front page. `work` is the open stage.

    What drifts is a note there: only a score that fell is a reason to act. Small changes are left
    out, and all of rows that were held out at random.
    """
    worth_it = [one for one in found if one["severity"] != "note"] if production.seen else []
    for one in worth_it[:10]:
        severity = "note" if one["code"] in DRIFT_CODES else one["severity"]
        work.find(one["code"], severity, one["columns"], one["message"], one["evidence"])


def summary(
    production: Production, decision: dict, by_period: pd.DataFrame, expected: pd.DataFrame,
    drifted: pd.DataFrame, found: list[dict], joint: domain_classifier.Domain, days: pd.DataFrame,
    compared: dict | None, policies: dict | None, shadow: dict | None,
) -> dict:  # fmt: skip
    """The content of `monitoring.json`. `said` holds what a person reads of it, subject by subject.

    `found` are the findings, `compared` comes from `compare_models`, `policies` from
    `policies.as_json`, `shadow` from `traffic.in_shadow`.
    """
    wrong = [one for one in found if one["code"] not in DRIFT_CODES]
    return {
        "seen": production.seen,
        "origin": production.origin,
        "held_out": production.is_held_out,
        "rows": len(production.X),
        "labels": int(production.labelled.sum()),
        "decision": verdict(decision, production),
        "reason": decision["reason"],
        "slipped": decision["slipped"],
        "drift": {name: row["psi"] for name, row in drifted.iterrows()},
        "drifted": decision["drifted"],
        "moved": drifted.index[drifted["moves"]].tolist(),
        "joint": {"roc_auc": joint.auc if joint.applicable else None, "p_value": joint.p_value,
                  "tells": joint.tells},
        "alerts": found,
        "performance": by_period.to_dict("index"),
        "expected": expected.to_dict("index"),
        "shadow": shadow,
        "traffic": days.to_dict("index"),
        "compared": compared,
        "policies": policies,
        "said": {
            "Volume": _plain(f"{describe_production(production)} {traffic.describe_traffic(days)}"),
            "Drift": _plain(f"{drift_report.describe_drift(drifted)} {drift_report.describe_domain(joint)}"),
            "Quality": _plain(describe_quality(wrong)),
            "Performance": _plain(describe_performance(by_period, expected, production.known.task)),
            "Decision": _plain(describe_decision(decision, production)),
        },
    }  # fmt: skip


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


def describe_quality(found: list[dict]) -> str:
    """How many changes for the worse there are, and the most severe of them, in a sentence."""
    grave = [one["message"] for one in found if one["severity"] != "note"]
    if not grave:
        return f"Nothing grave ({len(found)} notes)." if found else "Nothing has changed."
    return f"{len(grave)} worth a look. {' '.join(grave[:2])}"


def _plain(text: str) -> str:
    return text.replace("**", "").replace("`", "")


def describe_prediction_drift(answers: pd.DataFrame | None) -> str:
    """Whether the predictions have moved, in a sentence."""
    if answers is None:
        return "The predictions can't be compared before there are new rows."
    if answers["drifts"].any():
        return "The predictions drift too."
    if answers["moves"].any():
        return f"The predictions have drifted a little (PSI {answers['psi'].max():.2f})."
    return "The predictions have not drifted."
