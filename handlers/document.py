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

_TYPES = {Document.JSON: "application/json", Document.WEBVTT: "text/vtt"}
_LARGEST = {Document.JSON: LARGEST_JSON, Document.WEBVTT: LARGEST_TEXT}


async def read_document(answer: Answer, document: Document, first: list[bytes], links: Links) -> Manifest | None:
    """Read what may name media, and rewrite it; None if it names none, or is too large to be looked at. What has been
    read is added to ``first``. Raises `OriginUnreachable` for more references than are worked through, and
    `OriginTimedOut` for what trickles."""
    if not await _is_read(answer, _LARGEST[document], first):
        return None
    body = first[0]
    try:
        text = await unhurried(body, lambda: decode_whole(body, answer.head.get("Content-Encoding")))
    except OriginUnreachable:
        return None  # a player will make of it what it can
    base = answer.url.href
    rewritten = await unhurried(text, lambda: rewrite(document, text, base, links, links.asking))
    if rewritten == text:
        return None
    told = answer.head.get("Content-Type")
    return Manifest(told if told and told.isprintable() else _TYPES[document], rewritten)


async def _is_read(answer: Answer, most: int, first: list[bytes]) -> bool:
    """Whether all of a body has been read into ``first``; no more than it takes to see that it is too large."""
    body = bytearray(first.pop())
    whole = False
    try:
        async with asyncio.timeout(SECONDS_TO_READ):
            while len(body) <= most and not whole:
                chunk = await answer.body.read()
                body += chunk
                whole = not chunk
    except TimeoutError as error:
        raise OriginTimedOut("What the origin sends trickles.") from error
    first.append(bytes(body))
    return whole
