import itertools

import numpy as np
import pandas as pd
import pytest
from rapidfuzz.distance import OSA

from helpers.clean.typing_errors import is_typing_error, one_edit_pairs, typos

LETTERS = np.array(list("abcdefgh"))


def words(count, seed=0, low=3, high=7):
    random = np.random.default_rng(seed)
    return sorted(
        {"".join(random.choice(LETTERS, random.integers(low, high))) for _ in range(count)}
    )


def test_all_pairs_one_edit_apart_are_found_and_no_others():
    values = words(250)
    found = {tuple(sorted(pair)) for pair in one_edit_pairs(values)[["value", "other"]].to_numpy()}
    expected = {pair for pair in itertools.combinations(values, 2) if OSA.distance(*pair) == 1}
    assert found == expected and len(found) > 50


def test_the_order_of_the_values_does_not_matter():
    values = words(100)
    pd.testing.assert_frame_equal(
        one_edit_pairs(values), one_edit_pairs(list(reversed(values)) + values[:5])
    )


@pytest.mark.parametrize("values", [[], ["one"], ["", "a"], ["ä", "a"]])
def test_few_values_are_no_trouble(values):
    assert one_edit_pairs(values).columns.tolist() == ["value", "other", "distance"]


CITIES = {"Birmingham": 80, "Montgomery": 60, "Huntsville": 40, "Mobile": 50, "Auburn": 30}


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("Birminghm", "Birmingham"),
        ("Montogmery", "Montgomery"),
        ("Huntsvville", "Huntsville"),
        ("Mobxle", "Mobile"),
        ("Bxrmxngham", "Birmingham"),
    ],
)
def test_a_slip_in_a_closed_list_is_mended(slip, meant):
    sure, likely = typos(CITIES | {slip: 1})
    assert sure == {slip: meant} and likely == []


@pytest.mark.parametrize(
    "values",
    [
        {"A320-212": 90, "A320-214": 1},  # a digit
        {"room 101": 50, "room 102": 2},
        {"Martin": 60, "Marten": 40},  # both frequent
        {"al_hf-1": 60, "ak_hf-1": 1},  # a code
        {"yes": 90, "yet": 1},  # three letters
        {"East": 40, "West": 40, "Eest": 30},
        {"Springfield": 50, "Salem": 50, "Riverside": 1},  # like nothing
    ],
)
def test_what_must_not_be_merged_is_not(values):
    assert typos(values)[0] == {}


def test_names_of_people_are_an_open_list_and_nothing_in_it_is_sure():
    random = np.random.default_rng(1)
    names = {"Martin": 40, "Anderson": 30, "Julia": 25, "Peters": 30}
    rare = {"".join(random.choice(list("aeioubdklmnrst"), 7)).title(): 1 for _ in range(60)}
    sure, likely = typos(names | rare | {"Martins": 1, "Andersen": 1, "Julian": 1})
    assert sure == {}
    assert {doubt["value"] for doubt in likely} == {"Martins", "Andersen", "Julian"}
    assert all("cells hold" in doubt["evidence"] for doubt in likely)


def test_a_slip_of_two_names_alike_is_a_doubt():
    sure, likely = typos({"Hampton": 60, "Hamptan": 50, "Hamptn": 1})
    assert sure == {} and likely[0]["value"] == "Hamptn"


def test_a_mistyped_word_among_numbers_is_mended():
    counts = {f"{n} patients": 3 for n in range(60)} | {"17 patiexts": 1, "8 pxtients": 1}
    assert typos(counts)[0] == {"17 patiexts": "17 patients", "8 pxtients": "8 patients"}


def test_a_slip_is_never_mended_into_another_slip():
    sure, _ = typos(CITIES | {"Birmingam": 3, "Birmingamm": 1})
    assert sure["Birmingam"] == "Birmingham" and set(sure.values()) <= set(CITIES)


@pytest.mark.parametrize("counts", [{}, {"only": 5}, pd.Series(dtype="int64"), {"a": 1, "b": 1}])
def test_columns_with_nothing_to_compare(counts):
    assert typos(counts) == ({}, [])


def test_likeness_where_a_neighbour_says_what_was_meant():
    assert is_typing_error("xntxrprisx", "enterprise")
    assert not is_typing_error("Roxbury", "Boston") and not is_typing_error("30x", "301")
