"""Leak alarms: what makes a score too good to be true, each with its evidence and what to do.

A leak hands the model an answer that it won't have in service. Each look below knows one way in
which that happens, measures it on the training rows, and speaks up only when the measure is far
from what a sound table shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict

from .base.bins import equal_groups
from .base.ranks import roc_auc
from .base.spacing import evenly_spaced
from .cells.key_names import has_identifier_name
from .learning.labelled_data import TEST, TRAIN, Labelled, evenly_spaced_positions
from .learning.predicting import predict_scores
from .learning.task_kind import Task
from .pipeline import whole_pipeline

LOOKED_AT = 4_000  # training rows; more would not change what is found
GROUPS = 50  # into which a column is cut to see how far it tells the target

ALMOST_PERFECT = 0.98  # ROC AUC, or R², of one column alone
COPIES = 0.85  # Cohen's kappa of a column that has a level for each class
STANDS_OUT, REST_IS_WEAK = 0.95, 0.25  # one column alone; its error against that of all the others
WORTH_ASKING, REST_IS_WEAKER = 0.88, 0.4  # the same, for a warning
FOLLOWS = 0.6  # difference between classes in the share of rows that have a value
FOLLOWS_AND_SOUNDS = 0.3  # the same, for a column that is called what is written down afterwards
LATE_NAME_PREDICTS = 0.8
IDENTIFIER_PREDICTS = 0.75
SHARED_GAP = 0.05  # by how much whole groups must lower a score
SETS_DIFFER = {"random": 0.65, "time": 0.9, "column": 0.7, "file": 0.7}  # ROC AUC
SHIFTED = 0.6  # ROC AUC of a column by which the parts can be told apart
ADDS_UP = 0.9995  # R² of an exact sum, roundings included
MOST_SUMMED = 200  # numeric columns among which a sum is looked for
TWINS, RARE = 0.005, 4  # share of held-out rows with a twin; rows that share a rare number
TIMES_EXPECTED = 3  # times as many twins of one target as chance would make
FEW_LEVELS_PER_ROW = 0.2  # a column with more distinct values a row is as good as continuous

# What is written down after the event, as words of a column's name.
AFTERWARDS = {  # fmt: skip
    "after",
    "afterwards",
    "outcome",
    "result",
    "results",
    "resolution",
    "resolved",
    "closed",
    "closing",
    "cancel",
    "cancelled",
    "canceled",
    "cancellation",
    "refund",
    "refunded",
    "reason",
    "churned",
    "exit",
    "ended",
    "left",
    "death",
    "died",
    "discharge",
    "discharged",
    "settled",
    "settlement",
    "final",
    "actual",
    "delivered",
    "returned",
    "chargeback",
    "recovered",
    "recovery",
    "collected",
    "repaid",
    "boat",
    "body",
    "verdict",
}


@dataclass(frozen=True)
class Alarm:
    """One finding: its code, the columns, what was measured, and the remedy, all in words."""

    code: str
    columns: list[str]
    says: str
    remedy: str
    evidence: dict = field(default_factory=dict)
    severity: str = "alarm"

    @property
    def message(self) -> str:
        """What was found and what to do."""
        return f"{self.says} {self.remedy}"


def find_alarms(rows: Labelled, plan: dict, choice: dict, seed: int = 42) -> list[Alarm]:
    """All alarms of a table that is split, a column's best explanation first.

    A key that rows share tells the target too; that its rows lie on both sides says why, and what
    to do, so this is looked for first.

    `plan` is the feature plan, `choice` how the rows were split (`strategy`, `column`).
    """
    learn = rows.of(TRAIN)
    learn = learn.at(evenly_spaced_positions(learn.y, LOOKED_AT))
    used = [name for name in plan["columns"] if name in learn.X]
    tells = {name: predictive_power(learn.task, learn.X[name], learn.y, seed) for name in used}
    found = [
        *(shared_key_alarms(learn, plan, seed) if choice["strategy"] == "random" else []),
        *known_afterwards_alarms(learn, used, tells),
        *too_predictive(learn, plan, tells, seed),
        *identifier_alarms(learn, plan, seed),
        *sum_alarms(learn, used, tells),
        *rows_on_both_sides(rows, used),
        *repeated_row_alarms(rows),
        *adversarial_validation(rows, plan, choice, seed),
    ]
    return _one_each(found)


def _one_each(found: list[Alarm]) -> list[Alarm]:
    """Each set of columns once, with what was found first."""
    seen: dict[tuple, Alarm] = {}
    for alarm in found:
        seen.setdefault(tuple(alarm.columns) or (alarm.code,), alarm)
    return list(seen.values())


def drop_command(*names: str) -> str:
    return f"`--set drop={','.join(names)} --stages 3-8`"


# --- One column tells the answer ----------------------------------------------------------------


def predictive_power(task: Task, column: pd.Series, y: np.ndarray, seed: int = 42) -> float:
    """How well a column alone predicts rows it was not measured on: ROC AUC, or R².

    The column is cut into up to 50 groups; each group answers with its mean target on the other
    half of the rows. Several classes count each against the rest, and the mean is taken. 0.5 (or
    R² 0) is chance.

    >>> yes = np.array(["no", "yes"] * 50, dtype=object)
    >>> predictive_power(Task("y", "binary", ("no", "yes"), "yes"), pd.Series([0, 1] * 50), yes)
    1.0
    """
    groups = _groups_of(column)
    targets = _targets(task, y)
    said = np.empty_like(targets)
    half = np.random.default_rng(seed).permutation(len(y)) % 2
    for side in (0, 1):
        learn, ask = half != side, half == side
        count = np.bincount(groups[learn], minlength=groups.max() + 1)
        for i in range(targets.shape[1]):
            total = np.bincount(groups[learn], targets[learn, i], minlength=groups.max() + 1)
            mean = targets[learn, i].mean()
            said[ask, i] = ((total + mean) / (count + 1))[groups[ask]]  # an unseen group: the mean
    if task.is_regression:
        spread = targets.var()
        in_groups = float(1 - ((targets - said) ** 2).mean() / spread) if spread > 0 else 0.0
        return max(in_groups, _along(column, targets[:, 0]))
    found = [roc_auc(targets[:, i] > 0, said[:, i]) for i in range(targets.shape[1])]
    return float(np.nanmean(found)) if np.isfinite(found).any() else 0.5


def _along(column: pd.Series, target: np.ndarray) -> float:
    """R² of a straight line, or of the ranks; groups are too coarse to see a copy of a number."""
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.nunique() < 3:
        return 0.0
    numbers = column.astype("float64")
    known = np.isfinite(numbers.to_numpy())
    if known.mean() < 0.5:
        return 0.0
    pair = pd.DataFrame({"x": numbers[known].to_numpy(), "y": target[known]})
    found = [pair["x"].corr(pair["y"]), pair["x"].rank().corr(pair["y"].rank())]
    return float(np.nanmax(np.square(found))) * known.mean() if np.isfinite(found).any() else 0.0


def _targets(task: Task, y: np.ndarray) -> np.ndarray:
    """The target as columns of numbers: itself, or one a class (one is enough for two classes)."""
    if task.is_regression:
        return np.asarray(y, dtype=float)[:, None]
    classes = [task.positive] if task.kind == "binary" else task.classes
    return np.column_stack([(y.astype(str) == name).astype(float) for name in classes])


def _groups_of(column: pd.Series) -> np.ndarray:
    """The group of each cell: 50 equal ones of numbers and dates, levels of words; 0: missing."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.astype("int64").where(column.notna())
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        numbers = column.astype("float64").to_numpy()
        return equal_groups(numbers, GROUPS)[0] + 1
    return pd.factorize(column.astype("str"))[0] + 1


