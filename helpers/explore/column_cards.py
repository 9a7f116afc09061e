"""Every column of an exploration: a table to sort and search, and a card for each."""

from __future__ import annotations

from functools import partial

import pandas as pd

from . import draw_axes, draw_columns
from .column_counts import QUANTILES
from .html_pieces import Piece, figure, kind_name, link, listed, many, para, safe, value_text
from .oddity import share_text
from .surveyed_table import Column, Survey

MOST_DRAWN = 250  # columns whose figures are drawn


def columns(found) -> Piece:
    """A table of all columns, to sort and to search, then a card for each."""
    survey = found.survey
    drawn, others = survey.columns[:MOST_DRAWN], survey.columns[MOST_DRAWN:]
    pictures = draw_axes.draw_all([partial(draw_columns.column_shape, column) for column in drawn])
    cards = [*map(_card, drawn, pictures), *(_card(column, None) for column in others)]
    note = f"Drawn are the first {MOST_DRAWN} columns; all are counted." if others else ""
    return Piece(
        para(describe_columns(survey)),
        _index(found),
        para(note, "said"),
        f'<div class="xp-cards">{"".join(cards)}</div>',
        place="every-column",
    )


def describe_columns(survey: Survey) -> str:
    """The columns in a sentence or two: where the gaps are, and which vary most and least."""
    most = max(survey.columns, key=lambda c: c.distinct)
    return (
        f"{_describe_gaps(survey)} {link(most)} has the most different values, {most.distinct:,}."
    )


def _describe_gaps(survey: Survey) -> str:
    gaps = sorted((c for c in survey.columns if c.missing), key=lambda c: -c.missing)
    if not gaps:
        return "No column has gaps."
    worst = ", ".join(f"{link(c)} ({share_text(c.missing / c.rows)})" for c in gaps[:3])
    have = "has" if len(gaps) == 1 else "have"
    return f"{many(len(gaps), 'column')} of {len(survey.columns)} {have} gaps, most of all {worst}."


def _index(found) -> str:
    survey, names = found.survey, ["column", "kind", "missing", "different", "typical"]
    names += ["with target"] if survey.target else []
    strengths = found.associations.with_target(survey.target) if survey.target else None
    head = "".join(f'<th scope="col"{_right(name)}>{name}</th>' for name in names)
    rows = "".join(_index_row(column, strengths) for column in survey.columns)
    return (
        f'<div class="xp-scroll" tabindex="0"><table class="sortable">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _right(name: str) -> str:
    return ' class="n"' if name in ("missing", "different", "with target") else ""


def _index_row(column: Column, strengths: pd.Series | None) -> str:
    share = column.missing / column.rows
    cells = [
        f'<th scope="row">{link(column)}</th><td>{kind_name(column.kind, 1)}</td>',
        f'<td class="n" data-value="{share:.6f}">{share_text(share) if share else "–"}</td>',
        f'<td class="n" data-value="{column.distinct}">{column.distinct:,}</td>',
        f"<td>{_typical(column)}</td>",
    ]
    if strengths is not None:
        cells.append(_strength_cell(strengths.get(column.name)))
    return f"<tr>{''.join(cells)}</tr>"


def _strength_cell(strength: float | None) -> str:
    if strength is None:
        return '<td class="n" data-value="-1">–</td>'
    return f'<td class="n" data-value="{strength:.4f}">{strength:.2f}</td>'


def _typical(column: Column) -> str:
    """The middle of numbers and dates, the most frequent of what is named."""
    if column.kind in ("number", "date") and column.quantiles:
        return safe(value_text(column.quantiles[0.5]))
    if column.kind == "text":
        return f"{value_text(column.quantiles[0.5])} letters"
    if column.counts is not None and len(column.counts):
        return safe(value_text(column.counts.index[0]), 30)
    return "–"


def _card(column: Column, picture) -> str:
    facts = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in _facts(column).items())
    strip = _quantile_strip(column) if column.kind in ("number", "date") else ""
    return (
        f'<article class="xp-card" id="{column.anchor}"><h3>{safe(column.name, 80)}'
        f"<small>{kind_name(column.kind, 1)}</small></h3>{figure(picture)}"
        f'<p>{describe_column(column)}</p>{strip}<dl class="xp-facts">{facts}</dl></article>'
    )


