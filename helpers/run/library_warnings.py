"""Warnings of libraries in an executed notebook: each shown once, in its place; none fails it."""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

# As Python writes one: `place:line: Category: message`, then the line of code, indented by two
HEADER = re.compile(r"(?P<place>[^\n:]+):(?P<line>\d+): (?P<kind>\w*Warning): (?P<message>.*)")
HIDDEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def never_fail() -> None:
    """Take back `error` for warnings, which somebody's PYTHONWARNINGS or -W asks for their tests.

    It would also fail the notebooks' kernels, which inherit the environment.
    """
    if not any(action == "error" for action, *_ in warnings.filters):
        return
    os.environ.pop("PYTHONWARNINGS", None)
    warnings.resetwarnings()
    for category in HIDDEN:  # as Python does by default
        warnings.simplefilter("ignore", category)


def each_warning_once(notebook):
    """The notebook with each warning once, where it came first (changed in place).

    It says how often it came, and of the file only the name: where a library is installed is
    nobody's business. Whatever else stands in an error stream is kept as it is.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    streams = [output for cell in code for output in cell.outputs if _is_err(output)]
    counts = Counter(key for stream in streams for key, _ in _blocks(stream.text) if key)
    told: set[tuple] = set()
    for stream in streams:
        stream.text = "".join(_told_first(stream.text, counts, told))
    for cell in code:
        cell.outputs = [o for o in cell.outputs if not _is_err(o) or o.text]
    return notebook


def _told_first(text: str, counts: Counter, told: set[tuple]) -> Iterator[str]:
    """The parts of a stream, but for the warnings that were told before."""
    for key, part in _blocks(text):
        if key is None:
            yield part
        elif key not in told:
            told.add(key)
            yield _worded(part, counts[key])


def _is_err(output) -> bool:
    return output.output_type == "stream" and output.name == "stderr"


def _blocks(text: str) -> list[tuple[tuple | None, str]]:
    """A stream in parts: each a warning, with its kind and message as key, or other text."""
    parts, lines = [], text.splitlines(keepends=True)
    while lines:
        first = lines.pop(0)
        found = HEADER.match(first)
        if found and lines and lines[0].startswith("  ") and not HEADER.match(lines[0]):
            lines.pop(0)  # the line of code: the message says more
        parts.append(((found["kind"], found["message"]) if found else None, first))
    return parts


def _worded(header: str, times: int) -> str:
    """A warning in words.

    >>> _worded("/somewhere/lib/parallel.py:607: FutureWarning: This will change.", 3)
    'FutureWarning: This will change. (parallel.py, line 607; 3 times)\\n'
    """
    found = HEADER.match(header)
    place = PurePath(found["place"]).name
    # The name of a cell's file is a number that changes
    where = "this cell" if re.fullmatch(r"\d+\.py|<ipython-input.*", place) else place
    often = f"; {times} times" if times > 1 else ""
    return f"{found['kind']}: {found['message']} ({where}, line {found['line']}{often})\n"
