"""Handles that are lent to one request after another."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pycurl
import pytest
from tornado.ioloop import IOLoop

from gateway.origins.client import Answer, OriginClient
from gateway.origins.fetcher import Fetcher
from gateway.origins.guard import Guard
from gateway.origins.idle import IdleConnections
from gateway.origins.pattern import OriginPattern
from gateway.origins.url import MediaUrl
from gateway.problem import OriginUnreachable
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG


@contextmanager
def new_client() -> Iterator[OriginClient]:
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    yield client
    client.close()


def transfers(client: OriginClient) -> int:
    assert isinstance(client.source, Fetcher)
    return client.source.transfers


async def fetched(
    client: OriginClient, origin: Origin, method: str = "GET", path: str = "/v", **fields: str
) -> tuple[Answer, bytes]:
    guard = Guard([OriginPattern.parse(origin.url)])
    async with client.open(MediaUrl.parse(origin.url + path), method, fields, guard) as found:
        body = b""
        while chunk := await found.body.read():
            body += chunk
        return found, body


async def test_nothing_of_one_request_is_left_in_the_next(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/v"] = answer(b"media", ETag='"a"')
    with new_client() as client:
        assert (await fetched(client, origin, "HEAD"))[1] == b""
        assert (await fetched(client, origin, Range="bytes=0-1"))[1] == b"media"
        assert (await fetched(client, origin))[1] == b"media"
    assert [asked[0] for asked in origin.asked] == ["HEAD", "GET", "GET"]
    assert ["Range" in asked[2] for asked in origin.asked] == [False, True, False]
    assert all(asked[2]["User-Agent"] == "test" and "Via" in asked[2] for asked in origin.asked)
    assert not any({"Expect", "Pragma", "Referer"} & set(asked[2]) for asked in origin.asked)


@pytest.mark.parametrize(("count", "are_kept"), [(10, True), (11, False)])
async def test_as_many_connections_are_kept_as_there_may_be_transfers(
    io_loop: IOLoop, count: int, *, are_kept: bool
) -> None:
    origins, connections = [Origin.start() for _ in range(count)], set[object]()

    def script(request: BaseHTTPRequestHandler) -> None:
        connections.add((request.client_address, request.headers["Host"]))
        answer(b"media")(request)

    with new_client() as client:
        for _ in range(3):
            for origin in origins:
                origin.scripts["/v"] = script
                assert (await fetched(client, origin))[1] == b"media"
    # One too many closes the one that was used longest ago, which is here always the one that is needed next.
    assert (len(connections) == count) is are_kept
    for origin in origins:
        origin.stop()


async def test_a_field_that_would_be_two_is_not_sent(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/v"] = answer(b"media")
    with new_client() as client:
        for value in ("a\r\nX-Injected: 1", "a\nb", "a\0b"):
            with pytest.raises(ValueError, match="line break"):
                await fetched(client, origin, Range=value)
        assert transfers(client) == 0
        assert origin.asked == []
        assert (await fetched(client, origin))[1] == b"media"


@dataclass
class Endless:
    """A body without an end, or no answer at all; and when it was asked for, and its client had gone."""

    says_nothing: bool
    asked: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.set()
        with suppress(OSError):
            while self.says_nothing and request.rfile.read(1):
                pass
            if not self.says_nothing:
                send_head(request, 200, {"Content-Length": str(2**40)})
            while not self.says_nothing:
                request.wfile.write(bytes(65536))
        request.close_connection = True
        self.gone.set()


async def view(client: OriginClient, origin: Origin, *, reads: bool) -> None:
    guard = Guard([OriginPattern.parse(origin.url)])
    async with client.open(MediaUrl.parse(origin.url + "/v"), "GET", {}, guard) as found:
        while reads and await found.body.read():
            pass
        await asyncio.sleep(HANG)


@pytest.mark.parametrize("where", ["before the head", "in the body", "while it is paused"])
async def test_a_request_that_is_given_up_ends_its_connection_and_frees_its_handle(
    io_loop: IOLoop, origin: Origin, where: str
) -> None:
    endless = Endless(says_nothing=where == "before the head")
    origin.scripts["/v"] = endless
    with new_client() as client:
        viewing = asyncio.ensure_future(view(client, origin, reads=where == "in the body"))
        assert await asyncio.to_thread(endless.asked.wait, HANG)
        await asyncio.sleep(0.2)
        assert transfers(client) == 1
        viewing.cancel()
        await asyncio.gather(viewing, return_exceptions=True)
        assert transfers(client) == 0
        assert await asyncio.to_thread(endless.gone.wait, HANG)
        origin.scripts["/v"] = answer(b"media")
        assert (await fetched(client, origin))[1] == b"media"


async def test_an_idle_handle_keeps_nothing_of_its_last_request(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/v"] = answer(b"media")
    with new_client() as client:
        body = weakref.ref((await fetched(client, origin))[0].body)
        origin.scripts["/v"] = lambda request: setattr(request, "close_connection", True)
        with pytest.raises(OriginUnreachable):
            await fetched(client, origin)
        gc.collect()
        assert body() is None


async def test_many_requests_at_once_each_get_their_own(io_loop: IOLoop, origin: Origin) -> None:
    bodies = {f"/{number}": str(number).encode() * 200_000 for number in range(8)}
    origin.scripts |= {path: answer(body) for path, body in bodies.items()}
    with new_client() as client:
        for _ in range(5):
            told = await asyncio.gather(*(fetched(client, origin, path=path) for path in bodies))
            assert [body for _, body in told] == [*bodies.values()]


async def test_a_connection_is_not_ended_for_the_answer_to_whom_it_was_lent_next(
    io_loop: IOLoop, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = set[int]()
    keep = IdleConnections.keep

    def keep_late(idle: IdleConnections, curl: pycurl.Curl) -> None:
        time.sleep(0.003)  # as on a busy machine: the answer to whom the connection was lent next has come
        keep(idle, curl)

    monkeypatch.setattr(IdleConnections, "keep", keep_late)

    def script(request: BaseHTTPRequestHandler) -> None:
        ports.add(request.client_address[1])
        answer(b"media")(request)

    async def view() -> None:
        for _ in range(100):
            assert (await fetched(client, origin))[1] == b"media"

    origin.scripts["/v"] = script
    with new_client() as client:
        await asyncio.gather(*(view() for _ in range(8)))
    assert len(ports) <= 13  # of eight; only the first use of one may be taken amiss


async def test_a_client_that_is_closed_ends_what_runs(io_loop: IOLoop, origin: Origin) -> None:
    endless = Endless(says_nothing=False)
    origin.scripts["/v"] = endless
    with new_client() as client:
        viewing = asyncio.ensure_future(view(client, origin, reads=True))
        assert await asyncio.to_thread(endless.asked.wait, HANG)
    with pytest.raises(OriginUnreachable):
        await asyncio.wait_for(viewing, HANG)
    assert await asyncio.to_thread(endless.gone.wait, HANG)


async def test_what_was_not_read_goes_with_the_transfer(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/v"] = Endless(says_nothing=False)
    guard = Guard([OriginPattern.parse(origin.url)])
    with new_client() as client:
        async with client.open(MediaUrl.parse(f"{origin.url}/v"), "GET", {}, guard) as found:
            assert await found.body.read()
            await asyncio.sleep(0.1)  # more has come, of which the rest of the origin's body waits
        with pytest.raises(OriginUnreachable):
            await found.body.read()
