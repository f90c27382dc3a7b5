"""The demo's media origin: a plain file server and a live stream, without CORS; it knows nothing of the gateway."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tornado.httputil import format_timestamp
from tornado.web import Application, StaticFileHandler

from demo.live import live_rules
from gateway.problem import Json

MEDIA = Path(__file__).resolve().parent / "media"
_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt",
    ".key": "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to play: ``path`` on the origin, ``kind`` hls, dash or mp4."""

    id: str
    title: str
    path: str
    kind: str


RECORDED = (
    Entry("hls-ts", "HLS, MPEG-TS", "/hls-ts/master.m3u8", "hls"),
    Entry("hls-fmp4", "HLS, fMP4 with AES-128", "/hls-fmp4/master.m3u8", "hls"),
    Entry("dash", "DASH", "/dash/manifest.mpd", "dash"),
    Entry("mp4", "MP4", "/movie.mp4", "mp4"),
)
LIVE = (
    Entry("live", "HLS, live", "/live/live.m3u8", "hls"),
    Entry("low-latency", "HLS, live with low latency", "/live/low-latency.m3u8", "hls"),
    Entry("live-dash", "DASH, live", "/live/dash.mpd", "dash"),
)
CATALOGUE = RECORDED + LIVE


class MediaFileHandler(StaticFileHandler):
    """A file with its range, its validators and its media type; Tornado's own knows no If-Range."""

    async def head(self, path: str) -> None:
        """The header fields of the whole file: Range is for GET alone (RFC 9110, section 14.2)."""
        self.request.headers.pop("Range", None)
        await self.get(path, include_body=False)

    def set_headers(self) -> None:
        """The file's header fields; a Range whose If-Range does not hold is forgotten (RFC 9110, section 13.1.5)."""
        super().set_headers()
        if not self._if_range_holds():
            self.request.headers.pop("Range", None)

    def _if_range_holds(self) -> bool:
        """Both comparisons are of the exact text: a weak ETag never matches, nor does a later or oddly written date."""
        condition = self.request.headers.get("If-Range")
        return condition is None or condition in {self.compute_etag(), format_timestamp(int(self._file().st_mtime))}

    def compute_etag(self) -> str:
        """A strong ETag of the file as it is now: Tornado's outlives a file that is made anew under it."""
        file = self._file()
        return f'"{file.st_mtime_ns:x}-{file.st_size:x}"'

    def _file(self) -> os.stat_result:
        return Path(self.absolute_path or "").stat()

    def get_content_type(self) -> str:
        """By the file's ending."""
        return _TYPES.get(Path(self.absolute_path or "").suffix, "application/octet-stream")


def origin_app(media: Path) -> Application:
    """An origin that serves a folder, and the stream made of it, if it holds the demo's media."""
    return Application([*live_rules(media, time.time), (r"/(.*)", MediaFileHandler, {"path": str(media)})])


def catalogue(origin: str) -> Sequence[Json]:
    """The catalogue as the page reads it."""
    return [
        {"id": entry.id, "title": entry.title, "url": origin + entry.path, "kind": entry.kind} for entry in CATALOGUE
    ]
