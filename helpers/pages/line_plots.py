"""Pictures of the line itself: its stages in order, and the way of columns to features."""

from __future__ import annotations

from textwrap import wrap

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ..line.stage_list import STAGES
from .figure_style import COLOURS, picture, titled


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
    _draw_ways(axes)
    title = "The line: eight stations from raw data to production"
    return _bare(axes, title, (-0.3, 10.3), (-2.1, 1.1))


def _draw_ways(axes) -> None:
    """The way from the first row of stations to the second, and the way back."""
    axes.plot([8.8, 8.8, 1.0, 1.0], [-0.12, -0.7, -0.7, -0.8], color="#555", lw=1)
    _arrow(axes, (1.0, -0.7), (1.0, -0.92), "#555")
    axes.plot([3.6, 3.6], [-0.92, -0.42], color=COLOURS[3], lw=1)
    axes.plot([1.0, 6.2], [-0.42, -0.42], color=COLOURS[3], lw=1)
    for x in (1.0, 3.6, 6.2):  # the middles of the stations 1 to 3
        _arrow(axes, (x, -0.42), (x, -0.06), COLOURS[3])
    axes.text(6.35, -0.42, "not good enough: go back", color=COLOURS[3], fontsize=8.5, va="center")


def _bare(axes, title: str, across: tuple, up: tuple) -> str:
    """A drawing without axes, from one place to another; its title."""
    axes.axis("off")
    return titled(axes, title, xlim=across, ylim=up)


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
    axes, height = figure.subplots(), len(flows)
    for place, (role, count, steps) in enumerate(flows):
        y, colour = height - 1 - place, COLOURS[place % len(COLOURS)]
        columns = f"{count} column{'s' * (count != 1)}\n{role}"
        _box(axes, (0, y + 0.14), (2.3, 0.62), columns, colour)
        _box(axes, (3.3, y + 0.14), (5.2, 0.62), "\n".join(wrap(steps, 46)), colour)
        _arrow(axes, (2.45, y + 0.45), (3.15, y + 0.45), "#555")
        _arrow(axes, (8.65, y + 0.45), (9.45, height / 2), "#555")
    axes.text(9.6, height / 2, "one row\nof numbers,\neach with\nits name", va="center", fontsize=9)
    title = "The features: from each column to numbers, fitted on training rows alone"
    return _bare(axes, title, (-0.2, 11.2), (-0.1, height + 0.05))
