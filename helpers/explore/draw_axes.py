"""What the figures of an exploration share: sizes, labels, axes of dates, drawing in parallel."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable

import seaborn as sns
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from ..pages.figure_style import BLUE, short

LIGHT = sns.light_palette(BLUE, as_cmap=True)
CARD = (3.6, 1.5)  # inches
LINE = 0.17  # inches of a row of bars
LETTER, CAPITAL = 0.058, 0.075  # inches of a letter at the usual size
MIN_TASKS_TO_FORK = 6  # figures


def label_room(names: list[str]) -> float:
    """Inches that the longest of some labels takes."""
    return max(sum(CAPITAL if letter.isupper() else LETTER for letter in name) for name in names)


def short_number(value: float, _=None) -> str:
    """A number on an axis.

    >>> short_number(12_000), short_number(3.4e6), short_number(0.25)
    ('12k', '3.4M', '0.25')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def few_ticks(axis, most: int = 4, form=short_number, **options) -> None:
    """At most so many steps on an axis, its numbers written short; `form` may be a formatter."""
    axis.set_major_locator(MaxNLocator(most, **options))
    axis.set_major_formatter(form)


def turn_names(axes) -> None:
    """Names on both axes: level beside the rows, upright below the columns."""
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=90)


def date_axis(axes) -> None:
    """Three to five dates on the horizontal axis, written short."""
    locator = AutoDateLocator(minticks=3, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def draw_all(tasks: list[Callable]) -> list:
    """Call each task; half of them in a fork of this process, where there is a second core.

    Should the fork fail in any way, all tasks are called here: the result is the same.
    """
    if len(tasks) < MIN_TASKS_TO_FORK or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        return [task() for task in tasks]
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no more processes, or no memory for one
        for end in (reader, writer):
            os.close(end)
        return [task() for task in tasks]
    if child == 0:
        _draw_in_child(tasks[1::2], reader, writer)
    os.close(writer)
    every = [None] * len(tasks)
    every[::2], every[1::2] = _draw_beside_child(tasks, child, reader)
    return every


def _draw_beside_child(tasks: list[Callable], child: int, reader: int) -> tuple[list, list]:
    """The tasks at even places, drawn here, and those at odd places, as the child sent them."""
    try:
        with os.fdopen(reader, "rb") as pipe:
            mine = [task() for task in tasks[::2]]
            sent = pipe.read()
    finally:
        os.waitpid(child, 0)
    try:
        return mine, pickle.loads(sent)
    except (EOFError, pickle.UnpicklingError):
        return mine, [task() for task in tasks[1::2]]


def _draw_in_child(tasks: list[Callable], reader: int, writer: int) -> None:
    """Draw, send, and leave without Python's exit: what the parent has open is not the child's."""
    with contextlib.suppress(BaseException):
        os.close(reader)
        sent = pickle.dumps([task() for task in tasks])
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(sent)
    os._exit(0)


def counted_bars(axes, names: list[str], lengths, colour, left=None) -> None:
    """Bars of what is counted already, the first on top: seaborn's take half as long again."""
    axes.barh(range(len(names)), lengths, left=left, height=0.75, color=colour)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def cell_text(value) -> str:
    """A value as a label of an axis: one line, at most 20 letters.

    >>> cell_text(2.0), cell_text(" New  York "), cell_text("")
    ('2', 'New York', '(blank)')
    """
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return short(" ".join(text.split()) or "(blank)", 20)
