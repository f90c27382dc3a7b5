"""A live stream for several token lifetimes: ``python -m benchmarks.token_lives [seconds] [lifetimes] [grants]``.

Session tokens hold for so many seconds (60, and three of them, by default), and playback grants for ``grants`` seconds
(as long as tokens): that is what the browser's own player, which gets no tokens, plays by. Players watch
side by side in one Chromium, on a provider's page by sluicegate.js. Then the key is revoked. For each player: how often
it stood still, for want of data or of a processor, tokens fetched, requests tried again, and the seconds from when the
revocation is written to the first request that was refused. The gateway is told by SIGHUP, as `systemctl reload` does.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.origin import MEDIA, origin_app
from tests.demo.chromium import chromium, wait_until
from tests.players.site import Site, starved, states
from tests.service import Service, tiers_text
from tests.threaded import serving

HLS, DASH = "/live/live.m3u8", "/live/dash.mpd"
NATIVE = ("native", HLS)
PLAYERS = [("hls.js", HLS), ("shaka", HLS), ("shaka", DASH), ("dash.js", DASH), ("video.js", HLS), NATIVE]
FORGET = """
    for (const { performance } of Array.from(frames)) {
        performance.setResourceTimingBufferSize(10000);
        performance.clearResourceTimings();
    }
"""
REFUSED = """
    return Array.from(frames, ({ performance }) => performance.getEntriesByType("resource")
        .filter(({ responseStatus }) => responseStatus === 401)
        .map(({ responseEnd }) => (responseEnd + performance.timeOrigin) / 1000)
        .filter((at) => at > arguments[0])[0] ?? null);
"""
"""In each frame, when the first request was refused. Neither a page nor a driver is told of those of the browser's own
player."""


def refused_natively(log: str) -> float | None:
    """When the first request under ``/play`` was refused, by the log, if only the browser's own player plays."""
    for line in log.splitlines():
        said = json.loads(line)
        if said.get("route") == "play" and said.get("status") == 401:
            return datetime.fromisoformat(said["time"]).timestamp()
    return None


@contextmanager
def origin() -> Iterator[str]:
    """The demo's origin, which has a live stream."""
    with serving(origin_app(MEDIA)) as (url,):
        yield url


@dataclass(frozen=True)
class Watched:
    """One player: how it went, and the seconds from the revocation to its first refusal, if there was one."""

    engine: str
    media: str
    told: dict[str, Any]
    refused: float | None

    def row(self) -> str:
        told = self.told
        still, dry = len(told["stalls"]) + len(told["waits"]), len(starved(told))
        said = f"nothing in {AFTERWARDS} s" if self.refused is None else f"{self.refused:.1f} s"
        return (
            f"{self.engine:<10}{self.media:<7}{told['played']:>7.0f}s{dry:>9}{still - dry:>6}{told['tokens']:>8}"
            f"{told['retries']:>7}{told['fatal']:>7}  {said}"
        )


AFTERWARDS = 20
"""Seconds to watch after the revocation."""

HEAD = f"{'player':<10}{'media':<7}{'played':>8}{'starved':>9}{'busy':>6}{'tokens':>8}{'again':>7}{'fatal':>7}  refused"


def watch(
    folder: Path, players: Sequence[tuple[str, str]], seconds: int, lifetimes: int, grants: int
) -> Iterator[Watched]:
    """Play, revoke, and tell of each player."""
    lives = f"session: {{lifetime: {seconds}s}}\nplayback: {{lifetime: {grants}s}}\n"
    with origin() as media, chromium(folder / "browser") as browser:
        service = Service.start(folder / "gateway", lives + tiers_text(media))
        site = Site.start(f"http://127.0.0.1:{service.port}", service.add_key("acme", "partner"))
        try:
            site.play_all(browser, [(engine, media + path) for engine, path in players])
            wait_until(lambda: all(told["played"] > 1 or told["fatal"] for told in states(browser)))
            time.sleep(seconds * lifetimes)
            told = states(browser)
            browser.execute_script(FORGET)
            before, revoked = len(service.log.read_text()), time.time()
            service.key_file().revoke("acme")
            service.reload()
            time.sleep(AFTERWARDS)
            refused = browser.execute_script(REFUSED, revoked)
            if list(players) == [NATIVE]:
                refused = [refused_natively(service.log.read_text()[before:])]
            browser.get("about:blank")
        finally:
            site.stop()
            service.stop()
    for (engine, path), now, at in zip(players, told, refused, strict=True):
        yield Watched(engine, path.rpartition(".")[2], now, at and at - revoked)


def main() -> None:
    asked = [int(argument) for argument in sys.argv[1:4]]
    seconds, lifetimes, *more = asked + [60, 3][len(asked) :]
    grants = more[0] if more else seconds
    with tempfile.TemporaryDirectory() as made:
        *rows, native = watch(Path(made) / "all", PLAYERS, seconds, lifetimes, grants)
        (alone,) = watch(Path(made) / "native", [NATIVE], seconds, 0, grants)
    print(HEAD)
    for row in [*rows, replace(native, refused=alone.refused)]:
        print(row.row())
        for problem in (*starved(row.told), *(error for error in row.told["errors"] if error["fatal"])):
            print("          ", problem)


if __name__ == "__main__":
    main()
