"""An origin of media: ``/endless`` sends until nobody listens, ``/bytes/N`` sends N bytes. Tells its URL first."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

_CHUNK = b"\x47" + bytes(64 * 1024 - 1)
_ENDLESS = 1 << 40
"""Bytes: 30 hours at 80 Mbit/s."""


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            sized = re.match(rb"GET /bytes/(\d+)", head)
            await _send(writer, int(sized[1]) if sized else _ENDLESS)
    writer.close()


async def _send(writer: asyncio.StreamWriter, size: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: %d\r\n\r\n" % size)
    while size:
        writer.write(_CHUNK[:size])
        size -= min(size, len(_CHUNK))
        await writer.drain()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
