"""The HTML pages of a run: one a stage from its executed notebook, and the front page.

Every page stands by itself: style, script and figures are inside, and nothing is fetched.
"""

from __future__ import annotations

import re
import zipfile
from functools import cache
from html import unescape
from pathlib import Path

from ..base.places import TEMPLATES
from ..base.user_errors import InputError
from ..line.held_out_looks import describe_looks, looks
from ..line.run_folder import Run
from ..line.stage_list import STAGES, Stage
from .front_page import write_front_page
from .page_parts import (
    EXPLORATION,
    FAILED_CELL,
    load_template,
    page_footer,
    page_script,
    page_style,
)

STOPPED = "papermill-error-cell-tag"  # papermill's tag of the cells that say where it stopped
PICTURES = {"image/png", "image/svg+xml"}


def _exporter():
    from nbconvert import HTMLExporter as Exporter

    left_out = {
        f"exclude_{part}": True for part in ("anchor_links", "input_prompt", "output_prompt")
    }
    exporter = Exporter(template_name="stage", extra_template_basedirs=[str(TEMPLATES)], **left_out)
    for name, change in (("with_anchors", _with_anchors), ("own_links", _own_links)):
        exporter.register_filter(name, change)
    return exporter


@cache
def prepare() -> None:
    """Import what pages need and read the template, so that the first page is made at once.

    Call it before pages are made in a thread: two threads that import parts of Jupyter at the same
    time may each find the other's half imported.
    """
    import nbformat

    empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("None")])
    page = {"links": [], "contents": []}
    _exporter().from_notebook_node(empty, resources={"page": page})


def write_stage_page(run: Run, stage: Stage, notebook) -> None:
    """Write a stage's page from its executed notebook."""
    _write_page(run, stage.report, f"{stage.number} · {stage.title}", notebook)


def write_exploration(run: Run, notebook) -> None:
    """Write the page of an exploration from its executed notebook; the front page leads to it."""
    _write_page(run, EXPLORATION, _heading(notebook), notebook)
    if run.ledger:
        write_front_page(run)


def _write_page(run: Run, name: str, title: str, notebook) -> None:
    ordered = _answer_first(notebook)
    page = {
        "looks": describe_looks(looks(run)) if name == STAGES[6].report else "",
        "title": title,
        "run": run.name,
        "home": "index.html" if run.ledger else "",
        "style": page_style(),
        "script": page_script(),
        "links": _links(run, name),
        "contents": _contents(ordered),
        "footer": page_footer(run),
    }
    html, _ = _exporter().from_notebook_node(ordered, resources={"page": page})
    run.write_text(name, html)


def _links(run: Run, name: str) -> list[dict]:
    """The pages of the run's stages; the one of that name is where the reader is."""
    stages = stages_of(run) if run.ledger else []
    return [{"href": s.report, "number": s.number, "title": s.title, "current": s.report == name}
            for s in stages]  # fmt: skip


def _heading(notebook) -> str:
    return re.sub(r"^#\s*|\\", "", notebook.cells[0].source.splitlines()[0])


def stages_of(run: Run) -> list[Stage]:
    """The stages that this run can have: no lesson stage without lessons, three without target."""
    about = run.about
    lessons = run.has_lessons or not about
    return [
        s
        for s in STAGES
        if (lessons or not s.lesson) and (about.get("target") or not s.needs_target or not about)
    ]


def _answer_first(notebook):
    """The notebook with the answer below the title: cells tagged `answer`, and the figure.

    The figure is a copy of the one tagged `picture`. Of a stage that stopped: where it did.
    """
    import nbformat

    if any(_has_tag(c, STOPPED) for c in notebook.cells):
        return _failure_first(notebook)
    answers = [c for c in notebook.cells if _has_tag(c, "answer")]
    pictures = [_picture_cell(c.outputs) for c in notebook.cells if _has_tag(c, "picture")]
    others = [c for c in notebook.cells if not _has_tag(c, "answer")]
    moved = nbformat.from_dict(notebook)
    moved.cells = others[:1] + answers + pictures + others[1:]
    return moved


def _picture_cell(outputs: list):
    """A cell that shows a figure once more, at the top, without the tables beside it."""
    import nbformat

    drawn = [one for one in outputs if PICTURES & set(one.get("data", {}))] or outputs
    return nbformat.v4.new_code_cell(outputs=drawn, metadata={"tags": ["answer"]}, id="picture")


