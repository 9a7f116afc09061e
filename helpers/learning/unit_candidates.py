"""Which columns may name units (entities, days), and whether their rows resemble each other."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cells.key_names import ends_like_identifier, has_identifier_name, names_entity
from ..cells.kinds import Kind, is_date, is_number, kind_of
from .resemblance import Resemblance, Variables, resemblance, slopes_differ

ALPHA = 0.015  # of finding days where there are none
# The same of entities: in the target; in its slopes; in other columns (alike beyond any doubt)
OF_TARGET, OF_SLOPES, OF_OTHERS = 0.016, 0.007, 0.002
SLIGHT = 1.1  # design effects below it change nothing
FEWEST_ENTITIES, FEWEST_LEVELS, FEWEST_DAYS = 4, 20, 3
MOST_ALONE = 0.9  # levels per row: with more, hardly any repeat
MOST_RUNS = 1.2  # of equal values that follow one another, a value
ENOUGH_WEEKS = 100  # a fifth of them, held out, are about twenty
WHEN = ("date", "time", "timestamp", "datetime", "day", "at", "when", "ds", "moment")
NOT_WHEN = {"birth", "born", "hire", "hired", "joined", "signup", "expiry", "due", "founded"}
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
    found = [_tested_entity(X[name], variables, len(names)) for name in names]
    found = [one for one in found if one]
    best = max(found, key=lambda one: one.effect, default=None)
    for other in found:  # visits of patients: the patient, whose rows hold all of a visit's
        if other.column != best.column and _lies_within(X[best.column], X[other.column]):
            best = other
    return best


def _lies_within(inner: pd.Series, outer: pd.Series) -> bool:
    """Whether all rows of one inner value have one outer value, of which there are fewer."""
    return outer.nunique() < inner.nunique() and outer.groupby(inner).nunique().max() <= 1


def may_be_entity(name: str, column: pd.Series) -> bool:
    """Whether a column may be the key of something that several rows share, by name and values.

    With fewer than 20 levels both must say so: "engine" with words such as "jet" is a category.
    A whole number called "distid" or "fcode" may be one where equal ones stand together in the
    file, as those of districts and firms do.

    >>> may_be_entity("customer", pd.Series([1, 2, 3, 4, 5] * 3))
    True
    >>> may_be_entity("age", pd.Series([31, 32, 33, 34, 35] * 3))
    False
    >>> may_be_entity("distid", pd.Series(np.repeat(np.arange(20), 3)))
    True
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
    if _is_named(name) or (codes and not whole):
        return True
    return whole and ends_like_identifier(name) and _stand_together(present)


def _stand_together(present: pd.Series) -> bool:
    """Whether nearly all equal values follow one another."""
    changes = int((present != present.shift()).sum())
    return changes <= MOST_RUNS * present.nunique()


def _is_named(name: str) -> bool:
    """Whether a column is called a key, or what has several rows."""
    return names_entity(name) or has_identifier_name(name)


def _are_codes(present: pd.Series) -> bool:
    """Whether texts are codes, such as "C017", "N123AA" or "B": one short word, or with digits."""
    code = r"(?=\D*\d)[A-Za-z0-9]+(?:[-_/.:#@][A-Za-z0-9]+)*|[A-Za-z]{1,2}"
    distinct = pd.Series(present.unique()).astype("str")
    return bool(distinct.str.fullmatch(code).mean() > 0.95)


def _tested_entity(column: pd.Series, variables: Variables, tests: int) -> Candidate | None:
    """The candidate, if its rows resemble each other in the target, or in two other columns.

    One other column is not enough: numbers that restart in each year, or that count men and women
    in turn, repeat without naming the same thing. A column of codes whose name says nothing needs
    another column beside the target: the target may depend on a code as on any category.
    """
    present = column.notna().to_numpy()
    level = _in_natural_order(column[present])
    name = np.array(variables.names, dtype=object)
    other = name != str(column.name)
    levels = [alpha / tests for alpha in (OF_TARGET, OF_OTHERS, OF_SLOPES)]
    of_target, of_others = (
        resemblance(values[present], level, smooth=True, alpha=_of_each(alpha, values.shape[1]))
        for values, alpha in (
            (variables.target, levels[0]),
            (variables.others[:, other], levels[1]),
        )
    )
    of_slopes = _slopes(variables, present, level, variables.graded & other, levels[2])
    columns = len(set(name[other][_held(of_others, levels[1])]))
    in_target = [_held(of_target, levels[0]), _held(of_slopes, levels[2])]
    enough = columns or _is_named(str(column.name)) or ends_like_identifier(str(column.name))
    if columns < 2 and not (np.concatenate(in_target).any() and enough):
        return None
    effect = float(of_target.effect.max(initial=1.0))
    return Candidate("entity", str(column.name), effect, _why(column.name, effect))


