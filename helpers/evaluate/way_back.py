"""The way back: for each stage that one could go back to, what speaks for it.

A gap between training and held-out score is no evidence for a simpler model: a forest knows its
training rows by heart and may still be the best. What speaks for one is that it does as well on the
same folds.
"""

from __future__ import annotations

import pandas as pd

from ..learning.labelled_data import Labelled
from ..learning.metric_names import PLAIN_NAMES, shown_score
from ..learning.task_kind import Task
from .learning_curves import describe_learning_curve, more_rows_help

STATIONS = {1: "collect more rows", 2: "clean", 3: "features", 5: "a simpler model"}
NOT_KEPT = {"as_good": False, "reading": "what simpler models scored was not kept"}


def next_steps(
    task: Task, scores: pd.DataFrame, learn: Labelled, curve: pd.DataFrame, worst: pd.DataFrame,
    training: dict,
) -> pd.DataFrame:  # fmt: skip
    """For each stage one could go back to, the evidence, and whether it points there.

    `curve` is the learning curve, `worst` the groups that are served worse, `training` the content
    of `training.json`. A row per stage number, the ones that evidence points to first: `station`,
    `evidence`, `go back` ("yes" or "no").
    """
    more_rows, simpler = more_rows_help(curve), training.get("simpler") or NOT_KEPT
    evidence = {
        1: (describe_learning_curve(task, curve).replace("**", ""), more_rows),
        2: _missing_evidence(learn, worst),
        3: _features_evidence(task, scores.loc[task.main_metric], more_rows),
        5: (simpler["reading"], simpler["as_good"]),
    }
    table = pd.DataFrame(
        {
            "station": [f"{number} ({STATIONS[number]})" for number in evidence],
            "evidence": [text for text, _ in evidence.values()],
            "go back": ["yes" if points else "no" for _, points in evidence.values()],
        },
        index=pd.Index(evidence, name="number"),
    )
    return table.sort_values("go back", ascending=False, kind="stable")


def _features_evidence(task: Task, row: pd.Series, more_rows: bool) -> tuple[str, bool]:
    """Columns are what is left where more rows of the same kind win nothing that can be shown."""
    metric = task.main_metric
    train, test = (shown_score(metric, row[name]) for name in ("train", "test"))
    text = f"{PLAIN_NAMES[metric]} is {train} on training rows and {test} on held-out ones"
    if more_rows:
        return f"{text}; more rows come first", False
    text = f"{text}; more rows like these win nothing that shows"
    return f"{text}, so better columns are the first thing to try", True


def _missing_evidence(learn: Labelled, worst: pd.DataFrame) -> tuple[str, bool]:
    """How many training cells are empty, and whether a group with empty cells is served worse."""
    empty = float(learn.X.isna().mean().mean())
    hurt = [group for group in worst.index if group.endswith(" is empty")]
    text = f"{empty:.0%} of the training cells are empty"
    if hurt:
        return f"{text}, and rows where {hurt[0]} are served worse", True
    return f"{text}; no group with missing cells is shown to be served worse", False


def describe_next_steps(table: pd.DataFrame, passed: bool) -> str:
    """Which stations to go back to, as Markdown; for a model that passes, where to gain more."""
    pointed = table[table["go back"] == "yes"]
    steps = "\n".join(
        f"- **stage {row['station'].replace(' (', '** (', 1)}: {row['evidence'].rstrip('.')}."
        for _, row in pointed.iterrows()
    )
    if passed:
        return f"To make it better still:\n\n{steps}" if steps else ""
    return f"Where to go from here:\n\n{steps}" if steps else ""