def measure_name(task: Task) -> str:
    return "R²" if task.is_regression else "ROC AUC"


def too_predictive(learn: Labelled, plan: dict, tells: dict, seed: int) -> list[Alarm]:
    task, found = learn.task, []
    ranked = sorted(tells, key=tells.get, reverse=True)[:3]
    for name in ranked:
        alone, measure, severity = tells[name], measure_name(task), "alarm"
        evidence = {"alone": round(alone, 3), "measure": measure}
        if alone >= _almost_perfect(task, len(learn.y)):
            says = f"{name} alone predicts {task.target} almost perfectly ({measure} {alone:.2f})."
        elif _is_copy(learn, name):
            says = f"{name} has a level for each class of {task.target} and nearly always names it."
        elif alone >= WORTH_ASKING:
            rest = _rest(learn, plan, [name], seed)
            evidence["all others"] = round(rest, 3)
            share = (1 - alone) / max(1 - rest, 1e-9)
            if share > REST_IS_WEAKER:
                continue
            grave = alone >= STANDS_OUT and share <= REST_IS_WEAK
            severity = "alarm" if grave else "warning"
            says = (
                f"{name} alone predicts {task.target} far better ({measure} {alone:.2f}) than all "
                f"other columns together ({rest:.2f})."
            )
        else:
            continue
        remedy = f"Is it known when the prediction is made? If not: {drop_command(name)}."
        found.append(Alarm("tells_the_target", [name], says, remedy, evidence, severity))
    return found


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


