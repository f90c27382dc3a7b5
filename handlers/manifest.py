"""A manifest on its way to the player: read whole, rewritten, labelled, compressed."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.manifests import Kind, length, rewrite
from gateway.manifests.decode import LARGEST, decode_whole
from gateway.origins.client import Answer
from gateway.playback.links import Links
from gateway.problem import OriginTimedOut, OriginUnreachable
from handlers import fields
from handlers.beside import beside

T = TypeVar("T")
_QUICK = 32 * 1024
"""Bytes of a manifest that is rewritten between two turns of the event loop."""

SECONDS_TO_READ = 30
_GZIP = re.compile(
    r"(?:^|,)[ \t]*gzip[ \t]*(?:;[ \t]*q=(?P<weight>[01](?:\.[0-9]{0,3})?)[ \t]*)?(?=,|$)", re.IGNORECASE
)
TYPES = {Kind.HLS: "application/vnd.apple.mpegurl", Kind.DASH: "application/dash+xml"}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body and the fields that describe it."""

    content: bytes
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A rewritten manifest. It carries grants, which age: a cache may not keep it, and a shared one least of all."""

    content_type: str
    text: bytes

    def plain(self) -> Encoded:
        """As it is."""
        told = {"Content-Type": self.content_type, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        return Encoded(self.text, told | fields.UNTRUSTED)

    def compressed(self) -> Encoded:
        """With gzip: a grant that is repeated 20,000 times must not cost as much on the wire."""
        plain = self.plain()
        return Encoded(gzip.compress(self.text, 5, mtime=0), plain.fields | {"Content-Encoding": "gzip"})


async def read_manifest(answer: Answer, kind: Kind, start: bytes, links: Links) -> Manifest:
    """Read the rest of a manifest and rewrite it; raise `OriginUnreachable` if it is too large or malformed, and
    `OriginTimedOut` if it trickles."""
    coding, base = answer.head.coding, answer.url.href
    body = await _read_rest(answer, start)
    if not body:
        return Manifest(TYPES[kind], b"")  # the answer to HEAD has no body
    text = await unhurried(body, lambda: decode_whole(body, coding))
    return Manifest(TYPES[kind], await unhurried(text, lambda: _rewritten(kind, text, base, links)))


def _rewritten(kind: Kind, text: bytes, base: str, links: Links) -> bytes:
    links = links.lasting(length(kind, text))
    asking = replace(links.asking, licence=links.licences(), shaped=links.shaped())
    return rewrite(kind, text, base, links, asking)


async def encode(manifest: Manifest, accepted: str) -> Encoded:
    """The manifest for a client with this Accept-Encoding field."""
    return await unhurried(manifest.text, manifest.compressed if _accepts_gzip(accepted) else manifest.plain)


def _accepts_gzip(accepted: str) -> bool:
    """By an Accept-Encoding field (RFC 9110, section 12.5.3); weights of others do not matter, as none is offered."""
    found = _GZIP.search(accepted)
    return found is not None and float(found["weight"] or 1) > 0


async def unhurried(text: bytes, work: Callable[[], T]) -> T:
    """Do what takes time in proportion to a text: a long one beside the event loop, so that other requests go on."""
    return work() if len(text) <= _QUICK else await beside(work)


async def _read_rest(answer: Answer, start: bytes) -> bytes:
    body = bytearray(start)
    try:
        async with asyncio.timeout(SECONDS_TO_READ):
            while chunk := await answer.body.read():
                body += chunk
                if len(body) > LARGEST:
                    body.clear()  # or the error would hold on to it until the request is wound up
                    raise OriginUnreachable(f"The origin's manifest is larger than {LARGEST} bytes.")
    except TimeoutError as error:
        raise OriginTimedOut("The origin's manifest trickles.") from error
    return bytes(body)
