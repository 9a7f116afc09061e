"""Stage 2, clean: a plan that a person can read, repairs that follow it, a log of every change.

`draft_plan` looks at the collected rows and writes down what each column is and how to read it.
`Cleaner` applies a plan to any rows: what becomes of a row depends on the row and the plan alone,
so one row behind the API is cleaned exactly as a million in training. `set_aside` takes out
duplicates and rows without a label; it belongs to this stage alone, never to a prediction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.as_texts import texts
from ..cells.kinds import is_counted
from ..learning.label_column import read_label
from ..line.stage_work import outside
from ..tables import duplicate_rows
from ..tables.formula_cells import neutral_table
from . import doubtful_cells, review_rules, training_plan, unusual_readings
from .cleaning_plan import plan_text
from .cleaning_report import unusable
from .column_cleaner import Cleaner, log_column

WHY_UNUSED = {
    "empty": "is empty",
    "constant": "has one value only",
    "identifier": "only identifies rows",
}
NEW_CLASS = "class not in training"
FEW_REPEATS = 0.1  # up to this share of rows, a repeated row is taken for a mistake


def repair_rows(raw: pd.DataFrame, plan: dict, about: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows cleaned by a plan, the target read too, and the log of what both changed."""
    cleaned, changes = Cleaner(plan).fit(raw).repair(raw)
    target = about.get("target")
    if not target:
        return cleaned, changes
    label, relabelled = clean_label(raw, target, about["label"], plan.get("labels", []))
    changes = pd.concat([changes, relabelled], ignore_index=True) if len(relabelled) else changes
    return cleaned.assign(**{target: label}), changes


def clean_label(
    raw: pd.DataFrame, target: str, plan: dict, decisions: list[dict] = ()
) -> tuple[pd.Series, pd.DataFrame]:
    """The target read by its plan (`about["label"]`), and the log of what that changed.

    `decisions` are labels that a person has corrected (see `review_rules.decided_labels`).
    """
    read = read_label(raw[target], plan)
    label, decided = review_rules.with_decided_labels(read, decisions)
    before, after = texts(raw[target]), texts(label)
    changed = (before != after) & ~(before.isna() & after.isna())
    if is_counted(label):  # "1.50" as 1.5 says the same
        changed &= before.notna() & after.isna()
    kinds = np.select([decided, changed.fillna(False)], ["decision", "label"], "")
    return label, log_column(raw[target], label, kinds)


def set_aside(clean: pd.DataFrame, target: str = "", duplicates: str = "set aside") -> pd.Series:
    """The reason why each row is set aside, or missing for rows that stay.

    A row goes when it has no label, or repeats an earlier row in every cell. With
    `duplicates="keep"` repeats stay; with "auto" they stay where more than one row in ten is one,
    as in a table of a few categories, where equal rows are nothing odd.

    >>> set_aside(pd.DataFrame({"x": [1, 1, 2], "y": ["a", "a", None]}), "y").tolist()
    [nan, 'duplicate', 'no label']
    """
    if duplicates not in ("auto", "set aside", "keep"):
        raise InputError(f"duplicates is auto, 'set aside' or keep; it is '{duplicates}'.")
    reason = pd.Series(None, index=clean.index, dtype="str")
    repeats = clean.duplicated(keep="first")
    if duplicates == "set aside" or (duplicates == "auto" and repeats.mean() <= FEW_REPEATS):
        reason[repeats] = "duplicate"
    if target:
        reason[clean[target].isna()] = "no label"
    return reason


def set_aside_new_classes(labels: pd.Series, reason: pd.Series, test_rows: int | None) -> pd.Series:
    """The reasons with the test rows whose class the training rows lack set aside, too.

    `test_rows` is where the rows of a second table begin (None where there are none). Numbers have
    no classes.

    >>> reasons = pd.Series([None] * 3, dtype="str")
    >>> set_aside_new_classes(pd.Series(["a", "b", "c"]), reasons, 2).tolist()
    [nan, nan, 'class not in training']
    """
    if test_rows is None:
        return reason
    known, later = labels.iloc[:test_rows], np.arange(len(labels)) >= test_rows
    is_new = later & ~labels.isin(known[reason.iloc[:test_rows].isna()]).to_numpy()
    return reason.mask(is_new & reason.isna().to_numpy(), NEW_CLASS)


