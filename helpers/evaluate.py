"""Stage 6, evaluate: score the model on rows it has not seen, against the baseline; a verdict.

When the model is not good enough, the diagnosis names the station to go back to, and why.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor

from .base.spacing import evenly_spaced
from .base.user_errors import InputError, nearest
from .learning.labelled_data import Labelled
from .learning.metric_names import LESS_IS_BETTER, PLAIN_NAMES
from .learning.metric_scores import better, bootstrap, score
from .learning.predicting import predict
from .learning.task_kind import Task

GOOD, NOT_GOOD = "good enough", "not good enough"
IMPORTANCE_ROWS = 1_000  # each is scored once a column; more would not change the top ranks


def baseline_scores(task: Task, train: Labelled, test: Labelled) -> dict[str, float]:
    """The metrics on the test rows of a model that ignores every column."""
    dummy = DummyRegressor() if task.is_regression else DummyClassifier(strategy="prior")
    dummy.fit(train.X, train.y)
    return score(task, test.y, *predict(task, dummy, test.X))


def scores_table(task: Task, test: dict, baseline: dict, train: dict, interval) -> pd.DataFrame:
    """A row per metric: test score, its 95 % interval, the baseline's and the training score."""
    return pd.DataFrame(
        {
            "test": pd.Series(test),
            "from": interval["low"],
            "to": interval["high"],
            "baseline": pd.Series(baseline),
            "train": pd.Series(train),
        }
    ).reindex([m for m in task.metrics if m in test])


def shown_scores(table: pd.DataFrame) -> pd.DataFrame:
    """The scores as they are shown: plain names, two decimals."""
    return table.rename(index=PLAIN_NAMES).rename_axis("metric").map("{:.2f}".format)


def parse_thresholds(text: str, task: Task) -> dict[str, float]:
    """Thresholds written as text: "roc_auc:0.7, recall:0.5".

    >>> parse_thresholds("r2:0.5", Task("price", "regression"))
    {'r2': 0.5}
    """
    thresholds = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name not in task.metrics:
            raise InputError(
                f"at_least names no metric '{name}' of this {task.kind} task. "
                f"{nearest(name, task.metrics)}"
            )
        try:
            thresholds[name] = float(value)
        except ValueError:
            raise InputError(f"at_least looks like 'roc_auc:0.7'; '{part}' does not.") from None
    return thresholds


def judge(task: Task, scores: pd.DataFrame, at_least: dict[str, float], min_gain: float) -> dict:
    """The verdict and the checks behind it.

    The main metric must beat the baseline by `min_gain` over its whole 95 % interval, and each
    metric in `at_least` must reach its threshold.
    """
    metric = task.main_metric
    row = scores.loc[metric]
    surely = row["to"] if metric in LESS_IS_BETTER else row["from"]
    gain = better(metric, surely, row["baseline"])
    checks = [
        {
            "check": f"{PLAIN_NAMES[metric]} beats the baseline by {min_gain:g}",
            "needed": row["baseline"] + min_gain,
            "reached": surely,
            "passed": bool(gain >= min_gain),
        }
    ]
    for name, needed in at_least.items():
        reached = scores["test"].get(name, np.nan)
        passed = better(name, reached, needed) >= 0
        sign = "at most" if name in LESS_IS_BETTER else "at least"
        checks.append(
            {
                "check": f"{PLAIN_NAMES[name]} is {sign} {needed:g}",
                "needed": needed,
                "reached": reached,
                "passed": bool(passed),
            }
        )
    passed = all(check["passed"] for check in checks)
    return {"verdict": GOOD if passed else NOT_GOOD, "passed": passed, "checks": checks}


def checks_table(verdict: dict) -> pd.DataFrame:
    """A row per check: what was needed, what was reached, yes or no."""
    table = pd.DataFrame(verdict["checks"]).set_index("check")
    for name in ("needed", "reached"):
        table[name] = table[name].map("{:.2f}".format)
    return table.assign(passed=table["passed"].map({True: "yes", False: "no"}))


def describe_verdict(verdict: dict, task: Task, scores: pd.DataFrame) -> str:
    """The verdict as a sentence."""
    row = scores.loc[task.main_metric]
    return (
        f"**The model is {verdict['verdict']}**: {PLAIN_NAMES[task.main_metric]} "
        f"**{row['test']:.2f}** (95 % interval {row['from']:.2f} to {row['to']:.2f}) on rows it "
        f"had not seen, against {row['baseline']:.2f} for the baseline."
    )


