"""Pages "What if" of small tables, made as stage 7 makes them."""

from __future__ import annotations

import json
from dataclasses import replace

from helpers.answers.fold_answers import FoldAnswers
from helpers.answers.learn_from_model import certainty_of
from helpers.deploy import bundle_files, what_if
from helpers.learning.labelled_data import TEST, TRAIN
from helpers.learning.predicting import predict
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from helpers.pages.what_if_page import write_what_if_page
from helpers.pipeline import whole_pipeline

from . import small


def asked(made, model, costs=(1.0, 5.0)) -> what_if.Asked:
    """What a page is made of: a table prepared by `small.prepared`, and a model, unfitted.

    Certainty is learnt from the answers to held-out rows.
    """
    rows = small.at_random(made)
    trained, model = (
        whole_pipeline.fit(made.cleaning, made.plan, model, part.X, part.y)
        for part in (rows.of(TRAIN), rows)
    )
    test = rows.of(TEST)
    prediction, probability = predict(made.task, trained[1:], test.X)
    answers = prediction if probability is None else probability
    folds = FoldAnswers(test.y, answers, test.row, test.row * 0, None, "rows", False)
    sure = certainty_of(rows, folds, model, True)
    schema = bundle_files.make_schema(made.raw, rows.X, made.cleaning, made.plan)
    held_out = test, prediction, probability
    return what_if.Asked(made.task, model, schema, rows, *held_out, costs, True, sure, made.raw)


def without_certainty(of: what_if.Asked) -> what_if.Asked:
    """The same, of a run that knows nothing of how sure its answers are."""
    return replace(of, sure=None)


def page_of(content: dict | None, name: str = "what") -> str:
    """The page of a content, of a run with a ledger."""
    run = Run(name)
    run.write_json("about.json", {"target": "y"})
    work = Work(7, run, {"run": name})
    work.write_text(what_if.WHAT_IF, json.dumps(content))
    work.finish(1, 1, "done")
    return write_what_if_page(run) and run.file(write_what_if_page(run)).read_text()
