"""Exploring any table: each piece of `notebooks/explore.ipynb`, also for a notebook of your own.

    >>> from helpers.explore import explore_table as explore
    >>> table = pd.DataFrame({"x": [1.0, 2.0, None], "city": ["a", "A", "b"]})
    >>> found = explore.look(table, target="x")
    >>> explore.missing(found)
    1 cell of 6 is missing, in 1 of 2 columns; 67% of the rows are complete.
    Each stripe is a block of neighbouring rows; the darker, the more is missing (all 3 rows).

`explore.read_source("mine.csv")` gives such a table. A notebook shows a piece as HTML, with its
figures and the sentences that read them; `str(piece)` is its text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import pandas as pd

from ..base import addresses
from ..learning.units import describe_units
from ..line.run_folder import Run
from ..line.stage_work import outside
from ..tables import odd_files
from ..tables.frames import as_pandas
from .column_cards import columns
from .compare_tables import beside, read_source, side_by_side
from .exploration import Exploration
from .explore_associations import associations
from .explore_findings import findings
from .explore_missing import missing
from .explore_target import against_target
from .explore_time import over_time
from .html_pieces import Piece, kind_name, link, many, para, safe, value_text
from .oddity import share_text
from .survey_table import survey as make_survey
from .surveyed_table import Survey

__all__ = ["Exploration", "Piece", "against_target", "associations", "beside", "columns",
           "findings", "first_rows", "hand_on", "look", "missing", "over_time", "overview",
           "read_source", "side_by_side"]  # fmt: skip
GIB = 2**30


def look(frame: pd.DataFrame, target: str = "") -> Exploration:
    """Survey a table, with the column to predict if there is one.

    The table is a frame of pandas, polars or Arrow, a DuckDB relation or an ADBC result.

    >>> found = look(pd.DataFrame({"x": [1.0, 2.0, None], "city": ["a", "A", "b"]}))
    >>> [finding.code for finding in found.findings]
    ['spellings collide']
    """
    frame = as_pandas(frame)
    return Exploration(make_survey(frame, target), tuple(odd_files.of(frame)))


def first_rows(frame: pd.DataFrame, most: int = 5) -> Piece:
    """The first rows, as they came."""
    frame = as_pandas(frame)
    head = "".join(f'<th scope="col">{safe(name, 40)}</th>' for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in frame.head(most).itertuples(index=False, name=None)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return Piece(f'<div class="xp-scroll" tabindex="0">{table}</div>', place="first-rows")


def _cell(value) -> str:
    missing = value is None or value is pd.NA or value is pd.NaT or value != value
    return "–" if missing else safe(value_text(value), 40)


def overview(found: Exploration) -> Piece:
    """Rows, columns, kinds, memory, missing cells and repeated rows."""
    note = (
        f"Counts, quantiles and histograms are of all rows. Associations, words and examples: "
        f"{found.survey.sample_note}.{_describe_units(found)}"
    )
    parts = _tiles(found.survey), para(_describe_kinds(found.survey)), para(note, "said")
    return Piece(*parts, place="overview")


def _describe_units(found: Exploration) -> str:
    """Of how many units the sampled rows are, in a sentence; empty where each is by itself."""
    if found.units.is_row or found.unit is None:
        return ""
    counted = describe_units(found.unit, found.units, len(found.survey.sampled))
    return f" They are {safe(counted)}, and the tests count them so."


def _tiles(survey: Survey) -> str:
    missing = sum(column.missing for column in survey.columns)
    tiles = {
        "rows": f"{survey.rows:,}",
        "columns": f"{len(survey.columns):,}",
        "cells missing": share_text(missing / (survey.rows * len(survey.columns))),
        "rows repeated": f"{survey.repeated:,}",
        "in memory": _memory(survey.memory),
    }
    inside = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles.items())
    return f'<dl class="xp-tiles">{inside}</dl>'


def _describe_kinds(survey: Survey) -> str:
    kinds = Counter(column.kind for column in survey.columns)
    text = ", ".join(f"{count} {kind_name(kind, count)}" for kind, count in kinds.most_common())
    if not survey.target:
        return f"The columns hold {text}."
    target = survey[survey.target]
    return f"The columns hold {text}. The target is {link(target)}, {kind_name(target.kind, 1)}."


def _memory(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{max(size / 2**20, 0.1):.1f} MiB"


def hand_on(found: Exploration, run: str = "", data: str = "") -> Piece:
    """Write the findings into the run folder as `explore.json`, when a run is named."""
    if not run:
        return Piece(para("No run was named, so nothing was written: <code>found.findings</code> "
                        "has them."), place="handed-on")  # fmt: skip
    Run(run).write_json("explore.json", _as_json(found, data))
    count = many(len(found.findings), "finding")
    return Piece(para(f"<code>explore.json</code> has the {count} for a program to read."),
                 place="handed-on")  # fmt: skip


def _as_json(found: Exploration, data: str) -> dict:
    survey = found.survey
    return {
        "source": addresses.shown(data) if data else "",
        "content": next(iter(outside({"data": data}).values()), None) if data else None,
        "rows": survey.rows,
        "columns": {c.name: c.kind for c in survey.columns},
        "target": survey.target,
        "findings": [asdict(finding) for finding in found.findings],
    }
