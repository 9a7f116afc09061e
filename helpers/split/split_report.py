"""The words, tables and picture of stage 4."""

from __future__ import annotations

import pandas as pd

from ..learning.labelled_data import GAP, ROW_ORDER, TEST, TRAIN, Labelled
from ..learning.task_kind import Task
from ..pages import show
from .choose_split import date_columns

OTHER_ROWS = {  # what a split other than a random one lets a model learn from
    "time": "earlier rows",
    "group": "rows of other groups",
    "panel": "earlier rows of other groups",
}


def options(choice: dict, about: dict, test_share, test_from, embargo, folds, seed) -> dict:
    """The options of `split_rows`; an example knows from which day on to hold out."""
    known = choice["column"] == about.get("time_column")
    return {
        "test_share": test_share,
        "test_from": test_from or (about.get("test_from", "") if known else ""),
        "embargo": embargo,
        "test_rows": about.get("test_rows", 0),
        "folds": folds,
        "seed": seed,
    }


def name_of(choice: dict) -> str:
    """A split strategy, and its column, in words.

    >>> name_of({"strategy": "time", "column": "sold"})
    'time (sold)'
    """
    columns = [choice["column"], choice.get("group", "")]
    named = ", ".join(filter(None, columns))
    return choice["strategy"] + (f" ({named})" if named else "")


def sets_overview(rows: Labelled) -> pd.DataFrame:
    """Rows in each set, and the target there: its mean, or the share of each class."""
    parts = {part: pd.Series(rows.of(part).y) for part in (TRAIN, TEST)}
    table = {part: {"rows": f"{len(y):,}"} | _about(y, rows.task) for part, y in parts.items()}
    return pd.DataFrame(table).T.rename_axis("set")


def _about(y: pd.Series, task: Task) -> dict[str, str]:
    """The mean and the spread of numbers, or the share of each of ten classes."""
    if task.is_regression:
        return {"mean": f"{y.mean():.2f}", "standard deviation": f"{y.std():.2f}"}
    shares = y.value_counts(normalize=True)
    return {f"share of {task.target} = {c}": f"{shares.get(c, 0):.1%}" for c in task.classes[:10]}


def note_findings(work, choice: dict, plan: dict) -> None:
    """Note on the front page when the column that groups rows is a feature as well."""
    group = choice["column"] if choice["strategy"] == "group" else choice.get("group", "")
    if group and group in plan["columns"]:
        message = (
            f"Rows are held out by {group}, and it is a feature too, though held-out rows have "
            f"values of it that training has not seen. Leave it out: --set drop={group} "
            f"--stages 3-8."
        )
        work.find("group_as_feature", "warning", [group], message)


def rows_in_embargo(rows: Labelled) -> int:
    """How many rows are in the embargo between the sets."""
    return int((rows.part == GAP).sum())


def rows_in_sets(rows: Labelled) -> int:
    """How many rows are for training or held out."""
    return len(rows.part) - rows_in_embargo(rows)


def headline(rows: Labelled, choice: dict) -> str:
    """The stage's result in a sentence."""
    train, test, gap = ((rows.part == part).sum() for part in (TRAIN, TEST, GAP))
    how = {
        "column": f"those that the column {choice['column']} names",
        "file": "those of the second file",
        "random": "drawn at random"
        + ("" if rows.task.is_regression else ", classes in proportion"),
        "time": "the last ones in the file"
        if choice["column"] == ROW_ORDER
        else f"the latest by {choice['column']}",
        "group": f"whole groups of {choice['column']}",
        "panel": f"the latest by {choice['column']}, of other groups of {choice.get('group', '')}",
    }[choice["strategy"]]
    between = f", and {gap:,} rows between the two are in neither" if gap else ""
    return f"{test:,} of {train + test + gap:,} rows are held out: {how}{between}."


