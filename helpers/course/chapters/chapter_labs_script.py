"""Check and challenge of the lab *From a messy script to a pipeline*: a script to be repaired."""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from ..grading import Challenge, Choice
from ..trial_models import otherwise_alone, unanswered

SEEDS = (1, 2, 3)
ON_NOISE = 0.6  # a mean over shuffled tables that luck alone does not reach
TWO_VERSIONS = "A row alone is answered otherwise than among others: two versions of one step."


def orders(rows: int, seed: int, noise: bool = False) -> pd.DataFrame:
    """Orders of a shop, by `shop` (many), `price` with gaps and `weekday`; were they returned?

    The price decides half of it, the day some, the shop nothing. With `noise`, nothing does.
    """
    random = np.random.default_rng(seed)
    price, weekday = random.lognormal(3, 0.6, rows), random.integers(0, 7, rows)
    chance = 1 / (1 + np.exp(-(2 * (np.log(price) - 3) + (weekday >= 5) - 0.3)))
    table = pd.DataFrame({"shop": [f"s{n}" for n in random.integers(0, rows // 4, rows)],
                          "price": price, "weekday": weekday,
                          "returned": random.random(rows) < chance})  # fmt: skip
    table.loc[random.random(rows) < 0.15, "price"] = np.nan
    if noise:
        table["returned"] = random.permutation(table["returned"])
    return table


def examine(train, of=None) -> str:
    """The first fault that shows; "" when none does."""
    table = orders(800, seed=4)
    before = table.copy()
    made = train(table)
    if not table.equals(before):
        return "It changes the table that it is given: a second run would begin from another one."
    if not isinstance(made, tuple) or len(made) != 2 or not hasattr(made[0], "predict_proba"):
        return "Give two things: a model with `predict_proba`, and its score."
    if not isinstance(made[1], Real):
        return "The score is to be one number."
    return _raw_rows(made[0]) or _two_runs(train, table, made) or _noise(train) or _worth(*made)


def _raw_rows(model) -> str:
    """Whether raw rows are answered, one alone as it is among others."""
    rows = orders(60, seed=6).drop(columns="returned")
    asked = {
        "A gap in the price": rows[rows["price"].isna()].head(1),
        "A shop that training never met": rows.head(1).assign(shop="new"),
        "A raw row": rows.head(1),
    }
    return unanswered(model, asked) or otherwise_alone(model, rows, TWO_VERSIONS)


def _two_runs(train, table: pd.DataFrame, first: tuple) -> str:
    """Whether a second run gives the same."""
    model, score = train(table.copy())
    if score != first[1]:
        return f"Two runs claim {first[1]:.4f} and {score:.4f}. What draws numbers without a seed?"
    rows = orders(60, seed=6).drop(columns="returned")
    if not np.array_equal(model.predict_proba(rows), first[0].predict_proba(rows)):
        return "The score is the same twice, and the models are not. What else draws numbers?"
    return ""


def _noise(train) -> str:
    """Where nothing can be learnt, an honest score is near a half."""
    score = float(np.mean([train(orders(800, seed, noise=True))[1] for seed in SEEDS]))
    if score > 0.97:
        return "On shuffled labels it is nearly perfect: it is asked about rows it has learnt from."
    if score > ON_NOISE:
        return (
            f"On shuffled labels you claim {score:.2f}, where nothing can be learnt. Which step is "
            "fitted on rows that are asked about later?"
        )
    return ""


def _worth(model, score: float) -> str:
    """Whether it still learns what can be learnt, and claims what it is worth."""
    fresh = orders(2_000, seed=8)
    chance = model.predict_proba(fresh.drop(columns="returned"))[:, 1]
    truth = roc_auc_score(fresh["returned"], chance)
    if truth < 0.65:
        return f"On new orders its ROC AUC is {truth:.2f}: less can be learnt than before. Why?"
    if abs(score - truth) > 0.1:
        return f"You claim {score:.2f}; on new orders it is {truth:.2f}. Is it a ROC AUC?"
    return ""


TASK = """
Repair this script.

```python
def train(orders):
    orders["price"] = orders["price"].fillna(orders["price"].mean())
    orders["shop"] = orders["shop"].map(orders.groupby("shop")["returned"].mean())
    columns = ["shop", "price", "weekday"]
    X_train, X_test, y_train, y_test = train_test_split(orders[columns], orders["returned"])
    model = RandomForestClassifier(min_samples_leaf=10).fit(X_train, y_train)
    return model, roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])

def answer(model, order):                               # the service
    row = {"shop": 0.5, "price": order["price"] or 0, "weekday": order["weekday"]}
    return model.predict_proba(pd.DataFrame([row]))[0, 1]
```

Your `train(orders)` returns a model that takes *raw* orders, as a frame without `returned`, and a
score that is honest. Two runs give the same, and the table that is handed in stays as it is. Keep
a ROC AUC, and the shop as a feature if you like.
"""

SOLUTION = """
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder


def train(orders):
    learn, test = train_test_split(orders, random_state=42)
    encoder = TargetEncoder(cv=KFold(5, shuffle=True, random_state=42))
    steps = make_column_transformer((encoder, ["shop"]), (SimpleImputer(), ["price", "weekday"]))
    model = make_pipeline(steps, RandomForestClassifier(min_samples_leaf=10, random_state=42))
    model.fit(learn.drop(columns="returned"), learn["returned"])
    chance = model.predict_proba(test.drop(columns="returned"))[:, 1]
    return model, roc_auc_score(test["returned"], chance)
"""

CHALLENGES = {
    "labs.script": Challenge(
        TASK,
        examine,
        makes="train",
        level="core",
        solution=SOLUTION,
        why="One object takes raw rows, learns from training rows alone, and is the same tomorrow.",
        hints=(
            "Split first: then no step that is fitted later can see the held-out rows.",
            "Look for all that draws numbers: the split, the forest, and the folds that an encoder "
            "makes for itself.",
        ),
    ),
}

QUESTIONS = {
    "labs.which_test": Choice(
        "A script fits the scaler, the encoder of categories by mean label and the model on the "
        "training rows, all seeded. The service scales by the mean of the rows of the last hour. "
        "Which of the three tests fails?",
        {
            "a": "The one that asks for the same twice.",
            "b": "The one that asks the service, too.",
            "c": "The one that shuffles the labels.",
        },
        "b",
        "The mean of the last hour is another transformation than the one that training fitted.",
        {
            "a": "What in the script draws numbers without a seed?",
            "c": "Which step has seen the labels of rows that are asked about?",
        },
        hints=(
            "Go through the tests: what does each of them compare with what?",
            "Where do two numbers stand for what should be one?",
        ),
    ),
}
