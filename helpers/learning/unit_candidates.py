"""Which columns may name units (entities, days), and whether their rows resemble each other."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cells.key_names import has_identifier_name, names_entity
from ..cells.kinds import Kind, is_date, is_number, kind_of
from .resemblance import Resemblance, Variables, resemblance

ALPHA = 0.03  # of finding entities where none are; as much again for days
SLIGHT = 1.1  # design effects below it change nothing
FEWEST_ENTITIES, FEWEST_LEVELS, FEWEST_DAYS = 4, 20, 8
MOST_ALONE = 0.9  # levels per row: with more, hardly any repeat
ENOUGH_WEEKS = 100  # a fifth of them, held out, are about twenty
IN_ORDER = 0.95  # share of steps from row to row that do not go back in time


@dataclass(frozen=True)
class Candidate:
    """Units whose rows resemble each other: their design effect on the target, and why."""

    kind: str
    column: str
    effect: float
    why: str

    @property
    def noun(self) -> str:
        """What the units are called in a sentence."""
        return f"one {self.column if self.kind == 'entity' else self.kind}"


def best_entity(X: pd.DataFrame, variables: Variables) -> Candidate | None:
    """The column of entities that repeat, whose rows resemble each other most; None if none do."""
    names = [name for name in X if may_be_entity(str(name), X[name])]
    found = [_tested_entity(X[name], variables, ALPHA / len(names)) for name in names]
    return max((one for one in found if one), key=lambda one: one.effect, default=None)


def may_be_entity(name: str, column: pd.Series) -> bool:
    """Whether a column may be the key of something that several rows share, by name and values.

    With fewer than 20 levels both must say so: "engine" with words such as "jet" is a category.

    >>> may_be_entity("customer", pd.Series([1, 2, 3, 4, 5] * 3))
    True
    >>> may_be_entity("age", pd.Series([31, 32, 33, 34, 35] * 3))
    False
    """
    kind, present = kind_of(column), column.dropna()
    whole = kind == Kind.NUMBER and bool((present % 1 == 0).all())
    if not whole and kind != Kind.TEXT:
        return False
    levels = present.nunique()
    if not FEWEST_ENTITIES <= levels <= MOST_ALONE * len(present):
        return False
    codes = whole or _are_codes(present)
    if levels < FEWEST_LEVELS:
        return names_entity(name) and codes
    return names_entity(name) or has_identifier_name(name) or (codes and not whole)


def _are_codes(present: pd.Series) -> bool:
    """Whether texts are codes, such as "C017" or "N123AA": one word with a digit in it."""
    code = r"(?=\D*\d)[A-Za-z0-9]+(?:[-_/.:#][A-Za-z0-9]+)*"
    distinct = pd.Series(present.unique()).astype("str")
    return bool(distinct.str.fullmatch(code).mean() > 0.95)


def _tested_entity(column: pd.Series, variables: Variables, alpha: float) -> Candidate | None:
    """The candidate, if its rows resemble each other in the target, or in two other columns.

    One other column is not enough: numbers that restart in each year, or that count men and women
    in turn, repeat without naming the same thing.
    """
    present = column.notna().to_numpy()
    level = _in_natural_order(column[present])
    name = np.array(variables.names, dtype=object)
    other = name != str(column.name)
    target, others = variables.target[present], variables.others[present][:, other]
    answers = np.hstack([target, _products(target, others)])
    of_answers, of_others = (
        resemblance(values, level, smooth=True) for values in (answers, others)
    )
    columns = set(name[other][_held(of_others, alpha / 2)])
    if not (_held(of_answers, alpha / 2).any() or len(columns) >= 2):
        return None
    effect = float(of_answers.effect[: target.shape[1]].max(initial=1.0))
    return Candidate("entity", str(column.name), effect, f"rows of one {column.name} are alike")


def _in_natural_order(column: pd.Series) -> np.ndarray:
    """The number of each cell's level, from 0; numbers within texts are ordered as numbers."""
    code, levels = pd.factorize(column)
    if is_number(column):
        order = np.argsort(np.asarray(levels, dtype=float))
    else:
        parts = [re.split(r"(\d+)", str(one)) for one in levels]
        keys = [[part.zfill(20) if part.isdecimal() else part for part in one] for one in parts]
        order = np.array(sorted(range(len(keys)), key=keys.__getitem__))
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    return place[code]


def _products(target: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The products of other columns with the target: they resemble where slopes differ."""
    products = others * target[:, :1] if target.shape[1] else others[:, :0]
    return products - products.mean(axis=0)


def _held(found: Resemblance, alpha: float) -> np.ndarray:
    """Which variables resemble themselves within levels: beyond chance (Bonferroni), and much."""
    return (found.p * max(len(found.p), 1) <= alpha) & (found.effect >= SLIGHT)


# --- Days and weeks -----------------------------------------------------------------------------


def best_period(X: pd.DataFrame, variables: Variables, time_column: str = "") -> Candidate | None:
    """Days, or weeks, whose rows resemble each other in the target; None where they do not."""
    names = [time_column] if time_column else [n for n in X if is_date(X[n]) and _in_order(X[n])]
    names = [name for name in names if is_date(X[name])]
    found = [_tested_period(X[name], variables, ALPHA / len(names)) for name in names]
    return max((one for one in found if one), key=lambda one: one.effect, default=None)


def _in_order(column: pd.Series) -> bool:
    """Whether the rows come in the order of a column of dates, or in the reverse order."""
    step = column.dropna().diff().dropna()
    return bool(len(step)) and bool(max((step >= step.min() * 0).mean(), 0) >= IN_ORDER)


def _tested_period(column: pd.Series, variables: Variables, alpha: float) -> Candidate | None:
    """Days whose rows resemble each other; weeks, where days do and enough weeks are there."""
    present = column.notna().to_numpy()
    values = variables.target if variables.target.shape[1] else variables.others
    values, moments = values[present], column[present]
    day = pd.factorize(moments.dt.strftime("%Y-%m-%d"), sort=True)[0]
    week = pd.factorize(moments.dt.strftime("%G-W%V"), sort=True)[0]
    repeats = day.max(initial=0) + 1 <= MOST_ALONE * len(day)
    kinds = {"day": day} if repeats else {"week": week}
    for kind, level in kinds.items():
        if level.max(initial=0) + 1 < FEWEST_DAYS:
            continue
        found = resemblance(values, level)
        if not _held(found, alpha).any():
            continue
        if kind == "day" and week.max() + 1 >= ENOUGH_WEEKS and _days_go_on(values, day):
            kind, found = "week", resemblance(values, week)
        why = f"rows of one {kind} of {column.name} are alike"
        return Candidate(kind, str(column.name), float(found.effect.max()), why)
    return None


def _days_go_on(values: np.ndarray, day: np.ndarray) -> bool:
    """Whether the means of neighbouring days are correlated beyond chance (5 %)."""
    size = np.bincount(day)
    means = np.stack([np.bincount(day, one) / size for one in values.T], axis=1)
    means = means - means.mean(axis=0)
    lag = (means[1:] * means[:-1]).sum(axis=0) / np.maximum((means**2).sum(axis=0), 1e-12)
    return bool((lag > 1.64 / np.sqrt(len(size))).any())
