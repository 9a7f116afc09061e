"""A check of stage 4, the split: by how much random rows flatter, on the same rows."""

from __future__ import annotations

import pandas as pd

from ..grading import Compute, Mistake


def _flattery(pairs: pd.DataFrame) -> pd.Series:
    """How much higher each score is after random rows than after earlier ones."""
    return pairs["random rows"] - pairs["earlier rows"]


QUESTIONS = {
    "split.flatters": Compute(
        "By how much does learning from random rows flatter, on average? Each line of `pairs` has "
        "the ROC AUC of the same rows twice, after `random rows` and after `earlier rows`.",
        expected=lambda pairs: float(_flattery(pairs).mean()),
        how='`(pairs["random rows"] - pairs["earlier rows"]).mean()`',
        why="The same rows were asked, so the difference is not that of easy and hard days. What "
        "is promised beyond the score after earlier rows will not come.",
        hints=(
            "Both scores of a line are of the same rows. What is left if you subtract?",
            "First a difference for each line, and then one figure for all lines.",
        ),
        mistakes=(
            Mistake(
                lambda pairs: float(-_flattery(pairs).mean()),
                "You took it the other way round: which of the two is too good?",
            ),
            Mistake(
                lambda pairs: float(pairs["random rows"].mean()),
                "That is one of the two scores; the question is how far both lie apart.",
            ),
            Mistake(
                lambda pairs: float(_flattery(pairs).iloc[-1]),
                "That is one line. All of them are asked for, on average.",
            ),
            Mistake(
                lambda pairs: float(_flattery(pairs).max()),
                "That is the line in which it flatters most; the average is asked for.",
            ),
            Mistake(
                lambda pairs: float(_flattery(pairs).sum()),
                "That is the sum over all lines. How many are there?",
            ),
        ),
        within=0.0005,
        form="{:.3f}",
    ),
}