def _failure_first(notebook):
    """The notebook until the cell that raised; sentences of our own replace papermill's."""
    import nbformat

    top, here = (cell for cell in notebook.cells if _has_tag(cell, STOPPED))
    shortened = nbformat.from_dict(notebook)
    last = shortened.cells.index(here) + 1
    cells = [c for c in shortened.cells[: last + 1] if not _has_tag(c, "answer") and c != top]
    cells.insert(1, nbformat.v4.new_markdown_cell(_describe_failure(top.source)))
    cells[cells.index(here)] = nbformat.v4.new_markdown_cell(
        f'<p class="bad" id="{FAILED_CELL}"><strong>Here it stopped:</strong></p>'
    )
    shortened.cells = cells
    return shortened


def _describe_failure(source: str) -> str:
    """Which cell stopped the stage, as HTML; `source` is papermill's notice."""
    number = re.search(r"In \[(\d+)\]", source)
    which = f"cell {number[1]}" if number else "a cell"
    return (
        f'<p class="bad"><strong>This stage stopped in <a href="#{FAILED_CELL}">{which}</a>'
        f"</strong>, which raised: the cells after it have not run.</p>"
    )


def _has_tag(cell, tag: str) -> bool:
    """Whether a cell has a tag."""
    return tag in cell.metadata.get("tags", [])


def _contents(notebook) -> list[dict]:
    """The headings of second rank, with their anchors."""
    headings = [
        re.sub(r"[`*]", "", match[1].strip())
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for match in re.finditer(r"^## (.+)$", cell.source, re.MULTILINE)
    ]
    return [{"text": heading, "anchor": _anchor(heading)} for heading in headings]


def _with_anchors(html: str) -> str:
    """HTML whose headings of second rank can be linked to; nbconvert would put a sign into each.

    >>> _with_anchors("<h2>What <em>is</em> it?</h2>")
    '<h2 id="section-what-is-it">What <em>is</em> it?</h2>'
    """
    return re.sub(
        r"<h2>(.*?)</h2>", lambda m: f'<h2 id="{_anchor(m[1])}">{m[1]}</h2>', html, flags=re.DOTALL
    )


TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*>""")
LEADING = "href|src|srcset|xlink:href|action|formaction|poster"
LINK = re.compile(rf"""\s(?:{LEADING})\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", re.I)
OWN = re.compile(r"#|data:image/(?:png|svg\+xml|jpeg|gif|webp)[;,]|(?![a-z0-9+.-]*:|[/\\])", re.I)


def _own_links(html: str) -> str:
    """HTML of an output without links and pictures that lead out of the run's pages.

    >>> _own_links('<a href="#top">a</a> <a href="javascript:go()">b</a> <img src="//host/p.png">')
    '<a href="#top">a</a> <a>b</a> <img>'
    """
    return TAG.sub(lambda tag: LINK.sub(_if_own, tag[0]), html)


def _if_own(link: re.Match) -> str:
    address = re.sub(r"[\x00-\x20]", "", unescape(link[1].strip("\"'")))
    return link[0] if OWN.match(address) else ""


def _anchor(heading: str) -> str:
    words = re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", "", heading)).casefold())
    return "-".join(["section", *words])


def write_comparison(run: Run, name: str, content: dict) -> None:
    """Write the page that puts another run beside this one (see `helpers.pages.compare_runs`).

    The front page leads to it.
    """
    page = {
        "style": page_style(),
        "footer": page_footer(run),
        "home": "index.html",
        "run": run.name,
    }
    run.write_text(name, load_template("compare.html.j2").render(**page, **content))
    write_front_page(run)


def remake(run: Run) -> list[str]:
    """Make all pages of a run again from its executed notebooks; returns their names."""
    made = [*_remake_stages(run), *_remake_exploration(run)]
    if run.ledger:
        write_front_page(run)
        made.append("index.html")
    if not made:
        raise InputError(
            f"The run '{run.name}' has no executed notebook to make pages from: run "
            f"`pipeline run --name {run.name} --force`."
        )
    return made


def _remake_exploration(run: Run) -> list[str]:
    """Make the page of the exploration again, where there is one; its name."""
    from ..line import notebook_files

    explored = notebook_files.kept(run, "explore")
    if explored is None:
        return []
    write_exploration(run, explored)
    return [EXPLORATION]


def _remake_stages(run: Run) -> list[str]:
    """Make the pages of the stages again; returns their names."""
    from ..line import notebook_files

    made = []
    for stage in STAGES:
        notebook = notebook_files.kept(run, stage.notebook) if run.line_of(stage.number) else None
        if notebook is not None:
            write_stage_page(run, stage, notebook)
            made.append(stage.report)
    return made


def pack(run: Run) -> Path:
    """Put all pages of a run into one file to send; returns its path."""
    name = f"{run.name}_report.zip"
    with run.replacing(name) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as packed:
        for page in sorted(run.path.glob("*.html")):
            packed.write(page, f"{run.name}/{page.name}")
    return run.file(name)