def quarantine(raw: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    """The rows that were set aside, as they came, each with its `row` and `reason`.

    >>> raw = pd.DataFrame({"x": [1, 1]})
    >>> quarantine(raw, set_aside(raw)).to_dict("records")
    [{'row': 1, 'reason': 'duplicate', 'x': 1}]
    """
    gone = np.flatnonzero(reason.notna())
    rows = (
        raw.iloc[gone]
        .reset_index(drop=True)
        .add_prefix("")
        .rename(columns={"row": "row (in the table)", "reason": "reason (in the table)"})
    )
    rows.insert(0, "reason", reason.iloc[gone].to_numpy())
    rows.insert(0, "row", gone)
    return rows


def near_duplicates(clean: pd.DataFrame, reason: pd.Series, target: str = "") -> pd.DataFrame:
    """The rows that stay and are nearly the same as another: `row` and its `group`.

    `group` is the first row of the group. Nothing is deleted: either may be right. The label
    is not looked at.
    """
    staying = np.flatnonzero(reason.isna())
    records = clean.iloc[staying].drop(columns=target or [])
    group = duplicate_rows.link(records)
    size = pd.Series(group).groupby(group).transform("size").to_numpy()
    linked = size > 1
    return pd.DataFrame({"row": staying[linked], "group": staying[group[linked]]})


NEARLY_THE_SAME = (
    "{:,} rows are nearly the same as another (data/duplicates.parquet). They stay, and are kept "
    "on one side of the split."
)


def note_findings(work, plan: dict, review: pd.DataFrame, kept: pd.DataFrame, linked) -> None:
    """Note what a person should see of this stage on the front page. `work` is the open stage."""
    for name, note in unusable(plan).items():
        message = f"The column {name} {WHY_UNUSED[note]}: not used."
        work.find(f"{note}_column", "note", [name], message)
    for kind, found in review.groupby("kind"):
        columns = found["column"].unique().tolist()
        cells = int(found["cells"].sum())
        message = (
            f"To review, {kind}: {', '.join(columns[:5])} ({cells:,} cell{'s' * (cells != 1)})."
        )
        work.find(kind.replace(" ", "_"), "warning", columns, message)
    if len(linked):
        work.find("near_duplicates", "note", [], NEARLY_THE_SAME.format(len(linked)))
    _note_repeats(work, int(kept.duplicated().sum()), len(kept))


def note_answers(work, marked: pd.DataFrame) -> None:
    """Note how many marks of a person were applied, and how to undo them."""
    count = int(marked["apply"].str.strip().str.casefold().isin(doubtful_cells.YES).sum())
    if count:
        message = (
            f"{count:,} line{'s' * (count > 1)} of review.csv with a yes applied (to undo: "
            f"`pipeline review {work.run.name}`, or empty the column apply)."
        )
        work.find("answers_applied", "note", sorted(set(marked["column"])), message)


UNKNOWN_CLASS = (
    "{gone:,} of {tested:,} test rows have a class of {target} that no training row has: {shown}. "
    "Set aside: a model answers each of them wrong, which no score counts. Collect rows of it to "
    "learn from."
)


def note_new_classes(work, raw: pd.DataFrame, reason: pd.Series) -> None:
    """Note the test rows whose class no training row has: no model could answer them."""
    gone = (reason == NEW_CLASS).fillna(False)
    if not gone.any():
        return
    about, target = work.about, work.about["target"]
    counts = read_label(raw.loc[gone.to_numpy(), target], about["label"]).value_counts()
    shown = ", ".join(f"‘{name!s:.30}’ ({n:,})" for name, n in counts.head(5).items())
    tested = len(raw) - about["test_rows"]
    message = UNKNOWN_CLASS.format(gone=gone.sum(), tested=tested, target=target, shown=shown)
    work.find("new_class", "alarm", [target], message)


def _note_repeats(work, repeats: int, rows: int) -> None:
    """Note the rows that repeat an earlier one and stay, if there are any."""
    if repeats:
        severity = "warning" if repeats / rows > FEW_REPEATS else "note"
        message = (
            f"{repeats:,} rows ({repeats / rows:.0%}) repeat an earlier one and were kept. If they "
            f"are mistakes: --set duplicates='set aside'."
        )
        work.find("duplicate_rows", severity, [], message)


def hand_on(
    work, raw, kept, reason, changes, linked, plan: dict, review: pd.DataFrame, drafted: dict
) -> None:
    """Write what this stage makes: the rows that stay and go, the log, plan and review list.

    `drafted` is the plan before a person changed it.
    """
    for code, names, message in unusual_readings.of(raw, plan, changes):
        work.find(code.replace(" ", "_"), "note", names, message)
    marked = work.run.file("review.csv")
    if marked.exists():  # what a person wrote into it must not be lost
        review = doubtful_cells.keep_marks(review, doubtful_cells.open_review(str(marked)))
    work.write_table("clean", kept)
    work.write_table("changes", changes)
    work.write_table("quarantine", quarantine(raw, reason))
    work.write_table("duplicates", linked)
    work.write_text("cleaning.yaml", plan_text(plan))
    training_plan.hand_on_draft(work, drafted, plan)
    work.write_text("review.csv", neutral_table(review).to_csv(index=False))
    work.sources = outside(work.parameters)  # the list that was read may be the one written here
