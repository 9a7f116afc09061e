"""The front page of a run, `index.html`: the answer first, then the stages."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ..base.findings import rank
from ..base.places import progress_summary_file, reports_folder
from ..base.verdicts import passes, was_required
from ..learning.later_scores import ends_in_words, rows_in_words
from ..learning.metric_names import PLAIN_NAMES, shown_score
from ..line.held_out_looks import describe_looks, looks
from ..line.ledger import FAILED
from ..line.run_folder import Run
from ..line.stage_list import STAGES, Stage
from .columns_page import write_columns_page
from .page_parts import EXPLORATION, FAILED_CELL, load_template, page_footer, page_style
from .review_page import write_review_page
from .what_if_page import write_what_if_page

SHOWN_METRICS = 4
PICTURES = {"front.svg": "image/svg+xml", "front.png": "image/png"}  # the first that there is
ON_CLEANING = (
    "Cleaning took {share:.0%}. The usual claim is that it takes 60 to 80% of a project: that is "
    "the time of people, who read, ask and decide, not of the machine."
)
SPENT_ON = {
    "cells": "the cells' own work",
    "imports": "imports",
    "kernel": "starting and stopping the kernel",
    "html": "the page",
}


def write_front_page(run: Run) -> None:
    """Write `index.html`: the question, the verdict, the numbers, one picture, then the stages."""
    metrics = run.read_json("metrics.json") if _is_current(run, 6) else None
    picture = next((run.file(name) for name in PICTURES if run.file(name).exists()), None)
    html = load_template("front.html.j2").render(
        run=run.name,
        style=page_style(),
        question=run.about.get("question") or f"What is in {run.about.get('source', run.name)}?",
        verdict=_verdict(run, metrics),
        lead=_lead(run, metrics),
        figures=_figures(metrics) if metrics else [],
        picture=_embedded(picture) if metrics else "",
        picture_alt="The model on held-out rows",
        findings=sorted(run.findings, key=lambda f: rank(f["severity"])),
        columns=write_columns_page(run),
        reviewed=write_review_page(run),
        what_if=write_what_if_page(run),
        explored=EXPLORATION if run.file(EXPLORATION).exists() else "",
        compared=sorted(page.name for page in run.path.glob("compared_with_*.html")),
        cards=[_card(run, stage) for stage in STAGES if run.line_of(stage.number)],
        course=_course(run),
        time=_where_the_time_went(run),
        next_steps=_next_steps(run) if _is_current(run, 7) else "",
        footer=page_footer(run),
    )
    run.write_text("index.html", html)


def _embedded(picture: Path) -> str:
    """A picture's bytes inside an address."""
    content = base64.b64encode(picture.read_bytes()).decode()
    return f"data:{PICTURES[picture.name]};base64,{content}"


def refresh_front_pages() -> None:
    """Write the front pages of all runs with lessons again, with the learner's progress."""
    pages = reports_folder().glob("*/index.html")
    for run in [Run(page.parent.name) for page in pages if not page.parent.is_symlink()]:
        if run.has_lessons and run.ledger:
            write_front_page(run)


def _is_current(run: Run, number: int) -> bool:
    """Whether a stage has run and has not failed."""
    entry = run.line_of(number)
    return entry is not None and entry["verdict"] != "failed"


def _failed(run: Run) -> dict | None:
    """The ledger line of the stage that failed, if any."""
    return next((e for e in run.ledger if e["verdict"] == "failed"), None)


def _verdict(run: Run, metrics: dict | None) -> dict:
    """The verdict in words, and its tone: good, bad or open."""
    failed = _failed(run)
    if failed:
        return {"text": f"stage {failed['stage']} failed", "tone": "bad"}
    if metrics:
        return {"text": metrics["verdict"], "tone": _tone(metrics["verdict"])}
    text = "explored: no target is named" if not run.about.get("target") else "not judged yet"
    return {"text": text, "tone": "open"}


def _tone(verdict: str) -> str:
    """Good or bad; open where the model passes and nobody had said what is good enough."""
    if not passes(verdict):
        return "bad"
    return "good" if was_required(verdict) else "open"


def _lead(run: Run, metrics: dict | None) -> list[str]:
    """The answer, a paragraph each: how good the model is, its worth, and what happened later."""
    ledger = {entry["stage"]: entry for entry in run.ledger}
    last = _failed(run) or (ledger[max(ledger)] if ledger and not metrics else None)
    if last or not metrics:
        return [last["headline"]] if last else []
    later = ledger[8]["headline"] if 8 in ledger else ""
    said = [_tested(run, metrics), _worth(metrics), later, _retrained(run)]
    return [text for text in said if text]


