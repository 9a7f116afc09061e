"""Pieces of a page: HTML made of figures and sentences, with all text from the data escaped."""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape

import numpy as np
import pandas as pd

from ..base.places import TEMPLATES
from .surveyed_table import Column, Survey

STYLE = TEMPLATES / "explore.css"


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


def para(text: str, style: str = "") -> str:
    """A paragraph; nothing for no text."""
    kind = f' class="{style}"' if style else ""
    return f"<p{kind}>{text}</p>" if text else ""


def safe(text, most: int = 60) -> str:
    """Text from the data, escaped, cut where it is long.

    >>> safe("<b>"), safe("a long name", 6)
    ('&lt;b&gt;', 'a lon…')
    """
    text = str(text)
    return escape(text if len(text) <= most else text[: most - 1] + "…")


def figure(drawing, caption: str = "") -> str:
    """A drawing with its caption; nothing for no drawing."""
    if drawing is None:
        return ""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{drawing.svg}{below}</figure>"


def link(column: Column) -> str:
    """A link to the place of a column."""
    return f'<a href="#{column.anchor}">{safe(column.name)}</a>'


def folded(title: str, inside: str) -> str:
    """HTML under a title that unfolds at a click."""
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


def listed(values, most: int = 40) -> str:
    """Values in a row, separated by commas."""
    return ", ".join(safe(value_text(value), most) for value in values)


def many(count: int, thing: str) -> str:
    """A count with its noun.

    >>> many(1, "row"), many(2_000, "category")
    ('1 row', '2,000 categories')
    """
    plural = thing[:-1] + "ies" if thing.endswith("y") else thing + "s"
    return f"{count:,} {thing if count == 1 else plural}"


def kind_name(kind: str, count: int = 2) -> str:
    """A kind of column as people call it."""
    plain = {"category": "category", "boolean": "yes or no", "text": "free text", "empty": "empty"}
    name = plain.get(kind, kind)
    if kind in ("number", "date"):
        name += "s" if count > 1 else ""
    return "categories" if kind == "category" and count > 1 else name


def of_sample(survey: Survey, text: str) -> str:
    """A caption that says which rows it rests on."""
    return f"{text} ({survey.sample_note})."
