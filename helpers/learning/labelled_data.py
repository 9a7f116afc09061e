"""The rows that can be learnt from: which are for training, which are held out, and the folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from .task_kind import Task, encode, find_task, with_metric

TRAIN, TEST, GAP = "train", "test", "gap"
# Written by stage 4 where the plan of the training rows cleans some row otherwise than stage 2's
TRAINING_PLAN, CLEANED_BY_SPLIT = "cleaning_training.yaml", "clean_training"
NEVER = -1  # the fold of a row that is never validated on


@dataclass(frozen=True)
class Labelled:
    """n cleaned rows with their labels and, once they are split, their parts and folds.

    `row` is the position of each row in `raw.parquet`; rows with the same number in `alike` are
    taken for records of the same thing (near duplicates). Under a time split `ready` is the first
    fold that may learn from a row: without a gap, the one after its own.
    """

    task: Task
    X: pd.DataFrame
    y: np.ndarray
    row: np.ndarray
    alike: np.ndarray | None = None
    part: np.ndarray | None = None
    fold: np.ndarray | None = None
    by_time: bool = False
    ready: np.ndarray | None = None

    def of(self, part: str) -> Labelled:
        """The rows of one part, "train" or "test"."""
        return self.at(np.flatnonzero(self.part == part))

    def at(self, positions: np.ndarray) -> Labelled:
        """The rows at some positions; they are split already."""
        X = self.X.iloc[positions].reset_index(drop=True)
        kept = (
            None if values is None else values[positions]
            for values in (self.y, self.row, self.alike, self.part, self.fold, self.ready)
        )
        *others, ready = kept
        return Labelled(self.task, X, *others, self.by_time, ready)

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions to train on and to validate on, fold by fold.

        Under a time split a fold is validated by a model that has seen earlier rows only.
        """
        ready = self.fold + 1 if self.ready is None else self.ready
        for number in range(self.fold.max() + 1):
            earlier = ready <= number if self.by_time else self.fold != number
            yield np.flatnonzero(earlier), np.flatnonzero(self.fold == number)


def evenly_spaced_positions(y: np.ndarray, count: int) -> np.ndarray:
    """The positions of up to so many rows, evenly spread; classes (or numbers) keep their shares.

    The first and the last class are always there, so two classes stay two classes.

    >>> evenly_spaced_positions(np.array(["no"] * 8 + ["yes"]), 3)
    array([0, 4, 8])
    """
    order = np.argsort(y, kind="stable")
    return np.sort(order[evenly_spaced(len(y), count)])


def labelled_rows(work) -> Labelled:
    """The cleaned rows of a run and, when stage 4 has run, its split. `work` is an open stage."""
    clean = work.read_table("clean")
    aside = work.read_table("quarantine")["row"].to_numpy()
    row = np.setdiff1d(np.arange(len(clean) + len(aside)), aside)
    target = work.about["target"]
    task = find_task(clean[target], target, work.about["task"])
    if work.stage.number > 5:  # what stage 5 decided by is what its model is judged by
        task = with_metric(task, work.read_json("training.json")["metric"])
    X, y = clean.drop(columns=target), encode(clean[target], task)
    alike = near_duplicate_groups(row, work.read_table("duplicates"))
    if work.stage.number <= 4:
        return Labelled(task, X, y, row, alike)
    split = work.read_table("split")
    strategy = work.read_json("split.json")["strategy"]
    if not np.array_equal(split["row"].to_numpy(), row):
        raise ValueError("The split belongs to other rows: run stage 4 again.")
    if has_training_plan(work):
        X = work.read_table(CLEANED_BY_SPLIT)
    part, fold = split["part"].to_numpy(dtype=object), split["fold"].to_numpy()
    ready = split["ready"].to_numpy() if "ready" in split else None
    return Labelled(task, X, y, row, alike, part, fold, strategy == "time", ready)


def has_training_plan(work) -> bool:
    """Whether stage 4 cleaned the rows by a plan learnt from the training rows alone.

    It did not where that plan changes no cell (or in a run of before there was one).
    """
    return work.read_json("split.json").get("cleaning") == TRAINING_PLAN


def training_plan(work) -> dict:
    """The cleaning plan that has learnt from training rows alone. `work` is an open stage."""
    return work.read_yaml(TRAINING_PLAN if has_training_plan(work) else "cleaning.yaml")


def with_metric_of(rows: Labelled, metric: str) -> Labelled:
    """The rows with the metric that is to decide between models; "auto" is the task's own."""
    return replace(rows, task=with_metric(rows.task, metric))


def near_duplicate_groups(row: np.ndarray, duplicates: pd.DataFrame) -> np.ndarray:
    """The group of each row: of near duplicates the group's number, of any other its own `row`.

    `duplicates` has the columns `row` and `group`, a line for each row that is in a group.

    >>> near_duplicate_groups(np.array([0, 2, 3]), pd.DataFrame({"row": [0, 3], "group": [0, 0]}))
    array([0, 2, 0])
    """
    group = pd.Series(row, index=row)
    linked = duplicates[duplicates["row"].isin(row)]
    group[linked["row"].to_numpy()] = linked["group"].to_numpy()
    return group.to_numpy()


def time_column(work) -> str:
    """The column that says when, where the table has one that is known; else empty.

    `work` is an open stage, or a run.
    """
    split = work.read_json("split.json")
    return work.about.get("time_column") or (split["column"] if split["strategy"] == "time" else "")