def headline(verdict: dict, task: Task, scores: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    row = scores.loc[task.main_metric]
    return (
        f"The model is {verdict['verdict']}: {PLAIN_NAMES[task.main_metric]} {row['test']:.2f} on "
        f"held-out rows, against {row['baseline']:.2f} for the baseline."
    )


def confusion(task: Task, truth, prediction) -> pd.DataFrame:
    """Counts of rows by true class (down) and predicted class (across)."""
    table = pd.crosstab(pd.Series(truth, name="true"), pd.Series(prediction, name="predicted"))
    return table.reindex(index=task.classes, columns=task.classes, fill_value=0)


def by_risk(task: Task, truth, probability, bins: int = 10) -> pd.DataFrame:
    """Rows in ten equal groups by predicted probability: what was predicted, what came true.

    Returns a frame with `group` (1 is the least likely), `predicted` and `observed` (shares).
    """
    chance = probability[:, task.classes.index(task.positive)]
    yes = (np.asarray(truth) == task.positive).astype(float)
    order = np.argsort(chance, kind="stable")
    groups = np.empty(len(order), dtype=int)
    groups[order] = np.arange(len(order)) * bins // len(order) + 1
    table = pd.DataFrame({"group": groups, "predicted": chance, "observed": yes})
    return table.groupby("group", as_index=False).mean()


def describe_by_risk(task: Task, table: pd.DataFrame) -> str:
    """A sentence that reads the groups."""
    low, high = table["observed"].iloc[0], table["observed"].iloc[-1]
    error = (table["predicted"] - table["observed"]).abs().mean()
    return (
        f"Of the tenth that the model thinks least likely, **{low:.0%}** turn out {task.target} = "
        f"{task.positive}; of the likeliest tenth, **{high:.0%}**. Predicted and observed shares "
        f"are {error:.0%} apart on average."
    )


def at_threshold(task: Task, truth, probability, threshold: float) -> dict[str, float]:
    """Accuracy, precision, recall and F1 of saying yes from a probability on."""
    chance = probability[:, task.classes.index(task.positive)]
    other = next(c for c in task.classes if c != task.positive)
    prediction = np.where(chance >= threshold, task.positive, other)
    return score(task, truth, prediction, metrics=("accuracy", "precision", "recall", "f1"))


def compare_thresholds(
    task: Task, truth, probability, chosen: float, baseline: dict
) -> pd.DataFrame:
    """The baseline, the model at 0.5 and the model at its own threshold, side by side."""
    names = ("accuracy", "precision", "recall", "f1")
    table = {
        "baseline (always the common class)": {name: baseline[name] for name in names},
        "model, yes from 0.50": at_threshold(task, truth, probability, 0.5),
        f"model, yes from {chosen:.2g}": at_threshold(task, truth, probability, chosen),
    }
    return (
        pd.DataFrame(table).T.rename_axis("rule").rename(columns=PLAIN_NAMES).map("{:.2f}".format)
    )


def importance(
    task: Task, model, test: Labelled, rows: int = IMPORTANCE_ROWS, seed: int = 42
) -> pd.Series:
    """How much the main metric falls when a column is shuffled (permutation importance).

    Breiman (2001). Measured on up to `rows` test rows of cleaned columns; largest first.
    """
    chosen = evenly_spaced(len(test.y), rows)
    X, y = test.X.iloc[chosen].reset_index(drop=True), test.y[chosen]
    metric, random = task.main_metric, np.random.default_rng(seed)
    shuffled = [X]
    for name in X.columns:
        other = X.copy(deep=False)
        other[name] = X[name].array.take(random.permutation(len(X)))
        shuffled.append(other)
    # All are asked at once: a model spends more on being called than on a thousand rows.
    prediction, probability = predict(task, model, pd.concat(shuffled, ignore_index=True))
    found = []
    for first in range(0, len(prediction), len(X)):
        rows = slice(first, first + len(X))
        chance = None if probability is None else probability[rows]
        found.append(score(task, y, prediction[rows], chance, [metric]).get(metric, np.nan))
    falls = {n: better(metric, found[0], f) for n, f in zip(X.columns, found[1:], strict=True)}
    return pd.Series(falls).sort_values(ascending=False)


def describe_importance(falls: pd.Series, rows: int) -> str:
    """A sentence that names the columns that the model leans on; `rows` counts the held-out ones.

    >>> describe_importance(pd.Series({"age": 0.2, "city": 0.0}), 5_000)
    'The model leans most on **age** (measured on 1,000 of 5,000 held-out rows).'
    """
    measured = f"(measured on {min(rows, IMPORTANCE_ROWS):,} of {rows:,} held-out rows)"
    top = [name for name in falls.index[:3] if falls[name] > 0]
    if not top:
        return f"Shuffling any one column costs nothing: none matters alone {measured}."
    return f"The most important columns are **{', '.join(top)}** {measured}."


def rows_used(learn: Labelled, test: Labelled) -> dict[str, int]:
    """How many rows were learnt from, and how many were held out."""
    return {"train": len(learn.y), "test": len(test.y)}


def metrics_file(
    task: Task, rows: dict, model: str, scores: pd.DataFrame, verdict: dict, reading: str, **more
) -> dict:
    """The content of `metrics.json`; `more` is what else is kept of the evaluation."""
    return {
        "task": task.kind,
        "target": task.target,
        "classes": list(task.classes),
        "positive": task.positive,
        "rows": rows,
        "model": model,
        "main_metric": task.main_metric,
        "test": scores["test"].to_dict(),
        "interval": {m: [r["from"], r["to"]] for m, r in scores.iterrows()},
        "train": scores["train"].to_dict(),
        "baseline": scores["baseline"].to_dict(),
        "verdict": verdict["verdict"],
        "checks": verdict["checks"],
        "reading": reading,
    } | more


def curves(task: Task, truth, prediction, probability, points: int = 101) -> dict:
    """What is drawn when two runs are compared, as lists of x and y; also in `metrics.json`.

    Binary: ROC and precision-recall. Several classes: F1 by class. Numbers: the share of rows that
    are off by no more than an error. Lines have at most `points` points.
    """
    if task.kind == "binary":
        from sklearn.metrics import precision_recall_curve, roc_curve

        chance = probability[:, task.classes.index(task.positive)]
        yes = np.asarray(truth) == task.positive
        false, true, _ = roc_curve(yes, chance)
        precision, recall, _ = precision_recall_curve(yes, chance)
        return {
            "ROC": _thinned(false, true, points),
            "precision and recall": _thinned(recall[::-1], precision[::-1], points),
        }
    if task.is_regression:
        error = np.abs(np.asarray(prediction, float) - np.asarray(truth, float))
        shares = np.linspace(0, 1, points)
        return {"errors": {"x": np.quantile(error, shares).tolist(), "y": shares.tolist()}}
    from sklearn.metrics import f1_score

    found = f1_score(truth, prediction, labels=list(task.classes), average=None, zero_division=0)
    return {"F1 by class": {"x": list(task.classes), "y": found.tolist()}}


def _thinned(x: np.ndarray, y: np.ndarray, points: int) -> dict[str, list]:
    """A line of many points, by those nearest to even steps along x."""
    places = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], points)).clip(0, len(x) - 1))
    places = np.union1d(places, [0, len(x) - 1])
    return {"x": np.round(x[places], 4).tolist(), "y": np.round(y[places], 4).tolist()}


