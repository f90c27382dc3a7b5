"""What the operator's Prometheus reads from one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.cmcd import Report
from gateway.origins.health import Health

T = TypeVar("T", Counter, Histogram)


@dataclass(frozen=True)
class Labelled(Generic[T]):
    """A metric with labels; what it counts under some of them is found again without its lock. There are few."""

    metric: T
    _known: dict[tuple[str | int, ...], T] = field(default_factory=dict)

    def labels(self, *values: str | int) -> T:
        """What is counted under these."""
        known = self._known.get(values)
        if known is None:
            known = self._known[values] = self.metric.labels(*values)
        return known


@dataclass(frozen=True)
class _Family(Collector):
    """One metric of all origins, kept elsewhere; a counter if its name ends in ``total``."""

    name: str
    told: str
    read: Callable[[], Mapping[tuple[str, ...], float]]
    labels: Sequence[str] = ()

    def collect(self) -> Iterator[Metric]:
        """The values as they are now."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        family = kind(f"sluicegate_{self.name}", self.told, labels=("origin", *self.labels))
        for values, value in self.read().items():
            family.add_metric(values, value)
        yield family


class PlayerMetrics:
    """What players tell of their playback (CMCD), by tier and by origin as ``tiers.yaml`` has it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str, *more: str) -> Labelled[Counter]:
            return Labelled(Counter(f"sluicegate_cmcd_{name}", told, ("tier", "origin", *more), registry=registry))

        def histogram(name: str, told: str, *buckets: float) -> Labelled[Histogram]:
            labels = ("tier", "origin")
            return Labelled(Histogram(f"sluicegate_cmcd_{name}", told, labels, registry=registry, buckets=buckets))

        self._requests = counter("requests", "Requests with CMCD, and whether it was well formed", "well_formed")
        self._starvations = counter("starvations", "Requests of players whose buffer had run dry since the last")
        self._starved = counter("starved_seconds", "Time for which buffers were dry, of players that tell it")
        self._starting = counter("startup_requests", "Requests of players that start, seek or recover")
        self._late = counter("late_answers", "Answers that ended after the player needed them")
        self._buffer = histogram("buffer_seconds", "What players that play had buffered", 0.5, 1, 2, 4, 8, 16, 32, 64)
        self._delay = histogram("start_delay_seconds", "From the wish to play to playing", 0.5, 1, 2, 4, 8, 16)
        self._latency = histogram("live_latency_seconds", "How far behind live pictures are", 1, 2, 4, 8, 16, 32, 64)
        rates = (250, 500, 1000, 2000, 4000, 8000, 16000, 32000)
        self._bitrate = histogram("bitrate_kbits", "Encoded kbit/s of the video asked for", *rates)
        self._throughput = histogram("throughput_kbits", "Throughput that players measured, in kbit/s", *rates)

    def count(self, report: Report, tier: str, origin: str, seconds: float) -> None:
        """Count what came with a request that took so many seconds."""
        self._requests.labels(tier, origin, "yes" if report.is_well_formed else "no").inc()
        for counted, amount in (
            (self._starvations, report.starved),
            (self._starved, report.starved_for),
            (self._starting, report.starting),
            (self._late, report.is_missed_after(seconds)),
        ):
            if amount:
                counted.labels(tier, origin).inc(amount)
        for observed, value in (
            (self._buffer, None if report.starting else report.buffer),  # it would be of how many start, not of how
            (self._delay, report.start_delay),
            (self._latency, report.latency),
            (self._bitrate, report.bitrate),
            (self._throughput, report.throughput),
        ):
            if value is not None:
                observed.labels(tier, origin).observe(value)


class Metrics:
    """The counters of one worker. Labels hold routes, statuses, tiers and policies; origins as ``tiers.yaml`` has
    them; never a key, a client or a URL."""

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
        seconds = Histogram(
            "sluicegate_request_seconds",
            "Time from a request's head to the end of its answer",
            ("route",),
            registry=self._registry,
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
        )
        self.seconds = Labelled(seconds)
        self.players = PlayerMetrics(self._registry)
        self.store_seconds = Histogram(
            "sluicegate_store_seconds",
            "Time that a call to the store took, answered or not",
            registry=self._registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
        )

    def watch(self, name: str, told: str, read: Callable[[], float]) -> None:
        """Show a value that is read whenever the metrics are."""
        Gauge(f"sluicegate_{name}", told, registry=self._registry).set_function(read)

    def watch_origins(self, health: Health) -> None:
        """Show how the origins are, by what ``tiers.yaml`` calls them."""
        for family in (
            _Family("origin_state", "0 it is asked, 1 about to be tried, 2 left alone", lambda: health.states),
            _Family("origin_failures_total", "Requests without an answer", lambda: health.failures, ("reason",)),
            _Family("origin_fallbacks_total", "Requests that a fallback answered", lambda: health.fallbacks),
        ):
            self._registry.register(family)

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, told: str, *labels: str) -> Labelled[Counter]:
        return Labelled(Counter(f"sluicegate_{name}", told, labels, registry=self._registry))
