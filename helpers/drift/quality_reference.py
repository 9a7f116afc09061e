"""What is kept of the earlier rows, so that the quality of later rows can be held against it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.kinds import Kind, kind_of
from ..learning.unit_tests import dependence
from .comparable_columns import as_values, inferred

MOST_KEPT = 20_000  # levels of a column; one with more holds no categories


def reference_of(frame: pd.DataFrame, unit: np.ndarray | None = None) -> dict:
    """What later rows are held against: rows, copies, and by column kind, gaps, range or levels.

    Plain JSON. `readable` counts the texts that are numbers, `most` the rows with the commonest
    value. `unit` says of which unit each row is; then `units` counts them, of each level
    `level_units`, and `gap_icc` is how much gaps go together within them.
    """
    if not len(frame):
        raise InputError("There are no earlier rows to compare the later rows with.")
    columns = {str(name): describe(frame[name], unit) for name in frame.columns}
    found = {"rows": len(frame), "copies": count_copies(frame), "columns": columns}
    return found if unit is None else found | {"units": int(pd.Series(unit).nunique())}


def describe(column: pd.Series, unit: np.ndarray | None = None) -> dict:
    """What is kept of one column."""
    column = inferred(column)
    present = column.dropna()
    sizes = {"present": len(present), "missing": len(column) - len(present)}
    about = {"kind": quality_kind(column)} | sizes
    if unit is not None:
        within = dependence(column.isna().astype(float), unit)
        about |= {"sizes": list(within.sizes), "gap_icc": within.icc}
    if about["kind"] == "empty":
        return about
    if about["kind"] in ("number", "date"):
        return about | _of_values(present)
    return about | _of_texts(present, None if unit is None else unit[column.notna().to_numpy()])


def _of_values(present: pd.Series) -> dict:
    """The range of numbers or dates, how many differ, and the rows with the commonest one."""
    values, counts = np.unique(as_values(present).to_numpy(), return_counts=True)
    span = [float(values[0]), float(values[-1])]
    return {"range": span, "most": int(counts.max()), "distinct": len(counts)}


def _of_texts(present: pd.Series, unit: np.ndarray | None) -> dict:
    """How many texts differ, how many are numbers, and their levels where these are categories."""
    counts = present.astype("str").value_counts()
    about = {"most": int(counts.iloc[0]), "distinct": len(counts)}
    about["readable"] = int(counts[is_number_text(counts.index)].sum())
    if len(counts) > MOST_KEPT or about["readable"] > len(present) / 2 or _are_dates(counts.index):
        return about  # no categories
    if unit is not None:
        about["level_units"] = units_of_levels(present.astype("str"), unit).to_dict()
    return about | {"levels": dict(zip(counts.index.tolist(), counts.tolist(), strict=True))}


def units_of_levels(texts: pd.Series, unit: np.ndarray | None) -> pd.Series:
    """How many units have each level; rows, where each is by itself."""
    if unit is None:
        return texts.value_counts()
    return pd.DataFrame({"level": texts.to_numpy(), "unit": unit}).drop_duplicates()[
        "level"].value_counts()  # fmt: skip


def quality_kind(column: pd.Series) -> str:
    """number, date, boolean or text by its type; empty when nothing is there."""
    if not column.notna().any():
        return "empty"
    kind = kind_of(column)
    return str(Kind.NUMBER if kind == Kind.DURATION else kind)


def is_number_text(texts) -> np.ndarray:
    """Whether each of some texts is a number."""
    return pd.to_numeric(pd.Series(texts, dtype="str"), errors="coerce").notna().to_numpy()


def _are_dates(texts) -> bool:
    """Whether most of the texts are dates, the year first; a hundred are looked at."""
    some = pd.Series(texts[:100], dtype="str")
    read = pd.to_datetime(some, errors="coerce", format="ISO8601", utc=True)
    return bool(read.notna().mean() > 0.5)


def count_copies(frame: pd.DataFrame) -> int:
    """How many rows repeat an earlier one."""
    try:
        return int(frame.duplicated().sum())
    except TypeError:  # lists in cells can't be compared, their text can
        return int(frame.astype("str").duplicated().sum())
