"""Grading: right, typically wrong and untouched answers of every kind, and that none tells all."""

import numpy as np
import pandas as pd
import pytest

from helpers.course.grading import (
    CORRECT,
    INCORRECT,
    NO_ANSWER,
    UNTOUCHED,
    Challenge,
    Compute,
    Guess,
    Mistake,
)

HINTS = ("one", "two")


def asked(expected, **more):
    return Compute("How many?", lambda of: expected, "count", "so it is", HINTS, **more)


def state(expected, answer, **more):
    return asked(expected, **more).grade(answer).state


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (3, 3.0),
        (0.3, np.float64(0.1) + np.float64(0.2)),
        ("tailnum", " TailNum "),
        ({"a", "b"}, ["b", "a"]),
        ({"a", "b"}, pd.Index(["a", "b"])),
        (pd.Series([1.0, np.nan]), pd.Series([1.0, np.nan], index=[7, 8])),
        (pd.DataFrame({"a": [1], "b": ["x"]}), pd.DataFrame({"b": ["x"], "a": [1]})),
    ],
)
def test_what_is_the_same_is_correct(expected, answer):
    assert state(expected, answer) == CORRECT


@pytest.mark.parametrize(
    ("expected", "answer", "reason"),
    [
        (3, 4, "smaller"),
        (3, 2, "larger"),
        (0.284, 28.4, "per cent"),
        ("tailnum", "origin", "see the hint"),
        ({"a", "b", "c"}, {"a", "x"}, "1 of your 2 is right, 2 are missing."),
        (pd.Series([1, 2]), pd.Series([1, 3]), "1 of 2 values differ."),
        (pd.Series([1, 2]), pd.Series([1]), "It has 1 rows; 2 are expected."),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"x": [1]}), "not expected: x."),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1], "b": [1]}), "2 columns; 1 are expected"),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]}), "1 cells differ, in a."),
    ],
)
def test_what_differs_is_incorrect_and_told_how_it_differs(expected, answer, reason):
    verdict = asked(expected).grade(answer)
    assert verdict.state == INCORRECT and reason in verdict.reason


@pytest.mark.parametrize(
    ("expected", "answer"),
    [(3, "three"), (3, [3]), (3, float("nan")), ("a", 3), ({"a"}, "a"), (pd.Series([1]), [1])],
)
def test_what_is_of_another_kind_is_not_an_answer(expected, answer):
    verdict = asked(expected).grade(answer)
    assert verdict.state == NO_ANSWER and "is expected" in verdict.reason


@pytest.mark.parametrize("untouched", [None, ..., "", " "])
def test_what_was_not_touched_is_not_computed_either(untouched):
    def never(of):
        raise AssertionError

    assert Compute("?", never, "", "", HINTS).grade(untouched).state == UNTOUCHED


def test_a_tolerance_holds_to_both_sides_and_no_further():
    states = [state(0.5, answer, within=0.01) for answer in (0.49, 0.51, 0.511, 0.489)]
    assert states == [CORRECT, CORRECT, INCORRECT, INCORRECT]
    assert "to within 0.01" in asked(0.5, within=0.01).asks


def test_a_known_mistake_names_its_misconception_but_what_is_right_is_right():
    mistakes = (Mistake(lambda of: -0.1, "other way round"), Mistake(lambda of: 0.1005, "near"))
    question = asked(0.1, mistakes=mistakes, within=0.001)
    assert question.grade(-0.1).reason == "other way round"
    assert question.grade(0.1005).state == CORRECT


def test_what_it_is_asked_of_decides():
    question = Compute("?", len, "`len`", "", HINTS)
    assert question.grade(2, of=[1, 2]).state == CORRECT
    assert question.solution([1, 2]) == "**2** `len`" and question.solution() == "`len`"


def test_guesses_are_put_beside_the_result():
    number = Guess("?", lambda of: of, form="{:.1%}", high="too hopeful", low="too gloomy")
    assert number.compare(0.2, 0.3) == "You said 20.0%; it is 30.0%: 10.0% too gloomy."
    assert number.compare(0.3001, 0.3) == "You said 30.0%; it is 30.0%: spot on."
    assert number.compare("many", 0.3) == "It is 30.0%."
    name = Guess("?", lambda of: of)
    assert name.compare("hour", "month") == "You said hour; it is month."
    assert name.compare("Month", "month") == "You said Month; it is month: spot on."
    assert name.compare(None, "month") == "It is month."


@pytest.mark.parametrize(
    ("most", "guess", "asked"),
    [(1, 55, "from 0 to 1, such as 0.55"), (1, -0.2, "from 0 to 1"), (1, 300, "from 0 to 1."),
     (100, 155, "from 0 to 100"), (float("inf"), -1, "above 0"),
     (1, 0.55, ""), (1, 1, ""), (100, 55, ""), (float("inf"), 7, ""), (1, None, ""),
     (1, "Month", "")],
)  # fmt: skip
def test_a_guess_that_cannot_be_meant_is_asked_for_again(most, guess, asked):
    said = Guess("?", float, most=most).refuse(guess)
    assert asked in said and bool(said) == bool(asked)


def test_of_two_known_mistakes_near_the_answer_the_nearer_is_named():
    near, nearer = (Mistake(lambda of, at=at: at, name) for at, name in ((1.3, "a"), (1.32, "b")))
    question = Compute("?", lambda of: 2.0, "", "", HINTS, (near, nearer), within=0.05)
    assert question.grade(1.33, of=[]).reason == "b"
    assert question.grade(1.3, of=[]).reason == "a"


def doubled(thing, of):
    return "" if thing(of) == 2 * of else "It does not double."


CHALLENGE = Challenge("Double.", doubled, "double", "", "Twice is enough.", HINTS)


def test_a_challenge_is_right_wrong_or_untouched():
    assert CHALLENGE.grade(lambda x: 2 * x, 3).state == CORRECT
    assert CHALLENGE.grade(lambda x: x, 3).reason == "It does not double."
    for untouched in (None, ..., lambda x: ...):
        assert CHALLENGE.grade(untouched, 3).state == UNTOUCHED


def test_what_a_learners_code_raises_is_a_wrong_answer_in_one_line():
    def broken(x):
        raise KeyError("no\nsuch")

    for thing in (broken, 5, lambda: 1):
        verdict = CHALLENGE.grade(thing, 3)
        assert verdict.state == INCORRECT and "it raised" in verdict.reason
        assert "\n" not in verdict.reason


def test_an_estimator_is_examined_as_it_is():
    from sklearn.dummy import DummyClassifier

    seen = []
    challenge = Challenge("?", lambda t, of: seen.append(t) or "", "m", "", "", HINTS)
    model = DummyClassifier()
    assert challenge.grade(model).state == CORRECT and seen == [model]
