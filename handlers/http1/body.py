"""The body of a request, which is small or is refused."""

from __future__ import annotations

import re

from handlers.http1.refused import BAD, Refused

LARGEST = 8 * 1024
"""Bytes of a body; few requests have a use for one that is larger."""

_OVERHEAD = 4
"""Times a body's largest size that chunks may add to it, with their sizes, extensions and trailer fields."""

_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})(?:[ \t]*;[\t -~\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*")


class Body:
    """Reads a body of a known length, or one in chunks (RFC 9112, section 7.1) where it is None, of ``largest`` bytes
    at most; raise `Refused` for more."""

    def __init__(self, length: int | None, largest: int = LARGEST) -> None:
        if length is not None and length > largest:
            raise _too_large()
        self._largest = largest
        self._length = length
        self._whole = bytearray()
        self._overhead = 0
        self._left = 0
        """Bytes of the chunk that is being read, with the end of its line."""
        self._in_trailer = False

    def read(self, data: bytes) -> tuple[bytes | None, bytes]:
        """The body, or None while more is to come, and what is left of the data; raise `Refused`."""
        if self._length is None:
            return self._read_chunks(data)
        missing = self._length - len(self._whole)
        self._whole += data[:missing]
        return bytes(self._whole) if len(self._whole) == self._length else None, data[missing:]

    def _read_chunks(self, data: bytes) -> tuple[bytes | None, bytes]:
        at = 0  # what lies behind is not moved for each chunk: a body may be thousands of them
        while True:
            if self._left:
                at = self._read_chunk(data, at)
                if self._left:
                    return None, data[at:]
            end = data.find(b"\r\n", at)
            self._bound((len(data) if end < 0 else end) - at)
            if end < 0:
                return None, data[at:]
            line, at = data[at:end], end + 2
            self._overhead += len(line) + 2
            if self._in_trailer and not line:
                return bytes(self._whole), data[at:]
            self._read_line(line)

    def _read_line(self, line: bytes) -> None:
        if self._in_trailer:
            if not _TRAILER.fullmatch(line):
                raise Refused(400, BAD)
            return
        size = _SIZE.fullmatch(line)
        if size is None:
            raise Refused(400, BAD)
        number = int(size[1], 16)
        if len(self._whole) + number > self._largest:
            raise _too_large()
        self._left = number + 2 if number else 0
        self._in_trailer = not number

    def _read_chunk(self, data: bytes, at: int) -> int:
        """Take a chunk's bytes as they come, and the end of its line when that is whole; returns how far that went."""
        content = max(self._left - 2, 0)
        taken = data[at : at + content]
        self._whole += taken
        self._left -= len(taken)
        at += len(taken)
        if self._left > 2 or len(data) - at < 2:
            return at
        if data[at : at + 2] != b"\r\n":
            raise Refused(400, BAD)
        self._left = 0
        return at + 2

    def _bound(self, waiting: int) -> None:
        if self._overhead + waiting > _OVERHEAD * self._largest:
            raise _too_large()


def _too_large() -> Refused:
    return Refused(413, "Request body too large")
