"""`Cleaner`: an estimator that repairs the cells of rows by a plan, with a log of each change."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ..cells.as_texts import texts
from ..cells.coded_column import EncodedColumn
from ..cells.reading_columns import Reader, is_typed, repair_typed
from ..cells.reading_values import RULES
from ..tables.frames import as_pandas, is_frame
from . import repair_by_dependency, review_decisions, source_votes, swapped_columns
from .cleaning_plan import draft_plan

PLANS = ("plan", "plan_")  # attributes of a cleaner
CHANGE_COLUMNS = ["row", "column", "kind", "before", "after", "rule"]

EVERY_RULE = RULES | repair_by_dependency.KINDS | {"decision": "decided by a person"}


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
        if is_frame(X):
            self.feature_names_in_ = np.array(list(self.plan_["columns"]), dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The rows, cleaned; as many as came, in the same order. An array for an array."""
        cleaned = self.repair(X, log=False)[0]
        return cleaned if is_frame(X) else cleaned.to_numpy()

    def repair(self, X: pd.DataFrame, log: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The cleaned rows and the log of changed cells (columns `CHANGE_COLUMNS`).

        `row` is the position in X; `before` and `after` are text, missing is null.
        """
        check_is_fitted(self, "plan_")
        X, known = self._as_frame(X), self.plan_["columns"]
        readers = {name: Reader(plan) for name, plan in known.items()}
        cleaned, kinds = clean_columns(_known_columns(X, known), readers, self.plan_, log)
        frame = {name: _as_series(cleaned[name], X.index) for name in known}
        clean = pd.DataFrame(frame, index=X.index)
        if not log:
            return clean, _no_changes()
        relations = self.plan_.get("relations", [])
        return clean, source_votes.with_votes(_log(X, clean, kinds), clean, relations)

    def _as_frame(self, X, reset: bool = False) -> pd.DataFrame:
        """A frame of any library; an array as scikit-learn checks it, with the columns x0, x1 …"""
        if is_frame(X):
            return as_pandas(X)
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
    put_back, swapped = swapped_columns.unswap_encoded(raw, readers, every)
    for name, column in put_back.items():
        clean[name], kinds[name] = _read_column(column, readers[name], log)
    repaired, more = repair_by_dependency.repair(clean, every)
    decided, cells = review_decisions.decide(repaired, plan)
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
        reader.tally.add_typed(column, repaired)
    else:
        column = column if isinstance(column, EncodedColumn) else EncodedColumn.of(texts(column))
        repaired, kinds = reader.column(column)
        reader.tally.add(column, repaired, kinds)
        kinds = column.by_value(kinds, "") if log and kinds is not None else None
    if kinds is not None and "usual" in plan:
        kinds = np.where(kinds == plan["usual"], "", kinds)
    return repaired, kinds


def _kind_at(rows: np.ndarray, kind: str, count: int) -> np.ndarray:
    kinds = np.full(count, "", dtype=object)
    kinds[rows] = kind
    return kinds


def _known_columns(X: pd.DataFrame, known: dict) -> dict[str, EncodedColumn | pd.Series]:
    """The columns that the plan knows, in its order; one that X lacks is missing throughout."""
    raw = {name: swapped_columns.as_encoded(X[name]) for name in known if name in X.columns}
    nothing = pd.Series(None, index=X.index, dtype="str")
    return dict.fromkeys(known, nothing) | raw


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
    """The log of one column: a line for each cell whose kind of repair in `kinds` is not ""."""
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
