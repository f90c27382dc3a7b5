"""One request to the faulty origin, and what a script can do with its connection."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from benchmarks.relay.sample import Sample

CHUNK = 16 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: closing sends RST
_RANGE = re.compile(r"\r\nrange: *bytes=(\d+)-(\d*)\r\n", re.IGNORECASE)
_IF_RANGE = re.compile(r"\r\nif-range: ", re.IGNORECASE)


class BrokenOff(Exception):  # noqa: N818 - it is what the script wanted
    """The connection is to end here."""


@dataclass
class Exchange:
    """``asked`` is the range that was asked for, if one was; it ``resumes`` if only for what is still the same."""

    sample: Sample
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    asked: tuple[int, int] | None
    resumes: bool

    @classmethod
    def of(cls, sample: Sample, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange:
        """What a request's head says."""
        found = _RANGE.search(head)
        last = len(sample.body) - 1
        asked = (int(found[1]), int(found[2] or last)) if found else None
        return cls(sample, reader, writer, asked, bool(_IF_RANGE.search(head)))

    @property
    def first(self) -> int:
        """The first byte that was asked for."""
        return self.asked[0] if self.asked else 0

    @property
    def part(self) -> bytes:
        """What was asked for."""
        first, last = self.asked or (0, len(self.sample.body))
        return self.sample.body[first : last + 1]

    @property
    def etag(self) -> str:
        """A strong one."""
        return f'"{self.sample.run}"'

    async def head(self, status: int, fields: Mapping[str, str], version: str = "1.1") -> None:
        """Send one."""
        lines = [f"HTTP/{version} {status} As-Told", "Content-Type: video/mp2t"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def begin(self, *, chunked: bool, ranges: bool) -> None:
        """The head that belongs to what was asked for; whole, and not to be taken up again, without ``ranges``."""
        fields = {"ETag": self.etag} if ranges else {"Accept-Ranges": "none"}
        length = len(self.part if ranges else self.sample.body)
        fields |= {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(length)}
        if ranges and self.asked:
            fields["Content-Range"] = f"bytes {self.asked[0]}-{self.asked[1]}/{len(self.sample.body)}"
        await self.head(206 if "Content-Range" in fields else 200, fields)

    async def send(self, data: bytes) -> None:
        """Send it, no faster than it is taken."""
        for start in range(0, len(data), CHUNK):
            self.writer.write(data[start : start + CHUNK])
            await self.writer.drain()

    async def send_chunks(self, data: bytes) -> None:
        """Send it as chunks, without the last."""
        for start in range(0, len(data), CHUNK):
            piece = data[start : start + CHUNK]
            await self.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    def close(self) -> NoReturn:
        """End the connection as if all had been said."""
        raise BrokenOff

    def reset(self) -> NoReturn:
        """End the connection as one that is lost."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise BrokenOff

    async def hang(self) -> NoReturn:
        """Do nothing until the other side has had enough."""
        await self.reader.read()
        raise BrokenOff


Script = Callable[[Exchange], Awaitable[None]]
