"""New rows are known by their place and content.

Each repeat draws rows that a model has learnt from, and a file that is given to it later. A row
that is new must be kept, however often an equal one was learnt; a row that was learnt must not be
judged on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from helpers.monitor.rows_learnt import as_note, copies

from . import Simulation

LEARNT, NEW = 300, 1_000
KEPT, LEFT = "every new row is kept", "every row learnt is left out"


def few_values(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Three categories and a label: 48 different rows at most."""
    levels = {"plan": 4, "region": 3, "size": 2, "left": 2}
    return pd.DataFrame({n: random.integers(0, k, rows).astype(str) for n, k in levels.items()})


def one_value(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """A yes, nearly always."""
    return pd.DataFrame({"paid": np.where(random.random(rows) < 0.9, "yes", "no")})


def coarse(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Four columns of nine values: of 1,300 rows one in six has a twin."""
    return pd.DataFrame({f"x{n}": random.integers(0, 9, rows) for n in range(4)})


def numbers(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Three numbers: no two rows are equal."""
    return pd.DataFrame(random.normal(size=(rows, 3)), columns=list("abc"))


def repeating(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Numbers, one row in ten written twice."""
    table = numbers(random, rows)
    twice = np.sort(np.append(np.arange(rows), np.arange(0, rows, 10)))[:rows]
    return table.iloc[twice].reset_index(drop=True)


TABLES = (few_values, one_value, coarse, numbers, repeating)


def other_file(random, old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """A file of new rows alone; and which rows of it are new."""
    return new, np.ones(len(new), bool)


def grown(random, old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The same file with new rows at its end."""
    return pd.concat([old, new], ignore_index=True), np.repeat([False, True], [len(old), len(new)])


def newest_first(random, old, new):
    """The same file with new rows at its head."""
    table, is_new = grown(random, new, old)
    return table, ~is_new


def oldest_gone(random, old, new):
    """The file without its oldest rows, and with new ones."""
    table, is_new = grown(random, old, new)
    return table[100:].reset_index(drop=True), is_new[100:]


def columns_added(random, old, new):
    """The file has grown by rows and by a column."""
    table, is_new = grown(random, old, new)
    return table.assign(more=random.normal(size=len(table))), is_new


def reordered(random, old, new):
    """The same rows and new ones, in another order."""
    table, is_new = grown(random, old, new)
    order = random.permutation(len(table))
    return table.iloc[order].reset_index(drop=True), is_new[order]


def given_twice(random, old, new):
    """The same file again: nothing is new."""
    return old, np.zeros(len(old), bool)


def kept(random: np.random.Generator, draw: Callable, deliver: Callable) -> dict[str, float]:
    """Whether the new rows of a file are kept and the rows learnt are not.

    Equal rows may stand for one another: what counts is how many of each are kept.
    """
    old, new = draw(random, LEARNT), draw(random, NEW)
    table, is_new = deliver(random, old, new)
    learnt = copies(as_note(old, np.arange(LEARNT)), table)
    whole = table[old.columns].astype(str).agg("|".join, axis=1)
    over = whole[~learnt].value_counts().sub(whole[is_new].value_counts(), fill_value=0)
    found = {KEPT: float((over >= 0).all())} if is_new.any() else {}
    return found | ({LEFT: float((over <= 0).all())} if not is_new.all() else {})


PLACED = (grown, newest_first, oldest_gone, columns_added, given_twice)
ALWAYS = (0.999, None)


def _simulation(draw: Callable, deliver: Callable, goals: dict, note: str = "") -> Simulation:
    name = f"{draw.__name__.replace('_', ' ')}, {deliver.__name__.replace('_', ' ')}"
    return Simulation(name, partial(kept, draw=draw, deliver=deliver), goals, quick=10, note=note)


BOTH = {KEPT: ALWAYS, LEFT: ALWAYS}
UNKNOWABLE = [  # in these equal rows prove nothing, wherever they stand: they may be kept
    (draw, reordered) for draw in (few_values, one_value)
] + [(one_value, oldest_gone)]
SIMULATIONS = [
    *(_simulation(draw, other_file, {KEPT: ALWAYS}) for draw in TABLES),
    *(
        _simulation(draw, how, {KEPT: ALWAYS}, "equal rows prove little here")
        if (draw, how) in UNKNOWABLE
        else _simulation(draw, how, {LEFT: ALWAYS} if how is given_twice else BOTH)
        for how in (*PLACED, reordered)
        for draw in TABLES
    ),
]
