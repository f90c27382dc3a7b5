"""The writing side of a client's connection: what the kernel does not take at once is held, and the writer told."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import cast

from tornado.iostream import StreamClosedError

UNSENT_BYTES = 256 * 1024
"""Bytes that the kernel holds for a client before the connection counts as full (tcp(7), TCP_NOTSENT_LOWAT). Without it
that is megabytes, and it counts as full until a third of them have left: minutes for a slow client, who would be taken
for a stalled one."""

_FILE_TURN = 1024 * 1024
"""Bytes of a file between two turns of the event loop, for a client that takes them as fast as they come."""

_IN_LINE = 4 * 1024
"""Bytes of a file that are held for a client whose socket is full."""

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: closing sends RST


class Wire(asyncio.Protocol):
    """A client's socket, to be written to by one writer at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._done.set_result(None)
        self._taken: asyncio.Future[None] | None = None
        self._finished = False
        self.remote_ip = ""
        self.writing = False
        """Whether the kernel has yet to take some of what was written."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # whatever is held counts
        self._socket: socket.socket = transport.get_extra_info("socket")
        peer = transport.get_extra_info("peername")
        self.remote_ip = str(peer[0]) if isinstance(peer, tuple) and peer else "0.0.0.0"
        if self._socket.family != socket.AF_UNIX:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def pause_writing(self) -> None:
        """The kernel has not taken all."""
        self.writing = True

    def resume_writing(self) -> None:
        """It has now."""
        self.writing = False
        taken, self._taken = self._taken, None
        if taken is not None and not taken.done():
            taken.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended: whoever waits for it is told."""
        if self._taken is not None and not self._taken.done():
            self._taken.set_exception(StreamClosedError(real_error=exc))
            self._taken.exception()  # marks it seen: nobody need ask

    @property
    def local_port(self) -> int:
        """The port that the client has connected to; 0 on a unix socket."""
        name = self._socket.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    @property
    def closed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._transport.is_closing()

    def send(self, *pieces: bytes) -> asyncio.Future[None]:
        """Write; the future is done when the kernel has taken it, or fails with `StreamClosedError`."""
        if self._transport.is_closing():
            failed: asyncio.Future[None] = self._loop.create_future()
            failed.set_exception(StreamClosedError())
            failed.exception()  # marks it seen: nobody need ask
            return failed
        if len(pieces) == 1:
            self._transport.write(pieces[0])
        else:
            self._transport.writelines(pieces)
        return self._when_taken() if self.writing else self._done

    def _when_taken(self) -> asyncio.Future[None]:
        if self._taken is None or self._taken.done():  # one that was cancelled is done, too
            self._taken = self._loop.create_future()
        return self._taken

    async def send_file(self, file: int, offset: int, count: int) -> None:
        """Send a part of a file after all that was written, and return when the kernel has taken it. Raises
        `StreamClosedError`, or, after closing, `EOFError` if the file ends early."""
        if self.writing and not self.closed:
            await self._when_taken()
        end = offset + count
        while offset < end:
            if self.closed:
                raise StreamClosedError
            sent = self._send_some(file, offset, min(end - offset, _FILE_TURN))
            if not sent:
                sent = await self._wait_in_line(file, offset, min(end - offset, _IN_LINE))
            offset += sent
            if sent == _FILE_TURN:
                await asyncio.sleep(0)

    def _send_some(self, file: int, offset: int, count: int) -> int:
        """How many bytes the kernel has taken; 0 if it takes none now."""
        try:
            sent = os.sendfile(self._socket.fileno(), file, offset, count)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.close()
            raise StreamClosedError(real_error=error) from error
        if not sent:
            raise self._file_ended(offset)
        return sent

    async def _wait_in_line(self, file: int, offset: int, count: int) -> int:
        """Wait until the kernel takes more, by having the transport write a little of the file, which only it can wait
        for: its descriptor is libuv's to watch, and a second one for each slow client would be one too many. Returns
        how much that was; raise `StreamClosedError`, or `EOFError`."""
        piece = os.pread(file, count, offset)
        if not piece:
            raise self._file_ended(offset)
        await self.send(piece)
        return len(piece)

    def _file_ended(self, offset: int) -> EOFError:
        self.close()
        return EOFError(f"the file ends at byte {offset}")

    def close(self) -> None:
        """End at once; what the kernel has not taken is not sent."""
        self._transport.abort()

    def reset(self) -> None:
        """End so that the client sees an error, whatever it has received."""
        if not self._transport.is_closing():
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
