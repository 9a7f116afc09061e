"""Which split a table calls for: as production will be, and why.

What a person names decides. Otherwise rows are asked: do neighbours in time resemble each other
(`time_order`), do entities repeat (`learning.units`)?
"""

from __future__ import annotations

import pandas as pd

from ..base.user_errors import InputError, nearest
from ..learning.labelled_data import Labelled
from .split_by_time import by_time
from .split_panel import known_before
from .time_order import TimeOrder, find_time_order

STRATEGIES = ("random", "time", "group", "panel", "column", "file")
FEWEST_GROUPS = 5  # fewer are not enough to hold some out unasked
MOSTLY = 0.5  # share of later rows that are of entities with earlier rows


def choose_split(
    strategy: str, rows: Labelled, features: dict, about: dict, time_column="", group_column="",
    split_column="", test_share=0.2, seed=42,
) -> dict:  # fmt: skip
    """The `strategy`, its `column` (and `group`), and `why`: as asked, or as the table calls for.

    `rows` are not split yet, `features` is the feature plan, `about` what is known of the table.
    "auto" takes what is named: a split column, a second file of stage 1, a time column (or an
    example's), a group column, both. Where nothing is named it is by time if neighbours in time
    resemble each other, by group if entities repeat, by both if later rows are mostly of new
    entities; else random. Raises InputError for what can't be followed.
    """
    when = time_column or about.get("time_column", "")
    named = {"time": when, "group": group_column, "column": split_column}
    for name in filter(None, named.values()):
        if name not in rows.X.columns:
            raise InputError(f"The table has no column '{name}'. {nearest(name, rows.X.columns)}")
    if strategy == "auto":
        return _from_names(named, about) or _from_rows(rows, features, named, test_share, seed)
    _check_strategy(strategy, named, about)
    return _choice(strategy, named, _as_asked(strategy, named))


def _choice(strategy: str, named: dict, why: str, found: bool = False) -> dict:
    """A choice as it goes into `split.json`; `found`: nobody named it."""
    column = named["time"] if strategy == "panel" else named.get(strategy, "")
    group = {"group": named["group"]} if strategy == "panel" else {}
    return {"strategy": strategy, "column": column} | group | {"why": why, "found": found}


def _as_asked(strategy: str, named: dict) -> str:
    """Why, for a strategy that was asked for; a column that it does not use is not passed over."""
    used = {"panel": ("time", "group")}.get(strategy, (strategy,))
    unused = [name for kind, name in named.items() if name and kind not in used]
    also = f"; {' and '.join(unused)} is not used by it" if unused else ""
    return f"split_strategy={strategy} was asked for{also}"


def _from_names(named: dict, about: dict) -> dict | None:
    """The choice that named columns make; None where rows have to be asked."""
    if named["column"]:
        return _choice("column", named, f"the column {named['column']} was named")
    if about.get("test_rows"):
        return _choice("file", named, "a second file was given")
    if named["time"] and named["group"]:
        why = (
            "{time} and {group} were named: the model will be asked about later rows of new groups"
        )
        return _choice("panel", named, why.format(**named))
    if named["time"] and about.get("split_strategy", "time") == "time":
        return _choice("time", named, f"{named['time']} is the column that says when")
    return None


def _from_rows(rows: Labelled, features: dict, named: dict, share: float, seed: int) -> dict:
    """The choice that the rows call for, a named group included."""
    order = find_time_order(rows, features, seed)
    if order and not _has_moments(rows, order.column, share):
        order = None
    group = named["group"] or _repeating(rows)
    if order is None:
        return _without_order(rows, named | {"group": group}, bool(named["group"]))
    both = named | {"time": order.column, "group": group}
    if named["group"]:
        why = f"{group} was named, and {order.why}: held out are later rows of other groups"
        return _choice("panel", both, why, found=True)
    return _choice("time", both, order.why, True) if not group else _of_both(
        rows, order, both, share
    )  # fmt: skip


def _has_moments(rows: Labelled, column: str, share: float) -> bool:
    """Whether the latest rows can be held out, and a fold can train on earlier ones."""
    try:
        return bool(by_time(rows, column, share, "", 2).by_time)
    except InputError:
        return False


def _repeating(rows: Labelled) -> str:
    """The column of entities that repeat, as stage 2 found it (or a person named it)."""
    if rows.units.kind not in ("entity", "group") or rows.units.column not in rows.X:
        return ""
    return rows.units.column if rows.X[rows.units.column].nunique() >= FEWEST_GROUPS else ""


def _without_order(rows: Labelled, named: dict, by_name: bool) -> dict:
    """By group, or random: where there is no time order."""
    if by_name:
        return _choice("group", named, f"the column {named['group']} was named")
    if named["group"]:
        return _choice("group", named, f"{rows.units.why}, and a model may meet new ones", True)
    why = "no neighbours in time and no rows of one entity were found to be more alike than others"
    return _choice("random", named, why, True)


def _of_both(rows: Labelled, order: TimeOrder, named: dict, share: float) -> dict:
    """By time where later rows are mostly of entities with earlier rows; else by both.

    This is what production meets: next month's rows are of the same shops, or of new patients.
    """
    known = known_before(rows, named["time"], named["group"], share)
    says = f"{known:.0%} of the later rows are of a {named['group']} with earlier rows"
    if known >= MOSTLY:
        why = f"{order.why}; {says}, as it will be in production, so these stay on both sides"
        return _choice("time", named, why, True)
    return _choice("panel", named, f"{order.why}; only {says}: production meets new ones", True)


def _check_strategy(strategy: str, named: dict, about: dict) -> None:
    """Raise InputError for a strategy that is unknown or lacks its column or file."""
    if strategy not in STRATEGIES:
        raise InputError(
            f"split_strategy is auto, {', '.join(STRATEGIES)}; it is '{strategy}'. "
            f"{nearest(strategy, STRATEGIES)}"
        )
    if strategy == "file" and not about.get("test_rows"):
        raise InputError("A split by file needs a second one: --set test_data=FILE (stage 1).")
    _check_columns(strategy, named)


def _check_columns(strategy: str, named: dict) -> None:
    for kind in ("time", "group") if strategy == "panel" else (strategy,):
        if not named.get(kind, "no column is needed"):
            parameter = "split_column" if kind == "column" else f"{kind}_column"
            raise InputError(
                f"A {strategy} split needs a column: name it with --set {parameter}=COLUMN."
            )


def date_columns(X: pd.DataFrame) -> list[str]:
    """The columns that hold dates."""
    from ..cells.kinds import is_date

    return [c for c in X if is_date(X[c])]
