"""Exploring any table: each piece of `notebooks/explore.ipynb`, also for a notebook of your own.

    from helpers import explore

    table = explore.read("mine.csv")
    found = explore.look(table, target="churned")
    explore.findings(found)

A piece is shown as HTML with sentences that read the figures; `str(piece)` is its text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache, cached_property, partial
from html import escape, unescape
from pathlib import Path

import numpy as np
import pandas as pd

from . import addresses, association, oddities, tables
from . import explore_figures as draw
from .association import Associations
from .errors import InputError
from .line import FLIGHTS, Run, outside
from .oddities import Finding, share_text
from .survey import QUANTILES, Column, Survey
from .survey import survey as make_survey

STYLE = Path(__file__).parent / "templates" / "explore.css"
MOST_FINDINGS = 10  # shown at once; the others are folded
MOST_DRAWN = 250  # columns whose figures are drawn
MOST_PAIRS = 6
STRONG, WEAK = 0.5, 0.1  # Cohen (1988): large, and small, effects
GIB = 2**30


@dataclass
class Exploration:
    """A table's survey, and what follows from it, worked out when first asked for."""

    survey: Survey
    frame: pd.DataFrame

    @cached_property
    def associations(self) -> Associations:
        """How strongly its columns go together."""
        return association.associate(self.survey)

    @cached_property
    def findings(self) -> list[Finding]:
        """What deserves a look, the gravest first."""
        return oddities.find(self.survey, self.associations)


class Piece:
    """Something to show: HTML that stands by itself, and the same as text."""

    def __init__(self, *parts: str, place: str = ""):
        self._inside = "".join(parts)
        self._place = f' id="{place}"' if place else ""

    def _repr_html_(self) -> str:
        return f'<style>{_style()}</style><div class="xp"{self._place}>{self._inside}</div>'

    def __repr__(self) -> str:
        text = re.sub(r"<(svg|button|nav)\b.*?</\1>", "", self._inside, flags=re.DOTALL)
        text = re.sub(r"</(p|li|tr|h3|h4|figure|dd|summary)>", "\n", text)
        text = unescape(re.sub(r"<[^>]+>", " ", text))
        return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


@cache
def _style() -> str:
    return re.sub(r"\s+", " ", STYLE.read_text(encoding="utf-8"))


def read(data: str, query: str = "") -> pd.DataFrame:
    """A table from whatever `pipeline run --data` takes; "flights" is the one that ships."""
    if data == FLIGHTS:
        from .collect import collect

        return collect(data)[0]
    return tables.read_table(data, query)


def look(frame: pd.DataFrame, target: str = "") -> Exploration:
    """Survey a table, with the column to predict if there is one.

    >>> found = look(pd.DataFrame({"x": [1.0, 2.0, None], "city": ["a", "A", "b"]}))
    >>> [finding.code for finding in found.findings]
    ['spellings collide']
    """
    return Exploration(make_survey(frame, target), frame)


# --- Small parts --------------------------------------------------------------------------------


