"""Inner folds of the target encoder: whole groups under a group split, blocks of days in time."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

from helpers.learning import inner_folds as folds_module
from helpers.learning.fold_scores import fold_scores
from helpers.learning.inner_folds import fit_by_unit, inner_folds, units_kept_whole
from helpers.learning.labelled_data import TRAIN, Labelled
from helpers.learning.task_kind import Task
from helpers.learning.units import UnitRule
from helpers.pipeline import whole_pipeline
from helpers.pipeline.feature_steps import make_features
from helpers.train.fold_trials import make_folds

PLAN = {"columns": {"level": "many categories"}, "derived": {}, "task": "regression"}


def nested(kind: str = "group", groups: int = 40, each: int = 20) -> Labelled:
    """Rows of groups with one answer each; two levels of the category are in one group only."""
    group = np.repeat(np.arange(groups), each)
    level = [f"{g}-{at % 2}" for at, g in enumerate(group)]
    answer = np.random.default_rng(0).normal(size=groups)[group]
    rows = Labelled(Task("y", "regression"), pd.DataFrame({"level": level}), answer, group * 0)
    rows = replace(rows, row=np.arange(len(group)), part=np.repeat([TRAIN], len(group)))
    unit = None if kind == "row" else np.array([f"g {g}" for g in group], dtype=object)
    return replace(rows, unit=unit, units=UnitRule(kind, "g"), fold=group % 4)


def in_time(days: int = 50, each: int = 12) -> Labelled:
    """Rows of days that drift: a level is met for two days, and the days differ."""
    day = np.repeat(np.arange(days), each)
    names = pd.date_range("2020-01-01", periods=days).strftime("%Y-%m-%d").to_numpy(object)
    X = pd.DataFrame({"level": [f"{d // 2}-{at % 3}" for at, d in enumerate(day)]})
    shuffled = np.random.default_rng(1).permutation(len(day))
    rows = Labelled(Task("y", "regression"), X, np.random.default_rng(0).normal(size=days)[day],
                    np.arange(len(day)), by_time=True, unit=names[day],
                    units=UnitRule("day", "d"), fold=day // 10 - 1,
                    part=np.repeat([TRAIN], len(day)))  # fmt: skip
    return rows.at(shuffled)


def encoded(rows: Labelled, plan=PLAN) -> np.ndarray:
    maker = make_features(plan)
    with units_kept_whole(maker, rows):
        return maker.fit_transform(rows.X, rows.y).ravel()


def plainly(rows: Labelled) -> np.ndarray:
    return make_features(PLAN).fit_transform(rows.X, rows.y).ravel()


def leak(numbers: np.ndarray, y: np.ndarray) -> float:
    """The share of the target that the numbers explain, as bins of any shape."""
    bins = pd.Series(numbers).round(6).rank(method="dense").to_numpy() // 4
    return 1 - pd.Series(y).groupby(bins).transform(lambda one: one - one.mean()).var() / y.var()


def test_a_level_of_one_group_says_nothing_under_a_split_by_group():
    rows = nested()
    assert np.corrcoef(plainly(rows), rows.y)[0, 1] > 0.95  # random folds: the group's own answer
    assert np.ptp(encoded(rows)) < 1e-9


def test_without_the_move_to_one_mean_the_folds_tell_the_answers_turned_round(monkeypatch):
    rows = nested()
    monkeypatch.setattr(folds_module, "_ByUnit", TargetEncoder)
    assert np.corrcoef(encoded(rows), rows.y)[0, 1] < -0.1


def test_levels_that_several_groups_have_keep_their_means():
    rows = nested()
    shared = np.random.default_rng(2).integers(0, 40, len(rows.y))
    rows = replace(rows, X=pd.DataFrame({"level": shared.astype(str)}), y=rows.y + shared)
    assert np.corrcoef(encoded(rows), shared)[0, 1] > 0.99


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_classes_too_say_nothing_where_levels_are_nested(classes):
    rows = nested()
    y = np.array(classes, dtype=object)[np.unique(rows.y, return_inverse=True)[1] % len(classes)]
    kind = "binary" if len(classes) == 2 else "multiclass"
    rows = replace(rows, task=Task("y", kind, classes), y=y)
    maker = make_features(PLAN | {"task": kind})
    with units_kept_whole(maker, rows):
        numbers = maker.fit_transform(rows.X, rows.y)
    assert numbers.shape[1] == (1 if kind == "binary" else 3)
    assert np.ptp(numbers, axis=0).max() < 1e-9


def test_under_a_split_by_time_a_fold_is_a_block_of_whole_days():
    rows = in_time()
    folds, blocks = inner_folds(rows), []
    for learnt, asked in folds:
        assert not set(rows.unit[learnt]) & set(rows.unit[asked])
        blocks.append((min(rows.unit[asked]), max(rows.unit[asked])))
    blocks.sort()
    assert len(blocks) == 5
    assert all(before[1] < after[0] for before, after in zip(blocks, blocks[1:], strict=False))
    assert sorted(np.concatenate([asked for _, asked in folds])) == list(range(len(rows.y)))
    assert leak(plainly(rows), rows.y) > 0.5
    assert np.ptp(encoded(rows)) < 1e-9


@pytest.mark.parametrize("kind", ["row", "entity", "day"])
def test_where_the_split_draws_rows_nothing_changes(kind):
    rows = nested(kind)
    assert inner_folds(rows) is None
    assert np.array_equal(encoded(rows), plainly(rows))
    assert np.array_equal(encoded(replace(rows, units=UnitRule("group"), unit=None)), plainly(rows))


def test_of_one_group_the_folds_are_plain():
    rows = nested(groups=1, each=40)
    assert inner_folds(rows) is None and np.array_equal(encoded(rows), plainly(rows))


def test_two_units_make_two_folds():
    assert len(inner_folds(nested(groups=2))) == 2
    assert len(inner_folds(in_time(days=2))) == 2


def kept(model) -> list:
    """The entries of a stored model: each file's ending, each object's type, and the numbers."""
    from skops import io as skops_io

    stored = zipfile.ZipFile(io.BytesIO(skops_io.dumps(model)))
    schema = json.loads(stored.read("schema.json"))
    found = []

    def walk(node):
        if isinstance(node, dict):
            found.extend(node[k] for k in ("__module__", "__class__", "__loader__") if k in node)
            for one in node.values():
                walk(one)
        elif isinstance(node, list):
            for one in node:
                walk(one)

    walk(schema)
    return found


def test_a_stored_model_has_the_form_it_had():
    rows = nested()
    model = LinearRegression()
    made = whole_pipeline.learner(PLAN, model)
    by_unit = fit_by_unit(whole_pipeline.learner(PLAN, model), rows, np.arange(len(rows.y)))
    made.fit(rows.X, rows.y)
    assert kept(by_unit) == kept(made)
    fitted = by_unit["features"]["encode"].named_transformers_["many_categories"]["targetencoder"]
    assert type(fitted) is TargetEncoder and isinstance(fitted.cv, KFold)


def test_after_an_error_the_encoder_is_plain():
    rows, maker = nested(), make_features(PLAN)
    with pytest.raises(ZeroDivisionError), units_kept_whole(maker, rows):
        raise ZeroDivisionError
    encoder = maker["encode"].transformers[0][1]["targetencoder"]
    assert type(encoder) is TargetEncoder and isinstance(encoder.cv, KFold)


def test_each_door_keeps_groups_whole(monkeypatch):
    """Folds of training, scores of folds, and the whole pipeline, fitted and refitted."""
    rows, seen = nested(), []
    original = folds_module._ByUnit.fit_transform

    def noted(self, X, y):
        seen.append(len(y))
        return original(self, X, y)

    monkeypatch.setattr(folds_module._ByUnit, "fit_transform", noted)
    make_folds(rows, PLAN)
    fold_scores(rows, lambda: whole_pipeline.learner(PLAN, LinearRegression()), ["r2"])
    model = whole_pipeline.fit({"columns": {}}, PLAN, LinearRegression(), rows.X, rows.y, 42, rows)
    whole_pipeline.refit(model, rows.X, rows.y, units=rows)
    assert seen == [600] * 8 + [800] * 2
