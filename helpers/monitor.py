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

from . import addresses, clean, drift, flights, pipeline, tables
from .errors import InputError
from .metrics import PLAIN_NAMES
from .rows import TEST, TRAIN, Labelled, labelled_rows
from .task import Task, as_labels, better, bootstrap, drawn_scores, predict, score

KEEP, RETRAIN, UNSEEN = "keep", "retrain", "not seen yet"
FEWEST_PER_PERIOD = 30
DRAWS = 200
LATER_SEED = 43  # of the mess in a later delivery: as much as in the first, in other cells
AT_BEST = "at best"  # the upper end of the main metric's 95 % interval in a period


@dataclass(frozen=True)
class Production:
    """Rows that came after training, and the model that was in service when they came.

    `raw` are n rows as they came, `X` the same rows cleaned, `y` their labels (None while there
    are none), `period` the month or delivery of each; `known` are the rows that the champion was
    fitted on. `seen` is False when these are only the held-out rows of a table without time.
    """

    raw: pd.DataFrame
    X: pd.DataFrame
    y: np.ndarray | None
    period: np.ndarray
    champion: Pipeline
    known: Labelled
    origin: str
    seen: bool = True


def later_rows(work, new_data: str = "", until: str = flights.LAST_DAY_OF_YEAR) -> Production:
    """The rows that the model in service meets: a later delivery, or what comes closest to it.

    Flights of the months after training; for another table `new_data` (whatever `--data` takes);
    else the held-out rows, which are later ones under a time split and prove little otherwise.
    """
    known = labelled_rows(work)
    if new_data:
        addresses.refuse_pasted_password(new_data)
        raw, origin = tables.read_table(new_data, typed=False), addresses.shown(new_data)
    elif work.run.is_flights:
        raw, origin = _later_flights(work, until), "the flights after the collection ended"
    else:
        return _held_out(work, known)
    model = pipeline.load(work.read("model/model.skops"))
    _check_columns(raw, model, known.task)
    return _production(work, raw, model, known, origin)


def _later_flights(work, until: str) -> pd.DataFrame:
    about = work.about
    later = flights.join(flights.read_sources(since=about["until"], until=until))
    later = flights.spread_evenly(later, max(1, round(len(later) * about["sampled"])))
    return flights.planted(later, about["mess"], LATER_SEED)[0] if about["mess"] else later


def _check_columns(raw: pd.DataFrame, model: Pipeline, task: Task) -> None:
    needed = model["features"].feature_names_in_
    missing = [name for name in needed if name not in raw.columns]
    if missing:
        raise InputError(
            f"The new rows lack the column '{missing[0]}' ({len(missing)} of {len(needed)} needed "
            f"columns are missing): they must have the columns of the table the model knows."
        )


def _held_out(work, known: Labelled) -> Production:
    raw = work.read_table("raw")
    model = pipeline.load(work.read("data/trained.skops"))
    test = known.of(TEST)
    rows = raw.iloc[test.row].reset_index(drop=True)
    made = _production(work, rows, model, known.of(TRAIN), "the held-out rows")
    return Production(**(made.__dict__ | {"seen": known.by_time}))


def _production(work, raw, model, known: Labelled, origin: str) -> Production:
    target = known.task.target
    X = model["clean"].transform(raw)
    y = None
    if target in raw.columns:
        labels = clean.clean_label(raw, target, work.about["label"])[0]
        kept = labels.notna().to_numpy()
        if known.task.is_regression:
            y = labels[kept].astype(float).to_numpy()
        else:
            y = as_labels(labels[kept]).to_numpy(dtype=object)
            strange = sorted(set(y) - set(known.task.classes))
            if strange:
                raise InputError(
                    f"The new rows have a class that the model does not know: '{strange[0]}'. It "
                    f"knows {', '.join(known.task.classes[:10])}."
                )
        raw, X = raw[kept].reset_index(drop=True), X[kept].reset_index(drop=True)
    if len(X) == 0:
        raise InputError("None of the new rows has a label, so there is nothing to judge.")
    return Production(raw, X, y, _periods(work, X), model, known, origin)


def _periods(work, X: pd.DataFrame) -> np.ndarray:
    """The month of each row where time is known, otherwise one period for all."""
    split = work.read_json("split.json")
    name = work.about.get("time_column") or (split["column"] if split["strategy"] == "time" else "")
    if name in X and pd.api.types.is_datetime64_any_dtype(X[name].dtype):
        months = X[name].dt.strftime("%Y-%m").fillna("undated")
        sizes = months.value_counts()
        if len(sizes) <= 36 and sizes.median() >= FEWEST_PER_PERIOD:
            return months.to_numpy(dtype=object)
    return np.full(len(X), "new rows", dtype=object)


