"""The walk through a presentation: from what was asked for to its first and last segment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from commands.diagnosing.budget import MOST_SECONDS, Spent
from commands.diagnosing.probe import Prober
from commands.diagnosing.reread import reread_dash, reread_hls
from gateway.diagnosis.clocks import (
    BEFORE,
    NOTICED,
    begin_findings,
    begun,
    clock_finding,
    skew_of,
    stopped_finding,
)
from gateway.diagnosis.dash_plan import by_clock, clocks, dash_steps, time_of
from gateway.diagnosis.evidence import Evidence
from gateway.diagnosis.finding import Finding
from gateway.diagnosis.form import Form
from gateway.diagnosis.live import Reread
from gateway.diagnosis.plan import MOST_TEXTS, Playlist, beside, between, first_segments, further, playlists
from gateway.diagnosis.references import reference_findings
from gateway.diagnosis.rules import nested_finding, rule_findings
from gateway.diagnosis.seen import End, Got, Part, Seen, Step
from gateway.inspection import MediaPlaylist, Multivariant, read_hls
from gateway.inspection.mpd import Mpd, read_mpd
from gateway.inspection.xml_tree import read_xml
from gateway.manifests import Kind
from gateway.manifests.link import resolve
from gateway.origins.url import MediaUrl


@dataclass
class Walk:
    """What has been seen so far; it may be read at any time, also where the walk was broken off."""

    prober: Prober
    seen: list[Seen] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    kind: Kind | None = None
    master: Multivariant | None = None
    media: MediaPlaylist | None = None
    mpd: Mpd | None = None
    rereads: list[tuple[Reread, Got]] = field(default_factory=list)
    glanced: int = 0
    _inner: tuple[Step, ...] = ()
    incomplete: str = "nothing has been looked at"

    def evidence(self, page: str) -> Evidence:
        """All of it, to be judged."""
        return Evidence(
            tuple(self.seen), page, self.kind, self.master, self.media, self.mpd, tuple(self.rereads), self.glanced
        )

    async def run(self, url: str) -> None:
        """Walk as far as the budget reaches; what keeps it from going on is kept in ``incomplete``."""
        self.incomplete = "it was interrupted"
        try:
            await self._from(url)
            self.incomplete = ""
            await self._between()
        except Spent as spent:
            self.incomplete = str(spent)

    async def _look(self, step: Step, *, deeply: bool = True) -> Seen:
        seen = await self.prober.look(step, deeply=deeply)
        self.seen.append(seen)
        return seen

    async def _from(self, url: str) -> None:
        """The resource itself says what it is."""
        seen = await self._look(Step(Part.MANIFEST, "the manifest", url))
        if seen.form is Form.HLS:
            self.kind = Kind.HLS
            await self._hls(seen)
        elif seen.form is Form.DASH:
            self.kind = Kind.DASH
            await self._dash(seen)

    def _judge(self, seen: Seen, kind: Kind, read: Multivariant | MediaPlaylist | Mpd) -> None:
        """A manifest by itself, if it came whole: where it leads, and how it is written."""
        if seen.good is not None and not seen.good.broken:
            base = MediaUrl.parse(seen.url)
            self.found += reference_findings(kind, seen.good.body, base, self.prober.guard, seen.step.name)
            self.found += rule_findings(read, seen.good.at, seen.step.name)

    # -- HLS -----------------------------------------------------------------------------------------------------------

    async def _hls(self, seen: Seen) -> None:
        read = read_hls(seen.good.body if seen.good else b"", seen.url)
        if isinstance(read, MediaPlaylist):
            await self._media(seen, read, ())
            return
        self.master = read
        self._judge(seen, Kind.HLS, read)
        listed = playlists(read, seen.url)
        chosen = await self._first_alive([each for each in listed if each.is_variant])
        if chosen is not None:
            await self._chosen(read, *chosen)
        texts = 0
        for other in further(listed, chosen[0] if chosen else None):
            looked = await self._look(other.step, deeply=False)
            texts += other.is_text
            goes_along = (other.audio and other.step.needed) or (other.is_text and texts <= MOST_TEXTS)
            if goes_along and looked.good is not None and looked.form is Form.HLS:
                await self._beside(read, looked)

    async def _first_alive(self, variants: Sequence[Playlist]) -> tuple[Playlist, Seen] | None:
        """The first variant that answers with a playlist; one that does not matters less where another does."""
        dead: list[int] = []
        nested: list[str] = []
        alive: tuple[Playlist, Seen] | None = None
        for variant in variants:
            seen = await self._look(variant.step)
            is_playlist = seen.form is Form.HLS and seen.good is not None
            if is_playlist and isinstance(read_hls(seen.good.body if seen.good else b"", seen.url), MediaPlaylist):
                alive = variant, seen
                break
            dead += [] if is_playlist else [len(self.seen) - 1]
            nested += [variant.step.name] if is_playlist else []
        for at in dead if alive else ():
            self.seen[at] = replace(self.seen[at], step=replace(self.seen[at].step, needed=False))
        self.found += [nested_finding(name, needed=alive is None) for name in nested]
        return alive

    async def _chosen(self, master: Multivariant, playlist: Playlist, seen: Seen) -> None:
        read = read_hls(seen.good.body if seen.good else b"", seen.url, master.playlist.variables)
        if isinstance(read, MediaPlaylist):
            await self._media(seen, read, playlist.step.codecs)

    async def _beside(self, master: Multivariant, seen: Seen) -> None:
        """Sound or subtitles that go with the variant that was walked, as far as their first segment."""
        read = read_hls(seen.good.body if seen.good else b"", seen.url, master.playlist.variables)
        if isinstance(read, MediaPlaylist):
            for step in beside(read, seen.url, seen.step.name):
                await self._look(replace(step, needed=seen.step.needed), deeply=False)

    async def _media(self, seen: Seen, read: MediaPlaylist, codecs: tuple[str, ...]) -> None:
        """A media playlist, deeply: what its segments need, the segments, and whether it goes on."""
        self.media = read
        self._inner = between(read, seen.url)
        self._judge(seen, Kind.HLS, read)
        for step in first_segments(read, seen.url, codecs):
            await self._look(step, deeply=step.end is not End.LAST)
        if read.is_live and read.segments and seen.good is not None:
            self.rereads += await reread_hls(self.prober, seen, read, seen.good)

    async def _between(self) -> None:
        """Whether the segments further in are there, where all else is, and while half of the time is left; those that
        are not are seen by a whole request, for an origin may only dislike the range."""
        if any(seen.good is None for seen in self.seen):
            return
        for step in self._inner:
            if self.prober.budget.left < MOST_SECONDS / 2:
                return
            with suppress(Spent):
                glance = await self.prober.glance(step)
                self.glanced += 1
                if glance.good is None and (seen := await self.prober.look(step, deeply=False)).good is None:
                    self.seen.append(seen)

    # -- DASH ----------------------------------------------------------------------------------------------------------

    async def _dash(self, seen: Seen) -> None:
        self.mpd = read_mpd(read_xml(seen.good.body if seen.good else b""))
        self._judge(seen, Kind.DASH, self.mpd)
        now = await self._time(self.mpd)
        self.found += begin_findings(self.mpd, now, seen.step.name)
        for step in dash_steps(self.mpd, seen.url, now):
            if step.part is Part.SEGMENT and not begun(self.mpd, now):
                continue
            shallow = step.end is End.LAST or not step.needed
            looked = await self._look(step, deeply=not shallow)
            if step.part is Part.SEGMENT and looked.good is None and await self._is_by_clock(seen, looked, now):
                return
        if seen.good is not None:
            self.rereads += await reread_dash(self.prober, seen, self.mpd, seen.good)

    async def _time(self, mpd: Mpd) -> float:
        """The time that players of a live manifest go by: that of its UTCTiming, or this machine's."""
        for scheme, value in clocks(mpd) if mpd.is_live else ():
            if scheme == "direct":
                return time_of(scheme, value.encode()) or time.time()
            if not scheme.startswith("http-"):
                continue
            url = resolve(value.split()[0] if value.split() else "", self.seen[-1].url)
            looked = await self._look(
                Step(Part.CLOCK, "the manifest's clock", url or value, needed=False), deeply=False
            )
            if looked.good is None:
                continue
            told = time_of(scheme, looked.good.body)
            offset = told - looked.good.at if told is not None else skew_of(looked.good) or 0.0
            return time.time() + offset
        return time.time()

    async def _is_by_clock(self, manifest: Seen, missing: Seen, now: float) -> bool:
        """Whether a segment is missing by the players' clock only: the origin has one by its own clock, or has that of
        some time ago."""
        if self.mpd is None or missing.got is None or not by_clock(self.mpd, now):
            return False
        skew = skew_of(missing.got)
        if skew and abs(skew) >= NOTICED and await self._has(manifest, missing, now + skew, "by the origin's clock"):
            self.found.append(clock_finding(missing, skew, has_timing=bool(clocks(self.mpd))))
            return True
        if missing.step.end is not End.FIRST or missing.got.head.status not in {404, 410}:
            return False
        for before in BEFORE:
            if begun(self.mpd, now - before) and await self._has(manifest, missing, now - before, "some time before"):
                self.found.append(stopped_finding(missing, before))
                return True
        return False

    async def _has(self, manifest: Seen, missing: Seen, then: float, when: str) -> bool:
        """Whether the origin has what would be asked for in its place at another time; if so, that is what was seen."""
        steps = dash_steps(self.mpd, manifest.url, then) if self.mpd else ()
        wanted = (missing.step.of, missing.step.end)
        there = next((step for step in steps if step.part is Part.SEGMENT and (step.of, step.end) == wanted), None)
        if there is None:
            return False
        found = await self.prober.look(replace(there, name=f"{there.name}, {when}"), deeply=False)
        if found.good is None:
            return False
        self.seen.append(found)
        self.seen.remove(missing)
        return True
