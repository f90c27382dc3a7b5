"""What the workers of a machine share, whatever becomes of one of them."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pytest

from tests.conftest import RedisServer, StartService
from tests.handlers.test_cache import BODY, Fields, Slow, digest
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Service, opened, tiers_text


def memory(service: Service) -> Path:
    """The folder in memory: what the process has locked in it leads there."""
    held = [Path(path) for path in opened(service.process.pid)]
    return next(path.parent for path in held if path.name == "living")


def token_of_all(service: Service, url: str) -> Fields:
    """A session token that every worker knows when this returns."""
    key = service.add_key("acme", "partner")
    deadline = time.monotonic() + HANG
    while (auth := service.get("/api/auth", {"X-API-Key": key}, "POST")).status != 200:
        assert time.monotonic() < deadline
    token, known = {"X-Session-Token": str(auth.json["token"])}, 0
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


@dataclass
class Viewer:
    """Who has had a thousand bytes of an answer, by a worker that is known by its process."""

    connection: http.client.HTTPConnection
    reply: http.client.HTTPResponse
    start: bytes
    worker: int

    @classmethod
    def begin(cls, service: Service, url: str, token: Fields) -> Self:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, HANG)
        connection.request("GET", f"/api?url={quote(url, safe='')}", headers=dict(token))
        worker = worker_of(service, connection.sock.getsockname()[1])
        reply = connection.getresponse()
        return cls(connection, reply, reply.read(1000), worker)

    def body(self) -> bytes:
        with closing(self.connection):
            return self.start + self.reply.read()

    def leave(self) -> None:
        self.reply.close()
        self.connection.close()


def worker_of(service: Service, port: int) -> int:
    """The process that has accepted a connection from a port."""
    parent = service.process.pid
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ends = f":{service.port:04X}", f":{port:04X}"
        sockets = {f"socket:[{row[9]}]" for row in rows if (row[1][8:], row[2][8:]) == ends}
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if not sockets.isdisjoint(opened(pid)):
                return int(pid)
    raise AssertionError("nobody has accepted it")


def begin_on_both(service: Service, url: str, token: Fields) -> list[Viewer]:
    """Viewers of the same, the first the one who has it fetched, and the last alone on another worker."""
    viewers = [Viewer.begin(service, url, token)]
    while len({viewer.worker for viewer in viewers}) < 2:
        viewers.append(Viewer.begin(service, url, token))
    return viewers


def test_who_leaves_one_worker_does_not_take_the_fetch_from_another(
    origin: Origin, start_service: StartService, redis_server: RedisServer
) -> None:
    """Without a validator nobody could ask for the rest."""
    slow = origin.scripts["/v.ts"] = Slow({"Cache-Control": "max-age=60"})
    service = start_service(tiers_text(origin.url), "--workers", "2", "--redis", redis_server.url)
    viewers = begin_on_both(service, f"{origin.url}/v.ts", token_of_all(service, origin.url))
    for viewer in viewers[:-1]:
        viewer.leave()
    time.sleep(0.5)
    slow.go_on.set()
    assert digest(viewers[-1].body()) == digest(BODY)
    assert [path for _, path, _ in origin.asked].count("/v.ts") == 1


@pytest.mark.parametrize("validated", [True, False], ids=["with a validator", "without"])
def test_a_worker_that_is_killed_leaves_the_viewers_of_another_whole_or_visibly_cut(
    origin: Origin, start_service: StartService, redis_server: RedisServer, *, validated: bool
) -> None:
    go_on = threading.Event()

    def script(request: BaseHTTPRequestHandler) -> None:
        first = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        fields = {"Content-Type": "video/mp2t", "Cache-Control": "max-age=60", "Content-Length": str(len(BODY) - first)}
        extent = {"Content-Range": f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"} if first else {}
        send_head(request, 206 if first else 200, fields | extent | ({"ETag": '"a"'} if validated else {}))
        request.wfile.write(BODY[first:300_000])
        go_on.wait(HANG)
        request.wfile.write(BODY[max(first, 300_000) :])

    origin.scripts["/v.ts"] = script
    service = start_service(tiers_text(origin.url), "--workers", "2", "--redis", redis_server.url)
    viewers = begin_on_both(service, f"{origin.url}/v.ts", token_of_all(service, origin.url))
    os.kill(viewers[0].worker, signal.SIGKILL)
    go_on.set()
    if validated:
        assert digest(viewers[-1].body()) == digest(BODY)
    else:
        with pytest.raises(http.client.IncompleteRead):
            viewers[-1].body()