def _p(text: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f"<p{kind}>{text}</p>" if text else ""


def _e(text, most: int = 60) -> str:
    """Text from the data, escaped, cut where it is long."""
    text = str(text)
    return escape(text if len(text) <= most else text[: most - 1] + "…")


def _figure(drawing, caption: str = "") -> str:
    if drawing is None:
        return ""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{drawing.svg}{below}</figure>"


def _link(column: Column) -> str:
    return f'<a href="#{column.anchor}">{_e(column.name)}</a>'


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{title}</summary>{inside}</details>"


def value_text(value) -> str:
    """A value as it is shown: numbers short, dates without a midnight.

    >>> value_text(1234567.0), value_text(0.123456), value_text(pd.Timestamp("2024-02-01"))
    ('1,234,567', '0.1235', '2024-02-01')
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, float, np.number)):
        whole = np.isfinite(value) and float(value).is_integer() and abs(value) < 1e15
        if whole:  # a year or a code has four digits
            return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
        return f"{value:.4g}"
    if isinstance(value, pd.Timestamp):
        return re.sub(r" 00:00(:00)?$", "", value.strftime("%Y-%m-%d %H:%M"))
    return str(value)


def _values(values, most: int = 40) -> str:
    return ", ".join(_e(value_text(value), most) for value in values)


def _many(count: int, thing: str) -> str:
    """A count with its noun: 1 row, 2 rows."""
    plural = thing[:-1] + "ies" if thing.endswith("y") else thing + "s"
    return f"{count:,} {thing if count == 1 else plural}"


# --- What deserves a look -----------------------------------------------------------------------


def first_rows(frame: pd.DataFrame, most: int = 5) -> Piece:
    """The first rows, as they came."""
    head = "".join(f'<th scope="col">{_e(name, 40)}</th>' for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in frame.head(most).itertuples(index=False, name=None)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return Piece(f'<div class="xp-scroll" tabindex="0">{table}</div>', place="first-rows")


def _cell(value) -> str:
    missing = value is None or value is pd.NA or value is pd.NaT or value != value
    return "–" if missing else _e(value_text(value), 40)


def findings(found: Exploration) -> Piece:
    """What deserves a look, ranked, each with its evidence and a link to its place."""
    every = found.findings
    shown = [_finding(finding) for finding in every]
    text = _p(read_findings(found))
    first = f'<ol class="xp-found">{"".join(shown[:MOST_FINDINGS])}</ol>' if shown else ""
    rest = ""
    if len(shown) > MOST_FINDINGS:
        more = f'<ol class="xp-found">{"".join(shown[MOST_FINDINGS:])}</ol>'
        rest = _folded(f"{len(shown) - MOST_FINDINGS:,} more", more)
    return Piece(text, first, rest, place="findings")


def _finding(finding: Finding) -> str:
    return (
        f'<li class="{finding.severity}"><em>{finding.severity}</em><b>{_e(finding.message, 200)}'
        f'</b> <a href="#{finding.place}" title="{_e(finding.code)}">see</a>'
        f"<span>{_e(finding.evidence, 400)}</span></li>"
    )


def read_findings(found: Exploration) -> str:
    """The findings in a sentence."""
    every, survey = found.findings, found.survey
    size = f"{_many(survey.rows, 'row')} and {_many(len(survey.columns), 'column')}"
    if not every:
        return f"{size}: nothing stands out."
    counts = Counter(finding.severity for finding in every)
    parts = [_many(counts[s], s) for s in oddities.SEVERITIES if counts[s]]
    kinds = Counter(finding.code for finding in every)
    common = ", ".join(f"{code} ({count})" for code, count in kinds.most_common(3))
    return (
        f"{size}, <b>{_many(len(every), 'finding')}</b> ({', '.join(parts)}). Most often: {common}."
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
    text = ", ".join(f"{count} {_kind(kind, count)}" for kind, count in kinds.most_common())
    target = ""
    if survey.target:
        column = survey[survey.target]
        target = f" The target is {_link(column)}, {_kind(column.kind, 1)}."
    return Piece(
        _tiles(tiles),
        _p(f"The columns hold {text}.{target}"),
        _p(f"Counts, quantiles and histograms are of all rows. Associations, words and examples: "
           f"{survey.sample_note}.", "said"),
        place="overview",
    )  # fmt: skip


def _tiles(tiles: dict[str, str]) -> str:
    inside = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles.items())
    return f'<dl class="xp-tiles">{inside}</dl>'


def _memory(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{max(size / 2**20, 0.1):.1f} MiB"


def _kind(kind: str, count: int = 2) -> str:
    plain = {"category": "category", "boolean": "yes or no", "text": "free text", "empty": "empty"}
    name = plain.get(kind, kind)
    if kind in ("number", "date"):
        name += "s" if count > 1 else ""
    return "categories" if kind == "category" and count > 1 else name


# --- Each column --------------------------------------------------------------------------------


def columns(found: Exploration) -> Piece:
    """A table of all columns, to sort and to search, then a card for each."""
    survey = found.survey
    drawn = survey.columns[:MOST_DRAWN]
    pictures = draw.draw_all([partial(draw.column_shape, column) for column in drawn])
    pictures += [None] * (len(survey.columns) - len(drawn))
    cards = [_card(c, picture) for c, picture in zip(survey.columns, pictures, strict=True)]
    note = ""
    if len(survey.columns) > len(drawn):
        note = f"Drawn are the first {MOST_DRAWN} columns; all are counted."
    return Piece(
        _p(read_columns(survey)),
        _index(found),
        _p(note, "said"),
        f'<div class="xp-cards">{"".join(cards)}</div>',
        place="every-column",
    )


def read_columns(survey: Survey) -> str:
    """The columns in a sentence or two: where the gaps are, and which vary most and least."""
    gaps = sorted((c for c in survey.columns if c.missing), key=lambda c: -c.missing)
    parts = []
    if gaps:
        worst = ", ".join(f"{_link(c)} ({share_text(c.missing / c.rows)})" for c in gaps[:3])
        of_all = f"{_many(len(gaps), 'column')} of {len(survey.columns)}"
        have = "has" if len(gaps) == 1 else "have"
        parts.append(f"{of_all} {have} gaps, most of all {worst}.")
    else:
        parts.append("No column has gaps.")
    most = max(survey.columns, key=lambda c: c.distinct)
    parts.append(f"{_link(most)} has the most different values, {most.distinct:,}.")
    return " ".join(parts)


def _index(found: Exploration) -> str:
    survey = found.survey
    names = ["column", "kind", "missing", "different", "typical"]
    strengths = None
    if survey.target:
        strengths = found.associations.with_target(survey.target)
        names.append("with target")
    head = "".join(
        f'<th scope="col"{_right(name)}>{name}</th>' for name in names
    )  # fmt: skip
    rows = "".join(_index_row(column, strengths) for column in survey.columns)
    return (
        f'<div class="xp-scroll"><table class="sortable"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _right(name: str) -> str:
    return ' class="n"' if name in ("missing", "different", "with target") else ""


def _index_row(column: Column, strengths: pd.Series | None) -> str:
    share = column.missing / column.rows
    cells = [
        f'<th scope="row">{_link(column)}</th><td>{_kind(column.kind, 1)}</td>',
        f'<td class="n" data-value="{share:.6f}">{share_text(share) if share else "–"}</td>',
        f'<td class="n" data-value="{column.distinct}">{column.distinct:,}</td>',
        f"<td>{_typical(column)}</td>",
    ]
    if strengths is not None:
        strength = strengths.get(column.name)
        text = "–" if strength is None else f"{strength:.2f}"
        cells.append(f'<td class="n" data-value="{-1 if strength is None else strength:.4f}">'
                     f"{text}</td>")  # fmt: skip
    return f"<tr>{''.join(cells)}</tr>"


def _typical(column: Column) -> str:
    """The middle of numbers and dates, the most frequent of what is named."""
    if column.kind in ("number", "date") and column.quantiles:
        return _e(value_text(column.quantiles[0.5]))
    if column.kind == "text":
        return f"{value_text(column.quantiles[0.5])} letters"
    if column.counts is not None and len(column.counts):
        return _e(value_text(column.counts.index[0]), 30)
    return "–"


def _card(column: Column, picture) -> str:
    facts = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in _facts(column).items())
    strip = _quantile_strip(column) if column.kind in ("number", "date") else ""
    return (
        f'<article class="xp-card" id="{column.anchor}"><h3>{_e(column.name, 80)}'
        f"<small>{_kind(column.kind, 1)}</small></h3>{_figure(picture)}"
        f'<p>{read_column(column)}</p>{strip}<dl class="xp-facts">{facts}</dl></article>'
    )


def read_column(column: Column) -> str:
    """One column's figure in a sentence."""
    reads = {"number": _read_number, "text": _read_text, "date": _read_date,
             "category": _read_counts, "boolean": _read_counts}  # fmt: skip
    if column.kind == "empty" or not column.present:
        return "No cell holds anything."
    return reads[column.kind](column)


def _read_number(column: Column) -> str:
    if not column.quantiles:
        return "Every value is infinite."
    low, middle, high = (value_text(column.quantiles[q]) for q in (0.25, 0.5, 0.75))
    if column.distinct == 1:
        return f"Every value is {middle}."
    text = f"Half of the values lie between {low} and {high}, the middle one is {middle}."
    skew = column.facts["skew"]
    if abs(skew) > 1:
        side = "right: a few large values" if skew > 0 else "left: a few small values"
        text += f" The tail is to the {side} pull the mean to {value_text(column.facts['mean'])}."
    if column.cut > 0:
        text += f" The figure leaves out {share_text(column.cut)} of the values, far out."
    return text


def _read_text(column: Column) -> str:
    low, high = (value_text(column.quantiles[q]) for q in (0.25, 0.75))
    text = f"Half of the texts have {low} to {high} letters."
    if column.words is not None and len(column.words):
        text += f" Frequent words: {_values(column.words.index[:6], 20)}."
    return text


def _read_counts(column: Column) -> str:
    counts = column.counts
    first = f"‘{_e(value_text(counts.index[0]), 30)}’"
    share = share_text(counts.iloc[0] / column.present)
    if column.is_identifier:
        return "Nearly every row has a value of its own."
    if len(counts) == 1:
        return f"Every value is {first}."
    text = f"{first} is the most frequent, in {share} of the cells."
    if column.distinct > 5:
        half = column.facts["make half"]
        make = "makes" if half == 1 else "make"
        text += f" {_many(half, 'value')} of {column.distinct:,} {make} up half of the cells."
    return text


def _read_date(column: Column) -> str:
    first, last = (value_text(column.quantiles[q]) for q in (0.0, 1.0))
    if column.distinct == 1:
        return f"Every row says {first}."
    edges, counts = column.shape
    top = int(counts.argmax())
    text = f"From {first} to {last}; most rows in the {column.period} of {edges[top]}"
    return f"{text} ({counts[top]:,})."


def _facts(column: Column) -> dict[str, str]:
    share = f" ({share_text(column.missing / column.rows)})" if column.missing else ""
    facts = {
        "stored as": _e(column.stored),
        "missing": f"{column.missing:,}{share}",
        "different": f"{column.distinct:,}",
    }
    if column.unread:
        facts["unreadable"] = f"{column.unread:,} cells"
    more = {"number": _number_facts, "text": _text_facts, "date": _date_facts,
            "category": _category_facts}.get(column.kind)  # fmt: skip
    if more and column.quantiles or column.kind == "category":
        facts |= more(column)
    if column.examples:
        facts["for example"] = _values(column.examples)
    return facts


def _quantile_strip(column: Column) -> str:
    """Seven quantiles in a row."""
    if not column.quantiles:
        return ""
    names = ["min", "5 %", "25 %", "median", "75 %", "95 %", "max"]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    cells = "".join(f"<td>{_e(value_text(column.quantiles[q]))}</td>" for q in QUANTILES)
    return (
        f'<div class="xp-scroll"><table class="xp-strip"><tr>{head}</tr><tr>{cells}</tr></table>'
        f"</div>"
    )


def _number_facts(column: Column) -> dict[str, str]:
    facts = {}
    facts["mean"] = f"{value_text(column.facts['mean'])} ± {value_text(column.facts['std'])}"
    for name in ("zeros", "negative", "infinite"):
        if column.facts[name]:
            facts[name] = f"{column.facts[name]:,}"
    facts["lowest"], facts["highest"] = map(_values, column.extremes)
    return facts


def _text_facts(column: Column) -> dict[str, str]:
    few, middle, many = (value_text(column.quantiles[q]) for q in (0.0, 0.5, 1.0))
    facts = {"letters": f"{few} to {many}, median {middle}"}
    if column.words is not None and len(column.words):
        facts["words"] = ", ".join(f"{_e(w, 20)} ({n:,})" for w, n in column.words.items())
    facts["shortest"], facts["longest"] = (_values(side, 120) for side in column.extremes)
    return facts


def _date_facts(column: Column) -> dict[str, str]:
    facts = {"days with rows": f"{column.facts['days']:,}"}
    if column.facts["gap"]:
        start, end = (value_text(column.facts[end]) for end in ("gap from", "gap to"))
        facts["longest gap"] = f"{column.facts['gap']:,} days, {start} to {end}"
    return facts


def _category_facts(column: Column) -> dict[str, str]:
    facts = {}
    if column.facts.get("once"):
        facts["once only"] = _many(column.facts["once"], "value")
        rare = column.counts.index[column.counts.to_numpy() == 1][:3]
        if len(rare):
            facts["rare ones"] = _values(rare, 30)
    return facts


# --- Missing values -----------------------------------------------------------------------------


def missing(found: Exploration) -> Piece:
    """Where cells are missing, which columns go missing together, and on what that depends."""
    survey = found.survey
    together = association.missing_together(survey)
    tasks = [partial(draw.missing_matrix, survey)]
    if len(together):
        strongest = _strongest_columns(together, draw.MOST_HEATED)
        tasks.append(
            partial(draw.heat, together.loc[strongest, strongest],
                    "Which columns go missing together", "correlation of gaps", low=-1.0)
        )  # fmt: skip
    pictures = draw.draw_all(tasks)
    depends = [f for f in found.findings if f.code == "missing not at random"]
    lines = "".join(_finding(finding) for finding in depends)
    return Piece(
        _p(read_missing(survey)),
        _figure(pictures[0], _of_sample(survey, "Each stripe is a block of neighbouring rows; the "
                                                "darker, the more is missing")),
        _p(_read_together(together)),
        _figure(pictures[1], _of_sample(survey, "1: missing in the same rows; 0: no connection; "
                                                "−1: one or the other")) if len(pictures) > 1
        else "",
        _p("What is missing depends on other columns:" if lines else ""),
        f'<ul class="xp-found">{lines}</ul>' if lines else "",
        place="what-is-missing",
    )  # fmt: skip


def _of_sample(survey: Survey, text: str) -> str:
    return f"{text} ({survey.sample_note})."


def read_missing(survey: Survey) -> str:
    """How much is missing, in a sentence."""
    total = sum(column.missing for column in survey.columns)
    if not total:
        return "Nothing is missing."
    gaps = [column for column in survey.columns if column.missing]
    complete = (~survey.missing.any(axis=1)).mean()
    drawn = "" if survey.all_rows else " drawn"
    return (
        f"{_many(total, 'cell')} of {survey.rows * len(survey.columns):,} are missing, in "
        f"{len(gaps)} of {_many(len(survey.columns), 'column')}; {share_text(complete)} of the "
        f"rows{drawn} are complete."
    )


def _read_together(together: pd.DataFrame) -> str:
    if not len(together):
        return ""
    values = np.triu(together.to_numpy(), 1)
    a, b = np.unravel_index(np.abs(values).argmax(), values.shape)
    names = f"{_e(together.index[a])} and {_e(together.columns[b])}"
    if abs(values[a, b]) < WEAK:
        return "No two columns go missing together: the gaps of one say nothing of another's."
    how = "in the same rows" if values[a, b] > 0 else "in turn"
    return f"{names} go missing {how} most of all (correlation {values[a, b]:.2f})."


def _strongest_columns(table: pd.DataFrame, most: int) -> list:
    """The columns with the strongest ties, in the order of the table."""
    values = np.abs(table.to_numpy(dtype=float, copy=True))
    np.fill_diagonal(values, 0)
    best = np.argsort(-np.nan_to_num(values).max(axis=0), kind="stable")[:most]
    return [table.columns[place] for place in sorted(best)]


# --- What goes together -------------------------------------------------------------------------


def relations(found: Exploration) -> Piece:
    """One matrix of associations for numbers and categories alike; the strongest pairs drawn."""
    survey, between = found.survey, found.associations.between
    told = between.loc[between.notna().any(), between.notna().any()]
    if len(told) < 2:
        return Piece(_p("There are not two columns that could go together."),
                     place="what-goes-together")  # fmt: skip
    kept = _strongest_columns(told, draw.MOST_HEATED)
    pairs = found.associations.strongest(200)
    pairs = pairs[pairs["strength"] >= WEAK].head(MOST_PAIRS)
    tasks = [partial(draw.heat, told.loc[kept, kept], "How strongly columns go together",
                     "Cramér's V")]  # fmt: skip
    tasks += [partial(draw.pair, survey, found.associations, a, b)
              for a, b in zip(pairs["a"], pairs["b"], strict=True)]  # fmt: skip
    heat, *drawn = draw.draw_all(tasks)
    figures = "".join(
        _figure(picture, f"{_e(a, 30)} and {_e(b, 30)}: {strength:.2f}")
        for picture, (a, b, strength) in zip(drawn, pairs.itertuples(index=False), strict=True)
    )
    left_out = len(told) - len(kept)
    note = f"Shown are the {len(kept)} columns with the strongest ties. " if left_out else ""
    return Piece(
        _p(read_relations(found)),
        _figure(heat, _of_sample(survey, f"{note}{association.MEASURE}; text by its length")),
        f'<div class="xp-grid">{figures}</div>',
        place="what-goes-together",
    )


def read_relations(found: Exploration) -> str:
    """The associations in a sentence."""
    pairs = found.associations.strongest(1_000)
    if pairs.empty or pairs["strength"].iloc[0] < WEAK:
        return "No two columns go together: every association is under 0.1."
    a, b, strength = pairs.iloc[0]
    strong = int((pairs["strength"] >= STRONG).sum())
    text = f"{_e(a)} and {_e(b)} go together most ({strength:.2f}). "
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
        return Piece(_p("No target was named. To hold every column against one: "
                        "<code>pipeline explore SOURCE --target COLUMN</code>, or "
                        "<code>explore.look(table, target)</code>."), place=place)  # fmt: skip
    ranked = found.associations.with_target(survey.target)
    if survey.label is None or ranked.empty:
        kind = survey[survey.target].kind
        return Piece(_p(f"{_e(survey.target)} is {_kind(kind, 1)}: nothing can be held against "
                        f"it."), place=place)  # fmt: skip
    names = list(ranked.index[:MOST_DRAWN])
    key = partial(draw.classes_key, survey, size=(7.5, 0.3))
    stacked = len(survey.classes) > 2
    tasks = [partial(draw.ranking, ranked, f"How strongly columns go with {survey.target}",
                     "Cramér's V with the target")]  # fmt: skip
    tasks += [key] if stacked else []
    tasks += [partial(draw.target_by, survey, found.associations.levels[n]) for n in names]
    drawn = draw.draw_all(tasks)
    ranking, legend = drawn[0], drawn[1] if stacked else None
    panels = "".join(
        _figure(picture, f"{_link(survey[name])}: {ranked[name]:.2f}")
        for name, picture in zip(names, drawn[1 + stacked :], strict=True)
    )
    return Piece(
        _p(read_target(found, ranked)),
        _figure(ranking, _of_sample(survey, f"{association.MEASURE}; text by its length")),
        _p(_read_panels(survey)),
        _figure(legend),
        f'<div class="xp-grid">{panels}</div>',
        _p(f"Drawn are the {MOST_DRAWN} strongest." if len(ranked) > MOST_DRAWN else "", "said"),
        place=place,
    )


def read_target(found: Exploration, ranked: pd.Series) -> str:
    """The ranking in a sentence."""
    strong = ranked[ranked >= WEAK]
    target = _e(found.survey.target)
    if strong.empty:
        return f"No column alone says much about {target}: every association is under 0.1."
    first = ", ".join(f"{_link(found.survey[str(n)])} ({v:.2f})" for n, v in strong.head(3).items())
    return (
        f"Most is said about {target} by {first}; {len(ranked) - len(strong):,} of "
        f"{_many(len(ranked), 'column')} say next to nothing alone (under 0.1)."
    )


def _read_panels(survey: Survey) -> str:
    if len(survey.classes) > 2:
        shown = min(len(survey.classes), draw.MOST_CLASSES)
        rest = ", all others grey" if len(survey.classes) > shown else ""
        return f"Each column by groups: the shares of the classes{rest}."
    axis = draw.target_axis(survey)
    return f"Each column by groups: {_e(axis)}; the dashed line is all rows."


# --- Over time, and beside another table --------------------------------------------------------


def over_time(found: Exploration) -> Piece:
    """Rows, and the target, over time; by the column of dates with the fewest gaps."""
    survey, place = found.survey, "over-time"
    dates = [c for c in survey.of_kind("date") if c.distinct > 1]
    if not dates:
        return Piece(_p("The table has no column of dates that vary."), place=place)
    column = max(dates, key=lambda c: (c.present, c.distinct))
    height = 3.6 if survey.label is not None and column.name != survey.target else 2.2
    others = [_link(c) for c in dates if c is not column]
    also = f" Also in the table: {', '.join(others[:10])}." if others else ""
    return Piece(
        _p(read_time(survey, column) + also),
        _figure(draw.over_time(survey, column, size=(7.5, height)),
                f"By {_e(column.name)}, all {_many(column.present, 'row')} that have it."),
        place=place,
    )  # fmt: skip


def read_time(survey: Survey, column: Column) -> str:
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
    along = draw.target_over_time(survey, column)
    if np.isnan(along).all():
        return text
    low, high = int(np.nanargmin(along)), int(np.nanargmax(along))
    shown = (lambda v: f"{v:.0%}") if survey.classes else value_text
    name = " ".join(draw._axis_over_time(survey).split())
    return (
        f"{text} The {_e(name, 80)} goes from {shown(along[low])} ({edges[low]}) to "
        f"{shown(along[high])} ({edges[high]})."
    )


def beside(found: Exploration, against: str, data: str = "", query: str = "") -> Piece:
    """The table beside a second one that is read from `against`; a sentence when that is empty."""
    if not against:
        return Piece(_p("No second table was named. To put one beside this one: "
                        "<code>pipeline explore SOURCE --against OTHER</code>."),
                     place="beside-another-table")  # fmt: skip
    other = read(against, query if addresses.is_path(data) == addresses.is_path(against) else "")
    names = addresses.shown(data) or "this table", addresses.shown(against)
    if names[0] == names[1]:
        names = f"{names[0]} (first)", f"{names[1]} (second)"
    return side_by_side(found, other, names)


def side_by_side(
    found: Exploration, other: pd.DataFrame, names=("this table", "the other")
) -> Piece:
    """This table and another: columns in one only, and how far each shared one has moved.

    `names` are what the two are called. Drift is ranked by the population stability index.
    """
    from . import drift

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
    parts = [_p(_read_shape(survey, later, names, only, kinds))]
    if alike:
        with np.errstate(over="ignore", invalid="ignore"):  # numbers of 1e308
            table = drift.compare(pd.DataFrame(before), pd.DataFrame(after))
        tasks = [partial(draw.ranking, table["psi"], "How far columns have moved",
                         "population stability index (0.2 is large)", limit=None)]  # fmt: skip
        tasks += [_moved(found, theirs[str(n)], names) for n in table.index[:MOST_PAIRS]]
        ranking, *drawn = draw.draw_all(tasks)
        captions = [f"{_link(survey[str(n)])}: {table['psi'][n]:.2f}" for n in table.index]
        figures = "".join(map(_figure, drawn, captions))
        parts += [
            _p(_read_drift(table, names)),
            _figure(ranking, _of_sample(survey, "Population stability index over ten bins or the "
                                                "levels")),
            f'<div class="xp-grid">{figures}</div>',
            _folded("Every column", f'<div class="xp-scroll">{_drift_table(table)}</div>'),
        ]  # fmt: skip
    return Piece(*parts, place=place)


def _comparable(column: Column) -> pd.Series:
    """Sampled values as drift compares them: text by its length."""
    if column.kind == "text":
        return column.sample.str.len().astype(float)
    return column.sample.astype("str") if column.kind == "category" else column.sample


def _read_shape(survey: Survey, later: Survey, names, only, kinds) -> str:
    text = (
        f"{_e(names[0])} has {_many(survey.rows, 'row')} and {_many(len(survey.columns), 'column')}"
        f", {_e(names[1])} {_many(later.rows, 'row')} and {_many(len(later.columns), 'column')}."
    )
    for name, missing_there in zip(names, only, strict=True):
        if missing_there:
            text += f" Only in {_e(name)}: {_values(missing_there[:10], 30)}"
            text += " …." if len(missing_there) > 10 else "."
    if kinds:
        text += f" Of another kind than before: {_values(kinds[:10], 30)}."
    return text


def _read_drift(table: pd.DataFrame, names) -> str:
    moved = table.index[table["drifts"]]
    if not len(moved):
        return f"No column has moved: none of {len(table)} has an index above 0.2."
    listed = ", ".join(f"{_e(n, 40)} ({table['psi'][n]:.2f})" for n in moved[:3])
    return f"<b>{len(moved)} of {_many(len(table), 'column')}</b> moved, most of all {listed}."


def _moved(found: Exploration, other: Column, names):
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
        numbers = [_as_numbers(side) for side in (column, other)]
        _, edges = association.group_numbers(numbers[0])
        inner = edges[1:-1] if len(edges) > 2 else edges[:1]
        before, after = (np.where(np.isfinite(v), np.searchsorted(inner, v), -1) for v in numbers)
        ends = [_edge(column, edge) for edge in inner] or ["any"]
        labels = [f"up to {ends[0]}", *(f"to {end}" for end in ends[1:]), f"over {ends[-1]}"]
    both = [np.bincount(np.where(c < 0, len(labels), c), minlength=len(labels) + 1) / len(c)
            for c in (before, after)]  # fmt: skip
    labels = [*labels, "(missing)"]
    shown = [i for i in range(len(labels)) if both[0][i] or both[1][i]]
    height = 0.55 + 0.2 * max(len(shown), 2)
    return partial(
        draw.side_by_side, other.name, [labels[i] for i in shown], both[0][shown], both[1][shown],
        names, size=(3.6, height),
    )  # fmt: skip


def _as_numbers(column: Column) -> np.ndarray:
    if column.kind == "text":
        return column.sample.str.len().to_numpy(dtype=float, na_value=np.nan)
    if column.kind == "date":
        values = column.sample.to_numpy(dtype="datetime64[s]").astype(float)
        return np.where(column.sample.isna(), np.nan, values)
    return column.sample.to_numpy(dtype=float)


def _edge(column: Column, edge: float) -> str:
    if column.kind == "date":
        return str(np.datetime64(int(edge), "s").astype("datetime64[D]"))
    if column.kind == "boolean":
        return ("no", "yes")[int(edge)]
    return f"{edge:.4g}"


def _drift_table(table: pd.DataFrame) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_e(name)}</th><td class="n">{row["psi"]:.3f}</td>'
        f'<td class="n">{row["missing before"]:.1%}</td><td class="n">{row["missing after"]:.1%}'
        f"</td><td>{'yes' if row['drifts'] else 'no'}</td></tr>"
        for name, row in table.iterrows()
    )
    names = ("column", "index", "missing before", "missing after", "moved")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def hand_on(found: Exploration, run: str = "", data: str = "") -> Piece:
    """Write the findings into the run folder as `explore.json`, when a run is named."""
    if not run:
        return Piece(_p("No run was named, so nothing was written: <code>found.findings</code> "
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
    count = _many(len(found.findings), "finding")
    return Piece(_p(f"<code>explore.json</code> has the {count} for a program to read."),
                 place="handed-on")  # fmt: skip
