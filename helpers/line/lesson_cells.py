"""Lesson cells: what a notebook does by hand with the table of the course, skipped for others.

Our own engine takes these cells out before it runs a notebook. Under the plain `papermill` command
and in JupyterLab they come as any other cell: IPython then gets one sentence to run in their place.
"""

from __future__ import annotations

import builtins
import json
from functools import cache
from pathlib import Path

LESSON = "lesson"  # the tag
SAID = "*This cell is a lesson on the table of the course, not on yours: it was skipped.*"
INSTEAD = f'__import__("IPython.display", fromlist=["Markdown"]).Markdown({SAID!r})\n'


class LessonSkipper:
    """An input transformer of IPython: the lesson cells of one notebook become one sentence.

    It knows them by their text, so a cell that somebody has written anew is run.

    >>> skip = LessonSkipper({"mean = table.mean()"})
    >>> skip(["mean = table.mean()  ", ""]) == [INSTEAD], skip(["mean = 3"])
    (True, ['mean = 3'])
    """

    def __init__(self, texts: frozenset[str] | set[str]):
        self.texts = texts

    def __call__(self, lines: list[str]) -> list[str]:
        """The lines of a cell, or of the sentence that is shown in its place."""
        return [INSTEAD] if _plain("".join(lines)) in self.texts else lines


@cache
def lesson_texts(notebook: Path) -> frozenset[str]:
    """The code of a notebook's lesson cells, as texts without spaces at the ends of lines."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lessons = [c for c in cells if LESSON in c["metadata"].get("tags", [])]
    return frozenset(_plain("".join(c["source"])) for c in lessons if c["cell_type"] == "code")


def skip_lessons(notebook: Path, skip: bool) -> None:
    """Let the running IPython skip the lesson cells of a notebook, or run them again.

    Nothing is done where code runs outside IPython.
    """
    find_shell = getattr(builtins, "get_ipython", None)  # there while IPython runs a cell
    if find_shell is None or (shell := find_shell()) is None:
        return
    transformers = shell.input_transformers_cleanup
    transformers[:] = [t for t in transformers if not isinstance(t, LessonSkipper)]
    if skip:
        transformers.insert(0, LessonSkipper(lesson_texts(notebook)))


def _plain(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.splitlines()).strip()
