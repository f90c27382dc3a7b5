"""What tests share: a real Redis, a scripted origin, and a real gateway between them."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scripted_origin import Origin
from tests.service import HANG, Service, tiers_text

StartService = Callable[..., Service]


_CHANCE = random.SystemRandom()  # no seed that a test may have set
_WORKER, _WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")), 16


def free_port() -> int:
    """A port that nobody gets before it is used: it is below those that Linux gives to whoever asks for any, and each
    worker of a test run has its own."""
    while True:
        port = _CHANCE.randrange(12_000 + _WORKER % _WORKERS, 32_000, _WORKERS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class RedisServer:
    """A ``redis-server`` of the tests' own."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


def start_redis(folder: Path, port: int) -> RedisServer:
    program = shutil.which("redis-server")
    assert program, "make test installs redis-server"
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return RedisServer(port, process)
    raise AssertionError("redis-server does not listen")


@pytest.fixture(scope="session")
def running_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = start_redis(tmp_path_factory.mktemp("redis"), free_port())
    yield server
    server.process.terminate()
    server.process.wait(HANG)


@pytest.fixture
def redis_server(running_redis: RedisServer) -> RedisServer:
    """A real Redis with nothing in it."""
    with socket.create_connection(("127.0.0.1", running_redis.port), HANG) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(100) == b"+OK\r\n"
    return running_redis


@pytest.fixture
def origin() -> Iterator[Origin]:
    started = Origin.start()
    yield started
    started.stop()


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Start gateways, each in a folder of its own; all are stopped at the end."""
    started: list[Service] = []

    def start(
        tiers: str, *arguments: str, state: Path | None = None, command: str = "serve", limits: Sequence[str] = ()
    ) -> Service:
        folder = tmp_path / f"service-{len(started)}"
        service = Service.start(folder, tiers, *arguments, state=state, command=command, limits=limits)
        started.append(service)
        return service

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def demo(start_service: StartService) -> Service:
    """The demo, with its own origin on a free port."""
    port = free_port()
    return start_service(tiers_text(f"http://127.0.0.1:{port}"), "--origin", str(port), command="demo")


@pytest.fixture
def service(origin: Origin, start_service: StartService) -> Service:
    """A gateway with the shipped tiers before the scripted origin."""
    return start_service(tiers_text(origin.url))


@pytest.fixture
def token(service: Service) -> dict[str, str]:
    """The header field of a standard client's session token."""
    return {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
