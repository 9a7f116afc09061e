"""How sure the answers are: what the folds promise, held against the held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..answers.certainty import Certainty
from ..learning.mean_by_unit import mean_by_unit
from ..learning.task_kind import Task
from ..learning.wilson import normal_quantile, wilson
from .groups_of_rows import groups_of

LEVEL = 0.9  # at which coverage is shown
FEWEST_IN_SLICE = 200  # rows; where no group has so many, the groups of 30
RISKS = (0.2, 0.1, 0.05, 0.02, 0.01)  # that are asked for, where the model errs more often
NOT_KNOWN = "How sure an answer is can't be told: stage 5 kept too few answers of the folds."


@dataclass(frozen=True)
class HowSure:
    """What a model's certainty says of n held-out rows whose truth is known.

    `answers` are the predictions and (n × classes) probabilities, `features` what the model gets of
    each row (for numbers), `X` the cleaned rows, `columns` those that make groups.
    """

    task: Task
    sure: Certainty
    truth: np.ndarray
    answers: tuple
    features: np.ndarray | None
    X: pd.DataFrame
    columns: list[str]
    unit: np.ndarray | None = None

    @cached_property
    def ends(self) -> np.ndarray:
        """n × 2: the intervals of numbers."""
        return self.sure.interval(self.answers[0], self.features, LEVEL)

    @cached_property
    def sets(self) -> np.ndarray:
        """n × classes: the sets of classes."""
        return self.sure.sets(self.answers[1], LEVEL)

    @cached_property
    def held(self) -> np.ndarray:
        """Whether the truth lies in the interval, or the set, of each row."""
        if self.task.is_regression:
            truth = self.truth.astype(float)
            return (self.ends[:, 0] <= truth) & (truth <= self.ends[:, 1])
        place = pd.Index(self.task.classes).get_indexer(self.truth.astype(str))
        return self.sets[np.arange(len(place)), place] & (place >= 0)

    @property
    def size(self) -> float:
        """The mean width of an interval, or the mean number of classes in a set."""
        if self.task.is_regression:
            return float((self.ends[:, 1] - self.ends[:, 0]).mean())
        return float(self.sets.sum(axis=1).mean())

    @cached_property
    def slices(self) -> pd.DataFrame:
        """Coverage over all rows and by group, the lowest first: `rows`, `coverage`, `from`, `to`.

        The intervals are by unit; those of groups are corrected for their number (Bonferroni).
        """
        groups = groups_of(self.X, self.columns)
        large = [one for one in groups if one[1].sum() >= FEWEST_IN_SLICE] or groups
        confidence = 1 - 0.05 / max(len(large), 1)
        found = {name: self._coverage(mask, confidence) for name, mask in large}
        every = {"all rows": self._coverage(np.ones(len(self.held), bool), 0.95)}
        by_group = sorted(found.items(), key=lambda one: one[1]["coverage"])
        return pd.DataFrame(every | dict(by_group)).T.rename_axis("rows where")

    def _coverage(self, mask: np.ndarray, confidence: float) -> dict:
        """The share of some rows that is covered, and its interval by unit."""
        held = self.held[mask].astype(float)
        found = mean_by_unit(held, None if self.unit is None else self.unit[mask])
        spread, share = found.standard_error, found.value
        units = len(held) if self.unit is None else len(set(self.unit[mask]))
        rows = share * (1 - share) / spread**2 if spread > 0 else units
        low, high = wilson(share, max(rows, 1), normal_quantile(confidence))
        return {"rows": int(mask.sum()), "coverage": share, "from": low, "to": high}

    @cached_property
    def abstention(self) -> pd.DataFrame:
        """By risk asked for: the share of held-out rows that goes to a person, and the errors among
        the others. Risks that the model keeps without help are left out but for the first.
        """
        wrong = self.answers[0].astype(str) != self.truth.astype(str)
        rows = {f"{risk:.0%}": _kept(self.sure.abstains(self.answers[1], risk), wrong)
                for risk in RISKS if risk < 1.5 * wrong.mean()}  # fmt: skip
        names = ["to a person", "wrong among the others"]
        return pd.DataFrame(rows, index=names).T.rename_axis("at most wrong")


def _kept(away: np.ndarray, wrong: np.ndarray) -> list[float]:
    """The share of rows that goes away, and the share of errors among the others."""
    return [float(away.mean()), float(wrong[~away].mean()) if not away.all() else np.nan]


def content(found: HowSure) -> dict:
    """What `metrics.json` keeps of it."""
    every, worst = found.slices.iloc[0], found.slices.iloc[1:2]
    said = {"level": LEVEL, "rows": int(every["rows"]), "coverage": float(every["coverage"])}
    said |= {"interval": [float(every["from"]), float(every["to"])]}
    said |= {"worst_group": _worst(worst) if len(worst) else None}
    said |= {"mean_width" if found.task.is_regression else "mean_set_size": _finite(found.size)}
    if not found.task.is_regression:
        said |= {"abstention": _abstention(found.abstention)}
    return said | {"assumption": found.sure.assumption}


def _finite(number: float) -> float | None:
    """A number as JSON has it."""
    return float(number) if np.isfinite(number) else None


def _worst(table: pd.DataFrame) -> dict:
    one = table.iloc[0]
    interval = [float(one["from"]), float(one["to"])]
    said = {"group": str(table.index[0]), "rows": int(one["rows"])}
    return said | {"coverage": float(one["coverage"]), "interval": interval}


def _abstention(table: pd.DataFrame) -> list[dict]:
    return [{"risk": name, "to_a_person": float(one.iloc[0]), "wrong": _finite(one.iloc[1])}
            for name, one in table.iterrows()]  # fmt: skip


def describe(found: HowSure) -> str:
    """The promise and what came of it, in sentences."""
    every = found.slices.iloc[0]
    if reason := found.sure.cannot_tell(LEVEL):
        return f"**How sure an answer is can hardly be told**: {reason}"
    what = "Intervals" if found.task.is_regression else "Sets of classes"
    size = f"{found.size:.4g} wide" if found.task.is_regression else f"of {found.size:.2f} classes"
    return (
        f"**{what} that should hold the truth in {LEVEL:.0%} of the rows held it in "
        f"{every['coverage']:.1%}** of the held-out rows ({every['from']:.1%} to "
        f"{every['to']:.1%}); they are {size} on average. {describe_worst(found)}The promise rests "
        f"on this: {found.sure.assumption}"
    )


def describe_worst(found: HowSure) -> str:
    """A sentence about the group that is covered least; empty where there are none."""
    if len(found.slices) < 2:
        return ""
    name, one = found.slices.index[1], found.slices.iloc[1]
    sure = one["to"] < LEVEL
    said = "which is shown to be less" if sure else "which may be chance"
    return (
        f"Least is covered where {name}: {one['coverage']:.1%} of {one['rows']:,.0f} rows, {said}. "
    )


def describe_abstention(found: HowSure) -> str:
    """What it costs to let a person answer the rows that are least sure; empty for numbers."""
    if found.task.is_regression or found.abstention.empty:
        return ""
    table = found.abstention
    possible = table[table["to a person"] < 1]
    if possible.empty:
        return "At none of the risks below can any row be answered without a person."
    risk, one = possible.index[-1], possible.iloc[-1]
    return (
        f"`--abstain-above {float(risk.rstrip('%')) / 100:g}` leaves {one.iloc[0]:.0%} of the rows "
        f"to a person; of the others {one.iloc[1]:.1%} were wrong."
    )


def shown_abstention(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is shown."""
    shown = table.map("{:.1%}".format)
    nobody = table.iloc[:, 1].isna()
    return shown.mask(nobody.to_numpy()[:, None] & (np.arange(2) == 1), "no row is left")


def shown_slices(table: pd.DataFrame, most: int = 4) -> pd.DataFrame:
    """All rows and the groups that are covered least, as they are shown."""
    shown = table.head(most).copy().astype(object)
    shown["rows"] = [f"{count:,.0f}" for count in table["rows"].head(most)]
    for name in ("coverage", "from", "to"):
        shown[name] = [f"{share:.1%}" for share in table[name].head(most)]
    return shown


def drawn(found: HowSure):
    """Intervals beside the truth, or sizes of sets and the curve of rows for a person."""
    from ..pages import certainty_plots

    if found.task.is_regression:
        if not np.isfinite(found.ends).all():
            return None
        about = found.truth.astype(float), np.asarray(found.answers[0], float), found.task.target
        return certainty_plots.intervals(found.ends, *about)
    curve = found.sure.abstention.curve()
    return certainty_plots.sets_and_abstention(found.sets.sum(axis=1), found.held, curve)
