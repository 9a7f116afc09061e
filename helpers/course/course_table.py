"""The notebooks in figures, for `docs/teaching.md`, and the syllabus of `docs/learn.md`:
`make teaching-table` writes both.

What a notebook holds is counted; how long it takes to work through is an estimate from what a
learner sees: words (of the prose and of the sentences that cells show) at half the 238 a minute at
which adults read plain English silently (Brysbaert 2019, Journal of Memory and Language 109,
104047), since what stands between code is read twice; a quarter of a minute for a line of code that
is written by hand, and for any other cell; half a minute for a table, three quarters for a picture,
one and a half for a check or a guess; and the machine's time, from the ledger of a run. Exercises
come on top, by their level.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from ..base.marked_text import write_between
from ..base.places import REPOSITORY
from ..line.lesson_cells import LESSON
from ..line.run_folder import Run
from ..line.stage_list import STAGES, Stage
from . import library_calls
from .questions import CHALLENGES

WORDS_A_MINUTE, A_LINE, A_CELL, A_TABLE, A_PICTURE, A_CHECK = 119, 0.25, 0.25, 0.5, 0.75, 1.5
OF_LEVEL = {"warm-up": 5, "core": 15, "stretch": 30}  # minutes for an exercise
MADE_BY = "make teaching-table"
SIDE_BOX = re.compile(r"<details.*?</details>", re.DOTALL)


@dataclass(frozen=True)
class Figures:
    """What can be counted in a notebook.

    `in_a_row` is the longest row of code cells, `after_prose` the share of code cells that follow
    Markdown, `by_hand` the lines of code cells that are lessons and call libraries, `seen` the
    words of prose and of what cells say; `library` and `helper` count calls.
    """

    cells: int
    words: int
    code_cells: int
    longest: int
    in_a_row: int
    after_prose: float
    checks: int
    guesses: int
    library: int
    helper: int
    by_hand: int
    seen: int
    tables: int
    pictures: int


def figures(path: Path) -> Figures:
    """Count in one notebook, without folded side boxes; parameters are no long cell."""
    cells = nbformat.read(path, as_version=4).cells
    code = [c for c in cells if c.cell_type == "code"]
    prose = _words(*(c.source for c in cells if c.cell_type == "markdown"))
    kinds = "".join("c" if c.cell_type == "code" else "m" for c in cells)
    calls = library_calls.count_calls(c.source for c in code)
    outputs = [o.get("data", {}) for c in code for o in c.outputs]
    return Figures(
        cells=len(cells),
        words=prose,
        code_cells=len(code),
        longest=max(lines_beside_imports(c.source) for c in code if not _has_parameters(c)),
        in_a_row=max(map(len, re.findall("c+", kinds))),
        after_prose=kinds.count("mc") / len(code),
        checks=_count_asked(code, "check"),
        guesses=_count_asked(code, "guess"),
        library=calls.library,
        helper=calls.helper,
        by_hand=sum(lines_beside_imports(c.source) for c in code if _is_by_hand(c)),
        seen=prose + _words(*(o.get("text/markdown", "") for o in outputs)),
        tables=sum("<table" in SIDE_BOX.sub("", o.get("text/html", "")) for o in outputs),
        pictures=sum("image/png" in o or "image/svg+xml" in o for o in outputs),
    )


def _words(*texts: str) -> int:
    """The words of Markdown, without folded side boxes."""
    return len(SIDE_BOX.sub("", "\n".join(texts)).split())


def _is_by_hand(cell) -> bool:
    """Whether a cell is a lesson in which a library is called."""
    is_lesson = LESSON in cell.metadata.get("tags", [])
    return is_lesson and library_calls.count_calls([cell.source]).library > 0


def _count_asked(code: list, kind: str) -> int:
    """How many different checks or guesses a notebook's code asks."""
    source = "\n".join(cell.source for cell in code)
    return len(set(re.findall(rf'lessons\.{kind}\(\s*"([^"]+)"', source)))


