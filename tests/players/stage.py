"""Where the matrix plays: an origin with every format, a gateway before it, a provider's site, and a browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from selenium.webdriver import Chrome
from tornado.httputil import HTTPHeaders
from tornado.routing import URLSpec
from tornado.web import Application, OutputTransform, RequestHandler

from demo.live import live_rules
from demo.origin import MEDIA, MediaFileHandler
from tests.demo.chromium import chromium
from tests.media import make_media
from tests.players.site import Site
from tests.service import Service, tiers_text
from tests.threaded import serving


class _Cors(OutputTransform):
    """For players in a browser that are tried without the gateway."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        headers["Access-Control-Allow-Origin"] = "*"
        return status_code, headers, chunk


@dataclass
class MatrixOrigin:
    """``url`` is without CORS, as the gateway's origins are, and keeps who ``asked``: User-Agent and Via of each
    request. ``open_url`` is the same media with CORS, to be played without the gateway."""

    url: str
    open_url: str
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def matrix_origin(folder: Path) -> Iterator[MatrixOrigin]:
    """The files of a folder and the demo's live stream, in a thread of their own."""
    rules = [*live_rules(MEDIA, time.time), URLSpec(r"/(.*)", MediaFileHandler, {"path": str(folder)})]
    asked: list[tuple[str, str]] = []

    def note(handler: RequestHandler) -> None:
        fields = handler.request.headers
        asked.append((fields.get("User-Agent", ""), fields.get("Via", "")))

    quiet = Application(rules, transforms=[_Cors], log_function=lambda _: None)
    with serving(Application(rules, log_function=note), quiet) as (url, open_url):
        yield MatrixOrigin(url, open_url, asked)


@dataclass
class Stage:
    """All of it. Each program has a key of its own, by which the log tells whose requests were refused."""

    folder: Path
    origin: MatrixOrigin
    service: Service
    site: Site
    browser: Chrome
    keys: dict[str, str] = field(default_factory=dict)

    def by_token(self, player: str, path: str) -> str:
        """An address for a player that can set no header, with a token in it."""
        return (
            f"http://127.0.0.1:{self.service.port}/api?token={self.service.token(self.keys[player])}"
            f"&url={quote(self.origin.url + path, safe='')}"
        )

    def by_grant(self, player: str, path: str) -> str:
        """An address with a grant in it, as ``GET /api/grant`` gives it."""
        asked = f"/api/grant?url={quote(self.origin.url + path, safe='')}"
        reply = self.service.get(asked, {"X-API-Key": self.keys[player]})
        assert reply.status == 200, reply.body
        return f"http://127.0.0.1:{self.service.port}{reply.json['url']}"

    def refused(self) -> list[tuple[str, int, str]]:
        """Client, status and target of every media request that was answered with an error."""
        return [
            (str(line.get("client", "")), int(line["status"]), str(line.get("target", "")))
            for line in self._lines()
            if int(line.get("status", 0)) >= 400
        ]

    def _lines(self) -> Iterator[dict[str, Any]]:
        for line in self.service.log.read_text().splitlines():
            if line.startswith("{") and '"status"' in line:
                yield json.loads(line)


@contextmanager
def stage(folder: Path, programs: tuple[str, ...]) -> Iterator[Stage]:
    """Make the media in a folder, and start everything."""
    media = folder / "media"
    media.mkdir()
    make_media(media)
    with ExitStack() as stack:
        origin = stack.enter_context(matrix_origin(media))
        service = Service.start(folder / "gateway", tiers_text(origin.url))
        stack.callback(service.stop)
        keys = {player: service.key_file().add(player.replace(" ", "-"), "partner").text for player in programs}
        keys["site"] = service.add_key("site", "partner")
        site = Site.start(f"http://127.0.0.1:{service.port}", keys["site"])
        stack.callback(site.stop)
        browser = stack.enter_context(chromium(folder))
        yield Stage(folder, origin, service, site, browser, keys)
