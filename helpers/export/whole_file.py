"""An export as one file of Python: the parts put together, with what they import."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from ..learning.metric_names import PLAIN_NAMES
from . import (
    cleaning_part,
    feature_part,
    model_part,
    plain_cells,
    plain_model,
    plain_votes,
    reading_part,
    split_part,
)
from .file_draft import TABLES, Draft
from .python_text import literal, names, names_in, source_of
from .run_to_export import RunToExport

PLAIN = [getattr(module, name) for module in (plain_cells, plain_votes, plain_model)
         for name, found in vars(module).items()
         if getattr(found, "__module__", "") == module.__name__]  # fmt: skip
PATTERNS = ("PLAIN", "POINT", "COMMA", "AMOUNT", "DASHES", "CODE")
STANDARD = {
    "json": "import json", "os": "import os", "re": "import re",
    "unicodedata": "import unicodedata", "UTC": "from datetime import UTC",
    "datetime": "from datetime import datetime", "partial": "from functools import partial",
    "Path": "from pathlib import Path",
}  # fmt: skip
LIBRARIES = {
    "joblib": "import joblib", "np": "import numpy as np", "pd": "import pandas as pd",
    "OSA": "from rapidfuzz.distance import OSA",
    "SquashingScaler": "from skrub import SquashingScaler",
    "create_engine": "from sqlalchemy import create_engine",
}  # fmt: skip
SKLEARN = {
    "compose": ["ColumnTransformer"],
    "decomposition": ["TruncatedSVD"],
    "dummy": ["DummyClassifier", "DummyRegressor"],
    "ensemble": ["HistGradientBoostingClassifier", "HistGradientBoostingRegressor",
                 "RandomForestClassifier", "RandomForestRegressor", "VotingClassifier",
                 "VotingRegressor"],
    "feature_extraction.text": ["TfidfVectorizer"],
    "feature_selection": ["SelectKBest", "f_classif", "f_regression"],
    "impute": ["SimpleImputer"],
    "linear_model": ["LogisticRegression", "Ridge"],
    "metrics": ["accuracy_score", "average_precision_score", "f1_score", "mean_absolute_error",
                "precision_score", "r2_score", "recall_score", "roc_auc_score",
                "root_mean_squared_error"],
    "model_selection": ["GroupKFold", "KFold", "train_test_split"],
    "pipeline": ["make_pipeline"],
    "preprocessing": ["FunctionTransformer", "OneHotEncoder", "StandardScaler", "TargetEncoder"],
}  # fmt: skip
WORDS = {"NO_NAME": "no_name", "YES": "yes", "NO": "no"}
OF_TABLES = {"CLEANING": "cleaning", "UNITS": "units", "DECISIONS": "decisions"}


@dataclass(frozen=True)
class Exported:
    """An export as text: the file, its tables, what it leaves out, what it needs beside it."""

    text: str
    tables: dict
    left_out: list[str]
    needs_rows: bool


def write(made: RunToExport, patched: bool = False, measured: Sequence[str] = ()) -> Exported:
    """The export of a run. `patched`: cells of training rows lie in a table beside the file.

    `measured` are sentences for its head: how it compares with the run.
    """
    draft = Draft()
    draft.constants += [f"TARGET = {literal(made.target)}",
                        f"SEED = {literal(made.choice.get('seed', 42))}"]  # fmt: skip
    needs_rows = reading_part.write(made, draft)
    if dates := cleaning_part.dates_of(made):
        draft.constants.append(names("DATES", dates))
    cleaning_part.write(made, draft)
    before, cut = split_part.lines_of(made, draft)
    encoders = feature_part.write(made, draft)
    model_part.write(made, draft, encoders)
    if patched:
        draft.functions.append(PATCHED)
    draft.functions += [_train(made, before, cut, patched), PREDICT, MAIN]
    text = _put_together(made, draft, measured)
    return Exported(text, _used_tables(draft, text), draft.left_out, needs_rows)


PATCHED = '''def patched(rows):
    """Training rows with the cells that the run's own cleaning reads in another way.

    Some were given by what earlier rows alone had taught, as for any new row (cross-fitting).
    """
    for name, cells in pd.read_csv(HERE / "training_cells.csv", dtype="str").groupby("column"):
        values = cells["value"].astype(rows[name].dtype).to_numpy()
        rows.loc[cells["row"].astype(int), name] = values
    return rows'''
PREDICT = '''def predict(frame, model=None):
    """The predictions for raw rows, as they come from the source; one line for each."""
    return answers(joblib.load(MODEL) if model is None else model, clean(frame))'''
MAIN = '''def main():
    """Train, evaluate, save."""
    model, scores = train(read())
    for name, score in scores.items():
        print(f"{name} on held-out rows: {score:.4f}")
    joblib.dump(model, MODEL)'''


def _train(made: RunToExport, before: list[str], cut: list[str], patched: bool) -> str:
    """The function that does all in order."""
    given = ', CLEANING["training"]' if len(made.parts) > 1 else ""
    cleaned = f"clean(raw{given})"
    cleaned = f"patched({cleaned})" if patched else cleaned
    lines = ["def train(raw):", '    """The model to use, and its scores on held-out rows."""',
             *before, f"    rows = {cleaned}", *cut, "    model = fit(rows[train], y[train])",
             "    found = answers(model, rows[held_out])",
             *model_part.score_lines(made)]  # fmt: skip
    if not made.is_refitted:
        return "\n".join([*lines, "    return model, scores"])
    said = "  # the model to use learns from the held-out rows, too"
    return "\n".join([*lines, f"    return fit(rows, y), scores{said}"])


# --- Put together --------------------------------------------------------------------------------


def _put_together(made: RunToExport, draft: Draft, measured: Sequence[str]) -> str:
    """The whole text: head, imports, constants, functions."""
    plain = _plain_functions(draft.body)
    functions = [*plain, *draft.functions]
    body = "\n\n\n".join(functions)
    constants = _places(draft, body) + _patterns(body) + draft.constants
    constants = [_without_unused(one, body) for one in constants]
    text = "\n".join(filter(None, constants)) + "\n\n\n" + body + "\n\n\n" + _end(text_of(plain))
    return f"{_head(made, draft, measured)}\n\n{_imports(text)}\n\n{text}\n"


def text_of(parts: list[str]) -> str:
    """Parts as one text."""
    return "\n".join(parts)


def _end(plain: str) -> str:
    said = 'if __name__ == "__main__":\n'
    if "class EncoderByUnit" in plain:  # a class of __main__ could not be loaded by others
        return f"{said}    import model\n\n    model.main()"
    return f"{said}    main()"


def _without_unused(constant: str, body: str) -> str:
    """A constant, or nothing where nobody uses it."""
    name = next((line.partition(" = ")[0] for line in constant.split("\n") if " = " in line
                 and not line.startswith("#")), "")  # fmt: skip
    return constant if name in names_in(body) or name in ("HERE", "TABLES", "MODEL") else ""


def _plain_functions(body: str) -> list[str]:
    """The plain functions that a text uses, and those that they use."""
    wanted, found = names_in(body), []
    while more := [one for one in PLAIN if one.__name__ in wanted and one not in found]:
        found += more
        wanted |= {name for one in more for name in names_in(source_of(one))}
    return [source_of(one) for one in PLAIN if one in found]


def _places(draft: Draft, body: str) -> list[str]:
    """Where things are, and the tables beside the file."""
    used = names_in(body + "\n" + "\n".join(draft.constants))
    lines = ["HERE = Path(__file__).parent", 'MODEL = HERE / "model.joblib"']
    words = {**{n: f'set(TABLES["{key}"])' for n, key in WORDS.items()},
             **{n: f'TABLES["{key}"]' for n, key in OF_TABLES.items()}}  # fmt: skip
    named = [f"{name} = {said}" for name, said in words.items() if name in used]
    if named or "TABLES" in used:
        lines.append(f'TABLES = json.loads((HERE / "{TABLES}").read_text(encoding="utf-8"))')
    return lines + named


def _patterns(body: str) -> list[str]:
    """The patterns that plain functions use, as they stand in their module."""
    used = names_in(body)
    lines = source_of(plain_cells).split("\n")
    return [line for line in lines for name in PATTERNS
            if line.startswith(f"{name} = ") and name in used]  # fmt: skip


def _used_tables(draft: Draft, text: str) -> dict:
    """The tables without those that the text does not ask for."""
    return {key: some for key, some in draft.tables.items() if f'TABLES["{key}"]' in text}


def _imports(text: str) -> str:
    """The imports of what a text uses, standard library first."""
    used = names_in(text)
    standard = [line for name, line in STANDARD.items() if name in used]
    if {"UTC", "datetime"} <= used:
        standard.remove(STANDARD["UTC"])
        standard[standard.index(STANDARD["datetime"])] = "from datetime import UTC, datetime"
    libraries = [line for name, line in LIBRARIES.items() if name in used]
    for module, classes in SKLEARN.items():
        if some := [name for name in classes if name in used]:
            line = f"from sklearn.{module} import {', '.join(some)}"
            libraries.append(line if len(line) < 100 else _wrapped_import(module, some))
    plain = sorted((one for one in libraries if one.startswith("import")), key=str.lower)
    others = sorted((one for one in libraries if one.startswith("from")), key=str.lower)
    return "\n".join([*sorted(standard, key=lambda one: (one.startswith("from"), one)), "",
                      *plain, *others])  # fmt: skip


def _wrapped_import(module: str, some: list[str]) -> str:
    lines = textwrap.wrap(", ".join(some) + ",", 94)
    return "\n".join([f"from sklearn.{module} import (", *(f"    {line}" for line in lines), ")"])


def _head(made: RunToExport, draft: Draft, measured: Sequence[str]) -> str:
    """The docstring of the file: what it is, how it is used, what is left out."""
    task, metrics = made.bundle.task, made.metrics
    main = metrics.get("main_metric", "")
    score = metrics.get("test", {}).get(main)
    what = (
        f"{made.target}: from the raw rows of {made.about.get('source', 'a table')} to predictions."
    )
    said = [
        f"What the run '{made.name}' does, as plain pandas and scikit-learn. `python model.py` "
        f"trains, evaluates and saves a {task.kind} model; `predict(frame)` answers raw rows."
    ]
    if score is not None:
        said.append(f"The run's score on held-out rows: {PLAIN_NAMES.get(main, main)} {score:.4f}.")
    said += measured
    if draft.left_out:
        said.append(
            "Left out, as it has no short plain form: " + "; ".join(draft.left_out[:12]) + "."
        )
    lines = [line for text in (what,) for line in textwrap.wrap(_safe(text), 95)]
    for text in said:
        lines += ["", *textwrap.wrap(_safe(text), 99)]
    return '"""' + "\n".join(lines) + '\n"""'


def _safe(text: str) -> str:
    """A text inside a docstring: no quotes that end it, no escapes, one line."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split())
