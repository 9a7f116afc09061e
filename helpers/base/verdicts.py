"""The verdicts on a model, as stage 6 writes them and every later stage reads them.

Good enough is what a person has asked for: a threshold, a margin, costs. Where nobody asked for
anything, the verdict only says whether the model is better than the baseline, beyond the noise.
"""

GOOD, NOT_GOOD = "good enough", "not good enough"
BETTER, NO_BETTER = "better than the baseline", "not better than the baseline"


def passes(verdict: str) -> bool:
    """Whether a model may be deployed, registered and promoted, and `--gate` is content.

    >>> [passes(one) for one in (GOOD, NOT_GOOD, BETTER, NO_BETTER)]
    [True, False, True, False]
    """
    return verdict in (GOOD, BETTER)


def was_required(verdict: str) -> bool:
    """Whether somebody had said what is good enough, so that it could be judged."""
    return verdict in (GOOD, NOT_GOOD)
