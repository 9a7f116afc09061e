"""What is said of how a text was read: what was taken for the header, which lines were set aside.

Each sentence ends with the setting that undoes the decision, where there is one.
"""

from __future__ import annotations

from functools import partial

from .cut_lines import Piece
from .odd_files import lines, renamed, so_many, some
from .sort_lines import ABOVE, AGAIN, OTHER, Sorted
from .text_layout import NAMES_OF_MARKS, Layout

MOST_TOLD = 3
BEHIND = "behind the file's name"


def of_layout(layout: Layout, written: list[str], names: list[str]) -> list[str]:
    """What is said of the delimiter, the quotes and the header."""
    return [*layout.notes, _dialect(layout), _header(layout), renamed(written, names)
            if layout.names is not None and any(written) else ""]  # fmt: skip


def _dialect(layout: Layout) -> str:
    """The delimiter and the quotes, where they are not the usual ones."""
    dialect, said = layout.dialect, []
    if layout.width > 1 and dialect.delimiter not in ",;\t|":
        said.append(f"{NAMES_OF_MARKS.get(dialect.delimiter, dialect.delimiter)} as delimiter")
    if dialect.quote != '"':
        said.append("single quotes around cells")
    if dialect.escape:
        said.append("a backslash before quotes within cells")
    if not said:
        return ""
    return (
        f"The file was read with {', '.join(said)} (otherwise: ?delimiter=comma&quote=double "
        f"{BEHIND})."
    )


def _header(layout: Layout) -> str:
    """A header that is absent, or of several rows."""
    if layout.names is None and not layout.is_told:
        return (
            f"The file has no header: its first row looks like the others. The columns are named "
            f"column_1, column_2 and so on (?header={layout.start} {BEHIND}: that line is it)."
        )  # fmt: skip
    if len(layout.header) > 1:
        numbers = lines([piece.line for piece in layout.header])
        return (
            f"The header has {len(layout.header)} rows ({numbers}); their names are joined "
            f"(?header={layout.header[-1].line} {BEHIND}: that line alone)."
        )
    return ""


def of_lines(found: Sorted, layout: Layout) -> list[str]:
    """What is said of lines: those set aside, by reason, and those that were read with care."""
    kinds = {name: [p for p, why in found.aside if why.startswith(name)]
             for name in (ABOVE, AGAIN, OTHER)}  # fmt: skip
    tell = {ABOVE: _above, AGAIN: _again, OTHER: _other}
    aside = [tell[name](pieces) for name, pieces in kinds.items() if pieces]
    read = [tell(numbers) for numbers, tell in (
        (found.mended, partial(_mended, width=layout.width)), (found.padded, _padded),
        (found.blank, _blank)) if numbers]  # fmt: skip
    return [_broken(found), *aside, *read]


def _broken(found: Sorted) -> str:
    """The lines that are no rows, the first with their reasons."""
    if not found.broken:
        return ""
    broken = {id(piece) for piece in found.broken}
    told = [f"line {p.line:,}: {why}" for p, why in found.aside if id(p) in broken][:MOST_TOLD]
    more = len(found.broken) - len(told)
    return (
        f"{so_many(found.broken, 'line')} can't be read as a row and "
        f"{_was(found.broken)} set aside ({'; '.join(told)}"
        f"{f'; and {more:,} more' if more else ''}). Correct them, or say how many there may "
        f"be: ?bad_lines=0.01 {BEHIND}."
    )


def _above(pieces: list[Piece]) -> str:
    told = (
        f"{so_many(pieces, 'line')} above the header ({_numbers(pieces)}) {_was(pieces)} set aside"
    )
    return f"{told} (?header=4 {BEHIND}, if line 4 is the header)."


def _again(pieces: list[Piece]) -> str:
    they = "It was" if len(pieces) == 1 else "They were"
    told = f"{so_many(pieces, 'row')} like the header ({_numbers(pieces)})"
    return f"{told}: are these two files in one? {they} set aside, the rows below kept."


def _other(pieces: list[Piece]) -> str:
    return (
        f"Another table or a footer begins in line {pieces[0].line:,} ({some([pieces[0].text])}): "
        f"its {so_many(pieces, 'line')} {_was(pieces)} set aside. To read it, save it as a file."
    )


def _mended(rows: list[int], width: int) -> str:
    return (
        f"{so_many(rows, 'row')} with quotes that break the rules ({lines(rows)}): read in the "
        f"only way that gives {width} fields, stray quotes kept."
    )


def _padded(rows: list[int]) -> str:
    told = f"{so_many(rows, 'row')} with fewer fields than the header ({lines(rows)})"
    return f"{told}: the absent fields count as missing."


def _blank(rows: list[int]) -> str:
    return f"{so_many(rows, 'blank line')} between the rows ({lines(rows)}), which are no rows."


def _numbers(pieces: list[Piece]) -> str:
    return lines([piece.line for piece in pieces])


def _was(pieces: list[Piece]) -> str:
    return "was" if len(pieces) == 1 else "were"
