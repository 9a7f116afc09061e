"""Leaks between the sets: rows, near duplicates or keys in both, or sets that differ in kind."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.findings import Finding
from ..base.spacing import evenly_spaced
from ..cells.key_names import has_identifier_name
from ..cells.kinds import is_counted, is_date
from ..drift.domain_classifier import domain_classifier
from ..learning.fold_scores import FoldAnswers
from ..learning.labelled_data import TEST, TRAIN, Labelled
from ..learning.score_intervals import Difference, paired_gain
from ..learning.task_kind import Task
from ..pipeline import whole_pipeline
from .leak_alarm import FOLDS, LOOKED_AT, compared_by, drop_command, quick_answers
from .one_column_probe import predictive_power
from .split_at_random import random_folds
from .split_by_group import group_folds, strata

SHARED_GAP = 0.05  # by how much whole groups must lower a score
LEVEL = 0.99  # of the interval of that fall
SETS_DIFFER = {"random": 0.65, "time": 0.9, "column": 0.7, "file": 0.7}  # ROC AUC
SHIFTED = 0.6  # ROC AUC of a column that separates the sets alone
TWINS, RARE = 0.005, 4  # share of held-out rows with a twin; rows that share a rare number
TIMES_EXPECTED = 3  # times as many twins of one target as expected by chance
FEW_LEVELS_PER_ROW = 0.2  # a column with more distinct values a row is as good as continuous
IN_TIME = (
    "Rows of another time often do (seasons, prices): that alone is no reason to leave a column "
    "out. Expect less where rows are new in kind."
)


def rows_on_both_sides(rows: Labelled, used: list[str]) -> list[Finding]:
    """Held-out rows that are among the training rows too, value for value.

    A number that differs in every row may be a new number for a copy, so it is not compared. Equal
    rows need not be copies: in a table of few levels many rows are equal by chance. They are copies
    where two of their numbers are rare (an alarm). Where targets of equal training rows agree far
    more often than by chance, they may be copies or several records of one thing (a warning). The
    labels of held-out rows are not read.
    """
    compared = [n for n in used if not _numbers_rows(rows.X[n])]
    if not compared:
        return []
    key = pd.util.hash_pandas_object(rows.X[compared].astype("str"), index=False).to_numpy()
    held_out = rows.part == TEST
    equal = np.isin(key[held_out], key[rows.part == TRAIN])
    copies = (equal & _rare(rows.X[compared])[held_out]).mean()
    twins = max(copies, _agreeing(rows, key) if (rows.fold >= 0).any() else 0.0)
    if twins < TWINS:
        return []
    severity = "alarm" if copies >= TWINS else "warning"
    says = f"{twins:.1%} of the held-out rows are among the training rows too, value for value."
    remedy = "Keep one of each at the source, or split by what they share: group_column."
    evidence = {"share": round(float(twins), 4)}
    return [Finding("rows_on_both_sides", severity, [], f"{says} {remedy}", evidence)]


def _rare(X: pd.DataFrame) -> np.ndarray:
    """Whether two numbers of a row are rare, among columns that are as good as continuous."""
    numbers = [n for n in X if is_counted(X[n])]
    fine = [n for n in numbers if X[n].nunique() > FEW_LEVELS_PER_ROW * len(X)]
    rare = [(X[n].map(X[n].value_counts()) <= RARE).to_numpy(int) for n in fine]
    return np.sum(rare, axis=0) >= 2 if rare else np.zeros(len(X), dtype=bool)


def _agreeing(rows: Labelled, key: np.ndarray) -> float:
    """Share of a fold's rows with an equal row of the same target among all others, beyond chance.

    Only training rows are asked: what is so between their folds is so between the sets. Chance is
    the share if targets were shuffled. 0 where the share is not far above it: rows that look alike
    have targets that are somewhat alike.
    """
    learn = rows.part == TRAIN
    key, label, fold = key[learn], pd.factorize(rows.y[learn])[0], rows.fold[learn]
    asked = fold == fold.max()
    if asked.all():
        return 0.0
    both = pd.DataFrame({"key": key, "y": label})
    both = pd.util.hash_pandas_object(both, index=False).to_numpy()
    observed = np.isin(both[asked], both[~asked]).mean()
    by_chance = _agreeing_by_chance(key, label, asked)
    return float(observed - by_chance) if observed > TIMES_EXPECTED * by_chance else 0.0


def _agreeing_by_chance(key: np.ndarray, label: np.ndarray, asked: np.ndarray) -> float:
    """That share if the targets of the other rows were shuffled."""
    twins = pd.Series(key[asked]).map(pd.Series(key[~asked]).value_counts()).fillna(0)
    counts = np.bincount(label[~asked], minlength=label.max() + 1)
    frequency = (counts / counts.sum())[label[asked]]
    return (1 - (1 - frequency) ** twins.to_numpy()).mean()


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
    if not (shared := len(train & test)):
        return []
    says = f"{shared:,} groups of near duplicates lie on both sides of the split that was given."
    says += " Move each to one side, or let the line split: --set split_strategy=random."
    return [Finding("near_duplicates_on_both_sides", "alarm", [], says, {"groups": shared})]


def shared_key_alarms(learn: Labelled, plan: dict, seed: int) -> list[Finding]:
    """Keys that many rows share (one customer, many rows), where whole groups score lower."""
    columns = _entity_columns(learn, plan)[:3]
    found = (_shared_key_alarm(learn, plan, name, seed) for name in columns)
    return [alarm for alarm in found if alarm]


def _shared_key_alarm(learn: Labelled, plan: dict, name: str, seed: int) -> Finding | None:
    """The alarm of a key; None where a quick model does as well on whole groups.

    The same rows are answered after random folds and after folds of whole groups; the gain is
    paired row by row, and its interval leaves out whole groups.
    """
    groups = learn.X[name].astype("str").fillna("(missing)").to_numpy(dtype=object)
    found = _apart_and_together(learn, whole_pipeline.plan_without(plan, [name]), groups, seed)
    if found is None or not (found[2].value > SHARED_GAP and found[2].low > 0):
        return None
    apart, together, gain = found
    says = (
        f"Rows of one {name} are in both sets: a quick model scores {apart:.2f}, and "
        f"{together:.2f} when each {name} is kept in one set. Will the model meet new ones? Then "
        f"`--set group_column={name} --stages 4-8`."
    )
    evidence = {"rows apart": round(apart, 3), "groups": round(together, 3)}
    evidence["gain"] = f"{gain.low:.3f} to {gain.high:.3f}"
    return Finding("shared_entities", "alarm", [name], says, evidence)


def _apart_and_together(
    learn: Labelled, plan: dict, groups: np.ndarray, seed: int
) -> tuple[float, float, Difference] | None:
    """A quick model's score on random folds and on folds of whole groups, and the paired gain."""
    if not plan["columns"] and not plan["derived"]:
        return None
    at_random = random_folds(learn, np.arange(len(learn.y)), FOLDS, seed)
    of_groups = group_folds(groups, FOLDS, strata(learn), seed)
    apart, together = (quick_answers(learn, plan, fold, seed) for fold in (at_random, of_groups))
    if apart is None or together is None or len(apart.truth) != len(together.truth):
        return None
    metric, said = compared_by(learn.task), [_within_folds(one) for one in (together, apart)]
    unit = groups[apart.position]
    gain = paired_gain(learn.task, apart.truth, *said, unit=unit, metric=metric, level=LEVEL)
    return float(apart.mean[metric]), float(together.mean[metric]), gain


