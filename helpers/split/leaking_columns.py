"""Columns that leak the target: alone, by being known afterwards, as identifiers, or in a sum."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from ..base.findings import Finding
from ..cells.key_names import has_identifier_name
from ..cells.kinds import is_counted
from ..learning.labelled_data import Labelled
from ..learning.task_kind import Task
from ..pipeline import whole_pipeline
from .leak_alarm import drop_command, measure_name, quick_score
from .one_column_probe import follows_target, predictive_power, sounds_late

ALMOST_PERFECT = 0.98  # ROC AUC, or R², of one column alone
COPIES = 0.85  # Cohen's kappa of a column that has a level for each class
STANDS_OUT, REST_IS_WEAK = 0.95, 0.25  # one column alone; its error against that of all the others
WORTH_ASKING, REST_IS_WEAKER = 0.88, 0.4  # the same, for a warning
FOLLOWS = 0.6  # difference between classes in the share of rows that have a value
FOLLOWS_AND_SOUNDS = 0.3  # the same, for a column with the name of something recorded afterwards
LATE_NAME_PREDICTS = 0.8
IDENTIFIER_PREDICTS = 0.75
ADDS_UP = 0.9995  # R² of an exact sum, roundings included
MOST_SUMMED = 200  # numeric columns among which a sum is looked for


def too_predictive(learn: Labelled, plan: dict, power: dict, seed: int) -> list[Finding]:
    """Columns that predict the target alone: almost perfectly, or far better than all others.

    `power` is the predictive power of each column. The three strongest are looked at.
    """
    ranked = sorted(power, key=power.get, reverse=True)[:3]
    found = (_predicts_alone(learn, plan, name, power[name], seed) for name in ranked)
    return [alarm for alarm in found if alarm]


def _predicts_alone(
    learn: Labelled, plan: dict, name: str, alone: float, seed: int
) -> Finding | None:
    """The alarm of a column with a predictive power of `alone`; None where it is not suspect."""
    task, measure = learn.task, measure_name(learn.task)
    evidence, severity = {"alone": round(alone, 3), "measure": measure}, "alarm"
    if alone >= _almost_perfect(task):
        says = f"{name} alone predicts {task.target} almost perfectly ({measure} {alone:.2f})."
    elif _is_copy(learn, name):
        says = f"{name} has a level for each class of {task.target} and nearly always names it."
    elif alone >= WORTH_ASKING:
        rest = quick_score(learn, whole_pipeline.plan_without(plan, [name]), seed)
        severity = _severity_beside(alone, rest)
        evidence["all others"] = round(rest, 3)
        says = (
            f"{name} alone predicts {task.target} far better ({measure} {alone:.2f}) than all "
            f"other columns together ({rest:.2f})."
        )
    else:
        return None
    remedy = f"Is it known when the prediction is made? If not: {drop_command(name)}."
    made = Finding("predicts_the_target", severity or "note", [name], f"{says} {remedy}", evidence)
    return made if severity else None


def _severity_beside(alone: float, rest: float) -> str:
    """How severe it is that a column scores `alone` and all others `rest`; empty: not at all."""
    share = (1 - alone) / max(1 - rest, 1e-9)
    if share > REST_IS_WEAKER:
        return ""
    return "alarm" if alone >= STANDS_OUT and share <= REST_IS_WEAK else "warning"


def _is_copy(learn: Labelled, name: str) -> bool:
    """Whether a column has a level for each class and nearly always names it (Cohen's kappa)."""
    task, column = learn.task, learn.X[name]
    if task.is_regression or column.nunique() != len(task.classes):
        return False
    counts = pd.crosstab(column.astype("str").to_numpy(), learn.y.astype(str)).to_numpy()
    level, label = linear_sum_assignment(-counts)
    shares = counts / counts.sum()
    agrees = shares[level, label].sum()
    by_chance = (shares.sum(axis=1)[level] * shares.sum(axis=0)[label]).sum()
    return bool(agrees - by_chance > COPIES * (1 - by_chance))


def _almost_perfect(task: Task) -> float:
    """The score that is too good. It is higher for several classes: a petal may separate them."""
    return 0.995 if task.kind == "multiclass" else ALMOST_PERFECT


def known_afterwards_alarms(learn: Labelled, used: list[str], power: dict) -> list[Finding]:
    """Columns that are filled in after the event: by when they are filled, or by their names."""
    found = (_known_afterwards(learn, name, power[name]) for name in used)
    return [alarm for alarm in found if alarm]


def _known_afterwards(learn: Labelled, name: str, alone: float) -> Finding | None:
    """The alarm of a column that is known only after the event; None where nothing shows that."""
    task = learn.task
    follows, late = follows_target(task, learn.X[name], learn.y), sounds_late(name)
    if follows >= (FOLLOWS_AND_SOUNDS if late else FOLLOWS):
        says = f"Whether {name} is filled in depends on {task.target} ({follows:.0%})."
        says += " Its name, too, is that of something recorded afterwards." if late else ""
        evidence = {"filled in with the target": round(follows, 3), "name": late}
    elif late and alone >= (0.5 if task.is_regression else LATE_NAME_PREDICTS):
        says = (
            f"{name} predicts {task.target} well ({measure_name(task)} {alone:.2f}), and its name "
            f"is that of something recorded after the event."
        )
        evidence = {"alone": round(alone, 3), "name": True}
    else:
        return None
    remedy = f"Leave it out unless it is known beforehand: {drop_command(name)}."
    return Finding("known_afterwards", "alarm", [name], f"{says} {remedy}", evidence)


def identifier_alarms(learn: Labelled, plan: dict, seed: int) -> list[Finding]:
    """Identifiers that predict the target by their order or a part of them, or are features."""
    found = (_of_identifier(learn, plan, name, seed) for name in _identifiers(learn, plan))
    return [alarm for alarm in found if alarm]


def _identifiers(learn: Labelled, plan: dict) -> list[str]:
    """The columns that the plan leaves out as identifiers, and features that name each row."""
    left_out = [n for n, why in plan["left_out"].items() if why.startswith("identifier")]
    return [n for n in left_out if n in learn.X] + [
        name
        for name in plan["columns"]
        if has_identifier_name(name) and learn.X[name].nunique() > 0.95 * len(learn.X)
    ]


def _of_identifier(learn: Labelled, plan: dict, name: str, seed: int) -> Finding | None:
    """The alarm of an identifier; None for one that is left out and predicts nothing."""
    task, in_use = learn.task, name in plan["columns"]
    parts = _identifier_numbers(learn.X[name])
    alone = max((predictive_power(task, part, learn.y, seed) for part in parts), default=0.0)
    if alone >= (0.5 if task.is_regression else IDENTIFIER_PREDICTS):
        says = (
            f"Identifier {name} predicts {task.target} ({measure_name(task)} {alone:.2f}): rows "
            f"were numbered, or sorted, with the answer in sight."
        )
    elif in_use:
        says = f"{name} names each row and is used as a feature; later rows have other names."
    else:
        return None
    remedy = "It is left out; make sure that no other column carries the order."
    remedy = f"Leave it out: {drop_command(name)}." if in_use else remedy
    evidence = {"alone": round(alone, 3), "measure": measure_name(task)}
    return Finding("identifier", "alarm", [name], f"{says} {remedy}", evidence)


def _identifier_numbers(column: pd.Series) -> list[pd.Series]:
    """A key as a number, or the number within it and the letters before."""
    if is_counted(column):
        return [column]
    text = column.astype("str")
    digits = pd.to_numeric(text.str.replace(r"\D+", "", regex=True).str[:15], errors="coerce")
    return [digits, text.str.extract(r"^([^\W\d_]+)")[0]]


def sum_alarms(learn: Labelled, used: list[str], power: dict) -> list[Finding]:
    """Numbers that add up to the target, or multiply to it."""
    if not learn.task.is_regression:
        return []
    X, y = _strongest_numbers(learn, used, power)
    if len(X) < 3 * X.shape[1] + 20:
        return []
    for how, table, target in (("add up", X, y), ("multiply", *_logs(X, y))):
        names = _exact(table, target) if table is not None else []
        if len(names) > 1:
            says = f"{' and '.join(names)} {how} to {learn.task.target}, exactly."
            says += f" They determine the target: {drop_command(*names)}."
            return [Finding("adds_up_to_target", "alarm", names, says, {"R²": "1.000"})]
    return []


def _strongest_numbers(learn: Labelled, used: list[str], power: dict) -> tuple:
    """The columns of numbers that predict most, and the target, in rows without a gap."""
    numeric = [n for n in used if is_counted(learn.X[n])]
    numeric = sorted(numeric, key=power.get, reverse=True)[:MOST_SUMMED]
    X = learn.X[numeric].astype("float64")
    whole = X.notna().all(axis=1).to_numpy()
    return X[whole], learn.y[whole].astype(float)


def _logs(X: pd.DataFrame, y: np.ndarray):
    """The logarithms of the positive columns and of the target; None where there are none."""
    positive = X.columns[(X > 0).all()]
    if not (y > 0).all() or len(positive) < 2:
        return None, None
    return np.log(X[positive]), np.log(y)


def _exact(X: pd.DataFrame, y: np.ndarray) -> list[str]:
    """The fewest columns whose weighted sum is the target; an empty list when no sum is."""
    names = [n for n in X if X[n].std() > 0]
    if not names or _r2(X[names], y) < ADDS_UP:
        return []
    while len(names) > 1:
        fewer = _without_lightest(X[names], y)
        if _r2(X[fewer], y) < ADDS_UP:
            break
        names = fewer
    return names


def _without_lightest(X: pd.DataFrame, y: np.ndarray) -> list[str]:
    """The columns but the one that weighs least in a fit of the target, on one scale."""
    scaled = (X - X.mean()) / X.std()
    weights = np.linalg.lstsq(scaled.to_numpy(), y - y.mean(), rcond=None)[0]
    return [n for n in X if n != X.columns[int(np.argmin(np.abs(weights)))]]


def _r2(X: pd.DataFrame, y: np.ndarray) -> float:
    """R² of least squares, fitted on the even rows and scored on the odd ones."""
    design = np.column_stack([np.ones(len(X)), X.to_numpy()])
    weights = np.linalg.lstsq(design[::2], y[::2], rcond=None)[0]
    truth = y[1::2]
    variance = truth.var()
    if variance == 0:
        return 0.0
    return float(1 - ((truth - design[1::2] @ weights) ** 2).mean() / variance)
