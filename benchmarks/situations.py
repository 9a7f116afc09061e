"""Situations from public bug reports, and their siblings: each tried by five roads.

    python -m benchmarks.situations [WORDS...]     all of them, or those whose name has a word in it

Each is a table in two forms: a clean one (ISO dates, plain numbers, words, UTF-8 with commas), and
the one that people complain of. *training*: a model is trained on each form; both answer the same
rows, each in its form. *batch, service, monitor, MLflow*: a model is asked rows in the other form
(it was trained on the clean one, unless the form is what training has to know), and answers as for
the clean rows. A cell is

- **right**: all answers are those of the clean form;
- **said**: some are not, or the rows are refused, and a line names the column or what is odd;
- **silent**: some are not, and nothing says so; **broken**: an error that is no line for users.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from helpers.base.user_errors import InputError
from helpers.collect.collect_rows import content_hash
from helpers.line.run_folder import Run

from .situation_cells import CELLS
from .situation_files import FILES
from .situation_roads import ROADS, TO, Told, trained
from .situation_table import COLUMN, TARGET, Situation, as_csv, table

SITUATIONS = (*CELLS, *FILES)
RIGHT, SAID, SILENT, BROKEN, NONE = "right", "said", "silent", "broken", "-"
SAME = {"training": 0.05, "service": 1e-6}  # of a target whose standard deviation is about 10
TRAINING_ROWS = 400


def measured(words: tuple[str, ...] = (), say=lambda one: None) -> list[dict]:
    """By situation what became of it on each road, and what was said."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"PIPELINE_REPORTS": f"{folder}/reports"}),
    ):
        tried = Tried(Path(folder))
        for situation in SITUATIONS:
            if not words or any(word in situation.name for word in words):
                found.append(tried.measure(situation))
                say(found[-1])
    return found


class Tried:
    """Tries situations in a folder; what a clean form answers is kept for those that share it."""

    def __init__(self, folder: Path):
        self._folder, self._clean = folder, {}

    def measure(self, situation: Situation) -> dict:
        """What became of a situation on each road."""
        clean, odd = (table(situation, form) for form in ("clean", "odd"))
        known, first = self._first(clean)
        name = f"odd{len(list(self._folder.iterdir()))}"
        files = _files(odd, situation.write, self._folder / name)
        learnt = _or_error(trained, files[0], TARGET, name)
        cells, said = {}, {}
        rows = None if situation.is_file else _new(odd)
        for road in ROADS[0 if situation.trains else 1 :]:
            run = learnt if road == "training" or situation.known == "odd" else known
            told = run if isinstance(run, Exception) else _or_error(TO[road], run, files[1], rows)
            cells[road], said[road] = verdict(road, first[road], told, situation)
        cells, said = dict.fromkeys(ROADS, NONE) | cells, {road: [] for road in ROADS} | said
        return {"name": situation.name, "group": situation.group, "cells": cells, "said": said}

    def _first(self, clean: pd.DataFrame) -> tuple[Run, dict[str, Told]]:
        """The run of a clean form, and what each road tells of its new rows."""
        name = f"clean{content_hash(clean)}"
        if name not in self._clean:
            files = _files(clean, as_csv, self._folder / name)
            run = trained(files[0], TARGET, name)
            self._clean[name] = run, {road: TO[road](run, files[1], _new(clean)) for road in ROADS}
        return self._clean[name]


