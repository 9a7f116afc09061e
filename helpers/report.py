"""The HTML pages of a run: one a stage from its executed notebook, and the front page.

Every page stands by itself: style, script and figures are inside, and nothing is fetched.
"""

from __future__ import annotations

import base64
import json
import re
import zipfile
from datetime import UTC, datetime
from functools import cache
from html import unescape
from pathlib import Path

from .base.files import sha256_of
from .base.places import TEMPLATES, progress_summary_file, reports_folder
from .base.user_errors import InputError
from .learning.metric_names import PLAIN_NAMES
from .line.run_folder import Run
from .line.stage_list import STAGES, Stage

SHOWN_METRICS = 4
PICTURE = "front.png"
STOPPED = "papermill-error-cell-tag"  # papermill's tag of the cells that say where it stopped
FAILED_CELL = "failed-cell"  # the anchor of the cell that raised
EXPLORATION = "explore.html"
SPENT_ON = {
    "cells": "the cells' own work",
    "imports": "imports",
    "kernel": "starting and stopping the kernel",
    "html": "the page",
}


@cache
def page_style() -> str:
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


def load_template(name: str):
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
    return (TEMPLATES / "page.js").read_text(encoding="utf-8")


@cache
def stamp() -> str:
    """A short hash of what pages are made with; another one means that they look otherwise."""
    made_with = [Path(__file__), *sorted(p for p in TEMPLATES.rglob("*") if p.is_file())]
    content = b"".join(path.read_bytes() for path in made_with)
    return sha256_of(content)[:12]


@cache
def _exporter():
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="stage",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.register_filter("with_anchors", _with_anchors)
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
        "title": title,
        "run": run.name,
        "home": "index.html" if run.ledger else "",
        "style": page_style(),
        "script": page_script(),
        "links": [
            {"href": s.report, "number": s.number, "title": s.title, "current": s.report == name}
            for s in (stages_of(run) if run.ledger else [])
        ],
        "contents": _contents(ordered),
        "footer": page_footer(run),
    }
    html, _ = _exporter().from_notebook_node(ordered, resources={"page": page})
    run.write_text(name, html)


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
    """The notebook with the answer below the title: cells tagged `answer`, moved up, and a copy
    of the figure tagged `picture`. Of a stage that stopped: where it did."""
    import nbformat

    cells = notebook.cells
    if any(_has_tag(c, STOPPED) for c in cells):
        return _failure_first(notebook)
    answers = [c for c in cells if _has_tag(c, "answer")]
    pictures = [
        nbformat.v4.new_code_cell(outputs=c.outputs, metadata={"tags": ["answer"]}, id="picture")
        for c in cells
        if _has_tag(c, "picture")
    ]
    others = [c for c in cells if not _has_tag(c, "answer")]
    moved = nbformat.from_dict(notebook)
    moved.cells = others[:1] + answers + pictures + others[1:]
    return moved


def _failure_first(notebook):
    """The notebook until the cell that raised, with a word of ours in place of papermill's."""
    import nbformat

    top, here = (cell for cell in notebook.cells if _has_tag(cell, STOPPED))
    number = re.search(r"In \[(\d+)\]", top.source)
    told = nbformat.from_dict(notebook)
    last = told.cells.index(here) + 1
    cells = [c for c in told.cells[: last + 1] if not _has_tag(c, "answer") and c != top]
    which = f"cell {number[1]}" if number else "a cell"
    said = (
        f'<p class="bad"><strong>This stage stopped in <a href="#{FAILED_CELL}">{which}</a>'
        f"</strong>, which raised: the cells after it have not run.</p>"
    )
    cells.insert(1, nbformat.v4.new_markdown_cell(said))
    cells[cells.index(here)] = nbformat.v4.new_markdown_cell(
        f'<p class="bad" id="{FAILED_CELL}"><strong>Here it stopped:</strong></p>'
    )
    told.cells = cells
    return told


def _has_tag(cell, tag: str) -> bool:
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


def _anchor(heading: str) -> str:
    words = re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", "", heading)).casefold())
    return "-".join(["section", *words])


def page_footer(run: Run) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    raw = next((e["outputs"].get("data/raw.parquet") for e in run.ledger if e["stage"] == 1), None)
    raw = raw or run.read_json("explore.json", {}).get("content")
    data = f" · data {raw[:12]}" if raw else ""
    return f"Run {run.name} · {now}{data}"


