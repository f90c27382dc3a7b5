"""What a player's request asks of a stored answer: whether it has changed, and for which of its bytes (RFC 9110,
sections 13 and 14); and what we ask of its origin, to be told the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from gateway.cache.date import seconds_of
from gateway.origins.extent import Extent
from gateway.origins.head import Head

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+"')
_RANGE = re.compile(
    r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})?|-(?P<suffix>[0-9]{1,18}))", re.I | re.ASCII
)
_OF_NOT_MODIFIED = frozenset({"cache-control", "content-location", "date", "etag", "expires", "vary"})
_OF_STRENGTH = frozenset({"content-encoding", "date", "etag", "last-modified"})
FRAMING = frozenset({"content-length", "content-range", "transfer-encoding"})


def validation(stored: Head) -> dict[str, str]:
    """The fields that ask an origin whether a stored answer still holds; none if it has no validator. A text that is no
    ETag is none: as ``*`` or a list it would ask something else."""
    etag, modified = stored.get("ETag"), stored.get("Last-Modified")
    asked = {"If-None-Match": etag} if _ETAG.fullmatch(etag) else {}
    return asked if seconds_of(modified) is None else {**asked, "If-Modified-Since": modified}


def confirms(stored: Head, answer: Head) -> bool:
    """Whether an answer is a 304 about this stored answer (RFC 9111, section 4.3.4): one with the same strong ETag if
    it has a strong one, else with the same validator. One without any answers the one that we asked about."""
    if answer.status != 304:
        return False
    etag, modified = answer.get("ETag"), answer.get("Last-Modified")
    if etag:
        mine = stored.get("ETag")
        return _opaque(etag) == _opaque(mine) if etag.startswith("W/") else etag == mine
    return not modified or modified == stored.get("Last-Modified")


class NotOneRange(ValueError):  # noqa: N818 - it says what is asked for, which is no mistake
    """A Range of several ranges, of another unit than bytes, or not well formed: the origin's to answer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One range of bytes, as it was asked for: ``first`` to ``last``, inclusive, or to the end if that is None; or the
    last ``suffix`` bytes."""

    first: int | None
    last: int | None
    suffix: int | None

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self | None:
        """The range that the fields of a request ask for, None if there is no Range; raise `NotOneRange`."""
        text = fields.get("Range")
        if text is None:
            return None
        found = _RANGE.fullmatch(text.strip(" \t"))
        if found is None:
            raise NotOneRange("not one well-formed range of bytes")
        first, last, suffix = (None if digits is None else int(digits) for digits in found.group(1, 2, 3))
        if first is not None and last is not None and last < first:
            raise NotOneRange("the range ends before it begins")
        return cls(first, last, suffix)

    def clipped(self, total: int) -> tuple[int, int]:
        """The first and the last byte of it that a representation of ``total`` bytes has; the last is before the first
        if there is none."""
        if self.suffix is not None:
            return max(0, total - self.suffix), total - 1
        return self.first or 0, total - 1 if self.last is None else min(self.last, total - 1)


@dataclass(frozen=True, slots=True)
class Response:
    """A head to send, and after it ``count`` bytes of the stored body, from its byte ``first`` on."""

    head: Head
    first: int
    count: int


def respond(stored: Head, total: int, asked: Mapping[str, str]) -> Response:
    """What to send out of a stored whole of ``total`` bytes to a request with these fields (RFC 9110, section 13.2.2):
    304, 206, 416 or all of it. All of it also for a Range that is not one, which may be ignored (section 14.2), and
    whatever is asked of an answer other than 200 (section 13.2.1)."""
    if stored.status != 200:
        return _whole(stored, total)
    if is_unchanged(stored, asked):
        return Response(_not_modified(stored), 0, 0)
    try:
        wanted = Wanted.of(asked)
    except NotOneRange:
        wanted = None
    if wanted is None or not is_same(stored, asked):
        return _whole(stored, total)
    first, last = wanted.clipped(total)
    if first <= last:
        return _partial(stored, first, last, total)
    # The last bytes of nothing are nothing, which no Content-Range can say (section 14.1.2).
    return _whole(stored, total) if wanted.suffix else _unsatisfied(stored, total)


def is_unchanged(stored: Head, asked: Mapping[str, str]) -> bool:
    """Whether a stored 200 or 206 is what the player says it has, so that 304 is the answer: by If-None-Match, or in
    its absence by If-Modified-Since. Where the origin told no Last-Modified, Date will do (RFC 9111, section 4.3.2)."""
    tags = asked.get("If-None-Match")
    if tags is not None:
        etag = stored.get("ETag")
        known = {_opaque(tag) for tag in (tags.strip(), *_ETAG.findall(tags))}
        return tags.strip() == "*" or (bool(etag) and _opaque(etag) in known)
    since = seconds_of(asked.get("If-Modified-Since", ""))
    modified = seconds_of(stored.get("Last-Modified") or stored.get("Date"))
    return since is not None and modified is not None and modified <= since


def is_same(stored: Head, asked: Mapping[str, str]) -> bool:
    """Whether If-Range, if there is one, lets a range of a stored 200 or 206 be sent: it is its strong ETag, or in the
    absence of one its Last-Modified where that is as good (RFC 9110, section 13.1.5)."""
    validator = asked.get("If-Range")
    if validator is None:
        return True
    fields = tuple(field for field in stored.fields if field[0].lower() in _OF_STRENGTH)
    extent = Extent.of(Head(200, fields))
    return extent is not None and validator.strip() == extent.validator


def _opaque(etag: str) -> str:
    """What weak comparison compares (RFC 9110, section 8.8.3.2)."""
    return etag.removeprefix("W/")


def _not_modified(stored: Head) -> Head:
    """A 304 has what guides caches (RFC 9110, section 15.4.5); Last-Modified does where there is no ETag."""
    sent = _OF_NOT_MODIFIED if stored.get("ETag") else _OF_NOT_MODIFIED | {"last-modified"}
    return Head(304, tuple(field for field in stored.fields if field[0].lower() in sent))


def _whole(stored: Head, total: int) -> Response:
    return Response(Head(stored.status, (*_described(stored), ("Content-Length", str(total)))), 0, total)


def _partial(stored: Head, first: int, last: int, total: int) -> Response:
    count = last - first + 1
    extent = ("Content-Range", f"bytes {first}-{last}/{total}")
    return Response(Head(206, (*_described(stored), extent, ("Content-Length", str(count)))), first, count)


def _unsatisfied(stored: Head, total: int) -> Response:
    """A 416 has no body, and none of the fields that describe one."""
    dated = tuple(field for field in stored.fields if field[0].lower() == "date")
    return Response(Head(416, (*dated, ("Content-Range", f"bytes */{total}"), ("Content-Length", "0"))), 0, 0)


def _described(stored: Head) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in stored.fields if field[0].lower() not in FRAMING)