def _almost_perfect(task: Task, rows: int) -> float:
    """A petal may separate several classes of flowers: there, the limit is higher."""
    return 0.995 if task.kind == "multiclass" else ALMOST_PERFECT


def _rest(learn: Labelled, plan: dict, without: list[str], seed: int) -> float:
    """What all other columns together tell, in folds: ROC AUC, or R²."""
    return quick_score(learn, whole_pipeline.plan_without(plan, without), seed)


def quick_score(learn: Labelled, plan: dict, seed: int, groups=None, folds: int = 3) -> float:
    """The mean score of a quick model over folds, whole groups kept together where given."""
    return float(np.mean(quick_scores(learn, plan, seed, groups, folds)))


def quick_scores(learn: Labelled, plan: dict, seed: int, groups=None, folds: int = 3) -> list:
    task = learn.task
    if not plan["columns"] and not plan["derived"]:
        return [0.0 if task.is_regression else 0.5]
    kind = HistGradientBoostingRegressor if task.is_regression else HistGradientBoostingClassifier
    cutter = KFold(folds, shuffle=True, random_state=seed) if groups is None else GroupKFold(folds)
    scores = []
    for train, test in cutter.split(learn.X, groups=groups):
        if not task.is_regression and len(set(learn.y[train])) < 2:
            continue
        quick = whole_pipeline.learner(plan, kind(max_iter=40, random_state=seed), seed)
        quick.fit(learn.X.iloc[train], learn.y[train])
        scored = predict_scores(
            task, quick, learn.X.iloc[test], learn.y[test], [_compared_by(task)]
        )
        scores.append(scored.get(_compared_by(task), np.nan))
    return [s for s in scores if np.isfinite(s)] or [0.0]


def _compared_by(task: Task) -> str:
    return {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}[task.kind]


# --- Known only afterwards ----------------------------------------------------------------------


def sounds_late(name: str) -> bool:
    """Whether a column is called what is written down after the event.

    >>> sounds_late("cancellation_reason"), sounds_late("age")
    (True, False)
    """
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", str(name)).casefold()
    return bool(set(re.split(r"[^a-z]+", words)) & AFTERWARDS)


def follows_target(task: Task, column: pd.Series, y: np.ndarray) -> float:
    """How far it depends on the target whether a cell is filled in: 0 not at all, 1 entirely.

    For classes the largest difference between a class and the others in the share of filled cells;
    for numbers the share of the target's variance that filled against empty explains.

    >>> left = pd.Series(["2020-01-01", None] * 5)
    >>> follows_target(Task("y", "binary", ("no", "yes"), "yes"), left, np.array(["yes", "no"] * 5))
    1.0
    """
    filled = column.notna().to_numpy()
    if filled.all() or not filled.any():
        return 0.0
    targets = _targets(task, y)
    if task.is_regression:
        spread = targets.var()
        means = np.where(filled, targets[filled, 0].mean(), targets[~filled, 0].mean())
        return float(means.var() / spread) if spread > 0 else 0.0
    gaps = [
        abs(filled[yes > 0].mean() - filled[yes == 0].mean())
        for yes in targets.T
        if 0 < yes.sum() < len(yes)
    ]
    return float(max(gaps, default=0.0))


def known_afterwards_alarms(learn: Labelled, used: list[str], tells: dict) -> list[Alarm]:
    task, found = learn.task, []
    for name in used:
        follows, late = follows_target(task, learn.X[name], learn.y), sounds_late(name)
        named = " Its name, too, is that of something written down afterwards." if late else ""
        remedy = f"Leave it out unless it is known beforehand: {drop_command(name)}."
        if follows >= (FOLLOWS_AND_SOUNDS if late else FOLLOWS):
            says = f"Whether {name} is filled in depends on {task.target} ({follows:.0%}).{named}"
            evidence = {"filled in with the target": round(follows, 3), "name": late}
            found.append(Alarm("known_afterwards", [name], says, remedy, evidence))
        elif late and tells[name] >= (0.5 if task.is_regression else LATE_NAME_PREDICTS):
            says = (
                f"{name} predicts {task.target} well ({measure_name(task)} {tells[name]:.2f}) and is "
                f"called what is written down after the event."
            )
            evidence = {"alone": round(tells[name], 3), "name": True}
            found.append(Alarm("known_afterwards", [name], says, remedy, evidence))
    return found


