"""What an origin's answer is, seen from its head and the start of its body."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.cache.part import Part
from gateway.manifests import (
    Document,
    Kind,
    beginning,
    document_of,
    in_utf_8,
    is_blank,
    is_other_list,
    is_undecided,
    kind_of,
)
from gateway.manifests.sniff import ENOUGH, MOST
from gateway.origins.client import Answer
from gateway.origins.head import Head
from gateway.problem import OriginUnreachable


@dataclass(slots=True)
class Sniffed:
    """The kind of a manifest, or of a document that may name media, or None of what is neither; and what has been read
    of the body, to be taken once: who relays the rest, which may take hours, does not hold on to it."""

    kind: Kind | Document | None
    _read: bytes

    def take(self) -> bytes:
        """What has been read, which is the taker's from now on."""
        taken, self._read = self._read, b""
        return taken

    def put_back(self, read: bytes) -> None:
        """Leave for the next taker what he is to begin with."""
        self._read = read


async def sniff(answer: Answer, *, ranged: bool) -> Sniffed:
    """See what an answer is. A part of what is no manifest is media, like a part of anything, if it was asked for as a
    part, ``ranged``: then it is no matter what it is coded in, nor is it of an error.

    Raises `OriginUnreachable` for what a player could read as a manifest and the gateway cannot: in a content coding
    that was not asked for, or not in the one that is told, in UTF-16, or in a format that the gateway does not rewrite.
    """
    content_type, coding = answer.head.get("Content-Type"), answer.head.coding
    start = await answer.body.read()
    looked, more = len(start), start
    while more and len(start) < MOST and _is_undecided(start, coding):
        # A long comment is looked at again when it has doubled: each look goes through all of it.
        while more and len(start) < (2 * looked if looked >= ENOUGH else looked + 1):
            more = await answer.body.read()
            start += more
        looked = len(start)
    try:
        text = beginning(start, coding)
    except OriginUnreachable:
        if answer.head.status >= 400 or (ranged and is_part(answer.head)):
            return Sniffed(None, start)
        raise
    if answer.head.status < 400 and is_other_list(text):
        raise OriginUnreachable("The origin sends a playlist whose format the gateway does not rewrite.")
    plain = in_utf_8(text)
    if answer.head.status < 400 and len(text) >= MOST and is_blank(plain):
        raise OriginUnreachable(f"What the origin sends begins with {MOST} bytes of comment, and may be a manifest.")
    kind = kind_of(content_type, plain)
    if kind and plain is not text:
        raise OriginUnreachable("The origin's manifest is in UTF-16; the gateway reads UTF-8.")
    document = None if kind else document_of(content_type, text)
    return Sniffed(kind or (None if document and is_part(answer.head) else document), start)


def _is_undecided(start: bytes, coding: str) -> bool:
    try:
        text = beginning(start, coding)
    except OriginUnreachable:
        return False
    plain = in_utf_8(text)
    return is_undecided(plain) if len(start) < ENOUGH else is_blank(plain)


def is_part(head: Head) -> bool:
    """Whether an answer holds less than all (RFC 9110, section 15.3.7)."""
    if head.status != 206:
        return False
    part = Part.of(head)
    return part is None or not part.is_whole