def held_out_scores(
    task: Task, truth, prediction, probability, resamples: int = 200, seed: int = 42
):
    """The metrics on held-out rows, and their 95 % bootstrap intervals."""
    found = score(task, truth, prediction, probability)
    return found, bootstrap(task, truth, prediction, probability, resamples, seed)


def main_picture(task: Task, truth, prediction, probability):
    """The one picture that fits the task: risk groups, confusion, or predicted against true."""
    from .pages import model_plots

    if task.kind == "binary":
        overall = float((np.asarray(truth) == task.positive).mean())
        return model_plots.risk_groups(by_risk(task, truth, probability), task, overall)
    if task.is_regression:
        return model_plots.residuals(np.asarray(truth), np.asarray(prediction), task.target)
    return model_plots.confusion(confusion(task, truth, prediction), height=_height(task))


def _height(task: Task) -> float:
    return min(8.0, 2.4 + 0.3 * len(task.classes))


def save_picture(work, task: Task, truth, prediction, probability) -> None:
    """Keep the main picture for the front page."""
    with work.writing("front.png") as draft:
        draft.write_bytes(main_picture(task, truth, prediction, probability).png)


def describe_main_picture(task: Task, truth, prediction, probability) -> str:
    """A sentence that reads the main picture."""
    if task.kind == "binary":
        return describe_by_risk(task, by_risk(task, truth, probability))
    if task.is_regression:
        error = np.asarray(prediction, float) - np.asarray(truth, float)
        return (
            f"Half of the predictions are off by less than **{np.median(np.abs(error)):.3g}**, and "
            f"nine in ten by less than {np.quantile(np.abs(error), 0.9):.3g}; on average they lie "
            f"{abs(error.mean()):.2g} too {'high' if error.mean() > 0 else 'low'}."
        )
    counts = confusion(task, truth, prediction).to_numpy().copy()
    right = np.trace(counts)
    np.fill_diagonal(counts, 0)
    text = f"**{right:,} of {len(truth):,} rows** are on the diagonal, where the answer is right."
    if counts.sum():
        true, said = np.unravel_index(counts.argmax(), counts.shape)
        text += f" Most often, {task.classes[true]} is taken for {task.classes[said]}."
    return text


def confusion_shown(task: Task, truth, prediction) -> pd.DataFrame:
    """Counts of rows by true and predicted class; for numbers, the quantiles of the error."""
    if task.is_regression:
        error = pd.Series(np.asarray(prediction, float) - np.asarray(truth, float))
        levels = error.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        table = pd.DataFrame({"predicted − true": levels.map("{:.3g}".format)})
        table.index = pd.Index([f"{q:.0%}" for q in levels.index], name="quantile of the error")
        return table
    return confusion(task, truth, prediction)


def second_picture(task: Task, truth, prediction, probability):
    """ROC and precision-recall curves; shares by class; or the errors along the true value."""
    from .pages import model_plots

    if task.kind == "binary":
        chance = probability[:, task.classes.index(task.positive)]
        return model_plots.curves(np.asarray(truth) == task.positive, chance)
    if task.is_regression:
        return model_plots.errors_along(np.asarray(truth), np.asarray(prediction), task.target)
    from sklearn.metrics import f1_score

    found = f1_score(truth, prediction, labels=list(task.classes), average=None, zero_division=0)
    by_class = pd.Series(found, index=pd.Index(task.classes, name="class"))
    return model_plots.bars(by_class.sort_values(ascending=False), "F1 class by class", "F1")
