"""The objectives of the notebooks: which checks and exercises show that one is met by doing.

Each notebook opens with three, in this order. One is met when all that shows it was passed.
"""

from __future__ import annotations

from collections.abc import Container

SHOWN_BY: dict[str, tuple[tuple[str, ...], ...]] = {
    "start": (("start.stations",), ("start.three_steps",), ("start.honest_score",)),
    "collect": (
        ("collect.one_month", "collect.pages"),
        ("collect.with_planes", "collect.no_partner"),
        ("collect.kappa", "collect.agreement"),
    ),
    "clean": (
        ("clean.repeats", "clean.filled", "clean.minutes"),
        ("clean.doubt", "clean.edited"),
        ("clean.taken_away", "clean.best_recall"),
    ),
    "features": (
        ("features.evening", "features.latest"),
        ("features.dep_delay", "features.suspects"),
        ("features.recipe",),
    ),
    "split": (
        ("split.latest", "split.in_proportion", "split.whole_days"),
        ("split.with_gap",),
        ("split.flatters", "split.best_of_fifty"),
    ),
    "train": (
        ("train.lead", "train.by_fold"),
        ("train.tuned",),
        ("train.luck", "train.honest", "train.tuned"),
    ),
    "evaluate": (
        ("evaluate.accuracy", "evaluate.four_scores"),
        ("evaluate.cost", "evaluate.cheapest", "evaluate.coverage"),
        ("evaluate.least_helped",),
    ),
    "deploy": (
        ("deploy.raw_rows", "deploy.make_service"),
        ("deploy.ask_all", "deploy.refuse", "deploy.make_service"),
        ("deploy.skew", "deploy.apart"),
    ),
    "monitor": (
        ("monitor.psi", "monitor.drift", "monitor.alarm"),
        ("monitor.prior", "monitor.by_month"),
        ("monitor.by_days",),
    ),
}


def are_met(passed: Container[str]) -> dict[str, list[bool]]:
    """For each notebook whether its objectives are met, by the names of what was passed.

    >>> are_met({"start.stations", "start.honest_score"})["start"]
    [True, False, True]
    """
    return {name: [all(one in passed for one in shown) for shown in objectives]
            for name, objectives in SHOWN_BY.items()}  # fmt: skip


def describe(passed: Container[str]) -> str:
    """How many objectives of the course are met, in a sentence.

    >>> describe({"start.stations"})
    '1 of 27 objectives met by doing.'
    """
    every = sum(are_met(passed).values(), [])
    return f"{sum(every)} of {len(every)} objectives met by doing."
