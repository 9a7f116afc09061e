"""The section on associations: one matrix of all columns, and the strongest pairs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from . import association, draw_associations, draw_axes
from .exploration import Exploration
from .html_pieces import Piece, figure, of_sample, para, safe
from .surveyed_table import Survey

MOST_PAIRS = 6
PLACE = "what-goes-together"
STRONG, WEAK = 0.5, 0.1  # Cohen (1988): large, and small, effects


def strongest_columns(table: pd.DataFrame, most: int) -> list:
    """The columns with the strongest ties, in the order of the table."""
    values = np.abs(table.to_numpy(dtype=float, copy=True))
    np.fill_diagonal(values, 0)
    best = np.argsort(-np.nan_to_num(values).max(axis=0), kind="stable")[:most]
    return [table.columns[place] for place in sorted(best)]


def associations(found: Exploration) -> Piece:
    """One matrix of associations for numbers and categories alike; the strongest pairs drawn."""
    between = found.associations.between
    known = between.loc[between.notna().any(), between.notna().any()]
    if len(known) < 2:
        return Piece(para("There are not two columns that could go together."), place=PLACE)
    kept = strongest_columns(known, draw_associations.MOST_HEATED)
    pairs = found.associations.strongest(MOST_PAIRS)
    pairs = pairs[pairs["strength"] >= WEAK]
    heat, *drawn = _drawn(found, known.loc[kept, kept], pairs)
    note = f"Shown are the {len(kept)} columns with the strongest ties. "
    note = f"{note if len(kept) < len(known) else ''}{association.MEASURE}; text by its length"
    return Piece(
        para(describe_associations(found)),
        figure(heat, of_sample(found.survey, note)),
        f'<div class="xp-grid">{_pair_figures(drawn, pairs)}</div>',
        para(_of_pairs(found.survey) if drawn else "", "said"),
        place=PLACE,
    )


def _drawn(found: Exploration, strengths: pd.DataFrame, pairs: pd.DataFrame) -> list:
    """The heat map, then a figure of each pair."""
    title = "How strongly columns go together"
    tasks = [partial(draw_associations.heat, strengths, title, "Cramér's V")]
    tasks += [partial(draw_associations.pair, found.survey, found.associations, a, b)
              for a, b in zip(pairs["a"], pairs["b"], strict=True)]  # fmt: skip
    return draw_axes.draw_all(tasks)


def _pair_figures(drawn: list, pairs: pd.DataFrame) -> str:
    return "".join(
        figure(picture, f"{safe(a, 30)} and {safe(b, 30)}: {strength:.2f}")
        for picture, (a, b, strength) in zip(drawn, pairs.itertuples(index=False), strict=True)
    )


def _of_pairs(survey: Survey) -> str:
    text = f"The pairs are drawn from {survey.sample_note}"
    if len(survey.sampled) > draw_associations.MOST_POINTS:
        text += f"; points: {draw_associations.MOST_POINTS:,} of them, evenly spread"
    return text + "."


STRONGEST_PAIR = (
    "{} and {} go together most ({:.2f}). {} {} 0.5 or more, on a scale from 0 (no association) to "
    "1 (one determines the other's group)."
)


def describe_associations(found: Exploration) -> str:
    """The associations in a sentence."""
    pairs = found.associations.strongest(1_000)
    if pairs.empty:
        return "No two columns go together by more than chance."
    if pairs["strength"].iloc[0] < WEAK:
        return "No two columns go together much: every association is under 0.1, or chance."
    a, b, strength = pairs.iloc[0]
    strong = int((pairs["strength"] >= STRONG).sum())
    count = f"{strong:,}" if strong < len(pairs) else f"{strong:,} or more"
    return STRONGEST_PAIR.format(
        safe(a), safe(b), strength, count, "pair has" if strong == 1 else "pairs have"
    )
