"""Stage 2, clean: a plan that a person can read, repairs that follow it, a log of every change.

`draft_plan` looks at the collected rows and writes down what each column is and how to read it.
`Cleaner` applies a plan to any rows: what becomes of a row depends on the row and the plan alone,
so one row behind the API is cleaned exactly as a million in training. `set_aside` takes out
duplicates and rows without a label; it belongs to this stage alone, never to a prediction.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from . import doubts, duplicates, readings, relations
from .base.user_errors import InputError
from .cells.as_texts import texts
from .cells.coded_column import EncodedColumn
from .cells.reading_columns import Reader, is_typed, repair_typed
from .cells.reading_values import RULES, cell_reader
from .examples import known as examples_known
from .learning.label_column import read_label
from .line.stage_work import outside
from .plans import draft_plan, plan_text
from .tables.formula_cells import neutral_table

PLANS = ("plan", "plan_")  # attributes of a cleaner
FEW_REPEATS = 0.1  # up to this share of rows, a repeated row is taken for a mistake
CHANGE_COLUMNS = ["row", "column", "kind", "before", "after", "rule"]

EVERY_RULE = RULES | relations.KINDS | {"decision": "decided by a person"}
STEP_OF = dict.fromkeys(relations.KINDS, "repaired from other columns") | {
    "decision": "decided by a person"
}
BY_EVIDENCE = ("typo", *relations.KINDS)


# --- The cleaner --------------------------------------------------------------------------------


class Cleaner(TransformerMixin, BaseEstimator):
    """Applies a cleaning plan to rows, as a scikit-learn transformer.

    With `plan=None`, `fit` drafts one. `transform` gives the plan's columns in the plan's order,
    one row out for each row in; a column that is absent comes out missing. What becomes of a row
    depends on that row and the plan alone. An array of n rows × m columns is taken as a table
    with the columns x0, x1 …

    >>> dirty = pd.DataFrame({"city": ["New York", "new  york", "New York", "N/A"]})
    >>> Cleaner().fit_transform(dirty)["city"].tolist()
    ['New York', 'New York', 'New York', nan]
    """

    def __init__(self, plan: dict | None = None):
        self.plan = plan

    def fit(self, X: pd.DataFrame, y=None) -> Cleaner:
        """Freeze the plan, or draft one from the rows. The target is never looked at."""
        frame = self._as_frame(X, reset=True)
        self.plan_ = self.plan if self.plan is not None else draft_plan(frame)
        self.n_features_in_ = len(self.plan_["columns"])
        if isinstance(X, pd.DataFrame):
            self.feature_names_in_ = np.array(list(self.plan_["columns"]), dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The rows, cleaned; as many as came, in the same order. An array for an array."""
        cleaned = self.repair(X, log=False)[0]
        return cleaned if isinstance(X, pd.DataFrame) else cleaned.to_numpy()

    def repair(self, X: pd.DataFrame, log: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The cleaned rows and the log of changed cells (columns `CHANGE_COLUMNS`).

        `row` is the position in X; `before` and `after` are text, missing is null.
        """
        check_is_fitted(self, "plan_")
        X, known = self._as_frame(X), self.plan_["columns"]
        raw = {name: relations.as_encoded(X[name]) for name in known if name in X.columns}
        nothing = pd.Series(None, index=X.index, dtype="str")
        readers = {name: Reader(plan) for name, plan in known.items()}
        raw = dict.fromkeys(known, nothing) | raw
        cleaned, kinds = clean_columns(raw, readers, self.plan_, log)
        frame = {name: _as_series(cleaned[name], X.index) for name in known}
        clean = pd.DataFrame(frame, index=X.index)
        return clean, _log(X, clean, kinds) if log else _no_changes()

    def _as_frame(self, X, reset: bool = False) -> pd.DataFrame:
        """A frame as it is; an array as scikit-learn checks it, with the columns x0, x1 …"""
        if isinstance(X, pd.DataFrame):
            return X
        array = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
        return pd.DataFrame(array, columns=[f"x{n}" for n in range(array.shape[1])])

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns that come out."""
        return np.array(list(self.plan_["columns"]), dtype=object)

    def __getstate__(self) -> dict:
        """As stored: the plan as one text. Its ten thousands of names, each an entry of its own
        in a model file, would take a second to load."""
        state = super().__getstate__()
        return state | {name: _packed(state[name]) for name in PLANS if name in state}

    def __setstate__(self, state: dict) -> None:
        """As it was; a plan that is both given and followed is one plan."""
        plans = {name: _unpacked(state[name]) for name in PLANS if name in state}
        if plans.get("plan") == plans.get("plan_"):
            plans = dict.fromkeys(plans, plans.get("plan"))
        super().__setstate__(state | plans)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _packed(plan: dict | None) -> dict | str | None:
    """A plan as JSON, where that holds all of it."""
    try:
        text = json.dumps(plan, ensure_ascii=False)
        return text if plan is not None and json.loads(text) == plan else plan
    except (TypeError, ValueError):
        return plan


def _unpacked(plan: dict | str | None) -> dict | None:
    return json.loads(plan) if isinstance(plan, str) else plan


def clean_columns(
    raw: dict, readers: dict[str, Reader], plan: dict, log: bool = False
) -> tuple[dict, dict[str, np.ndarray | None]]:
    """Raw columns by name (a Series, or `Coded` texts), cleaned; with `log`, the kinds of repair.

    They are the columns of the plan, or some of them with the columns used to repair them.
    """
    every, kinds, clean = plan.get("relations", []), {}, {}
    put_back, swapped = relations.unswap_encoded(raw, readers, every)
    for name, column in put_back.items():
        clean[name], kinds[name] = _read_column(column, readers[name], log)
    mended, more = relations.repair(clean, every)
    decided, cells = doubts.decide(mended, plan)
    if log:
        count = max(map(len, raw.values()), default=0)
        later = [{n: _kind_at(rows, "swapped", count) for n, rows in swapped.items()}, more]
        later += [{n: _kind_at(rows, "decision", count) for n, rows in cells.items()}]
        for one in later:
            kinds |= {name: _latest(kinds[name], kind) for name, kind in one.items()}
    return decided, kinds


def _read_column(column: EncodedColumn | pd.Series, reader: Reader, log: bool):
    """A raw column as its plan reads it, and with `log` the kinds of repair (None for none)."""
    plan = reader.plan
    if isinstance(column, pd.Series) and is_typed(column, plan["kind"]):
        repaired, kinds = repair_typed(column, plan)
    else:
        column = column if isinstance(column, EncodedColumn) else EncodedColumn.of(texts(column))
        repaired, kinds = reader.column(column)
        kinds = column.by_value(kinds, "") if log and kinds is not None else None
    if kinds is not None and "usual" in plan:
        kinds = np.where(kinds == plan["usual"], "", kinds)
    return repaired, kinds


def _kind_at(rows: np.ndarray, kind: str, count: int) -> np.ndarray:
    kinds = np.full(count, "", dtype=object)
    kinds[rows] = kind
    return kinds


def _as_series(column: EncodedColumn | pd.Series, index: pd.Index) -> pd.Series:
    return column.column(index) if isinstance(column, EncodedColumn) else column


def _latest(kinds: np.ndarray | None, more: np.ndarray) -> np.ndarray:
    """The kind of the last repair of each cell."""
    return more if kinds is None else np.where(more != "", more, kinds)


def _no_changes() -> pd.DataFrame:
    empty = pd.DataFrame(columns=CHANGE_COLUMNS, dtype="str")
    return empty.astype({"row": "int64"})


def _log(raw: pd.DataFrame, clean: pd.DataFrame, kinds: dict) -> pd.DataFrame:
    """The log of changed cells, column by column."""
    found = [
        log_column(raw[name], clean[name], kind)
        for name, kind in kinds.items()
        if kind is not None and name in raw.columns
    ]
    found = [changes for changes in found if len(changes)]
    return pd.concat(found, ignore_index=True) if found else _no_changes()


def log_column(before: pd.Series, after: pd.Series, kinds: np.ndarray) -> pd.DataFrame:
    rows = np.flatnonzero(kinds != "")
    return pd.DataFrame(
        {
            "row": rows,
            "column": before.name,
            "kind": kinds[rows],
            "before": texts(before.iloc[rows]).to_numpy(),
            "after": texts(after.iloc[rows]).to_numpy(),
            "rule": [EVERY_RULE[kind] for kind in kinds[rows]],
        },
        columns=CHANGE_COLUMNS,
    ).astype({"before": "str", "after": "str", "column": "str", "kind": "str", "rule": "str"})


def repair_rows(raw: pd.DataFrame, plan: dict, about: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows cleaned by a plan, the target read too, and the log of what both changed."""
    cleaned, changes = Cleaner(plan).fit(raw).repair(raw)
    target = about.get("target")
    if not target:
        return cleaned, changes
    label, relabelled = clean_label(raw, target, about["label"])
    changes = pd.concat([changes, relabelled], ignore_index=True) if len(relabelled) else changes
    return cleaned.assign(**{target: label}), changes


# --- One row ------------------------------------------------------------------------------------


def row_cleaner(plan: dict, needed: list[str]) -> tuple[dict[str, Callable], Callable]:
    """The one-row form of `Cleaner`: a reader for each field, and a function to repair the row.

    Only the columns in `needed`, and those that mend them, are looked at. The second function takes
    a raw row and what the readers made of its fields (value and kind of repair), and gives the
    cleaned row: a dict in which missing is None.

    >>> readers, mend = row_cleaner({"columns": {"kg": {"kind": "number"}}}, ["kg"])
    >>> mend({"kg": "1,200"}, {"kg": readers["kg"]("1,200")})
    {'kg': 1200.0}
    """
    own = plan_for(plan, needed)
    columns, related = own["columns"], own["relations"]
    readers = {name: cell_reader(column) for name, column in columns.items()}
    put_back = relations.row_unswap(related, columns, readers)
    repair = relations.row_repair(related, {n: c["kind"] for n, c in columns.items()})
    decide = doubts.row_decisions(own["decisions"], columns)

    def mend(raw: dict, seen: dict[str, tuple]) -> dict:
        row = {name: seen[name][0] for name in columns}
        put_back(raw, row)
        repair(row)
        decide(row)
        return row

    return readers, mend


def plan_for(plan: dict, needed: list[str]) -> dict:
    """The part of a cleaning plan that some columns need: they, and the columns that repair them.

    >>> plan_for({"columns": {"kg": {"kind": "number"}, "id": {"kind": "text"}}}, ["kg"])
    {'columns': {'kg': {'kind': 'number'}}, 'relations': [], 'decisions': []}
    """
    every, decisions = plan.get("relations", []), plan.get("decisions", [])
    names = _with_repair_sources(needed, every, decisions)
    return {
        "columns": {name: column for name, column in plan["columns"].items() if name in names},
        "relations": [
            relation for relation in every if set(_columns_of_dependency(relation)) <= names
        ],
        "decisions": [one for one in decisions if one["column"] in names],
    }


def _with_repair_sources(needed, every: list[dict], decisions: list[dict]) -> set[str]:
    """The columns and, repeatedly, all columns used to repair them."""
    found: set[str] = set()
    more = set(needed)
    while more - found:
        found |= more
        for relation in every:
            if found & set(_repaired_columns(relation)):
                more |= set(_columns_of_dependency(relation))
        for one in decisions:
            if one["column"] in found:
                more |= set(one["where"])
    return found


def _columns_of_dependency(relation: dict) -> list[str]:
    """Every column that a relation looks at."""
    if "swap" in relation:
        return list(relation["swap"])
    if "split" in relation:
        return [relation["split"], relation["into"]]
    return [*relation["from"], relation["to"]]


def _repaired_columns(relation: dict) -> list[str]:
    """The columns that a relation may change."""
    return [relation["to"]] if "to" in relation else _columns_of_dependency(relation)


# --- Rows that are set aside --------------------------------------------------------------------


def clean_label(raw: pd.DataFrame, target: str, plan: dict) -> tuple[pd.Series, pd.DataFrame]:
    """The target read by its plan (`about["label"]`), and the log of what that changed."""
    label = read_label(raw[target], plan)
    before, after = texts(raw[target]), texts(label)
    changed = (before != after) & ~(before.isna() & after.isna())
    if pd.api.types.is_numeric_dtype(label.dtype):  # "1.50" as 1.5 says the same
        changed &= before.notna() & after.isna()
    return label, log_column(raw[target], label, np.where(changed.fillna(False), "label", ""))


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


# --- Records that are nearly the same -----------------------------------------------------------


def near_duplicates(clean: pd.DataFrame, reason: pd.Series, target: str = "") -> pd.DataFrame:
    """The rows that stay and are nearly the same as another: `row` and its `group`.

    `group` is the first row of the group. Nothing is deleted: either may be right. The label
    is not looked at.
    """
    staying = np.flatnonzero(reason.isna())
    records = clean.iloc[staying].drop(columns=target or [])
    group = duplicates.link(records)
    size = pd.Series(group).groupby(group).transform("size").to_numpy()
    linked = size > 1
    return pd.DataFrame({"row": staying[linked], "group": staying[group[linked]]})


def near_duplicate_examples(
    clean: pd.DataFrame, linked: pd.DataFrame, most: int = 2
) -> pd.DataFrame:
    """The first groups of near duplicates, with the columns in which their rows differ."""
    rows = linked[linked["group"].isin(linked["group"].drop_duplicates().head(most))]
    shown = clean.iloc[rows["row"]].set_axis(pd.MultiIndex.from_frame(rows[["group", "row"]]))
    differ = shown.groupby(level="group").nunique(dropna=False).max() > 1
    return shown.loc[:, differ.to_numpy()].iloc[:, :8]


def describe_near_duplicates(linked: pd.DataFrame, rows: int) -> str:
    """A sentence that says how many rows are nearly the same as another."""
    if linked.empty:
        return f"No two of the {rows:,} rows that stay are nearly the same."
    groups = linked["group"].nunique()
    return (
        f"**{len(linked):,} of the {rows:,} rows that stay are nearly the same as another**, in "
        f"{groups:,} group{'s' * (groups > 1)}. They stay, linked; stage 4 keeps a group on one "
        f"side of the split."
    )


# --- The score ----------------------------------------------------------------------------------


def score_repairs(work, changes: pd.DataFrame, reason: pd.Series, linked: pd.DataFrame):
    """The score against the answer key of planted mess; None when nothing was planted.

    This is the only place of the line that opens the key.
    """
    if not work.about.get("mess"):
        return None
    key = _as_settled(work.read_table("mess_key"), work.about)
    groups = np.arange(len(reason))
    groups[linked["row"].to_numpy()] = linked["group"].to_numpy()
    own = changes[~_corrected_by_person(changes, key, work.about)]
    return examples_known.score(own, key, reason=reason, groups=groups)


def _as_settled(key: pd.DataFrame, about: dict) -> pd.DataFrame:
    """The key with the names that a person settled for the true ones."""
    true = key["true"].copy()
    for name, names in about.get("aliases", {}).items():
        rows = key["column"] == name
        true[rows] = true[rows].replace(names)
    return key.assign(true=true)


def _corrected_by_person(changes: pd.DataFrame, key: pd.DataFrame, about: dict) -> np.ndarray:
    """The repairs of cells that were wrong at the source and that a person corrected."""
    planted = pd.MultiIndex.from_frame(changes[["row", "column"]]).isin(
        pd.MultiIndex.from_frame(key[["row", "column"]])
    )
    by_name = (changes["kind"] == "alias") & changes["column"].isin(about.get("aliases", {}))
    by_limit = (changes["kind"] == "impossible") & changes["column"].isin(about.get("limits", {}))
    return (by_name | by_limit).to_numpy() & ~planted


def describe_repair_score(scored) -> str:
    """The score in a sentence; without an answer key, what there is instead."""
    if scored is None:
        return (
            "No errors were injected into this table, so there is no answer key, and it is unknown "
            "how well it was cleaned: look at the log and the review list. To see how this "
            "cleaner does on columns like yours, inject some: `--set mess=0.05`."
        )
    return examples_known.read_score(scored)


def score_table(scored, by: str = "kind of mess") -> pd.DataFrame:
    """Planted, right, wrong and broken cells, precision and recall, by kind of mess or column."""
    columns = ["planted", "right", "wrong", "broken", "precision", "recall"]
    if scored is None:
        return pd.DataFrame(columns=columns)
    table = (scored.by_column if by == "column" else scored.by_kind)[columns]
    if by != "column":
        table = table.drop(columns="broken")  # a sound cell is of no kind
    shares = {name: table[name].map(_share) for name in ("precision", "recall")}
    return table.assign(**shares).rename_axis(by)


def _share(value) -> str:
    return "" if pd.isna(value) else f"{value:.0%}"


# --- What the notebook shows --------------------------------------------------------------------


def health(
    raw: pd.DataFrame, clean: pd.DataFrame, changes: pd.DataFrame, plan: dict
) -> pd.DataFrame:
    """A row per column: its kind, missing and distinct values before and after, cells changed.

    `faulty` are the cells that were changed and had something in them before.
    """
    columns = [name for name in plan["columns"] if name in raw.columns]
    changed = changes["column"].value_counts()
    faulty = changes.loc[changes["before"].notna(), "column"].value_counts()
    return pd.DataFrame(
        {
            "kind": [plan["columns"][name]["kind"] for name in columns],
            "missing before": [int(raw[name].isna().sum()) for name in columns],
            "missing after": [int(clean[name].isna().sum()) for name in columns],
            "faulty": [int(faulty.get(name, 0)) for name in columns],
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
    table = pd.DataFrame(
        {
            "cells": grouped.size(),
            "columns": grouped["column"].nunique(),
            "example": _arrows(grouped.first()),
        }
    )
    return table.sort_values("cells", ascending=False)


def _arrows(changes: pd.DataFrame) -> pd.Series:
    return changes["before"].fillna("(missing)") + " → " + changes["after"].fillna("(missing)")


def least_certain_repairs(changes: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """The repairs that rest on evidence and not on form, the rarest first: to be looked at.

    Each line is one repair (column, before, after), in so many cells, with its rule.
    """
    weak = changes[changes["kind"].isin(BY_EVIDENCE)]
    keys = ["column", "kind", "before", "after", "rule"]
    table = weak.fillna({"before": "(missing)", "after": "(missing)"})
    table = table.groupby(keys, sort=False).size().rename("cells").reset_index()
    table = table.sort_values("cells", kind="stable").drop_duplicates(["column", "kind"])
    return table.head(most).set_index("column")[["kind", "before", "after", "cells", "rule"]]


def steps(raw: pd.DataFrame, changes, reason: pd.Series, linked: pd.DataFrame) -> pd.DataFrame:
    """What each step of the station did: rows in and out, cells changed."""
    step = changes["kind"].map(lambda kind: STEP_OF.get(kind, "each column read by its plan"))
    rows = len(raw)
    table = {}
    for name in ("each column read by its plan", *dict.fromkeys(STEP_OF.values())):
        table[name] = {
            "rows in": rows,
            "rows out": rows,
            "cells changed": int((step == name).sum()),
        }
    for why, gone in reason.value_counts().items():
        table[f"set aside: {why}"] = {"rows in": rows, "rows out": rows - gone, "cells changed": 0}
        rows -= int(gone)
    many = linked["group"].nunique()
    name = f"near duplicates linked: {many:,} group{'s' * (many != 1)}"
    table[name] = {"rows in": rows, "rows out": rows, "cells changed": 0}
    return pd.DataFrame(table).T.rename_axis("step").map("{:,}".format)


def unusable(plan: dict) -> dict[str, str]:
    """The columns that no model can learn from, each with the reason."""
    return {name: c["note"] for name, c in plan["columns"].items() if c.get("note")}


def note_findings(work, plan: dict, review: pd.DataFrame, kept: pd.DataFrame, linked) -> None:
    """Note what a person should see of this stage on the front page. `work` is the open stage."""
    for name, note in unusable(plan).items():
        work.find(f"{note}_column", "note", [name], f"The column {name} is {note}: not used.")
    for kind, found in review.groupby("kind"):
        columns = found["column"].unique().tolist()
        message = f"{kind}: {', '.join(columns[:5])} ({int(found['cells'].sum()):,} cells)"
        work.find(kind.replace(" ", "_"), "warning", columns, message)
    if len(linked):
        message = (
            f"{len(linked):,} rows are nearly the same as another (data/duplicates.parquet). They "
            f"stay, and are kept on one side of the split."
        )
        work.find("near_duplicates", "note", [], message)
    repeats = int(kept.duplicated().sum())
    if repeats:
        share = repeats / len(kept)
        message = (
            f"{repeats:,} rows ({share:.0%}) repeat an earlier one and were kept. If they are "
        )
        message += "mistakes: --set duplicates='set aside'."
        work.find("duplicate_rows", "warning" if share > FEW_REPEATS else "note", [], message)


def hand_on(work, raw, kept, reason, changes, linked, plan: dict, review: pd.DataFrame) -> None:
    """Write what this stage makes: the rows that stay and go, the log, the plan, the doubts."""
    for code, names, message in readings.of(raw, plan, changes):
        work.find(code.replace(" ", "_"), "note", names, message)
    marked = work.run.file("review.csv")
    if marked.exists():  # what a person wrote into it must not be lost
        review = doubts.keep_marks(review, doubts.open_review(str(marked)))
    work.write_table("clean", kept)
    work.write_table("changes", changes)
    work.write_table("quarantine", quarantine(raw, reason))
    work.write_table("duplicates", linked)
    work.write_text("cleaning.yaml", plan_text(plan))
    work.write_text("review.csv", neutral_table(review).to_csv(index=False))
    work.sources = outside(work.parameters)  # the list that was read may be the one written here


def headline(changes, reason: pd.Series, linked, review: pd.DataFrame, scored=None) -> str:
    """The stage's result in a sentence, with the score where mess was planted."""
    aside = int(reason.notna().sum())
    text = f"{len(changes):,} cells repaired in {changes['column'].nunique()} columns"
    if scored is not None:
        total = scored.total
        text += (
            f", {_share(total['recall'])} of the injected errors, {total['precision']:.1%} of them "
            f"correctly, {total['broken']:,} sound cells broken"
        )
    text += f"; {aside:,} of {len(reason):,} rows set aside"
    if aside:
        counts = reason.value_counts()
        text += " (" + ", ".join(f"{why}: {n:,}" for why, n in counts.items()) + ")"
    if len(linked):
        text += f"; {len(linked):,} rows nearly the same as another"
    doubted = int((review["apply"] == "").sum())
    if doubted:
        text += f"; {doubted:,} review item{'s' * (doubted > 1)} left to a person"
    return text + "."


def describe_row_count(rows_in: int, reason: pd.Series) -> str:
    """A sentence that shows that the rows add up."""
    aside = int(reason.notna().sum())
    return f"**{rows_in:,} rows in = {rows_in - aside:,} rows out + {aside:,} set aside.**"
