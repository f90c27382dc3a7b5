"""The beginning of a resource of an origin, so much as it takes to say what it is, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.cache.part import Part
from gateway.manifests import Kind, is_named_manifest
from gateway.manifests.decode import decode
from gateway.origins.client import Answer, OriginClient
from gateway.origins.guard import Judge, Permit
from gateway.origins.head import Head
from gateway.origins.url import MediaUrl
from gateway.problem import OriginUnreachable, Problem
from handlers.manifest import unhurried
from handlers.sniffing import is_part, sniff

MOST_OF_A_MANIFEST = 1024 * 1024
"""Bytes that are read of a manifest, and what it is decoded to."""

MOST_OF_A_FILE = 64 * 1024
"""Bytes of the beginning of what is no manifest."""

MOST_OF_AN_INDEX = 512 * 1024
"""Bytes of an MP4's index that stands behind its media; of a longer one, what is at its front."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came: ``text`` is its beginning, decoded; ``is_cut`` if there is more; ``offset`` where it stands in the
    whole, ``total`` the bytes of the whole, None where that is not told."""

    url: MediaUrl
    head: Head
    manifest: Kind | None
    text: bytes
    is_cut: bool
    offset: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Discreet:
    """Another judge, whose refusals do not tell to where it leads, but for the origin of ``named``, which who asks has
    named."""

    other: Judge
    named: MediaUrl

    def judge(self, url: MediaUrl) -> Permit:
        """Give leave, or raise the `Problem` that refuses."""
        try:
            return self.other.judge(url)
        except Problem as refused:
            if url.origin != self.named.origin:
                refused.detail = "It leads to an origin from which this is refused."
            raise


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks at resources through the gateway's own client; ``judge`` has its word on each hop."""

    client: OriginClient
    judge: Judge
    fields: Mapping[str, str]

    async def look(self, url: MediaUrl) -> Looked:
        """The beginning of a manifest, or of a file; raise the `Problem` that keeps the answer away."""
        if is_named_manifest(url.path):
            return await self._look(url, {}, MOST_OF_A_FILE)
        looked = await self._look(url, {"Range": f"bytes=0-{MOST_OF_A_FILE - 1}"}, MOST_OF_A_FILE)
        if looked.head.status == 416 or (looked.manifest and is_part(looked.head)):
            return await self._look(url, {}, MOST_OF_A_FILE)
        return looked

    async def look_from(self, url: MediaUrl, offset: int) -> Looked:
        """What stands at an offset of a file; nothing where the origin gives no ranges."""
        asked = {"Range": f"bytes={offset}-{offset + MOST_OF_AN_INDEX - 1}"}
        return await self._look(url, asked, MOST_OF_AN_INDEX, only_parts=True)

    async def _look(self, url: MediaUrl, asked: Mapping[str, str], most: int, *, only_parts: bool = False) -> Looked:
        async with self.client.open(url, "GET", {**self.fields, **asked}, self.judge) as answer:
            part = Part.of(answer.head)
            offset = part.first if part else 0
            total = part.total if part else None if answer.head.status == 206 else answer.head.length
            if only_parts and not part:
                return Looked(answer.url, answer.head, None, b"", is_cut=True, offset=0, total=None)
            sniffed = await sniff(answer, ranged="Range" in asked)
            manifest = sniffed.kind if isinstance(sniffed.kind, Kind) else None
            body, more = await _rest(answer, sniffed.take(), MOST_OF_A_MANIFEST if manifest else most)
            text, is_cut = body, more
            if manifest:
                coding = answer.head.coding
                text, is_cut = await unhurried(body, lambda: _decoded(body, coding, more))
            return Looked(answer.url, answer.head, manifest, text, is_cut, offset, total)


async def _rest(answer: Answer, start: bytes, most: int) -> tuple[bytes, bool]:
    """A body's first bytes, and whether there are more. Leaving the answer ends what of it is under way."""
    body = bytearray(start)
    while len(body) <= most:
        chunk = await answer.body.read()
        if not chunk:
            return bytes(body), False
        body += chunk
    return bytes(body[:most]), True


def _decoded(body: bytes, coding: str, more: bool) -> tuple[bytes, bool]:  # noqa: FBT001 - told of the body
    try:
        text = decode(body, coding, MOST_OF_A_MANIFEST + 1)
    except OriginUnreachable:
        return body, more
    return text[:MOST_OF_A_MANIFEST], more or len(text) > MOST_OF_A_MANIFEST
