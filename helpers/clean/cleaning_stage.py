"""Stage 2 as its notebook runs it: the plan in force, the rows that stay, what is handed on.

Each step is a function of `clean_rows`, `cleaning_plan` or `doubtful_cells`; here they are put
together, so that a cell of the notebook makes one call for what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..base.user_errors import InputError
from ..cells import column_choices
from ..learning import labelled_data
from ..tables import encodings
from . import (
    clean_rows,
    cleaning_plan,
    cleaning_report,
    columns_read,
    doubtful_cells,
    named_dependencies,
)


@dataclass(frozen=True)
class Decided:
    """The plan in force, the one that was drafted, and what a person is asked and has marked."""

    plan: dict
    drafted: dict
    found: list[dict]
    marked: pd.DataFrame

    def review_list(self, cleaned: pd.DataFrame) -> pd.DataFrame:
        """What is likely but not sure in the cleaned rows, with the marks of earlier runs."""
        items = doubtful_cells.review_list(self.found, cleaned)
        return doubtful_cells.keep_marks(items, self.marked)


def decide(
    raw: pd.DataFrame, about: dict, plan: str, review: str, limits: str, columns: str = "", run=None
) -> Decided:
    """The plan drafted from the collected rows, or the one a person has edited, with all marks.

    `plan`, `review` and `columns` are paths, or empty; `limits` is text such as "age:0..120". The
    marks are those of `review`, and those that stand in the review list of `run` already. Raises
    InputError for a plan, a list, limits or choices that can't be followed.
    """
    _check_choices(plan, columns, about)
    chosen = column_choices.open_choices(columns, raw.columns, about["target"])
    drafted, found = cleaning_plan.draft(raw, about | {"columns": chosen}, limits)
    followed = cleaning_plan.open_plan(plan, raw.columns, about["target"]) if plan else drafted
    followed = column_choices.with_words(followed, chosen)
    given = doubtful_cells.open_review(review) if review else doubtful_cells.review_list([], raw)
    marked = doubtful_cells.keep_marks(given, given, doubtful_cells.marks_of(run, raw))
    settled = named_dependencies.learn(raw, doubtful_cells.apply_marks(followed, marked))
    return Decided(settled, drafted, found, marked)


def _check_choices(plan: str, columns: str, about: dict) -> None:
    """Raise InputError for a plan beside a file of choices, or one that names another encoding.

    `pipeline run` hands the encoding to stage 1, which reads the table.
    """
    if plan and columns:
        raise InputError("plan and columns both say how columns are read: give one of them.")
    named, read = column_choices.encoding_in(columns), about.get("encoding", "utf-8")
    if named and encodings.known_name(named) != read:
        raise InputError(
            f"columns: the file's encoding is to be {named:.40}, and it was read as {read}: run "
            f"stage 1 again, with --set encoding={named:.40}."
        )


@dataclass(frozen=True)
class SortedRows:
    """The rows that stay, why others do not, which are nearly the same, and what the unit is."""

    kept: pd.DataFrame
    reason: pd.Series
    linked: pd.DataFrame
    units: labelled_data.UnitRule
    counted: str

    @property
    def stays(self):
        """For each collected row, in its order, whether it stays."""
        return self.reason.isna().to_numpy()


def sort_rows(
    cleaned: pd.DataFrame, about: dict, duplicates: str = "auto", unit_column: str = ""
) -> SortedRows:
    """Set aside repeated rows and those without a label, link near duplicates, find the unit."""
    target = about["target"]
    reason = clean_rows.set_aside(cleaned, target, duplicates)
    if target and about["task"] != "regression":
        reason = clean_rows.set_aside_new_classes(cleaned[target], reason, about.get("test_rows"))
    linked = clean_rows.near_duplicates(cleaned, reason, target)
    kept = cleaned[reason.isna().to_numpy()].reset_index(drop=True)
    units, counted = labelled_data.units_of_table(kept, reason, linked, about, unit_column)
    return SortedRows(kept, reason, linked, units, counted)


def close(work, raw, decided: Decided, changes, rows: SortedRows, doubts, scored):
    """Write what stage 2 makes, note its findings, close it; its result as a sentence to show.

    `changes` is the log, `doubts` the review list, `scored` the score where errors were injected.
    """
    from ..pages import show

    clean_rows.note_findings(work, decided.plan, doubts, rows.kept, rows.linked)
    clean_rows.note_new_classes(work, raw, rows.reason)
    clean_rows.note_answers(work, decided.marked)
    clean_rows.hand_on(work, raw, rows.kept, rows.reason, changes, rows.linked, decided.plan,
                       doubts, decided.drafted)  # fmt: skip
    encoding = work.about.get("encoding", "")
    work.write_text("columns.yaml", columns_read.as_text(raw, decided.plan, changes, encoding))
    work.write_json(labelled_data.UNITS, vars(rows.units))
    headline = cleaning_report.headline(changes, rows.reason, rows.linked, doubts, scored)
    aside = int(rows.reason.notna().sum())
    work.finish(len(raw), len(rows.kept), headline, set_aside=aside)
    return show.say(f"**{headline}**")
