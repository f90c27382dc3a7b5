"""Live presentations out of the demo's media, by an origin's own clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

from tests.diagnosis.broken import MEDIA, TYPES, Resource
from tests.scripted_origin import Origin

WINDOW = 5
BEGAN = 3600


def live_hls(origin: Origin, *, stands: bool = False, cache: str = "no-cache", age: str = "") -> str:
    """A sliding window of segments of a second each, which ``stands`` still; returns its path."""
    begun = int(time.time())
    for number in range(10):
        body = (MEDIA / f"hls-ts/180p/segment-{number:02}.ts").read_bytes()
        origin.scripts[f"/live/{number}.ts"] = Resource(body, TYPES[".ts"])

    def playlist(request: BaseHTTPRequestHandler) -> None:
        first = begun if stands else int(time.time())
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        lines += [line for at in range(first, first + WINDOW) for line in ("#EXTINF:1.0,", f"{at % 10}.ts")]
        fields = {"Cache-Control": cache, "Age": age}
        Resource("\n".join([*lines, ""]).encode(), TYPES[".m3u8"], fields=fields)(request)

    origin.scripts["/live/index.m3u8"] = playlist
    return "/live/index.m3u8"


def live_dash(origin: Origin, *, ahead: float = 0.0, timing: str = "", stopped: float = 0.0) -> str:
    """Segments of four seconds that are numbered by the origin's clock, a minute of them at a time; returns the path of
    the manifest. ``ahead`` is by how many seconds that clock is ahead of this machine's, ``stopped`` how many ago
    the last segment was written."""

    def now() -> float:
        return time.time() + ahead

    begun = int(now()) - BEGAN

    def manifest(request: BaseHTTPRequestHandler) -> None:
        start = datetime.fromtimestamp(begun, UTC).isoformat()
        body = f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
  availabilityStartTime="{start}" publishTime="{start}"
  minimumUpdatePeriod="PT60S" minBufferTime="PT4S" timeShiftBufferDepth="PT60S">
  {timing}
  <Period id="0" start="PT0S"><AdaptationSet contentType="video" segmentAlignment="true">
    <SegmentTemplate timescale="1" duration="4" startNumber="0" initialization="init.m4s" media="$Number$.m4s"/>
    <Representation id="0" mimeType="video/mp4" codecs="avc1.4d401e" bandwidth="60000" width="640" height="360"/>
  </AdaptationSet></Period>
</MPD>"""
        Resource(body.encode(), TYPES[".mpd"], ahead=ahead)(request)

    def segment(request: BaseHTTPRequestHandler) -> None:
        number = int(request.path.rpartition("/")[2].removesuffix(".m4s"))
        newest = int((now() - begun - stopped) / 4) - 1
        there = newest - 15 <= number <= newest
        body = (MEDIA / f"dash/0-{number % 10 + 1:03}.m4s").read_bytes() if there else b"not there"
        Resource(body, TYPES[".m4s"], status=200 if there else 404, ahead=ahead)(request)

    origin.scripts["/live/manifest.mpd"] = manifest
    origin.scripts["/live/init.m4s"] = Resource((MEDIA / "dash/init-0.m4s").read_bytes(), TYPES[".m4s"], ahead=ahead)
    for number in range(700, 1100):  # about BEGAN / 4, by either clock
        origin.scripts[f"/live/{number}.m4s"] = segment
    return "/live/manifest.mpd"


def live_timeline(origin: Origin, *, stands: bool = False, ago: int = 0, is_open: bool = False) -> str:
    """A live timeline of fifteen segments of a second each, the last of which ended ``ago`` seconds ago as the origin
    was asked to serve it; it grows from then on, or ``stands`` still. ``is_open`` repeats its last segment for ever.
    Returns the path of the manifest."""
    began = int(time.time()) - BEGAN
    origin.scripts["/live/init.m4s"] = Resource((MEDIA / "dash/init-0.m4s").read_bytes(), TYPES[".m4s"])
    origin.scripts["/time"] = Resource(b"", "text/plain")
    for number in range(BEGAN - ago - 30, BEGAN + 60):
        body = (MEDIA / f"dash/0-{number % 10 + 1:03}.m4s").read_bytes()
        origin.scripts[f"/live/{number}.m4s"] = Resource(body, TYPES[".m4s"])

    def manifest(request: BaseHTTPRequestHandler) -> None:
        start = datetime.fromtimestamp(began, UTC).isoformat()
        first = (BEGAN if stands else int(time.time()) - began) - ago - 15
        repeat = -1 if is_open else 14
        body = f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
  availabilityStartTime="{start}" publishTime="{start}" minimumUpdatePeriod="PT1S" minBufferTime="PT1S">
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-head:2014" value="/time"/>
  <Period id="0" start="PT0S"><AdaptationSet contentType="video" segmentAlignment="true">
    <SegmentTemplate timescale="1" initialization="init.m4s" media="$Time$.m4s"><SegmentTimeline>
      <S t="{first}" d="1" r="{repeat}"/>
    </SegmentTimeline></SegmentTemplate>
    <Representation id="0" mimeType="video/mp4" codecs="avc1.4d401e" bandwidth="60000" width="640" height="360"/>
  </AdaptationSet></Period>
</MPD>"""
        Resource(body.encode(), TYPES[".mpd"])(request)

    origin.scripts["/live/timeline.mpd"] = manifest
    return "/live/timeline.mpd"