def _tested(run: Run, metrics: dict) -> str:
    """Which model was tested on how many rows, and how it did."""
    what = {"linear": "linear model", "gradient boosting": "gradient boosting model"}
    model, count = what.get(metrics["model"], metrics["model"]), metrics["rows"]["test"]
    reading = metrics.get("reading", "").replace("*", "")
    return f"The {model} was tested on {count:,} rows it had not seen. {_looks(run)}{reading}"


def _worth(metrics: dict) -> str:
    """What the model is worth, where nobody had said what is good enough; else empty."""
    if was_required(metrics["verdict"]):
        return ""
    worth = metrics.get("worth", "").replace("*", "")
    return f"{worth} No requirement was set: whether that is enough is for you to say.".strip()


def _looks(run: Run) -> str:
    """How often these rows were asked, where that is more than once."""
    found = looks(run)
    return f"{describe_looks(found)} " if len(found) > 1 else ""


def _retrained(run: Run) -> str:
    """The outcome of the last retraining (`pipeline retrain`) in a sentence; empty without one."""
    last = run.read_json("retraining.json")
    if not last:
        return ""
    message = last.get("message", last.get("said"))  # as it was called in runs made earlier
    return f"Retraining, {last['at'][:10]}: {message}"


def _figures(metrics: dict) -> list[dict]:
    """The numbers that matter: the main metric first, each with the baseline's."""
    names = [metrics["main_metric"]]
    names += [n for n in metrics["test"] if n not in names and n != "log_loss"]
    if metrics["task"] == "binary":
        names = [metrics["main_metric"], "precision", "recall", "f1"]
    return [_figure(metrics, name) for name in names[:SHOWN_METRICS] if name in metrics["test"]]


def _figure(metrics: dict, name: str) -> dict:
    """A metric with its interval and the baseline's value, as text."""
    values = *metrics["interval"][name], metrics["baseline"].get(name, float("nan"))
    low, high, baseline = (shown_score(name, value) for value in values)
    value = shown_score(name, metrics["test"][name])
    later = _on_later_rows(metrics) if name == metrics["main_metric"] else ""
    return {
        "name": PLAIN_NAMES[name],
        "value": value,
        "note": f"{low} to {high}; {later}baseline {baseline}",
    }


def _on_later_rows(metrics: dict) -> str:
    """The main metric to expect on other rows; empty where it is not told."""
    promise = metrics.get("promise")
    return f"on {rows_in_words(promise)} {ends_in_words(promise)}; " if promise else ""


def _card(run: Run, stage: Stage) -> dict:
    """What the front page shows of a stage, from its ledger line."""
    entry = run.line_of(stage.number)
    failed = entry["verdict"] == FAILED
    return {
        "number": stage.number,
        "title": stage.title,
        "href": _address(run, stage, failed),
        "headline": entry["headline"],
        "ledger": _as_text(entry),
        "state": "failed" if failed else "done",
    }


def _as_text(entry: dict) -> str:
    """A ledger line in a line: rows, seconds, verdict."""
    took = f"{entry['seconds']:.1f} s · {entry['verdict']}"
    if entry["verdict"] == FAILED:
        return took
    rows = f"{entry['rows_in']:,} rows in, {entry['rows_out']:,} out"
    return f"{rows}, {entry['set_aside']:,} set aside · {took}"


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
    rows = [{"title": f"{number} · {STAGES[number].title}", "seconds": _seconds(totals[number]),
             "parts": _bars(parts, longest)} for number, parts in spent.items()]  # fmt: skip
    return {"rows": rows, "kinds": SPENT_ON, "reading": _describe_time(spent, totals, whole)}


def _bars(parts: dict[str, float], longest: float) -> list[dict]:
    """The seconds of a stage by kind, with widths in percent of the longest stage."""
    return [
        {"kind": kind, "width": 100 * parts[kind] / longest, "seconds": f"{parts[kind]:.1f}"}
        for kind in SPENT_ON
        if kind in parts
    ]


def _seconds(seconds: float) -> str:
    """A time in seconds, or in minutes where it is long."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _describe_time(spent: dict, totals: dict, whole: float) -> str:
    """In which stage, and on what, the time was spent, in sentences."""
    longest = max(totals, key=totals.get)
    around = sum(v for parts in spent.values() for kind, v in parts.items() if kind != "cells")
    text = (
        f"The stages took {_seconds(whole)} of machine time, {totals[longest] / whole:.0%} of it "
        f"in {STAGES[longest].title.lower()}; {around / whole:.0%} was not the stages' own work."
    )
    return f"{text} {ON_CLEANING.format(share=totals[2] / whole)}" if 2 in totals else text


def _next_steps(run: Run) -> str:
    """The commands to go on with, a line each."""
    return (
        f"pipeline predict {run.name} new_rows.csv --out scored.csv    # score a table\n"
        f"pipeline serve {run.name}                                  # answer over HTTP"
    )
