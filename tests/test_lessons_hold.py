"""What notebooks 4, 5 and 8 say of their lessons holds: the cells by hand are run here."""

import ast
import os

import matplotlib
import nbformat
import pytest
from sklearn.model_selection import cross_val_score

from helpers.base.places import NOTEBOOKS
from helpers.course import by_hand, by_helper, lessons
from helpers.line.lesson_cells import LESSON
from helpers.pages import show

pytestmark = pytest.mark.slow  # half a minute of models


def names_read(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def by_hand_names(stem: str, monkeypatch, tmp_path, of_the_line=()) -> dict:
    """The names that the lesson cells of a notebook leave behind.

    Cells that read names `of_the_line`, which its other cells make, are left out.
    """
    matplotlib.use("agg")
    monkeypatch.setenv("PIPELINE_PROGRESS", os.fspath(tmp_path / "progress.json"))
    names = {"by_hand": by_hand, "by_helper": by_helper, "lessons": lessons, "show": show}
    for cell in nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells:
        is_lesson = cell.cell_type == "code" and LESSON in cell.metadata.get("tags", [])
        if is_lesson and not names_read(cell.source) & set(of_the_line):
            exec(compile(cell.source, stem, "exec"), names)  # noqa: S102 - our own notebook
    return names


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return by_hand_names("04_train_test_split", patch, tmp_path_factory.mktemp("split"))


def test_the_days_of_the_test_set_are_known_under_a_random_split(split):
    assert split["sets"]["late"].count().min() > 0
    shares = split["shares"]
    assert shares["day", "day"] == shares["tailnum", "tailnum"] == 0
    assert shares["tailnum", "day"] == 1 and shares["day", "tailnum"] > 0.5


def test_random_rows_flatter_when_the_same_rows_are_asked(split):
    pairs = split["pairs"]
    assert (pairs["random rows"] - pairs["earlier rows"]).mean() > 0.015


def test_the_day_of_the_year_helps_in_random_folds_alone(split):
    gain = split["gain"].groupby("fold").mean()
    assert (gain["random rows"] > 0).all() and gain["random rows"].mean() > 0.03
    assert gain["earlier rows"].min() < 0 < gain["earlier rows"].max()
    assert abs(gain["earlier rows"].mean()) < 0.015


def test_by_hand_and_by_the_helper_the_split_is_one(split):
    assert split["mine"].equals(by_helper.split(split["flights"]))


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return by_hand_names("05_model_training", patch, tmp_path_factory.mktemp("train"))


def test_the_models_beat_the_baseline_and_folds_differ_more_than_models(train):
    models = train["scores"].drop(columns="baseline")
    assert (train["scores"]["baseline"] == 0.5).all() and models.min(axis=None) > 0.55
    assert models.mean(axis=1).std() > 2 * models.mean().std()
    assert train["lead"].min() < 0 < train["lead"].max(), "a lead that may be luck"


def test_the_forest_leads_in_three_folds_of_four(train):
    scores = train["scores"]
    assert list(scores["random forest"] > scores["logistic regression"]).count(True) == 3


def test_the_tuned_boosting_leads_the_forest_by_no_more_than_chance_may_give(train):
    best = train["results"].filter(regex="split._test").iloc[0].to_numpy(float)
    ladder = train["scores"].drop(columns="random forest").mean()
    lead = best - train["scores"]["random forest"].to_numpy()
    assert train["scores"]["random forest"].mean() > ladder.max()
    assert 0 < lead.mean() < 2 * lead.std(ddof=1) / len(lead) ** 0.5


def test_the_score_of_training_rows_rises_with_depth_and_that_of_others_does_not(train):
    curve = train["curve"]
    assert curve["training rows"].is_monotonic_increasing and curve["training rows"].iloc[-1] > 0.95
    assert curve["validation rows"].idxmax() not in (curve.index[0], curve.index[-1])


def test_boosting_that_is_held_back_loses_on_training_rows_and_gains_on_others(train):
    found = [train["both_scores"](model) for model in train["boosting"].values()]
    as_it_comes, stopped, small = (one["validation rows"] for one in found)
    assert as_it_comes < train["scores"]["random forest"].mean() and as_it_comes < min(
        stopped, small
    )
    assert found[0]["training rows"] > max(one["training rows"] for one in found[1:])


def test_all_draws_of_the_search_beat_boosting_as_it_comes_and_the_first_lie_close(train):
    means = train["results"]["mean_test_score"]
    assert (means > train["scores"]["gradient boosting"].mean()).all()
    assert means.nlargest(3).max() - means.nlargest(3).min() < 0.01


def test_selecting_before_the_folds_leaks_and_scaling_does_not(train):
    inside, X, y = train["inside"], train["X"], train["y"]
    alone, scaled = (cross_val_score(inside, one, y, cv=5).mean() for one in (X, train["scaled"]))
    assert train["accuracy"] > 0.75 and abs(alone - 0.5) < 0.1 and abs(alone - scaled) < 0.02


def test_class_weights_find_more_and_rank_alike(train):
    plain, weighted = train["table"]["logistic regression"], train["table"]["with class weights"]
    baseline = train["table"]["baseline"]
    assert (
        baseline["test_recall"] == 0 and plain["test_accuracy"] - baseline["test_accuracy"] < 0.03
    )
    assert weighted["test_recall"] > 2 * plain["test_recall"]
    assert weighted["test_accuracy"] < plain["test_accuracy"]
    assert abs(weighted["test_roc_auc"] - plain["test_roc_auc"]) < 0.01


def test_by_hand_and_by_the_helper_the_scores_are_one(train):
    made = by_helper.fold_scores(train["forest"], train["known"])
    assert made.to_numpy() == pytest.approx(train["scores"]["random forest"].to_numpy(), abs=1e-12)


@pytest.fixture(scope="module")
def monitor(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        line = ("drift", "production", "answers")
        folder = tmp_path_factory.mktemp("monitor")
        names = by_hand_names("08_monitoring", patch, folder, of_the_line=line)
        return names | {"of": names["by_month"].rename(index=lambda month: int(month[5:]))}


def test_in_september_the_model_ranks_as_in_august_and_warns_half_as_well_as_in_july(monitor):
    of = monitor["of"]
    assert abs(of["ROC AUC"][9] - of["ROC AUC"][8]) < 0.015
    assert 0.4 < of["precision"][9] / of["precision"][7] < 0.6 and of["precision"][9] < 0.5


def test_the_share_of_late_flights_explains_most_of_septembers_fall_and_not_all(monitor):
    before, september = monitor["held_out"], monitor["september"]
    right, wrong = monitor["right"], monitor["wrong"]
    expected = (right / (right + wrong))["2013-09"]
    was, became = (rows.loc[rows["warned"], "late"].mean() for rows in (before, september))
    assert (was - expected) / (was - became) > 0.5
    then, now = (rows.groupby("late")["warned"].mean() for rows in (before, september))
    assert (now < then).all(), "recall and false positive rate fell, too"
    assert now[True] / now[False] == pytest.approx(then[True] / then[False], rel=0.15)


def test_in_december_many_flights_are_late_again(monitor):
    late = monitor["of"]["late"]
    assert late.loc[9:].idxmax() == 12 and late[12] > 1.5 * late[9]


def test_all_later_months_lie_below_the_held_out_score(monitor):
    assert len(monitor["came"]) == 4
    assert (monitor["came"] < monitor["auc"](monitor["held_out"])).all()
    outside = monitor["promised"]["months outside"]
    assert outside["days"] < outside["flights"], "drawn by days, the promise is wider"


def test_a_higher_threshold_buys_precision_with_recall(monitor):
    moved = monitor["pd"].DataFrame(monitor["moved"])
    assert moved.loc["precision"].is_monotonic_increasing
    assert moved.loc["recall"].is_monotonic_decreasing


def test_by_day_only_the_temperature_moves_beyond_doubt(monitor):
    by_flight, by_day = (
        dict(zip(monitor["weather"], monitor["by_unit"][unit], strict=True))
        for unit in ("by flight", "by day")
    )
    assert max(by_flight.values()) < 0.05 and by_day["humid"] > 0.2
    assert by_day["temp"] < 1e-4 and min(p for n, p in by_day.items() if n != "temp") > 1e-4
    summer = monitor["flights"].query("scheduled.dt.month.between(6, 8)")
    autumn = monitor["later"].query("scheduled.dt.month < 12")
    assert autumn["temp"].mean() < summer["temp"].mean() - 5
