"""Surprises: what looks too good in each notebook, why, and both numbers in one small table.

They are about the flights: `pipeline run` leaves their cells out for another table, and a notebook
that is run by itself says so (see `lessons.on_flights`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from ..examples.flights_example import KNOWLEDGE


def memorised_labels(model, X, y, seed: int = 42) -> pd.DataFrame:
    """Training and test accuracy of a model with true labels, and with random labels."""
    from sklearn.base import clone
    from sklearn.model_selection import train_test_split

    shuffled = y.sample(frac=1, random_state=seed).set_axis(y.index)
    rows = {}
    for name, labels in (("true labels", y), ("random labels", shuffled)):
        X_train, X_test, y_train, y_test = train_test_split(
            X, labels, test_size=0.2, random_state=seed, stratify=labels
        )
        fitted = clone(model).fit(X_train, y_train)
        rows[name] = {"train": fitted.score(X_train, y_train), "test": fitted.score(X_test, y_test)}
    return pd.DataFrame(rows).T.map("{:.2f}".format).rename_axis("accuracy with")


def merged_by_similarity(column: pd.Series, similarity: float = 0.85) -> pd.DataFrame:
    """Spellings left and cells changed when values are merged by similarity, and by fingerprint."""
    from difflib import SequenceMatcher

    from ..cells.tidy_text import fingerprint

    counts = column.value_counts()
    ways = {
        f"similar by {similarity:.0%}": lambda a, b: (
            SequenceMatcher(None, a, b).ratio() >= similarity
        ),
        "same fingerprint": lambda a, b: fingerprint(a) == fingerprint(b),
    }
    rows = {"as it came": _merged_row(counts, {value: value for value in counts.index})}
    rows |= {name: _merged_row(counts, _merged(counts, alike)) for name, alike in ways.items()}
    return pd.DataFrame(rows).T.rename_axis("way")


def _merged(counts: pd.Series, alike) -> dict[str, str]:
    """For each value the more frequent one that is alike; itself where there is none."""
    kept: list[str] = []
    into = {}
    for value in counts.index:
        into[value] = next((k for k in kept if alike(k, value)), value)
        kept += [value] if into[value] == value else []
    return into


def _merged_row(counts: pd.Series, into: dict[str, str]) -> dict:
    changed = {a: b for a, b in into.items() if a != b}
    return {
        "spellings": len(set(into.values())),
        "cells changed": int(counts[list(changed)].sum()),
        "for example": next((f"{a} → {b}" for a, b in changed.items()), ""),
    }


def with_the_answer(rows, plan: dict, column: str = "dep_delay") -> pd.DataFrame:
    """The score of a quick model without and with a column that is known only afterwards.

    Both are tried on the folds of the rows that stage 4 will leave for training.
    """
    from ..learning.metric_names import PLAIN_NAMES
    from ..split import split_into_parts, strategy_comparison

    known = KNOWLEDGE["split_strategy"], KNOWLEDGE["time_column"]
    choice = dict(zip(("strategy", "column"), known, strict=True))
    cut = split_into_parts.split_rows(rows, choice, test_from=KNOWLEDGE["test_from"])
    leaky = plan | {"columns": plan["columns"] | {column: "number"}}
    found = {f"without {column}": plan, f"with {column}": leaky}
    metric = rows.task.main_metric
    scores = {name: strategy_comparison.probe_scores(cut, one).mean[metric]
              for name, one in found.items()}  # fmt: skip
    shown = pd.DataFrame({PLAIN_NAMES[metric]: scores}).map("{:.2f}".format)
    return shown.rename_axis(f"folds of {strategy_comparison.probe_rows(cut):,} rows")


def second_turn(rows, plan: dict, seed: int = 42) -> pd.DataFrame:
    """The same model before and after two columns of the timetable are added, on the folds.

    The gain has a 95 % interval: both models answer the same training rows, and whole days are
    left out of both. The held-out flights are not asked again.
    """
    from ..examples import flights_example
    from ..learning.score_intervals import paired_gain

    more = flights_example.from_timetable(rows.X)
    added = plan | {"columns": plan["columns"] | dict.fromkeys(more, "number")}
    wider = replace(rows, X=rows.X.assign(**more))
    before, after = (_quick_answers(wider, features, seed) for features in (plan, added))
    gain = paired_gain(rows.task, before.truth, before.answer, after.answer, unit=before.unit)
    said = f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
    table = {
        "first turn": (f"{before.mean.iloc[0]:.3f}", ""),
        f"second turn: {', '.join(more)}": (f"{after.mean.iloc[0]:.3f}", said),
    }
    columns = ["ROC AUC in the folds", "gain (95 % interval)"]
    return pd.DataFrame(table, index=columns).T.rename_axis("gradient boosting")


def _quick_answers(rows, plan: dict, seed: int):
    """What gradient boosting answers on the folds of the training rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from ..learning.fold_scores import fold_scores
    from ..pipeline import whole_pipeline

    model = HistGradientBoostingClassifier(max_iter=80, random_state=seed)
    made = partial(whole_pipeline.learner, plan, model, seed)
    return fold_scores(rows, made, [rows.task.main_metric])


