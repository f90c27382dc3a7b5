"""A client that believes nothing: it reads what comes over a raw socket, and judges by the framing and the bytes."""

from __future__ import annotations

import asyncio
import enum
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256

HANG = 90.0
"""Seconds after which an answer is taken to have no end."""

_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_BUFFER = 32 * 1024


class End(enum.Enum):
    """What a client can tell of how an answer ended."""

    COMPLETE = "complete"
    BROKEN = "broken"
    NONE = "none"


class Verdict(enum.Enum):
    """What came of a run."""

    WHOLE = "whole"
    CUT = "visibly cut"
    REFUSED = "refused"
    WRONG = "silently wrong"
    ENDLESS = "without end"


@dataclass
class Seen:
    """One answer: what came of it, how it ended, and the seconds from the request until then."""

    status: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    end: End = End.NONE
    seconds: float = 0.0

    def verdict(self, truth: bytes) -> Verdict:
        """Against what the whole representation is; a 206 against the part of it that the answer says it holds."""
        if self.end is End.NONE:
            return Verdict.ENDLESS
        if self.end is End.BROKEN:
            return Verdict.CUT
        if self.status >= 400:
            return Verdict.REFUSED
        return Verdict.WHOLE if sha256(self.body).digest() == sha256(self._expected(truth)).digest() else Verdict.WRONG

    def is_of(self, truth: bytes) -> bool:
        """Whether what came is the beginning of the truth said over and over."""
        return (truth * (len(self.body) // len(truth) + 1)).startswith(self.body)

    def begins(self, truth: bytes) -> bool:
        """Whether what came is the beginning of the truth."""
        return self._expected(truth).startswith(self.body)

    def _expected(self, truth: bytes) -> bytes:
        if self.status != 206:
            return truth
        told = _CONTENT_RANGE.fullmatch(self.fields.get("content-range", ""))
        return truth[int(told[1]) : int(told[2]) + 1] if told else truth


async def watch(port: int, path: str, fields: str) -> Seen:
    """Ask on a connection of its own, and read to the end, whatever that is; ``fields`` are lines of the head."""
    seen = Seen()
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_BUFFER)
    try:
        async with asyncio.timeout(HANG):
            await _ask(writer, path, fields)
            await _read_head(reader, seen)
            async for piece in _pieces(reader, seen.fields):
                seen.body += piece
        seen.end = End.COMPLETE
    except TimeoutError:
        pass
    except (OSError, EOFError, ValueError):
        seen.end = End.BROKEN
    finally:
        writer.close()
    seen.seconds = time.monotonic() - began
    return seen


async def sip(port: int, path: str, fields: str, seconds: float, pause: float) -> Seen:
    """The same at a leisurely pace, and leave after so many seconds; what is left in the middle has no end."""
    seen = Seen()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_BUFFER)
    try:
        await _ask(writer, path, fields)
        await _read_head(reader, seen)
        until = time.monotonic() + seconds
        async with aclosing(_pieces(reader, seen.fields)) as pieces:
            async for piece in pieces:
                seen.body += piece
                if time.monotonic() > until:
                    return seen
                await asyncio.sleep(pause)
        seen.end = End.COMPLETE
    except (OSError, EOFError, ValueError):
        seen.end = End.BROKEN
    finally:
        writer.close()
    return seen


async def _ask(writer: asyncio.StreamWriter, path: str, fields: str) -> None:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n{fields}\r\n".encode())
    await writer.drain()


async def _read_head(reader: asyncio.StreamReader, seen: Seen) -> None:
    """Raise `ValueError` for a head that is none, `EOFError` for one that is not whole."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    if not (found := re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", status)):
        raise ValueError(status)
    for line in lines:
        if not (told := _FIELD.fullmatch(line)):
            raise ValueError(line)
        seen.fields[told[1].lower()] = told[2]
    seen.status = int(found[1])


async def _pieces(reader: asyncio.StreamReader, fields: dict[str, str]) -> AsyncGenerator[bytes, None]:
    """The body, ending where its framing does (RFC 9112, section 6.3); raise `EOFError` where that is not reached,
    `ValueError` for a framing that is none."""
    if fields.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            async for piece in _exactly(reader, size):
                yield piece
            if await reader.readexactly(2) != b"\r\n":
                raise ValueError("a chunk does not end where it says")
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
    elif "content-length" in fields:
        async for piece in _exactly(reader, int(fields["content-length"])):
            yield piece
    else:
        raise ValueError("a body that ends with its connection")  # the gateway sends none to HTTP/1.1


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncGenerator[bytes, None]:
    while size:
        piece = await reader.read(min(size, _BUFFER))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece
