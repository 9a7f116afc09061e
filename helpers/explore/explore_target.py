"""The section on the target: every column ranked and drawn against it."""

from __future__ import annotations

from functools import partial

import pandas as pd

from . import association, draw_associations, draw_axes, draw_target
from .column_cards import MOST_DRAWN
from .exploration import Exploration
from .explore_associations import WEAK
from .html_pieces import Piece, figure, kind_name, link, many, of_sample, para, safe
from .surveyed_table import Survey

PLACE = "against-the-target"
NO_TARGET = (
    "No target was named. To compare every column with one: <code>pipeline explore SOURCE --target "
    "COLUMN</code>, or <code>explore.look(table, target)</code>."
)


def against_target(found: Exploration) -> Piece:
    """Every column ranked by how strongly it goes with the target, and drawn against it."""
    survey = found.survey
    if not survey.target:
        return Piece(para(NO_TARGET), place=PLACE)
    ranked = found.associations.with_target(survey.target)
    if survey.label is None or ranked.empty:
        kind = survey[survey.target].kind
        text = f"{safe(survey.target)} is {kind_name(kind, 1)}: nothing can be compared with it."
        return Piece(para(text), place=PLACE)
    ranking, legend, *panels = _drawn(found, ranked)
    return Piece(
        para(describe_target(found, ranked)),
        figure(ranking, of_sample(survey, f"{association.MEASURE}; text by its length")),
        para(f"{_describe_panels(survey)} Of {survey.sample_note}."),
        figure(legend),
        f'<div class="xp-grid">{_panel_figures(survey, ranked, panels)}</div>',
        para(f"Drawn are the {MOST_DRAWN} strongest." if len(ranked) > MOST_DRAWN else "", "said"),
        place=PLACE,
    )


def _drawn(found: Exploration, ranked: pd.Series) -> list:
    """The ranking, the legend of the classes (None for two or a number), a panel a column."""
    survey, levels = found.survey, found.associations.levels
    title = f"How strongly columns go with {survey.target}"
    return draw_axes.draw_all([
        partial(draw_associations.ranking, ranked, title, "Cramér's V with the target"),
        partial(_legend, survey),
        *(partial(draw_target.target_by, survey, levels[n]) for n in ranked.index[:MOST_DRAWN]),
    ])  # fmt: skip


def _legend(survey: Survey):
    has_colours = len(survey.classes) > 2
    return draw_target.classes_legend(survey, size=(7.5, 0.3)) if has_colours else None


def _panel_figures(survey: Survey, ranked: pd.Series, panels: list) -> str:
    strongest = ranked.head(len(panels)).items()
    return "".join(
        figure(picture, f"{link(survey[str(name)])}: {strength:.2f}")
        for picture, (name, strength) in zip(panels, strongest, strict=True)
    )


def describe_target(found: Exploration, ranked: pd.Series) -> str:
    """The ranking in a sentence."""
    sure = found.associations.sure_with_target(found.survey.target)
    strong, target = sure[sure >= WEAK], safe(found.survey.target)
    if strong.empty:
        return f"No column alone says much about {target}: associations are under 0.1, or chance."
    first = ", ".join(f"{link(found.survey[str(n)])} ({v:.2f})" for n, v in strong.head(3).items())
    return (
        f"The strongest association with {target}: {first}; {len(ranked) - len(strong):,} of "
        f"{many(len(ranked), 'column')} have almost none alone (under 0.1, or chance)."
    )


def _describe_panels(survey: Survey) -> str:
    if len(survey.classes) > 2:
        shown = min(len(survey.classes), draw_target.MOST_CLASSES)
        rest = ", all others grey" if len(survey.classes) > shown else ""
        return f"Each column by groups: the shares of the classes{rest}."
    axis = draw_target.target_axis(survey)
    return f"Each column by groups: {safe(axis)}; the dashed line is all rows."
