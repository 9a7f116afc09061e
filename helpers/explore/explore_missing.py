"""The section on missing cells: where they are, and what goes with them."""

from __future__ import annotations

from functools import partial

import pandas as pd

from . import association, draw_associations, draw_axes
from .exploration import Exploration
from .explore_associations import WEAK, strongest_columns
from .explore_findings import finding_list
from .gaps_that_depend import CODE
from .html_pieces import Piece, figure, many, of_sample, para, safe
from .oddity import share_text
from .surveyed_table import Survey

OF_MATRIX = "Each stripe is a block of neighbouring rows; the darker, the more is missing"
OF_HEAT = "1: missing in the same rows; 0: no association; −1: one or the other"


def missing(found: Exploration) -> Piece:
    """Where cells are missing, which columns go missing together, and on what that depends."""
    survey = found.survey
    together = association.missing_together(survey)
    matrix, heat = _drawn(survey, together)
    depends = [f for f in found.findings if f.code == CODE]
    return Piece(
        para(describe_missing(survey)),
        figure(matrix, of_sample(survey, OF_MATRIX)),
        para(describe_missing_together(survey)),
        figure(heat, of_sample(survey, OF_HEAT)),
        para("Gaps that depend on another column:" if depends else ""),
        finding_list(depends, "ul"),
        place="what-is-missing",
    )


def _drawn(survey: Survey, together: pd.DataFrame) -> tuple:
    """The matrix of gaps, and the heat map of gaps that go together; None where there is none."""
    tasks = [partial(draw_associations.missing_matrix, survey)]
    if len(together):
        strongest = strongest_columns(together, draw_associations.MOST_HEATED)
        tasks.append(
            partial(draw_associations.heat, together.loc[strongest, strongest],
                    "Which columns go missing together", "correlation of gaps", low=-1.0)
        )  # fmt: skip
    return (*draw_axes.draw_all(tasks), None)[:2]


def describe_missing(survey: Survey) -> str:
    """How much is missing, in a sentence."""
    gaps = [column for column in survey.columns if column.missing]
    if not gaps:
        return "Nothing is missing."
    total = sum(column.missing for column in gaps)
    complete = (~survey.missing.any(axis=1)).mean()
    rows = "rows" if survey.all_rows else "rows drawn"
    return (
        f"{many(total, 'cell')} of {survey.rows * len(survey.columns):,} "
        f"{'is' if total == 1 else 'are'} missing, in {len(gaps)} of "
        f"{many(len(survey.columns), 'column')}; {share_text(complete)} of the {rows} are complete."
    )


NOT_TOGETHER = (
    "No two columns go missing together by more than chance: the gaps of one say next to nothing "
    "about another's."
)


def describe_missing_together(survey: Survey) -> str:
    """Which two columns go missing together most, in a sentence; empty where one has gaps."""
    together = association.missing_together(survey)
    if not len(together):
        return ""
    a, b, phi = association.most_missing_together(survey, together)
    if abs(phi) < WEAK:
        return NOT_TOGETHER
    how = "in the same rows" if phi > 0 else "in turn"
    return f"{safe(a)} and {safe(b)} go missing {how} most of all (correlation {phi:.2f})."
