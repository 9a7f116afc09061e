"""Challenge of the lab *Without the helpers*: a pipeline for any table, tried on tables we know.

What the learner's function makes of four sorts of tables tells its faults: one in which much can be
learnt, noise, several rows of each person, and a column that is known only afterwards.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from ..grading import Challenge, first_fault
from ..trial_models import otherwise_alone, unanswered

TOWNS = {"Ash": -3.0, "Birch": -1.0, "Cedar": 0.0, "Elm": 1.0, "Fir": 3.0}  # what a town adds
COMMON = 0.88  # share of the commoner class on noise: what accuracy says there
ON_NOISE = 0.65  # a mean over the tables of noise that luck alone does not reach
PERFECT = 0.97
SEEDS = (1, 2, 3)


def patients(rows: int, seed: int) -> pd.DataFrame:
    """Raw rows in which much can be learnt, half of it from `town`; with gaps, and a late bill."""
    random = np.random.default_rng(seed)
    town = random.choice(list(TOWNS), rows)
    age, pulse = random.normal(50, 15, rows), random.normal(70, 9, rows)
    log_odds = (age - 50) / 10 + pd.Series(town).map(TOWNS).to_numpy() - 0.4
    sick = random.random(rows) < 1 / (1 + np.exp(-log_odds))
    table = pd.DataFrame({"age": age, "town": town, "pulse": pulse})
    table.loc[random.random(rows) < 0.12, "age"] = np.nan
    table.loc[random.random(rows) < 0.05, "town"] = None
    return table.assign(bill=200 * sick + random.normal(20, 5, rows),
                        sick=np.where(sick, "yes", "no"))  # fmt: skip


def noise(seed: int, rows: int = 600, columns: int = 300) -> pd.DataFrame:
    """Columns of noise, a category of many levels, and labels that are independent of both."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.normal(size=(rows, columns))).add_prefix("x")
    late = random.permutation(np.arange(rows) >= COMMON * rows)
    return table.assign(code=random.permutation(np.arange(rows) % 150).astype(str),
                        label=np.where(late, "yes", "no"))  # fmt: skip


