"""Exploring any table: each piece of `notebooks/explore.ipynb`, also for a notebook of your own.

    from helpers.explore import explore_table as explore

    table = explore.read_source("mine.csv")
    found = explore.look(table, target="churned")
    explore.findings(found)

A piece is shown as HTML with sentences that read the figures; `str(piece)` is its text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import pandas as pd

from ..base import addresses
from ..line.run_folder import Run
from ..line.stage_work import outside
from ..tables import odd_files
from .column_cards import columns
from .compare_tables import beside, read_source, side_by_side
from .exploration import Exploration
from .explore_associations import associations_section
from .explore_findings import findings
from .explore_missing import missing
from .explore_target import against_target
from .explore_time import over_time
from .html_pieces import (
    Piece,
    kind_name,
    link,
    many,
    para,
    safe,
    value_text,
)
from .oddity import share_text
from .survey_table import survey as make_survey

__all__ = ["Exploration", "Piece", "against_target", "associations_section", "beside", "columns", "findings", "first_rows",
           "hand_on", "look", "missing", "over_time", "overview", "read_source",
           "side_by_side"]  # fmt: skip
GIB = 2**30


def look(frame: pd.DataFrame, target: str = "") -> Exploration:
    """Survey a table, with the column to predict if there is one.

    >>> found = look(pd.DataFrame({"x": [1.0, 2.0, None], "city": ["a", "A", "b"]}))
    >>> [finding.code for finding in found.findings]
    ['spellings collide']
    """
    return Exploration(make_survey(frame, target), tuple(odd_files.of(frame)))


# --- What deserves a look -----------------------------------------------------------------------


def first_rows(frame: pd.DataFrame, most: int = 5) -> Piece:
    """The first rows, as they came."""
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
    survey = found.survey
    missing = sum(column.missing for column in survey.columns)
    cells = survey.rows * len(survey.columns)
    tiles = {
        "rows": f"{survey.rows:,}",
        "columns": f"{len(survey.columns):,}",
        "cells missing": share_text(missing / cells),
        "rows repeated": f"{survey.repeated:,}",
        "in memory": _memory(survey.memory),
    }
    kinds = Counter(column.kind for column in survey.columns)
    text = ", ".join(f"{count} {kind_name(kind, count)}" for kind, count in kinds.most_common())
    target = ""
    if survey.target:
        column = survey[survey.target]
        target = f" The target is {link(column)}, {kind_name(column.kind, 1)}."
    return Piece(
        _tiles(tiles),
        para(f"The columns hold {text}.{target}"),
        para(f"Counts, quantiles and histograms are of all rows. Associations, words and examples: "
           f"{survey.sample_note}.", "said"),
        place="overview",
    )  # fmt: skip


def _tiles(tiles: dict[str, str]) -> str:
    inside = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles.items())
    return f'<dl class="xp-tiles">{inside}</dl>'


def _memory(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{max(size / 2**20, 0.1):.1f} MiB"


def hand_on(found: Exploration, run: str = "", data: str = "") -> Piece:
    """Write the findings into the run folder as `explore.json`, when a run is named."""
    if not run:
        return Piece(para("No run was named, so nothing was written: <code>found.findings</code> "
                        "has them."), place="handed-on")  # fmt: skip
    survey = found.survey
    content = next(iter(outside({"data": data}).values()), None) if data else None
    Run(run).write_json(
        "explore.json",
        {
            "source": addresses.shown(data) if data else "",
            "content": content,
            "rows": survey.rows,
            "columns": {c.name: c.kind for c in survey.columns},
            "target": survey.target,
            "findings": [asdict(finding) for finding in found.findings],
        },
    )
    count = many(len(found.findings), "finding")
    return Piece(para(f"<code>explore.json</code> has the {count} for a program to read."),
                 place="handed-on")  # fmt: skip