def column_drift(production: Production, time_column: str = "") -> pd.DataFrame:
    """How far each column that the model uses has moved (see `helpers.drift.compare`).

    The time column is left out: later rows are later by definition.
    """
    used = [c for c in production.champion["features"].feature_names_in_ if c in production.X]
    used = [c for c in used if c in _model_columns(production) and c != time_column]
    return drift.compare(production.known.X[used], production.X[used])


def _model_columns(production: Production) -> set[str]:
    encode = production.champion["features"]["encode"]
    return {column for _, _, columns in encode.transformers for column in columns}


def prediction_drift(production: Production) -> pd.DataFrame:
    """How far the predictions have moved from those on the rows the model was fitted on."""
    fitted = production.champion[1:]  # features and model; both frames are cleaned already
    parts = [predict(production.known.task, fitted, X) for X in (production.known.X, production.X)]
    frames = [_as_frame(production.known.task, *part) for part in parts]
    return drift.compare(*frames)


def _as_frame(task: Task, prediction, probability) -> pd.DataFrame:
    if probability is None:
        return pd.DataFrame({"prediction": prediction})
    if task.kind == "binary":
        chance = probability[:, task.classes.index(task.positive)]
        return pd.DataFrame({f"probability of {task.positive}": chance})
    return pd.DataFrame({"prediction": prediction.astype(str)})


def performance(production: Production, model: Pipeline | None = None) -> pd.DataFrame:
    """A row per period: labelled rows, and the task's metrics of the model there."""
    if production.y is None:
        return pd.DataFrame(columns=["rows"])
    task = production.known.task
    fitted = (model or production.champion)[1:]
    prediction, probability = predict(task, fitted, production.X)
    rows = {}
    for period in np.unique(production.period):
        chosen = production.period == period
        chance = None if probability is None else probability[chosen]
        said = task, production.y[chosen], prediction[chosen], chance
        high = bootstrap(*said, draws=100, metrics=[task.main_metric])["high"]
        rows[period] = {"rows": int(chosen.sum())} | score(*said)
        rows[period][AT_BEST] = high.get(task.main_metric, np.nan)
    return pd.DataFrame(rows).T.astype({"rows": int}).rename_axis("period")


def decide(
    performance: pd.DataFrame, drifted: pd.DataFrame, metrics: dict, max_drop: float
) -> dict:
    """Keep or retrain: retrain when the main metric of a period fell by more than `max_drop`, and
    not by chance (its whole 95 % interval lies below what was promised).

    Drift without labels is a reason to look, not to retrain: a column may move and the model
    still be right. Without any labels, drift decides.
    """
    metric = metrics["main_metric"]
    promised = metrics["test"][metric]
    moved = drifted.index[drifted["drifts"]].tolist()
    if metric not in performance or not performance[metric].notna().any():
        decision = RETRAIN if moved else KEEP
        return {
            "decision": decision,
            "reason": "There are no labels yet, so drift decides",
            "drifted": moved,
        }
    drops = -better_than(metric, performance[metric], promised)
    surely = better_than(metric, performance[AT_BEST], promised) < 0
    worst = drops.idxmax()
    slipped = bool(((drops > max_drop) & surely).any())
    value, name = performance.loc[worst, metric], PLAIN_NAMES[metric]
    reason = f"{name} was {promised:.2f} when it was held out, and {value:.2f} at worst ({worst})"
    return {"decision": RETRAIN if slipped else KEEP, "reason": reason, "drifted": moved}


def better_than(metric: str, values: pd.Series, promised: float) -> pd.Series:
    """By how much each value is better than what was promised."""
    return values.map(lambda value: better(metric, value, promised))


def performance_picture(performance: pd.DataFrame, metrics: dict):
    """The main metric over the periods, or a sentence while there are no labels."""
    from . import plots, show

    metric = metrics["main_metric"]
    if metric not in performance:
        return show.say("The labels have not come yet, or hold one class only: nothing to draw.")
    return plots.over_periods(performance, metric, metrics["test"][metric])


