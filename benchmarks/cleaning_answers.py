"""Simulated answers on the review page: how clean twenty of them make a table.

An answer is one question of the page, answered from the clean file as a person would who knows what
is right: yes where most of the cells that it would change become right, a value where one has to be
typed (the clean file's, of the one cell that is shown), else no. Part of `make bench-cleaning`.

    python -m benchmarks.cleaning_answers FOLDER     a folder with pairs of dirty.csv and clean.csv

Scores are of the table, cell by cell, not of the log: a cell is right when it says the same as the
clean one, as a text or as the clean file's own column is read (its dates, numbers, units).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.base.user_errors import InputError
from helpers.cells.as_texts import texts
from helpers.clean import doubtful_cells
from helpers.clean.cleaning_plan import draft
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.review_rules import EMPTY
from helpers.examples import repair_scores
from helpers.review.answered_table import AnsweredTable
from helpers.review.question import NO, YES, Question
from helpers.review.review_session import Session
from helpers.tables import read_any

AT = (0, 5, 10, 20)
DAMAGED = (
    r"(\d+-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d+)"  # what a spreadsheet made of "9-82" in a clean file
)


class Truth:
    """The clean twin of a dirty table, and which cells of a cleaning say the same as it."""

    def __init__(self, dirty: pd.DataFrame, clean: pd.DataFrame):
        clean = clean.set_axis(dirty.columns, axis=1)
        self.clean = {n: _texts(clean[n]) for n in dirty}
        plan = draft(clean)[0]
        own = Cleaner({"columns": plan["columns"]}).fit(clean)
        self.read = {n: _texts(c) for n, c in own.transform(clean).items()}
        self.dirty = {n: _texts(dirty[n]) for n in dirty}
        self.dirty_read = {n: _texts(c) for n, c in own.transform(dirty).items()}
        self.counted = {n: ~clean[n].astype("str").str.fullmatch(DAMAGED).fillna(False).to_numpy()
                        for n in dirty}  # fmt: skip
        rows = np.arange(len(dirty))
        self.wrong = {n: ~_same(self.dirty[n], self.clean[n]) for n in dirty}
        self.rows = rows

    def right(self, name: str, cells: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Whether cells of some rows say what the clean file says."""
        return _same(cells, self.clean[name][rows]) | _same(cells, self.read[name][rows])

    def as_dirty(self, name: str, cells: np.ndarray) -> np.ndarray:
        """Whether all cells of a column say what the dirty file said."""
        return _same(cells, self.dirty[name]) | _same(cells, self.dirty_read[name])


def _texts(column: pd.Series) -> np.ndarray:
    return texts(column).astype(object).where(lambda one: one.notna(), None).to_numpy()


def _same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    one, other = (pd.Series(some, dtype="str") for some in (left, right))
    return repair_scores.are_same_values(one, other)


def score(truth: Truth, cleaned: dict[str, np.ndarray]) -> dict:
    """Precision, recall, F1 and the sound cells broken of a cleaned table."""
    right = wrong = broken = planted = 0
    for name, cells in cleaned.items():
        is_right = truth.right(name, cells, truth.rows)
        bad, counted = truth.wrong[name], truth.counted[name]
        changed = ~truth.as_dirty(name, cells)
        planted += int((bad & counted).sum())
        right += int((bad & counted & is_right & changed).sum())
        wrong += int((bad & counted & ~is_right & changed).sum())
        broken += int((~bad & counted & ~is_right).sum())
    precision = right / max(right + wrong + broken, 1)
    recall = right / max(planted, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"planted": planted, "precision": precision, "recall": recall, "f1": f1,
            "broken": broken}  # fmt: skip


def answer_of(question: Question, session: Session, truth: Truth) -> str:
    """What a person who knows the clean file answers."""
    if question.opens:  # the right answer is worked out part by part
        parts = (answer_of(one, session, truth) for one in question.parts)
        return YES if any(one != NO for one in parts) else NO
    offered = [*([YES] if question.has_yes else []), *question.choices]
    offered += _typed(question, session, truth) if question.typed else []
    best = max(((_gain(one, question, session, truth), one) for one in offered), default=(0, NO))
    return best[1] if best[0] > 0 else NO


def _gain(answer: str, question: Question, session: Session, truth: Truth) -> int:
    """Cells that become right less those that do not, among those that an answer changes."""
    try:
        changes = session.effect(question, answer)
    except InputError:
        return 0
    right = [truth.right(c.column, c.after, c.rows) for c in changes if c.column in truth.clean]
    good, every = (sum(int(one.sum()) for one in right), sum(map(len, right)))
    needed = 0.8 if question.parts else 0.5  # what is joined can be asked one by one
    return good if good > needed * every else 0


def _typed(question: Question, session: Session, truth: Truth) -> list[str]:
    """What the clean file has in the first cell that a question is about."""
    name, table = question.column, session.table
    if question.kind == EMPTY:
        rows = np.flatnonzero(np.equal(table.texts[name], None))
    else:
        wanted = question.example or question.lines[0]["value"]
        rows = np.flatnonzero((table.texts[name] == wanted) | (truth.dirty[name] == wanted))
    found = [truth.clean[name][row] for row in rows[:1]]  # of one cell: that is what is shown
    return [one for one in found if one]


def simulate(
    dirty: pd.DataFrame, clean: pd.DataFrame, at=AT, say: Callable[[str], None] = lambda text: None
) -> dict:
    """By number of answers the score; and the seconds of the slowest answer."""
    truth = Truth(dirty, clean)
    plan, found = draft(dirty)
    table = AnsweredTable(dirty, plan)
    frame = pd.DataFrame(table.texts, dtype=object)
    session = Session(table, doubtful_cells.review_list(found, frame))
    scores, slowest = {}, 0.0
    for number in range(max(at) + 1):
        if number in at:
            scores[number] = score(truth, table.texts)
        question = session.first()
        if number == max(at) or question is None:
            break
        said = answer_of(question, session, truth)
        began = time.perf_counter()
        given = session.answer(question.id, said)
        slowest = max(slowest, time.perf_counter() - began)
        say(f"{number + 1:3} {question.text} -> {said} ({given.settled} cells)")
    last = scores[max(scores)] if question is not None else score(truth, table.texts)
    return {"answers": {n: scores.get(n, last) for n in at}, "slowest": round(slowest, 3)}


def pairs(folder: Path):
    """By name the dirty and the clean table of each pair below a folder."""
    for path in sorted(folder.rglob("dirty.csv")):
        twin = path.with_name("clean.csv")
        if not twin.exists():  # errors of several rates share a clean file
            twin = path.parent.with_name(path.parent.name.rpartition("_")[0]) / "clean.csv"
        if twin.exists():
            yield (
                path.parent.name,
                *(read_any.read_table(str(p), typed=False) for p in (path, twin)),
            )


def of_folder(folder: Path) -> dict[str, dict]:
    """What answers do, by the name of each pair in a folder."""
    return {name: simulate(dirty, clean) for name, dirty, clean in pairs(folder)}


def main(folder: str, only: str = "") -> None:
    """Print what answers do on each pair."""
    for name, dirty, clean in pairs(Path(folder)):
        if only in ("", name):
            found = simulate(dirty, clean, say=print)
            print(name, {n: {k: round(v, 3) for k, v in one.items()}
                         for n, one in found["answers"].items()}, found["slowest"])  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
