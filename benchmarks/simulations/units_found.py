"""Units that are found, and none where rows are independent.

Each repeat draws a table of columns that every table has, and keys; the line's own search says what
its units are. A false unit makes intervals wider than they need be, a unit that is missed makes
them too narrow.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from helpers.learning.unit_candidates import OF_SLOPES, OF_TARGET
from helpers.learning.units import find_units

from . import Missed, Simulation

FOUND, FALSE = {"found": (0.9, None)}, {"false unit": (None, 0.05)}
SHAPES = ("random intercept", "random slopes", "copied features", "unequal sizes", "within class")
SIZES = ((40, 50), (200, 10), (20, 20))


def columns(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Columns that have nothing to do with any unit."""
    return pd.DataFrame(
        {
            "length": random.normal(10, 3, rows),
            "price": random.lognormal(3, 1, rows),
            "count": random.binomial(6, 0.3, rows),
            "colour": random.choice(["red", "green", "blue", "grey"], rows),
            "age": random.integers(20, 80, rows),
            "town": random.integers(0, 30, rows).astype(str) + "ville",
        }
    ).assign(
        town=lambda X: X["town"].str.replace(r"\d", lambda d: "abcdefghij"[int(d[0])], regex=True)
    )


def independent(random: np.random.Generator, rows: int) -> dict[str, float]:
    """Rows that are independent: the target depends on columns, keys and dates on nothing."""
    X, levels = columns(random, rows), max(rows // int(random.integers(2, 20)), 5)
    X["customer_id"] = random.integers(0, levels, rows)
    X["batch"] = np.arange(rows) // 4
    X["serial"] = [f"S-{one:05d}" for one in random.integers(0, levels, rows)]
    days = np.sort(random.uniform(0, random.integers(20, 300), rows))
    X["recorded"] = pd.Timestamp("2021-05-01") + pd.to_timedelta(days, unit="D")
    towns = dict(zip(sorted(set(X["town"])), random.normal(size=X["town"].nunique()), strict=True))
    signal = 0.2 * X["length"] + 0.02 * X["age"] + X["town"].map(towns)
    y = _as_target(random, (signal + random.normal(size=rows)).to_numpy())
    return {"false unit": float(not find_units(X, y).is_row)}


def _as_target(random: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """The values, or whether they are among the upper half or tenth."""
    share = random.choice([0.0, 0.5, 0.9])
    return values if share == 0 else np.where(values > np.quantile(values, share), "yes", "no")


def entities(random: np.random.Generator, shape: str, icc: float, size: tuple) -> dict[str, float]:
    """Entities whose rows resemble each other, in one of `SHAPES`; the rows are shuffled."""
    count, each = size
    sizes = np.full(count, each)
    if shape == "unequal sizes":
        sizes = np.maximum(1, (random.pareto(1.5, count) * each / 2).astype(int) + 1)
    entity = np.repeat(np.arange(count), sizes)
    X = columns(random, len(entity))
    own, noise = random.normal(size=count)[entity], random.normal(size=len(entity))
    if shape == "copied features":
        X["weight"], X["height"] = own, random.normal(size=count)[entity]
    if shape == "random slopes":
        own = own * (X["length"] - 10) / 3
    y = np.sqrt(icc) * own + np.sqrt(1 - icc) * noise + 0.1 * X["length"]
    if shape == "within class":
        y = pd.Series(np.where(y > y.median(), "yes", "no"))
    X["patient_no"] = 1000 + random.permutation(count)[entity]
    order = random.permutation(len(entity))
    found = find_units(X.iloc[order].reset_index(drop=True), y.to_numpy()[order])
    by = (X["length"] - 10).to_numpy() if shape == "random slopes" else np.ones(len(entity))
    p = told(y, X["length"], by, entity)
    return {
        "found": float(found.column == "patient_no"),
        "found by F, told of the key and the shape": float(p <= 0.05),
        "the same at the level that the search has for it": float(
            p <= (OF_SLOPES / 4 if shape == "random slopes" else OF_TARGET)
        ),
    }


def told(y: pd.Series, length: pd.Series, by: np.ndarray, entity: np.ndarray) -> float:
    """The p-value of F that entities are alike, if nothing else is looked at.

    It knows which column is the key, on which other one the target depends, and whether entities
    differ in their level (`by` is 1) or in a slope.
    """
    number = y.to_numpy(float) if y.dtype == float else (y == "yes").to_numpy(float)
    common = np.column_stack([np.ones(len(y)), length])
    own = np.column_stack([common, np.eye(entity.max() + 1)[entity] * by[:, None]])
    left = [number - one @ np.linalg.lstsq(one, number, rcond=None)[0] for one in (common, own)]
    ranks = [np.linalg.matrix_rank(one) for one in (common, own)]
    free, rest = ranks[1] - ranks[0], len(y) - ranks[1]
    before, after = ((one**2).sum() for one in left)
    return float(f_distribution.sf((before - after) / free / (after / rest), free, rest))


def uneven_key(random: np.random.Generator) -> dict[str, float]:
    """A key of 20 values of very different frequency, which says nothing."""
    sizes = np.maximum(1, (random.pareto(1.5, 20) * 10).astype(int) + 1)
    key = np.repeat(np.arange(20), sizes)
    X = columns(random, len(key)).assign(patient_no=1000 + random.permutation(20)[key])
    y = 0.1 * X["length"] + random.normal(size=len(X))
    order = random.permutation(len(X))
    found = find_units(X.iloc[order].reset_index(drop=True), y.to_numpy()[order])
    return {"false unit": float(not found.is_row)}


def days(random: np.random.Generator, icc: float, count: int, each: int) -> dict[str, float]:
    """Days that are good or bad for all their rows, in order, with customers that do not matter."""
    day = np.repeat(np.arange(count), each)
    X = columns(random, len(day))
    X["customer"] = random.integers(0, len(day) // 5, len(day))
    moment = day + random.uniform(0.3, 0.7, len(day))
    X["taken"] = pd.Timestamp("2020-03-01") + pd.to_timedelta(np.sort(moment), unit="D")
    y = np.sqrt(icc) * random.normal(size=count)[day] + np.sqrt(1 - icc) * random.normal(
        size=len(day)
    )
    return {"found": float(find_units(X, y).kind == "day")}


def series(random: np.random.Generator, correlation: float, count: int) -> dict[str, float]:
    """A row a day, each like the day before: AR(1)."""
    X = columns(random, count)
    X["date"] = pd.date_range("2019-01-01", periods=count, freq="D")
    y = random.normal(size=count)
    for at in range(1, count):
        y[at] = correlation * y[at - 1] + np.sqrt(1 - correlation**2) * y[at]
    return {"found": float(find_units(X, y).kind == "week")}


WEAK = {
    "random intercept": 0.855,
    "random slopes": 0.735,
    "unequal sizes": 0.545,
    "within class": 0.605,
}  # found of 20 units with 20 rows of ICC 0.1, in 200 repeats
WHY = (
    "The search spends its 5 % of false units on another key, the days, the slopes and the other "
    "columns, too, so this test has 1.6 %: what F finds, told of the key and the shape, stands "
    "beside, at that level, and with all 5 %, at which it misses the goal itself where sizes are "
    "unequal or there are two classes. A curve over the key is taken out only where levels follow "
    "one, which found 2 to 4 points more; to adjust the target for the other columns first would "
    "add 2 to 3, at the price of a fit for each key and of columns that are copies of the key."
)


def missed(shape: str, icc: float, size: tuple) -> dict:
    """The goal that is known to be missed."""
    weakest = (icc, size) == (0.1, (20, 20)) and shape in WEAK
    return {"found": Missed(WEAK[shape], WHY)} if weakest else {}


LOOKED_AT = "levels of the tests were chosen with an eye on these"
SIMULATIONS = [
    *(
        Simulation(
            f"independent rows with keys and dates, n = {rows:,}",
            partial(independent, rows=rows),
            FALSE,
        )
        for rows in (100, 400, 2_000)
    ),
    Simulation("a key of uneven frequency that says nothing, 20 values", uneven_key, FALSE),
    *(
        Simulation(
            f"{shape}, ICC {icc}, {size[0]} × {size[1]}",
            partial(entities, shape=shape, icc=icc, size=size),
            FOUND,
            repeats=200,
            quick=5,
            note=LOOKED_AT,
            missed=missed(shape, icc, size),
        )
        for shape in SHAPES
        for icc in (0.1, 0.5)
        for size in SIZES
    ),
    Simulation(
        "300 entities of 2 rows, ICC 0.5",
        partial(entities, shape="random intercept", icc=0.5, size=(300, 2)),
        FOUND,
        repeats=200,
        quick=5,
    ),
    *(
        Simulation(
            f"days of {each} rows, ICC {icc}",
            partial(days, icc=icc, count=60, each=each),
            FOUND,
            repeats=200,
            quick=5,
        )
        for icc, each in ((0.1, 20), (0.5, 5))
    ),
    *(
        Simulation(
            f"AR({r}) a day, {n:,} days",
            partial(series, correlation=r, count=n),
            FOUND,
            repeats=200,
            quick=5,
        )
        for r, n in ((0.3, 700), (0.7, 300))
    ),
]
