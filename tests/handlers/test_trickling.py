"""Manifests and documents that come a few bytes at a time: they are read whole, and must not keep a player for ever."""

from __future__ import annotations

import asyncio

import pytest

from gateway.manifests import Document, Kind
from gateway.origins.client import Answer
from gateway.origins.fetcher import CacheUse
from gateway.origins.head import Head
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Terms
from gateway.playback.links import Links
from gateway.problem import OriginTimedOut
from handlers import document, manifest
from handlers.sniffing import Sniffed

URL = MediaUrl.parse("https://o.example/a/v.m3u8")
LINKS = Links(lambda _scope, _lease: "grant", URL, None, Terms(0, 60, None))
LITTLE = 0.2
"""Seconds that the texts are given here."""


class Trickle:
    """A body of which there is always more, in a moment."""

    async def read(self) -> bytes:
        await asyncio.sleep(0.01)
        return b"#\n"


TRICKLE = Answer(URL, Head(200, ()), Trickle(), CacheUse.NONE)


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (manifest, document):
        monkeypatch.setattr(room, "SECONDS_TO_READ", LITTLE)


@pytest.mark.parametrize("kind", Kind)
async def test_a_manifest_that_trickles_is_given_up(kind: Kind) -> None:
    with pytest.raises(OriginTimedOut, match="manifest trickles"):
        await asyncio.wait_for(manifest.read_manifest(TRICKLE, kind, b"#EXTM3U\n", LINKS), 20)


@pytest.mark.parametrize("kind", Document)
async def test_a_document_that_trickles_is_given_up(kind: Document) -> None:
    with pytest.raises(OriginTimedOut, match="trickles"):
        await asyncio.wait_for(document.read_document(TRICKLE, kind, Sniffed(kind, b"WEBVTT\n"), LINKS), 20)
