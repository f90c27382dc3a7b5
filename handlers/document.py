"""JSON and WebVTT on their way to the player: what names media leads through the gateway, the rest passes as it is."""

from __future__ import annotations

import asyncio

from gateway.manifests import Document, rewrite
from gateway.manifests.decode import LARGEST as LARGEST_TEXT
from gateway.manifests.decode import decode_whole
from gateway.manifests.json_text import LARGEST as LARGEST_JSON
from gateway.origins.client import Answer
from gateway.playback.links import Links
from gateway.problem import OriginTimedOut, OriginUnreachable
from handlers.manifest import SECONDS_TO_READ, Manifest, unhurried
from handlers.sniffing import Sniffed

_TYPES = {Document.JSON: "application/json", Document.WEBVTT: "text/vtt"}
_LARGEST = {Document.JSON: LARGEST_JSON, Document.WEBVTT: LARGEST_TEXT}


async def read_document(answer: Answer, document: Document, sniffed: Sniffed, links: Links) -> Manifest | None:
    """Read what may name media, and rewrite it; None if it names none, or is too large to be looked at. What has been
    read is put back. Raises `OriginUnreachable` for more references than are worked through, and
    `OriginTimedOut` for what trickles."""
    body, is_whole = await _read(answer, sniffed.take(), _LARGEST[document])
    sniffed.put_back(body)
    if not is_whole:
        return None
    try:
        text = await unhurried(body, lambda: decode_whole(body, answer.head.coding))
    except OriginUnreachable:
        return None  # a player will make of it what it can
    base = answer.url.href
    rewritten = await unhurried(text, lambda: rewrite(document, text, base, links, links.asking))
    if rewritten == text:
        return None
    told = answer.head.get("Content-Type")
    return Manifest(told if told and told.isprintable() else _TYPES[document], rewritten)


async def _read(answer: Answer, start: bytes, most: int) -> tuple[bytes, bool]:
    """A body, and whether that is all of it: no more is read than it takes to see that it is too large."""
    body = bytearray(start)
    whole = False
    try:
        async with asyncio.timeout(SECONDS_TO_READ):
            while len(body) <= most and not whole:
                chunk = await answer.body.read()
                body += chunk
                whole = not chunk
    except TimeoutError as error:
        raise OriginTimedOut("What the origin sends trickles.") from error
    return bytes(body), whole
