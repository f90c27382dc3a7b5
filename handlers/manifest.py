"""A manifest on its way to the player: told from other media, read whole, rewritten, labelled, compressed."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.manifests import Document, Kind, document_of, is_undecided, kind_of, length, rewrite
from gateway.manifests.decode import LARGEST, decode, decode_whole
from gateway.origins.client import Answer
from gateway.origins.head import Head
from gateway.playback.links import Links
from gateway.problem import OriginTimedOut, OriginUnreachable
from handlers import fields
from handlers.beside import beside

T = TypeVar("T")
_ENOUGH_TO_SNIFF = 1024
_QUICK = 32 * 1024
"""Bytes of a manifest that is rewritten between two turns of the event loop."""

SECONDS_TO_READ = 30
_WHOLE = re.compile(r"bytes 0-(?P<last>[0-9]+)/(?P<total>[0-9]+)")
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


async def sniff(answer: Answer) -> tuple[Kind | Document | None, bytes]:
    """What kind of manifest an answer is, or what else may name media, if it is any, and the start of its body that was
    read to see. A part of what is no manifest is media, like a part of anything."""
    content_type, coding = answer.head.get("Content-Type"), answer.head.get("Content-Encoding")
    start = await answer.body.read()
    while 0 < len(start) < _ENOUGH_TO_SNIFF and _is_undecided(start, coding):
        more = await answer.body.read()
        if not more:
            break
        start += more
    try:
        text = decode(start, coding, _ENOUGH_TO_SNIFF)
        whole = answer.head.status == 200 or is_whole(answer.head)
        return kind_of(content_type, text) or (document_of(content_type, text) if whole else None), start
    except OriginUnreachable:
        return None, start  # a coding the gateway cannot read: media as far as it is concerned


def _is_undecided(start: bytes, coding: str) -> bool:
    try:
        return is_undecided(decode(start, coding, _ENOUGH_TO_SNIFF))
    except OriginUnreachable:
        return False


def is_whole(head: Head) -> bool:
    """Whether a partial answer (RFC 9110, section 15.3.7) covers the whole: FFmpeg asks ``bytes=0-`` for everything."""
    whole = _WHOLE.fullmatch(head.get("Content-Range"))
    return whole is not None and int(whole["last"]) + 1 == int(whole["total"])


async def read_manifest(answer: Answer, kind: Kind, start: bytes, links: Links) -> Manifest:
    """Read the rest of a manifest and rewrite it; raise `OriginUnreachable` if it is too large or malformed, and
    `OriginTimedOut` if it trickles."""
    coding, base = answer.head.get("Content-Encoding"), answer.url.href
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
