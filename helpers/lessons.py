"""Lessons: quick checks that are graded offline, and what a lesson says on another table.

A check is correct, incorrect or not attempted. A wrong answer gets the reason why it is wrong,
never the solution; an untouched one stops nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from IPython.display import Markdown

from .errors import InputError, nearest
from .flights import KNOWLEDGE
from .line import FLIGHTS
from .show import say


@dataclass(frozen=True)
class Check:
    """A multiple-choice question; `why_not` holds, for each wrong option, its misconception."""

    question: str
    options: dict[str, str]
    right: str
    why: str
    why_not: dict[str, str]


CHECKS = {
    "line": Check(
        "Why is the line cut into stations that hand on files, and not one long script?",
        {
            "a": "It runs faster.",
            "b": "A station that breaks is noticed at once and by name, and can run again alone.",
            "c": "scikit-learn asks for it.",
        },
        "b",
        "Each station checks what it was handed and stamps the ledger.",
        {
            "a": "Writing and reading files costs time; what is it that one gets for it?",
            "c": "scikit-learn knows nothing of files; the reason lies in how work goes wrong.",
        },
    ),
    "collection": Check(
        "Two labellers judged the same 35 spellings. Why is their agreement given as Cohen's "
        "kappa, not as the share of equal labels?",
        {
            "a": "Kappa takes away the agreement that chance alone would give.",
            "b": "Kappa is always larger.",
            "c": "The share needs more than two labellers.",
        },
        "a",
        "Where one label is common, two labellers who guess agree often; kappa discounts that.",
        {
            "b": "Kappa is never above the share of equal labels; compare the two.",
            "c": "A share of equal labels can be counted for two; what does it flatter?",
        },
    ),
    "cleaning": Check(
        "A value looks wrong, but you are not sure. What does this line do with it?",
        {
            "a": "It is set to the column's mean.",
            "b": "The row is deleted.",
            "c": "It stays, and is written on a review list for a person.",
        },
        "c",
        "A repair that is not surely right is a person's decision; silent ones do most damage.",
        {
            "a": "That replaces one doubtful value by another, and leaves no doubt on record.",
            "b": "That also throws away the sound cells of the row.",
        },
    ),
    "features": Check(
        "Why is dep_delay, the best predictor by far, left out?",
        {
            "a": "It has missing values.",
            "b": "It is known only after the flight has left, when the prediction is of no use.",
            "c": "It correlates with the target, and correlated columns are bad.",
        },
        "b",
        "Ask of each column: is it known when the prediction is made?",
        {
            "a": "Many columns in use have gaps, too; those are filled.",
            "c": "Saying something about the target is what features are for. Think of *when*.",
        },
    ),
    "split": Check(
        "The model will be asked about next month's flights. Which rows should be held out?",
        {
            "a": "The latest ones.",
            "b": "Random ones: they are the most representative.",
            "c": "None: all rows help training.",
        },
        "a",
        "Hold out what is to the training rows as production will be.",
        {
            "b": "Random rows sit between training rows of the same day. Does production?",
            "c": "Then nothing is left to tell whether the model has learnt or memorised.",
        },
    ),
    "leakage": Check(
        "Why does scikit-learn's Pipeline matter for preventing data leakage?",
        {
            "a": "It encrypts the test rows.",
            "b": "It fits every step on the training rows of each fold alone, and only applies "
            "it to the others.",
            "c": "It removes columns that leak.",
        },
        "b",
        "What learns from data (filling, scaling, encoding) is fitted inside the fold, each time.",
        {
            "a": "Nothing is hidden by it; think of *what is fitted on which rows*.",
            "c": "It can't know which columns leak: that was the work of stage 3.",
        },
    ),
    "evaluation": Check(
        "The model's accuracy is hardly above the baseline's. Is it useless?",
        {
            "a": "Yes: accuracy is what counts.",
            "b": "No: when one class is common, a model that finds the rare one may lose accuracy.",
            "c": "It can't be told before deployment.",
        },
        "b",
        "Look at recall and precision of the class you are after, and at the ranking (AUC).",
        {
            "a": "Always saying no would have that accuracy, too, and find not one late flight.",
            "c": "The held-out rows tell; which figure would you ask them for?",
        },
    ),
    "deployment": Check(
        "Why does the service take raw rows, and not rows that are cleaned already?",
        {
            "a": "So that the same cleaning and features run in training and in service.",
            "b": "Because JSON can't hold cleaned rows.",
            "c": "Raw rows are smaller.",
        },
        "a",
        "A second road to a prediction is a second place to go wrong, silently.",
        {
            "b": "JSON could; who would do the cleaning then, with which code?",
            "c": "They are of the same size; think of who else would have to clean.",
        },
    ),
    "monitoring": Check(
        "A column has drifted, but the model scores as well as ever. What now?",
        {
            "a": "Retrain at once.",
            "b": "Take a look at the column, and keep the model.",
            "c": "Switch monitoring off: it raises false alarms.",
        },
        "b",
        "Drift is a reason to look; a score that falls is a reason to retrain.",
        {
            "a": "A retrained model may be worse. What would it mend?",
            "c": "The column did move; next time the score may follow.",
        },
    ),
}


def check(name: str, answer: str = "") -> Markdown:
    """Show a quick check and, when an answer is given, whether it is right, and why (not)."""
    if name not in CHECKS:
        raise InputError(f"There is no check '{name}'. {nearest(name, CHECKS)}")
    asked = CHECKS[name]
    options = "\n".join(f"- **{key}** {text}" for key, text in asked.options.items())
    return say(f"**{asked.question}**", options, grade(asked, answer))


def grade(asked: Check, answer: str) -> str:
    """The verdict on an answer, as a sentence.

    >>> grade(CHECKS["split"], "")
    '*Not attempted.* Write the letter of your answer into the cell above and run it.'
    """
    answer = answer.strip().casefold()
    if not answer:
        return "*Not attempted.* Write the letter of your answer into the cell above and run it."
    if answer == asked.right:
        return f"*Correct.* {asked.why}"
    if answer in asked.why_not:
        return f"*Incorrect.* {asked.why_not[answer]}"
    return f"*Not an answer:* write {', '.join(asked.options)}."


# --- Surprises: what looks too good, and what it is ----------------------------------------------
# Each gives a small table with both numbers. They are about the flights: `pipeline run` leaves
# their cells out for another table, and a notebook that is run by itself says so.


def on_flights(work, show):
    """What a lesson shows, when the run is about the flights; otherwise a sentence.

    `work` is the open stage, `show` a function without arguments.
    """
    of_flights = work.parameters.get("data", FLIGHTS if work.run.is_flights else "") == FLIGHTS
    return show() if of_flights else say("*This lesson is about the flights, not your table.*")


def memorised_labels(model, X, y, seed: int = 42) -> pd.DataFrame:
    """Training and test accuracy of a model with true labels, and with labels drawn by lot."""
    from sklearn.base import clone
    from sklearn.model_selection import train_test_split

    lots = y.sample(frac=1, random_state=seed).set_axis(y.index)
    rows = {}
    for name, labels in (("true labels", y), ("labels by lot", lots)):
        X_train, X_test, y_train, y_test = train_test_split(
            X, labels, test_size=0.2, random_state=seed, stratify=labels
        )
        fitted = clone(model).fit(X_train, y_train)
        rows[name] = {"train": fitted.score(X_train, y_train), "test": fitted.score(X_test, y_test)}
    return pd.DataFrame(rows).T.map("{:.2f}".format).rename_axis("accuracy with")


def delivered_twice(flights: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Rows and share of late flights when the planes' file is delivered twice and joined."""
    twice = pd.concat([planes, planes])[["tailnum", "seats"]]
    plain = flights[["tailnum", "late"]]
    joined = plain.merge(twice, on="tailnum", how="left")
    checked = plain.merge(twice.drop_duplicates(), on="tailnum", how="left", validate="m:1")
    rows = {
        "before the join": plain,
        "joined without a look": joined,
        "joined, many to one": checked,
    }
    return pd.DataFrame(
        {
            name: {"rows": f"{len(t):,}", "late": f"{t['late'].mean():.1%}"}
            for name, t in rows.items()
        }
    ).T.rename_axis("table")


