"""An exploration beside another table: what is in one only, and how far each column has moved."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from ..base import addresses
from ..base.bins import equal_groups
from ..base.user_errors import InputError
from ..drift import compare_columns
from ..examples import known
from ..tables import read_any
from . import association, draw_associations, draw_axes
from .exploration import Exploration
from .html_pieces import (
    Piece,
    figure,
    folded,
    link,
    listed,
    many,
    of_sample,
    para,
    safe,
)
from .survey_table import survey as make_survey
from .surveyed_table import Column, Survey

MOST_DRIFTS_DRAWN = 6  # columns that have moved most


def side_by_side(found, other: pd.DataFrame, names=("this table", "the other")) -> Piece:
    """This table and another: columns in one only, and how far each shared one has moved.

    `names` are what the two are called. Drift is ranked by the population stability index.
    """
    if len(other) == 0:
        raise InputError("The table to compare with has no rows.")
    place, survey = "beside-another-table", found.survey
    later = make_survey(other)
    theirs = {column.name: column for column in later.columns}
    shared = [c for c in survey.columns if c.name in theirs]
    only = [[c.name for c in survey.columns if c.name not in theirs],
            [n for n in theirs if n not in {c.name for c in survey.columns}]]  # fmt: skip
    kinds = [c.name for c in shared if c.kind != theirs[c.name].kind]
    alike = [c for c in shared if c.name not in kinds and c.kind != "empty"]
    before, after = ({c.name: _comparable(side) for c, side in zip(alike, sides, strict=True)}
                     for sides in (alike, [theirs[c.name] for c in alike]))  # fmt: skip
    parts = [para(_describe_shape(survey, later, names, only, kinds))]
    if alike:
        with np.errstate(over="ignore", invalid="ignore"):  # numbers of 1e308
            table = compare_columns.compare(pd.DataFrame(before), pd.DataFrame(after))
        tasks = [partial(draw_associations.ranking, table["psi"], "How far columns have drifted",
                         "population stability index (0.2 is large)", limit=None)]  # fmt: skip
        tasks += [
            _drifted_figures(found, theirs[str(n)], names) for n in table.index[:MOST_DRIFTS_DRAWN]
        ]
        ranking, *drawn = draw_axes.draw_all(tasks)
        captions = [f"{link(survey[str(n)])}: {table['psi'][n]:.2f}" for n in table.index]
        figures = "".join(map(figure, drawn, captions))
        parts += [
            para(_describe_drift(table, names)),
            figure(ranking, of_sample(survey, "Population stability index over ten bins or the "
                                                "levels")),
            f'<div class="xp-grid">{figures}</div>',
            folded("Every column", f'<div class="xp-scroll">{_drift_table(table)}</div>'),
        ]  # fmt: skip
    return Piece(*parts, place=place)


def _comparable(column: Column) -> pd.Series:
    """Sampled values as drift compares them: text by its length."""
    if column.kind == "text":
        return pd.Series(association.as_numbers(column))
    return column.sample.astype("str") if column.kind == "category" else column.sample


def _describe_shape(survey: Survey, later: Survey, names, only, kinds) -> str:
    text = (
        f"{safe(names[0])} has {many(survey.rows, 'row')} and {many(len(survey.columns), 'column')}"
        f", {safe(names[1])} {many(later.rows, 'row')} and {many(len(later.columns), 'column')}."
    )
    for name, missing_there in zip(names, only, strict=True):
        if missing_there:
            text += f" Only in {safe(name)}: {listed(missing_there[:10], 30)}"
            text += " …." if len(missing_there) > 10 else "."
    if kinds:
        text += f" Of another kind than before: {listed(kinds[:10], 30)}."
    return text


def _describe_drift(table: pd.DataFrame, names) -> str:
    moved = table.index[table["drifts"]]
    if not len(moved):
        return (
            f"No column drifts: none of {len(table)} has an index above {compare_columns.PSI_LARGE} that "
            f"chance does not explain."
        )
    listed = ", ".join(f"{safe(n, 40)} ({table['psi'][n]:.2f})" for n in moved[:3])
    return f"<b>{len(moved)} of {many(len(table), 'column')}</b> drifted, most of all {listed}."


def _drifted_figures(found, other: Column, names):
    """A task that draws a column's groups in both tables, by the groups of the first."""
    column = found.survey[other.name]
    levels = found.associations.levels[other.name]
    if column.kind == "category":
        kept = levels.labels[:-1] if levels.labels[-1:] == ["(other)"] else levels.labels
        codes = pd.Index(kept).get_indexer(other.sample.astype(object))
        rest = (codes < 0) & other.sample.notna().to_numpy()
        labels = [*kept, "(other)"]
        before, after = levels.codes, np.where(rest, len(kept), codes)
    else:
        numbers = [association.as_numbers(side) for side in (column, other)]
        _, edges = equal_groups(numbers[0], association.GROUPS)
        inner = edges[1:-1] if len(edges) > 2 else edges[:1]
        before, after = (np.where(np.isfinite(v), np.searchsorted(inner, v), -1) for v in numbers)
        ends = [association.edge_text(column, edge) for edge in inner] or ["any"]
        labels = [f"up to {ends[0]}", *(f"to {end}" for end in ends[1:]), f"over {ends[-1]}"]
    both = [np.bincount(np.where(c < 0, len(labels), c), minlength=len(labels) + 1) / len(c)
            for c in (before, after)]  # fmt: skip
    labels = [*labels, "(missing)"]
    shown = [i for i in range(len(labels)) if both[0][i] or both[1][i]]
    height = 0.55 + 0.2 * max(len(shown), 2)
    return partial(
        draw_associations.side_by_side, other.name, [labels[i] for i in shown], both[0][shown], both[1][shown],
        names, size=(3.6, height),
    )  # fmt: skip


def _drift_table(table: pd.DataFrame) -> str:
    rows = "".join(
        f'<tr><th scope="row">{safe(name)}</th><td class="n">{row["psi"]:.3f}</td>'
        f'<td class="n">{row["missing before"]:.1%}</td><td class="n">{row["missing after"]:.1%}'
        f"</td><td>{'yes' if row['drifts'] else 'no'}</td></tr>"
        for name, row in table.iterrows()
    )
    names = ("column", "index", "missing before", "missing after", "moved")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def read_source(data: str, query: str = "") -> pd.DataFrame:
    """A table from whatever `pipeline run --data` takes; an example as stage 1 has it."""
    if example := known.example(data):
        return known.source(data).collect(example.settings["until"])[0]
    return read_any.read_table(data, query)


def beside(found: Exploration, against: str, data: str = "", query: str = "") -> Piece:
    """The table beside a second one that is read from `against`; a sentence when that is empty."""
    if not against:
        return Piece(para("No second table was named. To put one beside this one: "
                        "<code>pipeline explore SOURCE --against OTHER</code>."),
                     place="beside-another-table")  # fmt: skip
    other = read_source(
        against, query if addresses.is_path(data) == addresses.is_path(against) else ""
    )
    names = addresses.shown(data) or "this table", addresses.shown(against)
    if names[0] == names[1]:
        names = f"{names[0]} (first)", f"{names[1]} (second)"
    return side_by_side(found, other, names)
