"""The page "What if": the deployed model runs in it, and answers a row that the reader changes."""

from __future__ import annotations

import json

from ..base.places import TEMPLATES
from ..line.run_folder import Run
from ..line.stage_list import WHAT_IF
from .page_parts import load_template, page_footer, page_style

PAGE = "what_if.html"
NOTHING = "null"  # the content where no model fits a page


def write_what_if_page(run: Run) -> str:
    """Write the page of a run's deployed model; its name, or "" of a run that has none.

    A run that was deployed by an earlier version has none, and neither has one whose model does not
    fit a page.
    """
    file = run.file(WHAT_IF)
    text = file.read_text(encoding="utf-8").strip() if file.exists() else NOTHING
    if text == NOTHING or not run.line_of(7):
        return ""
    run.write_text(PAGE, page_text(text, run.name, page_footer(run)))
    return PAGE


def page_text(text: str, run: str, footer: str) -> str:
    """The page of a content, JSON as stage 7 writes it, of the run of that name."""
    content = json.loads(text)
    return load_template("what_if.html.j2").render(
        run=run, style=page_style(), footer=footer, content=_inside_script(text),
        rows=len(content["rows"]), columns=len(content["controls"]),
        scorer=_script("scorer.js"), answers=_script("answers.js"), script=_script("what_if.js"),
    )  # fmt: skip


def _script(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _inside_script(text: str) -> str:
    """JSON that can stand in a page: no end of a script, no comment, is in it.

    >>> _inside_script('{"a": "</script><!--"}')
    '{"a": "\\\\u003c/script>\\\\u003c!--"}'
    """
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
