"""P-values of the quality checks where rows come in units, such as those of a customer or a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from ..learning.unit_tests import NO_EFFECT, Dependence, DesignEffect, design_effect
from .quality_reference import units_of_levels
from .significance import fisher, p_value_all_in_part

FEWEST_EXPECTED = 5  # rows with new categories, before their number is judged


@dataclass(frozen=True)
class Sides:
    """Earlier and later rows, and of how many units they are."""

    rows: tuple[int, int]
    units: tuple[float, float]

    @classmethod
    def of(cls, known: dict, after: pd.DataFrame, unit: np.ndarray | None) -> Sides:
        """A side whose units are not known is taken to have units like those of the other."""
        rows, was = (known["rows"], len(after)), known.get("units")
        now = None if unit is None else pd.Series(unit).nunique()
        if was is None and now is None:
            return cls(rows, rows)
        was = now / rows[1] * rows[0] if was is None else was
        return cls(rows, (was, was / rows[0] * rows[1] if now is None else now))

    def of_present(self, before: int, after: int) -> Sides:
        """So many of the rows on each side."""
        units = (n * u / max(rows, 1) for n, rows, u in
                 zip((before, after), self.rows, self.units, strict=True))  # fmt: skip
        return Sides((before, after), tuple(units))

    def units_of(self, later: int) -> int:
        """The units of so many later rows, at the usual number of rows a unit."""
        return max(1, round(later * self.units[1] / self.rows[1]))

    def fisher(self, *counts: float) -> float:
        """Fisher's p-value of two shares, as if the rows of a unit were alike."""
        scale = [u / n for n, u in zip(self.rows, self.units, strict=True)]
        scaled = [round(count * scale[place // 2]) for place, count in enumerate(counts)]
        return fisher(*scaled)

    def all_in_later(self, later: float, earlier: float, rows: tuple[int, int]) -> float:
        """The probability that `later` and no more than `earlier` rows have what all later ones do.

        `rows` are those with a value on each side.
        """
        was, now = (u / n for n, u in zip(self.rows, self.units, strict=True))
        part = round(later * now)
        return p_value_all_in_part(part, part + round(earlier * was),
                                   part + round(rows[0] * was))  # fmt: skip

    def of_few(self, units: float) -> float:
        """The probability that so many units with the largest values are all later ones.

        Rows of a side that has more of them a unit reach farther, so the larger share counts.
        """
        return p_value_all_in_part(units, *self.later_part())

    def later_part(self) -> tuple[int, int]:
        """Later units and all units, or later rows and all rows: the larger part of all."""
        parts = [(round(side[1]), round(sum(side))) for side in (self.units, self.rows)]
        return max(parts, key=lambda part: part[0] / part[1])


def design_of_gaps(was: dict, is_now: dict) -> DesignEffect:
    """What units do to the share of empty cells; units that are too few count as rows all alike."""
    known = [Dependence(tuple(one["sizes"]), one["gap_icc"], one["gap_icc"] ** 2)
             for one in (was, is_now) if "sizes" in one]  # fmt: skip
    if not known:
        return NO_EFFECT
    if len(known) == 1:  # the other side is taken to have units like these
        other = is_now if "sizes" in was else was
        known.append(known[0].for_rows(other["present"] + other["missing"]))
    if any(one.too_few for one in known):
        known = [Dependence(one.sizes, 1.0, 1.0) for one in known]
    return design_effect(*known)


def p_value_of_new(was: dict, texts: pd.Series, new: pd.Index, sides: Sides, unit) -> float:
    """The p-value of new levels, which are counted by the units that have them."""
    if unit is None:
        counts = texts.value_counts()
        both = pd.Series(was["levels"], dtype=float).add(counts, fill_value=0)
        return p_value_of_new_levels(both.to_numpy(), counts[new].to_numpy(), len(texts))
    counts = units_of_levels(texts, unit)
    scale = sides.units[0] / sides.rows[0]
    like = {k: max(1, round(n * scale)) for k, n in was["levels"].items()}
    both = pd.Series(was.get("level_units", like), dtype=float).add(counts, fill_value=0)
    brings = pd.DataFrame({"level": texts.to_numpy(), "unit": unit}).drop_duplicates()
    brings = brings[brings["level"].isin(new)]["unit"].value_counts()
    at_once = float((brings**2).sum() / brings.sum())
    return p_value_of_new_levels(
        both.to_numpy(), counts[new].to_numpy(), *sides.later_part(), at_once
    )


def p_value_of_new_levels(
    both: np.ndarray, new: np.ndarray, after: int, every: int | None = None, at_once: float = 1.0
) -> float:
    """The probability of such new categories among the last `after` rows, when order is random.

    `both` are the rows of each level in all, `new` those of levels that only the last rows have.
    The probability that all m rows of a level are among the last ones is hypergeometric. Two
    questions, so the smaller p-value is doubled: is one level too frequent to be new (union over
    all levels as frequent), and are new ones too many (gamma law by mean and variance)? Rows may be
    units with a level: then `every` is how many units there are, and `at_once` with how many new
    levels one comes.

    >>> p_value_of_new_levels(np.array([500.0, 400.0, 100.0]), np.array([100.0]), 500) < 1e-9
    True
    """
    if not len(new):
        return 1.0
    small = both[both <= after]
    all_last = p_value_all_in_part(small, after, both.sum() if every is None else every)
    one = all_last[small >= new.max()].sum()
    return float(min(1.0, 2 * min(one, _p_value_of_rows(new.sum(), small, all_last, at_once))))


def _p_value_of_rows(found: float, levels, all_last: np.ndarray, at_once: float) -> float:
    """The probability of so many rows with new levels; 1 where too few are expected to judge."""
    mean = (levels * all_last).sum()
    variance = (levels**2 * all_last * (1 - all_last)).sum() * at_once
    if mean < FEWEST_EXPECTED or variance <= 0:
        return 1.0
    return float(gammaincc(mean**2 / variance, found * mean / variance))
