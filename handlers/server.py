"""The HTTP server: a client that is slow or floods costs little, and is told so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from tornado.web import Application

from handlers.http1.body import LARGEST
from handlers.http1.connection import Connection, Patience
from handlers.http1.head import Head
from handlers.http1.refused import FULL
from handlers.http1.request import Request

BACKLOG = 1024
LARGEST_LICENCE_REQUEST = 64 * 1024
"""Bytes of a body that a licence server may be sent: a player's challenge with its certificates is a few kilobytes."""

MOST_TOLD = 256
"""Connections that are being told why they are refused; when more are, they are closed without a word."""


class GatewayServer:
    """Serves an application on sockets that listen, with at most so many connections at once."""

    def __init__(self, application: Application, most: int, patience: Patience | None = None) -> None:
        self._application = application
        self._most = most
        self._listening: list[asyncio.Server] = []
        self._open: set[Connection] = set()
        self._told: set[Connection] = set()
        self.patience = patience or Patience()
        self.ending = False
        self.refused = 0

    @property
    def connections(self) -> int:
        """How many are open, without those that are being refused."""
        return len(self._open)

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on sockets that are bound; they are closed by `stop`."""
        loop = asyncio.get_running_loop()
        for bound in sockets:
            server = await loop.create_server(lambda: Connection(self), sock=bound, backlog=BACKLOG)
            self._listening.append(server)

    def stop(self) -> None:
        """Accept no more, and close each connection once it is not being answered."""
        self.ending = True
        for server in self._listening:
            server.close()
        for connection in tuple(self._open):
            if connection.idle:
                connection.close()

    async def close_all_connections(self) -> None:
        """End what is left."""
        for connection in (*self._open, *self._told):
            connection.close()
        await asyncio.sleep(0)  # by then each has been told that it has ended

    # -- what connections ask and tell ---------------------------------------------------------------------------------

    def largest_body(self, head: Head) -> int:
        """Bytes of a request's body at most."""
        is_licence = head.method == "POST" and head.target.startswith("/play/")
        return LARGEST_LICENCE_REQUEST if is_licence else LARGEST

    def opened(self, connection: Connection) -> None:
        """Take it, or answer 503 at once when there are as many as may be."""
        if len(self._open) < self._most:
            self._open.add(connection)
            return
        self.refused += 1
        connection.refuse(FULL)

    def lost(self, connection: Connection) -> None:
        """A connection has ended."""
        self._open.discard(connection)
        self._told.discard(connection)

    def may_tell(self, connection: Connection) -> bool:
        """Whether there are not too many already."""
        if len(self._told) >= MOST_TOLD:
            return False
        self._open.discard(connection)
        self._told.add(connection)
        return True

    def handle(self, request: Request) -> None:
        """Answer a request."""
        self._application(request)
