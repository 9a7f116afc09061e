"""A line whose quotes break the rules, read in the one way that gives as many fields as the others.

`2,"BH-9,7.5,"a, b"` has a stray quote: with four fields to be found, only one reading is left, in
which the quote before BH-9 is a letter like any other.
"""

from __future__ import annotations

from .dialects import Dialect

STRAY, INNER, LOOKS_CUT = 2.0, 1.0, 0.5  # what a reading costs: the cheapest is taken
MOST_WORK = 200_000  # steps; a line that needs more is set aside


def mended(line: str, dialect: Dialect, width: int) -> list[str] | None:
    """The fields of a line, so many; None where no reading gives that many, or two do as well.

    >>> mended('2,"BH-9,7.5,"a, b"', Dialect(), 4)
    ['2', '"BH-9', '7.5', 'a, b']
    >>> mended('1,"24"","An easy ride, short"', Dialect(), 3)
    ['1', '24"', 'An easy ride, short']
    >>> mended("1,2", Dialect(), 4)
    """
    pieces = line.split(dialect.delimiter)
    if len(pieces) < width or len(pieces) * width > MOST_WORK:
        return None
    best = _cheapest(pieces, dialect, width)
    return best[1] if best and best[2] == 1 else None


def _cheapest(pieces: list[str], dialect: Dialect, width: int) -> tuple | None:
    """The cost, the fields and the number of the cheapest readings of all pieces as `width` fields.

    `found[n, k]` is that of the first n pieces as k fields.
    """
    found: dict[tuple[int, int], tuple[float, list[str], int]] = {(0, 0): (0.0, [], 1)}
    slack = len(pieces) - width  # how many delimiters stand inside fields
    steps = [list(_fields_from(pieces, place, slack, dialect)) for place in range(len(pieces))]
    for place in range(len(pieces)):
        for count in range(max(0, place - slack), min(place, width) + 1):
            if (begun := found.get((place, count))) is not None:
                for end, cost, cell in steps[place]:
                    _keep(found, (end, count + 1), begun, cost, cell)
    return found.get((len(pieces), width))


def _keep(found: dict, key: tuple[int, int], begun: tuple, cost: float, cell: str) -> None:
    """Note a reading where it is the cheapest so far; count those that cost the same."""
    total, known = begun[0] + cost, found.get(key)
    if known is None or total < known[0]:
        found[key] = (total, [*begun[1], cell], begun[2])
    elif total == known[0]:
        found[key] = (total, known[1], known[2] + begun[2])


def _fields_from(pieces: list[str], place: int, slack: int, dialect: Dialect):
    """The fields that may begin at a piece: where each ends, what it costs, its content."""
    first, quote = pieces[place].strip(" "), dialect.quote
    if not first.startswith(quote):
        yield place + 1, INNER / 4 * (quote in first), pieces[place]
        return
    if not _is_whole(first, quote):
        yield place + 1, STRAY, pieces[place]
    for end in range(place + 1, min(place + slack, len(pieces) - 1) + 2):
        text = dialect.delimiter.join(pieces[place:end]).strip(" ")
        if len(text) > 1 and text.endswith(quote):
            cuts = sum(piece.strip(" ")[-1:] == quote for piece in pieces[place : end - 1])
            cuts += sum(piece.strip(" ")[:1] == quote for piece in pieces[place + 1 : end])
            yield end, _cost_of(text[1:-1], dialect) + LOOKS_CUT * cuts, _content(text, dialect)


def _is_whole(piece: str, quote: str) -> bool:
    """Whether a piece is a field in quotes by itself."""
    return len(piece) > 1 and piece.endswith(quote) and quote not in piece[1:-1]


def _cost_of(inner: str, dialect: Dialect) -> float:
    """What quotes inside quotes cost that are neither doubled nor escaped."""
    return INNER * (dialect.quote in _without_proper(inner, dialect))


def _without_proper(inner: str, dialect: Dialect) -> str:
    if dialect.escape:
        inner = inner.replace(dialect.escape + dialect.quote, "")
    return inner.replace(dialect.quote * 2, "")


def _content(text: str, dialect: Dialect) -> str:
    """What stands between the quotes of a field; doubled quotes count as one."""
    inner, quote = text[1:-1], dialect.quote
    if dialect.escape:
        return inner.replace(dialect.escape + quote, quote)
    return inner.replace(quote * 2, quote)
