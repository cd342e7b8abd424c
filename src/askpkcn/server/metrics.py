"""What the service counts, for Prometheus; nothing of a question's text is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STAGES = ("encode", "retrieve", "read", "decide", "total")


class Metrics:
    """The counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
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
        self._snapshot = Gauge("askpkcn_snapshot", "1 for the snapshot that answers.", ["snapshot"], registry=registry)
        self._waiting = Gauge("askpkcn_queue_waiting", "Questions in the line.", registry=registry)

    def watch(self, waiting: Callable[[], int]) -> None:
        """Ask `waiting` for the length of the line whenever the counters are read."""
        self._waiting.set_function(waiting)

    def answered(self, answer: dict[str, Any]) -> None:
        """Count an answer, as the schema has it, and the time of its stages."""
        self.answers.labels(answer["reason"] or "answered").inc()
        for stage in STAGES:
            self.stage_seconds.labels(stage).observe(answer["timings_ms"][stage] / 1000)

    def live(self, snapshot: str) -> None:
        """Tell which snapshot answers from now on."""
        self._snapshot.clear()
        self._snapshot.labels(snapshot).set(1)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)
