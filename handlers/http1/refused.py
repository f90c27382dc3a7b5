"""Answers to what is no request, or came to a server that takes no more."""

from __future__ import annotations

import json

BAD = "Bad request"


class Refused(Exception):  # noqa: N818  # it reads as what it is
    """A request that is not read on; the answer's status, and what it says."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = answer(status, reason)


def answer(status: int, error: str, *fields: str) -> bytes:
    """A whole answer, with problem details, after which the connection ends."""
    told = {"type": "about:blank", "title": error, "status": status, "error": error}
    body = json.dumps(told)
    head = (
        f"HTTP/1.1 {status} {error}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Access-Control-Allow-Origin: *",
        "Cache-Control: no-store",
        "Connection: close",
        *fields,
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


HEAD_TOO_LARGE = answer(431, "Request header fields too large")
"""RFC 6585, section 5."""

FULL = answer(503, "Temporarily out of capacity", "Retry-After: 1")
LATE = answer(408, "Request timed out")
