"""What a dependency leaves open: keys whose rows hold several values, none of them by far."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..clean.doubtful_cells import AND
from .answered_table import AnsweredTable
from .listed_doubts import NEIGHBOUR
from .question import Question, line_of

CLOSE = 3  # the second value of a key has a third of the first one's rows, or more
MOST = 60  # keys asked about
SHOWN = 4


def disputes(table: AnsweredTable, names: list[str], to: str) -> list[Question]:
    """A question for each key whose rows disagree, the largest first: which value is right?"""
    raw = pd.DataFrame({name: _before(table, name, to) for name in (*names, to)}).dropna()
    if not len(raw):
        return []
    counts = raw.groupby([*names, to], sort=False).size().rename("cells").reset_index()
    open_still = [(key, own) for key, own in counts.groupby(names, sort=False) if _is_close(own)]
    groups = sorted(open_still, key=lambda one: -one[1]["cells"].sum())
    return [_dispute(names, to, key, own) for key, own in groups[:MOST]]


def _is_close(own: pd.DataFrame) -> bool:
    """Whether the second value of a key comes near the first: what is lone is an error."""
    top = own["cells"].nlargest(2).tolist()
    return len(top) == 2 and CLOSE * top[1] >= top[0]


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
    return Question("rows disagree", to, text, lines, sum(cells[1:]), 0.5, typed=True,
                    choices=tuple(values[:SHOWN]))  # fmt: skip
