"""Which bytes of a representation an answer holds, and whether another answer goes on where it broke off."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Self

from gateway.origins.head import Head

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_OLD_ENOUGH = 60
"""Seconds that Last-Modified must lie before Date to be a strong validator (RFC 9110, section 8.8.2.2)."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes ``first`` to ``last`` of ``total``, counted from 0 and both inclusive; None where that was not told.
    ``validator`` is what If-Range takes: a strong ETag, or a Last-Modified that is as good (RFC 9110, section 13.1.5).
    """

    first: int
    last: int | None
    total: int | None
    validator: str

    @classmethod
    def of(cls, head: Head) -> Self | None:
        """What a 200 or 206 holds; None if it cannot be resumed: without a validator, from an origin that refuses
        ranges, in several parts, of an unknown kind, or where its own length says another."""
        validator = _validator(head)
        if not validator or head.get("Accept-Ranges").lower() == "none":
            return None
        if head.status == 200:
            length = head.length
            return cls(0, None if length is None else length - 1, length, validator)
        if head.status == 206 and (found := _CONTENT_RANGE.fullmatch(head.get("Content-Range"))):
            first, last = int(found[1]), int(found[2])
            if head.length in {None, last - first + 1}:
                return cls(first, last, None if found[3] == "*" else int(found[3]), validator)
        return None

    def after(self, received: int) -> Self:
        """What is left when so many bytes of it have come."""
        return type(self)(self.first + received, self.last, self.total, self.validator)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return self.last is not None and self.first > self.last

    @property
    def is_exceeded(self) -> bool:
        """Whether more has come than it holds."""
        return self.last is not None and self.first > self.last + 1

    @property
    def fields(self) -> dict[str, str]:
        """The header fields that ask for it, and for nothing if the representation has changed."""
        last = "" if self.last is None else str(self.last)
        return {"Range": f"bytes={self.first}-{last}", "If-Range": self.validator}

    def met_by(self, head: Head) -> Self | None:
        """This, with the end that an answer tells where it was not known; None unless the answer holds exactly this to
        its end: never a 200, which is the whole again, or a part of what is left."""
        found = Extent.of(head)
        if head.status != 206 or found is None or found.first != self.first or found.validator != self.validator:
            return None
        total = found.total if self.total is None else self.total
        last = self.last if self.last is not None or total is None else total - 1
        if last is None or (found.last, found.total) != (last, total):
            return None
        return replace(self, last=last, total=total)


def _validator(head: Head) -> str:
    etag = head.get("ETag")
    if etag:
        return etag if _STRONG.fullmatch(etag) else ""
    if head.coding:
        return ""  # a date is the same for all codings of a file
    modified, date = head.get("Last-Modified"), head.get("Date")
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
    except (ValueError, TypeError):
        return ""
    return modified if age.total_seconds() >= _OLD_ENOUGH else ""
