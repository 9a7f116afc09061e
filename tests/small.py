"""Small tables for the tests: numbers with gaps, categories, a date, a boolean; and a model of one.

Nothing here is a mock: plans are drafted, features fitted and pipelines made as a run makes them.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import requests
from sklearn.linear_model import LogisticRegression, Ridge

from helpers.answers.fold_answers import FoldAnswers, keep_fold_answers
from helpers.answers.learn_from_model import certainty_of
from helpers.clean import clean_rows as clean_clean_rows
from helpers.clean import cleaning_plan, column_cleaner
from helpers.deploy import bundle_files, model_card, service_proof
from helpers.drift import stored_reference
from helpers.features import feature_plan
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.predicting import predict_scores
from helpers.learning.task_kind import Task, encode, find_task
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from helpers.pipeline import whole_pipeline
from helpers.pipeline.whole_pipeline import model_columns
from helpers.serving import model_bundle
from helpers.serving.prediction_log import PredictionLog
from helpers.split import split_into_parts
from helpers.train import fold_trials


def raw_table(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Raw rows: `weight` decides `bought`; `note` is a constant; `price` is a number to predict."""
    random = np.random.default_rng(seed)
    weight = random.normal(50, 10, rows).round(2)
    paid = random.random(rows) < 0.4
    city = random.choice(["Rome", "Oslo", "Lima"], rows)
    days = pd.Timestamp("2020-01-06") + pd.to_timedelta(np.arange(rows), unit="D")
    chance = 1 / (1 + np.exp(-(weight - 50) / 4))
    table = pd.DataFrame(
        {
            "weight": weight,
            "height": random.normal(170, 8, rows).round(1),
            "city": city,
            "day": days.strftime("%Y-%m-%d"),
            "paid": np.where(paid, "yes", "no"),
            "note": "same",
            "bought": np.where(random.random(rows) < chance, "yes", "no"),
            "price": (weight * 2 + paid * 10 + random.normal(0, 1, rows)).round(0).astype(int),
        }
    )
    table.loc[table.index % 9 == 4, "height"] = np.nan
    table.loc[table.index % 11 == 5, "city"] = None
    table.loc[table.index % 13 == 6, "paid"] = None
    return table


def prepared(target: str = "bought", raw: pd.DataFrame | None = None) -> SimpleNamespace:
    """The plans, the cleaned and labelled rows and the task of the table with that target."""
    raw = raw_table() if raw is None else raw
    raw = raw.drop(columns={"bought", "price"} - {target}, errors="ignore")
    about = {"target": target, "task": "auto"}
    cleaning = cleaning_plan.draft_plan(raw, about)
    X = column_cleaner.Cleaner(cleaning).fit(raw).transform(raw)
    label = clean_clean_rows.clean_label(raw, target, draft_label(raw[target]))[0]
    task = find_task(label, target)
    plan = feature_plan.plan_features(X.assign(**{target: label}), cleaning, about)
    plan["task"] = task.kind
    rows = Labelled(task, X, encode(label, task), np.arange(len(raw)))
    return SimpleNamespace(raw=raw, cleaning=cleaning, plan=plan, rows=rows, task=task)


def fitted(made: SimpleNamespace, model=None):
    """The whole pipeline, fitted on all rows: raw rows in, predictions out."""
    if model is None:
        model = Ridge() if made.task.is_regression else LogisticRegression(max_iter=500)
    return whole_pipeline.fit(made.cleaning, made.plan, model, made.rows.X, made.rows.y)


def at_random(made: SimpleNamespace, **options) -> Labelled:
    """The rows with a random split."""
    return split_into_parts.split_rows(made.rows, {"strategy": "random", "column": ""}, **options)


def labelled(y, X=None, kind: str = "binary") -> Labelled:
    """Labelled rows with those labels and columns, for a target `y`."""
    X = pd.DataFrame({"x": np.arange(len(y), dtype=float)}) if X is None else X
    if kind == "regression":
        return Labelled(Task("y", kind), X, np.asarray(y, float), np.arange(len(y)))
    y = np.asarray(y, dtype=object)
    classes = tuple(sorted(set(y)))
    return Labelled(Task("y", kind, classes, classes[-1]), X, y, np.arange(len(y)))


def deployed_run(made: SimpleNamespace, name: str = "small", kind=None) -> Run:
    """A run with the files of stages 1 to 7, made without a kernel: rows split at random.

    `kind` is the model, unfitted; without one it is linear.
    """
    run, target = Run(name), made.task.target
    rows, model = at_random(made), fitted(made, kind)
    learnt = SimpleNamespace(**(vars(made) | {"rows": rows.of(TRAIN)}))
    trained = fitted(learnt)
    scores = predict_scores(made.task, trained[1:], rows.of(TEST).X, rows.of(TEST).y)
    main = made.task.main_metric
    metrics = {
        "task": made.task.kind, "target": target, "classes": made.task.classes,
        "positive": made.task.positive, "model": "linear", "main_metric": main, "test": scores,
        "train": scores, "baseline": {main: 0.5},
        "interval": {name: [value, value] for name, value in scores.items()},
        "rows": {"train": int((rows.part == TRAIN).sum()), "test": int((rows.part == TEST).sum())},
        "verdict": "good enough",
    }  # fmt: skip
    about = {
        "table": "own", "source": "small.csv", "address": "small.csv", "query": "",
        "target": target, "task": made.task.kind, "question": f"What will {target} be?",
        "label": draft_label(made.raw[target]),
    }  # fmt: skip
    for number, write in enumerate(_stages_of(made, rows, trained, about, metrics), start=1):
        work = Work(number, run, {"run": name})
        write(work)
        verdict = "good enough" if number == 6 else "done"
        work.finish(len(made.raw), len(made.raw), "done", verdict=verdict)
    work = Work(7, run, {"run": name})
    clean_rows = made.rows.X.assign(**{target: made.rows.y})
    schema = bundle_files.make_schema(made.raw, clean_rows, made.cleaning, made.plan)
    card = model_card.make_card(name, about, metrics, made.rows.y, refitted=True)
    known = bundle_files.make_reference(
        work, model, made.rows, bundle_files.held_out_answers(trained, rows)
    )
    sure = certainty_of(rows, answers_on_folds(made, rows, kind), model, refitted=True)
    bundle_files.write_bundle(work, model, schema, card, known, made.raw, sure)
    work.finish(len(made.raw), len(made.raw), "done")
    return run


