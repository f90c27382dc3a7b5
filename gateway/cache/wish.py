"""What one player asks for, and which answers of an origin serve all who ask for the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from gateway.cache.conditions import FRAMING, Response, Wanted, respond
from gateway.cache.freshness import shareable
from gateway.cache.key import key_of
from gateway.cache.part import Part
from gateway.cmcd import FIELDS as CMCD
from gateway.origins.guard import Permit
from gateway.origins.head import Head
from gateway.origins.url import MediaUrl

_CONDITIONS = ("If-Range", "If-None-Match", "If-Modified-Since")
_OWN = frozenset({"Range", *_CONDITIONS})
_USUAL_TRACE = re.compile(r"00-[0-9a-f-]{52}")
"""A traceparent in which there is nothing but numbers."""

_LARGEST_OTHER = 64 * 1024
"""Bytes of an answer that is shared though it is none to keep, such as a 404."""

NEAR = 1024 * 1024
"""How far beyond what has come a viewer may begin, and wait for it, instead of asking for it himself."""


@dataclass(frozen=True)
class Wish:
    """A GET with its header fields; ``wanted`` is its range, None for the whole."""

    url: MediaUrl
    fields: Mapping[str, str]
    permit: Permit
    wanted: Wanted | None

    @cached_property
    def whole(self) -> str:
        """The key of the whole representation."""
        return key_of(self.url.href, "")

    @cached_property
    def part(self) -> str:
        """The key of the range alone; empty where it is the whole, and where conditions are to decide about it."""
        return "" if self.is_of_all or self.is_conditional else key_of(self.url.href, self.fields["Range"])

    @property
    def is_of_all(self) -> bool:
        """Whether it is for the whole, by whatever name: FFmpeg asks ``bytes=0-`` for everything."""
        return self.wanted is None or self.wanted == Wanted(0, None, None)

    @property
    def is_conditional(self) -> bool:
        """Whether it depends on what the player has already."""
        return any(name in self.fields for name in _CONDITIONS)

    def shared(self, key: str) -> dict[str, str]:
        """The fields of a request whose answer is to serve others too, and to be stored under a key."""
        if self.is_of_all and self.wanted is not None:
            return {**self.unconditional, "Range": "bytes=0-"}  # as others write it
        return self.unconditional | ({"Range": self.fields["Range"]} if key == self.part else {})

    def plain(self, key: str) -> dict[str, str]:
        """The same without words of this player's own that the origin is told, which it may take offence at."""
        told = {"tracestate", *(CMCD if self._tells else ())}
        if not _USUAL_TRACE.fullmatch(self.fields.get("traceparent", "")):
            told.add("traceparent")
        return {name: value for name, value in self.shared(key).items() if name not in told}

    @property
    def _tells(self) -> bool:
        """Whether any of who may be asked is told what players tell of their playback."""
        return any(permit.reach.cmcd for permit in (self.permit, *(each.permit for each in self.permit.fallbacks)))

    @property
    def unconditional(self) -> dict[str, str]:
        """The fields that it has beside a range and conditions, such as those that trace it."""
        return {name: value for name, value in self.fields.items() if name not in _OWN}

    def out_of(self, head: Head, size: int) -> Response:
        """What to answer out of a shared answer with this head, whose body has so many bytes."""
        return respond(head, size, self.fields) if head.status == 200 else Response(head, 0, size)


def representation(head: Head, part: str) -> Head | None:
    """The head under which others may be given an origin's answer, to a request for the whole or for a ``part``; None
    if they may not."""
    if not shareable(head):
        return None
    if head.status == 200:
        return None if part else head
    if head.status == 206:
        return head if part else _as_whole(head)
    if head.status == 304 or (head.status == 416 and not part):
        return None  # it answers what one asker's fields say, though others who want the same have not said it
    return head if head.length is not None and head.length <= _LARGEST_OTHER else None


def _as_whole(head: Head) -> Head | None:
    """A partial answer that holds all, as the whole that it is."""
    part = Part.of(head)
    if part is None or not part.is_whole:
        return None
    fields = [(name, value) for name, value in head.fields if name.lower() not in FRAMING]
    return Head(200, (*fields, ("Content-Length", str(part.total))))


def aged(head: Head, seconds: float) -> Head:
    """With its Age told (RFC 9111, section 5.1)."""
    fields = [(name, value) for name, value in head.fields if name.lower() != "age"]
    return replace(head, fields=(*fields, ("Age", str(int(seconds)))))
