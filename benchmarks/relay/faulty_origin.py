"""An origin that fails in every way it is told to by the URL. Tells its own URL first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks.relay.breaking import (
    Breaking,
    another_range,
    another_range_or_none,
    bad_chunk,
    break_off,
    changed,
    hang,
    whole_again,
)
from benchmarks.relay.exchange import BrokenOff, Exchange, Script
from benchmarks.relay.sample import Sample

ENDLESS = 1 << 40
PLACES = 40
"""Addresses of loopback, from 127.0.0.2 on, that it listens on too: so many origins, each of which fails in one way."""

POISON = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: 6\r\n\r\npoison"
"""What comes after a body that is longer than it says: an answer to a question that nobody asked."""


async def sound(exchange: Exchange) -> None:
    """No fault."""
    await exchange.begin(chunked=False, ranges=True)
    await exchange.send(exchange.part)


async def too_long(exchange: Exchange) -> None:
    """Content-Length says more than there is."""
    total = len(exchange.sample.body)
    if exchange.first >= total:
        await exchange.head(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
        return
    more = exchange.sample.random("more").randrange(1, 10_000)
    await exchange.head(200, {"ETag": exchange.etag, "Content-Length": str(total + more)})
    await exchange.send(exchange.sample.body)
    exchange.close()


async def too_short(exchange: Exchange) -> None:
    """Content-Length says less than there is."""
    body = exchange.sample.said
    await exchange.head(200, {"ETag": exchange.etag, "Content-Length": str(len(body))})
    await exchange.send(body + POISON)


async def no_head(exchange: Exchange) -> None:
    """Not a byte, or half a head."""
    await exchange.send(exchange.sample.pick(b"", b"HTTP/1.1 200 OK\r\nContent-Le"))
    await exchange.hang()


async def half_a_head(exchange: Exchange) -> None:
    """Part of a head, and then the end."""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: {len(exchange.sample.body)}\r\n\r\n".encode()
    )
    await exchange.send(head[: exchange.sample.random("head").randrange(len(head))])
    await break_off(exchange)


async def manifest_bomb(exchange: Exchange) -> None:
    """A playlist of a gigabyte, in a megabyte."""
    bomb = exchange.sample.bomb(b"#EXTM3U\n#")
    await exchange.head(200, {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))})
    await exchange.send(bomb)


async def media_bomb(exchange: Exchange) -> None:
    """The same, of media."""
    bomb = exchange.sample.bomb(b"G")
    await exchange.head(200, {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))})
    await exchange.send(bomb)


async def endless(exchange: Exchange) -> None:
    """The body over and over, as chunks or under a length that nobody lives to see."""
    framing = exchange.sample.pick(("Transfer-Encoding", "chunked"), ("Content-Length", str(ENDLESS)))
    await exchange.head(200, {"ETag": exchange.etag, framing[0]: framing[1]})
    while True:
        await exchange.sample.pick(exchange.send_chunks, exchange.send)(exchange.sample.body)


async def loop(exchange: Exchange) -> None:
    """302 to where one is."""
    await exchange.head(302, {"Location": exchange.sample.path("ts"), "Content-Length": "0"})


@dataclass(frozen=True)
class WithoutLength:
    """An answer of HTTP/1.0, whose body ends where the connection does, and that is too early."""

    end: Script

    async def __call__(self, exchange: Exchange) -> None:
        """Answer."""
        await exchange.head(200, {"ETag": exchange.etag}, version="1.0")
        await exchange.send(exchange.sample.body[: exchange.sample.cut])
        await self.end(exchange)


async def _close(exchange: Exchange) -> None:
    exchange.close()


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


SCRIPTS: Mapping[str, Script] = {
    "sound": sound,
    "cut": Breaking(again=True),
    "cut-in-a-range": Breaking(again=True),
    "cut-no-ranges": Breaking(ranges=False),
    "cut-chunked": Breaking(chunked=True, again=True),
    "cut-chunked-no-ranges": Breaking(chunked=True, ranges=False),
    "bad-chunk": Breaking(bad_chunk, chunked=True),
    "bad-chunk-no-ranges": Breaking(bad_chunk, chunked=True, ranges=False),
    "hang-in-body": Breaking(hang),
    "hang-in-body-no-ranges": Breaking(hang, ranges=False),
    "hang-before-head": no_head,
    "closed-in-head": half_a_head,
    "length-too-long": too_long,
    "length-too-short": too_short,
    "wrong-range-to-resume": Breaking(rest=another_range_or_none),
    "wrong-range-to-player": another_range,
    "200-to-resume": Breaking(rest=whole_again),
    "changed-etag": Breaking(rest=changed),
    "gzip-bomb": manifest_bomb,
    "gzip-media": media_bomb,
    "endless": endless,
    "redirect-loop": loop,
    "no-length-closed": WithoutLength(_close),
    "no-length-reset": WithoutLength(_reset),
}


@dataclass
class FaultyOrigin:
    """``/open.txt?run=0`` tells how many endless bodies it sends."""

    endless: set[int] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until a script ends it or the other side does."""
        with suppress(OSError, asyncio.IncompleteReadError, BrokenOff):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode("latin-1"), reader, writer)
        writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sample = Sample.at(head.split(" ")[1])
        assert sample is not None, head
        exchange = Exchange.of(sample, head, reader, writer)
        if sample.fault == "open":
            await exchange.head(200, {"Content-Length": str(len(str(len(self.endless))))})
            await exchange.send(str(len(self.endless)).encode())
        elif sample.fault == "endless":
            self.endless.add(id(exchange))
            try:
                await endless(exchange)
            finally:
                self.endless.discard(id(exchange))
        else:
            await SCRIPTS["sound" if sample.fault.startswith("sound-") else sample.fault](exchange)


async def _main() -> None:
    origin = FaultyOrigin()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.start_server(origin.serve, [f"127.0.0.{2 + number}" for number in range(PLACES)], port)
    print(f"http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
