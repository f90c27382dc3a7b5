"""The demo's live stream, at moments that the tests choose."""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application

from demo.live import hls, live_rules
from demo.live.stream import BEGINNING, LOOP, PARTS, SEGMENT, WINDOW, Place, Rendition, newest, renditions
from demo.origin import MEDIA

STREAM = renditions(MEDIA)
NOW = BEGINNING + 1000.0
"""Segment 249 has just become whole."""

each_rendition = pytest.mark.parametrize("own", STREAM.values(), ids=lambda own: str(own.name))


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    while content:
        size, name = struct.unpack(">I4s", content[:8])
        yield name, content[8:size]
        content = content[size:]


def decode_times(segment: bytes) -> list[int]:
    found = [inner.index(b"tfdt") for name, inner in boxes(segment) if name == b"moof"]
    moofs = [inner for name, inner in boxes(segment) if name == b"moof"]
    return [int.from_bytes(moof[at + 8 : at + 16]) for moof, at in zip(moofs, found, strict=True)]


class Clock:
    """A time of day that stands still, and runs from where a test sets it."""

    def __init__(self) -> None:
        self.offset: float | None = None

    def set(self, now: float) -> None:
        self.offset = now - time.monotonic()

    def __call__(self) -> float:
        return NOW if self.offset is None else time.monotonic() + self.offset


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Callable[[], float]) -> Application:
    return Application([*live_rules(Path(MEDIA), clock)])


async def ask(client: AsyncHTTPClient, path: str, method: str = "GET") -> HTTPResponse:
    return await client.fetch(f"/live/{path}", method=method, raise_error=False)


