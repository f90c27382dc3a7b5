"""Whatever an origin does wrong: bodies whole / visibly cut / refused / silently wrong; seconds until then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import gateway, new_key, running_origin
from benchmarks.relay.memory import Memory
from benchmarks.relay.runs import Fault, Runs
from benchmarks.relay.sample import Sample
from benchmarks.relay.witness import End, Seen, Verdict, sip, watch
from tests.service import Service

AT_ONCE = {True: 100, False: 8}
"""Runs at once of faults that are waited for, and of others: their seconds are to tell of the gateway, not the load."""

LEFT_SECONDS = 5
PAUSE = 0.1
MOST_MORE = 64
"""MiB that the gateway may take meanwhile."""

TIERS = """\
origins: [{origins}]
tiers:
  partner:
    rate_limit: 1000000/60s
    streaming: true
"""


def _said(sample: Sample) -> bytes:
    return sample.said


def _packed(sample: Sample) -> bytes:
    return sample.bomb(b"G")


FAULTS = (
    Fault("cut", "cut at random, ranges", Verdict.WHOLE),
    Fault("cut-in-a-range", "  in a player's range", Verdict.WHOLE, ranged=True),
    Fault("cut-no-ranges", "  no ranges"),
    Fault("cut-chunked", "chunked, cut at random, ranges", Verdict.WHOLE),
    Fault("cut-chunked-no-ranges", "  no ranges"),
    Fault("length-too-long", "Content-Length too long"),
    Fault("length-too-short", "Content-Length too short: as much as it says", Verdict.WHOLE, _said),
    Fault("bad-chunk", "bad chunk, ranges"),
    Fault("bad-chunk-no-ranges", "  no ranges"),
    Fault("closed-in-head", "closed in the middle of the head", Verdict.REFUSED),
    Fault("hang-before-head", "hang before the end of the head", Verdict.REFUSED, waits=True),
    Fault("hang-in-body", "hang in the body, ranges", Verdict.WHOLE, waits=True),
    Fault("hang-in-body-no-ranges", "  no ranges", waits=True),
    Fault("wrong-range-to-resume", "206 with a wrong range to a resume"),
    Fault("wrong-range-to-player", "206 with another range to a player: as it says", Verdict.WHOLE, ranged=True),
    Fault("200-to-resume", "200 to a resume"),
    Fault("changed-etag", "changed ETag in the middle"),
    Fault("redirect-loop", "redirect loop", Verdict.REFUSED),
    Fault("no-length-reset", "HTTP/1.0 without a length, reset"),
    Fault("no-length-closed", "  closed early", knowable=False),
    Fault("gzip-media", "media of 1 MiB that unpack to 1 GiB, untouched", Verdict.WHOLE, _packed),
)
BOMB = Fault("gzip-bomb", "manifest of 1 MiB that unpacks to 1 GiB", Verdict.REFUSED, suffix="m3u8")
ENDLESS = Fault("endless", "endless body")
SOUND = Fault("sound", "a sound body after each of them (502: its origin is left alone for a while)")
_PLACES = {fault.name: f"127.0.0.{2 + number}" for number, fault in enumerate((*FAULTS, BOMB, ENDLESS))}
"""Each fault is another origin's, so that none is left alone for what another did."""


