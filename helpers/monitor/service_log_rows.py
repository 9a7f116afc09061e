"""The rows that a service has answered, from its log, as later rows to monitor."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.user_errors import InputError
from ..learning.outcome_reader import OutcomeReader
from ..line.run_folder import Run
from ..serving.prediction_log import ask_log, elsewhere, has_log

FEWEST_LOGGED = 200
MOST_LOGGED = 50_000  # the latest answers that are read


def logged_rows(run) -> int:
    """How many answers the service of a run has logged that its model was not trained on."""
    folder, since = _log_of(run)
    if folder is None:
        return 0
    query = "SELECT COUNT(*) AS rows FROM predictions WHERE at > :since"
    return int(ask_log(folder.path, query, since=since)["rows"].iloc[0])


def _log_of(run):
    """The run whose folder has the log, and since when its rows are new to the model.

    A challenger that has taken over is served where the one before it was, until a service of its
    own is started.
    """
    before = run.challenges
    if elsewhere():
        return run, before.get("since", 0.0)
    if has_log(run.path):
        return run, 0.0
    if not before:
        return None, 0.0
    folder, since = _log_of(Run(before["run"]))
    return folder, max(since, before.get("since", 0.0))


def rows_of_log(
    run, model: Pipeline, outcomes: OutcomeReader
) -> tuple[pd.DataFrame, np.ndarray, dict[str, int]]:
    """The latest rows that the service has answered, raw, with their outcomes; and their times.

    Outcomes that are no class, or no number, are missing; how often each was told comes third.
    """
    folder, since = _log_of(run)
    if folder is None:
        raise InputError(
            f"The run '{run.name}' has no log of answers: start `pipeline serve {run.name}`, or "
            f"give rows with --data."
        )
    query = (
        "SELECT p.at AS at, p.row AS row, o.outcome AS outcome FROM predictions p "
        "LEFT JOIN outcomes o ON o.id = p.id WHERE p.at > :since ORDER BY p.at DESC LIMIT :most"
    )
    found = ask_log(folder.path, query, since=since, most=MOST_LOGGED)[::-1]
    known = list(model["clean"].get_feature_names_out())
    raw = pd.DataFrame(map(_plain_values, found["row"]), columns=known, dtype=object)
    raw = raw.apply(_of_one_type)
    raw[outcomes.task.target], wrong = read_outcomes(found["outcome"], outcomes)
    return raw, found["at"].to_numpy(dtype=float), wrong


def read_outcomes(told: pd.Series, reader: OutcomeReader) -> tuple[np.ndarray, dict[str, int]]:
    """Outcomes out of a log, missing where none has come or it is wrong; the wrong, counted."""
    read, known = np.full(len(told), None, dtype=object), told.notna().to_numpy()
    read[known] = reader.read(told[known].tolist())
    wrong = told[known & pd.isna(read)].value_counts()
    return read, {str(name): int(n) for name, n in wrong.items()}


def _plain_values(text: str) -> dict:
    """A logged row with its plain values only, as the service used it."""
    try:
        row = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return {name: value for name, value in row.items() if not isinstance(value, (dict, list))}


def _of_one_type(column: pd.Series) -> pd.Series:
    """Cells of a column as a table can hold them: all text where clients sent several types."""
    column = column.infer_objects()
    if column.dtype != object:
        return column
    return column.map(str, na_action="ignore").astype("str")
