"""What stage 2 shows: what each step did, the repairs by kind and column, and their score.

The functions that begin with `show_` put together what a cell of the notebook shows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..examples import known
from . import repair_by_dependency
from .cleaning_plan import brief_text

STEP_OF = dict.fromkeys(repair_by_dependency.KINDS, "repaired from other columns") | {
    "decision": "decided by a person"
}
BY_EVIDENCE = ("typo", *repair_by_dependency.KINDS)


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


def describe_repair_score(scored) -> str:
    """The score in a sentence; without an answer key, what there is instead."""
    if scored is None:
        return (
            "No errors were injected into this table, so there is no answer key, and it is unknown "
            "how well it was cleaned: look at the log and the review list. To see how it does in "
            "your columns on the kinds of error that it knows: `--set injected_errors=0.05`."
        )
    return known.read_score(scored)


def score_table(scored, by: str = "kind of error") -> pd.DataFrame:
    """Injected, right, wrong and broken cells, precision and recall, by kind of error or column."""
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


def changed_cells(changes: pd.DataFrame) -> pd.DataFrame:
    """A row per column that was changed: its cells by what became of them, the most first.

    `rewritten` cells had a value and have another one, `taken away` ones have none now, `filled`
    ones had none before.

    >>> log = {"column": ["x", "x", "y"], "before": ["1 kg", "?", None], "after": ["1", None, "2"]}
    >>> changed_cells(pd.DataFrame(log)).loc["x"].tolist()
    [1, 1, 0]
    """
    became = np.select(
        [changes["before"].isna(), changes["after"].isna()], ["filled", "taken away"], "rewritten"
    )
    table = pd.crosstab(changes["column"], became).rename_axis(columns=None)
    table = table.reindex(columns=["rewritten", "taken away", "filled"], fill_value=0)
    return table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]


def changes_by_kind(changes: pd.DataFrame) -> pd.DataFrame:
    """How many cells each kind of repair changed, in how many columns, with an example."""
    if changes.empty:
        return pd.DataFrame(columns=["cells", "columns", "example"]).rename_axis("kind")
    grouped = changes.groupby("kind", sort=False)
    counted = {"cells": grouped.size(), "columns": grouped["column"].nunique()}
    table = pd.DataFrame(counted | {"example": _arrows(grouped.first())})
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
    rows, table = len(raw), {}
    for name in ("each column read by its plan", *dict.fromkeys(STEP_OF.values())):
        table[name] = rows, rows, int((step == name).sum())
    for why, gone in reason.value_counts().items():
        table[f"set aside: {why}"] = rows, rows - gone, 0
        rows -= int(gone)
    many = linked["group"].nunique()
    table[f"near duplicates linked: {many:,} group{'s' * (many != 1)}"] = rows, rows, 0
    table = pd.DataFrame(table, index=["rows in", "rows out", "cells changed"])
    return table.T.rename_axis("step").map("{:,}".format)


def unusable(plan: dict) -> dict[str, str]:
    """The columns that no model can learn from, each with the reason."""
    return {name: c["note"] for name, c in plan["columns"].items() if c.get("note")}


def _repaired(total) -> str:
    return (
        f"; of the injected errors {_share(total['recall'])} were repaired; of the repairs that "
        f"the key can judge {total['precision']:.1%} are right, {total['broken']:,} sound cells "
        f"broken"
    )


def headline(changes, reason: pd.Series, linked, review: pd.DataFrame, scored=None) -> str:
    """The stage's result in a sentence, with the score where errors were injected."""
    text = f"{len(changes):,} cells changed in {changes['column'].nunique()} columns"
    text += "" if scored is None else _repaired(scored.total)
    text += f"; {_rows_aside(reason)}"
    if len(linked):
        text += f"; {len(linked):,} rows nearly the same as another"
    items = int((review["apply"] == "").sum())
    if items:
        text += f"; {items:,} review item{'s' * (items > 1)} left to a person"
    return text + "."


def _rows_aside(reason: pd.Series) -> str:
    """How many rows are set aside, and why."""
    counts = reason.value_counts()
    text = f"{int(counts.sum()):,} of {len(reason):,} rows set aside"
    why = ", ".join(f"{why}: {n:,}" for why, n in counts.items())
    return f"{text} ({why})" if why else text


def describe_row_count(rows_in: int, reason: pd.Series) -> str:
    """A sentence that shows that the rows add up."""
    aside = int(reason.notna().sum())
    return f"**{rows_in:,} rows in = {rows_in - aside:,} rows out + {aside:,} set aside.**"


# --- What the cells of the notebook show --------------------------------------------------------


def show_repairs(changes: pd.DataFrame) -> None:
    """The repairs by kind, the least certain ones, and the columns that they are in."""
    from ..pages import show

    tables = changes_by_kind(changes), least_certain_repairs(changes)
    show.together(*tables, picture_of_changes(changes))


def picture_of_changes(changes: pd.DataFrame):
    """The columns with faulty cells, and what became of these, as a picture.

    Other names for one thing (aliases) are no faults, and are not counted.
    """
    from ..pages import table_plots

    table = changed_cells(changes[changes["kind"] != "alias"])
    return table_plots.changed_cells(table, height=0.9 + 0.22 * min(len(table), 14))


def show_rows(raw: pd.DataFrame, changes: pd.DataFrame, rows, planted: str = "") -> None:
    """What each step did, and in words how the rows add up; `rows` as `sort_rows` gives them."""
    from ..pages import show

    said = [describe_row_count(len(raw), rows.reason), planted,
            describe_near_duplicates(rows.linked, len(rows.kept)), rows.counted]  # fmt: skip
    show.together(steps(raw, changes, rows.reason, rows.linked), show.say(*said))


def show_score(scored) -> None:
    """The score in a sentence, and by kind of error."""
    from ..pages import show

    show.together(show.say(describe_repair_score(scored)), score_table(scored))


def show_handed_on(work, changes: pd.DataFrame, plan: dict, scored) -> None:
    """The stage's line in the ledger; folded: its columns, their score, and the whole plan."""
    from ..pages import show

    parts = [changed_cells(changes), score_table(scored, "column"), brief_text(plan)]
    title = "Every changed column, its score, and the whole plan"
    show.together(show.handed_on(work.run.line_of(2)), show.folded(title, *parts))
