"""What the columns of a row say about each other: dependencies, and two facts in one cell.

`draft` mines all collected rows once and writes plain data into the plan; `repair` looks at one
row and the plan alone. A dependency `from → to` (a ZIP gives its city) holds the value of each key
that enough rows agree on. Every relation has a vote on a cell; a cell is overruled only when the
others of its row leave no doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.coded_column import Columns, EncodedColumn
from ..cells.kinds import Kind, kind_of
from ..cells.reading_values import repair_value
from .dependency_vote import CHANGED, JOIN, NO_CELLS, PASSES, DependencyVote
from .row_evidence import others_of

SEPARATORS = (" ", ", ", " - ", "/", " (", ",")
KINDS = {
    "dependency": "its neighbours in the row agree on another value",
    "filled": "given by its neighbours in the row",
    "sources": "most sources of its group, weighted by how often they are confirmed, say so",
    "split": "two facts in one cell",
    "swapped": "two neighbouring cells exchanged, each at home in the other column",
}


def head_and_tail(value: str, tails: set[str]) -> tuple[str, str]:
    """A text that ends in one of some values, cut before it; ("", "") where it does not."""
    for separator in SEPARATORS:
        head, mark, tail = value.rpartition(separator)
        tail = tail.rstrip(")") if "(" in separator else tail
        if mark and tail in tails and head.strip(" ,-/"):
            return head.strip(" ,-/"), tail
    return "", ""


def _split(
    columns: Columns, relation: dict
) -> dict[str, tuple[EncodedColumn | pd.Series, np.ndarray]]:
    """The two columns after a split, and which rows it changed."""
    name, into, tails = relation["split"], relation["into"], set(relation["tails"])
    codes, said = (whole := EncodedColumn.of_cells(columns[name])).codes_and_texts
    parts = [head_and_tail(text, tails) for text in said]
    is_both = np.array([bool(head) for head, _ in parts] + [False])
    rows = np.flatnonzero(is_both[codes] & EncodedColumn.of_cells(columns[into]).isna())
    cut = [parts[code] for code in codes[rows]]
    return {
        name: (whole.with_cells(rows, [head for head, _ in cut]), rows),
        into: (_with_texts(columns[into], rows, [tail for _, tail in cut]), rows),
    }


def _with_texts(
    column: EncodedColumn | pd.Series, rows: np.ndarray, new_texts: list[str]
) -> EncodedColumn:
    """The column with other cells in some rows, given as text."""
    coded = EncodedColumn.of_cells(column)
    return coded.with_cells(rows, _typed(new_texts, coded.values)) if len(rows) else coded


# --- Repairing ----------------------------------------------------------------------------------


def repair(columns: Columns, relations: list[dict]) -> tuple[Columns, dict]:
    """The cleaned columns, repaired from other columns; by column the kind of repair of each row.

    A row's answer depends on that row and the relations alone; rows stay in their order. When a
    cell is filled or overruled, `DependencyVote` says.
    """
    kinds: dict[str, np.ndarray] = {}
    for relation in relations:
        if "split" in relation and {relation["split"], relation["into"]} <= set(columns):
            for name, (column, rows) in _split(columns, relation).items():
                columns = columns | {name: column}
                _note_kind(kinds, name, rows, "split", len(column))
    targets = _by_target(columns, relations)
    columns = columns | {n: EncodedColumn.of_cells(columns[n]) for n in _named(targets)}
    rows = None
    for _ in range(PASSES):
        columns, rows = _vote_on(columns, targets, rows, kinds)
        if not len(rows):
            break
    return columns, kinds


def _vote_on(
    columns: Columns, targets: dict[str, list[dict]], rows: np.ndarray | None, kinds: dict
) -> tuple[Columns, np.ndarray]:
    """The columns after a vote on some rows (None for all), and the rows where a key has changed.

    All votes of a pass are on the rows as they came to it. `kinds` gets what is changed.
    """
    some = columns if rows is None else {n: _at(columns[n], rows) for n in _named(targets)}
    keys = {name for own in targets.values() for relation in own for name in relation["from"]}
    again = [np.arange(0)]
    every = [one for own in targets.values() for one in own]
    votes = {to: count_votes(some, own, others_of(to, own, every)) for to, own in targets.items()}
    for to, vote in votes.items():
        for kind in CHANGED:
            these = vote.of_kind(kind)
            at = vote.rows[these] if rows is None else rows[vote.rows[these]]
            answers = [one.answer for one in vote.verdicts[these]]
            column = _with_texts(columns[to], at, answers)
            columns = columns | {to: column}
            _note_kind(kinds, to, at, kind, len(column))
            again.append(at if to in keys else at[:0])
    return columns, np.unique(np.concatenate(again))


def _at(column: EncodedColumn, rows: np.ndarray) -> EncodedColumn:
    return EncodedColumn(column.codes[rows], column.values)


def _named(targets: dict[str, list[dict]]) -> set[str]:
    """The columns that the dependencies look at."""
    return {name for own in targets.values() for r in own for name in (*r["from"], r["to"])}


def _note_kind(kinds: dict, name: str, rows: np.ndarray, kind: str, count: int) -> None:
    if len(rows):
        kinds.setdefault(name, np.full(count, "", dtype=object))[rows] = kind


def _by_target(columns: Columns, relations: list[dict]) -> dict[str, list[dict]]:
    """The dependencies that can be asked of these columns, by the column that they give."""
    found: dict[str, list[dict]] = {}
    for relation in relations:
        if (
            "to" in relation
            and relation.get("sure", True)
            and {relation["to"], *relation["from"]} <= set(columns)
        ):
            found.setdefault(relation["to"], []).append(relation)
    return found


@dataclass(frozen=True)
class Votes:
    """The verdicts on a column's cells in the `rows` where some relation gives another value.

    `verdicts` has one for each of these rows; `by_relation` what each relation gives there (texts,
    None where it knows nothing), rows × relations.
    """

    rows: np.ndarray
    verdicts: np.ndarray
    by_relation: np.ndarray

    def of_kind(self, kind: str) -> np.ndarray:
        """Which of the rows have this kind of verdict."""
        return np.array([verdict.kind == kind for verdict in self.verdicts], dtype=bool)


def count_votes(
    columns: dict[str, EncodedColumn], relations: list[dict], others: list[dict] = ()
) -> Votes:
    """The verdicts on a column by all relations that give it: one vote a distinct combination.

    `others` are relations that tell of its values and keys (see `row_evidence`).
    """
    vote, (rows, codes, texts) = DependencyVote(relations, others), _contested(columns, relations)
    beside = {name: columns[name].codes_and_texts for name in vote.names}
    groups, first = _distinct_rows(np.column_stack([codes, *(c[rows] for c, _ in beside.values())]))
    texts = np.array([*texts, None], dtype=object)  # the last, at -1, is for nothing
    seen = [np.array([*said, None], dtype=object)[c[rows[first]]] for c, said in beside.values()]
    cells = [dict(zip(beside, one, strict=True)) for one in zip(*seen, strict=True)]
    found, combinations = np.empty(len(first), dtype=object), texts[codes[first]].tolist()
    for at, (own, *votes) in enumerate(combinations):
        found[at] = vote.verdict(own, votes, cells[at] if cells else NO_CELLS)
    return Votes(rows, found[groups], texts[codes[:, 1:]])


def contested_rows(columns: dict[str, EncodedColumn], relations: list[dict]) -> np.ndarray:
    """The rows in which some relation gives another value than the cell has, or fills a gap."""
    return _contested(columns, relations)[0]


def _contested(
    columns: dict[str, EncodedColumn], relations: list[dict]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The contested rows; in each the codes of the cell and of what each relation gives; texts."""
    own, known_texts = columns[relations[0]["to"]].codes_and_texts
    places = {text: code for code, text in enumerate(known_texts)}
    given = [_predicted_values(columns, relation, places) for relation in relations]
    rows = np.zeros(len(own), dtype=bool)
    for one in given:
        rows |= (one >= 0) & (one != own)
    at = np.flatnonzero(rows)
    return at, np.column_stack([one[at] for one in (own, *given)]), list(places)


