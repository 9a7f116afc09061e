"""What notebooks 4 and 5 say of their lessons holds: the cells by hand are run here."""

import os

import matplotlib
import nbformat
import pytest

from helpers.base.places import NOTEBOOKS
from helpers.course import by_hand, by_helper, lessons
from helpers.line.lesson_cells import LESSON


def by_hand_names(stem: str, monkeypatch, tmp_path) -> dict:
    """The names that the lesson cells of a notebook leave behind."""
    matplotlib.use("agg")
    monkeypatch.setenv("PIPELINE_PROGRESS", os.fspath(tmp_path / "progress.json"))
    names = {"by_hand": by_hand, "by_helper": by_helper, "lessons": lessons}
    for cell in nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and LESSON in cell.metadata.get("tags", []):
            exec(compile(cell.source, stem, "exec"), names)  # noqa: S102 - our own notebook
    return names


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return by_hand_names("04_train_test_split", patch, tmp_path_factory.mktemp("split"))


def test_the_days_of_the_test_set_are_known_under_a_random_split(split):
    assert split["sets"]["late"].count().min() > 0
    shares = split["shares"]
    assert shares["day", "day"] == shares["tailnum", "tailnum"] == 0
    assert shares["tailnum", "day"] == 1 and shares["day", "tailnum"] > 0.5


def test_random_rows_flatter_when_the_same_rows_are_asked(split):
    pairs = split["pairs"]
    assert (pairs["random rows"] - pairs["earlier rows"]).mean() > 0.015


def test_the_day_of_the_year_helps_in_random_folds_alone(split):
    gain = split["gain"].groupby("fold").mean()
    assert (gain["random rows"] > 0).all() and gain["random rows"].mean() > 0.03
    assert gain["earlier rows"].min() < 0 < gain["earlier rows"].max()
    assert abs(gain["earlier rows"].mean()) < 0.015


def test_by_hand_and_by_the_helper_the_split_is_one(split):
    assert split["mine"].equals(by_helper.split(split["flights"]))
