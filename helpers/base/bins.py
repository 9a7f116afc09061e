"""Groups of numbers that are equally full: bins between quantiles."""

import numpy as np


def quantile_places(count: int, groups: int) -> np.ndarray:
    """Where, among so many sorted numbers, each of equally full groups but the last one ends.

    The quantile is always one of the numbers (the inverse of the empirical distribution; type 1 of
    Hyndman and Fan 1996), so it is of use for dates, whole numbers and numbers near 1e308 too.

    >>> quantile_places(10, 4)
    array([2, 4, 7])
    """
    return -(-np.arange(1, groups) * count // groups) - 1


def equal_groups(values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of up to `most` equally full groups (-1 where missing or infinite), and their edges.

    A number on an edge belongs to the group below it; a number that fills several groups has one.
    Up to `most` different numbers are a group each, and then the edges are these numbers; else they
    are one more than the groups, the least and the largest number among them.

    >>> equal_groups(np.array([1.0, 5.0, np.nan, 1.0]), 10)
    (array([ 0,  1, -1,  0]), array([1., 5.]))
    >>> equal_groups(np.arange(6.0), 3)
    (array([0, 0, 1, 1, 2, 2]), array([0., 1., 3., 5.]))
    """
    present = np.isfinite(values)
    found = np.sort(values[present])
    edges = np.unique(found)
    cuts = edges
    if len(edges) > most:
        cuts = np.unique(found[quantile_places(len(found), most)])
        edges = np.concatenate([[found[0]], cuts[cuts < found[-1]], [found[-1]]])
    return np.where(present, np.searchsorted(cuts, values), -1), edges