def write_front_page(run: Run) -> None:
    """Write `index.html`: the question, the verdict, the numbers, one picture, then the stages."""
    metrics = run.read_json("metrics.json") if _is_current(run, 6) else None
    picture = run.file(PICTURE)
    html = load_template("front.html.j2").render(
        run=run.name,
        style=page_style(),
        question=run.about.get("question") or f"What is in {run.about.get('source', run.name)}?",
        verdict=_verdict(run, metrics),
        lead=_lead(run, metrics),
        figures=_figures(metrics) if metrics else [],
        picture=base64.b64encode(picture.read_bytes()).decode() if metrics else "",
        picture_alt="The model on held-out rows",
        findings=sorted(
            run.findings, key=lambda f: ("alarm", "warning", "note").index(f["severity"])
        ),
        explored=EXPLORATION if run.file(EXPLORATION).exists() else "",
        compared=sorted(page.name for page in run.path.glob("compared_with_*.html")),
        cards=[_card(run, stage) for stage in STAGES if run.line_of(stage.number)],
        course=_course(run),
        time=_where_the_time_went(run),
        next_steps=_next_steps(run) if _is_current(run, 7) else "",
        footer=page_footer(run),
    )
    run.write_text("index.html", html)


def refresh_front_pages() -> None:
    """Write the front pages of all runs with lessons again: what was passed shows at once."""
    pages = reports_folder().glob("*/index.html")
    for run in [Run(page.parent.name) for page in pages if not page.parent.is_symlink()]:
        if run.has_lessons and run.ledger:
            write_front_page(run)


def write_comparison(run: Run, name: str, content: dict) -> None:
    """Write the page that puts another run beside this one (see `helpers.comparison`).

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
    from .line import notebook_files

    made = []
    for stage in STAGES:
        notebook = notebook_files.kept(run, stage.notebook) if run.line_of(stage.number) else None
        if notebook is not None:
            write_stage_page(run, stage, notebook)
            made.append(stage.report)
    explored = notebook_files.kept(run, "explore")
    if explored is not None:
        write_exploration(run, explored)
        made.append(EXPLORATION)
    if run.ledger:
        write_front_page(run)
        made.append("index.html")
    if not made:
        raise InputError(
            f"The run '{run.name}' has no executed notebook to make pages from: run "
            f"`pipeline run --name {run.name} --force`."
        )
    return made


def pack(run: Run) -> Path:
    """Put all pages of a run into one file to send; returns its path."""
    name = f"{run.name}_report.zip"
    with run.replacing(name) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as packed:
        for page in sorted(run.path.glob("*.html")):
            packed.write(page, f"{run.name}/{page.name}")
    return run.file(name)


def _is_current(run: Run, number: int) -> bool:
    entry = run.line_of(number)
    return entry is not None and entry["verdict"] != "failed"


def _verdict(run: Run, metrics: dict | None) -> dict:
    failed = next((e for e in run.ledger if e["verdict"] == "failed"), None)
    if failed:
        return {"text": f"stage {failed['stage']} failed", "tone": "bad"}
    if metrics:
        tone = "good" if metrics["verdict"] == "good enough" else "bad"
        return {"text": metrics["verdict"], "tone": tone}
    text = "explored: no target is named" if not run.about.get("target") else "not judged yet"
    return {"text": text, "tone": "open"}


def _lead(run: Run, metrics: dict | None) -> str:
    """The answer in two sentences: how well it does, and what happened later."""
    ledger = {entry["stage"]: entry for entry in run.ledger}
    failed = next((e for e in run.ledger if e["verdict"] == "failed"), None)
    if failed:
        return failed["headline"]
    if not metrics:
        last = max(ledger, default=None)
        return ledger[last]["headline"] if last is not None else ""
    what = {"linear": "linear model", "gradient boosting": "gradient boosting model"}
    model, count = what.get(metrics["model"], metrics["model"]), metrics["rows"]["test"]
    text = f"The {model} was tried on {count:,} rows it had not seen. "
    text += re.sub(r"[*]", "", metrics.get("reading", ""))
    later = f" {ledger[8]['headline']}" if 8 in ledger else ""
    return text + later + _retrained(run)


def _retrained(run: Run) -> str:
    """What came of the last time that training again was considered (`pipeline retrain`)."""
    last = run.read_json("retraining.json")
    return f" Retraining, {last['at'][:10]}: {last['said']}" if last else ""


def _figures(metrics: dict) -> list[dict]:
    """The numbers that matter: the main metric first, each with the baseline's."""
    names = [metrics["main_metric"]]
    names += [n for n in metrics["test"] if n not in names and n != "log_loss"]
    if metrics["task"] == "binary":
        names = [metrics["main_metric"], "precision", "recall", "f1"]
    return [
        {
            "name": PLAIN_NAMES[name],
            "value": _number(metrics["test"][name]),
            "note": f"{_number(metrics['interval'][name][0])} to "
            f"{_number(metrics['interval'][name][1])}; baseline "
            f"{_number(metrics['baseline'].get(name, float('nan')))}",
        }
        for name in names[:SHOWN_METRICS]
        if name in metrics["test"]
    ]


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def _card(run: Run, stage: Stage) -> dict:
    entry = run.line_of(stage.number)
    failed = entry["verdict"] == "failed"
    took = [f"{entry['seconds']:.1f} s", entry["verdict"]]
    rows = (
        f"{entry['rows_in']:,} rows in, {entry['rows_out']:,} out, {entry['set_aside']:,} set aside"
    )
    return {
        "number": stage.number,
        "title": stage.title,
        "href": _address(run, stage, failed),
        "headline": entry["headline"],
        "ledger": " · ".join(["" if failed else rows, *took]).removeprefix(" · "),
        "state": "failed" if failed else "done",
    }


