"""Tables that are drawn with letters: columns lined up by blanks, or between bars as in Markdown.

Each line is written anew with one delimiter between its cells; lines keep their numbers. A line
that is drawn below the header (`---+---`) is told by `is_rule`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .dialects import Dialect, lines_of
from .find_dialect import ALIKE, cut_by, find_cut, is_table

RULE = re.compile(r"[\s|+:=-]*[-=]{2,}[\s|+:=-]*")


def is_rule(line: str) -> bool:
    """Whether a line is drawn between the header and the rows.

    >>> is_rule("|----|:--:|"), is_rule("-1,-2")
    (True, False)
    """
    return bool(RULE.fullmatch(line))


def undrawn(sample: str) -> tuple[str, str]:
    """The beginning of a text with one delimiter between cells where it is drawn, and that.

    Without a delimiter the text is as it was.

    >>> undrawn("| a | b |" + chr(10) + "| 1 | 2 |"), undrawn("a,b")
    (('a|b\\n1|2', '|'), ('a,b', ''))
    """
    mark = "|" if _is_between_bars(sample) else " " if _is_lined_up(sample) else ""
    return (redrawn(sample, mark) if mark else sample), mark


def redrawn(text: str, mark: str) -> str:
    """A drawn table with this delimiter between cells.

    >>> redrawn("12   Oulu", " ")
    '12 Oulu'
    """
    way = _between_bars if mark == "|" else _squeezed
    return "".join(map(_by_line(way), text.splitlines(keepends=True)))


def _by_line(way: Callable[[str], str]) -> Callable[[str], str]:
    """A change of a line that leaves its end as it is."""

    def changed(line: str) -> str:
        bare = line.rstrip("\r\n")
        return way(bare) + line[len(bare) :]

    return changed


def _between_bars(line: str) -> str:
    bare = line.strip().removeprefix("|").removesuffix("|").strip()
    return re.sub(r" *\| *", "|", bare)


def _squeezed(line: str) -> str:
    return re.sub(" +", " ", line.strip(" "))


def _is_between_bars(sample: str) -> bool:
    """Whether nearly all lines begin and end with a bar."""
    lines = [line.text.strip() for line in lines_of(sample) if line.text.strip()]
    framed = sum(line[0] == line[-1] == "|" and len(line) > 2 for line in lines)
    return len(lines) > 1 and framed >= ALIKE * len(lines)


def _is_lined_up(sample: str) -> bool:
    """Whether blanks line up columns, and no delimiter parts the lines as they are."""
    if "  " not in sample:
        return False
    if (found := find_cut(sample, lines_of(sample))) and found.dialect.delimiter != " ":
        return False
    text = "".join(map(_by_line(_squeezed), sample.splitlines(keepends=True)))
    lines = [line for line in lines_of(text) if line.text]
    cut = cut_by(text, lines[1:], Dialect(" "))
    return bool(cut) and cut.width > 1 and cut.share >= ALIKE and is_table(lines, cut)