def _slopes(variables: Variables, present, level: np.ndarray, by, alpha: float) -> Resemblance:
    """How much the slopes of the target on some columns differ from level to level."""
    if not variables.target.shape[1]:
        return slopes_differ(np.zeros(len(level)), np.empty((len(level), 0)), level)
    target = variables.target[present, 0]
    each = _of_each(alpha, by.sum())
    return slopes_differ(target - target.mean(), variables.others[present][:, by], level, each)


def _why(noun: str, effect: float) -> str:
    """Why rows of a noun are a unit."""
    many = f"{effect:.0f}" if effect >= 10 else f"{effect:.1f}"
    worth = f" ({many} of them tell about as much of the target's mean as one independent row)"
    return f"rows of one {noun} resemble each other{worth if effect >= SLIGHT else ''}"


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


def _held(found: Resemblance, alpha: float) -> np.ndarray:
    """Which variables resemble themselves within levels: beyond chance (Bonferroni), and much."""
    return (found.p <= _of_each(alpha, len(found.p))) & (found.effect >= SLIGHT)


def _of_each(alpha: float, variables: int) -> float:
    """The level of each of several variables (Bonferroni)."""
    return alpha / max(variables, 1)


# --- Days and weeks -----------------------------------------------------------------------------


def best_period(X: pd.DataFrame, variables: Variables, time_column: str = "") -> Candidate | None:
    """Days, or weeks, whose rows resemble each other in the target; None where they do not."""
    dates = [name for name in X if is_date(X[name])]
    if time_column:
        names = [name for name in dates if name == time_column]
    else:
        names = [n for n in dates if _in_order(X[n]) or (len(dates) == 1 and says_when(str(n)))]
    found = [_tested_period(X[name], variables, ALPHA / len(names)) for name in names]
    return max((one for one in found if one), key=lambda one: one.effect, default=None)


def _in_order(column: pd.Series) -> bool:
    """Whether the rows come in the order of a column of dates, or in the reverse order."""
    step = column.diff().dropna()
    forward = (step >= pd.Timedelta(0)).mean()
    return bool(len(step)) and bool(max(forward, 1 - (step > pd.Timedelta(0)).mean()) >= IN_ORDER)


def says_when(name: str) -> bool:
    """Whether a column is called after the moment of a row: "date", "created_at", not "birth date".

    >>> says_when("order_date"), says_when("date_of_birth"), says_when("birth_date")
    (True, False, False)
    """
    words = re.sub(r"[^a-z]+", " ", name.casefold()).split() or [""]
    return words[-1] in WHEN and NOT_WHEN.isdisjoint(words)


def _codes_of(moments: pd.Series, form: str) -> np.ndarray:
    return pd.factorize(moments.dt.strftime(form), sort=True)[0]


def _tested_period(column: pd.Series, variables: Variables, alpha: float) -> Candidate | None:
    """Days whose rows resemble each other, or weeks where hardly any day has two rows.

    Weeks also where neighbouring days resemble each other, if there are enough weeks.
    """
    present = column.notna().to_numpy()
    values = variables.target if variables.target.shape[1] else variables.others
    values, moments = values[present], column[present]
    day, week = (_codes_of(moments, form) for form in ("%Y-%m-%d", "%G-W%V"))
    days, weeks = day.max(initial=-1) + 1, week.max(initial=-1) + 1
    kind, level = ("day", day) if days <= MOST_ALONE * len(day) else ("week", week)
    if level.max(initial=-1) + 1 < FEWEST_DAYS:
        return None
    found = resemblance(values, level, smooth=True, alpha=_of_each(alpha, values.shape[1]))
    if not _held(found, alpha).any():
        return None
    if kind == "day" and weeks >= ENOUGH_WEEKS and _days_go_on(values, day):
        kind, found = "week", resemblance(values, week, smooth=True)
    effect = float(found.effect.max())
    return Candidate(kind, str(column.name), effect, _why(f"{kind} of {column.name}", effect))


def _days_go_on(values: np.ndarray, day: np.ndarray) -> bool:
    """Whether the means of neighbouring days are correlated beyond chance (5 %)."""
    size = np.bincount(day)
    means = np.stack([np.bincount(day, one) / size for one in values.T], axis=1)
    means = means - means.mean(axis=0)
    lag = (means[1:] * means[:-1]).sum(axis=0) / np.maximum((means**2).sum(axis=0), 1e-12)
    return bool((lag > 1.64 / np.sqrt(len(size))).any())
