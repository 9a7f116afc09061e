"""The section on time: rows, and the target, by the column of dates."""

from __future__ import annotations

import numpy as np

from . import draw_target
from .association import LEVEL
from .exploration import Exploration
from .html_pieces import Piece, figure, link, many, para, safe, value_text
from .surveyed_table import Column, Survey


def over_time(found: Exploration) -> Piece:
    """Rows, and the target, over time; by the column of dates with the fewest gaps."""
    survey, place = found.survey, "over-time"
    dates = [c for c in survey.of_kind("date") if c.distinct > 1]
    if not dates:
        return Piece(para("The table has no column of dates that vary."), place=place)
    column = max(dates, key=lambda c: (c.present, c.distinct))
    height = 3.6 if survey.label is not None and column.name != survey.target else 2.2
    others = [link(c) for c in dates if c is not column]
    also = f" Also in the table: {', '.join(others[:10])}." if others else ""
    return Piece(
        para(describe_timeline(survey, column) + also),
        figure(draw_target.over_time(survey, column, size=(7.5, height)),
                f"By {safe(column.name)}, all {many(column.present, 'row')} that have it."),
        place=place,
    )  # fmt: skip


def describe_timeline(survey: Survey, column: Column) -> str:
    """The timeline in a sentence or two."""
    edges, counts = column.shape
    low, high = int(counts.argmin()), int(counts.argmax())
    text = (
        f"From {value_text(column.quantiles[0.0])} to {value_text(column.quantiles[1.0])}: between "
        f"{counts[low]:,} rows ({edges[low]}) and {counts[high]:,} ({edges[high]}) a "
        f"{column.period}."
    )
    has_target = survey.label is not None and column.name != survey.target
    return text + _describe_target_over_time(survey, column) if has_target else text


def _describe_target_over_time(survey: Survey, column: Column) -> str:
    edges, along = column.shape[0], draw_target.target_over_time(survey, column)
    if np.isnan(along).all():
        return ""
    name = " ".join(draw_target.axis_over_time(survey).split())
    if draw_target.p_value_over_time(survey, column) >= LEVEL:
        return f" That the {safe(name, 80)} changes over time is not shown: it may be chance."
    shown = "{:.0%}".format if survey.classes else value_text
    ends = int(np.nanargmin(along)), int(np.nanargmax(along))
    low, high = (f"{shown(along[at])} ({edges[at]})" for at in ends)
    return f" The {safe(name, 80)} goes from {low} to {high}."
