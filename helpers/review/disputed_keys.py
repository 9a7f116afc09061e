"""What a dependency leaves open: keys whose rows hold several values, none of them by far."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..clean.doubtful_cells import AND
from .answered_table import AnsweredTable
from .listed_doubts import NEIGHBOUR
from .question import Question, line_of

SURE = 0.75  # of the rows of a key: the value of so many needs no question
MOST = 60  # keys asked about
SHOWN = 4


def disputes(table: AnsweredTable, names: list[str], to: str) -> list[Question]:
    """A question for each key whose rows disagree, the largest first: which value is right?"""
    raw = pd.DataFrame({name: _before(table, name, to) for name in (*names, to)}).dropna()
    if not len(raw):
        return []
    counts = raw.groupby([*names, to], sort=False).size().rename("cells").reset_index()
    total = counts.groupby(names, sort=False)["cells"].transform("sum")
    top = counts.groupby(names, sort=False)["cells"].transform("max")
    open_still = counts[(top < SURE * total) & (total >= 2)]
    groups = sorted(open_still.groupby(names, sort=False), key=lambda one: -one[1]["cells"].sum())
    return [_dispute(names, to, key, own) for key, own in groups[:MOST]]


def _before(table: AnsweredTable, name: str, to: str) -> np.ndarray:
    """A column's texts; of the one that is settled, before any dependency settled it."""
    return table.texts[name] if name != to else table.alone(name)


def _dispute(names: list[str], to: str, key: tuple, own: pd.DataFrame) -> Question:
    own = own.sort_values("cells", ascending=False, kind="stable")
    values, cells = own[to].tolist(), own["cells"].tolist()
    where = AND.join(f"{name}={text}" for name, text in zip(names, key, strict=True))
    held = ", ".join(f"‘{v}’ ({n})" for v, n in list(zip(values, cells, strict=True))[:SHOWN])
    text = f"Which {to} is right where {where}? Its rows hold {held}."
    lines = tuple(
        line_of(to, NEIGHBOUR, v, n, where=where) for v, n in zip(values, cells, strict=True)
    )
    return Question("rows disagree", to, text, lines, sum(cells), 0.2, typed=True,
                    choices=tuple(values[:SHOWN]))  # fmt: skip