def selected_before(rows: int = 100, columns: int = 2_000, seed: int = 42) -> pd.DataFrame:
    """Accuracy on pure noise when selecting (and scaling) before the folds, and inside them.

    The labels are random, so the true accuracy is 0.50 (Hastie et al. 2009, section 7.10.2).
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


def describe_iris(scores: dict, std: float, held_out: int, brief: bool = False) -> str:
    """The three figures of the iris pipeline in a sentence."""
    text = (
        f"train {scores['train']:.3f}, test {scores['test']:.3f}, "
        f"five folds {scores['five folds']:.3f} ± {std:.3f}"
    )
    if brief:
        return f"The iris pipeline in a dozen lines: {text}."
    return f"**{text}**. The test score rests on {held_out} flowers."


def eight_dirty_rows() -> pd.DataFrame:
    """A small table with a kind of error in every column, made by hand."""
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
    from ..clean.cleaning_plan import draft_plan
    from ..clean.column_cleaner import Cleaner

    dirty = eight_dirty_rows()
    cleaner = Cleaner(draft_plan(dirty, {"aliases": {"city": {"NY": "New York"}}}))
    return pd.concat({"as they came": dirty, "cleaned": cleaner.fit_transform(dirty)}, axis=1)


def promised_by_unit(known, asked, by_period: pd.DataFrame) -> None:
    """Show the held-out score's interval by rows and by units, and the later months outside each.

    `known` has the task and the units, `asked` the held-out answers (`period_scores.Unseen`),
    `by_period` the scores of the later months and how far each differs from the promise.
    """
    from ..learning.metric_names import PLAIN_NAMES
    from ..learning.score_intervals import score_intervals
    from ..pages import show

    metric, rows, noun = known.task.main_metric, asked.rows, known.units.noun
    found = {
        name: score_intervals(known.task, *rows[:3], unit=unit, metrics=[metric]).loc[metric]
        for name, unit in (("rows", None), (noun, rows.unit))
    }
    half = 1.96 * by_period["standard_error"].median()
    middle = (by_period[metric] - by_period["change"]).median()
    found[f"{noun}, of both"] = {"low": middle - half, "high": middle + half}
    table = pd.DataFrame(found).T[["low", "high"]].astype(float)
    table["outside"] = [int((~by_period[metric].between(*ends)).sum()) for ends in table.to_numpy()]
    said = show.say(_describe_promises(table, PLAIN_NAMES[metric], len(by_period)))
    table = table.rename(columns={"outside": f"of {len(by_period)} later months outside"})
    show.together(said, table.round(3).rename_axis(f"{PLAIN_NAMES[metric]}: noise by"))


def _describe_promises(table: pd.DataFrame, metric: str, months: int) -> str:
    """The three intervals of a promise in a sentence each."""
    rows, units, both = (one for _, one in table.iterrows())
    noun = table.index[1]
    wider = (units["high"] - units["low"]) / (rows["high"] - rows["low"])
    return (
        f"By rows the promise was {metric} {rows['low']:.2f} to {rows['high']:.2f}, and "
        f"**{rows['outside']:.0f} of {months} later months lie outside**. By {noun} it would have "
        f"been {units['low']:.2f} to {units['high']:.2f}, {wider:.1f} times as wide, and "
        f"{units['outside']:.0f} lie outside. A month is a few {noun}, too: with the noise of both "
        f"scores, {both['low']:.2f} to {both['high']:.2f}, **{both['outside']:.0f} lie outside**."
    )
