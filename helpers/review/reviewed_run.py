"""The review of a run: opened from its files, written back after each answer.

What is written is `review.csv`, whole, so an answer that was given is never lost; the run's next
stage 2 takes the marks from there.
"""

from __future__ import annotations

import pandas as pd
import yaml

from ..clean import doubtful_cells
from ..clean.review_rules import LABEL
from ..line.ledger import FAILED
from ..line.run_folder import Run, existing_run
from ..line.stage_list import DRAFTED, LABEL_DOUBTS, PLAN, RAW
from ..pages.review_page import write_review_page
from ..tables.formula_cells import neutral_table
from . import shown_question
from .answered_table import AnsweredTable
from .question import line_of
from .review_session import Answer, Session

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Review:
    """A run under review: its session, and what writes the answers into its folder."""

    def __init__(self, name: str):
        self.run = existing_run(name)
        self.run.require(2)
        self.session = _opened(self.run)
        self.labels = _labels_in_words(self.run)
        self.write()

    def answer(self, id: str, said: str) -> Answer:
        """Answer a question, and keep the answer on the disk."""
        given = self.session.answer(id, said)
        self.write()
        return given

    def undo(self, id: str = "") -> Answer:
        """Take an answer back, and keep that on the disk."""
        given = self.session.undo(id)
        self.write()
        return given

    def write(self) -> None:
        """Write the review list where it has changed, and the read-only page."""
        text = neutral_table(self.session.marked()).to_csv(index=False)
        file = self.run.file(doubtful_cells.FILE)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            self.run.write_text(doubtful_cells.FILE, text)
        questions = [shown_question.brief(one) for one in self.session.open]
        write_review_page(self.run, questions, self.answers())

    def answers(self) -> list[dict]:
        """The answers so far, the last one first."""
        return [
            {"id": one.id, "text": one.text, "said": one.said, "settled": one.settled}
            for one in reversed(self.session.answers)
        ]

    def state(self) -> dict:
        """What the page shows: the next question, those after it, the answers, what is left."""
        session, first = self.session, self.session.first()
        return {
            "run": self.run.name,
            "labels": self.labels,
            "question": None if first is None else shown_question.shown(session, first),
            "next": [shown_question.brief(one) for one in session.open[1:200]],
            "answers": self.answers(),
            "left": len(session.open),
            "cells_left": session.left,
            "settled": sum(one.settled for one in session.answers),
        }


def _opened(run: Run) -> Session:
    """The session of a run: raw rows, the plan before any mark, and the review list."""
    raw = pd.read_parquet(run.file(RAW))
    review = doubtful_cells.open_review(str(run.file(doubtful_cells.FILE)))
    marks = doubtful_cells.marks_of(run, raw).to_dict("records")
    table = AnsweredTable(raw, _base_plan(run), marks)
    return Session(table, pd.concat([review, _label_lines(run, review)], ignore_index=True))


def _base_plan(run: Run) -> dict:
    """The plan as it was drafted, or as a person has edited it."""
    edited = run.line_of(2)["parameters"].get("plan")
    name = DRAFTED if run.file(DRAFTED).exists() and not edited else PLAN
    return yaml.load(run.file(name).read_text(encoding="utf-8"), Loader=LOADER)


def _label_lines(run: Run, review: pd.DataFrame) -> pd.DataFrame:
    """The rows whose label is in doubt, as lines of the list; none before stage 5."""
    empty = review.iloc[:0]
    if not _has_labels(run):
        return empty
    found = pd.read_parquet(run.file(LABEL_DOUBTS))
    lines = [_label_line(run.about["target"], one) for one in found.to_dict("records")]
    listed = set(review.loc[review["kind"] == LABEL, "where"])
    lines = [one | {"apply": "", "question": ""} for one in lines if one["where"] not in listed]
    return pd.DataFrame(lines, columns=doubtful_cells.REVIEW_COLUMNS) if lines else empty


def _label_line(target: str, one: dict) -> dict:
    """A row whose label is in doubt, as a line of the list."""
    return line_of(target, LABEL, str(one["label"]), 1, where=f"row {one['row']}",
                   suggestion=str(one["predicted"]), evidence=one["evidence"])  # fmt: skip


def _has_labels(run: Run) -> bool:
    trained = run.line_of(5)
    return bool(trained) and trained["verdict"] != FAILED and run.file(LABEL_DOUBTS).exists()


def _labels_in_words(run: Run) -> str:
    """Whether labels are asked about, and if not, why."""
    if not run.about.get("target"):
        return ""
    if _has_labels(run):
        return "Labels are asked about where the models of the folds disagree: training rows alone."
    return "Labels are asked about once stage 5 has run: its folds tell which ones are odd."
