"""One answer in a thousand is asked again of the pipeline, after it went out.

The compiled forms were checked when the model was loaded; this check goes on for as long as they
answer. Rows wait until some seconds have passed and are asked together, in the worker: the pipeline
takes about as long for some rows as for one.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from prometheus_client import Counter

from ..learning.predicting import predict
from ..pipeline.agreement_check import differing
from .model_bundle import as_frame
from .served_model import Served

ONE_IN = 1_000  # answers
ASK_EVERY = 5  # seconds
MOST_WAITING = 1_000  # rows
LOG = logging.getLogger(__name__)
UNREGISTERED = {"namespace": "pipeline", "registry": None}


@dataclass
class AnswerCheck:
    """Picks every `one_in`-th answer of a compiled form (0: none), beginning with the first."""

    one_in: int = ONE_IN
    trouble: str = ""  # the last disagreement, in words
    _passed: int = 0
    _waiting: deque[tuple[Served, dict, dict]] = field(default_factory=deque)

    def __post_init__(self):
        said = "Answers asked again of the pipeline", "Answers that the pipeline gives otherwise"
        self.checked = Counter("scorer_checked", said[0], **UNREGISTERED)
        self.disagreements = Counter("scorer_disagreements", said[1], **UNREGISTERED)

    def count_in(self, registry) -> None:
        """Show its counters in a service's registry."""
        registry.register(self.checked)
        registry.register(self.disagreements)

    def offer(self, now: Served, rows: list[dict], answers: list[dict]) -> None:
        """Take over every so-many-th of some answered rows; never waits."""
        if not self.one_in:
            return
        first = -self._passed % self.one_in
        self._passed += len(rows)
        for place in range(first, len(rows), self.one_in):
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append((now, rows[place], answers[place]))

    def is_due(self, second: int) -> bool:
        """Whether rows wait, and it is time to ask them."""
        return bool(self._waiting) and second % ASK_EVERY == 0

    def ask(self) -> None:
        """Ask the pipeline what waits, model by model, and count."""
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for now in {id(one[0]): one[0] for one in waiting}.values():
            self._ask_model(now, [one[1:] for one in waiting if one[0] is now])

    def _ask_model(self, now: Served, some: list[tuple[dict, dict]]) -> None:
        apart = _apart(now, [row for row, _ in some], [answer for _, answer in some])
        self.checked.inc(len(some))
        if apart:
            self.disagreements.inc(apart)
            self._warn(now, apart, len(some))

    def _warn(self, now: Served, apart: int, asked: int) -> None:
        self.trouble = (
            f"The compiled scorer of model {now.version} differs from the pipeline on {apart:,} of "
            f"{asked:,} answers that were asked again. Start the service with another run, or "
            f"report it."
        )
        LOG.warning(self.trouble)


def _apart(now: Served, rows: list[dict], answers: list[dict]) -> int:
    """How many of the answers the pipeline gives otherwise; all, where it can't answer the rows."""
    bundle = now.bundle
    try:
        expected = predict(bundle.task, bundle.model, as_frame(bundle, rows))
    except Exception:  # noqa: BLE001 - the compiled form has answered what the pipeline can't
        return len(rows)
    return differing(_as_arrays(now, answers), expected)


def _as_arrays(now: Served, answers: list[dict]) -> tuple[np.ndarray, np.ndarray | None]:
    """Predictions and probabilities, as `predict` has them."""
    predictions = np.array([answer["prediction"] for answer in answers])
    if now.bundle.task.is_regression:
        return predictions, None
    classes = now.bundle.task.classes
    return predictions, np.array([[a["probability"][c] for c in classes] for a in answers])
