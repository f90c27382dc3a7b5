"""The admin listener: for the operator's own machines, on a port or socket of its own."""

from __future__ import annotations

import json

from tornado.web import RequestHandler

from gateway.policy import OnStoreError
from gateway.problem import OutOfCapacity
from gateway.service.gateway import Gateway
from gateway.service.versions import versions


class AdminHandler(RequestHandler):
    """Answers the operator."""

    def initialize(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def tell(self, status: int, body: dict[str, object]) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))


class LiveHandler(AdminHandler):
    """``GET /healthz``: the event loop turns."""

    def get(self) -> None:
        """Always 200."""
        self.tell(200, {"status": "ok"})

    head = get


class ReadyHandler(AdminHandler):
    """``GET /readyz``: whether customers are served. Says the versions in use.

    A store that is down is an outage only where a tier says deny. Taken for one elsewhere, it would take every VM out
    of service at once.
    """

    async def get(self) -> None:
        """200, also without the store if no tier denies then, or 503; with the reason."""
        told: dict[str, object] = {
            "version": self.gateway.version,
            "generation": self.gateway.configuration.current.number,
            "last_reload_successful": self.gateway.configuration.last_reload_successful,
            "versions": versions(),
        }
        try:
            await self.gateway.store.ping()
        except OutOfCapacity as problem:
            told |= {"reason": problem.detail}
            if self._denies_without_store():
                self.tell(503, {"status": "not ready"} | told)
            else:
                self.tell(200, {"status": "degraded"} | told)
        else:
            self.tell(200, {"status": "ready"} | told)

    head = get

    def _denies_without_store(self) -> bool:
        tiers = self.gateway.configuration.current.file.tiers.values()
        return any(tier.on_store_error is OnStoreError.DENY for tier in tiers)


class MetricsHandler(AdminHandler):
    """``GET /metrics``: Prometheus."""

    def get(self) -> None:
        """All metrics of this worker."""
        self.set_header("Content-Type", self.gateway.metrics.content_type)
        self.finish(self.gateway.metrics.exposition())
