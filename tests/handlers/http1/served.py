"""The server on an event loop of its own, with handlers that show one thing each, and a client of plain sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application, RequestHandler

from handlers.http1.connection import Patience
from handlers.http1.exchange import Exchange
from handlers.server import GatewayServer
from tests.service import HANG

PATIENT = Patience()


@dataclass
class Seen:
    """What the handlers have met."""

    log: list[str] = field(default_factory=list)
    written: int = 0
    file: Path = Path()
    stir: threading.Event = field(default_factory=threading.Event)

    def note(self, what: str) -> None:
        self.log.append(what)
        self.stir.set()

    def wait_for(self, what: str) -> None:
        """Wait until it has been noted."""
        while what not in self.log:
            assert self.stir.wait(HANG), self.log
            self.stir.clear()


class Shown(RequestHandler):
    """Shares `Seen`, and knows its connection."""

    def initialize(self, seen: Seen) -> None:
        self.seen = seen

    @property
    def exchange(self) -> Exchange:
        return cast("Exchange", self.request.connection)


class Echo(Shown):
    """Says what it was asked."""

    def get(self) -> None:
        self.finish({"uri": self.request.uri, "ip": self.request.remote_ip, "x": self.request.headers.get_list("X")})

    head = get

    def post(self) -> None:
        self.finish(self.request.body)


class Pieces(Shown):
    """A body whose length is not known before."""

    async def get(self) -> None:
        for piece in (b"one", b"", b"two"):
            self.write(piece)
            await self.flush()

    head = get


class Bare(Shown):
    """An answer that has no body."""

    def get(self, status: str) -> None:
        self.set_status(int(status))


class Turns(Shown):
    """Notes when it begins and ends, and takes a while between."""

    async def get(self, name: str) -> None:
        self.seen.note(f"{name} begins")
        await asyncio.sleep(0.05)
        self.seen.note(f"{name} ends")
        self.finish(name)


class Large(Shown):
    """Writes as much as is taken, up to 64 MiB."""

    async def get(self) -> None:
        self.set_header("Content-Length", str(64 * 2**20))
        try:
            for _ in range(64 * 8):
                self.write(bytes(128 * 1024))
                await self.flush()
                self.seen.written += 128 * 1024
        except StreamClosedError:
            self.seen.note("closed")

    def on_connection_close(self) -> None:
        self.seen.note("left")


class Waiting(Shown):
    """Answers only when the client has left."""

    async def get(self) -> None:
        self.gone = asyncio.Event()
        self.seen.note("waits")
        await self.gone.wait()
        self.seen.note(f"closed {self.exchange.closed}")

    def on_connection_close(self) -> None:
        self.gone.set()
        self.seen.note("left")


class Misleading(Shown):
    """Promises four bytes and writes as many as it is told, or breaks out of a field."""

    async def get(self, what: str) -> None:
        if what == "field":
            self._headers["X"] = "a\r\nSet-Cookie: b"
            self.finish("four")
            return
        self.set_header("Content-Length", "4")
        self.write(b"x" * int(what))
        await self.flush()

    def send_error(self, *_: object, **__: object) -> None:
        self.seen.note("failed")


class Reset(Shown):
    """Ends in the middle of a body, visibly or not."""

    async def get(self, how: str) -> None:
        self.write(b"some")
        await self.flush()
        self._auto_finish = False
        getattr(self.exchange, how)()


class File(Shown):
    """Sends a file behind some bytes of its own."""

    async def get(self, offset: str, count: str, promised: str) -> None:
        self.set_header("Content-Length", promised)
        self.write(b"head")
        taken = self.flush()
        file = os.open(self.seen.file, os.O_RDONLY)
        try:
            await self.exchange.send_file(file, int(offset), int(count))
            self.seen.note(f"sent after {taken.done()}")
        except StreamClosedError:
            self.seen.note("left")
        except EOFError:
            self.seen.note("short")
        finally:
            os.close(file)
            self.seen.note("ended")

    def send_error(self, *_: object, **__: object) -> None:
        self.seen.note("failed")


ROUTES = {
    r"/echo.*": Echo,
    r"/pieces": Pieces,
    r"/bare/(\d+)": Bare,
    r"/turns/(\w+)": Turns,
    r"/large": Large,
    r"/waiting": Waiting,
    r"/misleading/(\w+)": Misleading,
    r"/reset/(\w+)": Reset,
    r"/file/(\d+)/(\d+)/(\d+)": File,
}


@dataclass
class Served:
    """A server that runs: how to reach it, and what its handlers have seen."""

    loop: asyncio.AbstractEventLoop
    server: GatewayServer
    seen: Seen
    address: str | tuple[str, int]
    family: int

    def connect(self, receive: int = 0) -> socket.socket:
        """A connection, which takes so many bytes ahead if that is said."""
        client = socket.socket(self.family)
        if receive:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        client.settimeout(HANG)
        client.connect(self.address)
        return client

    def ask(self, request: bytes) -> bytes:
        """What comes for these bytes until the server closes."""
        with self.connect() as client:
            client.sendall(request)
            return everything(client)

    def call(self, name: str) -> None:
        """Call one of the server's methods on its loop."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(getattr(self.server, name))
        self.loop.call_soon_threadsafe(done.set)
        assert done.wait(HANG)


@contextmanager
def served(most: int = 100, patience: Patience = PATIENT, path: Path | None = None) -> Iterator[Served]:
    """A server on a free port, or on a unix socket at a path."""
    seen = Seen()
    bound = [bind_unix_socket(str(path))] if path else bind_sockets(0, "127.0.0.1")
    address, family = bound[0].getsockname(), bound[0].family
    ready, ended = threading.Event(), asyncio.Event()
    running: list[tuple[asyncio.AbstractEventLoop, GatewayServer]] = []

    async def run() -> None:
        routes = [(route, handler, {"seen": seen}) for route, handler in ROUTES.items()]
        server = GatewayServer(Application(routes, log_function=lambda _: None), most, patience)
        await server.listen(bound)
        running.append((asyncio.get_running_loop(), server))
        ready.set()
        await ended.wait()
        server.stop()
        await server.close_all_connections()

    def serve() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(HANG)
    try:
        yield Served(*running[0], seen, address, family)
    finally:
        running[0][0].call_soon_threadsafe(ended.set)
        thread.join(HANG)


def everything(client: socket.socket) -> bytes:
    """All that comes until the end, or a reset."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            received += piece
    return received


def until(client: socket.socket, end: bytes) -> bytes:
    """What comes until something has come."""
    received = b""
    while end not in received:
        piece = client.recv(65536)
        assert piece, received
        received += piece
    return received


def get(path: str, version: str = "1.1", fields: Mapping[str, str] | None = None, method: str = "GET") -> bytes:
    """A request."""
    told = {"Host": "x", **(fields or {})}
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in told.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
