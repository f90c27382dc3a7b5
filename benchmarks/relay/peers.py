"""The gateway and its peers, each a relay before one origin, and each pinned to the same processor."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from benchmarks.gateways import new_key
from tests.conftest import free_port
from tests.service import HANG, Service

RELAY, LOAD = "1", "0"
"""The processor of the relay that is measured, and that of the origin and the load."""

TIERS = """\
origins:
  - {origin}
tiers:
  partner:
    rate_limit: 1000/60s
    streaming: true
"""
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A relay that listens: where to ask for a URL of the origin, with which header field, and its processes; and the
    gateway that it is, if it is ours."""

    name: str
    url: Callable[[str], str]
    field: str
    process: psutil.Process
    service: Service | None = None

    def family(self) -> list[psutil.Process]:
        """Its process and all that it has started."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """What it has used until now, with its children."""
        return float(sum(sum(one.cpu_times()[:2]) for one in self.family()))


@contextmanager
def running(
    port: int, *command: str, on: str = RELAY, environ: dict[str, str] | None = None
) -> Iterator[psutil.Process]:
    """A program on one processor, from when it listens."""
    log = subprocess.DEVNULL
    process = subprocess.Popen(["taskset", "-c", on, *command], stdout=log, stderr=log, env=environ)
    try:
        _wait(port)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(HANG)


def _wait(port: int) -> None:
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")


# -- nginx, which is also the origin -----------------------------------------------------------------------------------

_NGINX = """\
worker_processes 1; worker_rlimit_nofile 16384; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/t; proxy_temp_path {folder}/t;
  fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  {around}
  server {{ listen 127.0.0.1:{port}; {server} }}
}}
"""
_PROXY = 'location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; {more} }}'
_ORIGIN = """\
sendfile on;
location / {{ root {folder}; add_header Cache-Control no-store; }}
location /kept/ {{ alias {folder}/; expires 1h; }}
"""
_CACHE = "proxy_cache_path {folder}/cache keys_zone=kept:16m max_size=1g inactive=1h;"
KEPT = "/kept"
"""What is put before a path of the origin for an answer that caches may keep; others they may not."""


@contextmanager
def _nginx(
    folder: Path, name: str, server: str, around: str = "", on: str = RELAY
) -> Iterator[tuple[int, psutil.Process]]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    port = free_port()
    config = folder / f"{name}.conf"
    config.write_text(_NGINX.format(folder=folder, name=name, port=port, server=server, around=around))
    with running(port, program, "-c", str(config), on=on) as process:
        yield port, process


@contextmanager
def origin(folder: Path) -> Iterator[str]:
    """The URL of an origin that serves a folder's files, as fast as there is one; see `KEPT`."""
    with _nginx(folder, "origin", _ORIGIN.format(folder=folder), on=LOAD) as (port, _):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def nginx(folder: Path, upstream: str, more: str = "") -> Iterator[Peer]:
    """``proxy_pass`` with its defaults, and connections to the origin kept open; ``more`` goes to its location."""
    with _nginx(folder, "proxy", _PROXY.format(more=more), _upstream(upstream)) as (port, process):
        yield Peer("nginx", lambda url: url.replace(upstream, f"http://127.0.0.1:{port}"), "X: 1", process)


@contextmanager
def nginx_cache(folder: Path, upstream: str) -> Iterator[Peer]:
    """The same with ``proxy_cache``, on disk as always, of 1 GB."""
    server, around = _PROXY.format(more="proxy_cache kept;"), _upstream(upstream) + _CACHE.format(folder=folder)
    with _nginx(folder, "cache", server, around) as (port, process):
        yield Peer("nginx proxy_cache", lambda url: url.replace(upstream, f"http://127.0.0.1:{port}"), "X: 1", process)


def _upstream(upstream: str) -> str:
    return f"upstream origin {{ server {upstream.removeprefix('http://')}; keepalive 64; }}"


# -- in Python ---------------------------------------------------------------------------------------------------------


@contextmanager
def aiohttp(python: Path, _upstream: str) -> Iterator[Peer]:
    """A relay of a dozen lines, which checks nothing; ``python`` has aiohttp."""
    port = free_port()
    with running(port, str(python), str(HERE / "bare_aiohttp.py"), str(port)) as process:
        yield Peer("aiohttp", lambda url: f"http://127.0.0.1:{port}/?url={quote(url, safe='')}", "X: 1", process)


@contextmanager
def mediaflow(python: Path, _upstream: str) -> Iterator[Peer]:
    """MediaFlow Proxy's stream route; ``python`` has mediaflow-proxy."""
    port = free_port()
    command = (str(python), "-m", "uvicorn", "mediaflow_proxy.main:app", "--port", str(port), "--no-access-log")
    with running(port, *command, environ={"API_PASSWORD": "benchmark", "PATH": "/usr/bin:/bin"}) as process:
        query = f"http://127.0.0.1:{port}/proxy/stream?api_password=benchmark&d="
        yield Peer("mediaflow", lambda url: query + quote(url, safe=""), "X: 1", process)


@contextmanager
def sluicegate(
    folder: Path, upstream: str, *arguments: str, name: str = "sluicegate", on: str = RELAY
) -> Iterator[Peer]:
    """The gateway: a token verified and the policies of a tier applied for each request."""
    with pinned_gateway(folder / name, TIERS.format(origin=upstream), *arguments, on=on) as service:
        token = service.token(new_key(service, "partner"))
        address = f"http://127.0.0.1:{service.port}/api?url="
        process = psutil.Process(service.process.pid)
        yield Peer(name, lambda url: address + quote(url, safe=""), f"X-Session-Token: {token}", process, service)


@contextmanager
def pinned_gateway(folder: Path, tiers: str, *arguments: str, on: str = RELAY) -> Iterator[Service]:
    """A gateway on these processors alone."""
    service = Service.start(folder, tiers, *arguments)
    try:
        process = psutil.Process(service.process.pid)
        for one in (process, *process.children(recursive=True)):
            subprocess.run(["taskset", "-a", "-p", "-c", on, str(one.pid)], check=True, capture_output=True)
        yield service
    finally:
        service.stop()


def bench_python() -> Path:
    """The Python of an environment beside ours that has the peers; made when it is first needed."""
    folder = Path(sys.prefix) / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        wanted = str(HERE / "peers.txt")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
    return python
