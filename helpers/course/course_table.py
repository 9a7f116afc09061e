"""The course in figures, notebook by notebook, for docs/teaching.md: `make teaching-table`.

Minutes are an estimate: words at half the 238 a minute at which adults read plain English silently
(Brysbaert 2019, Journal of Memory and Language 109, 104047), since prose between code is read
twice; half a minute a code cell with its output; one and a half a check; and the machine's time,
from the ledger of a run.
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
from ..line.run_folder import Run
from ..line.stage_list import STAGES, Stage

WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_A_CHECK = 119, 0.5, 1.5
SIDE_BOX = re.compile(r"<details>.*?</details>", re.DOTALL)


@dataclass(frozen=True)
class Figures:
    """What can be counted in a notebook; `in_a_row` is the longest row of code cells."""

    cells: int
    words: int
    code_cells: int
    longest: int
    in_a_row: int
    checks: int
    guesses: int


def figures(path: Path) -> Figures:
    """Count in one notebook, without folded side boxes; parameters are no long cell."""
    cells = nbformat.read(path, as_version=4).cells
    code = [c for c in cells if c.cell_type == "code"]
    source = "\n".join(c.source for c in code)
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    kinds = "".join("c" if c.cell_type == "code" else "m" for c in cells)
    words = len(SIDE_BOX.sub("", prose).split())
    longest = max(lines_beside_imports(c.source) for c in code if not _has_parameters(c))
    in_a_row = max(map(len, re.findall("c+", kinds)))
    asked = [_count_asked(source, kind) for kind in ("check", "guess")]
    return Figures(len(cells), words, len(code), longest, in_a_row, *asked)


def _count_asked(source: str, kind: str) -> int:
    """How many different checks or guesses a notebook's code asks."""
    return len(set(re.findall(rf'lessons\.{kind}\(\s*"([^"]+)"', source)))


def lines_beside_imports(source: str) -> int:
    """The lines of a cell that do something: imports say only where names come from."""
    body = [s for s in ast.parse(source).body if not isinstance(s, ast.Import | ast.ImportFrom)]
    return sum(1 + s.end_lineno - s.lineno for s in body)


def _has_parameters(cell) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def minutes(counted: Figures, seconds: float) -> float:
    """How long a learner takes, with the machine's seconds.

    >>> minutes(Figures(30, 952, 12, 8, 2, 4, 1), seconds=30)
    20.5
    """
    read = counted.words / WORDS_A_MINUTE + counted.code_cells * MINUTES_A_CELL
    return read + counted.checks * MINUTES_A_CHECK + seconds / 60


HEAD = (
    "| notebook | cells | words | longest code cell | code cells in a row | checks | guesses "
    "| machine, s | minutes |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
)


def table(run: Run) -> str:
    """The table in Markdown; minutes need a finished run."""
    return "\n".join([*HEAD, *(_line(run, stage) for stage in STAGES)])


def _line(run: Run, stage: Stage) -> str:
    """One notebook's line of the table."""
    counted, entry = figures(stage.path), run.line_of(stage.number)
    seconds = entry["seconds"] if entry else 0.0
    shown = f"{seconds:.0f}" if entry else "not run"
    return (
        f"| {stage.number} · {stage.title} | {counted.cells} | {counted.words} "
        f"| {counted.longest} | {counted.in_a_row} | {counted.checks} | {counted.guesses} "
        f"| {shown} | {minutes(counted, seconds):.0f} |"
    )


def main() -> None:
    """Print the table, and write it into the page that has the marks for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="flights", help="the run whose ledger has the seconds")
    made = table(Run(parser.parse_args().run))
    if REPOSITORY:  # a wheel has no pages for people
        write_between(REPOSITORY / "docs" / "teaching.md", "make teaching-table", made)
    sys.stdout.write(made + "\n")


if __name__ == "__main__":
    main()
