"""What the workers of a machine share, whatever becomes of one of them."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.conftest import RedisServer, StartService
from tests.handlers.test_cache import Fields
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Service, tiers_text


def memory(service: Service) -> Path:
    """The folder in memory: what the process has locked in it leads there."""
    opened = [link.readlink() for link in Path(f"/proc/{service.process.pid}/fd").iterdir()]
    return next(path.parent for path in opened if path.name == "living")


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
    service = start_service(tiers_text(origin.url), "--workers", "2", "--redis", redis_server.url)
    token = token_of_all(service, origin.url)
    shutil.rmtree(memory(service) / "leads")
    for _ in range(5):
        assert service.media(f"{origin.url}/v.ts", token).body == b"body"


def stored_bytes(service: Service) -> int:
    """What the files of bodies and heads take."""
    taken = 0
    for file in (*memory(service).glob("bodies/*"), *memory(service).glob("heads/*")):
        with suppress(FileNotFoundError):
            taken += file.stat().st_blocks * 512
    return taken


def test_bodies_that_all_begin_at_once_do_not_fill_more_than_there_is(
    origin: Origin, start_service: StartService, redis_server: RedisServer
) -> None:
    """Neither worker sees on the shelf what the other's fetches are yet to bring."""
    begun = threading.Barrier(31)

    def script(request: BaseHTTPRequestHandler) -> None:
        send_head(
            request, 200, {"Content-Type": "video/mp2t", "Content-Length": "1000000", "Cache-Control": "max-age=60"}
        )
        request.wfile.flush()
        begun.wait(HANG)
        request.wfile.write(bytes(1_000_000))

    origin.scripts["/v.ts"] = script
    text = "cache: {memory: 8MiB}\n" + tiers_text(origin.url)
    service = start_service(text, "--workers", "2", "--redis", redis_server.url)
    token = token_of_all(service, origin.url)
    with ThreadPoolExecutor(30) as viewers:
        watching = [viewers.submit(service.media, f"{origin.url}/v.ts?{number}", token) for number in range(30)]
        time.sleep(0.5)
        begun.wait(HANG)
        assert {len(each.result(HANG).body) for each in watching} == {1_000_000}
    time.sleep(0.3)
    assert 1_000_000 < stored_bytes(service) <= 8 * 1024 * 1024


def test_many_little_bodies_with_large_heads_do_not_fill_more_than_there_is(
    origin: Origin, start_service: StartService
) -> None:
    fields = {"Content_Type": "video/mp2t", "Cache_Control": "max-age=60", "X_Large": "x" * 30_000}
    origin.scripts["/v.ts"] = answer(bytes(100), **fields)
    service = start_service("cache: {memory: 8MiB}\n" + tiers_text(origin.url))
    token = {"X-Session-Token": service.token(service.add_key("acme", "partner"))}
    for number in range(300):
        service.media(f"{origin.url}/v.ts?{number}", token)
    assert 4_000_000 < stored_bytes(service) <= 8 * 1024 * 1024
