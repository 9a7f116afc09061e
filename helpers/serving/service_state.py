"""What `/metrics` shows of a service as it is now: its model, its log, what goes on.

Times are Unix times, as Prometheus has them: `time() - x` is an age.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .. import __version__

if TYPE_CHECKING:
    from .prediction_service import Service


class ServiceState(Collector):
    """Gauges of a service, read when they are asked for."""

    def __init__(self, service: Service):
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing: they are known once they are collected."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges; those of the log where one is kept."""
        yield from self._of_service()
        yield from self._of_model()
        if self._service.log is not None:
            yield from _of_log(self._service.log)
        if self._service.access is not None:
            yield from self._service.access.left_out.collect()

    def _of_service(self) -> Iterator[Metric]:
        service, version = self._service, platform.python_version()
        yield _info("build_info", "The service", {"version": __version__, "python": version})
        ready = service.state()["status"] == "ready"
        yield _gauge("ready", "1: as it should be; 0: degraded, /ready says why", ready)
        yield _gauge("requests_in_progress", "Requests that are being answered", service.busy)
        yield _gauge("body_bytes_arriving", "Bytes of bodies that are not complete",
                     service.sending)  # fmt: skip
        if service.follower is not None:
            yield _gauge("registry_failing", "1: the registry can't be followed",
                         bool(service.follower.trouble))  # fmt: skip

    def _of_model(self) -> Iterator[Metric]:
        now = self._service.now
        said = {"model": now.version, "run": str(now.bundle.card.get("run", "")),
                "kind": str(now.bundle.card.get("model", "")), "scorer": now.single_row_path,
                "registered": str(now.registered or "")}  # fmt: skip
        yield _info("model_info", "The model that answers", said)
        yield _gauge("model_fallback", "1: not the current model answers", bool(now.fallback))
        yield _gauge("model_loaded_timestamp_seconds", "When it was loaded",
                     self._service.loaded_at)  # fmt: skip
        if now.made:
            yield _gauge("model_made_timestamp_seconds", "When it was made", now.made)


def _of_log(log) -> Iterator[Metric]:
    """Gauges of the queue of a prediction log."""
    yield _gauge("log_failing", "1: the log can't be written to", log.trouble is not None)
    yield _gauge("log_waiting", "Answers that wait to be logged", len(log.kept))
    yield _gauge("log_lost", "Answers that the log will never have", log.kept.lost)
    for name, (said, value) in log.measured.items():
        yield _gauge(name, said, value)


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"pipeline_{name}", said, value=float(value))


def _info(name: str, said: str, labels: dict[str, str]) -> Metric:
    family = GaugeMetricFamily(f"pipeline_{name}", said, labels=list(labels))
    family.add_metric(list(labels.values()), 1.0)
    return family
