"""An exploration beside another table: what is in one only, and how far each column has drifted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from ..base import addresses
from ..base.bins import equal_groups
from ..base.user_errors import InputError
from ..drift import compare_columns
from ..examples import known
from ..learning.units import units_of
from ..tables import read_any
from ..tables.saved_index import without_saved_index
from . import association, draw_associations, draw_axes
from .association import Grouped
from .exploration import Exploration
from .html_pieces import Piece, figure, folded, link, listed, many, of_sample, para, safe
from .survey_table import survey as make_survey
from .surveyed_table import Column, Survey

MOST_DRIFTS_DRAWN = 6  # columns that have drifted most
PLACE = "beside-another-table"


@dataclass(frozen=True)
class _TwoSurveys:
    """The surveys of two tables, what the two are called, and which columns can be compared."""

    before: Survey
    after: Survey
    names: tuple[str, str]
    units: tuple = (None, None)  # of which unit each sampled row is

    @property
    def shared(self) -> list[str]:
        """Columns of both, in the order of the first table."""
        return [c.name for c in self.before.columns if c.name in self.after]

    @property
    def of_other_kind(self) -> list[str]:
        """Columns of both that hold something else in the second table."""
        return [n for n in self.shared if self.before[n].kind != self.after[n].kind]

    @property
    def comparable(self) -> list[str]:
        """Columns of both, of one kind, that hold something."""
        return [n for n in self.shared
                if self.before[n].kind == self.after[n].kind != "empty"]  # fmt: skip

    @property
    def only(self) -> tuple[list[str], list[str]]:
        """The columns of the first table alone, and of the second alone."""
        return (
            [c.name for c in self.before.columns if c.name not in self.after],
            [c.name for c in self.after.columns if c.name not in self.before],
        )


def side_by_side(
    found: Exploration, other: pd.DataFrame, names=("this table", "the other")
) -> Piece:
    """This table and another: columns in one only, and how far each shared one has drifted.

    `names` are what the two are called. Drift is ranked by the population stability index. Raises
    InputError where the other table has no rows.
    """
    if len(other) == 0:
        raise InputError("The table to compare with has no rows.")
    beside = Exploration(make_survey(other))
    units = found.unit, units_of(found.units, beside.typed)
    both = _TwoSurveys(found.survey, beside.survey, names, units)
    drift = _drift_parts(found, both) if both.comparable else []
    return Piece(para(_describe_shape(both)), *drift, place=PLACE)


def _drift_parts(found: Exploration, both: _TwoSurveys) -> list[str]:
    table = _drift(both)
    ranking, *drawn = draw_axes.draw_all(
        [partial(draw_associations.ranking, table["psi"], "How far columns have drifted",
                 "population stability index (0.2 is large)", limit=None)]
        + [_groups_in_both(found, both, str(n)) for n in table.index[:MOST_DRIFTS_DRAWN]]
    )  # fmt: skip
    captions = [f"{link(both.before[str(n)])}: {table['psi'][n]:.2f}" for n in table.index]
    measure = of_sample(both.before, "Population stability index over ten bins or the levels")
    return [
        para(_describe_drift(table)),
        figure(ranking, measure),
        f'<div class="xp-grid">{"".join(map(figure, drawn, captions))}</div>',
        folded("Every column", f'<div class="xp-scroll">{_drift_table(table)}</div>'),
    ]


def _drift(both: _TwoSurveys) -> pd.DataFrame:
    before, after = (
        pd.DataFrame({name: _comparable_values(side[name]) for name in both.comparable})
        for side in (both.before, both.after)
    )
    with np.errstate(over="ignore", invalid="ignore"):  # numbers of 1e308
        was, now = both.units
        return compare_columns.compare(before, after, unit_before=was, unit_after=now)


def _comparable_values(column: Column) -> pd.Series:
    """Sampled values as drift compares them: text by its length."""
    if column.kind == "text":
        return pd.Series(association.as_numbers(column))
    return column.sample.astype("str") if column.kind == "category" else column.sample


def _describe_shape(both: _TwoSurveys) -> str:
    first, second = map(safe, both.names)
    text = f"{first} has {_size(both.before)}, {second} {_size(both.after)}."
    for name, columns in zip((first, second), both.only, strict=True):
        if columns:
            text += f" Only in {name}: {listed(columns[:10], 30)}"
            text += " …." if len(columns) > 10 else "."
    if both.of_other_kind:
        text += f" Of another kind than before: {listed(both.of_other_kind[:10], 30)}."
    return text


def _size(survey: Survey) -> str:
    return f"{many(survey.rows, 'row')} and {many(len(survey.columns), 'column')}"


def _describe_drift(table: pd.DataFrame) -> str:
    drifted = table.index[table["drifts"]]
    if (table["test"] == compare_columns.TOO_FEW).all():
        return f"Whether columns drift can't be told: {table['why'].iloc[0]}."
    if not len(drifted):
        return (
            f"No column is shown to drift: none of {len(table)} has an index above "
            f"{compare_columns.PSI_LARGE} that chance does not explain."
        )
    names = ", ".join(f"{safe(n, 40)} ({table['psi'][n]:.2f})" for n in drifted[:3])
    return f"<b>{len(drifted)} of {many(len(table), 'column')}</b> drifted, most of all {names}."


def _groups_in_both(found: Exploration, both: _TwoSurveys, name: str):
    """A task that draws a column's groups in both tables, by the groups of the first."""
    before, after = both.before[name], both.after[name]
    if before.kind == "category":
        codes, labels = _codes_of_levels(found.associations.levels[name], after)
    else:
        codes, labels = _codes_of_numbers(before, after)
    labels = [*labels, "(missing)"]
    shares = [_shares(one, len(labels)) for one in codes]
    shown = np.flatnonzero(shares[0] + shares[1])
    height = 0.55 + 0.2 * max(len(shown), 2)
    return partial(
        draw_associations.side_by_side, name, [labels[i] for i in shown],
        shares[0][shown], shares[1][shown], both.names, size=(3.6, height),
    )  # fmt: skip


