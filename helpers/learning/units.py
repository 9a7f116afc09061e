"""Units: which rows belong together, so that they are drawn, split and tested as one.

Rows of one customer, or of one day, resemble each other: 2,000 rows of 40 customers say little more
than 40 rows would. Each table has one kind of unit. It is found once (stage 2), may be named by a
person, is settled by the split (stage 4), and goes with the rows from there on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.kinds import is_date, is_number
from . import unit_candidates as candidates
from .resemblance import Variables

KINDS = ("row", "near duplicates", "week", "day", "entity", "group")
ROW = "row"  # as `unit_column`: each row is a unit of its own
ENTITY_LEADS = 1.0  # times the design effect of days that entities need, to be taken before days


@dataclass(frozen=True)
class UnitRule:
    """What the unit of a table is: its `kind`, the `column` that names it, and `why`.

    >>> UnitRule("day", "scheduled").noun
    'days'
    """

    kind: str = "row"
    column: str = ""
    why: str = ""

    @property
    def noun(self) -> str:
        """What several units are called in a sentence."""
        plain = {"row": "rows", "near duplicates": "records", "week": "weeks", "day": "days"}
        return plain.get(self.kind, f"values of {self.column}")

    @property
    def one(self) -> str:
        """What one unit is called in a sentence."""
        if self.kind in ("entity", "group"):
            return f"value of {self.column}"
        return "record" if self.kind == "near duplicates" else self.kind

    @property
    def is_row(self) -> bool:
        """Whether each row is a unit of its own."""
        return self.kind == "row"


def find_units(
    X: pd.DataFrame,
    y: np.ndarray | None = None,
    alike: np.ndarray | None = None,
    *,
    unit_column: str = "",
    group_column: str = "",
    time_column: str = "",
) -> UnitRule:
    """The units of n cleaned rows with their labels `y` (n numbers or classes; None: no target).

    A column that a person names decides: `unit_column` ("row": each row alone), or else
    `group_column`. Otherwise entities that repeat, or days (or weeks), if their rows resemble each
    other more than by chance; where both do, those that matter more to the target. Then near
    duplicates (`alike`: n numbers, the same for rows of one record). Then the row. `time_column` is
    the column that says when, if it is known. Raises InputError for a column that is not there.
    """
    _check_named(X, unit_column, group_column, time_column)
    if unit_column or group_column:
        return _named_rule(X, unit_column or group_column, "group" if not unit_column else "")
    found = _found(X, y, time_column)
    if found is not None:
        return found
    if alike is not None and len(np.unique(alike)) < len(X):
        return UnitRule("near duplicates", "", "near duplicates are records of one thing")
    return UnitRule("row", "", "no rows were found that resemble each other more than others")


def _named_rule(X: pd.DataFrame, name: str, kind: str) -> UnitRule:
    """The rule for a column that a person names; of a column of dates the unit is the day."""
    if name == ROW and name not in X:
        return UnitRule("row", "", "each row was named as its own unit")
    kind = kind or ("day" if is_date(X[name]) else "entity")
    return UnitRule(kind, name, f"the column {name} was named")


def _found(X: pd.DataFrame, y: np.ndarray | None, time_column: str) -> UnitRule | None:
    """The rule for entities or days whose rows resemble each other; None where none do."""
    variables = Variables.of(X, y)
    entity = candidates.best_entity(X, variables)
    period = candidates.best_period(X, variables, time_column)
    if entity and period and entity.effect < ENTITY_LEADS * period.effect:
        return UnitRule(period.kind, period.column, f"{period.why}, more so than of {entity.noun}")
    best = entity or period
    return UnitRule(best.kind, best.column, best.why) if best else None


def _check_named(X: pd.DataFrame, *names: str) -> None:
    for name in filter(None, names):
        if name not in X and name != ROW:
            raise InputError(f"The table has no column '{name}'. {nearest(name, X.columns)}")


def unit_labels(rule: UnitRule, X: pd.DataFrame, alike: np.ndarray | None = None) -> np.ndarray:
    """The unit of each of n rows as text; the same text for the same unit in any table.

    A row whose cell is missing is a unit of its own. `alike` is needed for near duplicates; without
    it (rows that came later) each row is alone.

    >>> unit_labels(UnitRule("entity", "customer"), pd.DataFrame({"customer": [17, 4]})).tolist()
    ['customer 17', 'customer 4']
    """
    if rule.kind in ("row", "near duplicates") or rule.column not in X:
        names = None if alike is None or rule.is_row else pd.Series(alike).astype("str")
        return _alone(X) if names is None else ("record " + names).to_numpy(dtype=object)
    column = X[rule.column]
    missing = column.isna().to_numpy()
    labels = _labels_of(rule, column).astype(object).to_numpy(dtype=object, copy=True)
    labels[missing] = _alone(X)[missing]
    return labels


def _labels_of(rule: UnitRule, column: pd.Series) -> pd.Series:
    if rule.kind in ("day", "week") and is_date(column):
        return column.dt.strftime("%Y-%m-%d" if rule.kind == "day" else "%G-W%V")
    return rule.column + " " + _as_text(column)


def units_of(rule: UnitRule, X: pd.DataFrame, alike: np.ndarray | None = None):
    """The labels of `unit_labels`; None where each row is its own unit, or no column tells."""
    known = alike is not None if rule.kind == "near duplicates" else rule.column in X
    return unit_labels(rule, X, alike) if known and not rule.is_row else None


def _as_text(column: pd.Series) -> pd.Series:
    """Cells as text; whole numbers without a decimal point, however they are stored."""
    if is_number(column) and bool((column.dropna() % 1 == 0).all()):
        column = column.astype("Int64")
    return column.astype("str")


def _alone(X: pd.DataFrame) -> np.ndarray:
    """A label for each row that no other row has: made of its cells and its place."""
    content = pd.util.hash_pandas_object(X.astype("str"), index=False).to_numpy()
    return np.array([f"row {at}-{cells:x}" for at, cells in enumerate(content)], dtype=object)


def describe_units(unit: np.ndarray | None, rule: UnitRule, rows: int) -> str:
    """How many rows there are, and of how many units.

    >>> describe_units(np.array(["2013-07-01", "2013-07-01"]), UnitRule("day", "scheduled"), 2)
    '2 rows of 1 day'
    """
    if unit is None or rule.is_row:
        return f"{rows:,} rows"
    return f"{rows:,} rows of {count_units(unit, rule)}"


def count_units(unit: np.ndarray | None, rule: UnitRule, times: float = 1.0) -> str:
    """How many units some rows have (or `times` as many), in words; empty where each row is one.

    >>> count_units(np.array(["2013-07-01", "2013-07-02"]), UnitRule("day", "scheduled"))
    '2 days'
    """
    if unit is None or rule.is_row:
        return ""
    count = round(times * len(pd.unique(unit)))
    return f"{count:,} {rule.noun if count != 1 else rule.one}"
