"""The counters of a service that `/metrics` shows: requests, rows, warnings, refusals, seconds.

Every name begins with `pipeline_`; `model` is the version that answered. What is so at the moment
(`service_state`) stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from .asked import ADDRESSES, OTHER, Asked
from .earlier_metrics import EarlierMetrics
from .quick_counters import QuickCounter, QuickHistogram
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
        at = ["path", "status", "model"]
        self._requests = self._counter("requests", "Requests that were answered", at)
        self._rows = self._counter("predictions", "Rows that were answered", ["scorer", "model"])
        self._warnings = self._counter("warnings", "Warnings in answers", ["model"])
        self._errors = self._counter("errors", "Refusals and faults", ["code"])
        said = "Answers that went out before they were logged"
        self._unlogged = self._counter("log_failures", said, [])
        self.reloads = self._counter("reloads", "Times that a model was loaded again", ["result"])
        took = "pipeline_predict_seconds", "Time of a request to /predict"
        self._took = self._added(QuickHistogram(*took, "model", SECONDS))
        self._begin()

    def _counter(self, name: str, said: str, labels: list[str]) -> QuickCounter:
        return self._added(QuickCounter(f"pipeline_{name}", said, labels))

    def _added(self, counter):
        self.registry.register(counter)
        return counter

    def _begin(self) -> None:
        """What counts from 0 on, and what the process itself is like."""
        self._unlogged.add(by=0)
        for code in REFUSALS:
            self._errors.add(code, by=0)
        for result in ("loaded", "refused"):
            self.reloads.add(result, by=0)
        ProcessCollector(registry=self.registry)
        self._earlier = CollectorRegistry()
        self._earlier.register(EarlierMetrics(self.registry))

    def expect(self, model: str) -> None:
        """Show the counters of a model that is about to answer, at 0."""
        for status in FIRST_SHOWN:
            self._requests.add(PREDICT, status, model, by=0)
        for scorer in (COMPILED, PIPELINE, BASELINE):
            self._rows.add(scorer, model, by=0)
        self._warnings.add(model, by=0)
        self._took.expect(model)

    def count_answers(self, scorer: str, answers: list[dict], model: str) -> None:
        """Count answers, and the warnings in them, by what gave them."""
        self._rows.add(scorer, model, by=len(answers))
        if warned := sum([len(answer["warnings"]) for answer in answers]):
            self._warnings.add(model, by=warned)

    def count_unlogged(self, answers: int) -> None:
        """Count answers that the log could not take."""
        self._unlogged.add(by=answers)

    def count_request(self, asked: Asked, status: int, seconds: float, model: str) -> None:
        """Count a request and, where it is for predictions, the time that it took."""
        path = asked.address if asked.address in ADDRESSES else OTHER
        self._requests.add(path, str(status), model)
        if path == PREDICT:
            self._took.observe(model, seconds)
        if asked.code:
            self._errors.add(asked.code)

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Count a reload that is done in a block."""
        try:
            yield
        except BaseException:
            self.reloads.add("refused")
            raise
        self.reloads.add("loaded")

    def text(self) -> bytes:
        """What `/metrics` shows: all of it, and the names of before."""
        return generate_latest(self.registry) + generate_latest(self._earlier)
