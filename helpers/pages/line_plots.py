"""Pictures of the line itself: its stages in order, and the way of columns to features."""

from __future__ import annotations

from textwrap import wrap

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ..line.stage_list import STAGES
from .figure_style import COLOURS, picture


@picture
def assembly_line(figure: Figure) -> str:
    """The line as a picture: its stations in order, and the way back."""
    axes = figure.subplots()
    stages = [stage for stage in STAGES if not stage.lesson]
    for place, stage in enumerate(stages):
        x, y = place % 4 * 2.6, 0 if place < 4 else -1.8
        label = f"{stage.number}\n{stage.title}"
        _box(axes, (x, y), (2.0, 0.8), label, COLOURS[place % len(COLOURS)], pad=0.08)
        if place % 4 < 3:
            _arrow(axes, (x + 2.1, y + 0.4), (x + 2.5, y + 0.4), "#555")
    axes.plot([8.8, 8.8, 1.0, 1.0], [-0.12, -0.7, -0.7, -0.8], color="#555", lw=1)
    _arrow(axes, (1.0, -0.7), (1.0, -0.92), "#555")
    _arrow(axes, (3.6, -0.9), (3.6, -0.1), COLOURS[3])
    axes.text(3.75, -0.4, "not good enough: go back", color=COLOURS[3], fontsize=8.5, va="center")
    axes.set_xlim(-0.3, 10.3)
    axes.set_ylim(-2.1, 1.1)
    axes.axis("off")
    title = "The line: eight stations from raw data to production"
    axes.set_title(title)
    return title


def _box(axes, corner, size, text: str, colour, pad: float = 0.06) -> None:
    """A rounded box with a text in its middle."""
    (x, y), (width, height) = corner, size
    shape = f"round,pad={pad}"
    axes.add_patch(
        FancyBboxPatch(corner, width, height, shape, fc=(*colour, 0.18), ec=colour, lw=1.5)
    )
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=9)


def _arrow(axes, start, end, colour) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=colour))


@picture
def feature_map(figure: Figure, flows: list[tuple[str, int, str]]) -> str:
    """The pipeline as a drawing: from the columns, role by role, through its steps to one row.

    `flows` holds for each branch its role, how many columns take it, and its steps in words.
    """
    axes = figure.subplots()
    height = len(flows)
    for place, (role, count, steps) in enumerate(flows):
        y, colour = height - 1 - place, COLOURS[place % len(COLOURS)]
        _box(
            axes, (0, y + 0.14), (2.3, 0.62), f"{count} column{'s' * (count != 1)}\n{role}", colour
        )
        _box(axes, (3.3, y + 0.14), (5.2, 0.62), "\n".join(wrap(steps, 46)), colour)
        _arrow(axes, (2.45, y + 0.45), (3.15, y + 0.45), "#555")
        _arrow(axes, (8.65, y + 0.45), (9.45, height / 2), "#555")
    axes.text(9.6, height / 2, "one row\nof numbers,\neach with\nits name", va="center", fontsize=9)
    axes.set_xlim(-0.2, 11.2)
    axes.set_ylim(-0.1, height + 0.05)
    axes.axis("off")
    title = "The features: from each column to numbers, fitted on training rows alone"
    axes.set_title(title)
    return title
