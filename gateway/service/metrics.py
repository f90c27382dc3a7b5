"""What the operator's Prometheus reads from one worker."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


class Metrics:
    """The counters of one worker. Labels hold routes, statuses, tiers and policies; never a key, a client or a URL."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests answered", "route", "method", "status", "tier")
        self.bytes_sent = self._counter("sent_bytes", "Bytes of body sent to clients", "route", "tier")
        self.denials = self._counter("denials", "Requests refused, or cut by a policy", "error", "tier", "policy")
        self.shadow_denials = self._counter(
            "shadow_denials", "Requests that a policy in shadow would have refused", "error", "tier", "policy"
        )
        self.cut_short = self._counter("cut_short", "Bodies that ended before they were whole", "by")
        self.cache_uses = self._counter("cache_uses", "Answers that were shared, or could have been", "use")
        self.seconds = Histogram(
            "sluicegate_request_seconds",
            "Time from a request's head to the end of its answer",
            ("route",),
            registry=self._registry,
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
        )

        self.store_seconds = Histogram(
            "sluicegate_store_seconds",
            "Time that a call to the store took, answered or not",
            registry=self._registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
        )

    def watch(self, name: str, told: str, read: Callable[[], float]) -> None:
        """Show a value that is read whenever the metrics are."""
        Gauge(f"sluicegate_{name}", told, registry=self._registry).set_function(read)

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"sluicegate_{name}", told, labels, registry=self._registry)
