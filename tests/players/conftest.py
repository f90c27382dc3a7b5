"""A browser, a provider's site and a gateway before the demo's media, one of each for a module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from selenium.webdriver import Chrome

from demo.origin import MEDIA, origin_app
from tests.demo.chromium import chromium
from tests.players.site import Site
from tests.scripted_origin import Origin
from tests.service import Service, tiers_text
from tests.threaded import serving


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def media() -> Iterator[str]:
    """The demo's media on an origin without CORS: its address."""
    with serving(origin_app(MEDIA)) as (url,):
        yield url


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """One that does as a test wants."""
    started = Origin.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def scripted(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A customer's site whose gateway stands before that origin."""
    service = Service.start(tmp_path_factory.mktemp("scripted"), tiers_text(origin.url))
    site = Site.start(f"http://127.0.0.1:{service.port}", service.add_key("acme", "partner"))
    yield site
    site.stop()
    service.stop()


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