# --- Identifiers --------------------------------------------------------------------------------


def identifier_alarms(learn: Labelled, plan: dict, seed: int) -> list[Alarm]:
    """Names of rows that tell the target: by their order, or by a part of them."""
    task, found = learn.task, []
    left_out = [n for n, why in plan["left_out"].items() if why.startswith("identifier")]
    names = [n for n in left_out if n in learn.X] + [
        name
        for name in plan["columns"]
        if has_identifier_name(name) and learn.X[name].nunique() > 0.95 * len(learn.X)
    ]
    for name in names:
        parts = _identifier_numbers(learn.X[name])
        tells = max((predictive_power(task, part, learn.y, seed) for part in parts), default=0.0)
        in_use = name in plan["columns"]
        if tells >= (0.5 if task.is_regression else IDENTIFIER_PREDICTS):
            says = (
                f"Identifier {name} predicts {task.target} ({measure_name(task)} {tells:.2f}): rows "
                f"were numbered, or sorted, with the answer in sight."
            )
            remedy = "It is left out; make sure that no other column carries the order."
        elif in_use:
            says = f"{name} names each row and is used as a feature; what it names will be new."
            remedy = ""
        else:
            continue
        if in_use:
            remedy = f"Leave it out: {drop_command(name)}."
        evidence = {"alone": round(tells, 3), "measure": measure_name(task)}
        found.append(Alarm("identifier", [name], says, remedy.strip(), evidence))
    return found


