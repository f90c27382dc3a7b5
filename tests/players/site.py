"""A provider's own web site, for tests: pages, players, and a server side that trades its key for session tokens.

It is an origin of its own, beside the gateway's: what a page of it asks the gateway for is judged by CORS.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from selenium.webdriver import Chrome

from tests.demo.chromium import wait_until

HERE = Path(__file__).resolve().parent
WEB = HERE.parent.parent / "web"
ENOUGH = 0.5
"""Seconds of data ahead with which a player can go on."""

FRAMES = "<!doctype html><title>A provider's page</title>{frames}"
FRAME = '<iframe src="/" width="400" height="240" allow="autoplay"></iframe>'
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


@dataclass
class Site:
    """``asked`` holds (method, path, header fields) in order; ``statuses`` are answered to the next token requests
    instead of a token, and 0 is not answered at all; ``spoils`` has the first token of each page come with a signature
    that does not fit; tokens are said to hold for ``flattery`` seconds longer than they do; ``served`` are further
    files, by path."""

    gateway: str
    key: str
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    spoils: bool = False
    flattery: int = 0
    served: dict[str, bytes] = field(default_factory=dict)
    server: ThreadingHTTPServer | None = None

    @classmethod
    def start(cls, gateway: str, key: str) -> Self:
        """A site on a free port, for the gateway at an address, by one of its keys."""
        site = cls(gateway, key)
        site.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site))
        site.server.daemon_threads = True
        threading.Thread(target=site.server.serve_forever, daemon=True).start()
        return site

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    @property
    def tokens(self) -> int:
        """How often it was asked for a token."""
        return sum(1 for method, path, _ in self.asked if method == "POST" and path.startswith("/token"))

    def token(self, path: str) -> tuple[int, bytes]:
        """What the gateway answers to its key, and with which status; or the next of ``statuses``."""
        if self.statuses:
            return self.statuses.pop(0), b'{"error": "as the test wants it"}'
        host = self.gateway.partition("://")[2]
        connection = http.client.HTTPConnection(host, timeout=20)
        try:
            connection.request("POST", "/api/auth", headers={"X-API-Key": self.key})
            answer = connection.getresponse()
            return answer.status, self._as_told(path, answer.read())
        finally:
            connection.close()

    def _as_told(self, path: str, body: bytes) -> bytes:
        answer = json.loads(body)
        if self.spoils and "token" in answer and sum(1 for _, asked, _ in self.asked if asked == path) == 1:
            answer["token"] = answer["token"][:-8] + "AAAAAAAA"
        if "expires_in" in answer:
            answer["expires_in"] += self.flattery
        return json.dumps(answer).encode()

    # -- its page, in a browser ----------------------------------------------------------------------------------------

    def open(self, browser: Chrome) -> None:
        """Open its page, and wait until it can be told what to play."""
        browser.get(f"{self.url}/")
        wait_until(lambda: browser.execute_script("return !!globalThis.players"))

    def play(self, browser: Chrome, engine: str, url: str, **how: object) -> None:
        """Open its page anew and play a media URL through the gateway: ``hls.js``, ``shaka``, ``dash.js``, ``video.js``
        or ``native``; ``how`` as page.js says."""
        self.open(browser)
        browser.execute_script(
            "players.start(arguments[0])", {"engine": engine, "url": url, "gateway": self.gateway, **how}
        )

    def show_frames(self, browser: Chrome, count: int) -> None:
        """Open its page in so many frames side by side, and wait until each can be told what to play."""
        self.served["/frames.html"] = FRAMES.format(frames=FRAME * count).encode()
        browser.get(f"{self.url}/frames.html")
        ready = "return Array.from(frames).every((frame) => frame.players)"
        wait_until(lambda: browser.execute_script(ready))

    def play_all(self, browser: Chrome, wanted: Sequence[tuple[str, str]], **how: object) -> None:
        """Play pairs of engine and media URL side by side, each in a frame of its own with its page and its token."""
        self.show_frames(browser, len(wanted))
        for index, (engine, url) in enumerate(wanted):
            told = {"engine": engine, "url": url, "gateway": self.gateway, "token": f"/token?{index}", **how}
            browser.execute_script("frames[arguments[0]].players.start(arguments[1])", index, told)


def state(browser: Chrome) -> dict[str, Any]:
    """How it goes, as page.js tells it."""
    told: dict[str, Any] = browser.execute_script("return players.state()")
    return told


def states(browser: Chrome) -> list[dict[str, Any]]:
    """How it goes in each frame of `Site.play_all`."""
    told: list[dict[str, Any]] = browser.execute_script("return Array.from(frames, (frame) => frame.players.state())")
    return told


def starved(told: Mapping[str, Any]) -> list[dict[str, float]]:
    """Where a player of `state` stood still for want of data; where it had some, this machine was busy."""
    return [stall for stall in [*told["stalls"], *told["waits"]] if stall["ahead"] < ENOUGH]


def tell(browser: Chrome, script: str, *arguments: object) -> object:
    """What a script in the page comes to, which may await."""
    told: object = browser.execute_script(f"return (async (...given) => {{ {script} }})(...arguments)", *arguments)
    return told


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *parts: Any) -> None:
        self.site = site
        super().__init__(*parts)

    def do_GET(self) -> None:
        self.site.asked.append((self.command, self.path, dict(self.headers.items())))
        path = self.path.partition("?")[0]
        served = self.site.served.get(path)
        if served is not None:
            self._answer(200, served, _TYPES.get(Path(path).suffix, "application/octet-stream"))
            return
        file = _file(path)
        if file is None:
            self._answer(404, b"", "text/plain")
        else:
            self._answer(200, file.read_bytes(), _TYPES.get(file.suffix, "application/octet-stream"))

    def do_POST(self) -> None:
        self.site.asked.append((self.command, self.path, dict(self.headers.items())))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/token") and self.site.statuses[:1] == [0]:
            self.site.statuses.pop(0)
            self.rfile.read(1)  # until the browser gives up
            return
        status, body = self.site.token(self.path) if self.path.startswith("/token") else (404, json.dumps({}).encode())
        self._answer(status, body, "application/json")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _file(path: str) -> Path | None:
    """The page, its script, a player's file, or one of sluicegate.js."""
    if path in {"/", "/page.js"}:
        return HERE / ("page.html" if path == "/" else "page.js")
    if path.startswith("/players/"):
        root, name = HERE / "node_modules", path.removeprefix("/players/")
    elif path == "/sluicegate.js" or path.startswith("/sluicegate/"):
        root, name = WEB, path.removeprefix("/")
    else:
        return None
    file = (root / name).resolve()
    return file if file.is_relative_to(root.resolve()) and file.is_file() else None
