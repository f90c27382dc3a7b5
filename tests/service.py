"""A real gateway in a process of its own, and a client that keeps what came over the wire."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from gateway.identity import KeyFile, Keyring

ROOT = Path(__file__).resolve().parent.parent
HANG = 20
"""Seconds after which something that should have come is taken to hang."""

TIERS = """\
origins:
{origins}
tiers:
  public:
    open_key: public_api_key
    rate_limit: 10/60s
    streaming: false
  standard:
    rate_limit: 100/60s
    streaming: true
  partner:
    rate_limit: 1000/60s
    streaming: true
"""


def tiers_text(*origins: str) -> str:
    """The shipped tiers, with these origins."""
    return TIERS.format(origins="\n".join(f"  - {origin}" for origin in origins or ("https://*.example.com",)))


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """``main.py serve`` under way."""

    folder: Path
    process: subprocess.Popen[str]
    port: int
    admin_port: int
    log: Path
    keyring: Path
    keys: Path

    @classmethod
    def start(
        cls,
        folder: Path,
        tiers: str,
        *arguments: str,
        state: Path | None = None,
        command: str = "serve",
        environ: Mapping[str, str] | None = None,
        limits: Sequence[str] = (),
    ) -> Self:
        """Start on free ports and wait until it listens; within limits that prlimit(1) is told, if any."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tiers.yaml").write_text(tiers)
        log = folder / "log"
        line = [sys.executable, str(ROOT / "main.py"), command, "--port", "0", "--admin", "127.0.0.1:0"]
        secrets = state or folder / "state"
        keys = secrets / "keys.yaml"
        line += ["--tiers", "tiers.yaml", "--state", str(secrets), *arguments]
        line += ["--keys", str(keys)] if command == "serve" else []
        line = ["prlimit", *limits, *line] if limits else line
        environment = os.environ | (environ or {})
        with log.open("w") as stderr:
            process = subprocess.Popen(
                line, cwd=folder, stderr=stderr, stdout=subprocess.DEVNULL, text=True, env=environment
            )
        service = cls(folder, process, 0, 0, log, secrets / "keyring.json", keys)
        service._find_ports()
        return service

    def _find_ports(self) -> None:
        line = self.wait_for_log(r"serving on [^ ]*?:(\d+), admin on ([^ ]+), with")
        self.port, admin = int(line[1]), line[2].rpartition(":")[2]
        self.admin_port = int(admin) if admin.isdigit() else 0  # a unix socket has none

    def wait_for_log(self, pattern: str) -> re.Match[str]:
        """Wait until the log has a match."""
        deadline = time.monotonic() + HANG
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.log.read_text()):
                return found
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(f"no {pattern!r} in:\n{self.log.read_text()}")

    def add_key(self, client: str, tier: str) -> str:
        """A key that the service knows when this returns."""
        key = self.key_file().add(client, tier).text
        self.reload()
        return key

    def key_file(self) -> KeyFile:
        return KeyFile(self.keys, Keyring.load(self.keyring).pepper, time.time)

    def reload(self) -> None:
        """SIGHUP, and wait until it has been heard, whatever it led to."""
        before = len(self.log.read_text())
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + HANG
        while "sluicegate.configuration" not in self.log.read_text()[before:]:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(HANG)
        finally:
            self.process.kill()

    # -- asking --------------------------------------------------------------------------------------------------------

    def get(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", source: str = "") -> Reply:
        """One request on a connection of its own, from a loopback address."""
        return ask(self.port, path, headers, method, source)

    def media(self, url: str, headers: Mapping[str, str], method: str = "GET") -> Reply:
        """``/api?url=``."""
        return self.get(f"/api?url={quote(url, safe='')}", headers, method)

    def token(self, key: str) -> str:
        """A session token for a key."""
        reply = self.get("/api/auth", {"X-API-Key": key}, "POST")
        assert reply.status == 200, reply.body
        return str(reply.json["token"])

    def admin(self, path: str) -> Reply:
        return ask(self.admin_port, path, None, "GET", "")

    def gauge(self, name: str) -> float:
        """The value of a metric without labels."""
        lines = self.admin("/metrics").body.decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"sluicegate_{name} "))

    def wait_for_gauge(self, name: str, value: float) -> None:
        """Wait until a metric without labels has a value."""
        deadline = time.monotonic() + HANG
        while (now := self.gauge(name)) != value:
            assert time.monotonic() < deadline, f"{name} is {now}, and not {value}"
            time.sleep(0.02)

    def resident_kib(self) -> int:
        """Resident memory of the process, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


def opened(pid: int | str) -> list[str]:
    """What a process holds open: the paths of its files, and ``socket:[inode]`` for its sockets.

    It opens and closes while this reads: what has gone meanwhile is left out.
    """
    held = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            held.append(str(link.readlink()))
    return held


def ask(port: int, path: str, headers: Mapping[str, str] | None, method: str, source: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, HANG, source_address=(source, 0) if source else None)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def send_raw(port: int, request: bytes) -> bytes:
    """What comes back for these bytes, until the connection ends or nothing comes for a second."""
    with socket.create_connection(("127.0.0.1", port), HANG) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        connection.settimeout(1)
        answer = b""
        with suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk
        return answer