def _within_folds(found: FoldAnswers) -> tuple:
    """Answers whose probabilities are ranks within each fold: models of folds differ in level."""
    if found.probability is None or found.task.kind != "binary":
        return found.answer
    rank = pd.DataFrame(found.probability).groupby(found.fold).rank(pct=True).to_numpy()
    return found.prediction, rank


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
    """Can a classifier separate training rows from held-out ones? One alarm where it can.

    The classifier is the one that looks for drift, on the model's columns without the one that the
    rows were split by; whole units (customers, days) are on one side of its halves. Groups differ
    by design, so a split by group is not looked at.
    """
    limit, used = SETS_DIFFER.get(choice["strategy"]), _compared_columns(rows, plan, choice)
    if limit is None or not used:
        return []
    train, test = (rows.of(part).X[used] for part in (TRAIN, TEST))
    units = [None if rows.unit is None else rows.unit[rows.part == p] for p in (TRAIN, TEST)]
    found = domain_classifier(train, test, seed=seed, unit_before=units[0], unit_after=units[1])
    if not (found.applicable and found.significant and found.auc >= limit):
        return []
    return [_sets_differ(train, test, found.auc, choice["strategy"], seed)]


def _compared_columns(rows: Labelled, plan: dict, choice: dict) -> list[str]:
    """The columns by which the sets are compared; under a time split later dates are no news."""
    used = [n for n in plan["columns"] if n in rows.X and n != choice["column"]]
    return [n for n in used if choice["strategy"] != "time" or not is_date(rows.X[n])]


def _sets_differ(
    train: pd.DataFrame, test: pd.DataFrame, auc: float, strategy: str, seed: int
) -> Finding:
    """The alarm that a classifier separates the sets, with the columns that differ most."""
    apart = _difference_by_column(train, test, seed)
    ranked = sorted(apart, key=apart.get, reverse=True)[:3]
    worst = ranked[:1] + [name for name in ranked[1:] if apart[name] > SHIFTED]
    says = (
        f"A classifier separates held-out from training rows (ROC AUC {auc:.2f}), mostly by "
        f"{', '.join(worst)}: the two sets differ."
    )
    remedy = (
        f"Expect less where rows are new in kind. Only what will not mean the same in service "
        f"should go: {drop_command(*worst)}."
    )
    severity = "alarm"
    if strategy == "time":  # which changes much
        severity, remedy = "warning", IN_TIME
    evidence = {"ROC AUC": round(auc, 3)} | {n: round(apart[n], 3) for n in worst}
    return Finding("sets_differ", severity, worst, f"{says} {remedy}", evidence)


def _difference_by_column(train: pd.DataFrame, test: pd.DataFrame, seed: int) -> dict[str, float]:
    """How well each column alone separates the sets (ROC AUC), on as many rows of each."""
    some = min(len(train), len(test), LOOKED_AT // 2)
    X = pd.concat([one.iloc[evenly_spaced(len(one), some)] for one in (train, test)])
    part = np.repeat([TRAIN, TEST], some).astype(object)
    task = Task("part", "binary", (TEST, TRAIN), TEST)
    return {name: predictive_power(task, X[name], part, seed) for name in X}