def _identifier_numbers(column: pd.Series) -> list[pd.Series]:
    """A key as a number, or the number within it and the letters before."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return [column]
    text = column.astype("str")
    digits = pd.to_numeric(text.str.replace(r"\D+", "", regex=True).str[:15], errors="coerce")
    return [digits, text.str.extract(r"^([^\W\d_]+)")[0]]


# --- Sums ---------------------------------------------------------------------------------------


def sum_alarms(learn: Labelled, used: list[str], tells: dict) -> list[Alarm]:
    """Numbers that add up to the target, or multiply to it."""
    if not learn.task.is_regression:
        return []
    numeric = [n for n in used if pd.api.types.is_numeric_dtype(learn.X[n].dtype)]
    numeric = sorted(numeric, key=tells.get, reverse=True)[:MOST_SUMMED]
    X = learn.X[numeric].astype("float64")
    whole = X.notna().all(axis=1).to_numpy()
    X, y = X[whole], learn.y[whole].astype(float)
    if len(X) < 3 * len(numeric) + 20:
        return []
    for how, table, target in (("add up", X, y), ("multiply", *_logs(X, y))):
        names = _exact(table, target) if table is not None else []
        if len(names) > 1:
            says = f"{' and '.join(names)} {how} to {learn.task.target}, exactly."
            remedy = f"They determine the target: {drop_command(*names)}."
            return [Alarm("adds_up_to_target", names, says, remedy, {"R²": "1.000"})]
    return []


def _logs(X: pd.DataFrame, y: np.ndarray):
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
        scaled = (X[names] - X[names].mean()) / X[names].std()
        weights = np.linalg.lstsq(scaled.to_numpy(), y - y.mean(), rcond=None)[0]
        fewer = [n for n in names if n != names[int(np.argmin(np.abs(weights)))]]
        if _r2(X[fewer], y) < ADDS_UP:
            break
        names = fewer
    return names


def _r2(X: pd.DataFrame, y: np.ndarray) -> float:
    """R² of least squares, learnt on the even rows and measured on the odd ones."""
    design = np.column_stack([np.ones(len(X)), X.to_numpy()])
    weights = np.linalg.lstsq(design[::2], y[::2], rcond=None)[0]
    truth = y[1::2]
    spread = truth.var()
    return float(1 - ((truth - design[1::2] @ weights) ** 2).mean() / spread) if spread > 0 else 0.0


# --- Rows on both sides -------------------------------------------------------------------------


def rows_on_both_sides(rows: Labelled, used: list[str]) -> list[Alarm]:
    """Held-out rows that stand among the training rows too, value for value.

    A number that differs in every row may be a new number for a copy, so it is not compared. Equal
    rows need not be copies: in a table of few levels many rows agree by chance. They are where two
    of their numbers are rare; where their targets agree far more often than chance has it, they may
    be copies or several records of one thing, which is a warning.
    """
    compared = [n for n in used if not _numbers_rows(rows.X[n])]
    if not compared:
        return []
    key = pd.util.hash_pandas_object(rows.X[compared].astype("str"), index=False).to_numpy()
    held_out = rows.part == TEST
    equal = np.isin(key[held_out], key[rows.part == TRAIN])
    copies = (equal & _rare(rows.X[compared])[held_out]).mean()
    twins = max(copies, _agreeing(rows, key))
    if twins < TWINS:
        return []
    severity = "alarm" if copies >= TWINS else "warning"
    says = f"{twins:.1%} of the held-out rows stand among the training rows too, value for value."
    remedy = "Set one of each aside at the source, or split by what they share: group_column."
    evidence = {"share": round(float(twins), 4)}
    return [Alarm("rows_on_both_sides", [], says, remedy, evidence, severity)]


def _rare(X: pd.DataFrame) -> np.ndarray:
    """Whether two numbers of a row are rare, among columns that are as good as continuous."""
    numbers = [n for n in X if pd.api.types.is_numeric_dtype(X[n].dtype)]
    fine = [n for n in numbers if X[n].nunique() > FEW_LEVELS_PER_ROW * len(X)]
    rare = [(X[n].map(X[n].value_counts()) <= RARE).to_numpy(int) for n in fine]
    return np.sum(rare, axis=0) >= 2 if rare else np.zeros(len(X), dtype=bool)


def _agreeing(rows: Labelled, key: np.ndarray) -> float:
    """Share of held-out rows with an equal training row of the same target, beyond chance.

    Chance is what twins would share if targets were dealt at random; 0 where the share is not far
    above it, for rows that look alike have targets that are somewhat alike.
    """
    held_out, learnt = rows.part == TEST, rows.part == TRAIN
    label = pd.factorize(rows.y)[0]
    both = pd.util.hash_pandas_object(
        pd.DataFrame({"key": key, "y": label}), index=False
    ).to_numpy()
    observed = np.isin(both[held_out], both[learnt]).mean()
    twins = pd.Series(key[held_out]).map(pd.Series(key[learnt]).value_counts()).fillna(0)
    frequency = (np.bincount(label[learnt], minlength=label.max() + 1) / learnt.sum())[label]
    by_chance = (1 - (1 - frequency[held_out]) ** twins.to_numpy()).mean()
    return float(observed - by_chance) if observed > TIMES_EXPECTED * by_chance else 0.0


def _numbers_rows(column: pd.Series) -> bool:
    """Whether a column counts rows: whole numbers, another one in every row."""
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.isna().any():
        return False
    return bool(column.is_unique and (column.astype("float64") % 1 == 0).all())


def repeated_row_alarms(rows: Labelled) -> list[Alarm]:
    """Near duplicates on both sides: where the split was given; else they stay together."""
    if rows.alike is None:
        return []
    train, test = (set(rows.alike[rows.part == part]) for part in (TRAIN, TEST))
    shared = len(train & test)
    if not shared:
        return []
    says = f"{shared:,} groups of near duplicates lie on both sides of the split that was given."
    remedy = "Move each to one side, or let the line split: --set split_strategy=random."
    return [Alarm("near_duplicates_on_both_sides", [], says, remedy, {"groups": shared})]


def shared_key_alarms(learn: Labelled, plan: dict, seed: int) -> list[Alarm]:
    """Keys that many rows share (one customer, many rows), where whole groups score lower."""
    found = []
    for name in _entity_columns(learn, plan)[:3]:
        groups = learn.X[name].astype("str").fillna("(missing)").to_numpy()
        without = whole_pipeline.plan_without(plan, [name])
        apart = quick_scores(learn, without, seed)
        together = quick_scores(learn, without, seed, groups)
        gap = np.mean(apart) - np.mean(together)
        noise = np.sqrt(np.var(apart) / len(apart) + np.var(together) / len(together))
        if gap > max(SHARED_GAP, 2 * noise):
            says = (
                f"Rows of one {name} lie on both sides: a quick model scores {np.mean(apart):.2f}, "
                f"and {np.mean(together):.2f} when each {name} is kept on one side."
            )
            remedy = f"Will the model meet new ones? Then `--set group_column={name} --stages 4-8`."
            evidence = {
                "rows apart": round(np.mean(apart), 3),
                "groups": round(np.mean(together), 3),
            }
            found.append(Alarm("shared_entities", [name], says, remedy, evidence))
    return found


def _entity_columns(learn: Labelled, plan: dict) -> list[str]:
    """Columns that look like the key of something that several rows share, the surest first."""
    found = {}
    for name in learn.X:
        role = plan["columns"].get(name, "")
        each = len(learn.X) / max(learn.X[name].nunique(), 1)
        if not 1.5 <= each <= len(learn.X) / 20:
            continue
        if has_identifier_name(name) or role == "many categories":
            found[name] = has_identifier_name(name)
    return sorted(found, key=found.get, reverse=True)


def adversarial_validation(rows: Labelled, plan: dict, choice: dict, seed: int) -> list[Alarm]:
    """Adversarial validation: can a classifier tell training rows from held-out ones?"""
    limit = SETS_DIFFER.get(choice["strategy"])
    if limit is None:  # groups are of other kinds by design
        return []
    plan = whole_pipeline.plan_without(plan, [choice["column"]] if choice["column"] else [])
    train, test = (np.flatnonzero(rows.part == part) for part in (TRAIN, TEST))
    some = min(len(train), len(test), LOOKED_AT // 2)
    if some < 100 or not plan["columns"]:
        return []
    chosen = np.concatenate([part[evenly_spaced(len(part), some)]
                             for part in (train, test)])  # fmt: skip
    part = np.repeat([TRAIN, TEST], some).astype(object)
    X = rows.X.iloc[chosen].reset_index(drop=True)
    numbers = whole_pipeline.features_of(_untargeted(plan), seed).fit_transform(X, part)
    model = HistGradientBoostingClassifier(max_iter=40, random_state=seed)
    cutter = KFold(3, shuffle=True, random_state=seed)
    chance = cross_val_predict(model, numbers, part, cv=cutter, method="predict_proba")[:, 0]
    told = roc_auc(part == TEST, chance)
    if told < limit:
        return []
    task = Task("part", "binary", (TEST, TRAIN), TEST)
    apart = {name: predictive_power(task, X[name], part, seed) for name in plan["columns"]}
    ranked = sorted(apart, key=apart.get, reverse=True)[:3]
    worst = ranked[:1] + [name for name in ranked[1:] if apart[name] > SHIFTED]
    says = (
        f"A classifier separates held-out from training rows (ROC AUC {told:.2f}), mostly by "
        f"{', '.join(worst)}: the two sets differ."
    )
    remedy = (
        f"Do production rows look like the held-out ones? If these age: {drop_command(*worst)}."
    )
    severity = "warning" if choice["strategy"] == "time" else "alarm"  # time changes much
    evidence = {"ROC AUC": round(told, 3)} | {n: round(apart[n], 3) for n in worst}
    return [Alarm("parts_told_apart", worst, says, remedy, evidence, severity)]


def _untargeted(plan: dict) -> dict:
    """The plan for another target: nothing is chosen by labels."""
    return plan | {"task": "binary", "keep": 0}


# --- What the notebook shows --------------------------------------------------------------------


def evidence_table(alarms: list[Alarm]) -> pd.DataFrame:
    """A row per alarm: its kind, its columns, and what was measured."""
    rows = [
        (
            a.code.replace("_", " "),
            a.severity,
            ", ".join(a.columns) or "(rows)",
            _evidence_text(a.evidence),
        )
        for a in alarms
    ]
    columns = ["kind", "severity", "columns", "measured"]
    return pd.DataFrame(rows, columns=columns).set_index("kind")


def _evidence_text(evidence: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in evidence.items())


def describe_alarms(alarms: list[Alarm]) -> str:
    """What the alarms say and what to do, as Markdown."""
    if not alarms:
        return (
            "**No alarm**: no column gives away the target, follows it or adds up to it, no row is "
            "on both sides, and the two sides are alike."
        )
    loud = sum(alarm.severity == "alarm" for alarm in alarms)
    quiet = len(alarms) - loud
    parts = [f"{n} {what}{'s' * (n > 1)}" for n, what in ((loud, "alarm"), (quiet, "warning")) if n]
    said = f"**{' and '.join(parts)}**: settle each before you believe a score."
    return "\n".join([said, "", *(f"- **{a.severity}**: {a.message}" for a in alarms)])


def note_alarms(work, alarms: list[Alarm]) -> None:
    """Put the alarms on the front page. `work` is the open stage."""
    for alarm in alarms:
        work.find(alarm.code, alarm.severity, alarm.columns, alarm.message, alarm.evidence)
