"""The page of what is asked of a person: read-only as a page of the run, or live for answers."""

from __future__ import annotations

import pandas as pd

from ..line.run_folder import Run
from .page_parts import load_template, page_footer, page_style

PAGE, LIST = "review.html", "review.csv"
MOST_SHOWN = 300  # questions on the read-only page


def write_review_page(
    run: Run, questions: list[dict] | None = None, answers: list[dict] | None = None
) -> str:
    """Write the read-only page; its name, or "" of a run that has no review list yet.

    `questions` and `answers` are those of a review under way; without them the lines of the list
    are shown.
    """
    if not run.file(LIST).exists():
        return ""
    if questions is None:
        questions, answers = _of_list(run)
    html = load_template("review.html.j2").render(
        run=run.name, style=page_style(), live=False, questions=questions[:MOST_SHOWN],
        left_off=max(0, len(questions) - MOST_SHOWN), answers=answers, footer=page_footer(run),
    )  # fmt: skip
    run.write_text(PAGE, html)
    return PAGE


def live_page(run: Run) -> str:
    """The page that takes answers, served by `pipeline review`."""
    return load_template("review.html.j2").render(
        run=run.name, style=page_style(), live=True, questions=[], answers=[], left_off=0,
        footer=page_footer(run),
    )  # fmt: skip


def _of_list(run: Run) -> tuple[list[dict], list[dict]]:
    """The lines of the review list: those that are open, and those that are answered."""
    table = pd.read_csv(run.file(LIST), dtype="str", keep_default_na=False)
    is_open = table["apply"].str.strip() == ""
    opened, marked = (table[some].to_dict("records") for some in (is_open, ~is_open))
    return [_question(line) for line in opened], [_answer(line) for line in marked]


def _question(line: dict) -> dict:
    where = f" where {line['where']}" if line["where"] else ""
    asked = f" → ‘{line['suggestion']}’?" if line["suggestion"] else "?"
    text = f"{line['column']}{where}: ‘{line['value']}’{asked}"
    return {"text": text, **{name: line[name] for name in ("kind", "cells", "evidence")}}


def _answer(line: dict) -> dict:
    said = f"{line['apply']}, {line['suggestion']}" if line["suggestion"] else line["apply"]
    return {"text": f"{line['column']}: ‘{line['value']}’ ({line['kind']})", "said": said,
            "settled": line["cells"]}  # fmt: skip
