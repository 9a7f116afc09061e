"""What all pages are made with: templates, style, script, footer, and a stamp of these."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ..base.files import sha256_of
from ..base.places import TEMPLATES
from ..line.run_folder import Run

FAILED_CELL = "failed-cell"  # the anchor of the cell that raised
EXPLORATION = "explore.html"


@cache
def page_style() -> str:
    """The CSS of every page."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


def load_template(name: str):
    """A Jinja template by its file name; what it fills in is escaped."""
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    pages.filters["code"] = _with_code
    return pages.get_template(name)


def _with_code(text: str):
    """A sentence with what stands between backticks as code; all else is escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def page_script() -> str:
    """The JavaScript of every page."""
    return (TEMPLATES / "page.js").read_text(encoding="utf-8")


@cache
def stamp() -> str:
    """A short hash of what pages are made with; another one means that they look otherwise."""
    made_with = [
        *sorted(Path(__file__).parent.glob("*_page.py")),
        Path(__file__),
        *sorted(p for p in TEMPLATES.rglob("*") if p.is_file()),
    ]
    content = b"".join(path.read_bytes() for path in made_with)
    return sha256_of(content)[:12]


def page_footer(run: Run) -> str:
    """The run, the time, and the hash of its raw data, in a line."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    raw = next((e["outputs"].get("data/raw.parquet") for e in run.ledger if e["stage"] == 1), None)
    raw = raw or run.read_json("explore.json", {}).get("content")
    data = f" · data {raw[:12]}" if raw else ""
    return f"Run {run.name} · {now}{data}"
