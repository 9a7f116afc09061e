"""Pieces of a text in their order, of which most stay together as runs until one is asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from .cut_lines import Piece, Run


def size_of(part: Piece | Run) -> int:
    """How many pieces a part of a list is."""
    return len(part) if isinstance(part, Run) else 1


def first_of(part: Piece | Run) -> Piece:
    """The first piece of a part."""
    return part.piece(0) if isinstance(part, Run) else part


class PieceList:
    """Pieces and runs of pieces; a slice of it is a list of pieces."""

    def __init__(self, parts: list[Piece | Run]):
        self.parts = parts
        self._places = [0, *accumulate(map(size_of, parts))]

    def __len__(self) -> int:
        return self._places[-1]

    def placed(self) -> Iterator[tuple[int, Piece | Run]]:
        """The parts, each with the place of its first piece."""
        return zip(self._places, self.parts, strict=False)

    def __getitem__(self, wanted: slice) -> list[Piece]:
        return [self._piece(place) for place in range(*wanted.indices(len(self)))]

    def _piece(self, place: int) -> Piece:
        """The piece at a place."""
        number = bisect_right(self._places, place) - 1
        part = self.parts[number]
        return part.piece(place - self._places[number]) if isinstance(part, Run) else part
