"""An origin of media. Tells its URL, and when its live stream began, in one line; see `_answer` for its paths.

``python -m benchmarks.origin [SECONDS SIZE [CACHE_CONTROL]]``: the length and the bytes of the live stream's segments,
and what its playlist says of being kept; nothing by default. What is in a segment follows from its number alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import sys
import time
from collections import Counter as Tally
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

import uvloop

_CHUNK = b"\x47" + bytes(64 * 1024 - 1)
_ENDLESS = 1 << 40
"""Bytes: 30 hours at 80 Mbit/s."""

_WINDOW = 6
"""Segments that a live playlist lists."""

_BEFORE = 1000
"""The number of the segment that is had from the beginning: before it there were others."""

_ASKED = re.compile(rb"(GET|HEAD) (/\S*)")
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d+)-(\d+)\r\n", re.IGNORECASE)


@lru_cache(32)
def segment(number: int, size: int) -> bytes:
    """The bytes of one segment: a seed's, over and over, so that no two segments are alike."""
    seed = b"\x47" + random.Random(number).randbytes(1023)
    return (seed * (size // len(seed) + 1))[:size]


@lru_cache(32)
def digest(number: int, size: int) -> bytes:
    """By which a segment is known."""
    return hashlib.sha256(segment(number, size)).digest()


@dataclass
class Live:
    """A live stream; the clock is `time.monotonic`, which all processes of a machine share."""

    seconds: float = 2.0
    size: int = 64 * 1024
    cache_control: str = ""
    began: float = field(default_factory=time.monotonic)

    def newest(self) -> int:
        """The number of the segment that was had last."""
        return _BEFORE + int((time.monotonic() - self.began) / self.seconds)

    def had_at(self, number: int) -> float:
        """When a segment was, or will be, in the playlist for the first time."""
        return self.began + (number - _BEFORE) * self.seconds

    def playlist(self) -> bytes:
        """RFC 8216, section 4: the last `_WINDOW` segments."""
        newest = self.newest()
        first = newest - _WINDOW + 1
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{self.seconds:.0f}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
        for number in range(first, newest + 1):
            lines += [f"#EXTINF:{self.seconds:.3f},", f"{number}.ts"]
        return "\n".join([*lines, ""]).encode()


@dataclass
class Origin:
    """What is served, and what was asked."""

    live: Live
    asked: Tally[str] = field(default_factory=Tally)
    connections: int = 0
    transfers: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while asked := _ASKED.match(head := await reader.readuntil(b"\r\n\r\n")):
                self.transfers += 1
                try:
                    await self._answer(writer, asked[2].decode(), head, whole=asked[1] == b"GET")
                finally:
                    self.transfers -= 1
        self.connections -= 1
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, target: str, head: bytes, *, whole: bool) -> None:
        """``/endless``, ``/bytes/N``, ``/live/list.m3u8``, ``/live/N.ts``, and ``/told``: what was asked, as JSON."""
        path = target.partition("?")[0]
        self.asked[path] += 1
        if path == "/told":
            told = {"asked": self.asked, "connections": self.connections, "transfers": self.transfers}
            await _send_body(writer, json.dumps(told).encode(), "Content-Type: application/json\r\n")
        elif path == "/live/list.m3u8":
            fields = "Content-Type: application/vnd.apple.mpegurl\r\n"
            fields += f"Cache-Control: {self.live.cache_control}\r\n" if self.live.cache_control else ""
            await _send_body(writer, self.live.playlist(), fields, whole=whole)
        elif named := re.fullmatch(r"/live/(\d+)\.ts", path):
            await self._send_segment(writer, int(named[1]), head, whole=whole)
        else:
            sized = re.fullmatch(r"/bytes/(\d+)", path)
            await _send_long(writer, int(sized[1]) if sized else _ENDLESS)

    async def _send_segment(self, writer: asyncio.StreamWriter, number: int, head: bytes, *, whole: bool) -> None:
        body = segment(number, self.live.size)
        fields = f'Content-Type: video/mp2t\r\nETag: "{number}"\r\nAccept-Ranges: bytes\r\n'
        if (asked := _RANGE.search(head)) and int(asked[1]) < len(body):
            first, last = int(asked[1]), min(int(asked[2]), len(body) - 1)
            fields += f"Content-Range: bytes {first}-{last}/{len(body)}\r\n"
            await _send_body(writer, body[first : last + 1], fields, "206 Partial Content", whole=whole)
        else:
            await _send_body(writer, body, fields, whole=whole)


async def _send_body(
    writer: asyncio.StreamWriter, body: bytes, fields: str, status: str = "200 OK", *, whole: bool = True
) -> None:
    head = f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + (body if whole else b""))
    await writer.drain()


async def _send_long(writer: asyncio.StreamWriter, size: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: %d\r\n\r\n" % size)
    while size:
        writer.write(_CHUNK[:size])
        size -= min(size, len(_CHUNK))
        await writer.drain()


async def _main(live: Live) -> None:
    server = await asyncio.start_server(Origin(live).serve, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]} {live.began}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    given = sys.argv[1:]
    stream = Live(float(given[0]), int(given[1]), "".join(given[2:])) if given else Live()
    uvloop.run(_main(stream))
