"""The words, tables and picture of stage 4."""

from __future__ import annotations

import pandas as pd

from ..learning.labelled_data import GAP, TEST, TRAIN, Labelled
from .split_into_parts import date_columns


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
    return choice["strategy"] + (f" ({choice['column']})" if choice["column"] else "")


def sets_overview(rows: Labelled) -> pd.DataFrame:
    """Rows in each set, and the target there: its mean, or the share of each class."""
    table = {}
    for part in (TRAIN, TEST):
        y = pd.Series(rows.of(part).y)
        about = {"rows": f"{len(y):,}"}
        if rows.task.is_regression:
            about |= {"mean": f"{y.mean():.2f}", "standard deviation": f"{y.std():.2f}"}
        else:
            shares = y.value_counts(normalize=True)
            about |= {f"share of {c}": f"{shares.get(c, 0):.1%}" for c in rows.task.classes[:10]}
        table[part] = about
    return pd.DataFrame(table).T.rename_axis("set")


def note_findings(work, choice: dict, plan: dict) -> None:
    """Note on the front page when the column that groups rows is a feature as well."""
    if choice["strategy"] == "group" and choice["column"] in plan["columns"]:
        message = (
            f"Rows are held out by {choice['column']}, and it is a feature too, though held-out "
            f"rows have values of it that training has not seen. Leave it out: --set drop="
            f"{choice['column']} --stages 3-8."
        )
        work.find("group_as_feature", "warning", [choice["column"]], message)


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
        "time": f"the latest by {choice['column']}",
        "group": f"whole groups of {choice['column']}",
    }[choice["strategy"]]
    between = f", after an embargo of {gap:,} rows" if gap else ""
    return f"{test:,} of {train + test + gap:,} rows are held out: {how}{between}."


def describe_comparison(table: pd.DataFrame, choice: dict) -> str:
    """A sentence that compares the scores of a quick model under several splits."""
    metric = table.columns[-1]
    if len(table) < 2:
        return (
            "The table has no date column and no group was named, so there is nothing to compare: "
            "the split is random. If rows belong together (one customer, many rows), name the "
            "column with `--set group_column=…`."
        )
    random = table[metric].iloc[0]
    other, value = table.index[1], table[metric].iloc[1]
    gap, fitted = random - value, f"{table['training rows'].max():,} rows"
    chosen = f"This run splits by **{choice['strategy']}**."
    if gap > 0.01:
        return (
            f"The same model, fitted on {fitted}, scores **{random:.2f}** ({metric}) under a "
            f"random split and **{value:.2f}** by {other}: a random split flatters it by "
            f"{gap:.2f}. {chosen}"
        )
    return (
        f"Random {random:.2f}, by {other} {value:.2f} ({metric} of a model fitted on {fitted}): "
        f"the difference is small. {chosen}"
    )


def sets_picture(rows: Labelled, choice: dict):
    """Rows over time for a time split; otherwise the target in each set."""
    from ..pages import table_plots

    if choice["strategy"] == "time" and choice["column"] in date_columns(rows.X):
        return table_plots.sets_over_time(rows.X[choice["column"]], rows.part)
    return table_plots.target_by_set(rows.y, rows.part, rows.task)


def folds_table(rows: Labelled) -> pd.DataFrame:
    """A row per fold: how many training rows it has, and how many validation rows."""
    sizes = [(len(learn), len(valid)) for learn, valid in rows.of(TRAIN).folds()]
    columns = ["training rows", "validation rows"]
    table = pd.DataFrame(sizes, columns=columns, index=range(1, len(sizes) + 1))
    return table.map("{:,}".format).rename_axis("fold")