def _new(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that are asked, without their target."""
    new = rows.tail(-TRAINING_ROWS).reset_index(drop=True)
    return new.drop(columns=[name for name in new if name.strip().casefold() == TARGET])


def _files(rows: pd.DataFrame, write, folder: Path) -> tuple[Path, Path]:
    """The file to train on, and that of the new rows."""
    (folder / "train").mkdir(parents=True)
    (folder / "new").mkdir()
    return write(rows.head(TRAINING_ROWS), folder / "train"), write(_new(rows), folder / "new")


def _or_error(work, *given):
    """What a function gives, or its error."""
    try:
        return work(*given)
    except Exception as error:  # of any kind: what a user would see is judged
        return error


def verdict(road: str, first: Told, told, situation: Situation) -> tuple[str, list[str]]:
    """Whether a road is right, and what it said that it had not said of the clean form."""
    if isinstance(told, InputError):
        return SAID, [f"refused: {told}"]
    if isinstance(told, Exception):
        return BROKEN, [f"{type(told).__name__}: {told}"[:300]]
    if told.answers is None:
        return NONE, []
    said = [one for one in told.said if one not in first.said]
    if situation.classes:
        back = {odd: clean for clean, odd in situation.classes.items()}
        back |= {odd.removesuffix(".0"): clean for odd, clean in back.items()}  # 1.0 is named 1
        told.answers = np.array([back.get(str(one), str(one)) for one in told.answers])
    if len(told.answers) != len(first.answers):
        return (SAID if said else SILENT), said
    other = _unlike(road, first.answers, told.answers)
    if not other.any():
        return RIGHT, said
    named = [one for one in said if is_about(one, situation)]
    if not told.at:
        return (SAID if named else SILENT), named or said
    rows = [[one for one in told.at[n] if is_about(one, situation)] for n in np.flatnonzero(other)]
    return (SAID if all(rows) else SILENT), sorted({one for row in rows for one in row})[:3]


def is_about(sentence: str, situation: Situation) -> bool:
    """Whether a sentence is on the column, or on the file as a whole."""
    return COLUMN in sentence or situation.is_file or bool(situation.classes and TARGET in sentence)


def _unlike(road: str, first: np.ndarray, told: np.ndarray) -> np.ndarray:
    """By row whether an answer is another one."""
    if first.dtype.kind != "f" or told.dtype.kind != "f":
        return first.astype(str) != told.astype(str)
    return ~(np.abs(first - told) <= SAME.get(road, 1e-6))


def tell(one: dict) -> None:
    """Print what became of a situation, and what was said where it is not right."""
    cells = "  ".join(f"{one['cells'][road]:8}" for road in ROADS)
    print(f"{one['name'][:58]:58}  {cells}", flush=True)
    for road, cell in one["cells"].items():
        if cell not in (RIGHT, NONE):
            print(f"    {road}: {cell}: {' | '.join(one['said'][road])}"[:400])


def report(found: list[dict]) -> str:
    """The section of READING.md; `found` are the rows of `measured`."""
    cells = Counter(cell for one in found for cell in one["cells"].values())
    tried = cells.total() - cells[NONE]
    said = (
        f"{len(found)} tables that people complain of in public trackers, and their siblings, each "
        f"tried by five roads: {tried} cells. Goal: all right, none silent. "
        f"**Right {cells[RIGHT]}, "
        f"said {cells[SAID]}, silent {cells[SILENT]}, broken {cells[BROKEN]}.** *Right*: the "
        f"answers are those of the clean form. *Said*: some are not, or the rows are refused, and "
        f"a line names the column or what is odd in the file. *Silent*: nothing says so. "
        f"*Training*: a model is trained on either form. The others: a model is asked rows in the "
        f"other form; it was trained on the clean one (†: on this one, which training has to "
        f"know). -: the road takes no such file (MLflow is given what pandas reads, told nothing). "
        f"`python -m benchmarks.situations WORDS` tries those with a word in their name, and "
        f"prints what is said."
    )
    known = {one.name for one in SITUATIONS if one.known == "odd"}
    head = f"| situation | {' | '.join(ROADS)} |\n|---|{'---|' * len(ROADS)}"
    parts = ["## Situations by five roads", said]
    for group in dict.fromkeys(one["group"] for one in found):
        rows = [_row(one, one["name"] in known) for one in found if one["group"] == group]
        parts += [f"### {group.capitalize()}", "\n".join([head, *rows])]
    return "\n\n".join(parts)


def _row(one: dict, is_known: bool) -> str:
    """A row of the report; cells that are not right stand out."""
    name = ascii(one["name"])[1:-1] if "\x1f" in one["name"] else one["name"]
    name = name.replace("|", "\\|").replace("\\N", "\\\\N") + " †" * is_known
    shown = {RIGHT: RIGHT, SAID: SAID, NONE: NONE}
    cells = [shown.get(cell, f"**{cell}**") for cell in (one["cells"][road] for road in ROADS)]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print a line for each situation; what was said of those that are not right."""
    words = tuple(word for word in sys.argv[1:] if not word.startswith("-"))
    found = measured(words, tell)
    print(Counter(cell for one in found for cell in one["cells"].values()))


if __name__ == "__main__":
    main()
