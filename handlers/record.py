"""What is remembered of a request: one log line and its metrics, never a key, a token or a signed path."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.cmcd import Report
from gateway.policy import Identity, Refusal
from gateway.problem import Problem
from gateway.service.logs import log_event
from gateway.service.metrics import Metrics

_log = logging.getLogger("sluicegate.request")


@dataclass(slots=True)
class Record:
    """One request, filled in as it goes. ``target`` is the origin's URL without its query, or empty."""

    route: str
    method: str
    request_id: str
    generation: int
    started: float = field(default_factory=time.monotonic)
    status: int = 0
    sent: int = 0
    target: str = ""
    identity: Identity | None = None
    problem: Problem | None = None
    cut_by: str = ""
    admitted: float = 0.0
    """When the tier had admitted the request, on the monotonic clock; 0 if it has not."""

    origin: float = 0.0
    """Seconds until an origin had answered."""

    cache: str = ""
    """What the cache had to do with the answer (`CacheUse`); empty if nothing."""

    trace: str = ""
    """The trace that the request belongs to (W3C Trace Context), 32 hexadecimal digits."""

    admission: float = 0.0
    """Seconds that the tier's policies took, most of them for the store."""

    store: str = ""
    """``down`` if the store is taken to be down."""

    entry: str = ""
    """The origin that was asked for as ``tiers.yaml`` writes it; told if there is a ``report``."""

    report: Report | None = None
    """What the player told of its playback."""

    shadowed: Sequence[Refusal] = ()
    """What policies in shadow would have refused."""

    @property
    def cmcd_sid(self) -> str:
        """The player's own name for its viewing: for reading logs, and not for identity, since it can be any."""
        return self.report.session if self.report else ""

    @property
    def cmcd_bs(self) -> bool:
        """Whether the player's buffer had run dry."""
        return self.report is not None and self.report.starved

    def timing(self, now: float) -> str:
        """Server-Timing: ``gate`` until the tier admitted or refused, ``origin`` until an origin or the cache had
        answered, ``cache`` what the cache had to do with it."""
        gate = (self.admitted or now) - self.started
        told = f"gate;dur={gate * 1000:.1f}"
        if self.origin:
            told += f", origin;dur={self.origin * 1000:.1f}"
        return f"{told}, cache;desc={self.cache}" if self.cache else told

    def line(self, ended: float) -> dict[str, object]:
        """The fields of the log line that are known; ``ms`` is milliseconds."""
        known: dict[str, object] = {
            "request_id": self.request_id,
            "route": self.route,
            "method": self.method,
            "status": self.status,
            "ms": round((ended - self.started) * 1000, 1),
            "sent": self.sent,
            "generation": self.generation,
        }
        for name in ("target", "cut_by", "cache", "trace", "cmcd_sid", "cmcd_bs", "store"):
            if value := getattr(self, name):
                known[name] = value
        if self.shadowed:
            known["shadow"] = ", ".join(f"{it.policy}: {it.error}" for it in self.shadowed)
        if self.identity is not None:
            who = self.identity
            known["credential"] = who.credential.value
            if who.client:
                known["client"] = who.client
            known["key"], known["tier"] = who.key_id, who.tier
            known["admission_ms"] = round(self.admission * 1000, 1)
        if self.problem is not None:
            told = {name: getattr(self.problem, name) for name in ("error", "detail", "reason", "policy")}
            known |= {name: value for name, value in told.items() if value}
        return known


def write_record(record: Record, ended: float, metrics: Metrics) -> None:
    """Write the request's log line and count it; ``ended`` is in seconds of the monotonic clock."""
    log_event(_log, "request", **record.line(ended))
    tier = record.identity.tier if record.identity else "-"
    metrics.requests.labels(record.route, record.method, record.status, tier).inc()
    metrics.bytes_sent.labels(record.route, tier).inc(record.sent)
    metrics.seconds.labels(record.route).observe(ended - record.started)
    if record.cache:
        metrics.cache_uses.labels(record.cache).inc()
    if record.problem is not None and record.problem.status < 500:
        metrics.denials.labels(record.problem.error, tier, record.problem.policy or "-").inc()
    if record.report is not None:
        metrics.players.count(record.report, tier, record.entry, ended - record.started)
    for refusal in record.shadowed:
        metrics.shadow_denials.labels(refusal.error, tier, refusal.policy).inc()
