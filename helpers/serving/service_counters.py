"""The counters of a service that `/metrics` shows: rows, requests, warnings, seconds."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .kept_lines import KeptLines
from .served_model import BASELINE, COMPILED, PIPELINE

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)  # the bounds of the histogram


class ServiceCounters:
    """Counts what a service does; `in_progress` says how many requests it has now.

    >>> counters = ServiceCounters(lambda: 0)
    >>> counters.count_answers(COMPILED, [{"warnings": ["age: missing, imputed by the model"]}])
    >>> counters.registry.get_sample_value("warnings_total")
    1.0
    """

    def __init__(self, in_progress: Callable[[], int]):
        self.registry = registry = CollectorRegistry()
        self._rows = Counter("predictions", "Rows answered", ["road"], registry=registry)
        self._requests = Counter("requests", "Requests to /predict", ["status"], registry=registry)
        self._unlogged = Counter("log_failures", "Answers that were not logged", registry=registry)
        self._warnings = Counter("warnings", "Warnings given", registry=registry)
        times = {"buckets": SECONDS, "registry": registry}
        self._took = Histogram("predict_seconds", "Time of a request", **times)
        Gauge("requests_in_progress", "Now", registry=registry).set_function(in_progress)
        self._answered = self._requests.labels("200")
        self._by_path = {p: self._rows.labels(p) for p in (COMPILED, PIPELINE, BASELINE)}

    def watch_log(self, kept: KeptLines) -> None:
        """Show how many answers wait to be written to the log, and how many never will be."""
        waiting = Gauge("log_waiting", "Answers that wait to be logged", registry=self.registry)
        waiting.set_function(lambda: len(kept))
        lost = Gauge("log_lost", "Answers that the log will never have", registry=self.registry)
        lost.set_function(lambda: kept.lost)

    def count_answers(self, path: str, answers: list[dict]) -> None:
        """Count answers, and the warnings in them, by what gave them."""
        self._by_path[path].inc(len(answers))
        if warned := sum(len(answer["warnings"]) for answer in answers):
            self._warnings.inc(warned)

    def count_unlogged(self, answers: int) -> None:
        """Count answers that the log could not take."""
        self._unlogged.inc(answers)

    def count_request(self, status: int, seconds: float) -> None:
        """Count a request to `/predict` and the time that it took."""
        (self._answered if status == 200 else self._requests.labels(str(status))).inc()
        self._took.observe(seconds)
