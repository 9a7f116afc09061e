"""The sides of the models' benchmark: each learns from the same rows and answers the same ones."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from helpers.clean import clean_rows, cleaning_plan, column_cleaner
from helpers.features import feature_plan
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import Labelled
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task, encode, find_task
from helpers.pipeline import whole_pipeline
from helpers.split.split_at_random import random_folds, with_folds
from helpers.split.split_by_group import group_folds, groups_of_rows
from helpers.split.split_by_time import time_folds, times
from helpers.train import calibrated_ensemble, fold_trials, hyperparameter_search, train_models

from .model_tables import Table

TEST_SHARE = 0.25


def labelled(table: Table) -> tuple[pd.DataFrame, np.ndarray, Task]:
    """The raw rows without the target, the labels, and the task."""
    frame = table.frame()
    label = clean_rows.clean_label(frame, table.target, draft_label(frame[table.target]))[0]
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
    cleaning = cleaning_plan.draft_plan(raw, about)
    rows = column_cleaner.Cleaner(cleaning).fit(raw).transform(raw)
    drop = table.group if table.group in rows else ""
    plan = feature_plan.plan_features(rows, cleaning, about, drop)
    cut = Labelled(task, rows, y[learnt], np.arange(len(raw)))
    choice = {"strategy": "random", "column": ""}
    if table.group or table.time:
        strategy = "group" if table.group else "time"
        choice = {"strategy": strategy, "column": table.group or table.time}
    cut = folds_only(cut, choice, folds=4, seed=seed)
    found = train_models.learn(cut, plan, seed=seed, **options)
    model = calibrated_ensemble.final_model(task, found.best, found.threshold)
    fitted = whole_pipeline.fit(cleaning, plan, model, rows, y[learnt], seed)
    return predict(task, fitted, X.iloc[asked].reset_index(drop=True))


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


def flamls(table: Table, X, y, task: Task, learnt, asked, seed: int, seconds: float = 60.0):
    """FLAML's automatic search with so many seconds, for the task's main metric."""
    import logging

    from flaml import AutoML

    logging.disable(logging.CRITICAL)
    X = X.drop(columns=[table.group] if table.group else [])
    if table.time:
        X = X.assign(**{table.time: pd.to_datetime(X[table.time])})
    learn, ask = (X.iloc[part].reset_index(drop=True) for part in (learnt, asked))
    metric = {"binary": "roc_auc", "multiclass": "macro_f1", "regression": "r2"}[task.kind]
    kind = "regression" if task.is_regression else "classification"
    model = AutoML()
    model.fit(X_train=learn, y_train=y[learnt] if task.is_regression else y[learnt].astype(str),
              task=kind, metric=metric, time_budget=seconds, seed=seed, verbose=0)  # fmt: skip
    if task.is_regression:
        return model.predict(ask), None
    probability = np.zeros((len(ask), len(task.classes)))
    columns = [task.classes.index(str(label)) for label in model.classes_]
    probability[:, columns] = model.predict_proba(ask)
    return np.asarray(task.classes, dtype=object)[probability.argmax(axis=1)], probability


def by_optuna(task: Task, ladder: list, folds: list, trials: int, seed: int, budget=None) -> list:
    """Settings suggested by Optuna's TPE, for the same families and ranges as `train.search`."""
    import optuna

    from helpers.models import model_ladder

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    families = {trial.family: trial for trial in hyperparameter_search.leading_trials(task, ladder)}
    found = []

    def suggest(trial, name: str, distribution):
        low, high = distribution.support()
        label, kind = f"{name}", distribution.dist.name
        if kind == "randint":
            return trial.suggest_int(label, int(low), int(high))
        return trial.suggest_float(label, float(low), float(high), log=kind == "loguniform")

    def objective(trial) -> float:
        family = trial.suggest_categorical("family", sorted(families))
        space = model_ladder.space_of(task, family)
        settings = {n: suggest(trial, f"{family}: {n}", d) for n, d in space.items()}
        start = families[family]
        model = model_ladder.clone(start.model).set_params(**settings)
        found.append(fold_trials.cross_validate(task, family, model, folds, settings))
        return found[-1].mean

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    return found


def folds_only(rows: Labelled, choice: dict, folds: int = 4, seed: int = 42) -> Labelled:
    """The rows, all of them for training, with their folds."""
    every = np.arange(len(rows.y))
    if choice["strategy"] == "time":
        when = times(rows.X[choice["column"]], choice["column"])
        return replace(with_folds(rows, every, [], time_folds(when, folds, choice["column"])),
                       by_time=True)  # fmt: skip
    if choice["strategy"] == "group":
        return with_folds(
            rows, every, [], group_folds(groups_of_rows(rows, choice["column"]), folds)
        )
    return with_folds(rows, every, [], random_folds(rows, every, folds, seed))
