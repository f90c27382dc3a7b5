"""Answers to what is no request, or came to a server that takes no more."""

from __future__ import annotations

import json
import time
from email.utils import formatdate

BAD = "Bad request"


class Refused(Exception):  # noqa: N818  # it reads as what it is
    """A request that is not read on; the answer's status, what it says, and fields of its own."""

    def __init__(self, status: int, reason: str, *fields: str) -> None:
        super().__init__(reason)
        self._status, self._reason, self._fields = status, reason, fields

    @property
    def answer(self) -> bytes:
        """A whole answer, with problem details, after which the connection ends."""
        return _answer(self._status, self._reason, *self._fields)


def _answer(status: int, error: str, *fields: str) -> bytes:
    told = {"type": "about:blank", "title": error, "status": status, "error": error}
    body = json.dumps(told)
    head = (
        f"HTTP/1.1 {status} {error}",
        f"Date: {formatdate(time.time(), usegmt=True)}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Access-Control-Allow-Origin: *",
        "Cache-Control: no-store",
        "Connection: close",
        *fields,
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


FULL = Refused(503, "Temporarily out of capacity", "Retry-After: 1")
LATE = Refused(408, "Request timed out")
