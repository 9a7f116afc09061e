"""Explore: what is said of columns that have nothing to do with each other, and of those that do.

Twelve columns are drawn by themselves, with gaps at random in half of them. Whatever an exploration
then says of two columns is false. Then the gaps of one column depend on another.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from helpers.explore.explore_associations import describe_associations
from helpers.explore.explore_missing import describe_missing_together
from helpers.explore.explore_table import look
from helpers.explore.explore_target import describe_target
from helpers.explore.explore_time import describe_timeline
from helpers.explore.gaps_that_depend import CODE

from . import Simulation

FALSE = (None, 0.05)
OF_TWO = {CODE, "gives the target away", "columns that say the same", "dates with gaps"}


def table(random: np.random.Generator, rows: int, each: int = 1) -> pd.DataFrame:
    """Twelve columns that are independent of each other, and a target; half have gaps at random.

    With `each` above 1, so many rows have the same customer, and resemble each other.

    >>> table(np.random.default_rng(0), 20).shape
    (20, 13)
    """
    owner = np.arange(rows) // each

    def drawn(values: np.ndarray) -> np.ndarray:
        """A value a row; of a customer's rows two thirds say the same."""
        own = random.random(rows) < (0.67 if each > 1 else 0)
        return np.where(own, values[owner], values)

    found = {
        "income": drawn(random.lognormal(10, 1, rows)),
        "age": drawn(random.integers(18, 90, rows).astype(float)),
        "score": drawn(random.beta(2, 5, rows)),
        "visits": drawn(random.poisson(1, rows).astype(float)),
        "weight": drawn(random.gumbel(70, 10, rows)),
        "ratio": drawn(random.uniform(size=rows)),
    }
    for name, levels in (("city", 5), ("plan", 3), ("colour", 12), ("shop", 40)):
        weights = random.dirichlet(np.full(levels, 2.0))
        found[name] = drawn(random.choice([f"{name} {i}" for i in range(levels)], rows, p=weights))
    found["member"] = drawn(random.random(rows) < 0.2)
    days = pd.to_timedelta(random.integers(0, 365, rows), "D")
    frame = pd.DataFrame(found).assign(day=pd.Timestamp("2023-01-01") + days)
    for name in list(frame)[::2]:
        lost = drawn(random.random(rows) < random.uniform(0.02, 0.3))
        frame[name] = frame[name].mask(lost)
    if each > 1:
        frame.insert(0, "customer_id", [f"C{one:04}" for one in owner])
    return frame.assign(bought=drawn(random.choice(["no", "yes"], rows, p=[0.8, 0.2])))


def independent(random: np.random.Generator, rows: int, each: int = 1) -> dict[str, float]:
    """What is said of two columns, where there is nothing to say."""
    found = look(table(random, rows, each), "bought")
    survey = found.survey
    codes = [one.code for one in found.findings if "customer_id" not in one.columns]
    said = {
        "gaps depend on": CODE in codes,
        "another finding": bool(OF_TWO - {CODE} & set(codes)),
        "columns go together": "go together most" in describe_associations(found),
        "missing together": "most of all" in describe_missing_together(survey),
        "with the target": "strongest" in describe_target(
            found, found.associations.with_target("bought")),
        "over time": "goes from" in describe_timeline(survey, survey["day"]),
    }  # fmt: skip
    if each > 1:  # what a customer's rows say goes with who the customer is
        said = {"gaps depend on": said["gaps depend on"]}
    return {name: float(one) for name, one in said.items()}


def dependent(random: np.random.Generator, rows: int, more: float) -> dict[str, float]:
    """Whether gaps are found that depend on a city: by so much more frequent in one of five."""
    frame = table(random, rows)
    city = pd.Series(random.choice([f"city {i}" for i in range(5)], rows))
    lost = random.random(rows) < np.where(city == "city 0", 0.1 + more, 0.1)
    frame = frame.assign(city=city, score=frame["ratio"].fillna(0.5).mask(lost))
    found = [one for one in look(frame).findings if one.code == CODE]
    return {
        "found": float(any({"score", "city"} <= set(one.columns) for one in found)),
        "another is named": float(any({"score", "city"} - set(one.columns) for one in found)),
    }


SIMULATIONS = [
    *(
        Simulation(
            f"independent columns, n = {rows:,}",
            partial(independent, rows=rows),
            dict.fromkeys(("gaps depend on", "another finding", "columns go together",
                           "missing together", "with the target", "over time"), FALSE),
            quick=5,
            note="the level was chosen with an eye on these",
        )
        for rows in (50, 100, 300, 1_000)
    ),
    Simulation(
        "independent columns, 100 customers x 8",
        partial(independent, rows=800, each=8),
        {"gaps depend on": FALSE},
        quick=5,
    ),
    *(
        Simulation(
            f"gaps 10 % in four cities and {10 + 100 * more:.0f} % in one, n = {rows:,}",
            partial(dependent, rows=rows, more=more),
            {"found": (0.8, None)} if (rows, more) in ((300, 0.6), (1_000, 0.3)) else {},
            repeats=200,
            quick=5,
        )
        for rows, more in ((100, 0.6), (300, 0.3), (300, 0.6), (1_000, 0.3))
    ),
]  # fmt: skip