def describe_column(column: Column) -> str:
    """One column's figure in a sentence."""
    reads = {"number": _describe_number, "text": _describe_text, "date": _describe_date,
             "category": _describe_counts, "boolean": _describe_counts}  # fmt: skip
    if column.kind == "empty" or not column.present:
        return "No cell holds anything."
    return reads[column.kind](column)


def _describe_number(column: Column) -> str:
    if not column.quantiles:
        return "Every value is infinite."
    low, middle, high = (value_text(column.quantiles[q]) for q in (0.25, 0.5, 0.75))
    if column.distinct == 1:
        return f"Every value is {middle}."
    text = f"Half of the values lie between {low} and {high}, the median is {middle}."
    text += _describe_skew(column.facts["skew"], value_text(column.facts["mean"]))
    if column.cut > 0:
        text += f" The figure leaves out {share_text(column.cut)} of the values, far out."
    return text


def _describe_skew(skew: float, mean: str) -> str:
    if abs(skew) <= 1:
        return ""
    side = "right: a few large values" if skew > 0 else "left: a few small values"
    return f" The tail is to the {side} pull the mean to {mean}."


def _describe_text(column: Column) -> str:
    low, high = (value_text(column.quantiles[q]) for q in (0.25, 0.75))
    text = f"Half of the texts have {low} to {high} letters."
    if column.words is not None and len(column.words):
        text += f" Frequent words: {listed(column.words.index[:6], 20)}."
    return text


def _describe_counts(column: Column) -> str:
    counts = column.counts
    if column.is_identifier:
        return "Nearly every row has a different value."
    first = f"‘{safe(value_text(counts.index[0]), 30)}’"
    if len(counts) == 1:
        return f"Every value is {first}."
    share = share_text(counts.iloc[0] / column.present)
    return f"{first} is the most frequent, in {share} of the cells.{_describe_half(column)}"


def _describe_half(column: Column) -> str:
    """How many values make up half of the cells, where there are enough to ask."""
    if column.distinct <= 5:
        return ""
    half = column.facts["make half"]
    make = "makes" if half == 1 else "make"
    return f" {many(half, 'value')} of {column.distinct:,} {make} up half of the cells."


def _describe_date(column: Column) -> str:
    first, last = (value_text(column.quantiles[q]) for q in (0.0, 1.0))
    if column.distinct == 1:
        return f"Every row says {first}."
    edges, counts = column.shape
    top = int(counts.argmax())
    text = f"From {first} to {last}; most rows in the {column.period} of {edges[top]}"
    return f"{text} ({counts[top]:,})."


def _facts(column: Column) -> dict[str, str]:
    share = f" ({share_text(column.missing / column.rows)})" if column.missing else ""
    facts = {"stored as": safe(column.stored), "missing": f"{column.missing:,}{share}",
             "different": f"{column.distinct:,}"}  # fmt: skip
    if column.unread:
        facts["unreadable"] = f"{column.unread:,} cells"
    facts |= _facts_of_kind(column)
    return facts | ({"for example": listed(column.examples)} if column.examples else {})


def _facts_of_kind(column: Column) -> dict[str, str]:
    facts_of = {"number": _number_facts, "text": _text_facts, "date": _date_facts}
    if column.kind == "category":
        return _category_facts(column)
    return facts_of[column.kind](column) if column.kind in facts_of and column.quantiles else {}


def _quantile_strip(column: Column) -> str:
    """Seven quantiles in a row."""
    if not column.quantiles:
        return ""
    names = ["min", "5 %", "25 %", "median", "75 %", "95 %", "max"]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    cells = "".join(f"<td>{safe(value_text(column.quantiles[q]))}</td>" for q in QUANTILES)
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
    facts["lowest"], facts["highest"] = map(listed, column.extremes)
    return facts


def _text_facts(column: Column) -> dict[str, str]:
    few, middle, many = (value_text(column.quantiles[q]) for q in (0.0, 0.5, 1.0))
    facts = {"letters": f"{few} to {many}, median {middle}"}
    if column.words is not None and len(column.words):
        facts["words"] = ", ".join(f"{safe(w, 20)} ({n:,})" for w, n in column.words.items())
    facts["shortest"], facts["longest"] = (listed(side, 120) for side in column.extremes)
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
        facts["once only"] = many(column.facts["once"], "value")
        rare = column.counts.index[column.counts.to_numpy() == 1][:3]
        if len(rare):
            facts["rare ones"] = listed(rare, 30)
    return facts
