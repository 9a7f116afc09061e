"""Policies of retraining, played on deliveries whose change is known."""

import numpy as np
import pandas as pd
import pytest

from helpers.learning.score_intervals import Spread
from helpers.monitor import refit_models, retraining_policies
from helpers.monitor.production_rows import Production
from helpers.monitor.score_fall import Promise
from tests.small import fitted, prepared, raw_table

NONE, EACH, DRIFT, FALL = "never", "monthly", "on drift", "on a fall"


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def champion(made):
    return fitted(made)


def delivery(made, champion, raw: pd.DataFrame, periods: int = 4) -> Production:
    """Rows of so many months, 200 in each."""
    raw = raw.drop(columns="price")
    period = np.array([f"2021-{1 + i // 200:02}" for i in range(200 * periods)], dtype=object)
    X, y = champion["clean"].transform(raw), raw["bought"].to_numpy(dtype=object)
    return Production(raw, X, y, period, champion, made.rows, "later")


def sound(periods: int = 4) -> pd.DataFrame:
    return raw_table(200 * periods, seed=7)


def turned(from_row: int) -> pd.DataFrame:
    """From that row on short people buy, whatever they weigh: a change of what columns mean."""
    raw = sound()
    height = raw["height"].fillna(170)
    short = np.random.default_rng(1).random(len(raw)) < 1 / (1 + np.exp((height - 170) / 2))
    other = np.where(short, "yes", "no")
    return raw.assign(bought=np.where(raw.index < from_row, raw["bought"], other))


def promised(task, score: float = 0.85) -> Promise:
    """A held-out score that is almost sure."""
    return Promise(task, Spread(score, 0.005, 400.0, 401), baseline=0.0)


def play(production, **options) -> retraining_policies.PolicyResults:
    refits = refit_models.Refits(production)
    return retraining_policies.simulate_policies(
        production, refits, promised(production.known.task), time_column="day", **options
    )


def test_while_nothing_changes_only_the_calendar_trains_again(made, champion):
    played = play(delivery(made, champion, sound()))
    assert played.costs["retrainings"].to_dict() == {NONE: 0, EACH: 3, DRIFT: 0, FALL: 0}
    assert played.costs.loc[NONE, ["rows", "seconds", "gain_from", "gain_to"]].tolist() == [0] * 4
    assert played.costs.loc[EACH, "rows"] == 3 * 240 + 200 + 400 + 600
    assert played.costs.loc[EACH, "seconds"] > 0
    assert (played.scores[NONE] == played.scores[DRIFT]).all()


def test_the_cheapest_policy_among_the_best_is_recommended():
    scores = pd.DataFrame({name: [0.7] for name in (NONE, EACH, DRIFT, FALL)}, index=["2021-01"])
    costs = pd.DataFrame({"score": [0.70, 0.74, 0.74, 0.73], "retrainings": [0, 3, 3, 1],
                          "rows": [0, 900, 900, 300], "gain_from": [0, 0.02, 0.02, 0.01],
                          "gain_to": [0, 0.06, 0.06, 0.05], "short_from": [0.02, 0, 0, -0.001]},
                         index=list(scores))  # fmt: skip
    said = retraining_policies.describe_policies(
        retraining_policies.PolicyResults("roc_auc", scores, costs)
    )
    assert "retrain on a fall**: 1 retraining won more than chance explains, and 3" in said
    costs.loc[FALL, "short_from"] = 0.001
    said = retraining_policies.describe_policies(
        retraining_policies.PolicyResults("roc_auc", scores, costs)
    )
    assert "retrain monthly**: 3 retrainings gave the best score" in said
    said = retraining_policies.describe_policies(
        retraining_policies.PolicyResults("roc_auc", scores, costs.assign(gain_from=0.0))
    )
    assert "No policy is better than never" in said and "0 periods" in said


