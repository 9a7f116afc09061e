"""One row repair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..cells.as_texts import as_text
from ..cells.reading_values import repair_value
from .repair_by_dependency import HEARD_ODDS, JOIN, UNHEARD_ODDS, head_and_tail
from .typing_errors import is_typing_error


def row_repair(relations: list[dict], kinds: dict[str, str]) -> Callable[[dict], None]:
    """The one-row form of `repair`: a function that repairs a cleaned row (a dict) in place.

    `kinds` has the kind of each column. The values of a row are Python's own; missing is None.

    >>> row = {"zip": "01970", "city": None}
    >>> row_repair([{"from": ["zip"], "to": "city", "agree": 1, "values": {"01970": "Salem"}}],
    ...            {"zip": "category", "city": "category"})(row)
    >>> row["city"]
    'Salem'
    """
    splits = [(r["split"], r["into"], set(r["tails"])) for r in relations if "split" in r]
    targets: dict[str, list[dict]] = {}
    for relation in relations:
        if "to" in relation and relation.get("sure", True):
            targets.setdefault(relation["to"], []).append(relation)
    voters = [(to, [_voter(r) for r in own]) for to, own in targets.items()]
    listed = {to: {v for r in own for v in r["values"].values()} for to, own in targets.items()}
    names = list({n: 0 for own in targets.values() for r in own for n in (*r["from"], r["to"])})

    def mend(row: dict) -> None:
        for name, into, tails in splits:
            if row[into] is None and row[name] is not None:
                head, tail = head_and_tail(as_text(row[name]), tails)
                if head:
                    row[name], row[into] = head, tail
        said = {n: v if (v := row[n]) is None or type(v) is str else as_text(v) for n in names}
        for to, own in voters:
            value = _overruled(said, to, own, listed[to])
            if value is not None:
                kind = kinds[to] if kinds[to] in ("number", "date", "boolean") else ""
                row[to] = repair_value(value, {"kind": kind})[0] if kind else value

    return mend


def _voter(relation: dict) -> tuple:
    odds = np.log(relation["agree"] / max(1 - relation["agree"], 0.001))
    first, second = (*relation["from"], None)[:2]
    return first, second, relation["values"], float(odds), relation.get("sure") is True


def _overruled(cell: dict, to: str, voters: list[tuple], listed: set[str]) -> str | None:
    """What a cell of one row becomes by the votes on it, as `count_votes` has it; None: it stays."""
    own, answer, known, odds, by_person = cell[to], None, 0, 0.0, False
    agree = contested = True
    for first, second, values, weight, personal in voters:
        key = cell[first]
        if key is None:
            continue
        if second is not None:
            key = None if cell[second] is None else key + JOIN + cell[second]
        vote = values.get(key)
        if vote is None:
            continue
        known, odds, by_person = known + 1, odds + weight, by_person or personal
        agree = agree and (answer is None or answer == vote)
        contested = contested and vote != own
        answer = vote if answer is None else answer
    if not known or not agree or not contested:
        return None
    if own is None:
        return answer
    unheard = own not in listed
    sure = known >= 2 and odds > (UNHEARD_ODDS if unheard else HEARD_ODDS)
    slip = unheard and known == 1 and is_typing_error(own, answer)
    return answer if sure or slip or by_person else None


def row_unswap(relations: list[dict], columns: dict, readers: dict) -> Callable[[dict, dict], None]:
    """The one-row form of `unswap`: puts exchanged cells of a raw row back, and reads them again.

    The function takes the raw row and what `readers` made of it; both are changed in their place.
    """
    swaps = []
    for swap in (r for r in relations if "swap" in r):
        homes = [frozenset(swap["home"][n]) if n in swap["home"] else None for n in swap["swap"]]
        swaps.append((*swap["swap"], *homes))

    def put_back(raw: dict, row: dict) -> None:
        for a, b, home_a, home_b in swaps:
            left, right = raw.get(a), raw.get(b)
            if left is None or right is None:
                continue
            if (row[a] is not None) if home_a is None else (left in home_a):
                continue  # nearly every row: it is at home where it is
            left, right = as_text(left), as_text(right)
            if _at_home_in(left, home_a, readers[a]) or _at_home_in(right, home_b, readers[b]):
                continue
            if _at_home_in(right, home_a, readers[a]) and _at_home_in(left, home_b, readers[b]):
                raw[a], raw[b] = right, left
                row[a], row[b] = readers[a](right)[0], readers[b](left)[0]

    return put_back


def _at_home_in(text: str, home: frozenset | None, reader: Callable) -> bool:
    return reader(text)[0] is not None if home is None else text in home