def visits(seed: int, people: int = 120, each: int = 3, columns: int = 150) -> pd.DataFrame:
    """Three rows of each person, nearly alike; whether a person is sick has no reason at all."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), each)
    body = random.normal(size=(people, columns))[person]
    table = pd.DataFrame(body + random.normal(0, 0.1, body.shape)).add_prefix("x")
    sick = random.permutation(np.arange(people) % 2)[person]
    shuffled = table.assign(person=[f"p{p}" for p in person], sick=np.where(sick, "yes", "no"))
    return shuffled.sample(frac=1, random_state=seed).reset_index(drop=True)


MADE_FAULTS = {
    "It changes the table that it is given. Work on a copy: others still need theirs.":
        lambda it: not it.table.equals(it.before),
    "Give two things: the fitted model, and its score.": lambda it: (
        not isinstance(it.made, tuple) or len(it.made) != 2
    ),
    "The first thing has no `predict_proba`: a service has to say how likely a yes is.":
        lambda it: not hasattr(it.made[0], "predict_proba"),
    "The second thing is to be one number, a ROC AUC: the mean over the folds.":
        lambda it: not isinstance(it.made[1], Real) or not 0 <= it.made[1] <= 1,
}  # fmt: skip


def examine(fit_and_score, of=None) -> str:
    """The first fault that shows, as a question or a sentence; "" when none does."""
    table = patients(500, seed=1)
    before = table.copy()
    made = fit_and_score(table, "sick", None, ["bill"])
    return (
        first_fault(MADE_FAULTS, table=table, before=before, made=made)
        or _raw_rows(made[0])
        or _learnt(*made)
        or _on_noise(fit_and_score)
        or _on_visits(fit_and_score)
    )


NOT_KNOWN_YET = (
    "It asks for `bill`, which is `not_known` yet when a prediction is needed: the column does not "
    "exist then."
)
OTHERWISE_ALONE = (
    "A row alone is answered otherwise than the same row among others. What does your model learn "
    "from the rows that it is asked about?"
)


def _raw_rows(model) -> str:
    """Whether a row as it comes is answered, and alone as it is among others."""
    rows = patients(40, seed=5).drop(columns=["sick", "bill"])
    cases = {
        "A row as it comes, with a gap or without": rows,
        "One row alone": rows.head(1),
        "A town that training never met": rows.head(3).assign(town="Atlantis"),
    }
    return unanswered(model, cases, {"bill": NOT_KNOWN_YET}) or otherwise_alone(
        model, rows, OTHERWISE_ALONE
    )


CLAIM_FAULTS = {
    "It ranks the wrong way round. Which class has the second column?": lambda it: it.truth < 0.3,
    "On new rows it is no better than a baseline that always says the same.": lambda it: (
        it.truth < 0.55
    ),
    "On new rows its ROC AUC is {truth:.2f}, and more can be learnt. Does it use all columns, the "
    "words as well as the numbers?": lambda it: it.truth < 0.75,
    "You claim {score:.2f}; on new rows it is {truth:.2f}. Was it asked about rows that it has "
    "learnt from, or handed what is not known yet?": lambda it: it.score > PERFECT,
    "You claim {score:.2f}; on new rows it is {truth:.2f}. Which rows were asked?": lambda it: (
        it.score > it.truth + 0.08
    ),
}
NOISE_FAULTS = {
    "On pure noise it is nearly perfect: you ask about rows that it has learnt from.": lambda it: (
        it.score > PERFECT
    ),
    "On pure noise you claim {score:.2f}, the share of the commoner class: that is accuracy. A ROC "
    "AUC is asked for.": lambda it: abs(it.score - COMMON) < 0.02,
    "On pure noise you claim {score:.2f}, where the truth is 0.50. Which step has seen the labels "
    "of the rows that are asked about?": lambda it: it.score > ON_NOISE,
}


def _learnt(model, score: float) -> str:
    """Whether the model beats the baseline by what can be learnt, and claims no more."""
    fresh = patients(2_000, seed=9)
    chance = model.predict_proba(fresh.drop(columns=["sick", "bill"]))[:, 1]
    return first_fault(
        CLAIM_FAULTS, score=score, truth=roc_auc_score(fresh["sick"] == "yes", chance)
    )


def _on_noise(fit_and_score) -> str:
    """Where nothing can be learnt, an honest score is near a half."""
    return first_fault(NOISE_FAULTS, score=_mean_score(fit_and_score, noise, "label", None))


def _on_visits(fit_and_score) -> str:
    """Rows of one person lie on one side; the labels of persons are random."""
    score = _mean_score(fit_and_score, visits, "sick", "person")
    if score > 0.72:
        return (
            f"Each person has several rows, and the labels of persons are random; you claim "
            f"{score:.2f}. Where were the other rows of the persons that you asked about?"
        )
    return ""


def _mean_score(fit_and_score, make, target: str, group: str | None) -> float:
    found = [fit_and_score(make(seed), target, group, [])[1] for seed in SEEDS]
    return float(np.mean(found))


TASK = """
Write `fit_and_score(table, target, group=None, not_known=())`, which
takes any table with two classes and returns a fitted model and its honest score.

- The *model* has `predict_proba`. It takes raw rows: a frame with the table's columns, but without
  `target` and without the columns that `not_known` lists. It survives gaps and unknown categories.
- The *score* is a ROC AUC on rows that the model has not met. If `group` names a column, all rows
  with the same value of it stay on one side.
- Columns in `not_known` are known only after the fact. The table itself is not changed.

It is tried on tables of which we know what can be learnt: much, or nothing.
"""

SOLUTION = """
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def fit_and_score(table, target, group=None, not_known=()):
    X, y = table.drop(columns=[target, *not_known]), table[target]
    groups = range(len(table)) if group is None else table[group]
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(handle_unknown="ignore")
    prepare = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (words, make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(prepare, LogisticRegression(max_iter=1000))
    cut = StratifiedGroupKFold(5, shuffle=True, random_state=42)
    scores = cross_val_score(model, X, y, groups=groups, cv=cut, scoring="roc_auc")
    return model.fit(X, y), scores.mean()
"""

CHALLENGES = {
    "labs.own_table": Challenge(
        TASK,
        examine,
        makes="fit_and_score",
        level="stretch",
        solution=SOLUTION,
        why="Every step that learns is inside the pipeline, the folds keep groups whole, and what "
        "is not known yet was never handed in.",
        hints=(
            "Take out of the frame what the model must not see before anything is fitted. Which "
            "kind of column does each step of a ColumnTransformer need?",
            "A splitter that takes `groups=` also works where each row is a group of its own.",
        ),
    ),
}
