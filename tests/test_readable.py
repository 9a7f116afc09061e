"""A model that can be read: what it is, when it is taken, and the curves that it is a sum of."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier

from helpers.base.user_errors import InputError
from helpers.evaluate import additive_curves
from helpers.models import model_ladder
from helpers.models.calibrated_model import Calibrated
from helpers.pipeline import whole_pipeline
from helpers.train import (
    fold_trials,
    hyperparameter_search,
    readable_model,
    train_models,
    training_report,
    training_stage,
)
from tests.scorer_cases import ADDITIVE, BOOSTED, CLASSES, cleaned, fitted
from tests.small import at_random, prepared

SUMS = [
    ("binary", LogisticRegression(max_iter=500)),
    ("binary", HistGradientBoostingClassifier(**ADDITIVE)),
    ("binary", FixedThresholdClassifier(
        Calibrated(HistGradientBoostingClassifier(**ADDITIVE), 1.3, (0.0, 0.3)),
        threshold=0.3, pos_label="yes", response_method="predict_proba")),
    ("multiclass", HistGradientBoostingClassifier(**ADDITIVE)),
    ("regression", Ridge()),
    ("regression", HistGradientBoostingRegressor(**ADDITIVE)),
]  # fmt: skip


def watched(kind: str):
    return replace(CLASSES[kind], positive={"multiclass": "b", "binary": "yes"}.get(kind, ""))


@pytest.mark.parametrize(("kind", "model"), SUMS, ids=lambda one: type(one).__name__)
def test_what_the_columns_add_sums_to_the_score_of_every_row(kind, model):
    whole, used = fitted(kind, model)
    rows, task = cleaned()[1], watched(kind)
    adds = additive_curves.contributions(task, whole[1:], rows)
    both_dates = {"seen and sold"}  # the days between them
    assert set(used) | {"ratio", "usual", "root", "north"} | both_dates == set(adds)
    made = additive_curves.Sum(task, whole[1:], rows)
    score = made.scores(made.numbers)
    assert np.abs(adds.sum(axis=1) - (score - score.mean())).max() < 1e-9
    assert adds.std().idxmax() in {"size", "usual", "root", "ratio", "north"}  # they decide `y`


@pytest.mark.parametrize("model", [HistGradientBoostingClassifier(**BOOSTED), DummyClassifier()])
def test_a_model_that_is_no_sum_has_no_curves(model):
    whole, _ = fitted("binary", model)
    assert additive_curves.contributions(CLASSES["binary"], whole[1:], cleaned()[1]) is None


def test_what_does_not_add_up_is_not_shown(monkeypatch):
    """Were boosting's trees to ask two columns, the sum would show it."""
    whole, _ = fitted("binary", HistGradientBoostingClassifier(**BOOSTED | {"max_depth": 4}))
    monkeypatch.setattr(additive_curves, "is_additive", lambda model: True)
    assert additive_curves.contributions(CLASSES["binary"], whole[1:], cleaned()[1]) is None


def test_the_score_of_two_classes_is_the_log_odds_that_the_pipeline_answers_by():
    model = FixedThresholdClassifier(
        Calibrated(LogisticRegression(max_iter=500), 0.8, (0.0, 0.4)),
        threshold=0.3, pos_label="yes", response_method="predict_proba")  # fmt: skip
    whole, _ = fitted("binary", model)
    rows = cleaned()[1]
    made = additive_curves.Sum(CLASSES["binary"], whole[1:], rows)
    score = made.scores(made.numbers)
    chance = whole[1:].predict_proba(rows)[:, 1]
    inside = (chance > 0.01) & (chance < 0.99)  # calibration is never surer than 1e-4
    shift = (np.log(chance / (1 - chance)) - score)[inside]
    assert np.ptp(shift) < 1e-9 and shift[0] == pytest.approx(0.4)


