"""A name with several addresses: one that refuses, or is not permitted, does not stand in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pycurl
import pytest
from tornado.ioloop import IOLoop

from gateway.origins import curl as curls
from gateway.origins import guard as guards
from gateway.origins.address import Address, refusal
from gateway.origins.client import OriginClient
from gateway.origins.fetcher import Fetcher
from gateway.origins.guard import Guard
from gateway.origins.pattern import OriginPattern
from gateway.origins.url import MediaUrl
from gateway.problem import OriginNotAllowed, OriginUnreachable
from tests.scripted_origin import Origin, answer, send_head

PUBLIC = {"127.0.0.1", "127.0.0.9"}
"""Loopback addresses that are taken for public ones, so that there is something to connect to."""


@contextmanager
def name_of(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str) -> Iterator[OriginClient]:
    """A client to which ``media.example.com`` has these addresses, to be tried in this order."""
    plain = curls._set_up

    def set_up(curl: pycurl.Curl) -> None:
        plain(curl)
        curl.setopt(pycurl.RESOLVE, [f"media.example.com:{port}:{','.join(addresses)}"])

    def judged(address: Address) -> str | None:
        return None if str(address) in PUBLIC else refusal(address)

    monkeypatch.setattr(curls, "_set_up", set_up)
    monkeypatch.setattr(guards, "refusal", judged)
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    yield client
    client.close()


async def fetched(client: OriginClient, port: int) -> bytes:
    guard = Guard([OriginPattern.parse(f"http://media.example.com:{port}")])
    async with client.open(MediaUrl.parse(f"http://media.example.com:{port}/"), "GET", {}, guard) as found:
        return await found.body.read()


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.9", "127.0.0.1"],
        ["10.0.0.1", "127.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["10.0.0.1", "127.0.0.9", "192.168.0.1", "127.0.0.1"],
        ["[::1]", "127.0.0.1"],
        ["[fd00::1]", "[fd00::2]", "10.0.0.1", "127.0.0.1"],
    ],
    ids=", ".join,
)
async def test_the_next_address_is_tried(
    io_loop: IOLoop, origin: Origin, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    origin.scripts["/"] = answer(b"media")
    port = int(origin.url.rpartition(":")[2])
    with name_of(monkeypatch, port, *addresses) as client:
        assert await fetched(client, port) == b"media"
    assert len(origin.asked) == 1


async def test_only_refused_addresses_are_told_as_such(
    io_loop: IOLoop, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(origin.url.rpartition(":")[2])
    with name_of(monkeypatch, port, "10.0.0.1", "[fd00::1]") as client, pytest.raises(OriginNotAllowed, match="public"):
        await fetched(client, port)
    assert origin.asked == []


async def test_a_body_that_breaks_off_is_not_told_as_a_refused_address(
    io_loop: IOLoop, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": "10"})
        request.close_connection = True

    origin.scripts["/"] = broken
    port = int(origin.url.rpartition(":")[2])
    with name_of(monkeypatch, port, "10.0.0.1", "127.0.0.1") as client, pytest.raises(OriginUnreachable):
        await fetched(client, port)
