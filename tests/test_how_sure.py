"""Stage 6 says how sure answers are, on held-out rows, by unit, and for the worst group."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.answers.certainty import learn_certainty
from helpers.answers.fold_answers import FoldAnswers
from helpers.evaluate import how_sure
from helpers.learning.task_kind import Task

NUMBER = Task("y", "regression")


def numbers(rows: int = 800, unit=None) -> how_sure.HowSure:
    """Held-out rows of which those of the town Oslo are noisier than the model can know."""
    random = np.random.default_rng(0)
    rows_of = FoldAnswers(random.normal(size=rows), np.zeros(rows), np.arange(rows), np.zeros(rows))
    sure = learn_certainty(NUMBER, rows_of)
    town = np.resize(["Oslo", "Rome", "Lima"], rows)
    truth = random.normal(size=rows) * np.where(town == "Oslo", 2, 1)
    X, none = pd.DataFrame({"town": town}), np.empty((rows, 0))
    return how_sure.HowSure(NUMBER, sure, truth, (np.zeros(rows), None), none, X, ["town"], unit)


def test_the_group_that_is_covered_least_is_named():
    found = numbers()
    assert found.slices.index[:2].tolist() == ["all rows", "town = Oslo"]
    said = how_sure.describe(found)
    assert "Least is covered where town = Oslo" in said and "shown to be less" in said
    assert "like the 800 rows" in said


def test_coverage_is_by_unit():
    plain = numbers()
    by_unit = numbers(unit=np.repeat(np.arange(8).astype(str), 100))
    wide = [one.slices.iloc[0]["to"] - one.slices.iloc[0]["from"] for one in (plain, by_unit)]
    assert wide[0] > 0 and wide[1] != pytest.approx(wide[0])


def test_what_is_kept_is_json_and_pictures_are_drawn():
    found = numbers()
    kept = json.loads(json.dumps(how_sure.content(found)))
    assert kept["worst_group"]["group"] == "town = Oslo" and kept["rows"] == 800
    assert "Intervals of 60" in how_sure.drawn(found).title


def test_classes_have_sets_and_the_cost_of_a_person():
    random = np.random.default_rng(0)
    task, p = Task("y", "binary", ("no", "yes"), "yes"), random.random(2_000)
    probability = np.column_stack([1 - p, p])
    truth = np.where(random.random(2_000) < p, "yes", "no").astype(object)
    sure = learn_certainty(task, FoldAnswers(truth, probability, np.arange(2_000), np.zeros(2_000)))
    said = np.array(task.classes)[probability.argmax(axis=1)]
    X = pd.DataFrame({"x": p})
    found = how_sure.HowSure(task, sure, truth, (said, probability), None, X, ["x"])
    table = found.abstention
    assert table.index.tolist() == ["20%", "10%", "5%", "2%", "1%"]
    assert table["to a person"].is_monotonic_increasing
    assert "leaves" in how_sure.describe_abstention(found)
    kept = json.loads(json.dumps(how_sure.content(found)))
    assert len(kept["abstention"]) == 5 and 1 <= kept["mean_set_size"] <= 2
    assert "Sizes of the sets" in how_sure.drawn(found).title