def merged_by_likeness(column: pd.Series, likeness: float = 0.85) -> pd.DataFrame:
    """Spellings left and cells changed when values are merged by likeness, and by fingerprint."""
    from difflib import SequenceMatcher

    from .values import fingerprint

    counts = column.value_counts()

    def merge(alike) -> dict[str, str]:
        kept: list[str] = []
        return {
            v: next((k for k in kept if alike(k, v)), None) or kept.append(v) or v
            for v in counts.index
        }

    ways = {
        f"alike by {likeness:.0%}": lambda a, b: SequenceMatcher(None, a, b).ratio() >= likeness,
        "same fingerprint": lambda a, b: fingerprint(a) == fingerprint(b),
    }
    rows = {"as it came": {"spellings": len(counts), "cells changed": 0, "for example": ""}}
    for name, alike in ways.items():
        into = merge(alike)
        changed = {a: b for a, b in into.items() if a != b}
        first = next((f"{a} → {b}" for a, b in changed.items()), "")
        cells = int(counts[list(changed)].sum())
        rows[name] = {
            "spellings": len(set(into.values())),
            "cells changed": cells,
            "for example": first,
        }
    return pd.DataFrame(rows).T.rename_axis("way")


def with_the_answer(rows, plan: dict, column: str = "dep_delay") -> pd.DataFrame:
    """The score of a quick model without and with a column that is known only afterwards."""
    from . import split as station
    from .metrics import PLAIN_NAMES

    known = KNOWLEDGE["split_strategy"], KNOWLEDGE["time_column"]
    choice = dict(zip(("strategy", "column"), known, strict=True))
    cut = station.split_rows(rows, choice, test_from=KNOWLEDGE["test_from"])
    leaky = plan | {"columns": plan["columns"] | {column: "number"}}
    scores = {
        f"without {column}": station.probe_score(cut, plan),
        f"with {column}": station.probe_score(cut, leaky),
    }
    name = PLAIN_NAMES[rows.task.main_metric]
    shown = pd.DataFrame({name: scores}).map("{:.2f}".format)
    return shown.rename_axis(f"learnt from {station.probe_rows(cut):,} rows")


