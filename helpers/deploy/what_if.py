"""What the page "What if" holds: the model as plain data, rows to begin with, and held-out answers.

The page (`helpers.pages.what_if_page`) runs the model itself, by `scorer.js`. What it holds is
written to `data/what_if.json`; where the model is too large for a page, a smaller one stands in for
it, and the content says how close that is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..answers.certainty import Certainty
from ..answers.certainty_content import as_content, from_content
from ..base.spacing import evenly_spaced
from ..learning.labelled_data import TEST, Labelled
from ..learning.predicting import Answers, predict
from ..learning.task_kind import Task
from ..line.stage_list import WHAT_IF
from ..models.compiled_models import compiled_model
from ..models.small_model import (
    MOST_ROWS,
    SmallModel,
    count_nodes,
    distilled,
    has_forest,
    with_fewer_trees,
)
from ..pipeline import described
from ..pipeline.compiled import Compiled
from .what_if_controls import controls_of
from .what_if_reasons import why_content
from .what_if_rows import ROWS, chosen_rows

MOST_NODES = 300_000  # of trees: at 3 to 4 bytes each
MOST_EXPLAINED = 40_000  # nodes, up to which TreeSHAP leaf by leaf is quick enough
MOST_BYTES = 1_300_000  # of the content; with the page around it, below 1.5 MB
CHECKED_AT = 0.9  # the level at which the page checks its intervals and sets
HELD_OUT = 4_000  # answers to held-out rows that are kept


@dataclass(frozen=True)
class Asked:
    """What the page is made of.

    `model` is the deployed pipeline, fitted on the rows `known`; `test` are the held-out rows, and
    `predicted` and `probability` what the model before its last fit answered to them. `costs` are
    those of a false positive and of a false negative, `sure` is how sure answers are (None: not
    known), `examples` are raw rows that reasons compare with.
    """

    task: Task
    model: Pipeline
    schema: dict
    known: Labelled
    test: Labelled
    predicted: np.ndarray
    probability: np.ndarray | None
    costs: tuple[float, float] = (1.0, 1.0)
    refitted: bool = True
    sure: Certainty | None = None
    examples: pd.DataFrame | None = None


def asked_of(
    work,
    labelled: Labelled,
    known: Labelled,
    trained: Pipeline,
    model: Pipeline,
    schema: dict,
    sure: Certainty | None = None,
) -> Asked:
    """What the open stage 7 makes its page of: `trained` is the model before its last fit."""
    test = labelled.of(TEST)
    answered = predict(labelled.task, trained[1:], test.X)
    costs = tuple(work.read_json("training.json").get("costs", (0.0, 0.0)))
    refitted = model is not trained
    raw = pd.read_parquet(work.run.file("model/examples.parquet"))
    return Asked(labelled.task, model, schema, known, test, *answered, costs, refitted, sure, raw)


def hand_on(work, asked: Asked) -> None:
    """Write the content of the page; null where none fits."""
    work.write_text(WHAT_IF, json.dumps(make_content(asked), separators=(",", ":")) + "\n")


def make_content(asked: Asked) -> dict | None:
    """The content of the page as JSON has it; None where not even a small model fits a page."""
    compiled = Compiled(asked.task, asked.model, list(asked.schema["fields"]))
    controls = controls_of(asked.model, compiled, asked.schema, asked.known.X)
    rows = _rows(asked, compiled, controls)
    said = _pruned(described.without_model(compiled), controls, rows)
    for model, small in _candidates(asked, compiled):
        content = _content(asked, compiled, controls, rows, said | {"model": model}, small)
        if len(json.dumps(content, separators=(",", ":"))) <= MOST_BYTES:
            return content
    return None


def _candidates(asked: Asked, compiled: Compiled):
    """The model itself, if it has a written form; with fewer trees; then a smaller one.

    Each with None, or with why it stands in for the deployed one and how close it is.
    """
    model, own = asked.model["model"], compiled.model.described()
    nodes = count_nodes(own)
    if own is not None and nodes <= MOST_NODES:
        yield own, None
    if own is not None and has_forest(model):
        fewer = with_fewer_trees(model, 0.7 * MOST_NODES / nodes)
        why = f"The deployed model has {nodes:,} nodes of trees, too many for a page: fewer of its"
        yield compiled_model(fewer).described(), _closeness(asked, compiled, why + " trees", fewer)
    why = "The deployed model is too large for a page: trees fitted on its answers"
    if own is None:
        why = "The deployed model has no written form: trees fitted on its answers"
    learn = _without(asked.known, asked.test) if asked.refitted else asked.known.X
    learn = learn.iloc[evenly_spaced(len(learn), MOST_ROWS)]
    small = distilled(x := _numbers(asked, learn), _answers(model, x))
    yield small.described(), _closeness(asked, compiled, why, small)


def _numbers(asked: Asked, clean: pd.DataFrame) -> np.ndarray:
    return np.asarray(asked.model["features"].transform(clean), dtype=float)


def _answers(model, x: np.ndarray) -> np.ndarray:
    """n × classes probabilities, or n numbers, of n × features."""
    if isinstance(model, SmallModel):
        return model.answers(x)
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return np.asarray(ask(x), dtype=float)


def _without(known: Labelled, test: Labelled) -> pd.DataFrame:
    return known.X[~np.isin(known.row, test.row)]


def _closeness(asked: Asked, compiled: Compiled, why: str, small) -> dict:
    """How far a smaller model's answers to held-out rows are from the deployed one's (mean, and
    what 95 % of them do not pass), and how often both decide alike."""
    x = _numbers(asked, asked.test.X)
    wanted, found = _answers(asked.model["model"], x), _answers(small, x)
    apart, same = np.abs(wanted - found), {}
    if wanted.ndim > 1:
        apart, rule = apart.max(axis=1), compiled.answers.rule
        same = {"same": float((rule.positions(wanted) == rule.positions(found)).mean())}
    far = {"mean": float(apart.mean()), "most": float(np.quantile(apart, 0.95))}
    return {"why": why, "rows": len(wanted)} | far | same


def _why(asked: Asked, compiled: Compiled, rows: list[dict]) -> dict | None:
    """What reasons are made of, and what they have to be of the page's own rows."""
    places = pd.Index(asked.test.row).get_indexer([row["row"] for row in rows])
    x = _numbers(asked, asked.test.X.iloc[places])
    return why_content(compiled, asked.model, asked.examples, x)


