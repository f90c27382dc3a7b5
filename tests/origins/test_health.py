"""Origins that fail are left alone for a while, tried by one request, and asked again when they answer."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

import pytest
from tornado.ioloop import IOLoop

from gateway.origins.breaker import FORGOTTEN
from gateway.origins.budget import FEW, Budget
from gateway.origins.client import OriginClient
from gateway.origins.fetcher import Fetcher
from gateway.origins.guard import Guard
from gateway.origins.health import MOST_ORIGINS, Health
from gateway.origins.pattern import OriginPattern
from gateway.origins.reach import Reach
from gateway.origins.url import MediaUrl
from gateway.policy import Seconds
from gateway.problem import OriginNotAllowed, OriginTimedOut, OriginUnreachable, Problem
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG


class Gate:
    """A client whose breakers go by a clock that stands."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.health = Health(lambda: self.now)
        self.client = OriginClient(Fetcher("sluicegate-test", "test", 50, self.health))

    async def status(self, url: str, *fallbacks: str, path: str = "/v", method: str = "GET") -> int:
        """The status of an answer that is read to its end."""
        origin = OriginPattern.parse(url)
        reach = Reach(Seconds(2), Seconds(1), tuple(OriginPattern.parse(each) for each in fallbacks))
        guard = Guard([origin], reaches={origin: reach})
        async with self.client.open(MediaUrl.parse(url + path), method, {}, guard) as found:
            while await found.body.read():
                pass
            return found.head.status

    async def refused(self, url: str, count: int) -> list[Problem]:
        """What so many requests in a row were refused with."""
        told: list[Problem] = []
        for _ in range(count):
            with pytest.raises(Problem) as raised:
                await self.status(url)
            told.append(raised.value)
        return told


@contextmanager
def new_gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.client.close()


def lost(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


async def until_asked(origin: Origin, times: int) -> None:
    async with asyncio.timeout(HANG):
        while len(origin.asked) < times:  # noqa: ASYNC110 - by a thread, which sets no event of this loop
            await asyncio.sleep(0.01)


@dataclass
class Dead:
    """An origin that refuses connections, until it lives; nobody else gets its port."""

    taken: socket.socket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.taken.getsockname()[1]}"


@pytest.fixture
def dead() -> Iterator[Dead]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield Dead(taken)


async def test_an_origin_is_left_alone_after_five_failures_and_told_when_it_is_tried_again(
    io_loop: IOLoop, origin: Origin
) -> None:
    with new_gate() as gate:
        origin.scripts["/v"] = answer(b"down", 503)
        assert [await gate.status(origin.url) for _ in range(5)] == [503] * 5
        (problem,) = await gate.refused(origin.url, 1)
        assert len(origin.asked) == 5
        assert (problem.status, problem.headers()) == (502, {"Retry-After": "1"})
        assert gate.health.states == {(origin.url,): 2}
        assert gate.health.failures == {(origin.url, "status"): 5}


@pytest.mark.parametrize("status", [200, 304, 404, 429, 500, 501])
async def test_an_origin_that_answers_anything_else_is_well(io_loop: IOLoop, origin: Origin, status: int) -> None:
    with new_gate() as gate:
        for _ in range(3):
            origin.scripts["/v"] = answer(b"down", 503)
            assert [await gate.status(origin.url) for _ in range(4)] == [503] * 4
            origin.scripts["/v"] = answer(b"" if status == 304 else b"up", status)
            assert await gate.status(origin.url) == status
        assert gate.health.states == {(origin.url,): 0}


