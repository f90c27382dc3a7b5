"""A live manifest, read again until it has moved on, or is late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from commands.diagnosing.probe import Prober
from gateway.diagnosis.live import LATE, Reread, disorder
from gateway.diagnosis.seen import Got, Part, Seen, Step
from gateway.inspection import MediaPlaylist, read_hls
from gateway.inspection.dash import edge_of, longest_of
from gateway.inspection.mpd import Mpd, read_mpd
from gateway.inspection.xml_tree import read_xml
from gateway.manifests import Kind

LONGEST_WAIT = 5.0
"""Seconds between two readings."""


async def reread_hls(prober: Prober, seen: Seen, read: MediaPlaylist, got: Got) -> Sequence[tuple[Reread, Got]]:
    """Whether a playlist goes on, and in order; nothing where that could not be seen. Raise `Spent`."""
    target = float(read.target_duration or 1)
    found = await _again(prober, seen, target, lambda body: body != got.body)
    if found is None:
        return []
    changed, last = found
    again = read_hls(last.body, seen.url, read.playlist.variables)
    told = disorder(read, again) if changed and isinstance(again, MediaPlaylist) else ("", False)
    return [(Reread(seen.step.name, target, changed, last.at - got.at, read.edge, Kind.HLS, *told), last)]


async def reread_dash(prober: Prober, seen: Seen, mpd: Mpd, got: Got) -> Sequence[tuple[Reread, Got]]:
    """Whether a live timeline grows; nothing of one that follows from the clock, or is not asked for again."""
    edge, target = edge_of(mpd), longest_of(mpd)
    if not mpd.is_live or not mpd.root.get("minimumUpdatePeriod") or edge is None or not target:
        return []
    found = await _again(prober, seen, target, lambda body: edge_of(read_mpd(read_xml(body))) != edge)
    if found is None:
        return []
    changed, last = found
    return [(Reread(seen.step.name, target, changed, last.at - got.at, edge, Kind.DASH), last)]


async def _again(prober: Prober, seen: Seen, target: float, moved: Callable[[bytes], bool]) -> tuple[bool, Got] | None:
    """Whether it has moved on, and what came last; None if it cannot be read again, or there is no time. ``target`` is
    how often it should, in seconds."""
    waited, last = 0.0, None
    late = target * (LATE + 0.1)
    while waited < late and prober.budget.left > LONGEST_WAIT:
        pause = min(target, late - waited, LONGEST_WAIT)
        await asyncio.sleep(pause)
        waited += pause
        last = (await prober.look(Step(Part.PLAYLIST, seen.step.name, seen.step.url), deeply=False)).good
        if last is None:
            return None
        if moved(last.body):
            return True, last
    return None if last is None else (False, last)
