"""How the text columns of a table are read when it is explored: as the cleaning stage would.

Each column's plan is drafted from a thousand of its cells; date columns are settled together.
"""

from __future__ import annotations

import pandas as pd

from ..base.spacing import evenly_spaced
from ..cells import dates_together
from ..cells.draft_column_plan import draft_column
from ..cells.kinds import Kind, kind_of

PROBED_ROWS = 1_000  # cells that tell what a column of text holds
COMPARED_ROWS = 20_000  # rows by which date columns are settled


def plans_of_texts(frame: pd.DataFrame) -> dict[int, dict]:
    """By position the plan of each column of text that holds anything.

    >>> frame = pd.DataFrame({"issued": ["25/01/2024", "02/03/2024"],
    ...                       "due": ["01/02/2024", "05/03/2024"]})
    >>> plans_of_texts(frame)[1]["formats"]
    ['%d/%m/%Y']
    """
    texts = [place for place in range(frame.shape[1]) if kind_of(frame.iloc[:, place]) == Kind.TEXT]
    plans = {place: draft_column(probe) for place in texts
             if len(probe := _probe(frame.iloc[:, place]))}  # fmt: skip
    return plans | _settled(
        frame, [n for n, plan in plans.items() if plan["kind"] == "date"], plans
    )


def _settled(frame: pd.DataFrame, dates: list[int], plans: dict[int, dict]) -> dict[int, dict]:
    """The plans of date columns that the others settle; columns are named by their positions."""
    if not dates:
        return {}
    some = frame.iloc[evenly_spaced(len(frame), COMPARED_ROWS), dates]
    names = [str(frame.columns[place]) for place in dates]
    if len(set(names)) < len(names):
        names = [str(place) for place in dates]
    own = {name: plans[place] for name, place in zip(names, dates, strict=True)}
    found = dates_together.settled(some.set_axis(names, axis=1), own)
    return {place: found[name] for name, place in zip(names, dates, strict=True) if name in found}


def _probe(column: pd.Series) -> pd.Series:
    """Some cells of a column that hold something, evenly spaced."""
    present = column.iloc[evenly_spaced(len(column), 2 * PROBED_ROWS)].dropna()
    if len(present) < PROBED_ROWS:  # many gaps
        present = column.dropna()
    return present.iloc[evenly_spaced(len(present), PROBED_ROWS)].reset_index(drop=True)
