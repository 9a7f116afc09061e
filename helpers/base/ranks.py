"""Ranks, and the ROC AUC, which is a mean of ranks."""

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 on; equal values share the mean of theirs. No value may be missing.

    `scipy.stats.rankdata` gives the same, takes four times as long (3.3 ms against 0.7 ms for
    40,000 different values) and half a second to import.

    >>> ranks(np.array([3.0, 1.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def roc_auc(yes: np.ndarray, scores: np.ndarray) -> float:
    """The probability that a positive row is ranked above a negative one (Mann and Whitney 1947).

    `yes` holds a boolean a row, `scores` a number a row, the higher the surer; equal scores count
    half. NaN where all rows are of one class. scikit-learn's `roc_auc_score` gives the same and
    takes several times as long, most of it on checking its input; a bootstrap asks hundreds of
    times.

    >>> roc_auc(np.array([False, True, True]), np.array([0.2, 0.2, 0.9]))
    0.75
    """
    yes = np.asarray(yes, dtype=bool)
    positives, negatives = int(yes.sum()), int((~yes).sum())
    if not positives or not negatives:
        return float("nan")
    summed = ranks(scores)[yes].sum()
    return float((summed - positives * (positives + 1) / 2) / (positives * negatives))


def roc_auc_without(
    yes: np.ndarray, scores: np.ndarray, block: np.ndarray, count: int
) -> np.ndarray:
    """The ROC AUC with each block of rows left out in turn, all in one sorting.

    `block` numbers the block of each row, from 0 to `count` - 1. A block takes with it the pairs
    that its rows are in: those of its positives, those of its negatives, less those within it,
    which were counted twice. NaN where only one class is left.

    >>> roc_auc_without(np.array([False, True, True]), np.array([0.2, 0.2, 0.9]), np.arange(3), 3)
    array([nan, 1. , 0.5])
    """
    yes, place = np.asarray(yes, dtype=bool), np.unique(scores, return_inverse=True)[1]
    won = _wins(yes, place)
    within = np.bincount(block, _wins(yes, place, block), count) / 2
    lost = np.bincount(block, won, count) - within
    positives, negatives = (mask.sum() - np.bincount(block[mask], minlength=count)
                            for mask in (yes, ~yes))  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        return (won.sum() / 2 - lost) / (positives * negatives)


def _wins(yes: np.ndarray, place: np.ndarray, block: np.ndarray | None = None) -> np.ndarray:
    """For each row the pairs that it wins as a positive, or that are won against it.

    A pair of equal places counts half. With `block`, only pairs within a block.
    """
    block = np.zeros(len(place), int) if block is None else block
    places = int(place.max(initial=0)) + 1
    cells, cell = np.unique(block * places + place, return_inverse=True)
    starts = np.searchsorted(cells, cells // places * places)  # where the cell's block begins
    ends = np.searchsorted(cells, (cells // places + 1) * places)
    positives, negatives = (np.bincount(cell[mask], minlength=len(cells)) for mask in (yes, ~yes))
    no, is_yes = (np.append(0, counts.cumsum()) for counts in (negatives, positives))
    below = no[:-1] - no[starts] + negatives / 2
    above = is_yes[ends] - is_yes[1:] + positives / 2
    return np.where(yes, below[cell], above[cell])
