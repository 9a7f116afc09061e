"""A column that numbers the rows: the index of a frame that was saved with the file.

It says nothing of a row but its place. Where the rows were sorted by the answer, it gives that
away; where two rows are copies, it makes them differ.
"""

from __future__ import annotations

import re

import pandas as pd

from ..cells.kinds import is_number
from . import odd_files

NAMELESS = re.compile(r"column_1|Unnamed: 0(\.\d+)?|\.\.\.1|level_0")


def without_saved_index(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without a first column that has no name and numbers the rows; that is noted.

    >>> list(without_saved_index(pd.DataFrame({"Unnamed: 0": [0, 1], "x": [5, 6]})))
    ['x']
    """
    name = str(frame.columns[0])
    if frame.shape[1] < 2 or not NAMELESS.fullmatch(name) or not _numbers_rows(frame.iloc[:, 0]):
        return frame
    said = (
        f"The first column has no name and numbers the rows ({frame.iloc[0, 0]:g}, "
        f"{frame.iloc[1, 0]:g}, …): it is the index of a frame, saved with the file, and is left "
        f"out. To keep it, give it a name in the header."
    )
    return odd_files.note(frame.drop(columns=frame.columns[0]), said)


def _numbers_rows(column: pd.Series) -> bool:
    """Whether whole numbers from about 0 stand in a column, each once: also in another order."""
    if not is_number(column) or column.isna().any() or len(column) < 2:
        return False
    whole = bool((column % 1 == 0).all()) and column.is_unique
    return whole and column.min() >= 0 and column.min() <= 1 + 0.1 * column.max()