def answers_on_folds(made: SimpleNamespace, rows: Labelled, model=None) -> FoldAnswers:
    """What a model, or the linear one, answers on the folds of the training rows."""
    learn = rows.of(TRAIN)
    folds = fold_trials.make_folds(learn, made.plan)
    if model is None:
        model = Ridge() if made.task.is_regression else LogisticRegression(max_iter=500)
    trial = fold_trials.cross_validate(made.task, "linear", model, folds)
    return fold_trials.answers_of_folds(learn, trial)


def _stages_of(made, rows: Labelled, trained, about: dict, metrics: dict):
    """For each of stages 1 to 6, what writes its files."""

    def cleaned(work):
        none = pd.DataFrame({"row": pd.Series(dtype=int)})
        work.write_table("clean", made.rows.X.assign(**{made.task.target: made.rows.y}))
        work.write_table("quarantine", none.assign(reason=""))
        work.write_table("duplicates", none.assign(group=0))

    def cut(work):
        table = pd.DataFrame({"row": rows.row, "part": rows.part, "fold": rows.fold})
        work.write_table("split", table)
        work.write_json("split.json", {"strategy": "random", "column": ""})

    def learnt(work):
        work.write_json("training.json", {"metric": "auto"})
        with work.writing("data/trained.skops") as draft:
            whole_pipeline.save(trained, draft)
        keep_fold_answers(work, made.task, answers_on_folds(made, rows))

    def collected(work):
        work.write_json("about.json", about)
        work.write_table("raw", made.raw)

    def judged(work):
        work.write_json("metrics.json", metrics)
        work.write_text("front.png", "a picture")

    yield from (collected, cleaned, lambda work: None, cut, learnt, judged)


DAY = 86_400.0

BEGAN = 20_000 * DAY  # midnight of a day in 2024


def bundle_of(made) -> model_bundle.Bundle:
    schema = bundle_files.make_schema(made.raw, made.rows.X, made.cleaning, made.plan)
    card = {"model_sha256": "0" * 64}
    return model_bundle.Bundle(fitted(made), made.task, schema, card, made.raw)


def card_of(made) -> dict:
    metrics = {
        "task": made.task.kind,
        "target": made.task.target,
        "classes": list(made.task.classes),
        "positive": made.task.positive,
        "model": "linear",
        "main_metric": "roc_auc",
        "rows": {"train": 240, "test": 48},
        "test": {"roc_auc": 0.8},
        "interval": {"roc_auc": [0.7, 0.9]},
        "baseline": {"roc_auc": 0.5},
        "verdict": "good enough",
    }
    return model_card.make_card(
        "small", {"question": "Why?", "source": "here"}, metrics, made.rows.y, True
    )


def write_run(made, name: str = "small") -> Run:
    """A run whose stage 7 has finished, written the way the notebook does."""
    work = Work(7, Run(name), {})
    bundle = bundle_of(made)
    known = stored_reference.as_content(
        stored_reference.reference_of(made.rows.X, model_columns(bundle.model))
    )
    bundle_files.write_bundle(work, bundle.model, bundle.schema, card_of(made), known, made.raw)
    work.finish(len(made.raw), len(made.raw), "done")
    return work.run


def log_rows(run, table: pd.DataFrame, every: float = 600.0, told: int = 0) -> None:
    """Log rows as a service does, one each so many seconds; outcomes for the first ones."""
    log = PredictionLog("", run.path)
    rows = [service_proof.as_record(row) for _, row in table.drop(columns="bought").iterrows()]
    log.write([(f"r{i}", BEGAN + i * every, "v1", json.dumps(row), "yes", "", "[]")
               for i, row in enumerate(rows)])  # fmt: skip
    log.note_outcomes([(f"r{i}", table["bought"].iloc[i]) for i in range(told)])
    log.close()


def later(rows: int = 600, seed: int = 7) -> pd.DataFrame:
    """Rows as the model knows them."""
    return raw_table(rows, seed).drop(columns="price")


def changed(rows: int = 600, seed: int = 7) -> pd.DataFrame:
    """Later rows in which tall ones buy, too, which the model does not know."""
    table = later(rows, seed)
    height = table["height"].fillna(170)
    chance = 1 / (1 + np.exp(-(height - 170) / 2))
    drawn = np.random.default_rng(seed).random(rows) < chance
    return table.assign(bought=np.where(drawn, "yes", "no"))


def post(address, body, kind="application/json", page="predict", **options):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    headers = {"Content-Type": kind} | options.pop("headers", {})
    return requests.post(f"{address}/{page}", data=data, headers=headers, timeout=60, **options)
