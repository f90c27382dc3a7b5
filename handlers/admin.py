"""The admin listener: for the operator's own machines, on a port or socket of its own."""

from __future__ import annotations

import json

from tornado.web import RequestHandler

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


class ReadyHandler(AdminHandler):
    """``GET /readyz``: the store answers too. Says the versions in use."""

    async def get(self) -> None:
        """200, or 503 with what is missing."""
        told: dict[str, object] = {
            "version": self.gateway.version,
            "generation": self.gateway.configuration.current.number,
            "last_reload_successful": self.gateway.configuration.last_reload_successful,
            "versions": versions(),
        }
        try:
            await self.gateway.store.ping()
        except OutOfCapacity as problem:
            self.tell(503, {"status": "not ready", "reason": problem.detail} | told)
        else:
            self.tell(200, {"status": "ready"} | told)


class MetricsHandler(AdminHandler):
    """``GET /metrics``: Prometheus."""

    def get(self) -> None:
        """All metrics of this worker."""
        self.set_header("Content-Type", self.gateway.metrics.content_type)
        self.finish(self.gateway.metrics.exposition())
