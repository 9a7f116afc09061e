"""Leaks between parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import KFold, cross_val_predict

from ..base.findings import Finding
from ..base.ranks import roc_auc
from ..base.spacing import evenly_spaced
from ..cells.key_names import has_identifier_name
from ..cells.kinds import is_counted
from ..learning.labelled_data import TEST, TRAIN, Labelled
from ..learning.task_kind import Task
from ..pipeline import whole_pipeline
from .leak_alarm import LOOKED_AT, drop_command, quick_scores
from .one_column_probe import predictive_power

SHARED_GAP = 0.05  # by how much whole groups must lower a score
SETS_DIFFER = {"random": 0.65, "time": 0.9, "column": 0.7, "file": 0.7}  # ROC AUC
SHIFTED = 0.6  # ROC AUC of a column by which the parts can be told apart
TWINS, RARE = 0.005, 4  # share of held-out rows with a twin; rows that share a rare number
TIMES_EXPECTED = 3  # times as many twins of one target as chance would make
FEW_LEVELS_PER_ROW = 0.2  # a column with more distinct values a row is as good as continuous


def rows_on_both_sides(rows: Labelled, used: list[str]) -> list[Finding]:
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
    return [Finding("rows_on_both_sides", severity, [], f"{says} {remedy}", evidence)]


def _rare(X: pd.DataFrame) -> np.ndarray:
    """Whether two numbers of a row are rare, among columns that are as good as continuous."""
    numbers = [n for n in X if is_counted(X[n])]
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
    if not is_counted(column) or column.isna().any():
        return False
    return bool(column.is_unique and (column.astype("float64") % 1 == 0).all())


def repeated_row_alarms(rows: Labelled) -> list[Finding]:
    """Near duplicates on both sides: where the split was given; else they stay together."""
    if rows.alike is None:
        return []
    train, test = (set(rows.alike[rows.part == part]) for part in (TRAIN, TEST))
    shared = len(train & test)
    if not shared:
        return []
    says = f"{shared:,} groups of near duplicates lie on both sides of the split that was given."
    remedy = "Move each to one side, or let the line split: --set split_strategy=random."
    return [
        Finding(
            "near_duplicates_on_both_sides", "alarm", [], f"{says} {remedy}", {"groups": shared}
        )
    ]


def shared_key_alarms(learn: Labelled, plan: dict, seed: int) -> list[Finding]:
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
            found.append(Finding("shared_entities", "alarm", [name], f"{says} {remedy}", evidence))
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


def adversarial_validation(rows: Labelled, plan: dict, choice: dict, seed: int) -> list[Finding]:
    """Adversarial validation: can a classifier tell training rows from held-out ones?

    `drift.domain_classifier` asks the same of columns; this one asks it of features, as the model
    has them: after a split by time a date that merely moves on tells the two apart, an hour does
    not.
    """
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
    return [Finding("parts_told_apart", severity, worst, f"{says} {remedy}", evidence)]


def _untargeted(plan: dict) -> dict:
    """The plan for another target: nothing is chosen by labels."""
    return plan | {"task": "binary", "keep": 0}
