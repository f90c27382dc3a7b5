"""One request's answer on its way out: framed, counted, and never more than was promised."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Protocol, cast

from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPOutputError, RequestStartLine, ResponseStartLine

from handlers.http1.fields import Fields
from handlers.http1.head import Head

_ILLEGAL = re.compile(r"[^\t\r\n -~\x80-\xff]")
_JOINED = 8 * 1024
"""Bytes of a piece that are copied behind the head rather than written beside it."""


class Written(Protocol):
    """What an answer is written to; see `Wire` and `Connection`."""

    writing: bool

    @property
    def local_port(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    @property
    def ending(self) -> bool: ...

    def send(self, *pieces: bytes) -> asyncio.Future[None]: ...

    async def send_file(self, file: int, offset: int, count: int) -> None: ...

    def close(self) -> None: ...

    def reset(self) -> None: ...

    def answered(self, *, keep: bool) -> None: ...


class Exchange(HTTPConnection):
    """Tornado's connection for one request, and what else handlers may ask of it."""

    def __init__(self, wire: Written, head: Head) -> None:
        self._wire = wire
        self._head = head
        self._keep = head.keeps
        self._left: int | None = None
        """Bytes of the body that are promised and not yet written, if any are promised."""
        self._chunked = False
        self._on_close: Callable[[], None] | None = None

    # -- Tornado's interface -------------------------------------------------------------------------------------------

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """What to call when the client leaves before the answer is finished."""
        self._on_close = callback

    def write_headers(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> asyncio.Future[None]:
        """Write the head, and a first piece of the body with it; raise `ValueError` for a field that would break out
        of its line, and `HTTPOutputError` for more than Content-Length."""
        answer = cast("ResponseStartLine", start_line)
        self._frame(answer.code, headers)
        try:
            head = _head(answer, headers)
        except ValueError:
            self.close()  # Tornado takes the head for written, and would go on with the body
            raise
        if not chunk:
            return self._wire.send(head)
        pieces = self._framed(chunk)
        if len(chunk) <= _JOINED:
            return self._wire.send(b"".join((head, *pieces)))
        return self._wire.send(head, *pieces)

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Write a piece of the body; raise `HTTPOutputError` for more than Content-Length."""
        return self._wire.send(*self._framed(chunk))

    def finish(self) -> None:
        """The answer is whole; raise `HTTPOutputError` if it is not, and close, so that the client can see it."""
        if self._left and not self._wire.closed:
            self.close()
            raise HTTPOutputError(f"{self._left} bytes fewer than Content-Length")
        if self._chunked:
            self._wire.send(b"0\r\n\r\n")
        self._on_close = None
        self._wire.answered(keep=self._keep)

    # -- what handlers ask besides -------------------------------------------------------------------------------------

    @property
    def local_port(self) -> int:
        """The port that the client has connected to; 0 on a unix socket."""
        return self._wire.local_port

    @property
    def closed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._wire.closed

    @property
    def writing(self) -> bool:
        """Whether the kernel has yet to take some of what was written."""
        return self._wire.writing

    def close(self) -> None:
        """End the connection at once; what the kernel has not taken is not sent. Nobody is called back."""
        self._on_close = None
        self._wire.close()

    def reset(self) -> None:
        """End the connection so that the client sees an error, even where the end of it would end the body."""
        self._on_close = None
        self._wire.reset()

    async def send_file(self, file: int, offset: int, count: int) -> None:
        """Send a part of a regular file, by its descriptor, when all that was written before is taken; return when the
        kernel has taken it. No byte of it passes through this process.

        Raises `StreamClosedError` if the client leaves, `EOFError`, after closing, if the file ends early, and
        `HTTPOutputError` for more than Content-Length, or where there is none and the body goes in chunks.
        """
        if self._chunked:
            raise HTTPOutputError("a file is sent by its length, not in chunks")
        self._count(count)
        await self._wire.send_file(file, offset, count)

    def left(self) -> None:
        """The client has left."""
        callback, self._on_close = self._on_close, None
        if callback is not None:
            callback()

    # -- framing (RFC 9112, section 6) ---------------------------------------------------------------------------------

    def _frame(self, status: int, headers: HTTPHeaders) -> None:
        bare = status in {204, 304} or status < 200
        silent = bare or self._head.method == "HEAD"
        newer = self._head.version == "HTTP/1.1"
        self._keep = self._keep and not self._wire.ending
        if "Content-Length" in headers:
            self._left = 0 if silent else _number(headers["Content-Length"])
        elif silent:
            self._left = 0
        elif newer:
            self._chunked = True
            headers["Transfer-Encoding"] = "chunked"
        else:
            self._keep = False  # only the connection's end ends the body
        if newer and not self._keep:
            headers["Connection"] = "close"
        elif self._keep and not newer:
            headers["Connection"] = "Keep-Alive"

    def _framed(self, chunk: bytes) -> tuple[bytes, ...]:
        self._count(len(chunk))
        if not self._chunked:
            return (chunk,)
        return (b"%x\r\n" % len(chunk), chunk, b"\r\n") if chunk else ()  # an empty chunk would end the body

    def _count(self, size: int) -> None:
        if self._left is None:
            return
        if size > self._left:
            self.close()
            raise HTTPOutputError(f"{size - self._left} bytes more than Content-Length")
        self._left -= size


def _head(start: ResponseStartLine, headers: HTTPHeaders) -> bytes:
    known = headers if isinstance(headers, Fields) else Fields(headers.get_all())
    text = f"HTTP/1.1 {start.code} {start.reason}{known.text}"
    breaks = known.lines
    flat = text.replace("\r\n", "", breaks)
    plain = len(text) - len(flat) == 2 * breaks and flat.isascii() and flat.isprintable()
    if not plain and (not text.count("\r") == text.count("\n") == breaks or _ILLEGAL.search(text)):
        raise ValueError("a header field holds a line break or another control character")
    return (text + "\r\n\r\n").encode("latin-1")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"Content-Length is {text!r}")
    return int(text)
