"""The vote of sources on the value of each key: Bayesian, with weights learnt from the claims.

A source weighs by how often the others confirm it (X. L. Dong, L. Berti-Equille, D. Srivastava
2009, Proceedings of the VLDB 2, 550-561); sources that share their errors count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

ROUNDS = 8
SURE = 0.8  # probability of a value, to overrule others
WRONG = 0.5  # a value less likely than that counts as an error of those who claim it
FEWEST_ERRORS = 5  # keys in which two sources are wrong, before one counts as a copy of the other
COPIED = 0.8  # of these keys have the same wrong value
WRONG_VALUES = (3.0, 30.0)  # so many wrong values to choose from are counted
ACCURACY = (0.05, 0.98)  # no source is taken for worse or better
PRIOR = 4.0  # claims by which a source's own accuracy is drawn to the mean of all


def pairs_of(key: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A number for each pair of a key and a value; and the pairs."""
    return pd.factorize(key.astype(np.int64) * (column.max(initial=0) + np.int64(1)) + column)


@dataclass(frozen=True)
class Claims:
    """What sources say of keys: for each claim the key, the source, the pair of key and value."""

    key: np.ndarray
    source: np.ndarray
    pair: np.ndarray
    key_of_pair: np.ndarray
    value_of_pair: np.ndarray

    @classmethod
    def of(cls, key: np.ndarray, source: np.ndarray, value: np.ndarray) -> Claims:
        """The claims of rows, all three given as codes (-1 is missing)."""
        known = (key >= 0) & (source >= 0) & (value >= 0)
        keys = pd.factorize(key[known])[0]
        pair, pairs = pairs_of(keys, value[known])
        key_of, value_of = np.divmod(pairs, value[known].max(initial=0) + np.int64(1))
        return cls(keys, source[known], pair, key_of, value_of)

    def per_key(self, of_pairs: np.ndarray, gather) -> np.ndarray:
        """For each pair what `gather` (a ufunc) makes of the figures of its key's pairs."""
        found = np.full(
            self.key_of_pair.max(initial=-1) + 1, -np.inf if gather is np.maximum else 0.0
        )
        gather.at(found, self.key_of_pair, of_pairs)
        return found[self.key_of_pair]


