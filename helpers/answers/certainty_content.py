"""A `Certainty` as JSON and fitted trees, and back."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from ..learning.decision_rule import DecisionRule
from .abstention import Abstention
from .certainty import Certainty
from .class_sets import ClassSets
from .number_intervals import NumberIntervals
from .score_quantiles import ScoreQuantiles
from .spreads import SPREADS

ABOUT = ("rows", "units", "unit_name", "by_time", "refitted")
DIGITS = 8  # of a score


def as_content(certainty: Certainty) -> tuple[dict, tuple]:
    """What is written as JSON, and the fitted trees (empty for most), which are not."""
    about = {name: getattr(certainty, name) for name in ABOUT}
    if certainty.numbers is not None:
        return about | {"numbers": _numbers(certainty.numbers)}, certainty.numbers.spread.models
    curve = asdict(certainty.abstention)
    curve = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in curve.items()}
    return about | {"sets": _scores(certainty.classes.quantiles), "abstention": curve}, ()


def from_content(content: dict, models: tuple = ()) -> Certainty:
    """The certainty that `as_content` has described."""
    about = {name: content[name] for name in ABOUT}
    if "numbers" in content:
        return Certainty(**about, numbers=_numbers_of(content["numbers"], models))
    said = dict(content["abstention"])
    rule = _rule(said.pop("rule"))
    curve = Abstention(
        rule, **{k: np.array(v) if isinstance(v, list) else v for k, v in said.items()}
    )
    sets = ClassSets(_quantiles(content["sets"]))
    return Certainty(**about, classes=sets, abstention=curve)


def _rule(said: dict) -> DecisionRule:
    return DecisionRule(**said | {"weights": tuple(said["weights"])})


def _scores(found: ScoreQuantiles) -> dict:
    """Scores, no smaller than they are, and levels, no larger."""
    with np.errstate(divide="ignore"):
        size = np.abs(found.scores)
        step = 10.0 ** (np.floor(np.log10(np.where(size > 0, size, 1))) - DIGITS + 1)
    levels = np.floor(found.levels * 1e7) / 1e7
    return {"scores": (np.ceil(found.scores / step) * step).tolist(), "levels": levels.tolist()}


def _quantiles(content: dict) -> ScoreQuantiles:
    return ScoreQuantiles(np.array(content["scores"]), np.array(content["levels"]))


def _numbers(found: NumberIntervals) -> dict:
    """The intervals of numbers; an end that is not there is null."""
    ends = {name: getattr(found, name) for name in ("lowest", "highest")}
    return {
        "spread": found.spread.kind,
        "below": found.spread.below,
        "above": found.spread.above,
        "logarithm": found.logarithm,
        "least": found.least,
        **{name: end if np.isfinite(end) else None for name, end in ends.items()},
        "why_lowest": found.why_lowest,
        "why_highest": found.why_highest,
        **_scores(found.quantiles),
    }


def _numbers_of(content: dict, models: tuple) -> NumberIntervals:
    """The intervals that a content describes."""
    spread = SPREADS[content["spread"]](content["below"], content["above"], models)
    nowhere = {"lowest": -np.inf, "highest": np.inf}
    ends = {k: v if content[k] is None else content[k] for k, v in nowhere.items()}
    said = {name: content[name] for name in ("logarithm", "least", "why_lowest", "why_highest")}
    return NumberIntervals(_quantiles(content), spread, **said, **ends)
