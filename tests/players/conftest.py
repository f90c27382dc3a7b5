"""A browser, a provider's site and a gateway before the demo's media, one of each for a module."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from selenium.webdriver import Chrome
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from demo.origin import MEDIA, origin_app
from tests.demo.chromium import chromium
from tests.players.site import Site
from tests.service import Service, tiers_text


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def media() -> Iterator[str]:
    """The demo's media on an origin without CORS: its address."""
    sockets = bind_sockets(0, "127.0.0.1")
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        HTTPServer(origin_app(MEDIA)).add_sockets(sockets)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(listen(), loop).result()
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@dataclass(frozen=True)
class Provider:
    """A gateway, and the site of a customer of it."""

    service: Service
    site: Site


@pytest.fixture(scope="module")
def provider(media: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """With the shipped tiers, and the standard tier's key on the site's server."""
    service = Service.start(tmp_path_factory.mktemp("gateway"), tiers_text(media))
    site = Site.start(f"http://127.0.0.1:{service.port}", service.add_key("acme", "partner"))
    yield Provider(service, site)
    site.stop()
    service.stop()
