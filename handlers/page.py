"""The demo's page and its files."""

from __future__ import annotations

from pathlib import Path

from tornado.web import HTTPError, RequestHandler, StaticFileHandler

WEB = Path(__file__).resolve().parent.parent / "web"
_OWN = (
    "page.js",
    "player.js",
    "token.js",
    "wire.js",
    "limits.js",
    "style.css",
    "logo.svg",
    "sluicegate.js",
    *(f"sluicegate/{name}.js" for name in ("dash", "hls", "names", "native", "pass", "shaka", "token", "videojs")),
)
FILES = {
    **{name: name for name in _OWN},
    "hls.min.js": "node_modules/hls.js/dist/hls.min.js",
    "dash.all.min.js": "node_modules/dashjs/dist/modern/umd/dash.all.min.js",
}
"""What is served under ``/web``, and where it lies; nothing else is."""

_POLICY = (
    "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class PageHandler(RequestHandler):
    """``GET /``."""

    def get(self) -> None:
        """The page; its scripts are its own files only."""
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Cache-Control", "no-cache")
        self.finish((WEB / "index.html").read_bytes())


class AssetHandler(StaticFileHandler):
    """``GET /web/<file>``."""

    def parse_url_path(self, url_path: str) -> str:
        """Where a file lies; 404 for one that is not listed, or that was not installed."""
        listed = FILES.get(url_path)
        if listed is None or not (WEB / listed).exists():
            raise HTTPError(404)
        return listed

    def set_extra_headers(self, path: str) -> None:
        """Asked for again each time: a file may change with the next version."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
