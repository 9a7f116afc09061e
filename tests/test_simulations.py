"""A few repeats of every simulation: no decision may be far from the rate that it promises.

The full rates are measured by `make bench-statistics`. Here a mean may lie four Monte-Carlo errors
beyond its goal: what is broken lies much further off.
"""

import warnings

import pytest

from benchmarks.simulations import generators, reaches, subjects, summary

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


@pytest.mark.parametrize("simulation", cases())
def test_a_few_repeats_lie_near_the_goals(simulation):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = generators(simulation, simulation.quick, seed=20)
        found = summary([simulation.one(random) for random in drawn])
    assert set(simulation.goals) <= set(found), "a goal names no value"
    far = {
        name: found[name]
        for name, goal in simulation.goals.items()
        if found[name]["repeats"]
        and not reaches(found[name]["mean"], goal, 4 * found[name]["error"])
    }
    assert not far


def test_names_are_unique():
    assert len({one.name for one in ALL}) == len(ALL)
