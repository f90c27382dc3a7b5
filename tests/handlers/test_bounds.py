"""More clients than a worker can hold: no at once, never a slow death."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from urllib.parse import quote

import psutil
import pytest

from gateway.service.bounds import LEAST_DESCRIPTORS, Bounds
from tests.conftest import StartService
from tests.scripted_origin import Origin, answer
from tests.service import HANG, tiers_text

DESCRIPTORS = 600


def test_what_descriptors_allow() -> None:
    assert Bounds.within(65536) == Bounds(22704, 4000)
    assert Bounds.within(LEAST_DESCRIPTORS) == Bounds(97, 38)
    with pytest.raises(ValueError, match="allow at least 512"):
        Bounds.within(LEAST_DESCRIPTORS - 1)


def test_one_connection_too_many_is_told_so_at_once_and_the_next_that_fits_is_served(
    origin: Origin, start_service: StartService
) -> None:
    service = start_service(tiers_text(origin.url), limits=[f"--nofile={DESCRIPTORS}"])
    most = Bounds.within(DESCRIPTORS).connections
    with ExitStack() as held:
        idle = [held.enter_context(socket.create_connection(("127.0.0.1", service.port), HANG)) for _ in range(most)]
        service.wait_for_gauge("connections", most)
        refused = service.get("/api/health")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json["error"] == "Temporarily out of capacity"
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        assert service.admin("/healthz").status == 200
        idle[0].close()
        service.wait_for_gauge("connections", most - 1)
        assert service.get("/api/health").status == 200
        assert service.gauge("connections_refused") == 1


def test_as_many_slow_viewers_of_a_stored_body_as_there_are_connections_all_get_it(
    origin: Origin, start_service: StartService
) -> None:
    service = start_service(tiers_text(origin.url), limits=[f"--nofile={LEAST_DESCRIPTORS}"])
    origin.scripts["/v.ts"] = answer(bytes(4 * 2**20), Cache_Control="max-age=60")
    token = service.token(service.add_key("acme", "standard"))
    path = f"/api?url={quote(f'{origin.url}/v.ts', safe='')}&token={token}"
    assert len(service.get(path).body) == 4 * 2**20
    with ExitStack() as held:
        viewers = []
        for _ in range(Bounds.within(LEAST_DESCRIPTORS).connections):
            viewer = held.enter_context(socket.socket())
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            viewer.settimeout(HANG)
            viewer.connect(("127.0.0.1", service.port))
            viewer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            viewers.append(viewer)
        for viewer in viewers:
            assert viewer.recv(15) == b"HTTP/1.1 200 OK"
        for_origins = 5 * Bounds.within(LEAST_DESCRIPTORS).transfers
        assert psutil.Process(service.process.pid).num_fds() < LEAST_DESCRIPTORS - for_origins


def test_a_flood_of_connections_leaves_nothing_behind(origin: Origin, start_service: StartService) -> None:
    service = start_service(tiers_text(origin.url), limits=[f"--nofile={DESCRIPTORS}"])
    with ExitStack() as held:
        for _ in range(3 * DESCRIPTORS):
            held.enter_context(socket.create_connection(("127.0.0.1", service.port), HANG))
        service.wait_for_gauge("connections", Bounds.within(DESCRIPTORS).connections)
    service.wait_for_gauge("connections", 0)
    assert service.get("/api/health").status == 200
    assert "Too many open files" not in service.log.read_text()
