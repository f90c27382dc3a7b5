"""What the workers of a machine share, whatever becomes of one of them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from tests.conftest import RedisServer, StartService
from tests.handlers.test_cache import Fields
from tests.scripted_origin import Origin, answer
from tests.service import HANG, Service, tiers_text


def token_of_all(service: Service, url: str) -> Fields:
    """A session token that every worker knows when this returns."""
    token = {"X-Session-Token": service.token(service.add_key("acme", "partner"))}
    deadline, known = time.monotonic() + HANG, 0
    while known < 10:
        assert time.monotonic() < deadline
        known = known + 1 if service.media(f"{url}/none", token).status == 404 else 0
    return token


def test_workers_without_a_place_to_agree_ask_each_for_itself(
    origin: Origin, start_service: StartService, redis_server: RedisServer
) -> None:
    origin.scripts["/v.ts"] = answer(b"body", Cache_Control="no-store")
    before = set(Path("/dev/shm").glob("sluicegate-*"))
    service = start_service(tiers_text(origin.url), "--workers", "2", "--redis", redis_server.url)
    token = token_of_all(service, origin.url)
    (made,) = set(Path("/dev/shm").glob("sluicegate-*")) - before
    shutil.rmtree(made / "leads")
    for _ in range(5):
        assert service.media(f"{origin.url}/v.ts", token).body == b"body"
