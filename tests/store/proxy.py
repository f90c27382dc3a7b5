"""A network between the gateway and a server of the store, with the faults that a test wants."""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass, field

from tests.conftest import free_port


class Fault(enum.Enum):
    """What becomes of an answer to a call that counts; the call itself has always been passed on."""

    NONE = "passed on"
    SWALLOWED = "never comes"
    CUT = "the connection ends instead"


@dataclass
class Proxy:
    """Passes bytes between a port of its own and a server's. Each call of a script is seen: ``calls`` of them."""

    target: int
    fault: Fault = Fault.NONE
    calls: int = 0
    port: int = field(default_factory=free_port)
    _server: asyncio.Server | None = None
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        connection = _Connection()
        tasks = [
            asyncio.ensure_future(self._ask(reader, forth, connection)),
            asyncio.ensure_future(self._answer(back, writer, connection)),
        ]
        self._running.update(tasks)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for end in (forth, writer):
            end.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection) -> None:
        while data := await reader.read(2**20):
            if b"EVALSHA" in data or b"EVAL\r\n" in data:
                self.calls += 1
                connection.counts = True
            writer.write(data)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while data := await reader.read(2**20):
            has_run = connection.counts and not data.startswith((b"-NOSCRIPT", b"-MOVED", b"-ASK"))
            if has_run and self.fault is Fault.CUT:
                return
            if not has_run or self.fault is Fault.NONE:
                writer.write(data)


@dataclass
class _Connection:
    """Whether the answer that comes next is to a call of a script."""

    counts: bool = False
