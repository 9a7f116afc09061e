"""Pictures of a model that is a sum of one curve a column."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .figure_style import BLUE, GREY, ORANGE, headed, name_rows, picture, short

ACROSS = 2  # panels beside each other
ROOM = 0.08  # of the scale, left free at both ends


@picture
def column_curves(figure: Figure, found: list, answer: str, title: str) -> str:
    """What each column adds to the score, a panel a column, all on one scale.

    `found` are curves as `helpers.evaluate.additive_curves` makes them: `name`, `adds` (a row a
    value; the column `all`, and one for the model of each fold), `seen` (the values of the rows),
    `is_number`, `missing`. Lines under a number's curve are rows; the band, or the bar, goes from
    the least to the most of the folds' models.
    """
    down = -(-len(found) // ACROSS)
    every = figure.subplots(down, min(ACROSS, len(found)), squeeze=False).ravel()
    limits = _limits(found)
    for axes, curve in zip(every, found, strict=False):
        (_draw_line if curve.is_number else _draw_levels)(axes, curve, limits)
        axes.set_title(short(curve.name, 32), fontsize=10)
    for axes in every[len(found) :]:
        axes.set_visible(False)
    figure.supxlabel(short(f"adds to {answer} (band, bars: models of the folds)", 90), fontsize=9)
    return headed(figure, title, 95)


def _limits(found: list) -> tuple[float, float]:
    """One scale for all panels, over the model's own curves and their bands."""
    values = [curve.adds.to_numpy(float).ravel() for curve in found]
    values = np.concatenate([*values, [curve.missing for curve in found], [0.0]])
    low, high = np.nanmin(values), np.nanmax(values)
    room = ROOM * max(high - low, 1e-9)
    return low - 2 * room, high + room


def _draw_line(axes, curve, limits: tuple[float, float]) -> None:
    """A number's or a date's curve, its band, and a short line for each row."""
    at = curve.adds.index.to_numpy()
    bounds = curve.adds.min(axis=1), curve.adds.max(axis=1)
    axes.axhline(0, color=GREY, lw=0.8)
    axes.fill_between(at, *bounds, color=BLUE, alpha=0.2, lw=0)
    axes.plot(at, curve.adds["all"], color=BLUE)
    seen = curve.seen.dropna().to_numpy()
    axes.plot(seen, np.full(len(seen), limits[0]), "|", color="#555", alpha=0.3, ms=8)
    if np.isfinite(curve.missing):
        axes.axhline(curve.missing, color=ORANGE, ls=":", label=f"missing: {curve.missing:+.2g}")
        axes.legend(loc="best", fontsize=8, frameon=False)
    axes.set_ylim(*limits)
    if isinstance(curve.adds.index, pd.DatetimeIndex):
        axes.tick_params(axis="x", rotation=30, labelsize=8)


def _draw_levels(axes, curve, limits: tuple[float, float]) -> None:
    """What each level adds, the most frequent on top, with the bar of the folds' models."""
    shown = curve.adds[::-1]
    places = range(len(shown))
    axes.axvline(0, color=GREY, lw=0.8)
    axes.hlines(places, shown.min(axis=1), shown.max(axis=1), color=BLUE, alpha=0.35, lw=4)
    axes.plot(shown["all"], places, "o", color=BLUE)
    name_rows(axes, shown.index, 18)
    axes.set_xlim(*limits)