async def test_one_request_tries_an_origin_that_was_left_alone_and_each_pause_is_twice_the_last(
    io_loop: IOLoop, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sluicegate.origin")
    origin.scripts["/v"] = lost
    with new_gate() as gate:
        await gate.refused(origin.url, 5)
        for pause in (1, 2, 4, 8, 16, 30, 30):
            asked = len(origin.asked)
            gate.now += pause - 0.01
            assert (await gate.refused(origin.url, 1))[0].headers()
            assert (len(origin.asked), gate.health.states) == (asked, {(origin.url,): 2})
            gate.now += 0.02
            assert gate.health.states == {(origin.url,): 1}
            assert not (await gate.refused(origin.url, 1))[0].headers()
            assert len(origin.asked) == asked + 1
        origin.scripts["/v"] = answer(b"up")
        gate.now += 31
        assert await gate.status(origin.url) == 200
        assert gate.health.states == {(origin.url,): 0}
    opened, closed = [record.getMessage() for record in caplog.records]
    assert opened.startswith(f"origin {origin.url} is left alone after 5 failures in a row")
    assert "check its log" in opened
    assert closed.startswith(f"origin {origin.url} answers again, after")


async def test_while_one_request_tries_the_others_do_not_wait_for_it(io_loop: IOLoop, origin: Origin) -> None:
    go_on = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        go_on.wait(HANG)
        answer(b"up")(request)

    with new_gate() as gate:
        origin.scripts["/v"] = answer(b"down", 502)
        for _ in range(5):
            await gate.status(origin.url)
        gate.now += 1
        origin.scripts["/v"] = slow
        probe = asyncio.ensure_future(gate.status(origin.url))
        await until_asked(origin, 6)
        assert [problem.status for problem in await gate.refused(origin.url, 10)] == [502] * 10
        go_on.set()
        assert await asyncio.wait_for(probe, HANG) == 200
        assert await gate.status(origin.url) == 200
        assert len(origin.asked) == 7


async def test_an_origin_that_nobody_asked_for_is_not_tried_by_one_alone(io_loop: IOLoop, origin: Origin) -> None:
    go_on = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        go_on.wait(HANG)
        answer(b"up")(request)

    with new_gate() as gate:
        origin.scripts["/v"] = answer(b"down", 502)
        for _ in range(5):
            await gate.status(origin.url)
        gate.now += FORGOTTEN + 2
        origin.scripts["/v"] = slow
        asking = [asyncio.ensure_future(gate.status(origin.url)) for _ in range(10)]
        await until_asked(origin, 15)
        go_on.set()
        assert await asyncio.gather(*asking) == [200] * 10
        origin.scripts["/v"] = answer(b"down", 502)
        assert [await gate.status(origin.url) for _ in range(5)] == [502] * 5
        assert gate.health.states == {(origin.url,): 2}


async def test_a_try_that_its_client_gives_up_lets_another_try(io_loop: IOLoop, origin: Origin) -> None:
    asked = threading.Event()

    def silent(request: BaseHTTPRequestHandler) -> None:
        asked.set()
        request.rfile.read(1)
        lost(request)

    with new_gate() as gate:
        origin.scripts["/v"] = answer(b"down", 502)
        for _ in range(5):
            await gate.status(origin.url)
        gate.now += 1
        origin.scripts["/v"] = silent
        probe = asyncio.ensure_future(gate.status(origin.url))
        assert await asyncio.to_thread(asked.wait, HANG)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        origin.scripts["/v"] = answer(b"up")
        assert await gate.status(origin.url) == 200


async def test_requests_that_their_clients_gave_up_say_nothing_of_the_origin(io_loop: IOLoop, origin: Origin) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(1)
        lost(request)

    origin.scripts["/v"] = silent
    with new_gate() as gate:
        waiting = [asyncio.ensure_future(gate.status(origin.url)) for _ in range(10)]
        await until_asked(origin, 10)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (gate.health.failures, gate.health.states) == ({}, {(origin.url,): 0})


async def test_a_wave_of_failures_counts_once(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/v"] = answer(b"down", 503)
    with new_gate() as gate:
        assert set(await asyncio.gather(*(gate.status(origin.url) for _ in range(40)))) == {503}
        gate.now += 1.01
        assert gate.health.states == {(origin.url,): 1}


async def test_a_connection_that_is_refused_is_tried_once_more(io_loop: IOLoop, dead: Dead) -> None:
    with new_gate() as gate:
        (problem,) = await gate.refused(dead.url, 1)
        assert "refuses the connection" in problem.detail
        assert gate.health.failures == {(dead.url, "connect"): 2}


async def test_a_request_whose_connection_is_lost_once_is_answered(io_loop: IOLoop, origin: Origin) -> None:
    answers = iter([lost, answer(b"up")])

    def script(request: BaseHTTPRequestHandler) -> None:
        next(answers)(request)

    origin.scripts["/v"] = script
    with new_gate() as gate:
        assert await gate.status(origin.url) == 200
    assert len(origin.asked) == 2


async def test_an_origin_that_does_not_answer_in_time_is_not_asked_twice(io_loop: IOLoop, origin: Origin) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(1)
        lost(request)

    origin.scripts["/v"] = silent
    with new_gate() as gate:
        with pytest.raises(OriginTimedOut):
            await gate.status(origin.url)
        assert gate.health.failures == {(origin.url, "timeout"): 1}
    assert len(origin.asked) == 1


async def test_an_answer_that_is_no_http_is_not_asked_for_twice(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/v"] = answer(b"", 600)
    with new_gate() as gate:
        with pytest.raises(OriginUnreachable):
            await gate.status(origin.url)
        assert gate.health.failures == {(origin.url, "invalid"): 1}
    assert len(origin.asked) == 1


async def test_an_address_that_is_refused_is_no_failure_of_the_origin(io_loop: IOLoop, origin: Origin) -> None:
    port = origin.url.rpartition(":")[2]
    guard = Guard([OriginPattern("http", "localhost", int(port), subdomains=False)])
    with new_gate() as gate:
        for _ in range(6):
            with pytest.raises(OriginNotAllowed):
                async with gate.client.open(MediaUrl.parse(f"http://localhost:{port}/"), "GET", {}, guard):
                    pass
        assert gate.health.failures == {}


def test_an_outage_is_not_doubled_by_those_who_try_again() -> None:
    now = 100.0
    budget = Budget(lambda: now)
    tried_again = 0
    for _ in range(1000):
        budget.request()
        tried_again += budget.allows_retry()
    assert 200 <= tried_again <= 200 + FEW
    now += 10
    assert [budget.allows_retry() for _ in range(FEW + 1)] == [True] * FEW + [False]


def test_any_number_of_hosts_is_shown_as_the_one_entry_that_they_are_of() -> None:
    now = 0.0
    health = Health(lambda: now)
    guard = Guard([OriginPattern.parse("https://*.example.com")])
    for number in range(MOST_ORIGINS + 10):
        url = MediaUrl.parse(f"https://h{number}.example.com/")
        for _ in range(5 if number == MOST_ORIGINS else 1):
            with health.trying(url, guard.judge(url)) as trial:
                trial.answered(503)
    assert health.states == {("https://*.example.com",): 2}
    assert len(health.failures) == 1
    now += 1 + FORGOTTEN + 1
    assert health.states == {("https://*.example.com",): 0}


async def test_fallbacks_are_asked_in_order_and_one_that_is_left_alone_is_passed_over(
    io_loop: IOLoop, origin: Origin, dead: Dead
) -> None:
    backup = Origin.start()
    backup.scripts["/v"] = answer(b"backup")
    origin.scripts["/v"] = answer(b"down", 504)
    try:
        with new_gate() as gate:
            for _ in range(8):
                assert await gate.status(dead.url, origin.url, backup.url) == 200
            assert (len(origin.asked), len(backup.asked)) == (5, 8)
            assert gate.health.fallbacks == {(dead.url,): 8}
            assert gate.health.failures == {(dead.url, "connect"): 5, (origin.url, "status"): 5}
    finally:
        backup.stop()


async def test_an_answer_that_says_it_is_down_is_given_when_there_is_no_fallback_left(
    io_loop: IOLoop, origin: Origin, dead: Dead
) -> None:
    origin.scripts["/v"] = answer(b"down", 503)
    with new_gate() as gate:
        with pytest.raises(OriginUnreachable):
            await gate.status(origin.url, dead.url)
        for _ in range(3):
            await gate.refused(dead.url, 1)
        assert await gate.status(origin.url, dead.url) == 503


async def test_what_a_client_got_is_not_followed_by_another_origins_answer(io_loop: IOLoop, origin: Origin) -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": "10"})
        request.wfile.write(b"first")
        lost(request)

    backup = Origin.start()
    backup.scripts["/v"] = answer(b"otherother")
    origin.scripts["/v"] = broken
    try:
        with new_gate() as gate, pytest.raises(OriginUnreachable):
            await gate.status(origin.url, backup.url)
        assert backup.asked == []
    finally:
        backup.stop()