def _distinct_rows(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row of whole numbers from -1 on the group of equal rows, and each group's first."""
    groups = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:
        groups = pd.factorize(groups * (column.max(initial=0) + 2) + column + 1)[0]
    return groups, np.unique(groups, return_index=True)[1]


def _predicted_values(
    columns: dict[str, EncodedColumn], relation: dict, places: dict[str, int]
) -> np.ndarray:
    """What a dependency says of its column, row by row; -1 where it knows nothing.

    As codes by `places`, which gets more of them where a text is new.
    """
    codes, keys = _determinant([columns[name] for name in relation["from"]])
    values = map(relation["values"].get, keys)
    answers = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return np.array([*answers, -1])[codes]


def _determinant(columns: list[EncodedColumn]) -> tuple[np.ndarray, list[str]]:
    """The texts of one column, or of two joined, as codes and their values."""
    (codes, said), *second = (column.codes_and_texts for column in columns)
    if not second:
        return codes, said
    others, said_too = second[0]
    both = codes * np.int64(len(said_too)) + others
    both[(codes < 0) | (others < 0)] = -1
    found, pairs = pd.factorize(both)
    places = (divmod(pair, len(said_too)) if pair >= 0 else None for pair in pairs.tolist())
    return found, [said[at[0]] + JOIN + said_too[at[1]] if at else None for at in places]


def _typed(values: list[str], column: pd.Series) -> list:
    """Texts as cells of a column."""
    kind = kind_of(column)
    if kind in (Kind.TEXT, Kind.DURATION):
        return values
    read = {value: repair_value(value, {"kind": kind})[0] for value in set(values)}
    return [read[value] for value in values]


def check(relations, columns) -> None:
    """Raise InputError, saying what and where, when what a plan has of relations can't be followed.

    >>> check([{"from": ["zip"], "to": "town", "values": {}}], ["zip", "city"])
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: The plan's relation 1 names no column 'town'. There are: \
zip, city.
    """
    if not isinstance(relations, list):
        raise InputError("The plan's relations are a list, one mapping each.")
    for number, relation in enumerate(relations, 1):
        for name in _columns_of(number, relation):
            if name not in columns:
                raise InputError(
                    f"The plan's relation {number} names no column '{name}'. "
                    f"{nearest(name, columns)}"
                )


NO_RELATION = (
    "The plan's relation {} can't be followed: it has from (one or two columns), to and values "
    "(quoted text to quoted text), or split, into and tails, or swap and home (lists of quoted "
    "text)."
)


def _columns_of(number: int, relation) -> list[str]:
    """The columns that a relation names; raises where it is none."""
    relation = relation if isinstance(relation, dict) else {}
    if "split" in relation and _is_texts(relation.get("tails")):
        return [relation["split"], relation.get("into")]
    pair, home = relation.get("swap"), relation.get("home")
    if _is_texts(pair) and len(pair) == 2 and isinstance(home, dict):
        if all(_is_texts(listed) for listed in home.values()):
            return [*pair, *home]
    elif isinstance(relation.get("values"), dict):
        texts_only = all(isinstance(t, str) for pair in relation["values"].items() for t in pair)
        keys = relation.get("from")
        if texts_only and isinstance(keys, list) and 1 <= len(keys) <= 2:
            return [*keys, relation.get("to")]
    raise InputError(NO_RELATION.format(number))


def _is_texts(some) -> bool:
    return isinstance(some, list) and all(isinstance(one, str) for one in some)