def test_what_columns_mean_changes_and_only_the_score_tells(made, champion):
    played = play(delivery(made, champion, turned(from_row=200)))
    assert played.costs["retrainings"][DRIFT] == 0
    assert played.costs["retrainings"][FALL] >= 1
    assert played.scores[FALL].iloc[0] == played.scores[NONE].iloc[0]
    assert played.scores[FALL].iloc[1] == played.scores[NONE].iloc[1], "nothing was known yet"
    assert played.scores[FALL].iloc[-1] > played.scores[NONE].iloc[-1] + 0.1
    assert played.costs["gain_to"][FALL] > 0.1


def test_what_differs_from_period_to_period_is_in_the_interval():
    steady, uneven = [0.0, 0.05, 0.051, 0.049], [0.0, 0.15, 0.01, -0.01]
    never = pd.Series([0.7] * 4)
    scores = pd.DataFrame({NONE: never, EACH: never + steady, FALL: never + uneven})
    found = retraining_policies._intervals(scores, EACH, "roc_auc")
    assert found.loc[EACH, "gain_from"] > 0.04 and found.loc[FALL, "gain_from"] < 0
    assert found.loc[NONE].tolist()[:2] == [0, 0] and found.loc[EACH].tolist()[2:] == [0, 0]
    short = retraining_policies._intervals(scores.head(2), EACH, "roc_auc")
    assert np.isnan(short.loc[EACH, "gain_from"]), "a single period has no spread"


def test_a_column_that_moves_trains_again_once_it_has_been_seen(made, champion):
    raw = sound()
    raw.loc[200:, "weight"] += 20.0  # from the second month on, and known in the third
    played = play(delivery(made, champion, raw))
    assert played.costs["retrainings"][DRIFT] >= 1
    first = played.scores[DRIFT] != played.scores[NONE]
    assert first.tolist()[:2] == [False, False]


def test_a_model_never_learns_from_the_period_it_is_scored_on(made, champion):
    production = delivery(made, champion, turned(from_row=0))
    refits = refit_models.Refits(production)
    learnt = []
    made_before = refits.before
    refits.before = lambda period: (learnt.append(period), made_before(period))[1]
    held_out = promised(production.known.task)
    retraining_policies.simulate_policies(production, refits, held_out, time_column="day")
    history = retraining_policies._History(production, refits, held_out, 0.05, "day")
    assert len(set(learnt)) > 1
    for period in set(learnt):
        assert len(history.training_rows(period)) == 240 + (production.period < period).sum()


def test_it_works_for_numbers_too():
    made = prepared("price")
    champion = fitted(made)
    raw = raw_table(600, seed=5).drop(columns="bought")
    raw.loc[200:, "price"] += 100
    period = np.repeat(np.array(["2021-01", "2021-02", "2021-03"], dtype=object), 200)
    X, y = champion["clean"].transform(raw), raw["price"].to_numpy(float)
    production = Production(raw, X, y, period, champion, made.rows, "later")
    played = retraining_policies.simulate_policies(
        production, refit_models.Refits(production), promised(made.task, 0.9)
    )
    assert played.costs["retrainings"][FALL] == 1 and played.metric == "r2"
    assert len(retraining_policies.shown(played)) == 4 and retraining_policies.picture(played).png


def test_one_period_or_no_labels_is_not_applicable(made, champion):
    one = delivery(made, champion, sound(1), periods=1)
    without = Production(**(vars(delivery(made, champion, sound())) | {"y": None}))
    for production in (one, without):
        played = play(production)
        assert played is None and retraining_policies.as_json(played) is None
        assert (
            retraining_policies.shown(played) is None
            and retraining_policies.picture(played) is None
        )
        assert "Not applicable" in retraining_policies.describe_policies(played)


def test_a_period_of_one_class_is_not_played(made, champion):
    raw = sound()
    raw.loc[:199, "bought"] = "no"
    played = play(delivery(made, champion, raw))
    assert played.scores.index.tolist() == ["2021-02", "2021-03", "2021-04"]


def test_what_is_written_holds_scores_and_costs(made, champion):
    found = retraining_policies.as_json(play(delivery(made, champion, sound(2), periods=2)))
    assert list(found) == [NONE, EACH, DRIFT, FALL]
    assert found[EACH]["retrainings"] == 1 and list(found[EACH]["scores"]) == ["2021-01", "2021-02"]