@each_rendition
def test_time_runs_on_without_a_gap_over_the_end_of_the_loop(own: Rendition) -> None:
    around = range(LOOP // SEGMENT - 1, LOOP // SEGMENT + 2)
    starts = [start / own.track.timescale for number in around for start in decode_times(own.segment(number))]
    places = [Place(number, part) for number in around for part in range(PARTS)]
    for place, start, following in zip(places, starts, [*starts[1:], None], strict=True):
        assert start == pytest.approx(place.segment * SEGMENT + place.part, abs=0.032)
        if following is not None:
            assert following - start == pytest.approx(own.seconds(place))
    assert [start for start in starts if start % SEGMENT == 0] == [number * SEGMENT for number in around]


@each_rendition
def test_a_segment_is_its_parts_and_begins_with_a_frame_that_needs_no_other(own: Rendition) -> None:
    parts = [own.part(Place(7, part)) for part in range(PARTS)]
    assert own.segment(7) == b"".join(parts)
    assert [name for name, _ in boxes(own.segment(7))] == [b"moof", b"mdat"] * PARTS
    assert own.is_independent(Place(7, 0))


@each_rendition
def test_parts_are_as_long_as_the_playlist_promises(own: Rendition) -> None:
    lengths = [own.seconds(Place(7, part)) for part in range(PARTS)]
    assert sum(lengths) == pytest.approx(SEGMENT)
    assert max(lengths) <= hls.PART_TARGET
    assert min(lengths) >= 0.85 * hls.PART_TARGET


@pytest.mark.parametrize(("after", "segment", "part"), [(0, 249, 3), (0.999, 249, 3), (1, 250, 0), (3.5, 250, 2)])
def test_a_part_is_there_from_the_moment_it_is_complete(after: float, segment: int, part: int) -> None:
    assert newest(NOW + after) == Place(segment, part)
    assert newest(Place(segment, part).there_at) == Place(segment, part)


def test_a_sliding_window_holds_a_minute_and_moves_by_whole_segments() -> None:
    for after, last in ((0, 249), (3.9, 249), (4, 250)):
        text = hls.sliding_window(newest(NOW + after))
        assert re.findall(r"^(\d+)\.m4s$", text, re.MULTILINE) == [str(n) for n in range(last - WINDOW + 1, last + 1)]
        assert f"#EXT-X-MEDIA-SEQUENCE:{last - WINDOW + 1}\n" in text
        assert "ENDLIST" not in text


def test_a_low_latency_playlist_tells_the_parts_at_its_end_the_next_and_the_other_renditions() -> None:
    text = hls.low_latency(newest(NOW + 2.5), STREAM["360p"], STREAM)
    assert text.splitlines()[-6:] == [
        "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:16:40.000Z",
        '#EXT-X-PART:DURATION=1.00000,URI="250.0.m4s",INDEPENDENT=YES',
        '#EXT-X-PART:DURATION=1.00000,URI="250.1.m4s"',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="250.2.m4s"',
        '#EXT-X-RENDITION-REPORT:URI="../180p/low-latency.m3u8",LAST-MSN=250,LAST-PART=1',
        '#EXT-X-RENDITION-REPORT:URI="../audio/low-latency.m3u8",LAST-MSN=250,LAST-PART=1',
    ]
    assert text.count("#EXT-X-PART:") == 3 * PARTS + 2


@pytest.mark.parametrize("after", [0, 1, 2, 3, 3.9])
def test_a_delta_update_skips_what_lies_before_the_boundary_and_nothing_else(after: float) -> None:
    now = newest(NOW + after)
    whole, delta = (told(now, STREAM["180p"], STREAM) for told in (hls.low_latency, hls.delta_update))
    skipped = int(re.findall(r"SKIPPED-SEGMENTS=(\d+)", delta)[0])
    rest = delta.split(f"SKIPPED-SEGMENTS={skipped}\n")[1]
    assert whole.endswith(rest)
    assert whole.removesuffix(rest).count("#EXTINF") == skipped
    seconds = 4 * rest.count("#EXTINF") + (now.part + 1) % PARTS
    assert hls.SKIP_UNTIL <= seconds < hls.SKIP_UNTIL + SEGMENT


async def test_a_playlist_is_held_until_it_has_the_part_asked_for(
    http_server_client: AsyncHTTPClient, clock: Clock
) -> None:
    clock.set(NOW + 0.9)
    answer = await ask(http_server_client, "360p/low-latency.m3u8?_HLS_msn=250&_HLS_part=0")
    assert clock() >= NOW + 1
    assert 'URI="250.0.m4s"' in answer.body.decode()
    assert answer.headers["Cache-Control"] == "max-age=24"


async def test_a_playlist_asked_for_by_segment_alone_is_held_until_that_is_whole(
    http_server_client: AsyncHTTPClient, clock: Clock
) -> None:
    clock.set(NOW + 3.9)
    answer = await ask(http_server_client, "audio/low-latency.m3u8?_HLS_msn=250&_HLS_skip=YES")
    assert clock() >= NOW + 4
    assert "\n250.m4s\n" in answer.body.decode()
    assert "#EXT-X-SKIP" in answer.body.decode()


async def test_a_part_past_the_last_of_its_segment_means_the_first_of_the_next(
    http_server_client: AsyncHTTPClient, clock: Clock
) -> None:
    clock.set(NOW + 0.9)
    answer = await ask(http_server_client, "360p/low-latency.m3u8?_HLS_msn=249&_HLS_part=4")
    assert 'PART:DURATION=1.00000,URI="250.0.m4s"' in answer.body.decode()


@pytest.mark.parametrize("query", ["_HLS_part=0", "_HLS_msn=253", "_HLS_msn=x"])
async def test_directives_that_make_no_sense_are_refused(http_server_client: AsyncHTTPClient, query: str) -> None:
    assert (await ask(http_server_client, f"360p/low-latency.m3u8?{query}")).code == 400


async def test_the_part_that_is_hinted_at_is_held_until_it_is_there(
    http_server_client: AsyncHTTPClient, clock: Clock
) -> None:
    clock.set(NOW + 0.9)
    answer = await ask(http_server_client, "360p/250.0.m4s")
    assert clock() >= NOW + 1
    assert answer.body == STREAM["360p"].part(Place(250, 0))


@pytest.mark.parametrize("path", ["360p/250.m4s", "360p/250.1.m4s", "360p/249.4.m4s", "360p/5.m4s", "720p/249.m4s"])
async def test_what_is_not_there_yet_or_no_longer_is_missing(http_server_client: AsyncHTTPClient, path: str) -> None:
    assert (await ask(http_server_client, path)).code == 404


async def test_every_reference_of_every_manifest_leads_to_something(http_server_client: AsyncHTTPClient) -> None:
    for entry in ("live", "low-latency"):
        master = (await ask(http_server_client, f"{entry}.m3u8")).body.decode()
        for playlist in re.findall(r'^\w+/.*m3u8|(?<=URI=")[^"]+', master, re.MULTILINE):
            text = (await ask(http_server_client, playlist)).body.decode()
            named = set(re.findall(r'^\d+\.m4s|(?<=URI=")(?:init|\d)[^"]+', text, re.MULTILINE))
            assert len(named) > WINDOW
            for reference in named:
                assert (await ask(http_server_client, f"{playlist.partition('/')[0]}/{reference}", "HEAD")).code == 200


async def test_the_dash_manifest_names_the_clock_and_segments_that_are_there(
    http_server_client: AsyncHTTPClient, clock: Clock
) -> None:
    manifest = (await ask(http_server_client, "dash.mpd")).body.decode()
    assert 'availabilityStartTime="2026-01-01T00:00:00.000Z"' in manifest
    assert manifest.count('media="$RepresentationID$/$Number$.m4s"') == 2
    number = int((clock() - BEGINNING) // SEGMENT) - 1
    for name in re.findall(r'<Representation id="(\w+)"', manifest):
        assert (await ask(http_server_client, f"{name}/{number}.m4s")).code == 200
    assert re.search(r'UTCTiming .*value="http://[^"]+/live/time"', manifest)
    assert (await ask(http_server_client, "time")).body.startswith(b"2026-01-01T00:16:40.")
