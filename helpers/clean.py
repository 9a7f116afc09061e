"""Stage 2, clean: a plan that a person can read, repairs that follow it, a log of every change.

`draft_plan` looks at the collected rows and writes down what each column is and how to read it.
`Cleaner` applies a plan to any rows: what becomes of a row depends on the row and the plan alone,
so one row behind the API is cleaned exactly as a million in training. `set_aside` takes out
duplicates and rows without a label; it belongs to this stage alone, never to a prediction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from .columns import repair_column, texts
from .errors import InputError
from .plans import draft_plan, plan_text
from .task import read_label

FEW_REPEATS = 0.1  # up to this share of rows, a repeated row is taken for a mistake
CHANGE_COLUMNS = ["row", "column", "kind", "before", "after", "rule"]
REVIEW_COLUMNS = ["column", "value", "cells", "kind", "suggestion", "evidence", "apply"]
SENTINELS = {-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0}

RULES = {
    "missing word": "a word that means missing",
    "number": "a number written as text",
    "date": "a date written as text",
    "boolean": "a yes or no written as text",
    "spelling": "one spelling for case, space, accent, punctuation",
    "alias": "a name that a person settled",
    "spaces": "single spaces, one Unicode form",
    "impossible": "outside the limits of what can be",
    "unreadable": "does not read as what the column holds",
    "label": "one spelling a class of the target",
}


# --- The cleaner --------------------------------------------------------------------------------


class Cleaner(TransformerMixin, BaseEstimator):
    """Applies a cleaning plan to rows, as a scikit-learn transformer.

    With `plan=None`, `fit` drafts one. `transform` gives the plan's columns in the plan's order,
    one row out for each row in; a column that is absent comes out missing.

    >>> dirty = pd.DataFrame({"city": ["New York", "new  york", "New York", "N/A"]})
    >>> Cleaner().fit_transform(dirty)["city"].tolist()
    ['New York', 'New York', 'New York', nan]
    """

    def __init__(self, plan: dict | None = None):
        self.plan = plan

    def fit(self, X: pd.DataFrame, y=None) -> Cleaner:
        """Freeze the plan, or draft one from the rows. The target is never looked at."""
        self.plan_ = self.plan if self.plan is not None else draft_plan(X)
        self.n_features_in_ = len(self.plan_["columns"])
        self.feature_names_in_ = np.array(list(self.plan_["columns"]), dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The rows, cleaned; as many as came, in the same order."""
        return self.repair(X, log=False)[0]

    def repair(self, X: pd.DataFrame, log: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The cleaned rows and the log of changed cells (columns `CHANGE_COLUMNS`).

        `row` is the position in X; `before` and `after` are text, missing is null.
        """
        clean, changes = {}, []
        for name, plan in self.plan_["columns"].items():
            column = X[name] if name in X.columns else pd.Series(None, index=X.index, dtype="str")
            clean[name], kinds = repair_column(column, plan)
            if log and kinds is not None:
                changes.append(_log(column, clean[name], kinds))
        frame = pd.DataFrame(clean, index=X.index)
        changes = [change for change in changes if len(change)]
        if not changes:
            return frame, pd.DataFrame(columns=CHANGE_COLUMNS).astype({"row": "int64"})
        return frame, pd.concat(changes, ignore_index=True)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns that come out."""
        return self.feature_names_in_


def _log(before: pd.Series, after: pd.Series, kinds: np.ndarray) -> pd.DataFrame:
    rows = np.flatnonzero(kinds != "")
    return pd.DataFrame(
        {
            "row": rows,
            "column": before.name,
            "kind": kinds[rows],
            "before": texts(before.iloc[rows]).to_numpy(),
            "after": texts(after.iloc[rows]).to_numpy(),
            "rule": [RULES[kind] for kind in kinds[rows]],
        },
        columns=CHANGE_COLUMNS,
    ).astype({"before": "str", "after": "str", "column": "str", "kind": "str", "rule": "str"})


# --- Rows that are set aside --------------------------------------------------------------------


def clean_label(raw: pd.DataFrame, target: str, plan: dict) -> tuple[pd.Series, pd.DataFrame]:
    """The target read by its plan (`about["label"]`), and the log of what that changed."""
    label = read_label(raw[target], plan)
    before, after = texts(raw[target]), texts(label)
    changed = (before != after) & ~(before.isna() & after.isna())
    if pd.api.types.is_numeric_dtype(label.dtype):  # "1.50" as 1.5 says the same
        changed &= before.notna() & after.isna()
    return label, _log(raw[target], label, np.where(changed.fillna(False), "label", ""))


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


def quarantine(raw: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    """The rows that were set aside, as they came, each with its `row` and `reason`."""
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


# --- What a person should look at ---------------------------------------------------------------


def review_list(raw: pd.DataFrame, clean: pd.DataFrame, plan: dict, changes) -> pd.DataFrame:
    """Repairs that are likely but not sure: for a person to decide, never made by themselves."""
    found = []
    for name, column in plan["columns"].items():
        if column["kind"] == "number":
            found += _odd_numbers(name, clean[name])
        if column.get("ambiguous"):
            example = texts(raw[name]).dropna().iloc[0]
            first = "month" if column["formats"][-1].startswith("%m") else "day"
            note = f"day and month can be told apart in no cell; read as {first} first"
            found.append((name, example, len(raw), "ambiguous date", "check the order", note))
    lost = changes[changes["kind"] == "unreadable"].groupby(["column", "before"]).size()
    for (name, text), cells in lost.items():
        kind = plan["columns"][name]["kind"]
        found.append((name, text, cells, "unreadable", f"write it as a {kind}", "set to missing"))
    rows = [(*row, "") for row in found]
    return pd.DataFrame(rows, columns=REVIEW_COLUMNS).astype({"value": "str"})


def _odd_numbers(name: str, column: pd.Series) -> list[tuple]:
    """Numbers far off by themselves, and numbers that may stand for "missing" (999, -1)."""
    values = column.dropna().astype(float)
    if len(values) < 50 or values.nunique() < 10:
        return []
    counts = values.value_counts().sort_index()
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    width = max(high - low, 1e-12)
    found = []
    for value, inner in ((counts.index[-1], counts.index[-2]), (counts.index[0], counts.index[1])):
        cells, gap = int(counts[value]), abs(value - inner)
        if value in SENTINELS and cells >= 3 and gap > 2 * width:
            note = f"{gap:g} from the next value, the middle half spans {width:g}"
            found.append((name, f"{value:g}", cells, "code for missing", "missing", note))
        elif cells <= max(1, len(values) // 1000) and gap > max(4 * abs(inner - middle), 8 * width):
            note = f"the next value is {inner:g}, the median {middle:g}"
            found.append((name, f"{value:g}", cells, "far from all others", "missing", note))
    return found


# --- What the notebook shows --------------------------------------------------------------------


def health(
    raw: pd.DataFrame, clean: pd.DataFrame, changes: pd.DataFrame, plan: dict
) -> pd.DataFrame:
    """A row per column: its kind, missing and distinct values before and after, cells changed."""
    columns = [name for name in plan["columns"] if name in raw.columns]
    changed = changes["column"].value_counts()
    return pd.DataFrame(
        {
            "kind": [plan["columns"][name]["kind"] for name in columns],
            "missing before": [int(raw[name].isna().sum()) for name in columns],
            "missing after": [int(clean[name].isna().sum()) for name in columns],
            "distinct before": [raw[name].nunique() for name in columns],
            "distinct after": [clean[name].nunique() for name in columns],
            "cells changed": [int(changed.get(name, 0)) for name in columns],
        },
        index=pd.Index(columns, name="column"),
    )


def changes_by_kind(changes: pd.DataFrame) -> pd.DataFrame:
    """How many cells each kind of repair changed, in how many columns, with an example."""
    if changes.empty:
        return pd.DataFrame(columns=["cells", "columns", "example"]).rename_axis("kind")
    grouped = changes.groupby("kind", sort=False)
    first = grouped.first()
    arrow = first["before"].fillna("(missing)") + " → " + first["after"].fillna("(missing)")
    table = pd.DataFrame(
        {"cells": grouped.size(), "columns": grouped["column"].nunique(), "example": arrow}
    )
    return table.sort_values("cells", ascending=False)


def unusable(plan: dict) -> dict[str, str]:
    """The columns that no model can learn from, each with the reason."""
    return {name: c["note"] for name, c in plan["columns"].items() if c.get("note")}


def note_findings(work, plan: dict, review: pd.DataFrame, kept: pd.DataFrame) -> None:
    """Note what a person should see of this stage on the front page. `work` is the open stage."""
    for name, note in unusable(plan).items():
        work.find(f"{note}_column", "note", [name], f"The column {name} is {note}: not used.")
    for kind, doubts in review.groupby("kind"):
        columns = doubts["column"].unique().tolist()
        message = f"{kind}: {', '.join(columns[:5])} ({int(doubts['cells'].sum()):,} cells)"
        work.find(kind.replace(" ", "_"), "warning", columns, message)
    repeats = int(kept.duplicated().sum())
    if repeats:
        share = repeats / len(kept)
        message = (
            f"{repeats:,} rows ({share:.0%}) repeat an earlier one and were kept. If they are "
        )
        message += "mistakes: --set duplicates='set aside'."
        work.find("duplicate_rows", "warning" if share > FEW_REPEATS else "note", [], message)


def hand_on(work, raw, kept, reason, changes, plan: dict, review: pd.DataFrame) -> None:
    """Write what this stage makes: the rows that stay and go, the log, the plan, the doubts."""
    work.write_table("clean", kept)
    work.write_table("changes", changes)
    work.write_table("quarantine", quarantine(raw, reason))
    work.write_text("cleaning.yaml", plan_text(plan))
    work.write_text("review.csv", review.to_csv(index=False))


def headline(changes: pd.DataFrame, reason: pd.Series, review: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    aside = int(reason.notna().sum())
    text = f"{len(changes):,} cells repaired in {changes['column'].nunique()} columns"
    text += f"; {aside:,} of {len(reason):,} rows set aside"
    if aside:
        counts = reason.value_counts()
        text += " (" + ", ".join(f"{why}: {n:,}" for why, n in counts.items()) + ")"
    if len(review):
        text += f"; {len(review)} doubt{'s' * (len(review) > 1)} left to a person"
    return text + "."


def read_rows(rows_in: int, reason: pd.Series) -> str:
    """A sentence that shows that the rows add up."""
    aside = int(reason.notna().sum())
    return f"**{rows_in:,} rows in = {rows_in - aside:,} rows out + {aside:,} set aside.**"


def read_review(review: pd.DataFrame) -> str:
    """A sentence that reads the review list."""
    if review.empty:
        return "Nothing is in doubt: the review list is empty."
    first = review.iloc[0]
    return (
        f"**{len(review)} doubt{'s' * (len(review) > 1)}** for a person, such as "
        f"{first['column']} = {first['value']} in {first['cells']} cells ({first['kind']}). The "
        f"data stay as they are until someone decides."
    )
