"""What stage 1 shows: the sources, the columns, the injected errors."""

from __future__ import annotations

import pandas as pd

from .collect_rows import content_hash


def describe_injected_errors(key: pd.DataFrame | None, frame: pd.DataFrame) -> str:
    """A sentence that announces injected errors."""
    if key is None:
        return "No errors were injected: all errors in this table come from its source."
    cells = key["column"].notna().sum()
    kinds = key["kind"].nunique()
    return (
        f"**{cells:,} of {frame.size:,} cells and {key['column'].isna().sum():,} rows are injected "
        f"errors**, of {kinds} kinds. The answer key lies beside the data; only the scoring at the "
        f"end of stage 2 opens it."
    )


def sources_table(sources: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per source: kind, address, rows, columns, hash of the content, time of reading."""
    return pd.DataFrame(
        {
            "source": name,
            "kind": frame.attrs["kind"],
            "address": frame.attrs["address"],
            "rows": len(frame),
            "columns": frame.shape[1],
            "hash": content_hash(frame),
            "read at (UTC)": frame.attrs["time"],
        }
        for name, frame in sources.items()
    )


def join_sentences(sources: dict) -> list[str]:
    """What each join of a recipe did, and what is to be said of it; none for a table alone."""
    joined = getattr(sources, "joined", None)
    if joined is None:
        return []
    asked, rows = joined.recipe.moment, f"{len(joined.frame):,} rows of {joined.recipe.main.name}"
    when = f"asked about at {asked.column} less {asked.before}" if asked else "without a time"
    said = [f"- {' '.join([one.sentence(), *one.notes])}" for one in joined.reports]
    return [f"**Joined by the recipe**: all {rows} stay, {when}.", "\n".join(said)]


def headline(frame: pd.DataFrame, sources: dict, about: dict, aside: int = 0) -> str:
    """The stage's result in a sentence; `aside` lines of the file are no rows."""
    many = f"{len(sources)} sources" if len(sources) > 1 else about["source"]
    text = f"{len(frame):,} rows and {frame.shape[1]} columns from {many}"
    text += f" ({aside:,} line{'s' * (aside != 1)} set aside)" * bool(aside)
    return (
        f"{text}; the target is {about['target']}."
        if about["target"]
        else (f"{text}. No target is named, so the line explores and stops after stage 3.")
    )


def column_overview(frame: pd.DataFrame) -> pd.DataFrame:
    """A row per column: its type as stored, the share missing, distinct values and an example."""
    about = {
        "type": [str(t) for t in frame.dtypes],
        "missing": [f"{share:.1%}" for share in frame.isna().mean()],
        "distinct": frame.nunique().to_list(),
        "example": [_example(frame[name].dropna()) for name in frame],
    }
    return pd.DataFrame(about, index=frame.columns.rename("column"))


def _example(present: pd.Series) -> str:
    """The first of some values, shortened; "" without any."""
    return f"{present.iloc[0]!s:.40}" if len(present) else ""
