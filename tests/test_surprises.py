"""Surprises: small tables that show what looks too good, beside what is so."""

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from helpers.course import surprises


def test_a_deep_tree_learns_labels_by_lot_by_heart():
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(200, 3)))
    y = (X[0] > 0).astype(int)
    table = surprises.memorised_labels(DecisionTreeClassifier(random_state=0), X, y)
    assert table["train"].tolist() == ["1.00", "1.00"]
    assert float(table.loc["random labels", "test"]) < 0.7 < float(table["test"].iloc[0])


def test_selecting_before_the_folds_flatters_noise_and_scaling_does_not():
    table = surprises.selected_before(columns=1_000).astype(float)
    assert table.loc["select 20 columns", "before the folds"] > 0.75
    assert table["inside the Pipeline"].between(0.3, 0.7).all()
    assert table.loc["scale"].diff().abs().iloc[1] <= 0.01


def test_readings_hold_their_figures():
    text = surprises.describe_iris({"train": 0.99, "test": 0.97, "five folds": 0.96}, 0.02, 30)
    assert "0.970" in text and "30 flowers" in text
