"""What all handlers share: who asks, whether the tier admits it, and one shape for every answer that is not media."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from gateway.configuration import Generation
from gateway.identity import longest_grant
from gateway.policy import Call, Credential, Identity, Json, Purpose, Quota
from gateway.problem import (
    BadRequest,
    InvalidKey,
    InvalidToken,
    MethodNotAllowed,
    MissingKey,
    NotFound,
    OwnAddress,
    Problem,
)
from gateway.service.gateway import Gateway
from gateway.tiers.admitted import Admitted
from handlers import fields
from handlers.admission import Admission
from handlers.answering import Answering
from handlers.credentials import Shown, shown
from handlers.record import Record, write_record
from handlers.web_page import page_of

_log = logging.getLogger("sluicegate.error")


class Handler(Answering):
    """Answers with problem details on any `Problem`, with CORS on everything, and one log line a request."""

    route = "-"
    varies_by = ""
    head_sent = False

    def initialize(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.generation: Generation = gateway.configuration.current
        self.record = Record(self.route, self._known_method(), _new_id(), self.generation.number)
        self._quotas: Sequence[Quota] = ()
        self._varies: Sequence[str] = ()
        gateway.running.begin(self.cut)

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
        except (InvalidKey, InvalidToken) as refusal:
            refusal.detail = refusal.detail or credential.misplaced()
            await self.slow_down()
            raise

    async def slow_down(self) -> None:
        """Wait before a failed authentication is answered."""
        await asyncio.sleep(self.gateway.slowdown.failed(self.request.remote_ip or ""))

    # -- whether it may ------------------------------------------------------------------------------------------

    def admitted(self, identity: Identity, purpose: Purpose) -> AbstractAsyncContextManager[Admitted]:
        """Hold the tier's policies while the block runs; raise the `Problem` of the one that refuses."""
        call = self.call(identity, purpose)
        self.record.identity = identity
        self.record.shadowed = call.shadowed
        self._quotas, self._varies = call.quotas, call.varies
        return Admission(self.generation.tier(identity.tier).admit(call), self.record, self._declare_quotas)

    def call(self, identity: Identity, purpose: Purpose) -> Call:
        """The request as policies see it."""
        file = self.generation.file
        return Call(
            identity,
            purpose,
            self.gateway.store,
            self.generation.tier(identity.tier).on_store_error,
            self.route,
            page_of(self.request.headers),
            file.session_lifetime,
            file.session_lifetime + longest_grant(file.playback_lifetime),
        )

    def _declare_quotas(self) -> None:
        if self._quotas:
            for name, value in fields.rate_limit(self._quotas).items():
                self.set_header(name, value)

    def declare_vary(self) -> None:
        """Say which of the request's header fields decide whether it is answered: to a cache, a part of its key (RFC
        9111, section 4.1), so that what one credential or page opened is not given to another."""
        for field in (self.varies_by, *self._varies):
            if field:
                self.add_header("Vary", field)

    def declare_timing(self) -> None:
        """Say how long the parts of the answer took (W3C Server Timing), in milliseconds."""
        self.set_header("Server-Timing", self.record.timing(time.monotonic()))

    def refuse_own_request(self) -> None:
        """Raise `OwnAddress` if the request is one of this gateway's own: it would ask itself without end."""
        if self.gateway.via in self.request.headers.get("Via", ""):
            raise OwnAddress("The url leads back to this gateway.")

    # -- what is answered ----------------------------------------------------------------------------------------

    def answer(self, body: Json) -> None:
        """Answer 200 with JSON, never cached: it is about one key at one moment."""
        self.declare_vary()
        self.declare_timing()
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
            error = _raised(kwargs)
            self.record.problem = error if isinstance(error, Problem) else None
            self.cut("policy" if isinstance(error, Problem) and error.policy else "origin")
        else:
            super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Problem details for whatever was raised."""
        problem = self._problem(_raised(kwargs), status_code)
        self.record.problem = problem
        self.set_status(problem.status)
        self.set_header("X-Request-Id", self.record.request_id)
        self._declare_quotas()
        self.declare_vary()
        self.declare_timing()
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
        if self.request.version == "HTTP/1.0":
            self.connection.reset()  # its bodies may end where the connection does: a reset can be told from an end
        else:
            self.connection.close()
        self.on_finish()

    def on_finish(self) -> None:
        """Write the request's one log line, and count it; a request that was cut is finished already."""
        if self.record.status:
            return
        self.gateway.running.end(self.cut)
        self.record.status = self.get_status()
        self.record.store = "down" if self.gateway.store.breaker.is_open else ""
        write_record(self.record, time.monotonic(), self.gateway.metrics)
        _let_go(self.record.problem)


def _new_id() -> str:
    """A name that hardly any two requests share; not a secret, and each forked worker has a seed of its own."""
    return f"{random.getrandbits(64):016x}"


def _let_go(error: BaseException | None) -> None:
    """Free what was at hand where an error was raised, a manifest of megabytes perhaps. Its frames refer to the
    handler, which refers to it, and the collector of such cycles counts objects, not bytes."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


def _raised(kwargs: Mapping[str, object]) -> object:
    """The exception that Tornado passes on, or None."""
    exc_info = kwargs.get("exc_info")
    return exc_info[1] if isinstance(exc_info, tuple) else None
