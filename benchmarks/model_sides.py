"""The sides of the models' benchmark: each learns from the same rows and answers the same ones."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from helpers import clean, features, pipeline, plans, split, train
from helpers.rows import Labelled
from helpers.task import Task, draft_label, encode, find_task, predict

from .model_tables import Table

TEST_SHARE = 0.25


def labelled(table: Table) -> tuple[pd.DataFrame, np.ndarray, Task]:
    """The raw rows without the target, the labels, and the task."""
    frame = table.frame()
    label = clean.clean_label(frame, table.target, draft_label(frame[table.target]))[0]
    task = find_task(label, table.target)
    return frame.drop(columns=table.target), encode(label, task), task


def parts(table: Table, X: pd.DataFrame, y, task: Task, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions to learn from and to be examined on: by group, by time, or stratified."""
    rows = np.arange(len(y))
    if table.group:
        groups = X[table.group].fillna("missing").astype(str)
        return next(
            GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed).split(X, y, groups)
        )
    if table.time:  # five windows, each learnt from what came before it
        order = np.argsort(pd.to_datetime(X[table.time]).to_numpy(), kind="stable")
        end = int(len(y) * (0.8 + 0.05 * (seed % 5)))
        start = int(end * (1 - TEST_SHARE))
        return order[:start], order[start:end]
    stratify = None if task.is_regression or pd.Series(y).value_counts().min() < 2 else y
    return tuple(train_test_split(rows, test_size=TEST_SHARE, random_state=seed, stratify=stratify))


def ours(table: Table, X, y, task: Task, learnt, asked, seed: int, **options):
    """The line's own stages 2 to 5 on raw rows: plans, folds, ladder, search, calibration."""
    raw, about = X.iloc[learnt].reset_index(drop=True), {"target": task.target, "task": task.kind}
    cleaning = plans.draft_plan(raw, about)
    rows = clean.Cleaner(cleaning).fit(raw).transform(raw)
    drop = table.group if table.group in rows else ""
    plan = features.plan_features(rows, cleaning, about, drop)
    cut = Labelled(task, rows, y[learnt], np.arange(len(raw)))
    choice = {"strategy": "random", "column": ""}
    if table.group or table.time:
        strategy = "group" if table.group else "time"
        choice = {"strategy": strategy, "column": table.group or table.time}
    cut = split.folds_only(cut, choice, folds=4, seed=seed)
    found = train.learn(cut, plan, seed=seed, **options)
    model = train.final_model(task, found.best, found.threshold)
    fitted = pipeline.fit(cleaning, plan, model, rows, y[learnt], seed)
    return predict(task, fitted, X.iloc[asked].reset_index(drop=True)), found


def skrubs(table: Table, X, y, task: Task, learnt, asked, seed: int):
    """skrub's `tabular_pipeline`, untouched."""
    from skrub import tabular_pipeline

    X = X.drop(columns=[table.group] if table.group else [])
    if table.time:
        X = X.assign(**{table.time: pd.to_datetime(X[table.time])})
    model = tabular_pipeline("regressor" if task.is_regression else "classifier")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.iloc[learnt], y[learnt])
        return predict(task, model, X.iloc[asked])