def probabilities(claims: Claims) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each pair of key and value, and each source's accuracy.

    All sources weigh the same at first, but for those that share what few others say; then turn by
    turn the values are judged by the sources' weights, and the sources by the values, each without
    its own claim.
    """
    count = claims.source.max(initial=-1) + 1
    accuracy = np.full(count, 0.8)
    wrongs = _wrong_values(claims)
    said = np.bincount(claims.pair) / np.bincount(claims.key)[claims.key_of_pair]
    shared = _shares_of_copies(claims, said, count)
    for turn in range(ROUNDS):
        claim_odds = _odds(accuracy, wrongs)[claims.source] * shared
        votes = np.bincount(claims.pair, claim_odds, len(claims.key_of_pair))
        sound, others = _softmax(claims, votes, claim_odds, wrongs)
        accuracy = _accuracy(claims, others, count)
        if turn % 2:
            shared = _shares_of_copies(claims, sound, count)
    return sound, accuracy


def _odds(accuracy: np.ndarray, wrongs: float) -> np.ndarray:
    """A claim's weight: how much likelier it is where it is right than where it is wrong.

    A wrong claim is one of several that could have been made (`wrongs`).
    """
    return np.maximum(np.log(wrongs * accuracy / (1 - accuracy)), 0.05)


def _wrong_values(claims: Claims) -> float:
    """How many wrong values there are to choose from, in effect: how rarely two wrong claims agree.

    Claims of a key count as wrong here that are not of its most frequent value.
    """
    cells = np.bincount(claims.pair).astype(float)
    most = claims.per_key(cells, np.maximum)
    lesser = np.where(cells < most, cells, 0.0)
    each = np.bincount(claims.key_of_pair, lesser)
    alike, pairs = (lesser * (lesser - 1)).sum(), (each * (each - 1)).sum()
    return float(np.clip((pairs + 1) / (alike + 1), *WRONG_VALUES))


def _softmax(claims: Claims, votes: np.ndarray, claim_odds: np.ndarray, wrongs: float):
    """The probability of each pair; and of each claim's pair by the votes of others alone.

    The values that nobody has claimed stand beside the others, with no vote.
    """
    top = np.maximum(claims.per_key(votes, np.maximum), 0.0)
    mass = np.exp(votes - top)
    total = claims.per_key(mass, np.add) + wrongs * np.exp(-top)
    without = np.exp(votes[claims.pair] - claim_odds - top[claims.pair])
    rest = total[claims.pair] - mass[claims.pair] + without
    return mass / total, without / np.maximum(rest, 1e-300)


def _accuracy(claims: Claims, others: np.ndarray, count: int) -> np.ndarray:
    """How often the others confirm each source, drawn to the mean; keys of one are no test."""
    tested = np.bincount(claims.key)[claims.key] > 1
    right = np.bincount(claims.source[tested], others[tested], count)
    claimed = np.bincount(claims.source[tested], minlength=count)
    mean = right.sum() / max(claimed.sum(), 1)
    return np.clip((right + PRIOR * mean) / (claimed + PRIOR), *ACCURACY)


def _shares_of_copies(claims: Claims, sound: np.ndarray, count: int) -> np.ndarray:
    """For each claim its part of a vote: sources that make the same errors share one."""
    from scipy.sparse import csr_array

    copied = _copied(claims, sound[claims.pair] < WRONG, count)
    if not copied.any():
        return np.ones(len(claims.pair))
    claimed = _indicator(claims.pair, claims.source, len(claims.key_of_pair), count)
    alike = claimed @ csr_array(copied)
    return 1 / (1 + np.asarray(alike[claims.pair, claims.source]).ravel())


def _copied(claims: Claims, wrong: np.ndarray, count: int) -> np.ndarray:
    """How far each source is a copy of each other, as a matrix.

    It is the share in which they say the same, of the keys where both are wrong.
    """
    failed = _indicator(claims.pair[wrong], claims.source[wrong], len(claims.key_of_pair), count)
    erred = _indicator(claims.key[wrong], claims.source[wrong], claims.key.max() + 1, count)
    same, errors = (failed.T @ failed).toarray(), (erred.T @ erred).toarray()
    np.fill_diagonal(same, 0)
    copied = np.where(errors >= FEWEST_ERRORS, same / np.maximum(errors, 1), 0.0)
    return np.where(copied >= COPIED, copied, 0.0)


def _indicator(rows: np.ndarray, sources: np.ndarray, count: int, width: int):
    """A sparse matrix of ones where a source has claimed a pair, or erred in a key."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, sources)), shape=(count, width))


@dataclass(frozen=True)
class Vote:
    """The outcome for one column: by key its likeliest value, and how it was come by.

    `probability` is that of the value, `said` how many rows of the key say so, `of` how many say
    anything, `next` the value that comes next (-1 for none); all but `accuracy` are aligned.
    """

    keys: np.ndarray
    values: np.ndarray
    probability: np.ndarray
    said: np.ndarray
    of: np.ndarray
    accuracy: np.ndarray

    def sure(self) -> np.ndarray:
        """Which keys have a value that may overrule others."""
        return self.probability >= SURE


def vote(key: np.ndarray, source: np.ndarray, value: np.ndarray) -> Vote:
    """The outcome of the vote on one column, all given as codes of rows (-1 is missing).

    >>> key, source = np.repeat(np.arange(30), 3), np.tile(np.arange(3), 30)
    >>> value = key.copy()
    >>> value[::9] = 31
    >>> found = vote(key, source, value)
    >>> (found.values == found.keys).all().item(), found.accuracy.argmin().item()
    (True, 0)
    """
    known = (key >= 0) & (source >= 0) & (value >= 0)
    if not known.any():
        return _no_vote()
    claims = Claims.of(key, source, value)
    sound, accuracy = probabilities(claims)
    first = _likeliest(claims, sound)
    said = np.bincount(claims.pair, minlength=len(sound))
    keys, of = pd.unique(key[known]), np.bincount(claims.key)
    at = claims.key_of_pair[first]
    return Vote(keys[at], claims.value_of_pair[first], sound[first], said[first], of[at], accuracy)


def _no_vote() -> Vote:
    """The outcome where nothing is claimed."""
    nothing = np.empty(0, dtype=int)
    return Vote(nothing, nothing, nothing.astype(float), nothing, nothing, nothing)


def _likeliest(claims: Claims, sound: np.ndarray) -> np.ndarray:
    """For each key the place of its most probable pair."""
    order = np.lexsort((-sound, claims.key_of_pair))
    return order[np.r_[True, np.diff(claims.key_of_pair[order]) > 0]]
