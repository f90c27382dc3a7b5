"""What one run of a fault is about, made of its names alone, so that origin and witness need not talk."""

from __future__ import annotations

import random
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeVar

T = TypeVar("T")
_PATH = re.compile(r"/(?P<fault>[a-z0-9-]+)\.[a-z0-9]+\?run=(?P<run>\d+)")
_SEGMENT = 16 * 2**20
_SEGMENTS = 64
"""Of `_SEGMENT` zeros each in a bomb: 1 MiB on the wire, 1 GiB unpacked. Deflate makes no less than a thousandth."""


@dataclass(frozen=True)
class Sample:
    """One run of one fault."""

    fault: str
    run: int

    @classmethod
    def at(cls, path: str) -> Self | None:
        """What a path asks for, or None."""
        found = _PATH.fullmatch(path)
        return cls(found["fault"], int(found["run"])) if found else None

    def path(self, suffix: str) -> str:
        """Where the origin has it; no two runs share one, so that no cache can help."""
        return f"/{self.fault}.{suffix}?run={self.run}"

    def random(self, what: object) -> random.Random:
        """Chance for one purpose, the same each time."""
        return random.Random(f"{self.fault} {self.run} {what}")

    def pick(self, *choices: T) -> T:
        """One of several, in turn."""
        return choices[self.run % len(choices)]

    @cached_property
    def body(self) -> bytes:
        """2 KiB to 600 KiB that are no manifest."""
        return b"G" + self.random("body").randbytes(self.random("size").randrange(2**11, 600 * 2**10))

    @cached_property
    def cut(self) -> int:
        """A byte of the body at random, with some left after it."""
        return self.random("cut").randrange(len(self.body) - 512)

    @property
    def said(self) -> bytes:
        """The beginning of the body that a length too short tells of. With what comes after it, it fits into one write
        to the network: nobody can see what is still on its way when the next request is sent."""
        return self.body[: min(self.cut, 8 * 2**10)]

    @cached_property
    def range(self) -> tuple[int, int]:
        """First and last byte of the range that a player asks for."""
        first = self.random("range").randrange(len(self.body) - 1024)
        return first, self.random("last").randrange(first + 512, len(self.body) - 256)

    def bomb(self, start: bytes) -> bytes:
        """These bytes and a gigabyte of zeros, in gzip."""
        packed = zlib.compressobj(9, wbits=31)
        opening = packed.compress(b"%s %d\n" % (start, self.run)) + packed.flush(zlib.Z_FULL_FLUSH)
        return opening + _zeros() * _SEGMENTS


def _zeros() -> bytes:
    if not _packed:
        segment = zlib.compressobj(9, wbits=-15)
        _packed.append(segment.compress(bytes(_SEGMENT)) + segment.flush(zlib.Z_FULL_FLUSH))
    return _packed[0]


_packed: list[bytes] = []
