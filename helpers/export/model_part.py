"""The model of an export: one writer for each class of model, and what becomes of its answers."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
import pandas as pd
from sklearn import ensemble
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier

from ..base.user_errors import InputError
from ..learning.inner_folds import OF_TIME
from ..learning.metric_names import PLAIN_NAMES, shown_score
from ..learning.task_kind import Task
from ..models.calibrated_model import Calibrated, is_moved
from .feature_part import unit_column
from .file_draft import Draft
from .python_text import comment_lines, estimator, literal, names, wrapped
from .run_to_export import RunToExport


@singledispatch
def model_text(model) -> str:
    """An unfitted model as Python, by its class; what calibrates or decides stands elsewhere."""
    raise InputError(
        f"There is no plain form of the model {type(model).__name__}: add a writer to "
        f"helpers/export/model_part.py."
    )


@model_text.register(LogisticRegression)
@model_text.register(Ridge)
@model_text.register(DummyClassifier)
@model_text.register(DummyRegressor)
@model_text.register(ensemble.HistGradientBoostingClassifier)
@model_text.register(ensemble.HistGradientBoostingRegressor)
def _(model) -> str:
    return estimator(model)


@model_text.register(ensemble.RandomForestClassifier)
@model_text.register(ensemble.RandomForestRegressor)
def _(model) -> str:
    return estimator(model, n_jobs="-1")


@model_text.register(ensemble.VotingClassifier)
@model_text.register(ensemble.VotingRegressor)
def _(model) -> str:
    members = [f"({literal(name)}, {model_text(one)})" for name, one in model.estimators]
    more = ['voting="soft"'] if isinstance(model, ensemble.VotingClassifier) else []
    listed = wrapped("[", members, "]")
    return wrapped(f"{type(model).__name__}(", [listed, *more], ")")


@model_text.register(Calibrated)
@model_text.register(FixedThresholdClassifier)
def _(model) -> str:
    return model_text(model.estimator)


def write(made: RunToExport, draft: Draft, encoders: list[str]) -> None:
    """Write the model, how it is fitted, and what it answers, into the draft.

    `encoders` are the lines that make the ColumnTransformer.
    """
    model, task = made.trained["model"], made.bundle.task
    draft.constants += _decision_constants(model, task, made)
    draft.functions.append(_make_model(model, made, encoders))
    draft.functions.append(_fit(made, draft))
    draft.functions.append(_answers(model, task))


def inner_of(model, kind: type):
    """The first model of a kind among a model and those that it wraps; None where there is none."""
    while model is not None and not isinstance(model, kind):
        model = getattr(model, "estimator", None)
    return model


def _decision_constants(model, task: Task, made: RunToExport) -> list[str]:
    """The constants of calibration and decision, with why they are so."""
    if task.is_regression:
        return []
    written = [names("CLASSES", task.classes)]
    calibrated, fixed = inner_of(model, Calibrated), inner_of(model, FixedThresholdClassifier)
    if calibrated is not None and is_moved(calibrated.slope, calibrated.shifts):
        said = "Calibration, as fitted on validation rows: p becomes softmax(slope × log p + shift)"
        shifts = ", ".join(map(literal, calibrated.shifts))
        written.append("\n".join([*comment_lines(said), f"SLOPE = {literal(calibrated.slope)}",
                                  f"SHIFTS = [{shifts}]"]))  # fmt: skip
    if calibrated is not None and calibrated.weights:
        said = "Rare classes weigh more in the decision; chosen for macro F1 on validation rows"
        written.append("\n".join([*comment_lines(said), wrapped(
            "WEIGHTS = [", map(literal, calibrated.weights), "]")]))  # fmt: skip
    if fixed is not None:
        why = _why_threshold(made)
        written.append("\n".join([*comment_lines(why), f"THRESHOLD = {literal(fixed.threshold)}"]))
    return written


def _why_threshold(made: RunToExport) -> str:
    costs = made.training.get("costs", [0, 0])
    if any(costs):
        return (
            f"The cheapest where a false positive costs {costs[0]:g}, a false negative {costs[1]:g}"
        )
    return (
        "The probability from which on the answer is yes; chosen on validation rows, or asked for"
    )


def _make_model(model, made: RunToExport, encoders: list[str]) -> str:
    """The function that makes the unfitted pipeline."""
    metrics, training = made.metrics, made.training
    main = metrics.get("main_metric", "")
    said = f"{metrics.get('model', 'the model').capitalize()}"
    if "cross_validated" in training:
        score = shown_score(main, training["cross_validated"])
        said += (
            f": the best of the trials in cross-validation, {PLAIN_NAMES.get(main, main)} {score}"
        )
    given = "folds" if has_folds(made) else ""
    keep = getattr(made.trained["features"], "named_steps", {}).get("keep")
    best = f"SelectKBest({_scorer(made)}, k={keep.count}), " if keep is not None else ""
    lines = [f"def make_model({given}):", '    """Features and model in one pipeline, unfitted."""']
    body = model_text(model).replace("\n", "\n    ")
    lines += [*encoders, *comment_lines(said, 4), f"    model = {body}"]
    return "\n".join([*lines, f"    return make_pipeline(encoders, {best}model)"])


def has_folds(made: RunToExport) -> bool:
    """Whether a target encoder is fitted on folds that keep units whole."""
    names_of_steps = [name for name, _, _ in made.trained["features"]["encode"].transformers_]
    return bool(unit_column(made)) and "many_categories" in names_of_steps


def _scorer(made: RunToExport) -> str:
    return "f_regression" if made.bundle.task.is_regression else "f_classif"


def _fit(made: RunToExport, draft: Draft) -> str:
    lines = ["def fit(rows, y):", '    """A model fitted on cleaned rows and their labels."""']
    if not has_folds(made):
        return "\n".join([*lines, "    return make_model().fit(add_features(rows), y)"])
    unit, in_time = _units(made, unit_column(made), draft)
    fold = "folds_in_time" if in_time else "folds_of_groups"
    lines.append(f"    folds = {fold}({unit})")
    return "\n".join([*lines, "    return make_model(folds).fit(add_features(rows), y)"])


def _units(made: RunToExport, kind: str, draft: Draft) -> tuple[str, bool]:
    """The text that gives the unit of each row, and whether units follow each other in time.

    Where no column gives the units of the run, they are listed in the tables.
    """
    rows, name = made.labelled, made.labelled.units.column
    text = f"rows[{literal(name)}]"
    if name in rows.X:
        ways = {
            "day": (f'{text}.dt.strftime("%Y-%m-%d")', lambda c: c.dt.strftime("%Y-%m-%d")),
            "week": (f'{text}.dt.to_period("W").astype("str")',
                     lambda c: c.dt.to_period("W").astype("str")),
            "group": (text, lambda c: c),
        }  # fmt: skip
        said, own = ways.get(kind, ways["group"])
        given = pd.factorize(own(rows.X[name].reset_index(drop=True)), sort=True)[0]
        if np.array_equal(given, pd.factorize(rows.unit, sort=True)[0]):
            return said, kind in OF_TIME
    draft.tables["units_of_rows"] = dict(zip(map(str, rows.row), map(str, rows.unit), strict=True))
    return 'rows.index.astype("str").map(TABLES["units_of_rows"])', kind in OF_TIME


ANSWERS_SAY = "The predictions for cleaned rows, as a table; one line for each row."


def _answers(model, task: Task) -> str:
    """The function that turns what a model says into a table of answers."""
    lines = ["def answers(model, rows):", f'    """{ANSWERS_SAY}"""']
    if task.is_regression:
        table = '    return pd.DataFrame({"prediction": found}, index=rows.index)'
        return "\n".join([*lines, "    found = model.predict(add_features(rows))", table])
    calibrated, fixed = inner_of(model, Calibrated), inner_of(model, FixedThresholdClassifier)
    said = "model.predict_proba(add_features(rows))"
    if calibrated is not None and len(calibrated.shifts) == len(task.classes):
        moved = is_moved(calibrated.slope, calibrated.shifts)
        said = f"{'calibrate' if moved else 'bounded'}({said})"
    lines += [
        f"    probability = {said}",
        '    table = pd.DataFrame(probability, rows.index, [f"probability_{c}" for c in CLASSES])',
    ]
    lines.append(f"    decided = {_decided(calibrated, fixed, task)}")
    lines.append('    table.insert(0, "prediction", np.asarray(CLASSES, dtype="object")[decided])')
    return "\n".join([*lines, "    return table"])


def _decided(calibrated, fixed, task: Task) -> str:
    if fixed is not None:
        at = task.classes.index(fixed.pos_label)
        test = f"probability[:, {at}] >= THRESHOLD"
        return f"({test}).astype(int)" if at else f"1 - ({test})"
    weighted = calibrated is not None and calibrated.weights
    return f"({'probability * WEIGHTS' if weighted else 'probability'}).argmax(axis=1)".replace(
        "(probability).", "probability."
    )


# --- Evaluation ----------------------------------------------------------------------------------

BINARY = {
    "roc_auc": "roc_auc_score(truth == {positive}, chance)",
    "average_precision": "average_precision_score(truth == {positive}, chance)",
    "accuracy": "accuracy_score(truth, said)",
    "precision": "precision_score(truth, said, pos_label={positive}, zero_division=0)",
    "recall": "recall_score(truth, said, pos_label={positive}, zero_division=0)",
    "f1": "f1_score(truth, said, pos_label={positive}, zero_division=0)",
}
MACRO = 'labels=CLASSES, average="macro", zero_division=0'
SCORES = {
    "binary": BINARY,
    "multiclass": {
        "accuracy": "accuracy_score(truth, said)",
        "f1_macro": f"f1_score(truth, said, {MACRO})",
        "precision_macro": f"precision_score(truth, said, {MACRO})",
        "recall_macro": f"recall_score(truth, said, {MACRO})",
    },
    "regression": {
        "r2": "r2_score(truth, said)",
        "neg_mean_absolute_error": "-mean_absolute_error(truth, said)",
        "neg_root_mean_squared_error": "-root_mean_squared_error(truth, said)",
    },
}


def score_lines(made: RunToExport) -> list[str]:
    """The lines that score the answers `found` to the held-out rows; the main metric first."""
    task, metrics = made.bundle.task, made.metrics
    known, main = SCORES[task.kind], metrics.get("main_metric", "")
    chosen = list(dict.fromkeys([main, *known] if main in known else known))[:2]
    of_run = ", ".join(f"{PLAIN_NAMES[n]} {metrics['test'][n]:.4f}" for n in chosen
                       if n in metrics.get("test", {}))  # fmt: skip
    lines = comment_lines(f"The run's own, on the same rows: {of_run}", 4) if of_run else []
    lines.append("    truth = y[held_out]")
    if any("said" in known[name] for name in chosen):
        lines.append('    said = found["prediction"].to_numpy()')
    if any("chance" in known[name] for name in chosen):
        lines.append(f"    chance = found[{literal(f'probability_{task.positive}')}]")
    lines.append("    scores = {")
    for name in chosen:
        scored = known[name].format(positive=literal(task.positive))
        lines.append(f"        {literal(name)}: {scored},")
    return [*lines, "    }"]