def describe_choice(choice: dict) -> str:
    """Which split was chosen, why, and how to have another.

    >>> describe_choice({"strategy": "time", "column": "sold", "why": "sold was named"})
    'The split is **time (sold)**: sold was named.'
    """
    text = f"The split is **{name_of(choice)}**: {choice['why']}."
    other = "random" if choice["strategy"] != "random" else "time --set time_column=COLUMN"
    undo = f" Another one: `--set split_strategy={other} --stages 4-8`."
    return text + (undo if choice.get("found") else "")


def describe_comparison(found) -> str:
    """By how much a random split flatters, in a sentence (see `strategy_comparison.Comparison`)."""
    if found.gain is None:
        return (
            "No column says when and no group was found, so there is nothing to compare a random "
            "split with. If rows belong together (one customer, many rows), name the column with "
            "`--set group_column=…`."
        )
    random, own = found.table.iloc[:, -1]
    asked, gain, name = found.table.iloc[0, 0], found.gain, found.table.columns[-1]
    between = f"95 % interval {gain.low:+.3f} to {gain.high:+.3f}"
    scores = (
        f"Asked the same {asked:,} training rows, a quick model scores **{random:.2f}** ({name}) "
        f"after learning from random rows, and **{own:.2f}** after as many "
        f"{OTHER_ROWS[found.other['strategy']]}, split by {name_of(found.other)}"
    )
    if found.flatters:
        return f"{scores}: a random split flatters it by {gain.value:.3f} ({between})."
    note = f" {gain.warning}" if gain.warning else ""
    return f"{scores}: the difference may be chance ({gain.value:+.3f}, {between}).{note}"


def describe_undated(rows: Labelled, choice: dict) -> str:
    """How many rows have no date, and what becomes of them; empty where all have one."""
    if choice["strategy"] not in ("time", "panel") or choice["column"] not in rows.X:
        return ""
    count = int(rows.X[choice["column"]].isna().sum())
    if not count:
        return ""
    return (
        f"{count:,} rows have no {choice['column']}: they may be from any time, so they are "
        f"neither held out nor in a fold; only the final model learns from them."
    )


def show_split(rows: Labelled, choice: dict) -> None:
    """Show which rows are held out and why, what is in each set, and the folds."""
    said = f"**{headline(rows, choice)}**", describe_choice(choice), describe_undated(rows, choice)
    show.together(show.say(*said), sets_overview(rows), folds_table(rows, choice))


def show_comparison(found, *said: str) -> None:
    """Show what was `said` and by how much a random split flatters (`Comparison`)."""
    show.together(show.say(*said, describe_comparison(found)), found.table.round(2))


def sets_picture(rows: Labelled, choice: dict):
    """Rows over time for a time split; otherwise the target in each set."""
    from ..pages import table_plots

    if choice["strategy"] in ("time", "panel") and choice["column"] in date_columns(rows.X):
        return table_plots.sets_over_time(rows.X[choice["column"]], rows.part)
    return table_plots.target_by_set(rows.y, rows.part, rows.task)


def folds_table(rows: Labelled, choice: dict) -> pd.DataFrame:
    """A row per fold, from 0: how many training rows it has, and how many validation rows.

    Under a time split also until when it learns, and from when to when it is asked.
    """
    learn = rows.of(TRAIN)
    by_time = choice["strategy"] in ("time", "panel")
    when = learn.X[choice["column"]] if by_time and choice["column"] in learn.X else None
    lines = [_fold_line(*fold, when) for fold in learn.folds()]
    return pd.DataFrame(lines).rename_axis("fold")


def _fold_line(learn, valid, when: pd.Series | None) -> dict:
    """The counts of a fold and, where rows have a time, its first and last."""
    counts = {"training rows": f"{len(learn):,}", "validation rows": f"{len(valid):,}"}
    if when is None:
        return counts
    asked = when.iloc[valid]
    ends = {"learns until": when.iloc[learn].max(), "asked from": asked.min(), "to": asked.max()}
    return counts | ends
