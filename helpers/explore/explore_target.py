"""Explore target."""

from __future__ import annotations

from functools import partial

import pandas as pd

from . import association, draw_associations, draw_axes, draw_target
from .column_cards import MOST_DRAWN
from .exploration import Exploration
from .explore_associations import WEAK
from .html_pieces import (
    Piece,
    figure,
    kind_name,
    link,
    many,
    of_sample,
    para,
    safe,
)
from .surveyed_table import Survey


def against_target(found: Exploration) -> Piece:
    """Every column ranked by how strongly it goes with the target, and drawn against it."""
    survey, place = found.survey, "against-the-target"
    if not survey.target:
        return Piece(para("No target was named. To hold every column against one: "
                        "<code>pipeline explore SOURCE --target COLUMN</code>, or "
                        "<code>explore.look(table, target)</code>."), place=place)  # fmt: skip
    ranked = found.associations.with_target(survey.target)
    if survey.label is None or ranked.empty:
        kind = survey[survey.target].kind
        text = f"{safe(survey.target)} is {kind_name(kind, 1)}: nothing can be compared with it."
        return Piece(para(text), place=place)
    names = list(ranked.index[:MOST_DRAWN])
    key = partial(draw_target.classes_legend, survey, size=(7.5, 0.3))
    stacked = len(survey.classes) > 2
    tasks = [partial(draw_associations.ranking, ranked, f"How strongly columns go with {survey.target}",
                     "Cramér's V with the target")]  # fmt: skip
    tasks += [key] if stacked else []
    tasks += [partial(draw_target.target_by, survey, found.associations.levels[n]) for n in names]
    drawn = draw_axes.draw_all(tasks)
    ranking, legend = drawn[0], drawn[1] if stacked else None
    panels = "".join(
        figure(picture, f"{link(survey[name])}: {ranked[name]:.2f}")
        for name, picture in zip(names, drawn[1 + stacked :], strict=True)
    )
    return Piece(
        para(describe_target(found, ranked)),
        figure(ranking, of_sample(survey, f"{association.MEASURE}; text by its length")),
        para(f"{_describe_panels(survey)} Of {survey.sample_note}."),
        figure(legend),
        f'<div class="xp-grid">{panels}</div>',
        para(f"Drawn are the {MOST_DRAWN} strongest." if len(ranked) > MOST_DRAWN else "", "said"),
        place=place,
    )


def describe_target(found: Exploration, ranked: pd.Series) -> str:
    """The ranking in a sentence."""
    strong = ranked[ranked >= WEAK]
    target = safe(found.survey.target)
    if strong.empty:
        return f"No column alone says much about {target}: every association is under 0.1."
    first = ", ".join(f"{link(found.survey[str(n)])} ({v:.2f})" for n, v in strong.head(3).items())
    return (
        f"The strongest association with {target}: {first}; {len(ranked) - len(strong):,} of "
        f"{many(len(ranked), 'column')} have almost none alone (under 0.1)."
    )


def _describe_panels(survey: Survey) -> str:
    if len(survey.classes) > 2:
        shown = min(len(survey.classes), draw_target.MOST_CLASSES)
        rest = ", all others grey" if len(survey.classes) > shown else ""
        return f"Each column by groups: the shares of the classes{rest}."
    axis = draw_target.target_axis(survey)
    return f"Each column by groups: {safe(axis)}; the dashed line is all rows."
