"""Exploring any table: each piece of `notebooks/explore.ipynb`, also for a notebook of your own.

    from helpers import explore

    table = explore.read("mine.csv")
    found = explore.look(table, target="churned")
    explore.findings(found)

A piece is shown as HTML with sentences that read the figures; `str(piece)` is its text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from . import association, explore_figures, oddities
from .association import Associations
from .base import addresses
from .examples import known
from .explore_beside import side_by_side
from .explore_columns import MOST_DRAWN, columns
from .line.run_folder import Run
from .line.stage_work import outside
from .oddities import Finding, share_text
from .pieces import Piece, figure, folded, kind_name, link, many, of_sample, para, safe, value_text
from .survey import Column, Survey
from .survey import survey as make_survey
from .tables import odd_files, read_any

__all__ = ["Exploration", "Piece", "against_target", "beside", "columns", "findings", "first_rows",
           "hand_on", "look", "missing", "over_time", "overview", "read", "relations",
           "side_by_side"]  # fmt: skip
MOST_FINDINGS = 10  # shown at once; the others are folded
MOST_PAIRS = 6
STRONG, WEAK = 0.5, 0.1  # Cohen (1988): large, and small, effects
GIB = 2**30


@dataclass
class Exploration:
    """A table's survey, and what follows from it, worked out when first asked for."""

    survey: Survey
    of_file: tuple[str, ...] = ()  # what was odd in the file, a sentence each

    @cached_property
    def associations(self) -> Associations:
        """How strongly its columns go together."""
        return association.associate(self.survey)

    @cached_property
    def findings(self) -> list[Finding]:
        """What deserves a look, the gravest first."""
        file = [Finding("odd file", "warning", (), said, "", "overview") for said in self.of_file]
        found = [*file, *oddities.find(self.survey, self.associations)]
        return sorted(found, key=lambda one: oddities.SEVERITIES.index(one.severity))


def read_source(data: str, query: str = "") -> pd.DataFrame:
    """A table from whatever `pipeline run --data` takes; an example as stage 1 has it."""
    if example := known.example(data):
        return known.source(data).collect(example.settings["until"])[0]
    return read_any.read_table(data, query)


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


def findings(found: Exploration) -> Piece:
    """What deserves a look, ranked, each with its evidence and a link to its place."""
    every = found.findings
    shown = [finding_item(finding) for finding in every]
    text = para(describe_findings(found))
    first = f'<ol class="xp-found">{"".join(shown[:MOST_FINDINGS])}</ol>' if shown else ""
    rest = ""
    if len(shown) > MOST_FINDINGS:
        more = f'<ol class="xp-found">{"".join(shown[MOST_FINDINGS:])}</ol>'
        rest = folded(f"{len(shown) - MOST_FINDINGS:,} more", more)
    sampled = f"Findings on two columns rest on {found.survey.sample_note}."
    note = para("" if found.survey.all_rows else sampled, "said")
    return Piece(text, first, rest, note, place="findings")


def finding_item(finding: Finding) -> str:
    return (
        f'<li class="{finding.severity}"><em>{finding.severity}</em><b>{safe(finding.message, 200)}'
        f'</b> <a href="#{finding.place}" title="{safe(finding.code)}">see</a>'
        f"<span>{safe(finding.evidence, 400)}</span></li>"
    )


def describe_findings(found: Exploration) -> str:
    """The findings in a sentence."""
    every, survey = found.findings, found.survey
    size = f"{many(survey.rows, 'row')} and {many(len(survey.columns), 'column')}"
    if not every:
        return f"{size}: nothing stands out."
    counts = Counter(finding.severity for finding in every)
    parts = [many(counts[s], s) for s in oddities.SEVERITIES if counts[s]]
    kinds = Counter(finding.code for finding in every)
    common = ", ".join(f"{code} ({count})" for code, count in kinds.most_common(3))
    return (
        f"{size}, <b>{many(len(every), 'finding')}</b> ({', '.join(parts)}). Most often: {common}."
    )


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


# --- Missing values -----------------------------------------------------------------------------


def missing(found: Exploration) -> Piece:
    """Where cells are missing, which columns go missing together, and on what that depends."""
    survey = found.survey
    together = association.missing_together(survey)
    tasks = [partial(explore_figures.missing_matrix, survey)]
    if len(together):
        strongest = strongest_columns(together, explore_figures.MOST_HEATED)
        tasks.append(
            partial(explore_figures.heat, together.loc[strongest, strongest],
                    "Which columns go missing together", "correlation of gaps", low=-1.0)
        )  # fmt: skip
    pictures = explore_figures.draw_all(tasks)
    depends = [f for f in found.findings if f.code == "missing not at random"]
    lines = "".join(finding_item(finding) for finding in depends)
    return Piece(
        para(describe_missing(survey)),
        figure(pictures[0], of_sample(survey, "Each stripe is a block of neighbouring rows; the "
                                                "darker, the more is missing")),
        para(_describe_missing_together(together)),
        figure(pictures[1], of_sample(survey, "1: missing in the same rows; 0: no connection; "
                                                "−1: one or the other")) if len(pictures) > 1
        else "",
        para("What is missing depends on other columns:" if lines else ""),
        f'<ul class="xp-found">{lines}</ul>' if lines else "",
        place="what-is-missing",
    )  # fmt: skip


