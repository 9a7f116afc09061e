"""Verdicts, thresholds and calibration.

Whether a model without skill passes, whether a change of the unit changes a decision, and what the
threshold and the calibration that are chosen on few rows cost.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from helpers.evaluate.evaluation_report import scores_table
from helpers.evaluate.model_verdict import Requirement, judge
from helpers.learning.labelled_data import Labelled
from helpers.learning.metric_scores import score
from helpers.learning.score_intervals import score_intervals
from helpers.learning.task_kind import Task
from helpers.models.calibrated_model import apply_calibration
from helpers.train.calibrated_ensemble import calibrated
from helpers.train.decision_threshold import choose_threshold
from helpers.train.fold_trials import Trial

from . import Simulation

BINARY = Task("y", "binary", ("no", "yes"), "yes")


def verdict(task: Task, test: Labelled, answers, baseline, asked=None) -> dict:
    """The verdict of stage 6 on some answers."""
    asked, names = asked or Requirement(), [task.main_metric]
    interval = score_intervals(task, test.y, *answers, unit=test.unit, metrics=names)
    found, guessed = (score(task, test.y, *one, names) for one in (answers, baseline))
    scores = scores_table(task, found, guessed, found, interval)
    return judge(task, test, answers, baseline, scores, asked)


def two_classes(random, rows: int, each: int, skill: float) -> tuple:
    """Rows of units that resemble each other, in outcome and in answer, and a model's answers."""
    units = rows // each
    own, said = (np.repeat(random.normal(size=units), each) for _ in range(2))
    odds = own if each > 1 else random.normal(size=rows)
    truth = np.where(random.random(rows) < 1 / (1 + np.exp(-1.5 * odds)), "yes", "no").astype(
        object
    )
    answer = skill * odds + (said if each > 1 else random.normal(size=rows))
    chance = 1 / (1 + np.exp(-answer))
    labels = np.where(chance >= 0.5, "yes", "no").astype(object)
    unit = None if each == 1 else np.repeat(np.arange(units), each).astype(str)
    test = Labelled(BINARY, pd.DataFrame({"x": odds}), truth, np.arange(rows), unit=unit)
    half = np.full((rows, 2), 0.5)
    return (
        test,
        (labels, np.column_stack([1 - chance, chance])),
        (np.full(rows, "no", object), half),
    )


def beats(random, rows: int, each: int = 1, skill: float = 0.0) -> dict[str, float]:
    """Whether a model is said to be better than the baseline."""
    return {"passes": float(verdict(BINARY, *two_classes(random, rows, each, skill))["passed"])}


def at_least(random, rows: int, needed: float) -> dict[str, float]:
    """Whether a threshold for the area is reached that the model's true area (0.716) just has."""
    test, answers, baseline = two_classes(random, rows, 1, 0.815)
    asked = Requirement(at_least={"roc_auc": needed})
    return {"passes": float(verdict(BINARY, test, answers, baseline, asked)["passed"])}


def rescaled(random, rows: int) -> dict[str, float]:
    """Whether verdicts stay with the target times 1,000 and by 1,000, for each metric."""
    x = random.normal(size=rows)
    y, said = np.exp(x + random.normal(size=rows) / 2), np.exp(x + 0.125)
    return {metric: float(_same(metric, y, said)) for metric in
            ("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error")}  # fmt: skip


def _same(metric: str, y: np.ndarray, said: np.ndarray) -> bool:
    task, found = Task("y", "regression", metric=metric), []
    for unit in (1.0, 1_000.0, 0.001):
        test = Labelled(task, pd.DataFrame({"x": said}), unit * y, np.arange(len(y)))
        answers, baseline = (unit * said, None), (np.full(len(y), unit * np.exp(0.7)), None)
        found.append([
            verdict(task, test, answers, baseline, Requirement(min_gain=gain))["verdict"]
            for gain in (0.0, 0.2, 0.3, 0.4)
        ])  # fmt: skip
    return found[0] == found[1] == found[2]


