"""Metrics under the names that they had before `pipeline_` stood in front: summed over models."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

PREFIX = "pipeline_"
EARLIER = (
    "predictions", "requests", "log_failures", "warnings", "predict_seconds",
    "requests_in_progress", "log_waiting", "log_lost", "scorer_checked", "scorer_disagreements",
    "shadow_answers", "shadow_differs", "shadow_left_out", "shadow_failures",
)  # fmt: skip
LABELS = {"scorer": "road", "status": "status", "le": "le"}  # and what they were called
COUNTED_PATH = "/predict"  # requests to other addresses were not counted


class EarlierMetrics(Collector):
    """Shows what a registry holds under the earlier names; those who read them need no change."""

    def __init__(self, registry: CollectorRegistry):
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """The earlier metrics."""
        for family in self._registry.collect():
            name = family.name.removeprefix(PREFIX)
            if name != family.name and name in EARLIER:
                yield _summed(family, name)

    def describe(self) -> list[Metric]:
        """Nothing: they are known once they are collected."""
        return []


def _key_of(sample) -> tuple[str, tuple]:
    """The earlier name of a sample, and the labels that it had, as they were called."""
    labels = tuple((LABELS[k], v) for k, v in sample.labels.items() if k in LABELS)
    return sample.name.removeprefix(PREFIX), labels


def _summed(family: Metric, name: str) -> Metric:
    """A metric under its earlier name, with the labels that it had."""
    sums: dict[tuple, float] = {}
    for sample in family.samples:
        if sample.labels.get("path", COUNTED_PATH) == COUNTED_PATH:
            key = _key_of(sample)
            sums[key] = sums.get(key, 0.0) + sample.value
    earlier = Metric(name, f"Earlier name of {family.name}, over all models", family.type)
    for (own, labels), value in sums.items():
        if not own.endswith("_created"):
            earlier.add_sample(own, dict(labels), value)
    return earlier
