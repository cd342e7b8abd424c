"""What the service counts, for Prometheus; nothing of a question's text is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STAGES = ("encode", "retrieve", "read", "decide", "total")


class Metrics(Collector):
    """The counters of one service, in a registry of their own; those of several workers are added up."""

    def __init__(self, shared: bool = False) -> None:
        self._registry = registry = CollectorRegistry()
        self._shared = shared
        self._waiting: Callable[[], int] = lambda: 0
        self._snapshot = ""
        self.requests = Counter(
            "askpkcn_requests", "Requests that were answered.", ["route", "method", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "askpkcn_request_seconds", "Time of a whole request.", ["route"], buckets=SECONDS, registry=registry
        )
        self.stage_seconds = Histogram(
            "askpkcn_stage_seconds",
            "Time of a question in each stage.",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self.answers = Counter(
            "askpkcn_answers", "Questions by outcome: answered, or the reason why not.", ["outcome"], registry=registry
        )
        self.dropped = Counter(
            "askpkcn_dropped", "Requests without an answer: queue-full, deadline, left.", ["why"], registry=registry
        )
        self.snapshots = Counter(
            "askpkcn_snapshot_changes", "New snapshots: taken, or failed to open.", ["outcome"], registry=registry
        )

    def watch(self, waiting: Callable[[], int]) -> None:
        """Ask `waiting` for the length of the line whenever the counters are read."""
        self._waiting = waiting

    def answered(self, answer: dict[str, Any]) -> None:
        """Count an answer, as the schema has it, and the time of its stages."""
        self.answers.labels(answer["reason"] or "answered").inc()
        for stage in STAGES:
            self.stage_seconds.labels(stage).observe(answer["timings_ms"][stage] / 1000)

    def live(self, snapshot: str) -> None:
        """Tell which snapshot answers from now on."""
        self._snapshot = snapshot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what is true now, of this worker."""
        snapshot = GaugeMetricFamily(
            "askpkcn_snapshot", "1 for the snapshot that answers, in the worker that was reached.", labels=["snapshot"]
        )
        snapshot.add_metric([self._snapshot], 1)
        yield snapshot
        told = "Questions in the line, of the worker that was reached."
        yield GaugeMetricFamily("askpkcn_queue_waiting", told, value=self._waiting())

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        if not self._shared:
            return generate_latest(self._registry) + generate_latest(_only(self))
        registry = _only(self)
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _only(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry
