"""Exercises and solutions on a finished run: none attempted in one, all correct in the other.

The cells run in this process, which takes no kernel; `test_browser.py` runs them in one.
"""

import ast
import re

import nbformat
import pandas as pd
import pytest

from helpers.course.exercises import BEGIN, EXERCISES, SOLUTIONS, exercise_of, written
from helpers.course.lessons import Shown
from helpers.course.questions import CHALLENGES, QUESTIONS
from helpers.examples import flights_sources

PATHS = sorted(SOLUTIONS.glob("*.ipynb"))
EVERY = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
# To run them all takes half a minute: two of them now, the others in the slow ring
EVERY_RUN = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * bool(number % 4))
        for number, path in enumerate(PATHS)
    ],
)


@pytest.fixture(autouse=True)
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_PROGRESS", str(tmp_path / "progress.json"))


def states(path):
    """Run the code cells in order; for each that shows a lesson's verdict, its code and state."""
    names, found = {"__name__": "exercise"}, []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path.stem, "exec"), names)
        shown = (
            eval(compile(ast.Expression(last.value), path.stem, "eval"), names) if last else None
        )
        if isinstance(shown, Shown) and shown.state:
            found.append((cell.source, shown.state, repr(shown)))
    return found


@EVERY_RUN
def test_an_exercise_says_not_attempted_everywhere(path, flights_run):
    found = states(EXERCISES / path.name)
    assert found and {state for _, state, _ in found} == {"not attempted"}, found


@EVERY_RUN
def test_a_solution_is_correct_everywhere(path, flights_run):
    found = states(path)
    assert len(found) == len(states(EXERCISES / path.name))
    wrong = [shown for _, state, shown in found if state not in ("correct", "guessed")]
    assert wrong == []


@EVERY
def test_exercises_are_what_their_solutions_make_of_them(path):
    made = written(exercise_of(nbformat.read(path, as_version=4)))
    stored = (EXERCISES / path.name).read_text(encoding="utf-8")
    assert stored == made, "run `make exercises`; exercises are not edited by hand"
    assert BEGIN not in made


def test_there_is_no_exercise_without_a_solution():
    assert [p.name for p in sorted(EXERCISES.glob("*.ipynb"))] == [p.name for p in PATHS]


@pytest.mark.parametrize("name", CHALLENGES)
def test_every_challenge_is_in_an_exercise(name):
    sources = [p.read_text(encoding="utf-8") for p in EXERCISES.glob("*.ipynb")]
    assert any(f'challenge(\\"{name}\\")' in s and f'attempt(\\"{name}\\"' in s for s in sources)


# A check is asked in a notebook with what it is asked of; here every one of them is, once more.
ASKED_OF = {
    "start.one_flower": lambda run: _flowers(),
    "collect.no_label": lambda run: _table(run, "raw"),
    "collect.agreement": lambda run: pd.read_csv(flights_sources.MAKER_LABELS),
    "clean.taken_away": lambda run: _table(run, "changes"),
    "clean.edited": lambda run: _in_exercise("02_data_cleaning", "cleaned"),
    "features.evening": lambda run: _table(run, "clean"),
    "split.late_share": lambda run: _in_exercise("04_train_test_split", "known"),
    "split.flatters": lambda run: _in_exercise("04_train_test_split", "pairs"),
    "train.lead": lambda run: _in_exercise("05_model_training", "scores"),
    "evaluate.cost": lambda run: _in_exercise("06_evaluation", "counts"),
    "deploy.called_late": lambda run: _in_exercise("07_deployment", "said"),
    "deploy.apart": lambda run: tuple(
        _in_exercise("07_deployment", name) for name in ("right", "theirs")
    ),
    "monitor.psi": lambda run: _in_exercise("08_monitoring", "temps"),
    "explore.gust": lambda run: pd.DataFrame(
        {"wind_gust": [20, None, 30, None, 25, None], "late": [1, 0, 0, 1, None, 0]}
    ),
    "labs.surest": lambda run: pd.DataFrame(
        {"gap": [0.5, 0.4, 0.001, 0.001], "error": [0.1, 0.01, 0.005, 0.2]},
        index=["copies", "choice", "scale", "none"],
    ),
}


def _table(run, name):
    from helpers.course import lessons

    return lessons.finished(run.name, 8).read_table(name)


def _in_exercise(stem, name):
    """What an exercise makes by that name before its first check."""
    names = {}
    for cell in nbformat.read(EXERCISES / f"{stem}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and name not in names:
            exec(cell.source, names)
    return names[name]


def _flowers():
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    return train_test_split(*load_iris(return_X_y=True), test_size=0.2, random_state=42)


COMPUTED = {name: asked for name, asked in QUESTIONS.items() if hasattr(asked, "expected")}


def test_of_every_computed_check_it_is_known_what_it_is_asked_of():
    assert set(ASKED_OF) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_a_computed_check_is_right_and_no_mistake_or_hint_tells_its_value(name, flights_run):
    asked, of = COMPUTED[name], ASKED_OF[name](flights_run)
    expected = asked.expected(of)
    assert asked.grade(expected, of).state == "correct"
    for mistake in asked.mistakes:
        verdict = asked.grade(mistake.value(of), of)
        assert verdict.state == "incorrect" and verdict.reason == mistake.why
    shown = asked.form.format(expected) if not isinstance(expected, set) else "\n"
    for text in (asked.question, *asked.hints, *(m.why for m in asked.mistakes)):
        told = re.findall(r"-?\d+(?:[.,]\d+)*", text) + text.splitlines()
        assert shown not in told and str(expected) not in told