def _address(run: Run, stage: Stage, failed: bool) -> str:
    """Where a card leads: to the stage's page, to the cell that raised in it, or nowhere."""
    if not run.file(stage.report).exists():
        return ""
    return f"{stage.report}#{FAILED_CELL}" if failed else stage.report


def _course(run: Run) -> dict:
    """The learner's progress as the course has summed it up, on a page of a run with lessons."""
    file = progress_summary_file()
    if not run.has_lessons or not file.exists():
        return {}
    try:
        summed_up = json.loads(file.read_text(encoding="utf-8"))
        return {"reading": summed_up["reading"], "rows": summed_up["rows"]}
    except (ValueError, KeyError, TypeError):
        return {"reading": f"The file {file} is damaged: `pipeline progress` writes it anew."}


def _where_the_time_went(run: Run) -> dict:
    """The seconds of each stage by what they were spent on, as shares of the longest stage."""
    spent = {e["stage"]: e["spent"] for e in run.ledger if e.get("spent")}
    if not spent:
        return {}
    totals = {number: sum(parts.values()) for number, parts in spent.items()}
    whole, longest = sum(totals.values()), max(totals.values())
    rows = [
        {
            "title": f"{number} · {STAGES[number].title}",
            "seconds": _seconds(totals[number]),
            "parts": [
                {
                    "kind": kind,
                    "width": 100 * parts[kind] / longest,
                    "seconds": f"{parts[kind]:.1f}",
                }
                for kind in SPENT_ON
                if kind in parts
            ],
        }
        for number, parts in spent.items()
    ]
    return {"rows": rows, "kinds": SPENT_ON, "reading": _describe_time(spent, totals, whole)}


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _describe_time(spent: dict, totals: dict, whole: float) -> str:
    longest = max(totals, key=totals.get)
    around = sum(v for parts in spent.values() for kind, v in parts.items() if kind != "cells")
    text = (
        f"The stages took {_seconds(whole)} of machine time, {totals[longest] / whole:.0%} of it "
        f"in {STAGES[longest].title.lower()}; {around / whole:.0%} was not the stages' own work."
    )
    if 2 in totals:
        text += (
            f" Cleaning took {totals[2] / whole:.0%}. The usual claim is that it takes 60 to 80% "
            f"of a project: that is the time of people, who read, ask and decide. The machine's "
            f"share says nothing against it."
        )
    return text


def _next_steps(run: Run) -> str:
    return (
        f"pipeline predict {run.name} new_rows.csv --out scored.csv    # score a table\n"
        f"pipeline serve {run.name}                                  # answer over HTTP"
    )
