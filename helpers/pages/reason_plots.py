"""Pictures of reasons: what each column adds to an answer."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .figure_style import BLUE, ORANGE, name_rows, picture, short

MOST_BARS = 6  # columns of a row


@picture
def reasons(figure: Figure, rows: list[tuple[str, list[str], np.ndarray]], axis: str) -> str:
    """Bars to the right and to the left of some rows; each has a title, names and contributions.

    The strongest come first, all others together last. `axis` says in which unit they are.
    """
    shown = [(title, *_strongest(names, added)) for title, names, added in rows]
    heights = [len(names) for _, names, _ in shown]
    panels = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True, height_ratios=heights))
    for axes, (title, names, added) in zip(panels, shown, strict=True):
        colours = [BLUE if one > 0 else ORANGE for one in added[::-1]]
        axes.barh(range(len(added)), added[::-1], color=colours, height=0.7)
        axes.axvline(0, color="#555", lw=1)
        name_rows(axes, names[::-1], most=34)
        axes.grid(axis="y", visible=False)
        axes.set_title(short(title, 80), fontsize=10)
    panels[-1].set_xlabel(short(axis, 90))
    figure.supylabel("column and its value", fontsize=10)
    return "Why these answers? What each column adds"


def _strongest(names: list[str], added: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The names and contributions of the strongest, and of all others together."""
    order = np.argsort(-np.abs(added), kind="stable")
    if len(order) <= MOST_BARS + 1:
        return [names[n] for n in order], added[order]
    first, rest = order[:MOST_BARS], order[MOST_BARS:]
    kept = [names[n] for n in first] + [f"{len(rest)} other columns"]
    return kept, np.append(added[first], added[rest].sum())
