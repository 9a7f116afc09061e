"""Figures: each is a PNG with a title, also where names hold a dollar sign."""

import importlib
import inspect
import io
import pkgutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import pages
from helpers.evaluate import calibration_curve
from helpers.evaluate.additive_curves import Curve
from helpers.learning.task_kind import Task
from helpers.pages import (
    additive_plots,
    certainty_plots,
    figure_style,
    line_plots,
    model_plots,
    monitoring_plots,
    reason_plots,
    show,
    table_plots,
)

ODD = r"$\frac$"  # a formula that matplotlib can't read
ROWS = 40


def task(kind: str, name: str) -> Task:
    classes = {"binary": (name, "z"), "multiclass": (name, "y", "z")}.get(kind, ())
    return Task(name, kind, classes, classes[0] if kind == "binary" else "")


def drawn(name: str) -> dict[str, figure_style.Picture]:
    """A picture of each function, with `name` wherever a name comes from the data."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=ROWS)
    part = np.array(["train"] * 30 + ["test"] * 10, dtype=object)
    label = pd.Series(np.arange(ROWS) % 2, name=name)
    frame = pd.DataFrame({name: numbers, "words": [name, "z"] * (ROWS // 2)})
    days = pd.Series(pd.date_range("2020-01-01", periods=ROWS), name=name)
    counts = pd.DataFrame([[3, 1], [0, 4]], index=[name, "z"], columns=[name, "z"])
    groups = pd.DataFrame({"group": [1, 2], "predicted": [0.1, 0.8], "observed": [0.2, 0.7]})
    cells = pd.DataFrame(
        {"rewritten": [3, 1], "taken away": [0, 2], "filled": [4, 0]}, index=[name, "z"]
    )
    expected = pd.DataFrame({"r2": [0.4, 0.3], "from": [0.3, 0.2], "to": [0.5, 0.4]},
                            index=["2020-01", "2020-02"])  # fmt: skip
    policies = pd.DataFrame({"never": [0.4, 0.3], name: [0.4, 0.35]}, index=["2020-01", "2020-02"])
    policy_costs = pd.DataFrame({"rows": [0, 2_500], "retrainings": [0, 1]}, ["never", name])
    shares = groups[["predicted", "observed"]]
    lab = pd.DataFrame({"gap": [0.0, 0.3], "error": [0.01, 0.02]}, index=[name, "z"])
    parts = pd.DataFrame({name: [0.2] * 6}, index=["a", "b", "c", "d", "together", "rest"])
    served = pd.DataFrame({"claimed": [0.8, None], "in production": [0.7, 0.5]}, index=[name, "z"])
    curve = pd.DataFrame({"rows": [100, 200], "score": [0.6, 0.7], "low": [0.5, 0.6],
                          "high": [0.7, 0.8], "train": [0.9, 0.8]})  # fmt: skip
    fallen = pd.DataFrame({"fall": [0.1], "low": [0.05], "high": [0.15]}, index=[name])
    along = {name: pd.Series([0.1, 0.4], index=[1.0, 2.0]),
             "words": pd.Series([0.3], index=[name])}  # fmt: skip
    classes = np.array([name, "z"] * (ROWS // 2), dtype=object)
    ends = numbers[:, None] + [-0.5, 0.5]
    adds = pd.DataFrame({"all": [0.1, -0.2], "fold 1": [0.2, -0.1]})
    levels = adds.set_axis([name, "z"])
    curves = [Curve(name, adds, frame[name], 0.1, 0.05),
              Curve("words", levels, frame["words"], 0.1, np.nan)]  # fmt: skip
    return {
        "assembly_line": line_plots.assembly_line(),
        "bars": model_plots.bars(pd.Series([3, 2], index=[name, "z"]), "Bars", "length"),
        "changed_cells": table_plots.changed_cells(cells),
        "against_target": table_plots.against_target(frame, label, {name: name, "words": name}),
        "sets_over_time": table_plots.sets_over_time(days, part),
        "target_by_set": table_plots.target_by_set(classes, part, task("binary", name)),
        "paired_scores": model_plots.paired_scores(
            pd.DataFrame({"linear": [0.7, 0.8], "baseline": [0.5, 0.5]}), "roc_auc"
        ),
        "risk_groups": model_plots.risk_groups(groups, task("binary", name), 0.4),
        "confusion": model_plots.confusion(counts),
        "curves": model_plots.curves(label.to_numpy() == 1, random.random(ROWS)),
        "residuals": model_plots.residuals(numbers, numbers + random.normal(size=ROWS), name),
        "answers": model_plots.answers(pd.Series(classes), name),
        "over_periods": monitoring_plots.over_periods(expected, "r2", 0.5, (0.4, 0.6), expected),
        "policies": monitoring_plots.policies(policies, policy_costs, "r2"),
        "feature_map": line_plots.feature_map([("number", 3, "scale"), ("date", 1, "hour")]),
        "draw_calibration_curve": calibration_curve.draw_calibration_curve(
            {"before": shares, "after": shares}, {"before": 0.1, "after": 0.02}
        ),
        "learning_curve": model_plots.learning_curve(curve, "roc_auc"),
        "falls": model_plots.falls(fallen, "roc_auc"),
        "dependence": model_plots.dependence(along, f"probability of {name}"),
        "score_gaps": table_plots.score_gaps(lab),
        "shares": table_plots.shares(parts),
        "outcomes": model_plots.outcomes(served),
        "errors_along": model_plots.errors_along(numbers, numbers + 0.1, name),
        "intervals": certainty_plots.intervals(ends, numbers, numbers + 0.1, name),
        "sets_and_abstention": certainty_plots.sets_and_abstention(
            1 + np.arange(ROWS) % 3, numbers > 0, np.array([[0.0, 0.2, 0.3], [0.5, 0.1, 0.2]])
        ),
        "reasons": reason_plots.reasons([(name, [name, "z"], np.array([0.4, -0.1]))], name),
        "column_curves": additive_plots.column_curves(curves, name, name),
    }


@pytest.fixture(scope="module")
def plain():
    return drawn("weight")


@pytest.fixture(scope="module")
def odd():
    return drawn(ODD)


def functions() -> set[str]:
    """What gives a `Picture`, in every module of the pages and beside the calibration."""
    names = [f"{pages.__name__}.{one.name}" for one in pkgutil.iter_modules(pages.__path__)]
    modules = [importlib.import_module(name) for name in [*names, calibration_curve.__name__]]
    return {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if getattr(function, "__module__", "") == module.__name__ and _gives_a_picture(function)
    }


def _gives_a_picture(function) -> bool:
    """Whether a function was made by `picture`: its code is that of the wrapper."""
    return function.__code__ is model_plots.bars.__code__


def test_every_function_is_tried_here(plain):
    assert len(functions()) > 20 and set(plain) == functions()


@pytest.mark.parametrize("names", ["plain", "odd"])
def test_every_picture_is_a_png_with_a_title(names, request):
    for picture in request.getfixturevalue(names).values():
        image = Image.open(io.BytesIO(picture.png))
        image.load()
        assert image.format == "PNG" and image.width == round(figure_style.WIDTH * figure_style.DPI)
        assert image.convert("L").getextrema()[0] < 200
        assert picture.title


def test_the_title_is_the_text_for_those_who_can_not_see(plain):
    data, about = plain["bars"]._repr_mimebundle_()
    assert data["image/png"] == plain["bars"].png
    assert data["text/plain"] == "<Picture: Bars>" and about["image/png"]["alt"] == "Bars"


def test_the_same_figure_is_the_same_bytes(plain):
    again = model_plots.bars(pd.Series([3, 2], index=["weight", "z"]), "Bars", "length")
    assert again.png == plain["bars"].png


def test_numbers_have_pictures_of_their_own():
    y = np.random.default_rng(0).normal(size=ROWS)
    part = np.array(["train", "test"] * (ROWS // 2), dtype=object)
    assert table_plots.target_by_set(y, part, task("regression", "price")).title.endswith("price")
    assert model_plots.answers(pd.Series(y), "price").png
    assert model_plots.residuals(y, y + 1e-3 * np.arange(ROWS), "price").png


def test_many_bars_and_long_names_fit():
    values = pd.Series(np.arange(60.0)[::-1], index=[f"{i} " + "long " * 20 for i in range(60)])
    assert model_plots.bars(values, "Bars", "length", percent=True).png
    assert len(figure_style.short("long " * 20)) == 28


def test_gaps_do_not_stop_a_picture():
    frame = pd.DataFrame({"n": [1.0, None] * 20, "c": ["a", None] * 20})
    label = pd.Series(np.arange(40) % 2, name="y")
    assert table_plots.against_target(frame, label, {"n": "n", "c": "c"}).png
    days = pd.Series(pd.to_datetime([None, "2020-01-01", "2020-02-01"] * 10), name="d")
    assert table_plots.sets_over_time(days, np.array(["train", "test", "train"] * 10)).png


def test_the_theme_stays_inside_the_picture():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    model_plots.bars(pd.Series([1.0], index=["a"]), "Bars", "length")
    assert dict(mpl.rcParams) == before


def test_a_picture_may_be_as_tall_as_asked():
    values = pd.Series([1.0], index=["a"])
    tall = Image.open(io.BytesIO(model_plots.bars(values, "Bars", "length", height=5).png))
    assert tall.height == 500


@pytest.fixture
def axes(monkeypatch):
    """The axes of every figure that is drawn."""
    from matplotlib.figure import Figure

    seen, plain = [], Figure.savefig

    def savefig(figure, *args, **options):
        seen.extend(figure.axes)
        return plain(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return seen


LONG = ["a long name that goes on and on " * 3 + end for end in "xyz"]


def test_names_that_are_equal_after_shortening_all_have_a_bar(axes):
    model_plots.bars(pd.Series([3, 2, 1], index=LONG), "Bars", "length")
    assert [bar.get_width() for bar in axes[0].patches] == [1, 2, 3]
    assert len({bar.get_y() for bar in axes[0].patches}) == 3  # none hides another
    assert len(axes[0].get_yticklabels()) == 3


def test_thresholds_are_marked(axes):
    model_plots.answers(pd.Series(np.linspace(0, 1, ROWS)), "probability of x", 0.3)
    assert 0.3 in [line.get_xdata()[0] for line in axes[0].lines]
    truth = np.arange(ROWS) % 4 == 0
    model_plots.curves(truth, np.linspace(0, 1, ROWS), 0.5)
    marked = [a.lines[-1] for a in axes[1:]]
    assert [line.get_label() for line in marked] == ["threshold 0.5"] * 2


def test_answers_that_are_equal_after_shortening_all_have_a_bar(axes):
    model_plots.answers(pd.Series(LONG * 2 + LONG[:1]), "y")
    assert sorted(bar.get_height() for bar in axes[0].patches) == [2, 2, 3]
    assert len({bar.get_x() for bar in axes[0].patches}) == 3


def test_levels_that_are_equal_after_shortening_all_have_a_bar(axes):
    frame = pd.DataFrame({"c": LONG * 4})
    table_plots.against_target(frame, pd.Series([0, 1, 1] * 4, name="y"), {"c": "c"})
    assert len({bar.get_x() for bar in axes[0].patches}) == 3


def test_periods_that_are_equal_after_shortening_all_have_a_place(axes):
    scores = pd.DataFrame({"r2": [0.1, 0.2, 0.3], "from": 0.0, "to": 0.4}, index=LONG)
    monitoring_plots.over_periods(scores, "r2", 0.5)
    assert axes[0].lines[0].get_ydata().tolist() == [0.1, 0.2, 0.3]
    assert len(set(axes[0].lines[0].get_xdata())) == 3


@pytest.mark.parametrize("error", [0.0, 2.0, 1e-12])
def test_errors_that_are_all_alike_have_a_picture(error):
    truth = np.arange(20.0)
    assert model_plots.residuals(truth, truth + error, "price").png


def test_a_picture_of_some_rows_says_how_many():
    assert model_plots._points(40)[1] == ""
    drawn, some = model_plots._points(5_000)
    assert len(drawn) == model_plots.MOST_POINTS and some == ", 2,000 of 5,000 rows"


def test_one_absurd_value_does_not_stretch_the_axis(axes):
    frame = pd.DataFrame({"n": [*range(99), 1e7]})
    table_plots.against_target(frame, pd.Series(np.arange(100) % 2, name="y"), {"n": "n"})
    assert axes[0].lines[0].get_xdata().max() < 100


def test_a_folded_section_holds_pictures_sentences_and_frames():
    drawn = model_plots.bars(pd.Series({"a": 1.0}), "One & two", "share")
    said = show.say("**Sure**: 1 < 2")
    html = show.folded("More", said, drawn, pd.DataFrame({"x": [7]}), None, "plain").data
    assert html.startswith("<details><summary>More</summary>") and "None" not in html
    assert "<strong>Sure</strong>: 1 &lt; 2" in html and "<td>7</td>" in html
    assert 'src="data:image/png;base64,iVBOR' in html and 'alt="One &amp; two"' in html
    assert "<pre>plain</pre>" in html
