"""What the dependencies between columns leave open: cells for the review list."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..cells.coded_column import EncodedColumn
from .dependency_vote import DISPUTED
from .repair_by_dependency import count_votes
from .row_evidence import others_of

MOST_LIKELY = 300  # likely repairs that are listed for one column
DISAGREE, ANY_OTHER, BY = "rows of one key disagree", "(any other)", "by "
EARLIER = "sources disagree"  # the kind's name in review lists of earlier versions


def likely_errors(columns: dict[str, EncodedColumn], relations: list[dict]) -> list[dict]:
    """The cells that only one dependency contradicts: for a person to decide."""
    found = []
    targets = {one["to"]: [r for r in relations if r["to"] == one["to"]] for one in relations}
    for to, own in targets.items():
        vote = count_votes(columns, own, others_of(to, own, relations))
        disputed = np.flatnonzero(vote.of_kind(DISPUTED))[: 10 * MOST_LIKELY]
        for relation, given in zip(own, vote.by_relation[disputed].T, strict=True):
            speaks = np.array([text is not None for text in given], dtype=bool)
            suggested = given[speaks].tolist()
            found += _likely_of(columns, relation, vote.rows[disputed[speaks]], suggested)
    return found


def low_agreement_item(relation: dict, cells: int) -> dict:
    """The question about a whole relation whose rows agree too little: one line for a person."""
    return {
        "column": relation["to"],
        "value": ANY_OTHER,
        "where": {},
        "cells": cells,
        "kind": DISAGREE,
        "suggestion": BY + " + ".join(relation["from"]),
        "evidence": f"rows of one {' + '.join(relation['from'])} agree in "
        f"{relation['agree']:.0%} only; yes takes the majority",
    }


def confirm_dependency(relations: list[dict], to: str, suggestion: str) -> list[dict]:
    """The relations with the one that a person has agreed to made sure; see `low_agreement_item`.

    >>> confirm_dependency([{"from": ["train"], "to": "time", "sure": False}], "time", "by train")
    [{'from': ['train'], 'to': 'time', 'sure': True}]
    """
    named = suggestion.removeprefix(BY)
    is_it = [r.get("to") == to and " + ".join(r["from"]) == named for r in relations]
    if not any(is_it) and suggestion.startswith(BY):
        return [*relations, named_relation(named.split(" + "), to)]
    return [r | {"sure": True} if it else r for r, it in zip(relations, is_it, strict=True)]


def named_relation(names: list[str], to: str) -> dict:
    """A dependency that a person has named, before its values are learnt."""
    return {"from": names, "to": to, "agree": 0.5, "rows": 0, "values": {}, "sure": True}


def _likely_of(
    columns: dict[str, EncodedColumn], relation: dict, rows: np.ndarray, suggested: list[str]
) -> Iterator[dict]:
    own, *keys = (_texts_at(columns[name], rows) for name in (relation["to"], *relation["from"]))
    lines = zip(own, suggested, *keys, strict=True)
    counts = pd.Series(list(lines), dtype=object).value_counts().head(MOST_LIKELY)
    for (value, suggestion, *key), cells in counts.items():
        yield {
            "column": relation["to"],
            "value": value,
            "where": dict(zip(relation["from"], key, strict=True)),
            "cells": int(cells),
            "kind": "contradicts its neighbour",
            "suggestion": suggestion,
            "evidence": f"{in_words(relation)} in {relation['agree']:.1%} of "
            f"{relation['rows']:,} rows",
        }


def _texts_at(column: EncodedColumn, rows: np.ndarray) -> list[str]:
    """The texts of the cells of some rows; none of them is missing."""
    codes, held = column.codes_and_texts
    return [held[code] for code in codes[rows]]


def name_of(relation: dict) -> str:
    """What sort of relation it is, in words."""
    names = {
        "source": "columns given by the vote of sources",
        "to": "columns that give another",
        "split": "columns with two facts in a cell",
    }
    return next((name for key, name in names.items() if key in relation), "exchanged columns")


def in_words(relation: dict) -> str:
    """A relation in words.

    >>> in_words({"from": ["zip"], "to": "city"})
    'zip → city'
    """
    if "to" in relation:
        return f"{' + '.join(relation['from'])} → {relation['to']}"
    if "split" in relation:
        return f"{relation['split']} → {relation['split']}, {relation['into']}"
    return " ↔ ".join(relation["swap"])
