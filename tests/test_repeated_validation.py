"""Small tables: the model is cross-validated again and again, with units whole in the folds."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from helpers.evaluate.repeated_validation import describe_repeated, kept, repeated_validation
from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import Task

BINARY, NUMBER = Task("y", "binary", ("no", "yes"), "yes"), Task("y", "regression")


def rows(count=120, each=1, kind="binary", seed=0, **more) -> Labelled:
    """Rows of units; a number of the unit is in every row of it, and decides the target."""
    random = np.random.default_rng(seed)
    unit = np.arange(count) // each
    own = random.normal(size=count)[unit]
    X = pd.DataFrame({"x": random.normal(size=count), "mark": own if each > 1 else 0.0})
    y = (
        X["x"].to_numpy()
        + random.normal(size=count)
        + 3 * random.normal(size=count)[unit] * (each > 1)
    )
    if kind == "binary":
        y = np.where(y > 0, "yes", "no").astype(object)
    labels = unit.astype(str).astype(object) if each > 1 else None
    task = BINARY if kind == "binary" else NUMBER
    return Labelled(task, X, y, np.arange(count), unit=labels, **more)


def test_every_row_is_answered_and_scored():
    made = rows()
    found = repeated_validation(LogisticRegression(), made)
    assert (found.scores["low"] <= found.scores["score"]).all()
    assert 0.6 < found.scores["score"]["roc_auc"] < 0.95
    held_out = pd.DataFrame({"test": [0.7], "from": [0.5], "to": [0.9]}, index=["roc_auc"])
    assert "all 120 rows, ROC AUC is" in describe_repeated(made, found, held_out)
    assert kept(found)["repeated"]["roc_auc"]["score"] > 0.6


def test_no_unit_is_on_both_sides():
    made = rows(each=4, kind="regression")
    apart = repeated_validation(KNeighborsRegressor(1), made).scores["score"]["r2"]
    by_row = repeated_validation(
        KNeighborsRegressor(1), Labelled(made.task, made.X[["mark"]], made.y, made.row)
    ).scores["score"]["r2"]
    assert apart < 0.2 < by_row  # a neighbour of the same unit gives its answer away


def test_numbers_have_scores_too():
    found = repeated_validation(Ridge(), rows(kind="regression"))
    assert 0 < found.scores["score"]["r2"] < 0.9


def test_it_is_for_small_tables_that_are_not_split_by_time():
    assert repeated_validation(Ridge(), rows(500, kind="regression")) is None
    assert repeated_validation(Ridge(), rows(kind="regression", by_time=True)) is None
    alone = rows(20)
    alone.y[:] = "no"
    alone.y[0] = "yes"
    assert repeated_validation(LogisticRegression(), alone) is None
    assert describe_repeated(alone, None, pd.DataFrame()) == ""
    assert kept(None) == {}
