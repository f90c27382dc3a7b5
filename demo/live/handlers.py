"""The live stream over HTTP, without CORS, like the demo's files.

``/live/live.m3u8``, ``/live/low-latency.m3u8`` and ``/live/dash.mpd`` are what players open.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tornado.routing import URLSpec
from tornado.web import HTTPError, RequestHandler

from demo.live import dash, hls
from demo.live.hls import Latency
from demo.live.stream import KEPT, PARTS, SEGMENT, Place, Rendition, newest, renditions

PLAYLIST = "application/vnd.apple.mpegurl"
MANIFEST = "application/dash+xml"
SEGMENT_TYPES = {"360p": "video/mp4", "180p": "video/mp4", "audio": "audio/mp4"}

FARTHEST = 2
"""Segments ahead of the last for which a playlist is waited for (RFC 8216bis, section 6.2.5.2)."""

_NUMBER = re.compile(r"[0-9]{1,12}")


class LiveHandler(RequestHandler):
    """Something of the stream, as it is now by ``clock``."""

    def initialize(self, media: Path, clock: Callable[[], float]) -> None:
        """``media`` is the folder of the demo's media."""
        self.media = media
        self.clock = clock

    def set_default_headers(self) -> None:
        """What there is not is not there for so long."""
        self.keep(SEGMENT)

    def keep(self, seconds: int) -> None:
        """How long a cache may keep the answer (RFC 8216bis, section 6.2.5 and appendix on low latency)."""
        self.set_header("Cache-Control", f"max-age={seconds}")

    def send(self, kind: str, body: str | bytes) -> None:
        """The answer."""
        self.set_header("Content-Type", kind)
        self.finish(body)

    def rendition(self, name: str) -> Rendition:
        """One that there is, or 404."""
        if name not in SEGMENT_TYPES:
            raise HTTPError(404)
        return renditions(self.media)[name]

    async def until(self, place: Place) -> Place:
        """Wait until a part is complete; the newest then, which may be a later one."""
        await asyncio.sleep(max(0.0, place.there_at - self.clock()))
        return max(place, newest(self.clock()))


class MultivariantHandler(LiveHandler):
    """``/live/live.m3u8`` and ``/live/low-latency.m3u8``."""

    def get(self, latency: str) -> None:
        """It never changes."""
        self.keep(KEPT * SEGMENT)
        self.send(PLAYLIST, hls.multivariant(Latency(latency), renditions(self.media)))

    head = get


class SlidingWindowHandler(LiveHandler):
    """``/live/R/live.m3u8``."""

    def get(self, name: str) -> None:
        """The window as it is."""
        self.rendition(name)
        self.keep(SEGMENT // 2)
        self.send(PLAYLIST, hls.sliding_window(newest(self.clock())))

    head = get


class LowLatencyHandler(LiveHandler):
    """``/live/R/low-latency.m3u8``, with ``_HLS_msn``, ``_HLS_part`` and ``_HLS_skip``."""

    async def get(self, name: str) -> None:
        """The playlist that contains what is asked for, as soon as there is one."""
        own = self.rendition(name)
        wanted = self._wanted()
        now = await self.until(wanted) if wanted else newest(self.clock())
        self.keep(6 * SEGMENT if wanted else SEGMENT // 2)
        skip = self.get_query_argument("_HLS_skip", "") in {"YES", "v2"}
        self.send(PLAYLIST, (hls.delta_update if skip else hls.low_latency)(now, own, renditions(self.media)))

    head = get

    def _wanted(self) -> Place | None:
        """The part that the playlist must contain; of a segment without one, the last."""
        segment, part = self._number("_HLS_msn"), self._number("_HLS_part")
        if segment is None and part is None:
            return None
        if segment is None or segment > newest(self.clock()).next.segment + FARTHEST:
            raise HTTPError(400)
        if part is None:
            return Place(segment, PARTS - 1)
        return Place(segment, part) if part < PARTS else Place(segment + 1, 0)

    def _number(self, name: str) -> int | None:
        text = self.get_query_argument(name, "")
        if text and not _NUMBER.fullmatch(text):
            raise HTTPError(400)
        return int(text) if text else None


class InitHandler(LiveHandler):
    """``/live/R/init.mp4``."""

    def get(self, name: str) -> None:
        """It never changes."""
        self.keep(KEPT * SEGMENT)
        self.send(SEGMENT_TYPES[name], self.rendition(name).track.init)

    head = get


class SegmentHandler(LiveHandler):
    """``/live/R/N.m4s``: there once it is whole."""

    def get(self, name: str, number: str) -> None:
        """The segment, or 404."""
        own, segment = self.rendition(name), int(number)
        now = newest(self.clock())
        if Place(segment, PARTS - 1) > now or segment < now.segment - KEPT:
            raise HTTPError(404)
        self.keep(KEPT * SEGMENT)
        self.send(SEGMENT_TYPES[name], own.segment(segment))

    head = get


class PartHandler(LiveHandler):
    """``/live/R/N.P.m4s``: the one that is hinted at is waited for."""

    async def get(self, name: str, number: str, part: str) -> None:
        """The part, or 404."""
        own, place = self.rendition(name), Place(int(number), int(part))
        now = newest(self.clock())
        if place.part >= PARTS or place > now.next or place.segment < now.segment - KEPT:
            raise HTTPError(404)
        await self.until(place)
        self.keep(KEPT * SEGMENT)
        self.send(SEGMENT_TYPES[name], own.part(place))

    head = get


class ManifestHandler(LiveHandler):
    """``/live/dash.mpd``."""

    def get(self) -> None:
        """The manifest as it is."""
        self.keep(SEGMENT // 2)
        clock = f"{self.request.protocol}://{self.request.host}/live/time"
        self.send(MANIFEST, dash.manifest(self.clock(), renditions(self.media), clock))

    head = get


class TimeHandler(LiveHandler):
    """``/live/time``: what the DASH manifest has players set their clocks by."""

    def get(self) -> None:
        """The time of day, never an old one."""
        self.set_header("Cache-Control", "no-store")
        self.send("text/plain", dash.at(self.clock()))

    head = get


def live_rules(media: Path, clock: Callable[[], float]) -> list[URLSpec]:
    """The routes of the stream that is made of a folder of the demo's media."""
    route = partial(URLSpec, kwargs={"media": media, "clock": clock})
    return [
        route(r"/live/(live|low-latency)\.m3u8", MultivariantHandler),
        route(r"/live/dash\.mpd", ManifestHandler),
        route(r"/live/time", TimeHandler),
        route(r"/live/(\w+)/live\.m3u8", SlidingWindowHandler),
        route(r"/live/(\w+)/low-latency\.m3u8", LowLatencyHandler),
        route(r"/live/(\w+)/init\.mp4", InitHandler),
        route(r"/live/(\w+)/([0-9]{1,12})\.m4s", SegmentHandler),
        route(r"/live/(\w+)/([0-9]{1,12})\.([0-9]{1,3})\.m4s", PartHandler),
    ]
