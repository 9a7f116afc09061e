"""Rows that are evenly spaced over a table: which ones to look at where not all are needed."""

from collections import Counter

import numpy as np


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """The positions of up to `most` of `count` rows, at even steps, in ascending order.

    The first row and the last are among them (the first alone, where `most` is 1); each position is
    rounded to the nearest row, halves to the even one. All rows, where there are no more than
    `most`; no position comes twice.

    >>> evenly_spaced(9, 3)
    array([0, 4, 8])
    >>> evenly_spaced(2, 5), evenly_spaced(0, 5)
    (array([0, 1]), array([], dtype=int64))
    """
    return np.linspace(0, max(count - 1, 0), min(count, most)).round().astype("int64")


def evenly_spaced_words(words: Counter, count: int) -> Counter:
    """This many words, evenly spaced over the alphabet."""
    every = sorted(words)
    places = evenly_spaced(len(every), count)
    return Counter({every[place]: words[every[place]] for place in places})
