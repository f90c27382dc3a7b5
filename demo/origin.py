"""The demo's media origin: a plain file server, which knows nothing of the gateway, and has no CORS of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tornado.httputil import format_timestamp
from tornado.web import Application, StaticFileHandler

from gateway.problem import Json

MEDIA = Path(__file__).resolve().parent / "media"
_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".key": "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to play: ``path`` on the origin, ``kind`` hls, dash or mp4."""

    id: str
    title: str
    path: str
    kind: str


CATALOGUE = (
    Entry("hls-ts", "HLS, MPEG-TS", "/hls-ts/master.m3u8", "hls"),
    Entry("hls-fmp4", "HLS, fMP4 with AES-128", "/hls-fmp4/master.m3u8", "hls"),
    Entry("dash", "DASH", "/dash/manifest.mpd", "dash"),
    Entry("mp4", "MP4", "/movie.mp4", "mp4"),
)


class MediaFileHandler(StaticFileHandler):
    """A file with its range, its validators and its media type."""

    def prepare(self) -> None:
        """Take out a range of a file that is no longer the one that If-Range means (RFC 9110, section 13.1.5)."""
        file = Path(self.get_absolute_path(self.root, self.parse_url_path(self.path_args[0])))
        if "If-Range" in self.request.headers and file.is_file():
            version = f'"{self.get_content_version(str(file))}"'
            modified = format_timestamp(int(file.stat().st_mtime))
            if self.request.headers["If-Range"] not in {version, modified}:
                self.request.headers.pop("Range", None)

    def get_content_type(self) -> str:
        """By the file's ending."""
        return _TYPES.get(Path(self.absolute_path or "").suffix, "application/octet-stream")


def origin_app(media: Path) -> Application:
    """An origin that serves a folder."""
    return Application([(r"/(.*)", MediaFileHandler, {"path": str(media)})])


def catalogue(origin: str) -> Sequence[Json]:
    """The catalogue as the page reads it."""
    return [
        {"id": entry.id, "title": entry.title, "url": origin + entry.path, "kind": entry.kind} for entry in CATALOGUE
    ]