@dataclass
class Stage:
    """A gateway before the faulty origin; ``sound`` are the bodies that were asked for after each fault."""

    service: Service
    origin: str
    fields: str
    sound: Runs = field(default_factory=lambda: Runs(SOUND))

    async def run(self, fault: Fault, count: int) -> Runs:
        """So many runs of a fault, and a sound body after each, which may come by the connection that failed."""
        runs = Runs(fault)
        room = asyncio.Semaphore(AT_ONCE[fault.waits])

        async def one(number: int) -> None:
            async with room:
                runs.add(sample := Sample(fault.name, number), await self._watch(fault, sample))
                self.sound.add(sample := Sample(f"sound-{fault.name}", number), await self._watch(SOUND, sample))

        await asyncio.gather(*(one(number) for number in range(count)))
        return runs

    async def _watch(self, fault: Fault, sample: Sample) -> Seen:
        ranged = "Range: bytes={}-{}\r\n".format(*sample.range) if fault.ranged else ""
        return await watch(self.service.port, self._path(sample, fault.suffix), self.fields + ranged)

    def _path(self, sample: Sample, suffix: str) -> str:
        place = self.origin.replace("127.0.0.1", _PLACES[sample.fault.removeprefix("sound-")])
        return f"/api?url={quote(place + sample.path(suffix), safe='')}"

    async def leave(self, count: int, seconds: float) -> list[Line]:
        """So many who read an endless body at their pace, and leave it after so many seconds."""
        samples = [Sample(ENDLESS.name, number) for number in range(count)]
        sips = (sip(self.service.port, self._path(it, "ts"), self.fields, seconds, PAUSE) for it in samples)
        seen = await asyncio.gather(*sips)
        left = sum(it.end is End.NONE and it.status == 200 for it in seen)
        wrong = sum(not it.is_of(sample.body) for it, sample in zip(seen, samples, strict=True))
        told = f"{left} of {count}, {wrong} with wrong bytes"
        what = f"{ENDLESS.about}, left after {seconds:.0f} s"
        return [Line(what, told, "all, 0", kept=left == count and not wrong), await self._left_line()]

    async def _left_line(self) -> Line:
        began = time.monotonic()
        port = int(self.origin.rpartition(":")[2])
        for _ in range(int(LEFT_SECONDS / PAUSE)):
            left = int((await watch(port, Sample("open", 0).path("txt"), "")).body)
            if not left:
                break
            await asyncio.sleep(PAUSE)
        told = f"{left} after {time.monotonic() - began:.1f} s"
        return Line("  connections of it at the origin", told, f"0 within {LEFT_SECONDS} s", kept=not left)


async def _lines(stage: Stage, scale: Scale) -> Report:
    quick = [await stage.run(fault, scale.requests) for fault in FAULTS if not fault.waits]
    waited = await asyncio.gather(*(stage.run(fault, scale.requests) for fault in FAULTS if fault.waits))
    done = {runs.fault.name: runs for runs in (*quick, *waited)}
    lines = [done[fault.name].line() for fault in FAULTS]
    with _memory(stage.service, lines):
        done[BOMB.name] = await stage.run(BOMB, scale.requests)
        lines.append(done[BOMB.name].line())
    with _memory(stage.service, lines):
        lines += await stage.leave(scale.requests, scale.seconds)
    runs = [*done.values(), stage.sound]
    return Report([*lines, stage.sound.line(), _wrong_line(runs)], [told for it in runs if (told := it.detail())])


@contextmanager
def _memory(service: Service, lines: list[Line]) -> Iterator[None]:
    """Add a line about the gateway's memory while the block runs."""
    memory = Memory(service.process.pid)
    yield
    lines.append(memory.line(MOST_MORE))


def _wrong_line(runs: list[Runs]) -> Line:
    known = [it for it in runs if it.fault.knowable]
    wrong, total = sum(len(it.wrong) for it in known), sum(len(it.seconds) for it in known)
    return Line("silently wrong where it can be known", f"{wrong} of {total:,}", "0", kept=not wrong)


def measure(scale: Scale) -> Report:
    """As many runs of each fault as ``requests``; an endless body is read for ``seconds``."""
    with ExitStack() as held:
        origin = held.enter_context(running_origin("benchmarks.relay.faulty_origin"))
        places = ", ".join(f"'{origin.replace('127.0.0.1', place)}'" for place in _PLACES.values())
        service = held.enter_context(gateway(TIERS.format(origins=places)))
        token = service.token(new_key(service, "partner"))
        return asyncio.run(_lines(Stage(service, origin, f"X-Session-Token: {token}\r\n"), scale))


FIGURE = Figure("faults", (__doc__ or "").strip(), Scale(100, 3), measure)

if __name__ == "__main__":
    FIGURE.main()
