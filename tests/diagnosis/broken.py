"""An origin that serves the demo's media, and breaks one thing of it as it is told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.scripted_origin import Origin, Script

MEDIA = Path(__file__).resolve().parents[2] / "demo" / "media"
TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".key": "application/octet-stream",
}
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True)
class Resource:
    """What a path answers, right in all respects but what a test changes. ``ahead`` is by how many seconds the origin's
    clock is ahead; ``fields`` replace those that it would send, an empty one is not sent."""

    body: bytes
    type: str
    status: int = 200
    fields: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = True
    cors: bool = True
    ahead: float = 0.0
    wait: float = 0.0
    cut: int = 0

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        """A `Script`."""
        time.sleep(self.wait)
        status, body, told = self.status, self.body, {"Content-Type": self.type}
        found = _RANGE.fullmatch(request.headers.get("Range", ""))
        if found and self.ranges and status == 200:
            first, last = int(found[1]), min(int(found[2] or len(body)), len(body) - 1)
            told["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            status, body = 206, body[first : last + 1]
        told |= {"Content-Length": str(len(body)), "Date": formatdate(time.time() + self.ahead, usegmt=True)}
        if self.cors:
            told |= {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*"}
        request.send_response_only(status)
        for name, value in (told | dict(self.fields)).items():
            if value:
                request.send_header(name, value)
        if self.cut:
            request.close_connection = True
        request.end_headers()
        request.wfile.write(body[: len(body) - self.cut] if self.cut < len(body) else b"")


Change = Callable[[Resource], Resource]


def serve(origin: Origin, folder: str, at: str = "") -> None:
    """Serve a folder, or a file, of the demo's media at ``/<folder>/...``, and ``at`` in its place."""
    root = MEDIA / folder
    for file in [root] if root.is_file() else root.rglob("*.*"):
        path = f"/{at or folder}" if root.is_file() else f"/{at or folder}/{file.relative_to(root).as_posix()}"
        origin.scripts[path] = Resource(file.read_bytes(), TYPES[file.suffix])


def change(origin: Origin, pattern: str, how: Change) -> None:
    """Change what every path answers that matches."""
    paths = [path for path in origin.scripts if re.fullmatch(pattern, path)]
    assert paths, pattern
    for path in paths:
        script: Script = origin.scripts[path]
        assert isinstance(script, Resource)
        origin.scripts[path] = how(script)