def calendar_parts(rows, plan: dict, comparison: pd.DataFrame, choices, **options) -> pd.DataFrame:
    """The score of a quick model without and with the day of the year, split by split.

    `comparison` has the scores without it already (see `split.compare_strategies`).
    """
    from . import split as station

    column = next(c for c in choices if c["strategy"] == "time")["column"]
    day = rows.X.assign(day_of_year=rows.X[column].dt.day_of_year)
    with_day = plan | {"columns": plan["columns"] | {"day_of_year": "number"}}
    more = station.compare_strategies(replace(rows, X=day), with_day, choices, **options)
    table = {"without the day of the year": comparison.iloc[:, -1], "with it": more.iloc[:, -1]}
    names = {station.name_of(choice): f"{choice['strategy']} split" for choice in choices}
    shown = pd.DataFrame(table).rename(index=names).map("{:.2f}".format)
    return shown.rename_axis("ROC AUC under a")


def second_turn(rows, plan: dict, seed: int = 42) -> pd.DataFrame:
    """The same model on held-out flights before and after two columns of the timetable are added.

    The gain has a 95 % interval: both models are asked the same drawn rows (paired bootstrap).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    from . import flights, pipeline
    from .task import drawn_scores, predict, score

    more = flights.from_timetable(rows.X)
    added = plan | {"columns": plan["columns"] | dict.fromkeys(more, "number")}
    wider = replace(rows, X=rows.X.assign(**more))
    learn, test, metric = wider.of("train"), wider.of("test"), rows.task.main_metric
    said = []
    for features in (plan, added):
        model = HistGradientBoostingClassifier(max_iter=80, random_state=seed)
        fitted = pipeline.learner(features, model, seed).fit(learn.X, learn.y)
        said.append(predict(rows.task, fitted, test.X))
    before, after = (score(rows.task, test.y, *one, [metric])[metric] for one in said)
    drawn = drawn_scores(rows.task, test.y, said, 200, seed, [metric])
    low, high = (drawn[1][metric] - drawn[0][metric]).quantile([0.025, 0.975])
    table = {
        "first turn": {"ROC AUC": f"{before:.3f}", "gain (95 % interval)": ""},
        f"second turn: {', '.join(more)}": {
            "ROC AUC": f"{after:.3f}",
            "gain (95 % interval)": f"{after - before:+.3f} ({low:+.3f} to {high:+.3f})",
        },
    }
    return pd.DataFrame(table).T.rename_axis("gradient boosting")


def selected_before(rows: int = 100, columns: int = 2_000, seed: int = 42) -> pd.DataFrame:
    """Accuracy on pure noise when selecting (and scaling) before the folds, and inside them.

    The labels are drawn by lot, so the truth is 0.50 (Hastie et al. 2009, section 7.10.2).
    """
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    random = np.random.default_rng(seed)
    X, y = random.normal(size=(rows, columns)), np.arange(rows) % 2
    model, select, scale = LogisticRegression(), SelectKBest(k=20), StandardScaler()

    def accuracy(estimator, data) -> str:
        return f"{cross_val_score(estimator, data, y, cv=5).mean():.2f}"

    inside = accuracy(make_pipeline(scale, select, model), X)
    table = {
        "select 20 columns": [accuracy(model, select.fit_transform(X, y)), inside],
        "scale": [accuracy(make_pipeline(select, model), scale.fit_transform(X)), inside],
    }
    names = ["before the folds", "inside the Pipeline"]
    return pd.DataFrame(table, index=names).T.rename_axis("step, on pure noise")


def second_road(bundle, raw: pd.DataFrame) -> pd.DataFrame:
    """What a service that does its own cleaning answers: gaps as 0, spellings as they come."""
    from .task import predict

    used = list(bundle.fields)
    numbers = [c for c in used if bundle.fields[c]["kind"] == "number"]
    own = raw[used].assign(**{c: pd.to_numeric(raw[c], errors="coerce").fillna(0) for c in numbers})
    own = own.assign(
        **{c: pd.to_datetime(own[c]) for c in used if bundle.fields[c]["kind"] == "date"}
    )
    truth, _ = predict(bundle.task, bundle.model, raw)
    chance = bundle.model.predict_proba(raw)[:, 1]
    rows = {}
    for name, model, X in (
        ("the same pipeline", bundle.model, raw),
        ("its own cleaning", bundle.model[1:], own),
    ):
        apart = np.abs(model.predict_proba(X)[:, 1] - chance).max()
        other = (model.predict(X) != truth).mean()
        rows[name] = {"other answers": f"{other:.1%}", "largest difference": f"{apart:.2f}"}
    return pd.DataFrame(rows).T.rename_axis("service with")


def read_iris(scores: dict, spread: float, held_out: int, brief: bool = False) -> str:
    """The three figures of the iris pipeline in a sentence."""
    text = (
        f"train {scores['train']:.3f}, test {scores['test']:.3f}, "
        f"five folds {scores['five folds']:.3f} ± {spread:.3f}"
    )
    if brief:
        return f"The iris pipeline in a dozen lines: {text}."
    return f"**{text}**. The test score rests on {held_out} flowers."


def differing_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """The spellings that two labellers took for different makers."""
    return labels[labels["labeller_a"] != labels["labeller_b"]].set_index("spelling")


def read_agreement(labels: pd.DataFrame) -> str:
    """How far two labellers agree, in a sentence."""
    from .collect import agreement

    kappa = agreement(labels)
    same = int((labels["labeller_a"] == labels["labeller_b"]).sum())
    return (
        f"They agree on **{same} of {len(labels)}** spellings; **Cohen's kappa is {kappa:.2f}**. "
        f"The {labels['settled'].nunique()} makers that are left are settled in a third column."
    )


def eight_dirty_rows() -> pd.DataFrame:
    """A small table with a kind of mess in every column, planted by hand."""
    return pd.DataFrame(
        {
            "city": ["New York", "new york", " New  York", "NY", "York, New", "Newark", "N/A",
                     "New York"],
            "weight": ["3 kg", "4.5kg", "1,200 kg", "-", "7 kg", "unknown", "2 kg", "6 kg"],
            "paid": ["yes", "No", "Y", "no", "", "YES", "n", "yes"],
            "day": ["2013-02-12", "2013-03-01", "n/a", "31.12.2013", "2013-01-09", "2013-05-05",
                    "01.02.2013", "2013-06-30"],
        }
    )  # fmt: skip


def eight_rows_cleaned() -> pd.DataFrame:
    """The eight dirty rows and, to their right, what the cleaner makes of them."""
    from .clean import Cleaner
    from .plans import draft_plan

    dirty = eight_dirty_rows()
    cleaner = Cleaner(draft_plan(dirty, {"aliases": {"city": {"NY": "New York"}}}))
    return pd.concat({"as they came": dirty, "cleaned": cleaner.fit_transform(dirty)}, axis=1)


def alarms(production, by_period: pd.DataFrame, metrics: dict, time_column: str) -> pd.DataFrame:
    """Columns that drift in each period, beside the score there and the one that was promised."""
    from . import monitor
    from .metrics import PLAIN_NAMES

    metric = metrics["main_metric"]
    name = PLAIN_NAMES[metric]
    table = {"held out": {"columns that drift": "", name: metrics["test"][metric]}}
    for period, row in by_period.iterrows():
        chosen = production.period == period
        month = replace(production, X=production.X[chosen].reset_index(drop=True))
        count = int(monitor.column_drift(month, time_column)["drifts"].sum())
        table[period] = {"columns that drift": str(count), name: row[metric]}
    shown = pd.DataFrame(table).T.rename_axis("period")
    return shown.assign(**{name: shown[name].map("{:.2f}".format)})
