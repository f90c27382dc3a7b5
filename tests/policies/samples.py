"""What the tests of the policies share: a clock to set, requests to a policy alone, and viewers of a real gateway."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

from gateway.policy import Call, Credential, Identity, Meter, Policy, Purpose
from gateway.store.redis_store import RedisStore
from tests.scripted_origin import Script, send_head
from tests.service import HANG, Service

VIDEO = bytes(range(256)) * 4096
"""1 MiB of it."""

PLAYLIST = b"#EXTM3U\n#EXTINF:4,\nseg-1.ts\n#EXTINF:4,\nseg-2.ts\n#EXT-X-ENDLIST\n"


@dataclass
class Clock:
    """Seconds, which go on when they are told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Asking:
    """Makes requests to a policy alone, all of one key."""

    store: RedisStore
    clock: Clock

    def call(
        self, session: str = "s", credential: Credential = Credential.SESSION, purpose: Purpose = Purpose.MEDIA
    ) -> Call:
        session = f"key-{session}" if credential is Credential.KEY else session
        identity = Identity(credential, "keyid123", "keyid123", "acme", "standard", session)
        return Call(identity, purpose, self.store, clock=self.clock)

    def admit(self, policy: Policy, *of: str | Credential | Purpose) -> AbstractAsyncContextManager[Meter | None]:
        """The policy, held round one request of a session, with a credential, for a purpose."""
        session = next((it for it in of if isinstance(it, str)), "s")
        credential = next((it for it in of if isinstance(it, Credential)), Credential.SESSION)
        purpose = next((it for it in of if isinstance(it, Purpose)), Purpose.MEDIA)
        return asynccontextmanager(policy.admit)(self.call(session, credential, purpose))


def tiers_with(origin: str, *lines: str) -> str:
    """One tier of customers with these policies, and one whose key is open and which does not stream."""
    policies = "".join(f"    {line}\n" for line in lines)
    public = "  public:\n    open_key: public_api_key\n    rate_limit: 1000/60s\n"
    return f"origins:\n  - {origin}\ntiers:\n{public}  standard:\n    streaming: true\n{policies}"


def edit(service: Service, old: str, new: str) -> None:
    """Change the gateway's tiers.yaml, and let it read it."""
    file = service.folder / "tiers.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    service.reload()


def by_token(service: Service, key: str) -> dict[str, str]:
    return {"X-Session-Token": service.token(key)}


def api(url: str) -> str:
    return f"/api?url={quote(url, safe='')}"


def played(playlist: bytes) -> list[str]:
    """The paths that a rewritten playlist leads to."""
    return [line.decode() for line in re.findall(rb"^/play/\S+$", playlist, re.MULTILINE)]


@dataclass
class Viewer:
    """One response, read as slowly as one likes."""

    service: Service
    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    received: int = 0
    ended_well: bool = False
    connection: http.client.HTTPConnection = field(init=False)
    answer: http.client.HTTPResponse = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.service.port, HANG)
        self.connection.request(self.method, self.path, headers=dict(self.headers))
        self.answer = self.connection.getresponse()

    @property
    def status(self) -> int:
        return self.answer.status

    def read(self, size: int = 65536) -> int:
        """How many bytes came; 0 at the end, be it a good one or not."""
        try:
            came = len(self.answer.read1(size))
        except (http.client.IncompleteRead, ConnectionResetError):
            return 0
        self.received += came
        if not came:
            self.ended_well = bool(self.answer.chunked) or self.answer.length == 0
        return came

    def read_all(self) -> None:
        while self.read():
            pass

    def leave(self) -> None:
        self.answer.close()
        self.connection.close()


def together(count: int, act: Callable[[int], None]) -> None:
    """Do it so many times at one moment, and wait for all."""
    at_once = threading.Barrier(count)

    def one(number: int) -> None:
        at_once.wait(HANG)
        act(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
        assert not thread.is_alive()


def dripping(stop: threading.Event, piece: bytes = VIDEO[:4096], every: float = 0.05) -> Script:
    """A live stream that never ends by itself."""

    def script(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Type": "video/mp2t", "Content-Length": str(1 << 30)})
        while not stop.wait(every):
            request.wfile.write(piece)
            request.wfile.flush()

    return script


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail if it does not in time."""
    deadline = time.monotonic() + HANG
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
