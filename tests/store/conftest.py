"""What the tests of the store share: four stores that have to do the same, and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.store.redis_store import RedisStore, embedded_store, redis_store
from tests.conftest import RedisServer
from tests.service import HANG
from tests.store.clock import Clock, freeze
from tests.store.servers import Cluster, Server, redis_program, valkey_program

STORES = ("fakeredis", "redis", "valkey", "cluster")


@pytest.fixture(scope="session")
def running_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server.start(valkey_program(), tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster.start(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture
def valkey_server(running_valkey: Server) -> Server:
    """A real Valkey with nothing in it."""
    running_valkey.say("FLUSHALL")
    return running_valkey


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """A real cluster with nothing in it."""
    running_cluster.say("FLUSHALL")
    return running_cluster


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    """A real Redis that a test may kill."""
    server = Server.start(redis_program(), tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[RedisStore]:
    """Each of the stores in turn, empty, and waited for however busy the machine is."""
    if request.param == "fakeredis":
        made = embedded_store()
    else:
        names = {"redis": "redis_server", "valkey": "valkey_server", "cluster": "cluster"}
        server: RedisServer | Server | Cluster = request.getfixturevalue(names[request.param])
        made = redis_store(server.url, patience=HANG)
    yield made
    io_loop.run_sync(made.close)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the server inside this process."""
    clock = Clock()
    freeze(monkeypatch, clock)
    return clock


@pytest.fixture
def frozen(clock: Clock, io_loop: IOLoop) -> Iterator[RedisStore]:
    """A store whose time is the test's."""
    made = embedded_store(clock)
    yield made
    io_loop.run_sync(made.close)
