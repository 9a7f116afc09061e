"""The sides of the models' benchmark: each learns from the same rows and answers the same ones."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from helpers.clean import clean_rows, cleaning_plan, column_cleaner, training_plan
from helpers.features import feature_plan
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import TRAIN, Labelled
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task, encode, find_task
from helpers.split.split_at_random import random_folds, with_folds
from helpers.split.split_by_group import group_folds, groups_of_rows, strata
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
    """The line's own stages 2 to 5 on raw rows: plans, folds, ladder, search, calibration.

    As in a run, stage 2 drafts its plan from all rows, and stage 4 cleans by what the rows to learn
    from have taught.
    """
    rows, cleaning, plan = _split(table, X, y, task, learnt, asked, seed)
    learn = rows.of(TRAIN)
    found = train_models.learn(learn, plan, seed=seed, **options)
    model = calibrated_ensemble.final_model(task, found.best, found.threshold)
    fitted = train_models.fit_final(cleaning, plan, model, learn, seed)
    return predict(task, fitted, X.iloc[asked].reset_index(drop=True))


def _split(table: Table, X, y, task: Task, learnt, asked, seed: int) -> tuple[Labelled, dict, dict]:
    """Stages 2 to 4: the rows as they are learnt from, their cleaning plan, the feature plan."""
    at, about = np.concatenate([learnt, asked]), {"target": task.target, "task": task.kind}
    raw = X.iloc[at].reset_index(drop=True)
    whole = cleaning_plan.draft_plan(raw, about)
    rows = column_cleaner.Cleaner(whole).fit(raw).transform(raw)
    plan = feature_plan.plan_features(
        rows, whole, about, table.group if table.group in rows else ""
    )
    cut = with_parts(Labelled(task, rows, y[at], np.arange(len(at))), len(learnt), table, seed)
    done = training_plan.clean_by_split(raw, cut, whole, about, group=table.group)
    return done.rows, done.plan or whole, plan


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


def with_parts(rows: Labelled, learnt: int, table: Table, seed: int, folds: int = 4) -> Labelled:
    """The rows, the first `learnt` of them for training, with their folds as stage 4 makes them."""
    train, test = np.arange(learnt), np.arange(learnt, len(rows.y))
    if table.group:
        groups = groups_of_rows(rows, table.group)[train]
        return with_folds(rows, train, test, group_folds(groups, folds, strata(rows)[train], seed))
    if table.time:
        when = times(rows.X[table.time], table.time).iloc[train]
        done = with_folds(rows, train, test, time_folds(when, folds, table.time))
        return replace(done, by_time=True)
    return with_folds(rows, train, test, random_folds(rows, train, folds, seed))
