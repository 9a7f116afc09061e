"""Counters and a histogram that cost a request a fraction of a microsecond.

Those of `prometheus_client` take a lock for each number; these are counted in one thread, the event
loop's, and are put into the library's forms when somebody asks for them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class QuickCounter(Collector):
    """A counter with labels.

    >>> counter = QuickCounter("rows", "Rows", ["model"])
    >>> counter.add("v1"), counter.add("v1", by=2)
    (None, None)
    >>> [sample.value for family in counter.collect() for sample in family.samples]
    [3.0]
    """

    def __init__(self, name: str, said: str, labels: list[str]):
        self._about = {"name": name, "documentation": said, "labels": labels}
        self._counts: dict[tuple[str, ...], int] = {}

    def add(self, *labels: str, by: int = 1) -> None:
        """Count so many; 0 shows that there may be some."""
        self._counts[labels] = self._counts.get(labels, 0) + by

    def collect(self) -> Iterator[Metric]:
        """The counts, as the registry shows them."""
        family = CounterMetricFamily(**self._about)
        for labels, count in list(self._counts.items()):
            family.add_metric(labels, float(count))
        yield family


class QuickHistogram(Collector):
    """A histogram of seconds with one label and given upper bounds."""

    def __init__(self, name: str, said: str, label: str, bounds: tuple[float, ...]):
        self._about = {"name": name, "documentation": said, "labels": [label]}
        self._bounds, self._found = bounds, {}

    def expect(self, label: str) -> list:
        """The counts by bucket of a label, and behind them the sum."""
        return self._found.setdefault(label, [0] * (len(self._bounds) + 1) + [0.0])

    def observe(self, label: str, seconds: float) -> None:
        """Take a time."""
        found = self._found.get(label) or self.expect(label)
        found[bisect_left(self._bounds, seconds)] += 1
        found[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        """The buckets, as the registry shows them."""
        family = HistogramMetricFamily(**self._about)
        bounds = [*map(str, map(float, self._bounds)), "+Inf"]
        for label, (*counts, total) in list(self._found.items()):
            buckets = list(zip(bounds, map(float, accumulate(counts)), strict=True))
            family.add_metric([label], buckets, total)
        yield family
