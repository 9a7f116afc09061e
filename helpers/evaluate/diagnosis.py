"""What the errors of a model show: groups it fails, what errors cost, the stage to go back to.

Everything here is measured on rows that the model was not trained on.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.stats import ttest_ind

from ..cells.kinds import is_counted, is_date
from ..learning.labelled_data import Labelled
from ..learning.metric_names import PLAIN_NAMES
from ..learning.metric_scores import better, score
from ..learning.task_kind import Task
from .learning_curves import describe_learning_curve, more_rows_help

FEWEST_IN_SLICE = 30
MOST_SLICES_OF_COLUMN = 12
MUCH_WORSE = 1.1  # times the loss of all others; less is of no account, however sure
SURE = 0.01  # significance level, corrected for the number of slices
BIG_GAP = 0.10  # between training and test score: the model overfits
FEW_ROWS = 1_000  # fewer training rows than these: more of them is the surest gain
MANY_EMPTY = 0.2  # share of empty cells
STATIONS = {1: "collect more rows", 2: "clean", 3: "features", 5: "a simpler model"}
COST = "cost per 1,000 rows"

# --- Groups that it fails -----------------------------------------------------------------------


def losses(task: Task, truth, prediction, probability) -> np.ndarray:
    """How wrong each answer is: minus the log of the true class's probability, or the error's size.

    >>> losses(Task("y", "regression"), [1.0, 2.0], [1.5, 2.0], None).tolist()
    [0.5, 0.0]
    """
    if task.is_regression:
        return np.abs(np.asarray(prediction, float) - np.asarray(truth, float))
    position = pd.Index(task.classes).get_indexer(np.asarray(truth).astype(str))
    given = np.asarray(probability)[np.arange(len(position)), position]
    return -np.log(np.clip(given, 1e-6, 1))


def slices(
    task: Task, X: pd.DataFrame, truth, prediction, probability, columns, most: int = 6
) -> pd.DataFrame:
    """The groups of rows where the model is significantly worse: a row each, the worst first.

    Rows are grouped by the levels of each column, by quarters of its numbers, and by whether it is
    empty. A group is listed when its mean loss is higher than that of all other rows by more than
    chance explains (Welch's t test, Bonferroni's correction for all groups that were looked at).
    Columns: `rows`, the task's main metric in the group and over all rows, and `loss against
    others`, the group's mean loss over that of all other rows.
    """
    loss = losses(task, truth, prediction, probability)
    groups = [g for name in columns if name in X for g in _groups(X[name])]
    groups = [(name, mask) for name, mask in groups if FEWEST_IN_SLICE <= mask.sum() < len(X)]
    level = SURE / max(len(groups), 1)
    found = [(name, mask) for name, mask in groups if _is_worse(loss[mask], loss[~mask], level)]
    found.sort(key=lambda one: -loss[one[1]].mean())
    name = PLAIN_NAMES[task.main_metric]
    every = _metric(task, truth, prediction, probability, np.ones(len(X), dtype=bool))
    rows = {
        label: {
            "rows": int(mask.sum()),
            name: _metric(task, truth, prediction, probability, mask),
            f"{name}, all rows": every,
            "loss against others": loss[mask].mean() / max(loss[~mask].mean(), 1e-12),
        }
        for label, mask in found[:most]
    }
    columns = ["rows", name, f"{name}, all rows", "loss against others"]
    return pd.DataFrame(rows).T.reindex(columns=columns).rename_axis("group")


def _is_worse(inside: np.ndarray, others: np.ndarray, level: float) -> bool:
    """Whether losses in a group are larger than the others' by much, and significantly."""
    if inside.mean() < MUCH_WORSE * others.mean():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # losses that are nearly all alike are no news
        tested = ttest_ind(inside, others, equal_var=False, alternative="greater")
    return bool(tested.pvalue < level)


def _groups(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """Groups of a column's rows, as a name and a mask each."""
    empty = column.isna().to_numpy()
    found = [(f"{column.name} is empty", empty)] if empty.any() else []
    if is_date(column):
        return found
    if is_counted(column) and column.nunique() > MOST_SLICES_OF_COLUMN:
        return found + _quarters(column)
    text = column.astype("str")
    levels = text.value_counts().head(MOST_SLICES_OF_COLUMN).index
    return found + [
        (f"{column.name} = {lev}", (text == lev).fillna(False).to_numpy()) for lev in levels
    ]


def _quarters(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """The four groups between the quartiles of a column of numbers; fewer where they are equal."""
    numbers, found = column.astype("float64"), []
    edges = np.unique(numbers.quantile([0, 0.25, 0.5, 0.75, 1]).to_numpy())
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        first, last = low == edges[0], high == edges[-1]
        inside = ((numbers >= low) if first else (numbers > low)) & (numbers <= high)
        where = f"above {low:.4g}" if last else f"from {low:.4g} to {high:.4g}"
        where = f"up to {high:.4g}" if first else where
        found.append((f"{column.name} {where}", inside.to_numpy()))
    return found


def _metric(task: Task, truth, prediction, probability, mask: np.ndarray) -> float:
    """The main metric on some of the rows."""
    some = None if probability is None else np.asarray(probability)[mask]
    truth, prediction = np.asarray(truth)[mask], np.asarray(prediction)[mask]
    found = score(task, truth, prediction, some, [task.main_metric])
    return found.get(task.main_metric, np.nan)


def shown_slices(table: pd.DataFrame) -> pd.DataFrame:
    """The groups as they are shown: two decimals, rows as whole numbers."""
    shown = table.map("{:.2f}".format)
    shown["rows"] = table["rows"].map("{:,.0f}".format)
    shown["loss against others"] = table["loss against others"].map("× {:.2f}".format)
    return shown


def describe_slices(table: pd.DataFrame) -> str:
    """A sentence that names the group that is served worst."""
    if table.empty:
        return "**No group is served worse** than the others by a significant amount."
    worst = table.iloc[0]
    return (
        f"**It serves some groups worse**: where {table.index[0]} ({worst['rows']:,.0f} rows), its "
        f"answers are {worst['loss against others']:.1f} times as far off as elsewhere."
    )


def worst_errors(
    task: Task, raw: pd.DataFrame, truth, prediction, probability, columns, most: int = 6
) -> pd.DataFrame:
    """The rows with the largest errors, as they came, to be read: what do they have in common?

    `columns` are the few that matter most to the model. For classes, `predicted probability` is
    the one that the model gave to the true class.
    """
    loss = losses(task, truth, prediction, probability)
    order = np.argsort(-loss, kind="stable")[:most]
    table = raw[[c for c in columns if c in raw]].iloc[order].reset_index(drop=True)
    table.insert(0, f"true {task.target}", np.asarray(truth)[order])
    if task.is_regression:
        table.insert(1, "predicted", [f"{v:.4g}" for v in np.asarray(prediction, float)[order]])
    else:
        given = np.exp(-loss[order])
        table.insert(1, "predicted probability", [f"{p:.3f}" for p in given])
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name="error"))


# --- Costs --------------------------------------------------------------------------------------


def costs_table(task: Task, truth, probability, threshold: float, costs: tuple) -> pd.DataFrame:
    """What each decision rule costs per thousand held-out rows, the cheapest first.

    `probability` is n × classes; `costs` are those of a false positive and a false negative, both
    1 if not given. A row per rule: `false positives`, `false negatives`, `cost per 1,000 rows`, as
    text; no row for other tasks than binary ones.
    """
    if task.kind != "binary":
        return pd.DataFrame(columns=[COST]).rename_axis("rule")
    costs = costs if any(costs) else (1.0, 1.0)
    positive = probability[:, task.classes.index(task.positive)]
    yes = np.asarray(truth) == task.positive
    rules = {
        "always predict no": np.zeros(len(yes), dtype=bool),
        "always predict yes": np.ones(len(yes), dtype=bool),
        "threshold 0.50": positive >= 0.5,
        f"threshold {threshold:.2g} (the model's)": positive >= threshold,
    }
    rows = {rule: _errors_and_cost(yes, predicted, costs) for rule, predicted in rules.items()}
    table = pd.DataFrame(rows).T.sort_values(COST, kind="stable")
    return table.map("{:,.0f}".format).rename_axis("rule")


def _errors_and_cost(yes: np.ndarray, predicted: np.ndarray, costs: tuple) -> dict[str, float]:
    """The errors of a rule, and their cost per thousand rows."""
    wrong = int((predicted & ~yes).sum()), int((~predicted & yes).sum())
    cost = 1_000 * float(np.dot(wrong, costs)) / len(yes)
    return {"false positives": wrong[0], "false negatives": wrong[1], COST: cost}


def describe_costs(task: Task, table: pd.DataFrame, costs: tuple) -> str:
    """Which rule is cheapest, in a sentence."""
    if task.kind != "binary":
        return "Costs of false positives and negatives apply to two classes only."
    if not any(costs):
        return (
            f"No costs of errors were given, so each counts 1: then *{table.index[0]}* is "
            f"cheapest. Give them: `--set cost_false_positive=1 --set cost_false_negative=5`."
        )
    return (
        f"A false positive costs {costs[0]:g}, a false negative {costs[1]:g}: "
        f"**{table.index[0]}** is cheapest."
    )


# --- The way back -------------------------------------------------------------------------------


def next_steps(
    task: Task, scores: pd.DataFrame, learn: Labelled, curve: pd.DataFrame, worst: pd.DataFrame
) -> pd.DataFrame:
    """For each stage one could go back to, the evidence, and whether it points there.

    A row per stage number, the ones that evidence points to first: `station`, `evidence`,
    `go back` ("yes" or "no").
    """
    evidence = {
        1: (
            describe_learning_curve(task, curve).replace("**", ""),
            more_rows_help(curve) or len(learn.y) < FEW_ROWS,
        ),
        2: _missing_evidence(learn, worst),
        **_overfitting_evidence(task, scores.loc[task.main_metric], learn.by_time),
    }
    table = pd.DataFrame(
        {
            "station": [f"{number} ({STATIONS[number]})" for number in evidence],
            "evidence": [text for text, _ in evidence.values()],
            "go back": ["yes" if points else "no" for _, points in evidence.values()],
        },
        index=pd.Index(evidence, name="number"),
    )
    return table.sort_values("go back", ascending=False, kind="stable")


def _overfitting_evidence(task: Task, row: pd.Series, by_time: bool) -> dict:
    """What the training and the held-out score say of the features and of the model."""
    far = better(task.main_metric, row["train"], row["test"]) > BIG_GAP
    scored = (
        f"{PLAIN_NAMES[task.main_metric]} is {row['train']:.2f} on training rows, "
        f"{row['test']:.2f} on held-out ones"
    )
    of_columns = "the model overfits" if far else "the columns hold no more information"
    of_model = "rows were memorised" if far else "the gap is small"
    return {
        3: (f"{scored}: {of_columns}", not far or by_time),
        5: (f"{scored}: {of_model}", far),
    }


def _missing_evidence(learn: Labelled, worst: pd.DataFrame) -> tuple[str, bool]:
    """How many training cells are empty, whether that hurts, and whether it points to cleaning."""
    empty = float(learn.X.isna().mean().mean())
    hurt = [group for group in worst.index if group.endswith(" is empty")]
    text = f"{empty:.0%} of the training cells are empty"
    if hurt:
        return f"{text}, and the error is larger where {hurt[0]}", True
    return f"{text}; no group with missing cells is served worse", empty > MANY_EMPTY


def describe_next_steps(table: pd.DataFrame, passed: bool) -> str:
    """Which stations to go back to, as Markdown; for a model that passes, where to gain more."""
    pointed = table[table["go back"] == "yes"]
    steps = "\n".join(
        f"- **stage {row['station'].replace(' (', '** (', 1)}: {row['evidence'].rstrip('.')}."
        for _, row in pointed.iterrows()
    )
    if passed:
        return f"To make it better still:\n\n{steps}" if steps else ""
    return f"Where to go from here:\n\n{steps}" if steps else ""


def appendix(raw: pd.DataFrame, task: Task, truth, prediction, probability, columns):
    """What a reader may want to unfold: the worst errors row by row, and the confusion matrix.

    `columns` are the most important ones to the model, in that order.
    """
    from ..pages.show import folded
    from .evaluation_report import confusion_shown

    errors = worst_errors(task, raw, truth, prediction, probability, list(columns[:6]))
    counts = confusion_shown(task, truth, prediction)
    return folded(
        "The worst errors, to be read one by one; and all answers, counted", errors, counts
    )


def kept(errors: dict, back: pd.DataFrame, worst: pd.DataFrame) -> dict:
    """What `metrics.json` keeps of the diagnosis."""
    return {
        "calibration_error": errors,
        "way_back": back.reset_index().to_dict("records"),
        "served_worse": worst.reset_index().to_dict("records"),
    }
