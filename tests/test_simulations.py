"""A few repeats of every simulation: no decision may be far from the rate that it promises.

The full rates are measured by `make bench-statistics`. Here a mean may lie four Monte-Carlo errors
beyond its goal: what is broken lies much further off. A goal that is known to be missed is held to
what was measured, so that it gets no worse; and STATISTICS.md names each.
"""

import math
import warnings

import pytest

from benchmarks import statistics
from benchmarks.simulations import Missed, Simulation, generators, reaches, subjects, summary

ALL = [one for subject in subjects() for one in subject.simulations]
SECONDS_EACH = ("cleaning_plan", "leaks", "small_tables", "split_choice")  # a repeat of these


def cases():
    """Three situations of each subject; the others, and those that take long, are slow.

    Those without quick repeats take whole tables of other packages, so they are not tested.
    """
    for subject in subjects():
        fast = () if subject.module in SECONDS_EACH else (0, 1, len(subject.simulations) - 1)
        for place, one in enumerate(subject.simulations):
            if one.quick:
                yield pytest.param(
                    one, id=one.name, marks=() if place in fast else pytest.mark.slow
                )


@pytest.mark.parametrize("simulation", list(cases()))
def test_a_few_repeats_lie_near_the_goals(simulation):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = generators(simulation, simulation.quick, seed=20)
        found = summary([simulation.one(random) for random in drawn], simulation.amounts)
    assert set(simulation.goals) <= set(found), "a goal names no value"
    assert not far_off(simulation, found)


def far_off(simulation, found: dict) -> dict:
    """The values that lie four Monte-Carlo errors beyond what they are held to.

    A few repeats hardly tell their own spread: that of the published figure counts, too.
    """
    return {
        name: value
        for name in simulation.goals
        if (value := found[name])["repeats"]
        and not reaches(value["mean"], simulation.held_to(name), 4 * error(simulation, name, value))
    }


def error(simulation, name: str, value: dict) -> float:
    """The Monte-Carlo error of a mean of a few repeats."""
    known = published(simulation).get(name)
    own = 0.0 if math.isnan(value["error"]) else value["error"]  # of one repeat: not known
    if not known or not known["repeats"] or value["rate"]:
        return own
    return max(own, known["error"] * math.sqrt(known["repeats"] / value["repeats"]))


def published(simulation) -> dict:
    """What STATISTICS.md says of a simulation: values by name."""
    subject = next((one for one in subjects() if simulation in one.simulations), None)
    return {} if subject is None else subject.measured().get(simulation.name, {}).get("values", {})


MEASURED = [
    pytest.param(one, name, value, id=f"{one.name}: {name}")
    for one in ALL
    for name, value in published(one).items()
    if name in one.goals and value["repeats"] and math.isfinite(value["error"])
]


@pytest.mark.parametrize(("simulation", "name", "value"), MEASURED)
def test_a_published_miss_is_named_with_its_reason(simulation, name, value):
    goal, slack = simulation.goals[name], value["error"]
    if not reaches(value["mean"], goal, slack):
        assert name in simulation.missed, "STATISTICS.md has a miss that its simulation hides"
        assert simulation.missed[name].why.endswith(".")
        assert reaches(value["mean"], simulation.held_to(name), 2 * slack), "it has become worse"
    elif name in simulation.missed:
        assert not reaches(value["mean"], goal), "this miss is gone: name it no longer"


def test_a_known_miss_that_becomes_worse_is_found():
    one = Simulation("w", dict, {"width": (None, 1.3)}, missed={"width": Missed(1.5, "why.")})
    found = {"width": {"mean": 1.55, "error": 0.02, "repeats": 9, "rate": False}}
    assert not far_off(one, found)
    found["width"]["mean"] = 1.6
    assert far_off(one, found)


def test_simulations_ask_for_as_many_repeats_as_their_goals_need():
    assert not [one.name for one in ALL if one.repeats < one.due]


def test_a_figure_of_too_few_repeats_says_so():
    one = Simulation("false alarms", dict, {"alarm": (None, 0.03)}, note="seconds each")
    assert statistics._rests_on(one, 1_000) == "1,000 repeats; seconds each"
    assert "too few: 1,000 are due" in statistics._rests_on(one, 300)


def test_differences_that_are_all_nothing_have_no_error():
    def one(random):
        return {"gain": 0.0, "alarm": 0.0}

    table = Simulation("two equal plans", one, {"gain": (-0.01, 0.01)}, amounts=("gain",))
    found = statistics.measured(table, 20, seed=1, jobs=1)["values"]
    assert statistics._shown(found["gain"]) == "0 in every repeat"
    assert statistics._goal(table.goals["gain"], found["gain"]) == "-0.01 to 0.01"
    assert statistics._shown(found["alarm"]) == "0.0% ± 4.7%"
    rounded = found["gain"] | {"mean": 0.5373, "error": 2e-17}
    assert statistics._shown(rounded) == "0.537 in every repeat"


def test_no_difference_is_published_as_a_rate():
    for subject in subjects():
        for one in subject.simulations:
            values = subject.measured().get(one.name, {"values": {}})["values"]
            rates = {name for name, value in values.items() if value.get("rate")}
            assert not rates & set(one.amounts), one.name


def test_repeats_that_come_later_are_joined_to_those_before():
    one = Simulation("dice", lambda random: {"six": float(random.random() < 1 / 6),
                                             "dots": random.normal()})  # fmt: skip
    first = statistics.measured(one, 30, seed=3, jobs=1)
    both = statistics.measured(one, 50, seed=9, jobs=1, known=first)
    whole = statistics.measured(one, 80, seed=3, jobs=1)
    assert (both["repeats"], both["seed"]) == (80, 3)
    for name, value in whole["values"].items():
        assert both["values"][name] == pytest.approx(value)


def test_names_are_unique():
    assert len({one.name for one in ALL}) == len(ALL)
