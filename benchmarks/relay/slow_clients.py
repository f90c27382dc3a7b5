"""Memory for each of many clients that read 10 KB/s of 200 MB, and how long a fast one waits meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import uvloop

from benchmarks.client import BROKEN
from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.relay.peers import KEPT, LOAD, Peer, nginx, origin, sluicegate
from benchmarks.relay.usage import KIB, Usage
from benchmarks.relay.wire import Got, Reader, Wire
from gateway.service.bounds import raise_descriptors

RATE = 10_000
"""Bytes a second that a client reads."""

SIZE = 200 * 10**6
WINDOW = 16 * KIB
"""That the kernel holds for a client: what is not read is the relay's to keep, or to leave at the origin."""

OPENING = 20
"""Clients that connect at one moment."""

TICK = 0.1
MOST_KIB = 256
MOST_GROWTH_KIB = 16
"""For each client, from the first moment to the last."""


@dataclass(frozen=True)
class Held:
    """What was seen: memory before the clients, at a quarter of the time, and at its end; refused clients, bytes that
    all had, and the answers of the fast one."""

    before: Usage
    early: Usage
    late: Usage
    refused: int
    size: int
    fast: Sequence[Got]

    def each(self, usage: Usage, clients: int) -> float:
        """KiB for each client: of PSS, which has what is mapped from files and memory that is shared, too."""
        return (usage.pss - self.before.pss) / clients / KIB


async def _read(readers: Sequence[Reader]) -> None:
    """Evenly, each `RATE` bytes a second."""
    turns = int(1 / TICK)
    while True:
        for turn in range(turns):
            for reader in readers[turn::turns]:
                reader.take(RATE)
            await asyncio.sleep(TICK)


async def _ask_fast(port: int, path: str, fields: str, into: list[Got]) -> None:
    wire = Wire(port)
    while True:
        into.append(await wire.get(path, fields))
        await asyncio.sleep(TICK)


async def _hold(peer: Peer, urls: Sequence[str], fast: str, seconds: float) -> Held:
    """As many clients as there are URLs."""
    port, fields = urlsplit(peer.url(urls[0])).port or 0, f"{peer.field}\r\n"
    warm = Wire(port)
    for _ in range(50):
        await warm.get(_path(peer.url(fast)), fields)
    before, room = Usage.of(peer.family()), asyncio.Semaphore(OPENING)

    async def join(url: str) -> Reader | None:
        async with room:
            with suppress(OSError, TimeoutError):
                return await Reader.open(port, _path(peer.url(url)), fields, WINDOW)
        return None

    joined = await asyncio.gather(*map(join, urls))
    readers = [reader for reader in joined if reader and reader.status == 200]
    answers: list[Got] = []
    tasks = [asyncio.ensure_future(_read(readers))]
    tasks.append(asyncio.ensure_future(_ask_fast(port, _path(peer.url(fast)), fields, answers)))
    await asyncio.sleep(seconds / 4)
    early = await asyncio.to_thread(Usage.of, peer.family())
    await asyncio.sleep(seconds * 3 / 4)
    late = await asyncio.to_thread(Usage.of, peer.family())
    for task in tasks:
        task.cancel()
    for reader in readers:
        reader.reset()
    warm.close()
    await asyncio.sleep(1)
    size = sum(reader.size for reader in readers)
    return Held(before, early, late, len(urls) - len(readers), size, answers)


def _path(url: str) -> str:
    split = urlsplit(url)
    return f"{split.path}?{split.query}" if split.query else split.path


def _lines(what: str, held: Held, scale: Scale, *, ours: bool) -> list[Line]:
    clients = scale.requests
    early, late = held.each(held.early, clients), held.each(held.late, clients)
    flat = late <= MOST_KIB and late - early <= MOST_GROWTH_KIB
    waits = [got.first * 1000 for got in held.fast if got.status == 200]
    lost = len(held.fast) - len(waits)
    failed = f", {lost} of {len(held.fast)} failed ({_statuses(held.fast)})" if lost else ""
    pace = held.size / clients / scale.seconds
    moments = f"after {scale.seconds / 4:.0f} s, {late:.0f} after {scale.seconds:.0f} s"
    return [
        Line(
            f"{what}: memory for each of {clients}",
            f"{early:.0f} KiB {moments}",
            f"at most {MOST_KIB} KiB, flat" if ours else "",
            kept=flat or not ours,
        ),
        Line(
            "  a fast client's first byte",
            (f"p50 {median(waits):.1f} ms, max {max(waits):.0f} ms" if waits else "never") + failed,
            "all answered" if ours else "",
            kept=not (ours and lost),
        ),
        Line(
            "  slow clients that were refused",
            f"{held.refused}; the others had {pace / 1000:.1f} KB/s",
            "0" if ours else "",
            kept=not (ours and held.refused),
        ),
    ]


def _statuses(answers: Sequence[Got]) -> str:
    return ", ".join(str(it or "none") for it in sorted({got.status for got in answers} - {200})) or str(BROKEN)


def _unspooled(folder: Path, upstream: str) -> AbstractContextManager[Peer]:
    """Nginx, which else would write all of every body to disk."""
    return nginx(folder, upstream, "proxy_max_temp_file_size 0;")


def measure(scale: Scale) -> Report:
    """``requests`` clients for ``seconds``: each a URL of its own, all of one, and the same through nginx."""
    raise_descriptors()
    os.sched_setaffinity(0, {int(LOAD)})
    lines: list[Line] = []
    with TemporaryDirectory(prefix="sluicegate-") as name, ExitStack() as held:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "fast.ts").write_bytes(os.urandom(64 * KIB))
        with (folder / "long.ts").open("wb") as file:
            file.truncate(SIZE)
        upstream = held.enter_context(origin(folder))
        own = [f"{upstream}/long.ts?{number}" for number in range(scale.requests)]
        one = [f"{upstream}{KEPT}/long.ts"] * scale.requests
        for relay in (_unspooled, sluicegate):
            for what, urls in (("a URL each", own), ("one URL", one)):
                with relay(folder, upstream) as peer:  # a new one, which has no room left from before
                    told = uvloop.run(_hold(peer, urls, f"{upstream}/fast.ts", scale.seconds))
                    lines += _lines(f"{peer.name}, {what}", told, scale, ours=peer.service is not None)
    return Report(lines)


FIGURE = Figure("slow_clients", (__doc__ or "").strip(), Scale(1000, 40), measure)

if __name__ == "__main__":
    FIGURE.main()
