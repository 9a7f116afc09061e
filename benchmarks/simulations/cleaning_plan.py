"""The cleaning plan learns from training rows.

Each repeat draws a table with errors whose truth is known, and sends it through the functions that
stages 2 to 7 call, once as the line does it, and once by a line that has never seen the held-out
rows. What the held-out rows have taught the plan is the difference between the two scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from helpers.clean import cleaning_plan, column_cleaner, training_plan
from helpers.features import feature_plan
from helpers.learning.fold_scores import fold_scores
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.metric_scores import score
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from helpers.pipeline import whole_pipeline
from helpers.split import split_into_parts

from . import Simulation

TASK = Task("y", "binary", ("no", "yes"), "yes")
ABOUT = {"target": "y", "task": "binary"}
AUC = "roc_auc"
MODEL = LogisticRegression(max_iter=500)
MISSPELT = 20  # cells
FEW = 120  # customers of the tables that are drawn often
LEAKED = "held-out AUC of the line minus that of a line without the held-out rows"
RIGHT, WRONGED = "wrong held-out cells put right", "right held-out cells made wrong"
WHOLE = "the same, stage 2's plan for all rows"
FOLDS = ("folds minus held-out, a plan for each fold",
         "folds minus held-out, one plan for all folds",
         "held-out, trained on rows cleaned fold by fold minus by one plan")  # fmt: skip
AMOUNTS = (LEAKED, WHOLE, RIGHT, WRONGED, *FOLDS)


@dataclass(frozen=True)
class Drawn:
    """A table with errors: `raw` rows, labels `y`, how they are split, and what cells should be.

    `truth` has a column for each column with gaps or errors.
    """

    raw: pd.DataFrame
    y: np.ndarray
    choice: dict
    truth: pd.DataFrame


def customers(random, count=400, rows=8, gaps=0.55, strategy="group", levels=6) -> Drawn:
    """Rows of customers, each of one segment that says much of the target; cells of it are lost."""
    segment = random.integers(0, levels, count)
    who = np.repeat(np.arange(count), rows)
    name = pd.Series(who).map("customer {:04d}".format)
    truth = pd.Series(segment[who]).map("segment {}".format)
    raw = pd.DataFrame({"customer": name, "segment": truth.mask(random.random(len(who)) < gaps)})
    raw["spent"] = random.normal(size=len(who)).round(3)
    if strategy == "time":  # customers come and go: most rows of one lie within some weeks
        day = np.repeat(random.integers(0, 300, count), rows) + random.integers(0, 60, len(who))
        raw["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
    odds = 2.0 * (segment[who] % 2) - 1 + 0.5 * raw["spent"]
    column = {"group": "customer", "time": "day"}.get(strategy, "")
    return Drawn(raw, _labels(random, odds), {"strategy": strategy, "column": column},
                 truth.to_frame("segment"))  # fmt: skip


def towns(random, rows=800, count=20, gaps=0.2, strategy="random") -> Drawn:
    """A postcode gives its town in every part; cells of the town are lost."""
    place = random.integers(0, count, rows)
    truth = pd.Series(place).map("town of the saint {:02d}".format)
    raw = pd.DataFrame({"postcode": pd.Series(place).map("p{:05d}".format)})
    raw["town"] = truth.mask(random.random(rows) < gaps)
    raw["customer"] = pd.Series(random.integers(0, rows // 5, rows)).map("c{:05d}".format)
    raw["spent"] = random.normal(size=rows).round(3)
    odds = 2.0 * (place % 2) - 1 + 0.5 * raw["spent"]
    column = "customer" if strategy == "group" else ""
    return Drawn(raw, _labels(random, odds), {"strategy": strategy, "column": column},
                 truth.to_frame("town"))  # fmt: skip


def misspelt(random, rows=2_000, since=0.8) -> Drawn:
    """A typing error of one town, from some share of the rows on: a new clerk, a new form."""
    names = np.array(["Amsterdam", "Rotterdam", "Eindhoven", "Groningen"])
    place = random.integers(0, 4, rows)
    truth = pd.Series(names[place])
    could_be = np.flatnonzero((np.arange(rows) >= since * rows) & (place == 0))
    wrong = np.isin(np.arange(rows), random.choice(could_be, MISSPELT, replace=False))
    raw = pd.DataFrame({"town": truth.mask(wrong, "Amstrdam")})
    raw["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="h")
    raw["spent"] = random.normal(size=rows).round(3)
    odds = 2.0 * (place % 2) - 1 + 0.5 * raw["spent"]
    return Drawn(raw, _labels(random, odds), {"strategy": "time", "column": "day"},
                 truth.to_frame("town"))  # fmt: skip


def _labels(random, odds) -> np.ndarray:
    return np.where(random.random(len(odds)) < 1 / (1 + np.exp(-odds)), "yes", "no").astype(object)


def cut_of(drawn: Drawn, seed: int) -> tuple[dict, dict, Labelled]:
    """Stages 2 to 4 up to the split: the whole plan, the feature plan, the rows with parts."""
    whole = cleaning_plan.draft_plan(drawn.raw, ABOUT)
    X = _cleaned(whole, drawn.raw)
    group = drawn.choice["column"] if drawn.choice["strategy"] == "group" else ""
    out = ",".join(c for c in ("customer", "postcode", "day") if c in X)
    features = feature_plan.plan_features(X, whole, ABOUT, out)
    rows = Labelled(TASK, X, drawn.y, np.arange(len(X)))
    return whole, features, split_into_parts.split_rows(rows, drawn.choice, seed=seed), group


def _cleaned(plan: dict, raw: pd.DataFrame) -> pd.DataFrame:
    return column_cleaner.Cleaner(plan).fit(raw).transform(raw)


def held_out(raw: pd.DataFrame, rows: Labelled, plan: dict, features: dict) -> float:
    """Stages 5 and 6: a model of the training rows, asked about the raw held-out rows."""
    learn, test = rows.of(TRAIN), rows.of(TEST)
    model = whole_pipeline.fit(plan, features, MODEL, learn.X, learn.y)
    said = predict(TASK, model, raw.iloc[test.row])
    return score(TASK, test.y, *said, [AUC])[AUC]


def leaked(random: np.random.Generator, draw) -> dict[str, float]:
    """How much the held-out score gains by held-out rows in the plan; and what the plan repairs."""
    drawn = draw(random)
    whole, features, cut, group = cut_of(drawn, int(random.integers(1 << 30)))
    done = training_plan.clean_by_split(drawn.raw, cut, whole, ABOUT, group=group)
    blind = _blind(drawn, cut, features, group)
    ours = held_out(drawn.raw, done.rows, done.plan or whole, features)
    return {
        LEAKED: ours - blind,
        WHOLE: held_out(drawn.raw, cut, whole, features) - blind,
    } | _repaired(drawn, cut, done.plan or whole)


def flattered(random: np.random.Generator, draw) -> dict[str, float]:
    """How far the score of the folds lies above the held-out one, by two ways to clean them."""
    drawn = draw(random)
    whole, features, cut, group = cut_of(drawn, int(random.integers(1 << 30)))
    done = training_plan.clean_by_split(drawn.raw, cut, whole, ABOUT, group=group)
    plan = done.plan or whole
    ours = held_out(drawn.raw, done.rows, plan, features)
    once = replace(done.rows, X=_cleaned(plan, drawn.raw))
    found = (
        _fold_auc(done.rows, features) - ours,
        _fold_auc(once, features) - ours,
        ours - held_out(drawn.raw, once, plan, features),
    )
    return dict(zip(FOLDS, found, strict=True))


def _blind(drawn: Drawn, cut: Labelled, features: dict, group: str) -> float:
    """The score of a line that gets the training rows alone, and the held-out ones at the end."""
    train = np.flatnonzero(cut.part == TRAIN)
    raw = drawn.raw.iloc[train].reset_index(drop=True)
    whole = cleaning_plan.draft_plan(raw, ABOUT)
    rows = replace(cut.at(train), row=np.arange(len(train)))
    done = training_plan.clean_by_split(raw, rows, whole, ABOUT, group=group)
    model = whole_pipeline.fit(done.plan or whole, features, MODEL, done.rows.X, rows.y)
    test = cut.of(TEST)
    said = predict(TASK, model, drawn.raw.iloc[test.row])
    return score(TASK, test.y, *said, [AUC])[AUC]


def _fold_auc(rows: Labelled, features: dict) -> float:
    return float(
        fold_scores(rows, partial(whole_pipeline.learner, features, MODEL), [AUC]).mean[AUC]
    )


def _repaired(drawn: Drawn, cut: Labelled, plan: dict) -> dict[str, float]:
    """Of the cells of held-out rows that are wrong, the share put right; the share made wrong."""
    at = np.flatnonzero(cut.part == TEST)
    (column,) = drawn.truth.columns
    raw, truth = drawn.raw[column].iloc[at], drawn.truth[column].iloc[at]
    after = _cleaned(plan, drawn.raw.iloc[at])[column]
    wrong, right = (raw != truth).to_numpy(), (after == truth).to_numpy()
    return {
        RIGHT: right[wrong].mean() if wrong.any() else np.nan,
        WRONGED: (~wrong & ~right).mean(),
    }


NOTHING, MOST = (-0.01, 0.01), (0.95, None)
# A repeat takes seconds, and its differences hardly vary
SHORT = {"repeats": 200, "note": "seconds each", "amounts": AMOUNTS}
SIMULATIONS = [
    Simulation(
        "plan: 400 customers x 8 rows, 55 % gaps, split by customer",
        partial(leaked, draw=customers),
        {LEAKED: NOTHING},
        repeats=200,
        quick=2,
        amounts=AMOUNTS,
    )
]
SIMULATIONS += [
    Simulation(name, partial(leaked, draw=draw), {LEAKED: NOTHING} | goals, quick=1, **SHORT)
    for name, draw, goals in (
        (
            "plan: the same, split by time, customers come and go",
            partial(customers, strategy="time"),
            {},
        ),
        (
            "plan: 120 customers x 8 rows, 55 % gaps, split at random",
            partial(customers, count=FEW, strategy="random"),
            {},
        ),
        ("plan: postcodes give towns, split at random", towns, {RIGHT: MOST}),
        (
            "plan: postcodes give towns, split by customer",
            partial(towns, strategy="group"),
            {RIGHT: MOST},
        ),
        ("plan: a typing error of the held-out weeks alone", misspelt, {}),
        ("plan: a typing error of all weeks", partial(misspelt, since=0), {RIGHT: MOST}),
    )
]
SIMULATIONS += [
    Simulation(
        f"folds: {FEW} customers x 8 rows, split {how}",
        partial(flattered, draw=partial(customers, count=FEW, strategy=strategy)),
        quick=1,
        **SHORT,
    )
    for how, strategy in (("by customer", "group"), ("by time", "time"), ("at random", "random"))
]
