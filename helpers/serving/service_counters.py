"""The counters of a service that `/metrics` shows: requests, rows, warnings, refusals, seconds.

Every name begins with `pipeline_`; `model` is the version that answered. What is so at the moment
(`service_state`) stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from .asked import ADDRESSES, OTHER, Asked
from .earlier_metrics import EarlierMetrics
from .refusals import REFUSALS
from .served_model import BASELINE, COMPILED, PIPELINE

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)  # the bounds of the histogram
PREDICT = "/predict"
FIRST_SHOWN = ("200", "422", "500", "503")  # from the start: a rate needs the 0 before the 1


class ServiceCounters:
    """Counts what a service does; `registry` is what `/metrics` shows.

    >>> counters = ServiceCounters()
    >>> counters.count_answers(COMPILED, [{"warnings": ["age: missing"]}], "v1")
    >>> counters.registry.get_sample_value("pipeline_warnings_total", {"model": "v1"})
    1.0
    """

    def __init__(self):
        self.registry = CollectorRegistry()
        kept = {"namespace": "pipeline", "registry": self.registry}
        count, at = partial(Counter, **kept), ["path", "status", "model"]
        self._requests = count("requests", "Requests that were answered", at)
        self._rows = count("predictions", "Rows that were answered", ["scorer", "model"])
        self._warnings = count("warnings", "Warnings in answers", ["model"])
        self._errors = count("errors", "Refusals and faults", ["code"])
        self._unlogged = count("log_failures", "Answers that went out before they were logged")
        self.reloads = count("reloads", "Times that a model was loaded again", ["result"])
        self._took = Histogram("predict_seconds", "Time of a request to /predict", ["model"],
                               buckets=SECONDS, **kept)  # fmt: skip
        self._known: dict[tuple, Counter] = {}
        self._begin()

    def _begin(self) -> None:
        """What counts from 0 on, and what the process itself is like."""
        for code in REFUSALS:
            self._errors.labels(code)
        for result in ("loaded", "refused"):
            self.reloads.labels(result)
        ProcessCollector(registry=self.registry)
        self._earlier = CollectorRegistry()
        self._earlier.register(EarlierMetrics(self.registry))

    def expect(self, model: str) -> None:
        """Show the counters of a model that is about to answer, at 0."""
        for status in FIRST_SHOWN:
            self._requests.labels(PREDICT, status, model)
        for scorer in (COMPILED, PIPELINE, BASELINE):
            self._rows.labels(scorer, model)
        self._warnings.labels(model)
        self._took.labels(model)

    def count_answers(self, scorer: str, answers: list[dict], model: str) -> None:
        """Count answers, and the warnings in them, by what gave them."""
        self._one(self._rows, scorer, model).inc(len(answers))
        if warned := sum(len(answer["warnings"]) for answer in answers):
            self._one(self._warnings, model).inc(warned)

    def count_unlogged(self, answers: int) -> None:
        """Count answers that the log could not take."""
        self._unlogged.inc(answers)

    def count_request(self, asked: Asked, status: int, seconds: float, model: str) -> None:
        """Count a request and, where it is for predictions, the time that it took."""
        path = asked.address if asked.address in ADDRESSES else OTHER
        self._one(self._requests, path, str(status), model).inc()
        if path == PREDICT:
            self._one(self._took, model).observe(seconds)
        if asked.code:
            self._errors.labels(asked.code).inc()

    def _one(self, family, *labels: str):
        """A counter of a family by its labels: found again in a tenth of the time."""
        key = (family, labels)
        if (found := self._known.get(key)) is None:
            found = self._known[key] = family.labels(*labels)
        return found

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Count a reload that is done in a block."""
        try:
            yield
        except BaseException:
            self.reloads.labels("refused").inc()
            raise
        self.reloads.labels("loaded").inc()

    def text(self) -> bytes:
        """What `/metrics` shows: all of it, and the names of before."""
        return generate_latest(self.registry) + generate_latest(self._earlier)