def trial(random, rows: int, said=lambda chance: chance) -> tuple[Trial, np.ndarray]:
    """A trial on four folds that says a function of the true chances; and these."""
    chance = random.beta(1, 3, rows)
    truth = np.where(random.random(rows) < chance, "yes", "no").astype(object)
    answer = np.clip(said(chance), 1e-6, 1 - 1e-6)
    both = np.column_stack([1 - answer, answer])
    fold = np.arange(rows) % 4
    made = Trial(LogisticRegression(), "linear", {}, [0.7] * 4, 0.1, truth, both, rows, fold)
    return made, chance


def _cost(threshold: float, said, costs: tuple) -> float:
    """The true cost of a threshold, on very many chances."""
    chance = np.random.default_rng(0).beta(1, 3, 200_000)
    acts = said(chance) >= threshold
    return float(np.where(acts, costs[0] * (1 - chance), costs[1] * chance).mean())


def threshold(random, rows: int, power: float = 1.0) -> dict[str, float]:
    """How much more than the best one the chosen threshold costs (a miss costs three times)."""
    costs = 1.0, 3.0

    def said(chance):
        return chance**power

    made, _ = trial(random, rows, said)
    best = _cost(0.25**power, said, costs)
    chosen = _cost(choose_threshold(BINARY, made, 0.0, *costs), said, costs)
    by_theory = _cost(0.25, said, costs)
    return {"excess cost": chosen / best - 1, "excess of f / (f + m)": by_theory / best - 1}


def calibration(random, rows: int, power: float = 1.0) -> dict[str, float]:
    """Whether calibration is kept, and what it changes in the true log loss."""
    made, _ = trial(random, rows, lambda chance: chance**power)
    model = calibrated(BINARY, made).model
    chance = beta(1, 3).ppf((np.arange(2_000) + 0.5) / 2_000)
    before = np.column_stack([1 - chance**power, chance**power])
    after = apply_calibration(before, model.slope, model.shifts)
    loss = [-(chance * np.log(p[:, 1]) + (1 - chance) * np.log(np.clip(p[:, 0], 1e-9, 1))).mean()
            for p in (before, after)]  # fmt: skip
    return {"kept": float(model.slope != 1.0), "change of the log loss": loss[1] - loss[0]}


AMOUNTS = ("excess cost", "excess of f / (f + m)", "change of the log loss")
NULL, POWER = {"passes": (None, 0.05)}, {"passes": (0.8, None)}
SIMULATIONS = [
    Simulation("a model without skill, 200 rows", partial(beats, rows=200), NULL),
    Simulation("a model without skill, 40 customers with 20 rows",
               partial(beats, rows=800, each=20), NULL),
    Simulation("a model with ROC AUC 0.64, 400 rows", partial(beats, rows=400, skill=0.5), POWER,
               repeats=300),
    Simulation("at_least is the true ROC AUC, 400 rows", partial(at_least, rows=400, needed=0.716),
               NULL),
    Simulation("the target times 1,000 and by 1,000: same verdicts", partial(rescaled, rows=300),
               dict.fromkeys(("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"),
                             (1.0, None)), repeats=200, quick=3),
    *(
        Simulation(f"threshold by costs, right probabilities, {rows:,} rows",
                   partial(threshold, rows=rows), {"excess cost": (None, 0.01)}, repeats=300,
                   quick=5, fewest=200, amounts=AMOUNTS)
        for rows in (200, 1_000)
    ),
    Simulation("threshold by costs, probabilities too high, 1,000 rows",
               partial(threshold, rows=1_000, power=0.4), repeats=300, quick=5,
               amounts=AMOUNTS),
    Simulation("calibration of right probabilities, 1,000 rows", partial(calibration, rows=1_000),
               {"kept": (None, 0.05)}, repeats=1_000, quick=5, amounts=AMOUNTS),
    Simulation("calibration of probabilities that are too high, 1,000 rows",
               partial(calibration, rows=1_000, power=0.7), {"kept": (0.8, None)}, repeats=300,
               quick=5, amounts=AMOUNTS),
]  # fmt: skip
