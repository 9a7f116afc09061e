"""Figures: with a title, axis names and units, in colours that colour-blind readers tell apart.

Every function gives a `Picture`: a PNG with a text that says what it shows.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .pages.figure_style import BLUE, GREY, picture


@picture
def draw_calibration_curve(
    figure: Figure, tables: dict[str, pd.DataFrame], errors: dict[str, float]
) -> str:
    """Observed against predicted shares, before and after calibration."""
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#555", ls="--", lw=1, label="perfect calibration")
    for (name, table), colour, mark in zip(tables.items(), (GREY, BLUE), ["s", "o"], strict=True):
        label = f"{name}: {errors[name]:.1%} off"
        axes.plot(table["predicted"], table["observed"], f"{mark}-", color=colour, label=label)
    for format_axis in (axes.xaxis, axes.yaxis):
        format_axis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="upper left")
    title = "Predicted and observed probabilities, before and after calibration"
    axes.set(title=title, xlabel="predicted probability", ylabel="observed share")
    return title
