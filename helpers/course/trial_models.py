"""Raw rows that a learner's model is tried with: each is answered, alone as it is among others."""

from __future__ import annotations

import numpy as np
import pandas as pd


def unanswered(model, cases: dict[str, pd.DataFrame], known: dict[str, str] | None = None) -> str:
    """Which of some cases gets no answer, and why; "" when each has its probabilities.

    `known` has reasons that are better than the error's own words, by a text that stands in it.
    """
    return next(
        filter(None, (_unanswered(model, *case, known or {}) for case in cases.items())), ""
    )


def _unanswered(model, case: str, rows: pd.DataFrame, known: dict[str, str]) -> str:
    try:
        answers = np.asarray(model.predict_proba(rows.copy()), dtype=float)
    except Exception as error:  # noqa: BLE001 - whatever the learner's model raises
        said = f"{type(error).__name__}: {error}".partition("\n")[0][:120]
        reasons = (reason for text, reason in known.items() if text in said)
        return next(reasons, f"{case}: no answer, but `{said}`. Is every step in the model?")
    if answers.shape != (len(rows), 2) or not np.isfinite(answers).all():
        return f"{case}: a probability for each of the two classes is expected."
    return ""


def otherwise_alone(model, rows: pd.DataFrame, reason: str) -> str:
    """The reason where a row is answered otherwise alone than among others; "" where it isn't."""
    alone = [model.predict_proba(rows.iloc[[i]])[0, 1] for i in range(len(rows))]
    same = np.allclose(alone, model.predict_proba(rows)[:, 1], atol=1e-9)
    return "" if same else reason
