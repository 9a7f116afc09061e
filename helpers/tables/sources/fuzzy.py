"""Keys that are written otherwise in each table: matched by the duplicate finder, or a doubt.

Nothing doubtful is joined: it is listed, for a person to settle with `same:` in the recipe.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...cells.tidy_text import fingerprint, tidy
from ..blocking import pairs_in_blocks
from ..duplicate_rows import are_alike, find_pairs
from .keys import key_text

SURE = 0.9  # similarity (by edit distance) from which on one near value is the same thing
LEAD = 0.05  # by which the nearest must be ahead of the next
MOST_OF_A_TRIGRAM = 200  # values; more of them say nothing
DOUBTS = ["value", "candidate", "similarity", "why"]


def fuzzy_places(
    left: list[pd.Series], right: list[pd.Series], same: dict[str, str] | None = None
) -> tuple[np.ndarray, pd.DataFrame]:
    """For each of n left rows the position of its right row (-1: none), and the doubts.

    A doubt has `value`, `candidate`, `similarity` and `why`. `same` pairs values that a person has
    settled.

    >>> ours, theirs = pd.Series(["Acme Ltd", "Bluebird Trading"]), pd.Series(["ACME Ltd.", "Xo"])
    >>> fuzzy_places([ours], [theirs])[0].tolist()
    [0, -1]
    """
    if len(left) == 1:
        return _by_one(key_text(left[0]), key_text(right[0]), same or {})
    return _by_several(left, right)


def _by_one(left: pd.Series, right: pd.Series, same: dict) -> tuple[np.ndarray, pd.DataFrame]:
    """By one column: first what a difference of case or marks makes, then near values."""
    codes, values = pd.factorize(left)
    values = [str(same.get(one, one)) for one in values]
    ours, theirs = [fingerprint(v) for v in values], right.dropna().map(fingerprint)
    place_of = pd.Series(theirs.index, index=theirs).groupby(level=0).first()
    place = place_of.reindex(ours).fillna(-1).to_numpy(dtype=int)
    open_ones = np.flatnonzero(place < 0)
    found, doubts = _near([values[n] for n in open_ones], right, set(ours))
    place[open_ones] = found
    return np.append(place, -1)[codes], doubts


def _near(values: list[str], right: pd.Series, taken: set) -> tuple[np.ndarray, pd.DataFrame]:
    """The near right value of each value, where one is sure; the doubts."""
    place, doubts = np.full(len(values), -1), []
    theirs = right.dropna().drop_duplicates()
    pairs = _near_pairs(values, theirs.tolist())
    for number, group in pairs.groupby("left"):
        best = group.iloc[0]
        target = theirs.iloc[int(best["right"])]
        if why := _why_doubtful(group, fingerprint(target) in taken):
            doubts.append((values[number], target, round(float(best["similarity"]), 2), why))
        else:
            place[number] = theirs.index[int(best["right"])]
    return place, pd.DataFrame(doubts, columns=DOUBTS)


def _why_doubtful(group: pd.DataFrame, is_taken: bool) -> str:
    """Why the nearest of some near values is not surely the same thing; "" where it is."""
    nearest = group["similarity"].to_numpy()
    if len(nearest) > 1 and nearest[0] - nearest[1] < LEAD:
        return "two are as near"
    if nearest[0] < SURE:
        return "not near enough"
    return "the candidate has a row of its own spelling" if is_taken else ""


def _near_pairs(ours: list[str], theirs: list[str]) -> pd.DataFrame:
    """The pairs of values that are alike: `left`, `right` (places) and `similarity`, best first."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    a, b = ([tidy(text).casefold() for text in side] for side in (ours, theirs))
    pairs = _sharing_trigrams(a, b)
    left, right = (np.array(side, dtype=object)[pairs[:, n]] for n, side in enumerate((a, b)))
    kept = are_alike(left, right, np.ones(len(pairs), dtype=bool), is_text=True)
    pairs = pairs[kept]
    score = cpdist(left[kept], right[kept], scorer=OSA.normalized_similarity) if kept.any() else []
    found = pd.DataFrame({"left": pairs[:, 0], "right": pairs[:, 1], "similarity": score})
    return found.sort_values(["left", "similarity"], ascending=[True, False])


def _sharing_trigrams(a: list[str], b: list[str]) -> np.ndarray:
    """The pairs of places in two lists of texts that share three letters in a row."""
    grams = [(gram, place) for place, text in enumerate([*a, *b]) for gram in _trigrams(text)]
    if not grams:
        return np.zeros((0, 2), dtype=int)
    keys = pd.factorize(pd.Series([gram for gram, _ in grams]))[0]
    places = np.array([place for _, place in grams])
    pairs = np.unique(pairs_in_blocks(keys, places, MOST_OF_A_TRIGRAM), axis=0)
    across = pairs[(pairs[:, 0] < len(a)) & (pairs[:, 1] >= len(a))]
    return across - [0, len(a)]


def _trigrams(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _by_several(left: list[pd.Series], right: list[pd.Series]) -> tuple[np.ndarray, pd.DataFrame]:
    """By several columns: records that `duplicate_rows.find_pairs` takes for one."""
    ours, theirs = (pd.concat([key_text(c) for c in side], axis=1, keys=range(len(side)))
                    for side in (left, right))  # fmt: skip
    codes = ours.groupby(list(ours), dropna=False, sort=False).ngroup().to_numpy()
    distinct = ours.drop_duplicates()
    pairs = find_pairs(pd.concat([distinct, theirs], ignore_index=True))
    pairs = pairs[(pairs["left"] < len(distinct)) & (pairs["right"] >= len(distinct))]
    place, doubts = np.full(len(distinct), -1), []
    for number, group in pairs.groupby("left"):
        best = group.iloc[0]
        found = int(best["right"]) - len(distinct)
        if len(group) > 1 and group["bits"].iloc[1] == best["bits"]:
            doubts.append(
                (_record(distinct, number), _record(theirs, found), 1.0, "two are as near")
            )
        else:
            place[number] = found
    return place[codes], pd.DataFrame(doubts, columns=DOUBTS)


def _record(frame: pd.DataFrame, place: int) -> str:
    return ", ".join(frame.iloc[int(place)].dropna().astype("str"))