def _shares(codes: np.ndarray, groups: int) -> np.ndarray:
    """The share of rows in each group; those that are missing (-1) are in the last one."""
    return np.bincount(codes % groups, minlength=groups) / len(codes)


def _codes_of_levels(levels: Grouped, after: Column) -> tuple[tuple, list[str]]:
    """The groups of a category's rows in both tables, and their names."""
    kept = levels.labels[:-1] if levels.labels[-1:] == ["(other)"] else levels.labels
    codes = pd.Index(kept).get_indexer(after.sample.astype(object))
    is_new = (codes < 0) & after.sample.notna().to_numpy()
    return (levels.codes, np.where(is_new, len(kept), codes)), [*kept, "(other)"]


def _codes_of_numbers(before: Column, after: Column) -> tuple[tuple, list[str]]:
    """The groups of a number's rows in both tables, and their names."""
    numbers = [association.as_numbers(side) for side in (before, after)]
    _, edges = equal_groups(numbers[0], association.GROUPS)
    inner = edges[1:-1] if len(edges) > 2 else edges[:1]
    codes = [np.where(np.isfinite(v), np.searchsorted(inner, v), -1) for v in numbers]
    ends = [association.edge_text(before, edge) for edge in inner] or ["any"]
    return tuple(codes), [f"up to {ends[0]}", *(f"to {e}" for e in ends[1:]), f"over {ends[-1]}"]


def _drift_table(table: pd.DataFrame) -> str:
    rows = "".join(
        f'<tr><th scope="row">{safe(name)}</th><td class="n">{row["psi"]:.3f}</td>'
        f'<td class="n">{row["missing before"]:.1%}</td><td class="n">{row["missing after"]:.1%}'
        f"</td><td>{'yes' if row['drifts'] else 'no'}</td></tr>"
        for name, row in table.iterrows()
    )
    names = ("column", "index", "missing before", "missing after", "drifted")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def read_source(data: str, query: str = "") -> pd.DataFrame:
    """A table from whatever `pipeline run --data` takes; an example as stage 1 has it.

    `query` is the SQL for a database.
    """
    if example := known.example(data):
        return known.source(data).collect(example.settings["until"])[0]
    return without_saved_index(read_any.read_table(data, query))


def beside(found: Exploration, against: str, data: str = "", query: str = "") -> Piece:
    """The table beside a second one that is read from `against`; a sentence when that is empty."""
    if not against:
        return Piece(para("No second table was named. To put one beside this one: "
                          "<code>pipeline explore SOURCE --against OTHER</code>."),
                     place=PLACE)  # fmt: skip
    is_like_first = addresses.is_path(data) == addresses.is_path(against)
    other = read_source(against, query if is_like_first else "")
    names = addresses.shown(data) or "this table", addresses.shown(against)
    if names[0] == names[1]:
        names = f"{names[0]} (first)", f"{names[1]} (second)"
    return side_by_side(found, other, names)
