"""What all handlers share: who asks, whether the tier admits it, and one shape for every answer that is not media."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from gateway.configuration import Generation
from gateway.policy import Call, Credential, Identity, Json, Meter, Purpose, Quota
from gateway.problem import (
    BadRequest,
    InvalidKey,
    InvalidToken,
    MethodNotAllowed,
    MissingKey,
    NotFound,
    Problem,
)
from gateway.service.gateway import Gateway
from handlers import fields
from handlers.credentials import Shown, shown
from handlers.record import Record, write_record

_log = logging.getLogger("sluicegate.error")
_DISCARD = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: closing sends RST


@dataclass(frozen=True, slots=True)
class Admission:
    """An admitted request: the call that its tier's policies saw, and the meter that its body passes."""

    call: Call
    meter: Meter


class Handler(RequestHandler):
    """Answers with problem details on any `Problem`, with CORS on everything, and one log line a request."""

    route = "-"
    head_sent = False

    def initialize(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.generation: Generation = gateway.configuration.current
        self.record = Record(self.route, self._known_method(), secrets.token_hex(8))
        self._quotas: Sequence[Quota] = ()
        gateway.running.begin(self.cut)

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in fields.CORS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        self.set_header("X-Request-Id", self.record.request_id)

    def options(self, *_path: str) -> None:
        """A CORS preflight, whatever the path."""
        for name, value in fields.PREFLIGHT.items():
            self.set_header(name, value)
        self.set_status(204)

    def _known_method(self) -> str:
        method = self.request.method or ""
        return method if method in self.SUPPORTED_METHODS else "other"  # a label of the metrics: keep it bounded

    @property
    def connection(self) -> HTTP1Connection:
        """The connection that the request came by; the server speaks nothing but HTTP/1."""
        return cast("HTTP1Connection", self.request.connection)

    def compute_etag(self) -> None:
        """No ETag of Tornado's own: it hashes bodies, and a relayed one has its origin's."""

    # -- who asks ------------------------------------------------------------------------------------------------

    async def identify(self) -> Identity:
        """Who the request comes from; raise `MissingKey`, `InvalidKey`, `InvalidToken` or `BadRequest`."""
        identity = await self.identify_if_shown()
        if identity is None:
            raise MissingKey("Send an API key as X-API-Key, or a session token as X-Session-Token.")
        return identity

    async def identify_if_shown(self) -> Identity | None:
        """Who the request comes from, or None if it shows no credential; raise as `identify` does for a bad one."""
        credential = shown(self.request.headers, self.request.query_arguments)
        return None if credential is None else await self.verify(credential)

    async def verify(self, credential: Shown) -> Identity:
        """Verify a credential; a failure is answered the slower, the more of them its address has sent."""
        try:
            if credential.kind is Credential.KEY:
                return self.generation.keys.authenticate(credential.text, self.gateway.clock())
            lifetime = self.generation.file.session_lifetime
            return self.gateway.tokens.verify(credential.text, self.generation.keys, lifetime)
        except (InvalidKey, InvalidToken):
            await self.slow_down()
            raise

    async def slow_down(self) -> None:
        """Wait before a failed authentication is answered."""
        await asyncio.sleep(self.gateway.slowdown.failed(self.request.remote_ip or ""))

    # -- whether it may ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def admitted(self, identity: Identity, purpose: Purpose) -> AsyncIterator[Admission]:
        """Hold the tier's policies while the block runs; raise the `Problem` of the one that refuses."""
        self.record.identity = identity
        tier = self.generation.tier(identity.tier)
        call = Call(identity, purpose, self.gateway.store, tier.on_store_error)
        self._quotas = call.quotas
        async with tier.admit(call) as meter:
            self._declare_quotas()
            yield Admission(call, meter)

    def _declare_quotas(self) -> None:
        for name, value in fields.rate_limit(self._quotas).items():
            self.set_header(name, value)

    # -- what is answered ----------------------------------------------------------------------------------------

    def answer(self, body: Json) -> None:
        """Answer 200 with JSON, never cached: it is about one key at one moment."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(body) + "\n")

    def log_exception(self, *error: object) -> None:
        """A `Problem` is an answer, not an accident; everything else is logged with its traceback, and without the
        request, whose address may hold a token or a grant."""
        if not isinstance(error[1], Problem | HTTPError | StreamClosedError):
            _log.error("request %s failed", self.record.request_id, exc_info=error[1])  # type: ignore[arg-type]

    def send_error(self, status_code: int = 500, **kwargs: object) -> None:
        """Once the head is sent an error must not look like an end: `finish` would write the last chunk."""
        if self.head_sent:
            self.cut("origin")
        else:
            super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Problem details for whatever was raised."""
        exc_info = kwargs.get("exc_info")
        problem = self._problem(exc_info[1] if isinstance(exc_info, tuple) else None, status_code)
        self.record.problem = problem
        self.set_status(problem.status)
        self.set_header("X-Request-Id", self.record.request_id)
        self._declare_quotas()
        for name, value in problem.headers().items():
            self.set_header(name, value)
        self.set_header("Content-Type", "application/problem+json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(problem.body()) + "\n")

    def _problem(self, error: object, status: int) -> Problem:
        if isinstance(error, Problem):
            return error
        if status == 405:
            known = ("GET", "HEAD", "POST")
            own = [name for name in known if getattr(type(self), name.lower()) is not getattr(Handler, name.lower())]
            return MethodNotAllowed([*own, "OPTIONS"])
        if status == 404:
            return NotFound("There is nothing at this path.")
        return BadRequest("The request cannot be read.") if status < 500 else Problem()

    def cut(self, by: str) -> None:
        """Close the connection in the middle of a body, so that the client can see that bytes are missing."""
        self.record.cut_by = by
        self.gateway.metrics.cut_short.labels(by).inc()
        if self.request.version == "HTTP/1.0" and self.connection.stream.socket is not None:
            # Its bodies may end where the connection does: only a reset can be told from an end.
            self.connection.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
        self.connection.close()
        self.on_finish()

    def on_finish(self) -> None:
        """Write the request's one log line, and count it; a request that was cut is finished already."""
        if self.record.status:
            return
        self.gateway.running.end(self.cut)
        self.record.status = self.get_status()
        write_record(self.record, time.monotonic(), self.gateway.metrics)
