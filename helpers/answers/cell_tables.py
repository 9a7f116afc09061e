"""TreeSHAP by look-up: what some leaves add together, worked out once for every case.

Leaves that stand side by side ask nearly the same questions. Their limits cut the rows into cells,
in each of which they all add the same to every column: these numbers are kept in a table, and a row
costs a look into each. (Yang 2021, "Fast TreeSHAP", https://arxiv.org/abs/2109.09847, keeps a table
a leaf; a table of neighbours needs a third of the looks.) Where the tables would be too large,
`tables_of` gives None: `cut_trees` has a shorter way, `path_shapley` the exact one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .path_shapley import weights
from .tree_paths import NONE, Paths

MOST_NUMBERS = 1 << 23  # in all tables: 64 MB
MOST_LEAVES = 20_000  # of more the tables are not even tried: they take seconds to make
SIZES = (4_096, 1_024, 256)  # numbers in one table, the largest that fits in all is taken
BLOCK = 8_192  # rows at once: their numbers stay in the cache


@dataclass(frozen=True)
class Group:
    """Some leaves, and by feature the limits at which what they add changes."""

    leaves: slice
    limits: dict[int, list[float]]

    @property
    def cells(self) -> int:
        """In how many cases the leaves differ."""
        return math.prod(len(some) + 1 for some in self.limits.values())


@dataclass(frozen=True)
class Table:
    """What a group adds in each cell: cells × places; `places` are those of K × columns.

    A row's cell is the sum of `steps` over the limits that it lies above, each a (feature, limit).
    """

    group: Group
    numbers: np.ndarray
    places: np.ndarray

    @property
    def steps(self) -> list[tuple[int, float, int]]:
        """(feature, limit, step) of each limit."""
        found, step = [], self.group.cells
        for feature, limits in self.group.limits.items():
            step //= len(limits) + 1
            found += [(feature, limit, step) for limit in limits]
        return found


def tables_of(paths: Paths, shares: np.ndarray, most: int = MOST_NUMBERS) -> CellTables | None:
    """The tables of all leaves; None where they would hold more than `most` numbers."""
    for size in SIZES if len(paths.feature) <= MOST_LEAVES else ():
        groups = list(_groups(paths, shares, size))
        if sum(_size(group, shares) for group in groups) * paths.value.shape[1] <= most:
            tables = [_table(paths, shares, group) for group in groups]
            return CellTables([t for t in tables if len(t.places)], paths, shares)
    return None


class CellTables:
    """As `PathShapley`, by look-up; rows with missing features it does not answer."""

    def __init__(self, tables: list[Table], paths: Paths, shares: np.ndarray):
        self.base = (paths.value * paths.share.prod(axis=1)[:, None]).sum(axis=0)
        self.shape = len(self.base), shares.shape[1]
        self.tables = tables
        self._flatten()
        self.limits = _all_limits(tables)
        self.looks = [(_steps_by_code(t, self.limits), t.places, list(np.ascontiguousarray(
            t.numbers.T))) for t in tables]  # fmt: skip

    def _flatten(self) -> None:
        """All tables one behind the other, for a row at once."""
        tables = self.tables
        steps = [step for table in tables for step in table.steps]
        self.feature = np.array([feature for feature, _, _ in steps], dtype=np.intp)
        self.limit = np.array([limit for _, limit, _ in steps])
        width = np.array([len(table.places) for table in tables], dtype=np.intp)
        counts = [len(table.steps) for table in tables]
        self.step = np.array([step for _, _, step in steps]) * width.repeat(counts)
        self.first = np.cumsum([0, *counts])[:-1].astype(np.intp)
        self.numbers = np.concatenate([np.zeros(0), *(t.numbers.ravel() for t in tables)])
        start = np.cumsum([0, *(table.numbers.size for table in tables)])[:-1]
        self.table = np.arange(len(tables)).repeat(width)
        self.place = np.concatenate([np.zeros(0, int), *(table.places for table in tables)])
        within = np.arange(width.sum()) - (np.cumsum(width) - width).repeat(width)
        self.start = start[self.table] + within

    def row(self, x: np.ndarray) -> np.ndarray:
        """K × columns of one row of features."""
        size = self.shape[0] * self.shape[1]
        if not self.tables:
            return np.zeros(self.shape)
        above = x.take(self.feature) > self.limit
        cell = np.add.reduceat(above * self.step, self.first)
        added = self.numbers.take(self.start + cell.take(self.table))
        return np.bincount(self.place, added, size).reshape(self.shape)

    def rows(self, X: np.ndarray) -> np.ndarray:
        """n × K × columns of n rows of features."""
        found = np.zeros((self.shape[0] * self.shape[1], len(X)))
        for start in range(0, len(X), BLOCK):
            these = slice(start, start + BLOCK)
            self._block(np.ascontiguousarray(X[these].T), found[:, these])
        return found.T.reshape(len(X), *self.shape)

    def _block(self, features: np.ndarray, found: np.ndarray) -> None:
        """Add what each table says of some rows (features × n) to `found` (places × n)."""
        codes = {f: some.searchsorted(features[f]) for f, some in self.limits.items()}
        for steps, places, columns in self.looks:
            cell = sum(step.take(codes[feature]) for feature, step in steps)
            for place, numbers in zip(places, columns, strict=True):
                found[place] += numbers.take(cell)


def _all_limits(tables: list[Table]) -> dict[int, np.ndarray]:
    """By feature all limits of all tables, in order: how many a row lies above is its code."""
    found: dict[int, set] = {}
    for table in tables:
        for feature, limits in table.group.limits.items():
            found.setdefault(feature, set()).update(limits)
    return {feature: np.array(sorted(some)) for feature, some in found.items()}


def _steps_by_code(table: Table, known: dict[int, np.ndarray]) -> list[tuple[int, np.ndarray]]:
    """By feature of a table, for each code how far it moves the cell."""
    found = []
    for feature in table.group.limits:
        own = [(limit, step) for f, limit, step in table.steps if f == feature]
        moves = np.zeros(len(known[feature]) + 1, dtype=np.intp)
        for limit, step in own:
            moves[known[feature].searchsorted(limit) + 1 :] += step
        found.append((feature, moves))
    return found


def _groups(paths: Paths, shares: np.ndarray, size: int) -> Iterator[Group]:
    """Neighbouring leaves, as many as a table of so many numbers can hold; at least one."""
    start, limits = 0, {}
    for leaf in range(len(paths.feature)):
        own = _limits_of(paths, leaf)
        joined = _joined(limits, own)
        if leaf > start and _size(Group(slice(start, leaf), joined), shares) > size:
            yield Group(slice(start, leaf), limits)
            start, joined = leaf, own
        limits = joined
    yield Group(slice(start, len(paths.feature)), limits)


def _limits_of(paths: Paths, leaf: int) -> dict[int, list[float]]:
    found = {}
    for place, feature in enumerate(paths.feature[leaf]):
        if feature != NONE:
            ends = paths.low[leaf, place], paths.high[leaf, place]
            found[int(feature)] = [float(end) for end in ends if math.isfinite(end)]
    return found


def _joined(some: dict[int, list[float]], more: dict[int, list[float]]) -> dict:
    return some | {f: sorted({*some.get(f, ()), *limits}) for f, limits in more.items()}


def _size(group: Group, shares: np.ndarray) -> int:
    """How many numbers the table of a group holds, of each of the K."""
    return group.cells * int((shares[list(group.limits)] != 0).any(axis=0).sum())


def _table(paths: Paths, shares: np.ndarray, group: Group) -> Table:
    """The table of a group: each cell asked with a row that lies in it."""
    some = paths.only(group.leaves)
    some = paths.only(group.leaves, max(1, int(some.lengths.max())))
    examples = np.zeros((group.cells, shares.shape[0] + 1))  # the last column is for NONE
    axes = [[*limits, np.inf] for limits in group.limits.values()]
    for feature, values in zip(group.limits, np.meshgrid(*axes, indexing="ij"), strict=True):
        examples[:, feature] = values.ravel()
    asked = examples[:, some.feature]
    inside = ~(asked <= some.low) & ~(asked > some.high)
    weight = weights(inside, some.share).reshape(group.cells, -1)
    owner = np.vstack([shares, np.zeros(shares.shape[1])])[some.feature]  # leaves × D × columns
    given = some.value[:, None, :, None] * owner[:, :, None, :]  # leaves × D × K × columns
    given = given.reshape(weight.shape[1], -1)
    places = np.flatnonzero(given.any(axis=0))
    return Table(group, weight @ given[:, places], places)