def made_rows(interaction: bool, rows: int = 800, seed: int = 0) -> pd.DataFrame:
    """Columns of which two add to the log odds of `y`, or decide it only together."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.normal(size=(rows, 4)).round(3), columns=list("abcd"))
    score = 2 * np.sign(table["a"] * table["b"]) if interaction else (
        2 * np.abs(table["a"]) + np.sin(2 * table["b"]) - 1.5)  # fmt: skip
    return table.assign(bought=np.where(random.random(rows) < 1 / (1 + np.exp(-score)),
                                        "yes", "no"))  # fmt: skip


def trained(interaction: bool, prefer: str = "readable", seed: int = 0):
    made = prepared(raw=made_rows(interaction, seed=seed))
    learn = at_random(made, folds=3).of("train")
    folds = fold_trials.make_folds(learn, made.plan)
    first = train_models.cross_validate_candidates(
        made.task, folds, len(learn.y), "gradient boosting", seed, prefer=prefer
    )
    return training_stage.choose_winner(made.task, first, folds, prefer=prefer), made, learn


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_columns_that_decide_together_keep_the_best_model(seed):
    winner, made, _ = trained(interaction=True, seed=seed)
    assert winner.best.family not in model_ladder.READABLE
    said = readable_model.describe_preference(winner.preference)
    assert "No readable model is taken" in said and f"So {winner.best.family} stays" in said
    assert said.replace("**", "") in training_report.headline(
        made.task, winner.trials, winner.trials[0], preference=winner.preference
    )


def test_columns_that_add_up_take_the_additive_model_and_all_files_name_it(tmp_path):
    winner, made, learn = trained(interaction=False)
    assert winner.best.family == "additive"
    about = training_report.summary(
        made.task, winner.best, 0.5, "", hyperparameter_search.Budget(), winner.calibrated,
        trials=winner.trials, preference=winner.preference)  # fmt: skip
    assert about["model"] == "additive" and about["readable"]["taken"]
    assert "additive leads linear" in about["simpler"]["reading"]
    line = training_report.headline(
        made.task, winner.trials, winner.trials[0], preference=winner.preference
    )
    assert "additive: ROC AUC" in line and "The additive model is taken" in line
    assert "additive" in set(training_report.trials_table(winner.trials, made.task)["model"])
    model = whole_pipeline.fit(made.cleaning, made.plan, winner.calibrated.model, learn.X, learn.y)
    whole_pipeline.save(model, tmp_path / "m.skops")
    stored = whole_pipeline.load(tmp_path / "m.skops")
    assert np.array_equal(stored.predict_proba(made.raw), model.predict_proba(made.raw))
    found = additive_curves.curves(made.task, stored[1:], learn)
    assert {curve.name for curve in found[:2]} == {"a", "b"}
    assert "**The whole model is a sum**" in additive_curves.describe_curves(made.task, found)
    picture = additive_curves.curves_picture(made.task, found)
    assert picture.title == f"What each column adds: {found[0].name} moves the answer most"
    curve = next(one for one in found if one.name == "a").adds
    middle = curve.index[np.abs(curve.index).argmin()]
    assert curve["all"].iloc[[0, -1]].min() > curve["all"][middle] + 1  # |a|: a valley
    assert curve.shape[1] == 4  # the model's, and three folds'


def test_a_linear_model_that_is_as_good_is_simpler():
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(size=(600, 3)).round(3), columns=list("abc"))
    late = random.random(600) < 1 / (1 + np.exp(-2 * table["a"] - table["b"]))
    made = prepared(raw=table.assign(bought=np.where(late, "yes", "no")))
    learn = at_random(made, folds=3).of("train")
    folds = fold_trials.make_folds(learn, made.plan)
    first = train_models.cross_validate_candidates(made.task, folds, 500, prefer="readable")
    assert readable_model.choose(made.task, first, "readable").taken.family == "linear"


def test_it_is_tried_only_where_it_is_asked_for():
    made = prepared()
    folds = fold_trials.make_folds(at_random(made, folds=2).of("train"), made.plan)

    def families(**options):
        found = train_models.cross_validate_candidates(made.task, folds, 200, **options)
        return [trial.family for trial in found]

    assert "additive" not in families()
    assert families(models="additive") == ["baseline", "additive"]
    assert families(models="linear", prefer="readable") == ["baseline", "linear", "additive"]
    with pytest.raises(InputError, match="prefer is best or readable; it is 'legible'"):
        families(prefer="legible")


def test_an_additive_model_that_does_not_lead_still_gets_a_few_draws():
    made = prepared(raw=made_rows(interaction=True, rows=500))
    folds = fold_trials.make_folds(at_random(made, folds=2).of("train"), made.plan)
    first = train_models.cross_validate_candidates(
        made.task, folds, 200, models="gradient boosting", prefer="readable"
    )
    found = hyperparameter_search.search(made.task, first, folds, 3, prefer="readable")
    assert [trial.family for trial in found].count("additive") == 1
    assert len(found) == 4
    usual = hyperparameter_search.search(made.task, first, folds, 3)
    assert "additive" not in {trial.family for trial in usual}