def retrain(production: Production) -> tuple[Pipeline, np.ndarray]:
    """A challenger that has seen the earlier half of the later rows too, and the rows to judge by.

    Halves are whole periods where there are several. Returns (challenger, mask of later rows that
    neither model has seen).
    """
    periods = np.unique(production.period)
    if len(periods) > 1:
        newer = np.isin(production.period, periods[len(periods) // 2 :])
    else:
        newer = np.arange(len(production.period)) >= len(production.period) // 2
    known = production.known
    X = pd.concat([known.X, production.X[~newer][known.X.columns]], ignore_index=True)
    y = np.concatenate([known.y, production.y[~newer]])
    return pipeline.refit(production.champion, X, y), newer


def compare_models(
    production: Production, challenger: Pipeline, newer, seed: int = 42
) -> dict | None:
    """Champion and challenger on the same rows, and the 95 % interval of the difference.

    The interval is that of a paired bootstrap: both models on the same drawn rows. None when the
    metric is not defined there.
    """
    task, metric = production.known.task, production.known.task.main_metric
    X, y = production.X[newer].reset_index(drop=True), production.y[newer]
    said = [predict(task, model[1:], X) for model in (production.champion, challenger)]
    drawn = drawn_scores(task, y, said, DRAWS, seed, [metric])
    if any(scores.empty for scores in drawn):  # one class only: the metric is not defined
        return None
    gains = better(metric, *(scores[metric] for scores in reversed(drawn)))
    champion, challenged = (score(task, y, *answers, [metric])[metric] for answers in said)
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return {
        "metric": metric,
        "rows": len(y),
        "champion": champion,
        "challenger": challenged,
        "gain_from": float(low),
        "gain_to": float(high),
        "promote": bool(low > 0),
    }


def compared_table(compared: dict | None) -> pd.DataFrame:
    """Champion and challenger side by side; no row when there was nothing to compare."""
    if compared is None:
        return pd.DataFrame(columns=["gain (95 % interval)"]).rename_axis("model")
    name = PLAIN_NAMES[compared["metric"]]
    gain = f"{_signed(compared['gain_from'])} to {_signed(compared['gain_to'])}"
    return pd.DataFrame(
        {
            name: [f"{compared['champion']:.2f}", f"{compared['challenger']:.2f}"],
            "gain (95 % interval)": ["", gain],
        },
        index=pd.Index(["champion (in service)", "challenger (retrained)"], name="model"),
    )


def _signed(value: float) -> str:
    """A difference with its sign; what rounds to zero has none that matters.

    >>> _signed(-0.001), _signed(0.02)
    ('+0.00', '+0.02')
    """
    return f"{round(value, 2) + 0:+.2f}"


def read_comparison(compared: dict | None) -> str:
    """A sentence that reads the comparison."""
    if compared is None:
        return "There are too few later rows with labels to compare two models on."
    if compared["promote"]:
        return "**Promote the challenger**: it is better by more than chance explains."
    return (
        "**Keep the champion**: the challenger's gain may be chance (its interval reaches "
        f"{_signed(compared['gain_from'])}). The champion stays in service."
    )


def shown_performance(table: pd.DataFrame, metrics: dict) -> pd.DataFrame:
    """Performance by period as it is shown, with what was promised in the first row."""
    promised = pd.DataFrame({"held out": {"rows": metrics["rows"]["test"]} | metrics["test"]}).T
    shown = [c for c in table if c not in ("rows", AT_BEST)]
    both = pd.concat([promised, table])[["rows", *shown]]
    numbers = both.drop(columns="rows").map("{:.2f}".format).rename(columns=PLAIN_NAMES)
    numbers.insert(0, "rows", both["rows"].astype(int).map("{:,}".format))
    return numbers.rename_axis("period")


def read_decision(decision: dict, production: Production) -> str:
    """The decision as a sentence."""
    if not production.seen:
        return (
            "**Production has not been seen yet.** These are the held-out rows of the same "
            "delivery, so they show only that train and test are alike. Give the next delivery "
            "with `--set new_data=FILE`."
        )
    moved = decision["drifted"]
    text = f"**Decision: {decision['decision']}.** {decision['reason']}."
    return text + (f" Columns that moved: {', '.join(moved[:5])}." if moved else "")


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


def read_production(production: Production) -> str:
    """Which rows stand for production, in a sentence."""
    periods = np.unique(production.period)
    when = f", {periods[0]} to {periods[-1]}" if len(periods) > 1 else ""
    text = f"**{len(production.X):,} rows**{when}: {production.origin}"
    if not production.seen:
        return f"{text}. Production has not been seen yet."
    labels = "with" if production.y is not None else "without"
    return f"{text}, {labels} labels."


def can_compare(production: Production) -> bool:
    """Whether there are enough later rows with labels to judge two models by."""
    return (
        production.seen and production.y is not None and len(production.y) >= 4 * FEWEST_PER_PERIOD
    )


def verdict(decision: dict, production: Production) -> str:
    """The stage's verdict for the ledger."""
    return decision["decision"] if production.seen else UNSEEN


def note_findings(work, drifted: pd.DataFrame, production: Production) -> None:
    """Note the columns that drift, for the front page. `work` is the open stage."""
    for name, row in drifted[drifted["drifts"]].head(10).iterrows():
        where = "since training" if production.seen else "between training and held-out rows"
        message = f"The column {name} has drifted {where} (PSI {row['psi']:.2f})."
        work.find("drift", "note", [name], message, {"psi": row["psi"], "p_value": row["p_value"]})


def summary(production: Production, drifted, by_period, decision: dict, compared) -> dict:
    """The content of `monitoring.json`."""
    return {
        "seen": production.seen,
        "origin": production.origin,
        "rows": len(production.X),
        "decision": verdict(decision, production),
        "reason": decision["reason"],
        "drift": {name: row["psi"] for name, row in drifted.iterrows()},
        "drifted": decision["drifted"],
        "performance": by_period.to_dict("index"),
        "compared": compared,
    }
