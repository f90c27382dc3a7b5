"""Which bytes of a representation a 206 holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from gateway.origins.head import Head

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``first`` to ``last``, both inclusive, of ``total``; None if that was not told. Unlike an `Extent` it needs
    no strong validator: it is used by itself, and never joined with another."""

    first: int
    last: int
    total: int | None

    @classmethod
    def of(cls, head: Head) -> Self | None:
        """What a 206 with one range holds; None for any other answer, and for one that contradicts itself."""
        told = [value for name, value in head.fields if name.lower() == "content-range"]
        found = _CONTENT_RANGE.fullmatch(told[0]) if head.status == 206 and len(told) == 1 else None
        if found is None:
            return None
        part = cls(int(found[1]), int(found[2]), None if found[3] == "*" else int(found[3]))
        if part.first > part.last or (part.total is not None and part.last >= part.total):
            return None
        return part if head.length in {None, part.last - part.first + 1} else None

    @property
    def is_whole(self) -> bool:
        """Whether that is all there is: FFmpeg asks ``bytes=0-`` for everything."""
        return self.first == 0 and self.last + 1 == self.total
