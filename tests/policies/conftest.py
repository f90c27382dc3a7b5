"""A gateway with the policies under test, and a store whose clock can be set."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tornado.ioloop import IOLoop

from gateway.store.redis_store import embedded_store
from tests.conftest import StartService
from tests.policies.samples import PLAYLIST, VIDEO, Asking, Clock, dripping, tiers_with
from tests.scripted_origin import Origin, answer
from tests.service import Service

StartGateway = Callable[..., Service]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the embedded store, too."""
    set_by_test = Clock()
    monkeypatch.setattr(time, "time", set_by_test)
    return set_by_test


@pytest.fixture
def asking(io_loop: IOLoop, clock: Clock) -> Asking:
    return Asking(embedded_store(clock), clock)


@pytest.fixture
def media(origin: Origin) -> Iterator[Origin]:
    """An origin with a playlist, its segments, a long file, an endless stream, and a page that is missing."""
    stop = threading.Event()
    origin.scripts |= {
        "/v/a.m3u8": answer(PLAYLIST, Content_Type="application/vnd.apple.mpegurl"),
        "/v/seg-1.ts": answer(VIDEO[:1000], Content_Type="video/mp2t"),
        "/v/seg-2.ts": answer(VIDEO[:1000], Content_Type="video/mp2t"),
        "/v/long.ts": answer(VIDEO, Content_Type="video/mp2t"),
        "/v/live.ts": dripping(stop),
    }
    yield origin
    stop.set()


@pytest.fixture
def gateway(media: Origin, start_service: StartService) -> StartGateway:
    """Start a gateway before the origin, with these policies in its tier ``standard``."""

    def start(*lines: str, arguments: tuple[str, ...] = ()) -> Service:
        return start_service(tiers_with(media.url, *lines), *arguments)

    return start
