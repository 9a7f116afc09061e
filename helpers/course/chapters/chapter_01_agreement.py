"""A check of stage 1, data collection: how far two labellers agree on one question."""

from __future__ import annotations

import pandas as pd
from sklearn.metrics import cohen_kappa_score

from ..grading import Compute, Mistake


def _kappa(labels: pd.DataFrame, other: str = "labeller_b", name: str = "BOMBARDIER") -> float:
    """Cohen's kappa of one question, whether a spelling is that maker."""
    return float(cohen_kappa_score(labels["labeller_a"] == name, labels[other] == name))


QUESTIONS = {
    "collect.agreement": Compute(
        "Ask one question only: is the maker BOMBARDIER, yes or no? `labels` has the columns "
        "`labeller_a` and `labeller_b`. What is Cohen's kappa of their yeses and noes?",
        how='`cohen_kappa_score(a == "BOMBARDIER", b == "BOMBARDIER")` of the two columns',
        expected=_kappa,
        why="As many answers are equal as before, yet kappa is far lower: nearly all of them are "
        "noes, which chance would give as well. So few yeses say little of the labellers.",
        hints=(
            "Comparing a column with a text gives True and False: those are yes and no.",
            "The cell above has the function; give it two columns of yes and no.",
        ),
        mistakes=(
            Mistake(
                lambda labels: float((labels["labeller_a"] == labels["labeller_b"]).mean()),
                "That is the share of equal answers. How much of it would chance alone give?",
            ),
            Mistake(
                lambda labels: cohen_kappa_score(labels["labeller_a"], labels["labeller_b"]),
                "That is kappa over all makers. How many answers has a question of yes and no?",
            ),
            Mistake(
                lambda labels: _kappa(labels, "settled"), "Compare the two labellers' columns."
            ),
        ),
        within=0.005,
        form="{:.2f}",
    ),
}
