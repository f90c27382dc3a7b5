"""Which handler answers a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import cast

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler, url

from gateway.service.gateway import Gateway
from handlers.account import UnknownHandler
from handlers.http1.request import Request
from handlers.media import MediaHandler


class Dispatching(Application):
    """Tornado's application, which has one answer for paths without a route. A request for media does not go through
    the layers by which Tornado finds a handler, and reads a body into it; its route is the first that matches there
    too."""

    def __init__(self, gateway: Gateway, routes: Sequence[url]) -> None:
        super().__init__(
            list(routes),
            default_handler_class=UnknownHandler,
            default_handler_args={"gateway": gateway},
            log_function=_log_nothing,
        )
        self._media = [route for route in routes if issubclass(route.handler_class, MediaHandler)]

    def __call__(self, request: HTTPServerRequest) -> Awaitable[None] | None:
        """Begin to answer a request."""
        for route in self._media:
            if route.regex.match(request.path):
                handler = route.handler_class(self, cast("Request", request), **(route.kwargs or {}))
                task = asyncio.get_running_loop().create_task(handler._execute([]))  # noqa: SLF001
                task.add_done_callback(_raise_fault)
                return None
        return super().__call__(request)


def _raise_fault(task: asyncio.Task[None]) -> None:
    """There is none, or Tornado's handlers have one; the event loop tells of it."""
    if not task.cancelled():
        task.result()


def _log_nothing(_handler: RequestHandler) -> None:
    """Handlers write a line of their own; Tornado would make one, and then find that nobody reads it."""
