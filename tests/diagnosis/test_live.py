"""Live presentations that do not go on as players need it: the verdict names that first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from itertools import chain, repeat

import pytest

from gateway.diagnosis.live import disorder
from gateway.inspection import MediaPlaylist, read_hls
from tests.diagnosis.broken import TYPES, Resource
from tests.diagnosis.conftest import Diagnose
from tests.diagnosis.live import live_dash, live_hls, live_timeline
from tests.scripted_origin import Origin


def playlist(number: int | None, *segments: int, query: str = "") -> bytes:
    """A live playlist of segments of a second each, which are files of these numbers."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"]
    lines += [] if number is None else [f"#EXT-X-MEDIA-SEQUENCE:{number}"]
    return "\n".join([*lines, *(f"#EXTINF:1.0,\n{each}.ts{query}" for each in segments), ""]).encode()


def serve_in_turn(origin: Origin, path: str, *texts: bytes) -> None:
    """The first text, then the next, and the last for good."""
    left: Iterator[bytes] = chain(texts, repeat(texts[-1]))

    def script(request: BaseHTTPRequestHandler) -> None:
        Resource(next(left), TYPES[".m3u8"], fields={"Cache-Control": "no-cache"})(request)

    origin.scripts[path] = script


@pytest.mark.parametrize(
    ("before", "after", "told", "is_lost"),
    [
        ((1000, 0, 1, 2), (2, 3, 4, 5), "went back in #EXT-X-MEDIA-SEQUENCE, from 1000 to 2", False),
        ((1000, 0, 1, 2), (999, 9, 0, 1), "went back in #EXT-X-MEDIA-SEQUENCE, from 1000 to 999", False),
        ((7, 0, 1, 2), (7, 1, 2, 3), "#EXT-X-MEDIA-SEQUENCE is 7 as it was", True),
        ((None, 0, 1, 2), (None, 1, 2, 3), "it has none, which is 0", True),
        ((7, 0, 1, 2), (8, 1, 2, 3), "", False),
        ((7, 0, 1, 2), (7, 0, 1, 2, 3), "", False),
        ((None, 0, 1, 2), (None, 0, 1, 2, 3), "", False),
        ((7, 0, 1, 2), (7, 5, 6, 7), "", False),
        ((7, 0, 0, 0), (7, 0, 0, 0, 1), "", False),
        ((7,), (7, 1), "", False),
    ],
)
def test_the_numbers_of_a_playlist_go_on_with_its_segments(
    before: tuple[int | None, ...], after: tuple[int | None, ...], told: str, is_lost: bool
) -> None:
    first, then = (
        read_hls(playlist(number, *(each or 0 for each in segments), query=f"?signed={at}"), "https://a.example/")
        for at, (number, *segments) in enumerate((before, after))
    )
    assert isinstance(first, MediaPlaylist)
    assert isinstance(then, MediaPlaylist)
    found, lost = disorder(first, then)
    assert (told in found, bool(found), lost) == (True, bool(told), is_lost)


def test_a_live_playlist_whose_numbers_begin_anew(diagnosed: Diagnose, media: Origin) -> None:
    path = live_hls(media)
    serve_in_turn(media, path, playlist(1000, 0, 1, 2, 3), playlist(1, 4, 5, 6, 7))
    told = diagnosed(path)
    assert (told.exit, told.codes()) == (0, ["sequence"])
    assert "went back in #EXT-X-MEDIA-SEQUENCE, from 1000 to 1" in told.sentence
    assert "also when the encoder starts anew" in told.change


def test_a_live_playlist_that_moves_on_without_its_number(diagnosed: Diagnose, media: Origin) -> None:
    path = live_hls(media)
    serve_in_turn(media, path, playlist(None, 0, 1, 2, 3), playlist(None, 1, 2, 3, 4))
    told = diagnosed(path)
    assert (told.exit, told.codes()) == (1, ["sequence"])


def test_a_live_playlist_is_given_one_and_a_half_of_its_target_to_change(
    diagnosed: Diagnose, media: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.diagnosing.reread.LONGEST_WAIT", 0.5)
    path, old, new = live_hls(media), playlist(1, 0, 1, 2, 3), playlist(2, 1, 2, 3, 4)
    serve_in_turn(media, path, old, old, old, new)
    told = diagnosed(path)
    assert (told.exit, told.codes()) == (0, [])
    assert told.json["live"][0]["changed"]


@pytest.mark.parametrize("ago", [0, 600])
def test_a_live_timeline_that_stands_still(diagnosed: Diagnose, media: Origin, ago: int) -> None:
    told = diagnosed(live_timeline(media, stands=True, ago=ago))
    assert (told.exit, told.codes()) == (1, ["stale"])
    assert "the live manifest's timeline has not grown in" in told.sentence
    assert ("its last segment ended 10 min ago" in told.sentence) == bool(ago)
    assert told.change.endswith('write type="static"')
    assert not told.json["live"][0]["changed"]


def test_a_live_timeline_that_grows_plays(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(live_timeline(media))
    assert (told.exit, told.sentence, told.codes("note")) == (0, "It plays.", [])
    assert told.json["live"][0]["changed"]


def test_a_live_timeline_whose_last_segment_goes_on_by_the_clock_is_not_asked_for_again(
    diagnosed: Diagnose, media: Origin
) -> None:
    told = diagnosed(live_timeline(media, stands=True, is_open=True))
    assert (told.exit, told.codes(), told.json["live"]) == (0, [], [])


def test_a_live_manifest_that_has_not_begun_is_not_said_to_lack_segments(diagnosed: Diagnose, media: Origin) -> None:
    path = live_dash(media)
    begins = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()

    def later(request: BaseHTTPRequestHandler) -> None:
        body = (
            '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" minBufferTime="PT4S" minimumUpdatePeriod="PT9S"'
            f' availabilityStartTime="{begins}" publishTime="{begins}"><Period start="PT0S"><AdaptationSet'
            ' contentType="video"><SegmentTemplate timescale="1" duration="4" initialization="init.m4s"'
            ' media="$Number$.m4s"/><Representation id="0" mimeType="video/mp4" codecs="avc1.4d401e"'
            ' bandwidth="60000"/></AdaptationSet></Period></MPD>'
        )
        Resource(body.encode(), TYPES[".mpd"])(request)

    media.scripts[path] = later
    told = diagnosed(path)
    assert (told.exit, told.codes()) == (1, ["not_begun"])
    assert "60 min from now" in told.sentence


def test_segments_that_are_numbered_by_the_clock_and_come_no_more(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(live_dash(media, stopped=600))
    assert (told.exit, told.codes()) == (1, ["stale"])
    assert "does not have the segment at which players begin of video 0 (404), and has that of 10 min" in told.sentence
    assert "look at the encoder" in told.change
