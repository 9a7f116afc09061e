"""Typing errors among the values of one column: which are one edit apart, and which are meant.

Candidates are found by deletion: two values one edit apart become equal when one letter is left
out of each (Mor and Fraenkel 1982), so nothing has to be compared with everything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..tables.blocking import pairs_in_blocks

MOST_IN_BLOCK = 50  # values that share a key; more say nothing about a typing error
FEWEST_LETTERS = 4
RARE = 3  # cells of a value that may be a typing error
RARE_SHARE = 0.02  # or this share of all cells, where there are many
RARE_SHARE_IF_MANY = 0.1  # where many cells of the table are wrong
TIMES = 4  # the intended value is this many times as frequent
TIMES_IF_MANY = 20  # where more than `RARE` cells hold the typing error
TIMES_IF_SHORT = 20  # where it has four letters only
LONG = 10  # from so many letters on, more than one edit may be a typing error
EDITS_A_LETTER = 0.2
ALIKE = 0.4  # of the letters may be wrong where a neighbour in the row says what was meant
ONE_FORM = 0.95  # of the cells of frequent codes are written in one form
_NO_DIGIT = re.compile(r"\D+")
MOST_COMPARED = 4_000
# A closed list of names: nearly all cells hold frequent values, and most values of one to three
# cells are within a letter of a frequent one. Among the names of people (FEBRL) one rare value in
# ten has such a neighbour; among misspelt cities, owners and measures of hospitals nine in ten.
CLOSED_CELLS = 0.8
CLOSED_NEAR = 0.5
LONGEST_NAME = 200  # letters; what is longer is prose, and costs the square of its length


def one_edit_pairs(values: Sequence[str]) -> pd.DataFrame:
    """The pairs of different values that are one edit apart: `value`, `other`, `distance`.

    An edit is an insertion, a deletion, a substitution or a transposition. Time and memory grow
    with the number of letters; a key that more than `MOST_IN_BLOCK` values share is left out.

    >>> one_edit_pairs(["Boston", "Bostom", "Salem"]).values.tolist()
    [['Bostom', 'Boston', 1]]
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    values = sorted(set(values))
    left, right = _same_key(*_deletion_keys(values))
    if not len(left):
        return pd.DataFrame({"value": [], "other": [], "distance": []}).astype({"distance": int})
    texts = np.array(values, dtype=object)
    distance = cpdist(texts[left], texts[right], scorer=OSA.distance, score_cutoff=1, dtype=np.int8)
    near = distance == 1
    return pd.DataFrame({"value": texts[left[near]], "other": texts[right[near]], "distance": 1})


