"""The rows that can be learnt from: which are for training, which are held out, and the folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from .later_scores import BRINGS, Before, still_moves
from .score_intervals import Spread
from .task_kind import Task, encode, find_task, target_numbers, with_metric
from .units import UnitRule, describe_units, find_units, units_of

TRAIN, TEST, GAP = "train", "test", "gap"
# Written by stage 4 where the plan of the training rows cleans some row otherwise than stage 2's
TRAINING_PLAN, CLEANED_BY_SPLIT = "cleaning_training.yaml", "clean_training"
UNITS = "units.json"
NEVER = -1  # the fold of a row that is never validated on
ROW_ORDER = "(order of rows)"  # as a time column: the order of the rows in the file
JUDGED = 6  # the stage that asks the held-out rows


@dataclass(frozen=True)
class Labelled:
    """n cleaned rows with their labels and, once they are split, their parts and folds.

    `row` is the position of each row in `raw.parquet`; rows with the same number in `alike` are
    taken for records of the same thing (near duplicates). Under a time split `ready` is the first
    fold that may learn from a row: without a gap, the one after its own. Rows with the same text in
    `unit` belong together by the rule `units`; None: each row is a unit of its own. Rows with the
    same number in `apart` are never in both halves of a fold (a panel). `before` is what is known
    of scores on later rows before the held-out ones are asked; None where it makes no difference.
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
    unit: np.ndarray | None = None
    units: UnitRule = field(default_factory=UnitRule)
    apart: np.ndarray | None = None
    before: Before | None = None

    def of(self, part: str) -> Labelled:
        """The rows of one part, "train" or "test"."""
        return self.at(np.flatnonzero(self.part == part))

    def at(self, positions: np.ndarray) -> Labelled:
        """The rows at some positions; they are split already."""
        by_row = ("y", "row", "alike", "part", "fold", "ready", "unit", "apart")
        values = {name: getattr(self, name) for name in by_row}
        kept = {name: None if one is None else one[positions] for name, one in values.items()}
        return replace(self, X=self.X.iloc[positions].reset_index(drop=True), **kept)

    def sealed(self) -> Labelled:
        """The rows without the labels of those held out: what every stage before 6 is given.

        >>> rows = Labelled(Task("y", "regression"), pd.DataFrame({"x": [1, 2]}), np.ones(2),
        ...                 np.arange(2), part=np.array([TRAIN, TEST]))
        >>> rows.sealed().y
        array([ 1., nan])
        """
        y = self.y.copy()
        y[self.part == TEST] = np.nan if self.task.is_regression else None
        return replace(self, y=y)

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions to train on and to validate on, fold by fold.

        Under a time split a fold is validated by a model that has seen earlier rows only.
        """
        ready = self.fold + 1 if self.ready is None else self.ready
        for number in range(self.fold.max() + 1):
            learn = ready <= number if self.by_time else self.fold != number
            valid = self.fold == number
            if self.apart is not None:
                learn = learn & ~np.isin(self.apart, self.apart[valid])
            yield np.flatnonzero(learn), np.flatnonzero(valid)


def evenly_spaced_positions(y: np.ndarray, count: int) -> np.ndarray:
    """The positions of up to so many rows, evenly spread; classes (or numbers) keep their shares.

    The first and the last class are always there, so two classes stay two classes.

    >>> evenly_spaced_positions(np.array(["no"] * 8 + ["yes"]), 3)
    array([0, 4, 8])
    """
    order = np.argsort(y, kind="stable")
    return np.sort(order[evenly_spaced(len(y), count)])


def labelled_rows(work, ask_held_out: bool | None = None) -> Labelled:
    """The cleaned rows of a run and, when stage 4 has run, its split. `work` is an open stage.

    This is the one door to the labels of held-out rows. Before stage 6 they are left out (see
    `Labelled.sealed`); who opens the door before (`ask_held_out`), and stage 6, is noted as a look
    (see `line.held_out_looks`). Stages 7 and 8 come back to what stage 6 has asked.
    """
    rows = _cleaned_rows(work)
    if work.stage.number <= 4:
        return _with_found_units(work, rows)
    rows = _with_split(work, rows)
    if not (ask_held_out or work.stage.number >= JUDGED):
        return rows.sealed()
    if work.stage.number <= JUDGED:
        work.note_look()
    return rows


def _cleaned_rows(work) -> Labelled:
    """The cleaned rows of a run with their labels, before they are split."""
    clean = work.read_table("clean")
    aside = work.read_table("quarantine")["row"].to_numpy()
    row = np.setdiff1d(np.arange(len(clean) + len(aside)), aside)
    target = work.about["target"]
    task = find_task(clean[target], target, work.about["task"])
    if work.stage.number > 5:  # what stage 5 decided by is what its model is judged by
        task = with_metric(task, work.read_json("training.json")["metric"])
    alike = near_duplicate_groups(row, work.read_table("duplicates"))
    return Labelled(task, clean.drop(columns=target), encode(clean[target], task), row, alike)


def _with_found_units(work, rows: Labelled) -> Labelled:
    """The rows with the units that stage 2 found; each row alone in a run from before."""
    rule = found_rule(work)
    return replace(rows, units=rule, unit=units_of(rule, rows.X, rows.alike))


def found_rule(work) -> UnitRule:
    """The units that stage 2 found; each row alone in a run from before. `work` is a stage."""
    return stored_rule(work.read_json(UNITS) if work.run.file(UNITS).exists() else None)


def _with_split(work, rows: Labelled) -> Labelled:
    """The rows with what stage 4 has settled: parts, folds and units."""
    split, laid_out = work.read_table("split"), work.read_json("split.json")
    if not np.array_equal(split["row"].to_numpy(), rows.row):
        raise ValueError("The split belongs to other rows: run stage 4 again.")
    if has_training_plan(work):
        rows = replace(rows, X=work.read_table(CLEANED_BY_SPLIT))
    rows = replace(
        rows,
        part=split["part"].to_numpy(dtype=object),
        fold=split["fold"].to_numpy(),
        by_time=laid_out["strategy"] in ("time", "panel"),
        ready=split["ready"].to_numpy() if "ready" in split else None,
        apart=split["apart"].to_numpy() if "apart" in split else None,
        unit=split["unit"].to_numpy(dtype=object) if "unit" in split else None,
        units=stored_rule(laid_out.get("units")),
    )
    if work.stage.number != JUDGED:
        return rows
    return with_folds_score(rows, laid_out, work.read_json("training.json").get("folds", []))


def with_folds_score(rows: Labelled, choice: dict, folds: list[dict]) -> Labelled:
    """Rows whose held-out part is about to be asked, with what is known `before`.

    `choice` is the content of `split.json`, `folds` the score of the chosen model on each fold (see
    `training.json`). Rows whose split a person named row by row stay as they are.
    """
    if choice["strategy"] not in BRINGS:
        return rows
    column = choice.get("column", "") if rows.by_time else ""
    when = rows.X[column] if column in rows.X else pd.Series(rows.row)
    moves = rows.by_time and still_moves(target_numbers(rows.task, rows.y), when)
    found = Before(BRINGS[choice["strategy"]], tuple(Spread(**one) for one in folds), moves)
    return replace(rows, before=found)


def stored_rule(content: dict | None) -> UnitRule:
    """The rule that a run has stored; each row alone in a run of before there were units."""
    return UnitRule(**content) if content else UnitRule()


def with_units(rows: Labelled, group_column: str = "", time_column: str = "") -> Labelled:
    """The rows with their units as a split needs them: a column that is named there overrules."""
    if not group_column and (not time_column or time_column == rows.units.column):
        return rows
    named = {"group_column": group_column, "time_column": time_column}
    rule = find_units(rows.X, rows.y, rows.alike, **named)
    return replace(rows, units=rule, unit=units_of(rule, rows.X, rows.alike))


def units_of_table(
    kept: pd.DataFrame, reason: pd.Series, linked: pd.DataFrame, about: dict, unit_column: str = ""
) -> tuple[UnitRule, str]:
    """The units of cleaned rows as stage 2 finds them, and a sentence that counts rows and units.

    `kept` are the rows without a `reason` to be set aside, `linked` the near duplicates.
    """
    target = about.get("target", "")
    X, y = (kept.drop(columns=target), kept[target]) if target in kept else (kept, None)
    alike = near_duplicate_groups(np.flatnonzero(reason.isna()), linked)
    when = about.get("time_column", "")
    named = {"unit_column": unit_column, "time_column": when if when in X else ""}
    rule = find_units(X, y, alike, **named)
    counted = describe_units(units_of(rule, X, alike), rule, len(kept))
    return rule, f"The unit is the {rule.one}: {counted}, because {rule.why}."


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
    by = split["column"] if split["strategy"] in ("time", "panel") else ""
    return work.about.get("time_column") or ("" if by == ROW_ORDER else by)