def describe_missing(survey: Survey) -> str:
    """How much is missing, in a sentence."""
    total = sum(column.missing for column in survey.columns)
    if not total:
        return "Nothing is missing."
    gaps = [column for column in survey.columns if column.missing]
    complete = (~survey.missing.any(axis=1)).mean()
    drawn = "" if survey.all_rows else " drawn"
    return (
        f"{many(total, 'cell')} of {survey.rows * len(survey.columns):,} are missing, in "
        f"{len(gaps)} of {many(len(survey.columns), 'column')}; {share_text(complete)} of the "
        f"rows{drawn} are complete."
    )


def _describe_missing_together(together: pd.DataFrame) -> str:
    if not len(together):
        return ""
    values = np.triu(together.to_numpy(), 1)
    a, b = np.unravel_index(np.abs(values).argmax(), values.shape)
    names = f"{safe(together.index[a])} and {safe(together.columns[b])}"
    if abs(values[a, b]) < WEAK:
        return "No two columns go missing together: the gaps of one say nothing of another's."
    how = "in the same rows" if values[a, b] > 0 else "in turn"
    return f"{names} go missing {how} most of all (correlation {values[a, b]:.2f})."


def strongest_columns(table: pd.DataFrame, most: int) -> list:
    """The columns with the strongest ties, in the order of the table."""
    values = np.abs(table.to_numpy(dtype=float, copy=True))
    np.fill_diagonal(values, 0)
    best = np.argsort(-np.nan_to_num(values).max(axis=0), kind="stable")[:most]
    return [table.columns[place] for place in sorted(best)]


# --- What goes together -------------------------------------------------------------------------


def associations_section(found: Exploration) -> Piece:
    """One matrix of associations for numbers and categories alike; the strongest pairs drawn."""
    survey, between = found.survey, found.associations.between
    told = between.loc[between.notna().any(), between.notna().any()]
    if len(told) < 2:
        return Piece(para("There are not two columns that could go together."),
                     place="what-goes-together")  # fmt: skip
    kept = strongest_columns(told, explore_figures.MOST_HEATED)
    pairs = found.associations.strongest(200)
    pairs = pairs[pairs["strength"] >= WEAK].head(MOST_PAIRS)
    tasks = [partial(explore_figures.heat, told.loc[kept, kept], "How strongly columns go together",
                     "Cramér's V")]  # fmt: skip
    tasks += [partial(explore_figures.pair, survey, found.associations, a, b)
              for a, b in zip(pairs["a"], pairs["b"], strict=True)]  # fmt: skip
    heat, *drawn = explore_figures.draw_all(tasks)
    figures = "".join(
        figure(picture, f"{safe(a, 30)} and {safe(b, 30)}: {strength:.2f}")
        for picture, (a, b, strength) in zip(drawn, pairs.itertuples(index=False), strict=True)
    )
    left_out = len(told) - len(kept)
    note = f"Shown are the {len(kept)} columns with the strongest ties. " if left_out else ""
    return Piece(
        para(describe_associations(found)),
        figure(heat, of_sample(survey, f"{note}{association.MEASURE}; text by its length")),
        f'<div class="xp-grid">{figures}</div>',
        para(_of_pairs(survey) if figures else "", "said"),
        place="what-goes-together",
    )


def _of_pairs(survey: Survey) -> str:
    text = f"The pairs are drawn from {survey.sample_note}"
    if len(survey.sampled) > explore_figures.MOST_POINTS:
        text += f"; points: {explore_figures.MOST_POINTS:,} of them, evenly spread"
    return text + "."


def describe_associations(found: Exploration) -> str:
    """The associations in a sentence."""
    pairs = found.associations.strongest(1_000)
    if pairs.empty or pairs["strength"].iloc[0] < WEAK:
        return "No two columns go together: every association is under 0.1."
    a, b, strength = pairs.iloc[0]
    strong = int((pairs["strength"] >= STRONG).sum())
    text = f"{safe(a)} and {safe(b)} go together most ({strength:.2f}). "
    count = f"{strong:,}" if strong < len(pairs) else f"{strong:,} or more"
    return text + (
        f"{count} {'pair has' if strong == 1 else 'pairs have'} 0.5 or more, on a scale from 0 (no "
        f"connection) to 1 (one tells the other's group)."
    )


# --- Against the target -------------------------------------------------------------------------


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
    key = partial(explore_figures.classes_legend, survey, size=(7.5, 0.3))
    stacked = len(survey.classes) > 2
    tasks = [partial(explore_figures.ranking, ranked, f"How strongly columns go with {survey.target}",
                     "Cramér's V with the target")]  # fmt: skip
    tasks += [key] if stacked else []
    tasks += [
        partial(explore_figures.target_by, survey, found.associations.levels[n]) for n in names
    ]
    drawn = explore_figures.draw_all(tasks)
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
        shown = min(len(survey.classes), explore_figures.MOST_CLASSES)
        rest = ", all others grey" if len(survey.classes) > shown else ""
        return f"Each column by groups: the shares of the classes{rest}."
    axis = explore_figures.target_axis(survey)
    return f"Each column by groups: {safe(axis)}; the dashed line is all rows."


# --- Over time, and beside another table --------------------------------------------------------


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
        figure(explore_figures.over_time(survey, column, size=(7.5, height)),
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
    if survey.label is None or column.name == survey.target:
        return text
    along = explore_figures.target_over_time(survey, column)
    if np.isnan(along).all():
        return text
    low, high = int(np.nanargmin(along)), int(np.nanargmax(along))
    shown = (lambda v: f"{v:.0%}") if survey.classes else value_text
    name = " ".join(explore_figures.axis_over_time(survey).split())
    return (
        f"{text} The {safe(name, 80)} goes from {shown(along[low])} ({edges[low]}) to "
        f"{shown(along[high])} ({edges[high]})."
    )


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
