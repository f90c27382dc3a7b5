"""One worker's life: it listens, reloads when told to or when a file changes, and lets streams finish."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tornado.ioloop import PeriodicCallback

from gateway.problem import OutOfCapacity
from gateway.service.gateway import Gateway
from gateway.service.systemd import notify, notify_reloading
from handlers.server import GatewayServer

LOOK_FOR_CHANGES_MS = 2000
DRAIN_SECONDS = 10
_log = logging.getLogger("sluicegate.worker")


@dataclass(frozen=True)
class Listener:
    """A server and the sockets it accepts on."""

    server: GatewayServer
    sockets: Sequence[socket.socket]


@dataclass(frozen=True)
class Worker:
    """A gateway and all that it listens on; the first listener is the public one."""

    gateway: Gateway
    listeners: Sequence[Listener]

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then let running streams finish for at most `DRAIN_SECONDS`."""
        stop = self._on_signals()
        await self._meet_store()
        for listener in self.listeners:
            await listener.server.listen(listener.sockets)
        look = PeriodicCallback(self.gateway.configuration.reload_if_changed, LOOK_FOR_CHANGES_MS)
        look.start()
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
        look.stop()
        await self._drain()

    async def _meet_store(self) -> None:
        """Connect before the first request would have to wait for it; go on without, as through an outage."""
        try:
            await self.gateway.store.ping()
        except OutOfCapacity as problem:
            _log.error("starting without the store: %s", problem.detail)

    def _on_signals(self) -> asyncio.Event:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, stop.set)
        return stop

    def _reload(self) -> None:
        notify_reloading()
        self.gateway.configuration.reload()
        notify("READY=1")

    async def _drain(self) -> None:
        for listener in self.listeners:
            listener.server.stop()
        _log.info("stopping; %d requests are running", len(self.gateway.running))
        with suppress(TimeoutError):
            await asyncio.wait_for(self.gateway.running.idle.wait(), DRAIN_SECONDS)
        self.gateway.running.cut_all()
        for listener in self.listeners:
            await listener.server.close_all_connections()
        self.gateway.client.close()
        await self.gateway.store.close()
