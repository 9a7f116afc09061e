"""Stage 6 as its notebook shows it: the held-out rows are asked here, once, and each thing that is
shown is one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from sklearn.pipeline import Pipeline

from ..answers.fold_answers import FoldAnswers, read_fold_answers
from ..answers.learn_from_model import certainty_of
from ..base.verdicts import passes
from ..learning.labelled_data import Labelled, labelled_rows
from ..learning.metric_scores import score
from ..learning.predicting import predict, predict_scores
from ..learning.stored_answers import keep_answers
from ..learning.task_kind import Task
from ..pages.show import folded, say, together
from ..pipeline import whole_pipeline
from . import (
    additive_curves,
    calibration_curve,
    cost_of_errors,
    diagnosis,
    evaluate_model,
    evaluation_report,
    how_sure,
    importance,
    learning_curves,
    model_verdict,
    model_worth,
    partial_dependence_curves,
    repeated_validation,
    served_worse,
    way_back,
    why_answers,
)

LEADING = 12  # columns, the most important ones, by which groups are made


@dataclass(frozen=True)
class Evaluation:
    """A model's answers to the held-out rows, and what they are held against.

    `model` takes raw rows, `labelled` are all rows with a label, `training` is the content of
    `training.json`; `answers` and `guessed` are the model's and the baseline's predictions and
    probabilities (n × classes; None for numbers). `raw` are the held-out rows as they came, `units`
    the units of measurement by column, `on_folds` the answers of the folds that stage 5 kept.
    """

    model: Pipeline
    labelled: Labelled
    training: dict
    answers: tuple
    guessed: tuple
    raw: pd.DataFrame
    units: dict
    seed: int = 42
    on_folds: FoldAnswers | None = None

    @property
    def task(self) -> Task:
        """The task that the model was trained for."""
        return self.labelled.task

    @cached_property
    def learn(self) -> Labelled:
        """The training rows."""
        return self.labelled.of("train")

    @cached_property
    def test(self) -> Labelled:
        """The held-out rows."""
        return self.labelled.of("test")

    @property
    def held_out(self) -> tuple:
        """The task, the true labels, the predictions and the probabilities."""
        return self.task, self.test.y, *self.answers

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The scores of model and baseline (see `scores_table`)."""
        found, interval = evaluate_model.held_out_scores(self.task, self.test, *self.answers)
        baseline = score(self.task, self.test.y, *self.guessed)
        train = predict_scores(self.task, self.model[1:], self.learn.X, self.learn.y)
        return evaluation_report.scores_table(self.task, found, baseline, train, interval)

    @cached_property
    def falls(self) -> pd.DataFrame:
        """What shuffling each column costs (see `importance`)."""
        used = whole_pipeline.model_columns(self.model)
        asked = self.task, self.model[1:], self.test
        return importance.importance(*asked, seed=self.seed, columns=used)

    @cached_property
    def leading(self) -> list[str]:
        """The columns, the most important ones first."""
        return importance.columns_by_importance(self.falls)

    @cached_property
    def column_curves(self) -> list[additive_curves.Curve]:
        """What each column adds, where the model is a sum of that; else none."""
        task = additive_curves.watching(self.learn)
        return additive_curves.curves(task, self.model[1:], self.learn)

    @property
    def is_read(self) -> bool:
        """Whether a model that can be read was asked for, and taken."""
        return bool((self.training.get("readable") or {}).get("taken")) and bool(self.column_curves)

    @cached_property
    def worse(self) -> pd.DataFrame:
        """The groups that are served worse than they could be."""
        columns = self.leading[:LEADING]
        return served_worse.served_worse(
            self.task, self.test.X, *self.held_out[1:], columns, self.test.unit
        )

    @cached_property
    def how_sure(self) -> how_sure.HowSure | None:
        """How sure the answers are; None where the folds' answers tell too little."""
        sure = certainty_of(self.labelled, self.on_folds, self.model)
        if sure is None:
            return None
        features = self.model[:-1].transform(self.raw) if self.task.is_regression else None
        about = self.test.X, self.leading[:LEADING], self.test.unit
        asked = self.test.y, self.answers, features
        return how_sure.HowSure(self.task, sure, *asked, *about)

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The learning curve."""
        return learning_curves.learning_curve(self.model[1:], self.learn)

    @cached_property
    def back(self) -> pd.DataFrame:
        """What speaks for going back to each station."""
        return way_back.next_steps(
            self.task, self.scores, self.learn, self.curve, self.worse, self.training
        )


def ask_held_out(work, seed: int = 42) -> Evaluation:
    """Ask the model of stage 5 the held-out rows, raw as they came, and keep its answers.

    `work` is the open stage 6; `seed` is that of all random draws.
    """
    labelled, training = labelled_rows(work), work.read_json("training.json")
    learn, test, task = labelled.of("train"), labelled.of("test"), labelled.task
    model = whole_pipeline.load(work.read("data/trained.skops"))
    raw = work.read_table("raw").iloc[test.row]
    answers, guessed = predict(task, model, raw), evaluate_model.baseline_answers(task, learn, test)
    keep_answers(work, test, *answers)
    units = work.about.get("units", {})
    on_folds = read_fold_answers(work, labelled)
    return Evaluation(model, labelled, training, answers, guessed, raw, units, seed, on_folds)


def show_scores(found: Evaluation) -> None:
    """How many rows were held out, and the table of scores."""
    said = say(evaluation_report.describe_rows(found.test))
    together(said, evaluation_report.shown_scores(found.scores))


@dataclass(frozen=True)
class Judged:
    """The verdict, what the model is worth in words, and the scores of a repeated validation."""

    verdict: dict
    worth: str
    again: repeated_validation.RepeatedScores | None


def judge(found: Evaluation, at_least: str = "", min_gain: float = 0.0) -> Judged:
    """The verdict by the parameters of stage 6 and the costs that stage 5 was given.

    `at_least` and `min_gain` as in `model_verdict.requirement`, which raises InputError.
    """
    task, test = found.task, found.test
    asked = model_verdict.requirement(task, at_least, min_gain, found.training["costs"])
    verdict = model_verdict.judge(task, test, found.answers, found.guessed, found.scores, asked)
    worth = model_worth.describe_worth(task, test, found.answers, found.guessed)
    again = repeated_validation.repeated_validation(found.model[1:], found.labelled, found.seed)
    return Judged(verdict, worth, again)


def _describe(found: Evaluation, judged: Judged) -> str:
    """The verdict in a sentence."""
    return model_verdict.describe_verdict(judged.verdict, found.task, found.scores)


def show_verdict(found: Evaluation, judged: Judged) -> None:
    """The verdict, what the model is worth, and the checks behind it."""
    beside = repeated_validation.describe_repeated(found.labelled, judged.again, found.scores)
    said = say(_describe(found, judged), judged.worth, beside)
    together(said, model_verdict.checks_table(judged.verdict))


def show_costs(found: Evaluation) -> None:
    """The counts that costs are computed from, what each rule of decision costs, and a sentence
    that reads the main picture, which follows.
    """
    task, truth, prediction, probability = found.held_out
    threshold, prices = found.training["threshold"], found.training["costs"]
    costs = cost_of_errors.costs_table(task, truth, probability, threshold, prices)
    said = say(cost_of_errors.describe_costs(task, costs, prices))
    read = say(evaluation_report.describe_main_picture(*found.held_out))
    table = costs if len(costs) else None
    together(evaluation_report.confusion_shown(task, truth, prediction), said, table, read)


def main_picture(found: Evaluation):
    """The one picture that fits the task (see `evaluation_report.main_picture`)."""
    return evaluation_report.main_picture(*found.held_out)


def show_importance(found: Evaluation) -> None:
    """What the model leans on: the columns whose shuffling costs most, with intervals."""
    from ..pages import model_plots

    said = say(importance.describe_importance(found.falls, len(found.test.y)))
    sure = found.falls[found.falls["sure"]]
    drawn = model_plots.falls(sure, found.task.main_metric, height=3.2) if len(sure) else None
    together(*_readable(found), said, drawn)


def _readable(found: Evaluation) -> tuple:
    """What became of the wish for a model that can be read; nothing where nobody had it.

    Where one was taken, the curves that it is the sum of.
    """
    wish = found.training.get("readable")
    return (say(wish["reading"]), *(_curves(found) if found.is_read else ())) if wish else ()


def _curves(found: Evaluation) -> tuple:
    """The curves of a model that is a sum of one curve a column, below a sentence on them."""
    task = additive_curves.watching(found.learn)
    said = say(additive_curves.describe_curves(task, found.column_curves))
    return said, additive_curves.curves_picture(task, found.column_curves)


def show_groups(found: Evaluation) -> None:
    """The groups that are served worse than they could be."""
    said = say(served_worse.describe_groups(found.worse))
    together(said, served_worse.shown_groups(found.worse) if len(found.worse) else None)


def show_certainty(found: Evaluation) -> None:
    """How sure the answers are: coverage on the held-out rows, a picture, rows for a person."""
    if found.how_sure is None:
        return together(say(how_sure.NOT_KNOWN))
    asked = found.how_sure
    said = say(how_sure.describe(asked), how_sure.describe_abstention(asked))
    table = None if found.task.is_regression else how_sure.shown_abstention(asked.abstention)
    slices = folded("Coverage by group", how_sure.shown_slices(asked.slices))
    return together(said, how_sure.drawn(asked), table, slices)


def show_reasons(found: Evaluation) -> None:
    """Why this answer? The reasons of a typical, a wrong and a surprising row."""
    asked = found.model[1:], found.learn, found.test, found.answers, found.raw
    reasons, rows = why_answers.explained_rows(*asked)
    said = why_answers.describe(reasons, rows, list(found.falls["columns"]))
    together(say("**Why this answer?**", *said), why_answers.drawn(reasons, rows))


def answer(work, found: Evaluation, judged: Judged) -> dict:
    """Write what the stage hands on, close it, and show its answer; returns the ledger line."""
    work.write_json("metrics.json", _metrics(found, judged))
    evaluation_report.save_picture(work, *found.held_out)
    headline = evaluation_report.headline(judged.verdict, found.task, found.scores)
    rows, used = len(found.labelled.y), len(found.learn.y) + len(found.test.y)
    entry = work.finish(rows, used, headline, rows - used, judged.verdict["verdict"])
    steps = way_back.describe_next_steps(found.back, passes(judged.verdict["verdict"]))
    together(say(_describe(found, judged), judged.worth, steps))
    return entry


def _metrics(found: Evaluation, judged: Judged) -> dict:
    """The content of `metrics.json`."""
    counts = evaluate_model.rows_used(found.learn, found.test)
    reading = evaluation_report.describe_main_picture(*found.held_out)
    more = {"curves": evaluate_model.curves(*found.held_out), "worth": judged.worth}
    more |= diagnosis.kept(_calibration_errors(found), found.back, found.worse)
    about = found.task, counts, found.training["model"], found.scores, judged.verdict, reading
    kept = evaluate_model.metrics_file(*about, **more)
    sure = {"certainty": how_sure.content(found.how_sure)} if found.how_sure else {}
    return kept | repeated_validation.kept(judged.again) | sure


def _calibration_errors(found: Evaluation) -> dict[str, float]:
    task, truth, _, probability = found.held_out
    return calibration_curve.calibration_errors(task, truth, probability, found.training)


def show_appendix(found: Evaluation) -> None:
    """What a reader may want to unfold: pictures, curves, single errors; a section each."""
    together(
        _folded_curves(found), _folded_calibration(found), _folded_dependence(found),
        _folded_learning_curve(found), _folded_errors(found),
    )  # fmt: skip


def _folded_curves(found: Evaluation):
    """The curves behind the areas, or the size of the errors."""
    drawn = evaluation_report.second_picture(*found.held_out, found.training["threshold"])
    return folded(drawn.title, drawn)


def _folded_calibration(found: Evaluation):
    """Whether the probabilities are right; None for numbers."""
    task, truth, _, probability = found.held_out
    if task.is_regression:
        return None
    said = calibration_curve.describe_calibration(_calibration_errors(found))
    drawn = calibration_curve.calibration_picture(task, truth, probability, found.training)
    return folded("Can the probabilities be believed? (calibration)", say(said), drawn)


def _folded_dependence(found: Evaluation):
    """The mean answer along the most important columns; None where no column is sure.

    Of a model that is a sum of curves these themselves; None where they are shown above.
    """
    if found.column_curves:
        return (
            None if found.is_read else folded("The whole model, a curve a column", *_curves(found))
        )
    asked = found.task, found.model[1:], found.test.X, found.falls, found.units
    drawn = partial_dependence_curves.dependence_picture(*asked)
    title = "How the answer changes along one column (partial dependence)"
    return folded(title, drawn) if drawn else None


def _folded_learning_curve(found: Evaluation):
    """The learning curve, in a picture and a sentence."""
    from ..pages import model_plots

    said = say(learning_curves.describe_learning_curve(found.task, found.curve))
    drawn = model_plots.learning_curve(found.curve, found.task.main_metric, height=2.8)
    return folded("Would more rows help? (learning curve)", said, drawn)


def _folded_errors(found: Evaluation):
    """The worst errors row by row, and the counts of all answers."""
    return diagnosis.appendix(found.raw, *found.held_out, found.leading)