def lines_beside_imports(source: str) -> int:
    """The lines of a cell that do something: imports say only where names come from."""
    body = [
        s
        for s in library_calls.tree_of([source]).body
        if not isinstance(s, ast.Import | ast.ImportFrom)
    ]
    return sum(1 + s.end_lineno - s.lineno for s in body)


def _has_parameters(cell) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def minutes(counted: Figures, seconds: float) -> float:
    """How long a learner takes without the exercises, with the machine's seconds.

    >>> minutes(Figures(30, 900, 12, 8, 2, 0.8, 3, 1, 20, 10, 24, 952, 4, 2), seconds=30)
    27.0
    """
    looked = counted.tables * A_TABLE + counted.pictures * A_PICTURE
    worked = counted.by_hand * A_LINE + counted.code_cells * A_CELL
    asked = (counted.checks + counted.guesses) * A_CHECK
    return counted.seen / WORDS_A_MINUTE + looked + worked + asked + seconds / 60


def exercise_minutes(stage: Stage) -> int:
    """How long the exercises of a notebook take, by their levels."""
    own = [c for name, c in CHALLENGES.items() if name.partition(".")[0] == stage.name]
    return sum(OF_LEVEL[challenge.level] for challenge in own)


HEAD = (
    "| notebook | cells | words | longest cell | code cells after prose | library calls "
    "| helper calls | checks and guesses | machine, s | minutes (model) | exercises (model) |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
)


def table(run: Run) -> str:
    """The table in Markdown; minutes need a finished run."""
    return "\n".join([*HEAD, *(_line(run, stage) for stage in STAGES)])


def _line(run: Run, stage: Stage) -> str:
    """One notebook's line of the table."""
    counted, entry = figures(stage.path), run.line_of(stage.number)
    seconds = entry["seconds"] if entry else 0.0
    cells = [
        f"{stage.number} · {stage.title}", counted.cells, counted.words, counted.longest,
        f"{counted.after_prose:.0%}", counted.library, counted.helper,
        counted.checks + counted.guesses, f"{seconds:.0f}" if entry else "not run",
        f"{minutes(counted, seconds):.0f}", exercise_minutes(stage),
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


OBJECTIVES = re.compile(r"After this (?:notebook|page) you can\n+((?:\d\. .+\n?)+)")


def objectives(path: Path) -> list[str]:
    """What a learner can do after a notebook, as its first cells say; empty when they do not."""
    cells = nbformat.read(path, as_version=4).cells
    found = OBJECTIVES.search("\n\n".join(c.source for c in cells if c.cell_type == "markdown"))
    return [line.partition(". ")[2].rstrip(";.") for line in found[1].splitlines()] if found else []


def hours(run: Run) -> tuple[float, float]:
    """The hours that the notebooks take, and those that their exercises take."""
    entries = {stage: run.line_of(stage.number) or {"seconds": 0.0} for stage in STAGES}
    reading = sum(minutes(figures(s.path), entry["seconds"]) for s, entry in entries.items())
    return reading / 60, sum(map(exercise_minutes, STAGES)) / 60


def _linked(stage) -> str:
    return f"[{stage.number} · {stage.title}](course/{stage.notebook}.md)"


def syllabus(run: Run) -> str:
    """The course in Markdown: its hours, and what a learner can do after each notebook."""
    reading, practice = hours(run)
    head = (
        f"About **{reading + practice:.0f} hours**: {reading:.0f} for the nine notebooks, "
        f"{practice:.0f} for their exercises. The labs come on top."
    )
    rows = [f"| {_linked(stage)} | {'; '.join(objectives(stage.path))} |" for stage in STAGES]
    return "\n".join([head, "", "| notebook | after it you can |", "|---|---|", *rows])


def main() -> None:
    """Print the table, and write it and the syllabus into the pages that have marks for them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="flights", help="the run whose ledger has the seconds")
    run = Run(parser.parse_args().run)
    made = table(run)
    if REPOSITORY:  # a wheel has no pages for people
        write_between(REPOSITORY / "docs" / "teaching.md", MADE_BY, made)
        write_between(REPOSITORY / "docs" / "learn.md", MADE_BY, syllabus(run))
    sys.stdout.write(made + "\n")


if __name__ == "__main__":
    main()