def _deletion_keys(values: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """A number for each value and each of its deletions, and the place of the value."""
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    keys = np.fromiter(
        (hash(key) for value in values for key in _with_deletions(value)),
        dtype=np.int64,
        count=int(lengths.sum()) + len(values),
    )
    return keys, np.repeat(np.arange(len(values)), lengths + 1)


def _with_deletions(value: str):
    yield value
    for place in range(len(value)):
        yield value[:place] + value[place + 1 :]


def _same_key(keys: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of places that share a key, each once."""
    pairs = pairs_in_blocks(keys, places, MOST_IN_BLOCK)
    pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0)
    return pairs[:, 0], pairs[:, 1]


def typos(
    counts: Mapping[str, int] | pd.Series, many: bool = False
) -> tuple[dict[str, str], list[dict]]:
    """The rare values that are typing errors of a frequent one, and those that may be.

    `counts` has the cells of each value. A typing error differs in letters, never in a digit, from
    one frequent value alone. It is *sure* in a closed list of names only (see `CLOSED_CELLS`); what
    is likely has `value`, `cells`, `suggestion` and `evidence`. With `many`, where the table shows
    that many of its cells are wrong, a typing error may come more often.

    >>> typos({"Boston": 60, "Salem": 40, "Bostom": 1, "Salme": 1})[0]
    {'Bostom': 'Boston', 'Salme': 'Salem'}
    >>> typos({"room a": 60, "room b": 40})
    ({}, [])
    """
    counts = pd.Series(counts, dtype="int64").sort_values(ascending=False, kind="stable")
    counts = counts[[len(value) <= LONGEST_NAME for value in counts.index]]
    names = np.array([value.casefold() for value in counts.index], dtype=object)  # no column's name
    folded = counts.groupby(names).sum().sort_index()
    sure, likely = _typing_errors(folded, many)
    by_words = _mistyped_words(folded.drop(list(sure)))
    # Each name in small letters, as it is written most often (which is set last).
    written = {value.casefold(): value for value in reversed(counts.index)}
    meant = {value: written.get(name, name) for value, name in (sure | by_words).items()}
    repaired = {v: meant[v.casefold()] for v in counts.index if v.casefold() in meant}
    left = [item for item in likely if item["value"] not in by_words]
    return dict(sorted(repaired.items())), [_as_written(item, written) for item in left]


def _as_written(item: dict, written: dict[str, str]) -> dict:
    """A review item with its names as the column writes them."""
    return item | {key: written[item[key]] for key in ("value", "suggestion")}


def _mistyped_words(counts: pd.Series) -> dict[str, str]:
    """The rare values with a mistyped word, where words are a closed list: "12 patiexts"."""
    words = _count_long_words(counts)
    if words.empty:
        return {}
    sure, _ = _typing_errors(words)
    rare_cells = max(RARE, RARE_SHARE * int(counts.sum()))
    return {
        value: " ".join(sure.get(part, part) for part in value.split(" "))
        for value in counts.index[counts <= rare_cells]
        if any(part in sure for part in value.split(" "))
    }


def _count_long_words(counts: pd.Series) -> pd.Series:
    """How many cells have each word, in the order of the alphabet."""
    words: Counter = Counter()
    for value, cells in counts.items():
        for word in set(_long_words(value)):
            words[word] += int(cells)
    return pd.Series(words, dtype="int64").sort_index()


def _long_words(value: str) -> list[str]:
    parts = value.split(" ")
    return [p for p in parts if len(parts) > 1 and p.isalpha() and len(p) >= FEWEST_LETTERS]


def _typing_errors(counts: pd.Series, many: bool = False) -> tuple[dict[str, str], list[dict]]:
    """The sure and the likely typing errors among some texts (see `typos`)."""
    rare = _rare(counts, many)
    if not rare:  # as in most columns: nothing to compare
        return {}, []
    found = _meant(rare, counts, TIMES if many else TIMES_IF_MANY)
    closed = _is_closed_list(found, counts)
    near = {value: meant for value, meant in found.items() if meant}
    sure = {value: meant[0] for value, meant in near.items() if closed and len(meant) == 1}
    likely = [_review_item(v, m, counts, closed) for v, m in near.items() if v not in sure]
    return sure, likely


def _rare(counts: pd.Series, many: bool) -> list[str]:
    """The texts that are rare enough to be typing errors; of codes those of another form."""
    rare_cells = max(RARE, (RARE_SHARE_IF_MANY if many else RARE_SHARE) * int(counts.sum()))
    forms = _code_forms(counts)
    return [value for value in counts.index[counts <= rare_cells]
            if _letters(value) or (forms and _form(value) not in forms)]  # fmt: skip


def _is_closed_list(found: dict[str, list], counts: pd.Series) -> bool:
    """Whether values are a closed list of names (see `CLOSED_CELLS`).

    `found` has, for each rare value, the frequent ones that it may be a typing error of.
    """
    near = [value for value, meant in found.items() if meant]
    explained = int(counts[counts > RARE].sum()) + int(counts[near][counts[near] <= RARE].sum())
    few = [meant for value, meant in found.items() if counts[value] <= RARE]
    most_near = sum(map(bool, few)) >= CLOSED_NEAR * len(few)
    return explained >= CLOSED_CELLS * int(counts.sum()) and most_near


def _review_item(value: str, meant: list[str], counts: pd.Series, closed: bool) -> dict:
    others = f", also like {', '.join(meant[1:3])}" if len(meant) > 1 else ""
    why = "" if closed else "; rare values are common in this column"
    return {
        "value": value,
        "cells": int(counts[value]),
        "suggestion": meant[0],
        "evidence": f"{counts[meant[0]]:,} cells hold {meant[0]}{others}{why}",
    }


def _code_forms(counts: pd.Series) -> set[str]:
    """The forms of a column of codes, all digits, in which nearly all frequent ones are written.

    >>> _code_forms(pd.Series({"35233": 9, "35234": 8, "3x233": 1}))
    {'99999'}
    """
    frequent = counts[counts > RARE]
    forms = frequent.groupby([_form(value) for value in frequent.index]).sum()
    usual = set(forms.index[forms >= ONE_FORM * frequent.sum()])
    return {form for form in usual if len(form) >= FEWEST_LETTERS and set(form) == {"9"}}


def _letters(value: str) -> bool:
    return sum(mark.isalpha() for mark in value) >= FEWEST_LETTERS


def _digits(value: str) -> str:
    return _NO_DIGIT.sub("", value)


def _meant(rare: list[str], counts: pd.Series, times: int) -> dict[str, list[str]]:
    """For each rare value the frequent ones that it may stand for, the nearest first.

    They are so many `times` as frequent, where more than `RARE` cells hold the value.
    """
    found: dict[str, list[tuple]] = {value: [] for value in rare}
    pairs = one_edit_pairs(counts.index)
    every = pd.concat([pairs, pairs.rename(columns={"value": "other", "other": "value"})])
    cells = counts.to_dict()
    near = zip(every["value"], every["distance"], every["other"], strict=True)
    for value, distance, other in (*near, *_further(rare, counts)):
        if value in found and _may_be(value, other, cells, times):
            found[value].append((distance, -cells[other], other))
    nearest = {value: _nearest(meant) for value, meant in found.items()}
    return {v: [other for other in meant if not nearest.get(other)] for v, meant in nearest.items()}


def _nearest(meant: list[tuple]) -> list[str]:
    """The names at the least distance; a further one counts only where it is hardly further."""
    if not meant:
        return []
    meant = sorted(set(meant))
    least = meant[0][0]
    return list(dict.fromkeys(other for distance, _, other in meant if distance <= least))


def _may_be(value: str, other: str, counts: dict[str, int], times: int) -> bool:
    """Whether a value may be a typing error of another: much rarer, different in words only."""
    many = times == TIMES
    times = TIMES if counts[value] <= RARE else times
    times = times if len(value) > FEWEST_LETTERS else TIMES_IF_SHORT
    if counts[other] < times * counts[value]:
        return False
    if _differ_in_words(value, other) or _breaks_form(value, other):
        return True
    return many and not _digits(other) and _without_digits(value) == other


def _differ_in_words(value: str, other: str) -> bool:
    """Whether two texts differ in words, not in a code or a number.

    The words that differ have four letters or more; three will do in a longer text of no digits.

    >>> _differ_in_words("Bostom MA", "Boston MA"), _differ_in_words("al_hf-1", "ak_hf-1")
    (True, False)
    """
    if _digits(value) != _digits(other):
        return False
    ours, theirs = _words(value), _words(other)
    if len(ours) != len(theirs):
        return _digits(other) == "" and len(other) >= LONG
    apart = [b for a, b in zip(ours, theirs, strict=True) if a != b]
    fewest = FEWEST_LETTERS - (not _digits(other) and len(other) >= 2 * FEWEST_LETTERS)
    return all(word.isalpha() and len(word) >= fewest for word in apart)


def is_typing_error(value: str, other: str) -> bool:
    """Whether one text is another with a few letters wrong, but no digit.

    In a code of digits one place may be wrong where that breaks its form (see `_breaks_form`).

    >>> is_typing_error("flxrexce", "florence"), is_typing_error("Roxbury", "Boston")
    (True, False)
    >>> is_typing_error("12 a", "12 b"), is_typing_error("3x233", "35233")
    (False, True)
    """
    from rapidfuzz.distance import OSA

    if _breaks_form(value, other):
        return OSA.distance(value, other) <= 1
    if not _differ_in_words(value, other):
        return False
    return OSA.distance(value, other) <= max(1, int(ALIKE * max(len(value), len(other))))


def _breaks_form(value: str, code: str) -> bool:
    """Whether a text is not written as a code of digits is: a letter in it, a digit too few.

    >>> _breaks_form("3x233", "35233"), _breaks_form("35234", "35233"), _breaks_form("a1", "a12")
    (True, False, False)
    """
    return code.isdigit() and len(code) >= FEWEST_LETTERS and _form(value) != _form(code)


def _form(text: str) -> str:
    """How a text is written: digits, letters and marks, each in its place."""
    return "".join("9" if m.isdigit() else "a" if m.isalpha() else m for m in text)


def _without_digits(text: str) -> str:
    return "".join(mark for mark in text if not mark.isdigit())


def strangers(counts: pd.Series) -> list[str]:
    """The values that nothing is to be learnt from in a table with many errors.

    They are rare, or one edit away from a value that is `TIMES` as frequent, however short.

    >>> strangers(pd.Series({"yes": 60, "no": 9, "ys": 12, "Lima": 2}))
    ['Lima', 'ys']
    """
    rare = counts.index[counts <= RARE]
    if counts[rare].sum() >= counts.sum() / 2:
        return []  # most values are rare: it is no list of names
    words = [value for value in counts.index[counts > RARE] if not _digits(value)]
    pairs = one_edit_pairs(words)
    left, right = counts[pairs["value"]].to_numpy(), counts[pairs["other"]].to_numpy()
    rarer = np.where(left < right, pairs["value"], pairs["other"])
    far = np.maximum(left, right) >= TIMES * np.minimum(left, right)
    return sorted({*rare, *rarer[far]})


def _words(text: str) -> list[str]:
    return "".join(mark if mark.isalnum() else " " for mark in text).split()


def _further(rare: list[str], counts: pd.Series):
    """Long rare values and the frequent ones that are a few edits away: value, edits, other."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    long = [value for value in rare if len(value) >= LONG][:MOST_COMPARED]
    frequent = counts[counts > RARE].sort_values(ascending=False).index
    frequent = [value for value in frequent if len(value) >= LONG][:MOST_COMPARED]
    if not long or not frequent:
        return
    most = np.array([int(EDITS_A_LETTER * len(value)) for value in long])
    distance = cdist(
        long, frequent, scorer=OSA.distance, score_cutoff=int(most.max()), dtype=np.int16
    )
    near = (distance <= most[:, None]) & (distance > 1) & _may_differ(long, frequent)
    for row, column in zip(*np.nonzero(near), strict=True):
        yield long[row], int(distance[row, column]), frequent[column]


def _may_differ(rare: list[str], frequent: list[str]) -> np.ndarray:
    """Which pairs can be in words alone: their digits are the same, or the frequent one has none,
    or nothing else (as `_may_be` asks of one pair)."""
    codes, _ = pd.factorize(pd.Series([_digits(value) for value in [*rare, *frequent]]))
    special = np.array([value.isdigit() or not _digits(value) for value in frequent])
    return (codes[: len(rare), None] == codes[None, len(rare) :]) | special
