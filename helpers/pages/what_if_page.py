"""The page "What if": the deployed model runs in it, and answers a row that the reader changes."""

from __future__ import annotations

from ..base.places import TEMPLATES
from ..line.run_folder import Run
from ..line.stage_list import WHAT_IF
from .page_parts import load_template, page_footer, page_style

PAGE = "what_if.html"


def write_what_if_page(run: Run) -> str:
    """Write the page of a run's deployed model; its name, or "" of a run that has none.

    A run that was deployed by an earlier version has none, and neither has one whose model does not
    fit a page.
    """
    file = run.file(WHAT_IF)
    content = run.read_json(WHAT_IF)
    if not content or not run.line_of(7):
        return ""
    text = file.read_text(encoding="utf-8").strip()
    html = load_template("what_if.html.j2").render(
        run=run.name, style=page_style(), footer=page_footer(run), content=_inside_script(text),
        rows=len(content["rows"]), columns=len(content["controls"]),
        scorer=_script("scorer.js"), script=_script("what_if.js"),
    )  # fmt: skip
    run.write_text(PAGE, html)
    return PAGE


def _script(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _inside_script(text: str) -> str:
    """JSON that can stand in a page: no end of a script, no comment, is in it.

    >>> _inside_script('{"a": "</script><!--"}')
    '{"a": "\\\\u003c/script>\\\\u003c!--"}'
    """
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
