"""Training and the one pipeline: seeded, baseline first, and files that hold no code."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.preprocessing import FunctionTransformer

from helpers.base.user_errors import InputError
from helpers.learning.decision_rule import decision_rule
from helpers.learning.metric_names import METRICS
from helpers.learning.task_kind import Task
from helpers.models import model_ladder
from helpers.models.calibrated_model import calibration_error
from helpers.pipeline import whole_pipeline
from helpers.split import split_by_time, split_into_parts
from helpers.train import (
    calibrated_ensemble,
    decision_threshold,
    fold_trials,
    hyperparameter_search,
    paired_trials,
    train_models,
    training_report,
)
from tests.small import at_random, fitted, prepared

BINARY = Task("y", "binary", ("no", "yes"), "yes")


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def learn(made):
    return at_random(made, folds=3).of("train")


@pytest.fixture(scope="module")
def folds(made, learn):
    return fold_trials.make_folds(learn, made.plan)


@pytest.fixture(scope="module")
def ladder(made, folds):
    return train_models.cross_validate_candidates(made.task, folds, 200, "random forest, linear")


def trial(truth, chance, family="linear", scores=(0.5,)) -> fold_trials.Trial:
    chance = np.asarray(chance)
    model = LogisticRegression()
    return fold_trials.Trial(
        model, family, {}, list(scores), 0.1, np.asarray(truth), np.c_[1 - chance, chance]
    )


def test_the_baseline_comes_first_and_knows_nothing(ladder):
    assert [t.family for t in ladder] == ["baseline", "random forest", "linear"]
    assert ladder[0].mean == pytest.approx(0.5)
    assert fold_trials.best_of(ladder).mean > 0.75


def test_the_baseline_is_there_when_it_is_not_asked_for(made, folds):
    families = [
        t.family for t in train_models.cross_validate_candidates(made.task, folds, 200, "linear")
    ]
    assert families == ["baseline", "linear"]


def test_an_unknown_model_is_refused_by_name(made, folds):
    with pytest.raises(InputError, match="'forst' is none of them"):
        train_models.cross_validate_candidates(made.task, folds, 200, "forst")


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_every_kind_of_task_has_a_ladder_of_five(kind):
    families = list(model_ladder.candidates(Task("y", kind), 100))
    assert families == ["baseline", "linear", "additive", "random forest", "gradient boosting"]


def test_runs_with_the_same_seed_are_the_same(made, learn, ladder):
    again = fold_trials.make_folds(learn, made.plan)
    other = train_models.cross_validate_candidates(made.task, again, 200, "random forest, linear")
    for first, second in zip(ladder, other, strict=True):
        assert first.scores == pytest.approx(second.scores, abs=1e-9)
        assert np.abs(first.predicted - second.predicted).max() < 1e-9


def test_features_of_a_fold_are_made_from_its_training_rows(made, learn):
    learnt, valid = next(learn.folds())
    changed = learn.X.copy()
    changed.loc[valid, "weight"] = 1e9
    moved = fold_trials.make_folds(type(learn)(**(vars(learn) | {"X": changed})), made.plan)[0]
    assert np.array_equal(moved.X, fold_trials.make_folds(learn, made.plan)[0].X)
    assert len(moved.X) == len(learnt)


def test_the_search_is_seeded_and_tries_as_often_as_asked(made, folds, ladder):
    best = ladder[2]
    found, again = (
        hyperparameter_search.search(made.task, [best], folds, 3, seed=1) for _ in range(2)
    )
    assert [t.parameters for t in found] == [t.parameters for t in again]
    assert len(found) == 3
    assert all(t.model.get_params()["C"] == t.parameters["C"] for t in found)
    assert hyperparameter_search.search(made.task, [best], folds, 0) == []
    assert hyperparameter_search.search(made.task, [ladder[0]], folds, 3) == []


@pytest.fixture
def few_are_many(monkeypatch):
    """Tables are small here: what holds for many rows holds for these."""
    monkeypatch.setattr(hyperparameter_search, "MANY_ROWS", 50)


def test_on_many_rows_only_the_best_candidates_are_tried_on_all_rows(
    made, folds, ladder, few_are_many
):
    found, again = (
        hyperparameter_search.search(made.task, [ladder[2]], folds, 6, seed=1) for _ in range(2)
    )
    assert [(t.parameters, t.scores) for t in found] == [(t.parameters, t.scores) for t in again]
    assert len({str(t.parameters) for t in found}) == 6
    finalists = fold_trials.on_all_rows(found)
    assert [t.rows for t in finalists] == [ladder[2].rows] * 2
    dropped = [t for t in found if t.rows < ladder[2].rows]
    assert len(dropped) == 4 and {t.rows for t in dropped} == {round(ladder[2].rows / 4)}
    assert all(len(t.truth) == len(ladder[2].truth) for t in found), "all are asked the same rows"


def test_a_score_on_fewer_rows_wins_nothing_and_comes_last(made):
    few = fold_trials.Trial(**(vars(trial(["yes"], [0.5], scores=[0.9])) | {"rows": 10}))
    every = fold_trials.Trial(**(vars(trial(["yes"], [0.5], scores=[0.7])) | {"rows": 40}))
    assert fold_trials.best_of([few, every]) is every
    assert training_report.trials_table([few, every], made.task)["rows"].tolist() == [40, 10]


def test_the_search_says_on_how_many_rows_it_worked(made, folds, ladder, few_are_many):
    found = hyperparameter_search.search(made.task, [ladder[2]], folds, 6, seed=1)
    said = training_report.describe_search(ladder, found, made.task)
    rows = ladder[2].rows
    assert f"up to {round(rows / 4):,} rows a fold, the best 2 of them again on all {rows:,}" in (
        said
    )
    assert "rows a fold" not in training_report.describe_search(
        ladder, fold_trials.on_all_rows(found), made.task
    )


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_fewer_rows_keep_the_classes(kind):
    y = {"binary": ["a"] * 97 + ["b"] * 3, "multiclass": list("abcd") * 25}.get(kind, range(100))
    fold = fold_trials.Fold(np.arange(100)[:, None], np.array(y), np.ones((7, 1)), np.ones(7))
    fewer = fold_trials.thinned_fold(fold)
    assert len(fewer.y) == len(fewer.X) == 25 and len(fewer.y_valid) == 7
    assert set(fewer.y) == set(y) or kind == "regression"
    assert [y[i] for i in fewer.X[:, 0]] == list(fewer.y)


def test_small_tables_have_whole_forests_and_large_ones_trees_of_a_share():
    task = Task("y", "regression")
    assert (
        model_ladder.candidates(task, model_ladder.MANY_ROWS)["random forest"].max_samples is None
    )
    assert (
        model_ladder.candidates(task, model_ladder.MANY_ROWS + 1)["random forest"].max_samples
        == 0.3
    )


@pytest.mark.parametrize("family", ["linear", "random forest", "gradient boosting"])
@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_every_parameter_that_may_be_drawn_is_one_of_its_model(family, kind):
    model = model_ladder.candidates(Task("y", kind), 100)[family]
    space = "ridge" if family == "linear" and kind == "regression" else family
    assert set(model_ladder.SPACES[space]) <= set(model.get_params())


def test_the_best_trial_is_the_earlier_of_two_equal_ones():
    first, second = (trial(["yes"], [0.5], scores=[0.7]) for _ in range(2))
    assert fold_trials.best_of([trial(["yes"], [0.5]), first, second]) is first


def test_the_threshold_moves_only_when_something_asks_for_it():
    truth = ["no"] * 80 + ["yes"] * 20
    low = trial(truth, [0.1] * 80 + [0.3] * 20)
    by_f1 = Task("y", "binary", ("no", "yes"), "yes", metric="f1")
    assert decision_threshold.choose_threshold(BINARY, low) == 0.5
    assert decision_threshold.choose_threshold(by_f1, low) == pytest.approx(0.2)
    said = training_report.describe_threshold(BINARY, low, 0.5)
    assert "F1 would be best from 0.2 on" in said
    assert "F1 is best" in training_report.describe_threshold(by_f1, low, 0.2)


def test_baseline_and_other_tasks_have_no_threshold():
    truth = ["no"] * 8 + ["yes"] * 2
    baseline = trial(truth, [0.1] * 8 + [0.3] * 2, "baseline")
    number = Task("y", "regression")
    assert decision_threshold.best_f1_threshold(BINARY, baseline) == 0.5
    assert decision_threshold.best_f1_threshold(number, trial(truth, [0.1] * 10)) == 0.5


def test_a_threshold_that_is_asked_for_is_taken_or_refused():
    one = trial(["no", "yes"], [0.1, 0.9])
    assert decision_threshold.choose_threshold(BINARY, one, 0.25) == 0.25
    assert decision_threshold.choose_threshold(BINARY, one, 0) == 0.5
    for wrong in (-0.1, 1, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            decision_threshold.choose_threshold(BINARY, one, wrong)


def test_the_final_model_holds_one_thread_and_its_threshold():
    forest = trial(["no", "yes"], [0.1, 0.9])
    forest = fold_trials.Trial(**(vars(forest) | {"model": RandomForestClassifier(n_jobs=-1)}))
    assert calibrated_ensemble.final_model(BINARY, forest).n_jobs is None
    moved = calibrated_ensemble.final_model(BINARY, forest, 0.3)
    assert isinstance(moved, FixedThresholdClassifier)
    assert (moved.threshold, moved.pos_label, moved.estimator.n_jobs) == (0.3, "yes", None)


def test_a_moved_threshold_says_yes_from_there_on(made):
    model = calibrated_ensemble.final_model(made.task, trial(["no", "yes"], [0.1, 0.9]), 0.2)
    fitted_model = fitted(made, model)
    chance = fitted_model.predict_proba(made.raw)[:, 1]
    assert ((chance >= 0.2) == (fitted_model.predict(made.raw) == "yes")).all()


def test_trials_are_listed_best_first(made, ladder):
    table = training_report.trials_table(ladder, made.task)
    assert table["ROC AUC"].is_monotonic_decreasing and table["model"].iloc[-1] == "baseline"
    assert "baseline" in training_report.headline(made.task, ladder, ladder[0])
    assert training_report.describe_ladder(ladder, made.task) and training_report.describe_search(
        ladder, [], made.task
    )


# --- The one pipeline ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(made, learn):
    forest = RandomForestClassifier(30, random_state=0)
    return train_models.fit_final(made.cleaning, made.plan, forest, learn)


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    whole_pipeline.save(model, path)
    return path


def test_raw_rows_in_the_pipeline_are_cleaned_rows_in_the_learner(made, model):
    raw, X = model.predict_proba(made.raw), model[1:].predict_proba(made.rows.X)
    assert np.abs(raw - X).max() < 1e-9


def test_one_row_alone_gets_the_answer_it_gets_among_many(made, model):
    alone = np.vstack([model.predict_proba(made.raw[i : i + 1]) for i in range(12)])
    assert np.abs(alone - model.predict_proba(made.raw)[:12]).max() < 1e-9


def test_absent_columns_and_unseen_levels_still_get_an_answer(made, model):
    rows = made.raw.head(4).drop(columns=["height", "day"]).assign(city="Atlantis", paid=None)
    assert np.isfinite(model.predict_proba(rows)).all()


def test_the_target_and_other_columns_in_the_rows_change_nothing(made, model):
    rows = made.raw.assign(bought="yes", extra=1)[::-1]
    expected = model.predict_proba(made.raw.drop(columns="bought"))[::-1]
    assert np.abs(model.predict_proba(rows) - expected).max() < 1e-9


def test_a_saved_model_gives_the_same_answers(made, model, saved):
    loaded = whole_pipeline.load(saved)
    assert np.abs(loaded.predict_proba(made.raw) - model.predict_proba(made.raw)).max() < 1e-9
    assert loaded["model"].n_jobs is None


@pytest.mark.parametrize("target", ["bought", "price"])
@pytest.mark.parametrize("family", ["linear", "random forest", "gradient boosting"])
def test_every_model_of_the_ladder_is_saved_and_loaded(target, family, tmp_path):
    made = prepared(target)
    choice = model_ladder.candidates(made.task, 100)[family]
    quick = {"random forest": {"n_estimators": 10}, "gradient boosting": {"max_iter": 10}}
    choice.set_params(**quick.get(family, {}))
    choice = calibrated_ensemble.final_model(
        made.task, fold_trials.Trial(choice, family, {}, [], 0, None, None), 0.4
    )
    model = fitted(made, choice)
    whole_pipeline.save(model, tmp_path / "m.skops")
    loaded = whole_pipeline.load(tmp_path / "m.skops")
    assert (loaded.predict(made.raw) == model.predict(made.raw)).all()


def test_features_of_every_role_are_saved_and_loaded(tmp_path):
    raw = pd.DataFrame(
        {
            "many": [f"level {i % 40}" for i in range(120)],
            "words": [f"a {i % 7} word{i % 13} and word{i % 3} more" for i in range(120)],
            "photo": ["nowhere.png", "absent.jpg", "gone.png"] * 40,
            "y": ["no", "yes"] * 60,
        }
    )
    made = prepared("y", raw)
    assert set(made.plan["columns"].values()) == {"many categories", "text", "image"}
    model = fitted(made)
    whole_pipeline.save(model, tmp_path / "m.skops")
    apart = whole_pipeline.load(tmp_path / "m.skops").predict_proba(raw) - model.predict_proba(raw)
    assert np.abs(apart).max() < 1e-9


def test_a_file_with_an_unknown_type_is_refused_by_its_name(tmp_path):
    from skops import io

    io.dump(FunctionTransformer(pd.util.hash_array), tmp_path / "odd.skops")
    with pytest.raises(InputError, match="not trusted.*hash_array"):
        whole_pipeline.load(tmp_path / "odd.skops")


def test_a_pickle_with_another_ending_is_refused_and_not_run(tmp_path):
    class Payload:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    (tmp_path / "bad.skops").write_bytes(pickle.dumps(Payload()))
    with pytest.raises(InputError, match="can't be read"):
        whole_pipeline.load(tmp_path / "bad.skops")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(saved, share, tmp_path):
    content = saved.read_bytes()
    (tmp_path / "cut.skops").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="can't be read"):
        whole_pipeline.load(tmp_path / "cut.skops")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="gone.skops"):
        whole_pipeline.load(tmp_path / "gone.skops")


def test_refitting_learns_from_the_new_rows_and_keeps_the_old_model(made, model):
    before = model.predict_proba(made.raw)
    turned = np.where(made.rows.y == "yes", "no", "yes")
    other = whole_pipeline.refit(model, made.rows.X, turned)
    assert np.corrcoef(other.predict_proba(made.raw)[:, 1], before[:, 1])[0, 1] < -0.3
    assert np.array_equal(model.predict_proba(made.raw), before)
    assert other["clean"].plan_ == model["clean"].plan_


def test_a_fold_that_lacks_one_of_three_classes_is_scored():
    raw = prepared().raw.assign(bought=["a"] * 90 + ["b", "a"] * 30 + ["a", "b", "c"] * 30)
    made = prepared("bought", raw)
    cut = split_into_parts.split_rows(made.rows, {"strategy": "time", "column": "day"})
    folds = fold_trials.make_folds(cut.of("train"), made.plan)
    lacking = next(fold for fold in folds if set(fold.y) == {"a", "b"})
    found = train_models.cross_validate_candidates(made.task, [lacking], 200, "linear")
    assert found[1].predicted.shape[1] == 3


# --- Defects that were mended -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "chance"),
    [
        (["no"] * 80 + ["yes"] * 20, [0.0001] * 80 + [0.0004] * 20),
        (["no"] * 80 + ["yes"] * 20, [0.1230] * 80 + [0.12356] * 20),
        (["no"] * 80 + ["yes"] * 20, [0.98] * 80 + [0.985] * 20),
        (["yes"] * 20 + ["no"] * 80, list(np.linspace(0.2, 0.3, 20)) + [0.1999] * 80),
    ],
)
def test_the_threshold_lies_between_probabilities_and_finds_every_one(truth, chance):
    from helpers.evaluate.evaluate_model import at_threshold

    one = trial(truth, chance)
    threshold = decision_threshold.best_f1_threshold(BINARY, one)
    assert max(c for c, t in zip(chance, truth, strict=True) if t == "no") < threshold
    assert threshold < min(c for c, t in zip(chance, truth, strict=True) if t == "yes")
    assert at_threshold(BINARY, one.truth, one.predicted, threshold)["f1"] == 1


def with_labels(y):
    """Rows by time whose labels are those, in their order."""
    made = prepared("bought", prepared().raw.head(len(y)).assign(bought=y))
    return made, split_by_time.by_time(made.rows, "day", 0.2, "", 4).of("train")


def test_folds_whose_training_rows_hold_one_class_are_skipped():
    made, learn = with_labels(["no"] * 100 + ["no", "yes"] * 70)
    several = [len(set(learn.y[rows])) for rows, _ in learn.folds()]
    assert several == [1, 1, 2, 2]
    folds = fold_trials.make_folds(learn, made.plan)
    assert [len(set(fold.y)) for fold in folds] == [2, 2]
    assert all(
        np.isfinite(t.mean)
        for t in train_models.cross_validate_candidates(made.task, folds, 200, "linear")
    )


def test_no_fold_with_two_classes_is_refused():
    made, learn = with_labels(["no"] * 170 + ["yes", "no"] * 35)
    with pytest.raises(InputError, match="No fold has training rows of two classes"):
        fold_trials.make_folds(learn, made.plan)


def test_a_regression_may_have_folds_of_one_value():
    raw = prepared("price").raw.head(90)
    made = prepared("price", raw.assign(price=[5.0] * 50 + list(range(40))))
    learn = split_by_time.by_time(made.rows, "day", 0.2, "", 4).of("train")
    assert len(fold_trials.make_folds(learn, made.plan)) == 4


def write_zip(path, files: dict):
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.txt": "hello"},
        {"schema.json": ""},
        {"schema.json": "{"},
        {"schema.json": "[]"},
        {"schema.json": "null"},
        {"schema.json": "{}"},
        {"schema.json": '{"__loader__": "ObjectNode"}'},
        {"schema.json": '{"__class__": "x", "__module__": "y", "__loader__": "ObjectNode"}'},
        {"schema.json": "[" * 100_000},
    ],
)
def test_a_zip_of_nonsense_is_refused(files, tmp_path):
    write_zip(tmp_path / "odd.skops", files)
    with pytest.raises(InputError, match="odd.skops") as caught:
        whole_pipeline.load(tmp_path / "odd.skops")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(20))
def test_a_file_with_a_flipped_bit_is_refused_or_says_the_same(made, model, saved, seed, tmp_path):
    random = np.random.default_rng(seed)
    content = bytearray(saved.read_bytes())
    content[random.integers(len(content))] ^= 1 << random.integers(8)
    (tmp_path / "flipped.skops").write_bytes(bytes(content))
    try:
        loaded = whole_pipeline.load(tmp_path / "flipped.skops")
    except InputError as error:
        assert "flipped.skops" in str(error)
        return
    assert np.array_equal(loaded.predict_proba(made.raw), model.predict_proba(made.raw))


@pytest.mark.parametrize("content", [{"a": 1}, [1, 2], LogisticRegression(), None])
def test_a_skops_file_that_holds_no_pipeline_is_refused(content, tmp_path):
    from skops import io

    io.dump(content, tmp_path / "dict.skops")
    with pytest.raises(InputError, match="dict.skops holds no model"):
        whole_pipeline.load(tmp_path / "dict.skops")


# --- Growth, budget, ensemble, calibration ------------------------------------------------------


def test_boosting_stops_growing_when_more_trees_win_nothing(made, folds):
    grown = train_models.cross_validate_candidates(made.task, folds, 200, "gradient boosting")[1]
    assert grown.parameters["max_iter"] == grown.model.max_iter
    assert (
        grown.model.max_iter % fold_trials.STEP == 0
        and grown.model.max_iter < fold_trials.MOST_ROUNDS
    )
    # So many trees, fitted at once, score about what the trial says of them.
    fold = folds[0]
    whole = model_ladder.clone(grown.model).fit(fold.X, fold.y)
    again = fold_trials._score(
        made.task, fold, fold_trials._predictions(made.task, whole, fold.X_valid)
    )
    assert again == pytest.approx(grown.scores[0], abs=0.02)


def on_the_same_rows(noise: dict[str, float], rows=1_200, seed=0) -> tuple[list, list]:
    """Trials on four folds of the same rows: true log odds with noise of a size of their own."""
    random = np.random.default_rng(seed)
    odds = 1.5 * random.normal(size=rows)
    truth = np.where(random.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no").astype(object)
    folds = [fold_trials.Fold(None, part, None, part) for part in np.split(truth, 4)]
    trials = []
    for family, size in noise.items():
        chance = 1 / (1 + np.exp(-(odds + size * random.normal(size=rows))))
        candidate = fold_trials.Candidate(family, LogisticRegression())
        said = np.split(np.c_[1 - chance, chance], 4)
        trials.append(fold_trials.make_trial(BINARY, candidate, folds, said, 0.1))
    return trials, folds


def test_the_families_that_lead_are_searched_in_turn(made):
    families = {"baseline": 50.0, "linear": 0.5, "random forest": 0.5, "gradient boosting": 3.0}
    trials, _ = on_the_same_rows(families)
    lead = hyperparameter_search.leading_trials(BINARY, trials)
    assert {t.family for t in lead} == {"linear", "random forest"}
    drawn = [
        one.family for one in hyperparameter_search._sampled_settings(made.task, lead, 5, seed=1)
    ]
    first, second = (t.family for t in lead)
    assert drawn == [first, second] * 2 + [first]
    said = training_report.describe_ladder(trials, BINARY)
    assert f"So {second} may be as good" in said and "gradient boosting by 0." in said


def test_a_lead_is_judged_on_the_same_rows_and_not_by_the_spread_of_folds(made):
    """Folds of unlike difficulty spread both models' scores; the lead is the same in each."""
    trials, _ = on_the_same_rows({"baseline": 50.0, "linear": 0.3, "random forest": 1.2})
    worse, better = trials[2], trials[1]
    gain = paired_trials.gain_over(BINARY, worse, better)
    assert gain.p_better < 0.001 and gain.value == pytest.approx(better.mean - worse.mean)
    by_unit = [fold_trials.Trial(**(vars(t) | {"unit": np.arange(1_200) // 60})) for t in trials]
    assert paired_trials.gain_over(BINARY, by_unit[2], by_unit[1]).units == 20


@pytest.mark.parametrize("metric", METRICS["regression"])
def test_the_ladder_does_not_depend_on_the_unit_of_the_target(metric):
    task, found = Task("y", "regression", metric=metric), []
    for unit in (1.0, 1_000.0, 0.001):
        random = np.random.default_rng(0)
        y = random.lognormal(size=800)
        folds = [fold_trials.Fold(None, part, None, part) for part in np.split(unit * y, 4)]
        families = {"baseline": 2.0, "linear": 0.5, "random forest": 0.52, "gradient boosting": 1.0}
        trials = [
            fold_trials.make_trial(
                task, fold_trials.Candidate(family, LogisticRegression()), folds,
                np.split(unit * (y + size * random.normal(size=800)), 4), 0.1
            )
            for family, size in families.items()
        ]  # fmt: skip
        lead = [t.family for t in hyperparameter_search.leading_trials(task, trials)]
        ensemble = calibrated_ensemble.try_ensemble(task, trials, folds)
        found.append((lead, [t.parameters for t in ensemble],
                      training_report.simpler_models(task, trials)["as_good"]))  # fmt: skip
    assert found[0] == found[1] == found[2]
    assert found[0][0] == ["linear", "random forest"]


def test_the_best_of_many_is_said_to_be_too_good():
    luck = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        scores = [random.normal(0.6, 0.02, 4) for _ in range(16)]
        trials = [trial(["yes"], [0.5], "linear", one) for one in scores]
        best = fold_trials.best_of(trials).mean
        luck.append(best - paired_trials.mean_if_chosen_elsewhere(trials))
    assert np.mean(luck) == pytest.approx(0.0177, abs=0.006)  # 1.77 standard errors of a mean
    assert "as the best of 16, so the score" in training_report.headline(BINARY, trials, trials[0])
    some = [replace(one, rows=100 if n < 7 else 25) for n, one in enumerate(trials)]
    said = training_report.headline(BINARY, some, some[0])
    assert said.startswith("The best of 16 trials")
    assert "on these very folds, as the best of 7 that learnt from all rows, so the score" in said
    alone = trial(["yes"], [0.5], "linear", [0.7, 0.7])
    assert paired_trials.mean_if_chosen_elsewhere([alone]) == 0.7


def test_a_budget_in_minutes_cuts_the_search_and_says_so(made, folds, ladder):
    spent = hyperparameter_search.Budget(minutes=1e-9)
    assert (
        hyperparameter_search.search(made.task, ladder, folds, 5, budget=spent) == [] and spent.cut
    )
    enough = hyperparameter_search.Budget()
    assert len(hyperparameter_search.search(made.task, [ladder[2]], folds, 3, budget=enough)) == 3
    assert not enough.cut
    with pytest.raises(InputError, match="minutes is 0"):
        hyperparameter_search.Budget(-1)


def test_an_ensemble_is_taken_only_where_it_wins_by_more_than_the_noise():
    both = {"linear": 1.5, "random forest": 1.5}  # each errs elsewhere
    trials, folds = on_the_same_rows(both, rows=4_000)
    found = calibrated_ensemble.try_ensemble(BINARY, trials, folds)
    assert {"linear", "random forest"} == set(found[0].parameters["members"].split(" + "))
    assert found[0].mean > max(t.mean for t in trials) + 0.01
    same = [trials[0], fold_trials.Trial(**(vars(trials[0]) | {"family": "random forest"}))]
    assert calibrated_ensemble.try_ensemble(BINARY, same, folds) == []


@pytest.mark.parametrize("target", ["bought", "price"])
def test_an_ensemble_is_saved_and_loaded_whole(tmp_path, target):
    made = prepared(target)
    ladder = model_ladder.candidates(made.task, 200)
    members = {name: ladder[name] for name in ("linear", "random forest", "gradient boosting")}
    whole = model_ladder.on_one_thread(model_ladder.ensemble_of(made.task, members))
    kept = fitted(made, whole)
    whole_pipeline.save(kept, tmp_path / "m.skops")
    again = whole_pipeline.load(tmp_path / "m.skops")
    assert (again.predict(made.raw) == kept.predict(made.raw)).all()
    assert all(m.get_params().get("n_jobs") is None for m in again["model"].estimators_)


def test_a_calibrated_model_with_its_threshold_is_saved_and_loaded(tmp_path, made, ladder):
    mended = calibrated_ensemble.calibrated(made.task, ladder[2])
    model = calibrated_ensemble.final_model(made.task, mended, 0.3)
    kept = fitted(made, model)
    whole_pipeline.save(kept, tmp_path / "m.skops")
    again = whole_pipeline.load(tmp_path / "m.skops")
    chance = again.predict_proba(made.raw)
    assert np.abs(chance - kept.predict_proba(made.raw)).max() < 1e-9
    assert ((chance[:, 1] >= 0.3) == (again.predict(made.raw) == "yes")).all()


def test_calibration_leaves_the_order_and_mends_what_is_too_sure():
    random = np.random.default_rng(0)
    true = random.uniform(0.05, 0.95, 2_000)
    truth = np.where(random.random(2_000) < true, "yes", "no")
    logit = np.log(true / (1 - true))
    too_sure = 1 / (1 + np.exp(-3 * logit))
    mended = calibrated_ensemble.calibrated(BINARY, trial(truth, too_sure))
    before = calibration_error(too_sure, truth == "yes")
    after = calibration_error(mended.predicted[:, 1], truth == "yes")
    assert before > 0.1 and after < 0.03
    assert (np.argsort(mended.predicted[:, 1]) == np.argsort(too_sure)).all()
    assert mended.model.slope == pytest.approx(1 / 3, abs=0.05)


def test_few_rows_and_other_tasks_are_not_mended():
    few = trial(["no", "yes"], [0.1, 0.9])
    assert calibrated_ensemble.calibrated(BINARY, few).model.slope == 1.0
    numbers = trial([1.0, 2.0], [0.1, 0.9])
    assert calibrated_ensemble.calibrated(Task("y", "regression"), numbers) is numbers


def with_chances(random, rows=2_000, said=lambda chance: chance) -> fold_trials.Trial:
    """A trial on four folds whose true probabilities are known; it says a function of them."""
    chance = random.beta(1, 3, rows)
    truth = np.where(random.random(rows) < chance, "yes", "no")
    made = trial(truth, said(chance))
    return fold_trials.Trial(**(vars(made) | {"fold": np.arange(rows) % 4}))


@pytest.mark.parametrize("costs", [(1, 1), (1, 10), (10, 1), (1, 0)])
def test_the_threshold_of_right_probabilities_follows_from_the_costs(costs):
    found = decision_threshold.choose_threshold(
        BINARY, with_chances(np.random.default_rng(1)), 0, *costs
    )
    assert found == pytest.approx(min(costs[0] / sum(costs), 1 - 1e-6))


def test_wrong_probabilities_are_decided_by_what_errors_cost():
    sure = with_chances(np.random.default_rng(1), said=lambda chance: chance**0.4)
    found = decision_threshold.choose_threshold(BINARY, sure, 0, 1.0, 4.0)
    assert found == pytest.approx(0.2**0.4, abs=0.1)
    said = training_report.describe_threshold(BINARY, sure, found, costs=(1.0, 4.0))
    assert "cost least in the folds: 1 for a false positive, 4" in said


def test_several_classes_lean_towards_rare_ones_where_it_wins():
    three = Task("y", "multiclass", ("a", "b", "c"))
    random = np.random.default_rng(0)
    truth = random.choice(["a", "b", "c"], 900, p=[0.8, 0.1, 0.1]).astype(object)
    position = np.array([three.classes.index(label) for label in truth])
    logits = random.normal(size=(900, 3)) + [1.5, 0, 0]
    logits[np.arange(900), position] += 1.2
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = fold_trials.Trial(LogisticRegression(), "linear", {}, [0.5], 0.1, truth, chance)
    mended = calibrated_ensemble.calibrated(three, said)
    leaning = decision_rule(mended.model).positions(mended.predicted)
    plain = mended.predicted.argmax(axis=1)
    assert len(mended.model.weights) == 3 and mended.model.weights[0] == 1.0
    assert f1_score(position, leaning, average="macro") > (
        f1_score(position, plain, average="macro") + 0.01
    )
    by_accuracy = Task("y", "multiclass", ("a", "b", "c"), metric="accuracy")
    assert calibrated_ensemble.calibrated(by_accuracy, said).model.weights == ()