def _certainty(sure: Certainty) -> dict:
    """What intervals and sets are made of: their scores, and the trees of a spread by row."""
    content, models = as_content(sure)
    own = content.get("numbers", content.get("sets"))
    scores = {name: np.array(own[name], dtype=float) for name in ("scores", "levels")}
    trees = [compiled_model(model).described() for model in models]
    return described.packed({**own, **scores, "models": trees}) | {"assumption": sure.assumption}


def _pruned(said: dict, controls: list[dict], rows: list[dict]) -> dict:
    """A description with the levels that the page can ask for, and no others."""
    offered = {one["column"]: {str(v) for v in one["options"]} for one in controls
               if one["kind"] == "choice"}  # fmt: skip
    for name, own in offered.items():
        own |= {str(row["values"][name]) for row in rows}
    return described.with_levels(said, offered)


def _content(
    asked: Asked, compiled: Compiled, controls: list, rows: list, said: dict, small: dict | None
) -> dict:
    task = asked.task
    explained = not small and count_nodes(said["model"]) <= MOST_EXPLAINED
    if small:
        rows = [row | {"expected": None, "sure": None} for row in rows]
    return {
        "task": {"target": task.target, "kind": task.kind, "classes": list(task.classes),
                 "positive": task.positive},
        "scorer": described.packed(said),
        "small": small,
        "controls": controls,
        "rows": rows,
        "why": _why(asked, compiled, rows) if explained else None,
        "certainty": None if small or asked.sure is None else _certainty(asked.sure),
        "held_out": _held_out(asked),
        "tested_rows": len(asked.test.y),
        "refitted": asked.refitted,
        "costs": list(asked.costs) if any(asked.costs) else [1.0, 1.0],
    }  # fmt: skip


def _rows(asked: Asked, compiled: Compiled, controls: list) -> list[dict]:
    """The rows to begin with: their cells, what happened, what was answered in the test, and why.

    `expected` is what the deployed model answers; the page checks itself by it.
    """
    places, kinds = chosen_rows(asked.task, asked.test.y, asked.predicted, asked.probability, ROWS)
    clean = asked.test.X.iloc[places].reset_index(drop=True)
    cells = described.plain_rows(clean[[one["column"] for one in controls]], compiled.features)
    held = described.held_numbers(clean, compiled.features)
    x = _numbers(asked, clean)
    expected = _answers(asked.model["model"], x)
    sure = _sure(asked, expected, x)
    expected = expected.tolist()
    return [
        {"row": int(asked.test.row[place]), "kind": kind, "values": values,
         "held": [rows and rows[n] for rows in held], "truth": _plain(asked.test.y[place]),
         "tested": _tested(asked, place), "expected": expected[n],
         "sure": sure[n]}
        for n, (place, kind, values) in enumerate(zip(places, kinds, cells, strict=True))
    ]  # fmt: skip


def _sure(asked: Asked, answers: np.ndarray, x: np.ndarray) -> list:
    """The interval or the places of the set of each row; None where there is none."""
    if asked.sure is None:
        return [None] * len(x)
    sure = from_content(*as_content(asked.sure))  # as the bundle has it: its scores are rounded
    if asked.task.is_regression:
        found = sure.interval(answers, x, CHECKED_AT)
        return [row.tolist() if np.isfinite(row).all() else None for row in found]
    _, probability = Answers.of(asked.task, asked.model).of_rows(answers)
    return [np.flatnonzero(row).tolist() for row in sure.sets(probability, CHECKED_AT)]


def _tested(asked: Asked, place: int):
    """What the model of the test answered to a held-out row: a number, or the probabilities."""
    if asked.probability is None:
        return float(asked.predicted[place])
    return [float(one) for one in asked.probability[place]]


def _plain(label):
    return float(label) if isinstance(label, (float, np.floating)) else str(label)


def _held_out(asked: Asked) -> dict:
    """Answers to held-out rows, evenly spaced, and what happened: probabilities of the positive
    class for two classes; of numbers the range, for the scale."""
    task = asked.task
    if task.is_regression:
        both = np.concatenate([asked.predicted, asked.test.y.astype(float)])
        return {"range": np.quantile(both, [0.01, 0.99]).tolist()}
    if task.kind != "binary":
        return {}
    some = evenly_spaced(len(asked.test.y), HELD_OUT)
    chance = asked.probability[some, task.classes.index(task.positive)]
    yes = (asked.test.y[some].astype(str) == task.positive).astype(np.uint16)
    return {"answers": described.packed({"chance": chance, "yes": yes}), "rows": len(some)}
