"""What DASH manifests say of themselves, and what is found wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from demo.origin import MEDIA
from gateway.inspection.dash import tell_dash
from gateway.inspection.dash_rules import find
from gateway.inspection.encryption import Encryption
from gateway.inspection.mpd import read_mpd
from gateway.inspection.presentation import LowLatency, Presentation, Segments, Size
from gateway.inspection.xml_tree import read_xml
from gateway.manifests.duration import seconds
from tests.manifests.corpora import CORPORA, corpus

NOW = datetime(2030, 1, 1, 12, 1, tzinfo=UTC)
LIVE = b"""<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" type="dynamic"
  availabilityStartTime="2030-01-01T12:00:00Z" publishTime="2030-01-01T12:00:50Z" minimumUpdatePeriod="PT2S"
  minBufferTime="PT2S" timeShiftBufferDepth="PT30S" suggestedPresentationDelay="PT6S" maxSegmentDuration="PT2S">
 <ServiceDescription><Latency target="3500"/></ServiceDescription>
 <PatchLocation ttl="60">patch.mpp</PatchLocation>
 <Period id="p0" start="PT0S">
  <AdaptationSet mimeType="video/mp4" frameRate="30000/1001" codecs="hvc1.2.4.L123.B0">
   <ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cbcs"/>
   <ContentProtection schemeIdUri="urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED"/>
   <SupplementalProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="16"/>
   <SegmentTemplate timescale="1000" media="$RepresentationID$/$Time$.m4s" initialization="$RepresentationID$/i.mp4"
     availabilityTimeOffset="1.5" availabilityTimeComplete="false" presentationTimeOffset="1000">
    <SegmentTimeline><S t="1000" d="2000" r="-1"/><S t="41000" d="3000"/><S d="2000" r="4"/></SegmentTimeline>
   </SegmentTemplate>
   <Representation id="v1" bandwidth="3000000" width="1280" height="720"/>
   <Representation id="v2" bandwidth="6000000" width="1920" height="1080">
    <SupplementalProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="16"/>
   </Representation>
  </AdaptationSet>
  <AdaptationSet id="7" contentType="audio" lang="de" mimeType="audio/mp4">
   <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/><Label>Deutsch</Label>
   <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="6"/>
   <SegmentTemplate timescale="1" duration="2" media="a/$Number$.m4s" initialization="a/i.mp4"/>
   <Representation id="a" bandwidth="128000" codecs="ec-3"/>
  </AdaptationSet>
  <AdaptationSet contentType="text" lang="en" mimeType="application/mp4">
   <Role schemeIdUri="urn:mpeg:dash:role:2011" value="forced-subtitle"/>
   <SegmentTemplate timescale="1" duration="2" media="t/$Number$.m4s" initialization="t/i.mp4"/>
   <Representation id="t" bandwidth="1000" codecs="stpp.ttml.im1t"/>
  </AdaptationSet>
 </Period>
 <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="https://time.example.com/"/>
</MPD>"""


def told(text: bytes, now: datetime = NOW) -> Presentation:
    return tell_dash(read_mpd(read_xml(text)), now)


def found(text: bytes, now: datetime = NOW) -> list[tuple[str, str, str]]:
    return [(each.severity.value, each.code, each.where) for each in find(read_mpd(read_xml(text)), now)]


def test_a_live_manifest_tells_its_window_and_tracks() -> None:
    live = told(LIVE)
    assert live.live
    assert live.window is not None
    assert (live.window.length, live.window.hold_back, live.window.reload) == (30.0, 6.0, 2.0)
    assert live.window.edge == datetime(2030, 1, 1, 12, 0, 53, tzinfo=UTC)
    assert (live.window.behind, live.window.clock) == (7.0, "urn:mpeg:dash:utc:http-iso:2014")
    first, second = live.variants
    assert (first.size, first.frame_rate, first.bandwidth) == (Size(1280, 720), 29.97, 3_000_000)
    assert (first.codecs[0].words, second.video_range) == ("H.265 Main 10 4.1", "PQ")
    sound, text = live.renditions
    assert (sound.language, sound.name, sound.channels, sound.is_default) == ("de", "Deutsch", "6", True)
    assert (text.type, text.language, text.is_forced) == ("subtitles", "en", True)
    assert text.codecs[0].words == "TTML IMSC1 text"
    assert live.encryption == (Encryption("cbcs", "Widevine"),)
    assert live.low_latency == LowLatency(availability_time_offset=1.5, chunked=True, target_latency=3.5)
    assert live.segments == Segments(26, "fmp4", 2.0, 3.0, 2.038)
    assert {"patches", "SegmentTemplate"} <= set(live.features)


def test_the_demos_manifest_is_told_and_has_nothing_wrong() -> None:
    text = (MEDIA / "dash" / "manifest.mpd").read_bytes()
    demo = told(text)
    assert (demo.live, demo.duration, demo.segments) == (False, 40.0, Segments(10, "fmp4", 4.0, 4.0, 4.0))
    assert [(each.size, each.bandwidth) for each in demo.variants] == [(Size(640, 360), 55199), (Size(320, 180), 14455)]
    assert found(text) == []
    assert found(LIVE) == []


def test_a_timeline_that_ends_long_before_its_period_is_told_once() -> None:
    text = (MEDIA / "dash" / "manifest.mpd").read_bytes()
    assert found(text.replace(b'mediaPresentationDuration="PT40.0S"', b'mediaPresentationDuration="PT43.0S"')) == []
    ((severity, code, where),) = found(
        text.replace(b'mediaPresentationDuration="PT40.0S"', b'mediaPresentationDuration="PT90S"')
    )
    assert (severity, code, where) == ("error", "timeline-short", "Period 1, AdaptationSet 1, Representation 1")


def test_a_timeline_whose_first_segment_has_no_time_is_told_as_that() -> None:
    text = (MEDIA / "dash" / "manifest.mpd").read_bytes()
    shifted = text.replace(b'timescale="12288"', b'timescale="12288" presentationTimeOffset="1228800"')
    wrong = shifted.replace(b'<S t="0" d="49152" r="9" />', b'<S d="49152" r="9" />')
    (problem,) = [each for each in find(read_mpd(read_xml(wrong)), NOW) if each.code == "timeline-short"]
    assert problem.what.startswith(
        "The first S of the SegmentTimeline has no t: it starts at 0, 100 s before its period"
    )
    assert problem.instead.endswith('t="1228800"')


def test_a_timeline_that_goes_on_by_the_clock_has_no_edge_that_could_be_stale() -> None:
    start = LIVE.index(b"<SegmentTimeline>")
    end = LIVE.index(b"</SegmentTimeline>")
    endless = LIVE[:start] + b'<SegmentTimeline><S t="0" d="1000" r="-1"/>' + LIVE[end:]
    window = told(endless, NOW + timedelta(hours=1)).window
    assert window is not None
    assert window.edge is None
    assert "stale" not in {code for _, code, _ in found(endless, NOW + timedelta(hours=1))}


def timeline(steps: str, offset: str = "0") -> str:
    start = f'<SegmentTemplate presentationTimeOffset="{offset}">'
    return f"{start}<SegmentTimeline>{steps}</SegmentTimeline></SegmentTemplate>"


@pytest.mark.parametrize(
    ("way", "segments"),
    [
        ('<SegmentList timescale="2" duration="8"><SegmentURL/><SegmentURL/></SegmentList>', (2, 4.0, 4.0, 4.0)),
        ("<SegmentList><SegmentURL/></SegmentList>", (1, None, None, None)),
        ('<SegmentTemplate timescale="2" duration="8"/>', (3, 4.0, 4.0, 4.0)),
        ('<SegmentTemplate duration="5"/>', (2, 5.0, 5.0, 5.0)),
        ("<SegmentTemplate/>", (0, None, None, None)),
        ('<SegmentBase duration="2" indexRange="0-9"/>', (0, None, None, None)),
        (timeline(""), (0, None, None, None)),
        (timeline('<S d="0"/>'), (0, None, None, None)),
        (timeline('<S t="0" d="0"/><S d="4"/><S d="2" r="1"/>'), (3, 2.0, 4.0, 2.667)),
        (timeline('<S t="7" d="4" r="-1"/>', offset="7"), (3, 4.0, 4.0, 4.0)),
        (timeline('<S t="0" d="4" r="-1"/>', offset="9" * 5000), (3, 4.0, 4.0, 4.0)),
    ],
    ids=lambda each: each[:50] if isinstance(each, str) else None,
)
def test_segments_are_counted_however_they_are_told(
    way: str, segments: tuple[int, float | None, float | None, float | None]
) -> None:
    manifest = (
        '<MPD mediaPresentationDuration="PT10S"><Period><AdaptationSet mimeType="video/mp4">'
        f'{way}<Representation id="v" bandwidth="1"/></AdaptationSet></Period></MPD>'
    )
    count, *lengths = segments
    assert told(manifest.encode()).segments == Segments(count, "fmp4", *lengths)
    assert "timeline-gap" not in {code for _, code, _ in found(manifest.encode())}


def test_a_gap_in_a_timeline_is_told_and_a_rounding_is_none() -> None:
    text, line = (MEDIA / "dash" / "manifest.mpd").read_bytes(), b'<S t="0" d="49152" r="9" />'
    gap = text.replace(line, b'<S t="0" d="49152" r="3" /><S t="294912" d="49152" r="3" />')
    assert {code for _, code, _ in found(gap)} == {"timeline-gap"}
    (problem, *_) = find(read_mpd(read_xml(gap)), NOW)
    assert "lists nothing from 16 s to 24 s" in problem.what
    assert found(text.replace(line, b'<S t="0" d="49152" r="3" /><S t="197000" d="49152" r="5" />')) == []


MISTAKES = [
    (b"</MPD>", b"", ("error", "not-well-formed", "the manifest")),
    (b"<MPD", b"<!DOCTYPE MPD><MPD", ("error", "not-well-formed", "the manifest")),
    (b"MPD", b"MPX", ("error", "no-mpd", "the manifest")),
    (b"dynamic", b"lively", ("error", "mpd-type", "MPD")),
    (b'"PT2S" time', b'"2 seconds" time', ("error", "not-a-duration", "MPD")),
    (b"01-01T12:00:50Z", b"13-01", ("error", "not-a-date", "MPD")),
    (b"minBufferTime", b"minBuffer", ("error", "no-min-buffer-time", "MPD")),
    (b"Period", b"Epoch", ("error", "no-periods", "the manifest")),
    (b'type="dynamic"', b'type="static"', ("error", "no-duration", "MPD")),
    (b'type="dynamic"', b'type="static"', ("warning", "static-updates", "MPD")),
    (b"availabilityStartTime", b"start", ("error", "no-start-time", "MPD")),
    (b"2030-01-01T12:00:00Z", b"2031-01-01T12:00:00Z", ("warning", "start-in-future", "MPD")),
    (b"publishTime", b"published", ("warning", "no-publish-time", "MPD")),
    (b'minimumUpdatePeriod="PT2S"', b'minimumUpdatePeriod="PT0S"', ("warning", "update-period-zero", "MPD")),
    (b"UTCTiming", b"Timing", ("warning", "no-utc-timing", "MPD")),
    (b"2030-01-01T12:00:00Z", b"2029-12-31T12:00:00Z", ("warning", "stale", "the manifest")),
    (b"AdaptationSet", b"Set", ("error", "no-adaptation-sets", "Period 1")),
    (b"Representation", b"Version", ("error", "no-representations", "Period 1, AdaptationSet 1")),
    (b'id="v2"', b'id="v1"', ("error", "id-repeated", "Period 1")),
    (b'id="a" ', b"", ("error", "attribute-missing", "Period 1, AdaptationSet 2, Representation 1")),
    (b'bandwidth="128000"', b"", ("error", "no-bandwidth", "Period 1, AdaptationSet 2, Representation 1")),
    (b' codecs="ec-3"', b"", ("warning", "no-codecs", "Period 1, AdaptationSet 2, Representation 1")),
    (
        b'timescale="1" d',
        b'timescale="0" d',
        ("error", "timescale-zero", "Period 1, AdaptationSet 2, Representation 1"),
    ),
    (b"a/$Number$", b"a/$Count$", ("error", "template-identifier", "Period 1, AdaptationSet 2, Representation 1")),
    (b"a/$Number$", b"a/1", ("error", "template-constant", "Period 1, AdaptationSet 2, Representation 1")),
    (
        b'duration="2" media="a',
        b'media="a',
        ("error", "template-without-duration", "Period 1, AdaptationSet 2, Representation 1"),
    ),
    (b'd="3000"', b'd="0"', ("error", "timeline", "Period 1, AdaptationSet 1, Representation 1")),
    (
        b'id="v2"',
        b'id="v2" codecs="avc1.4d401e"',
        ("warning", "mixed-codecs", "Period 1, AdaptationSet 1, Representation 2"),
    ),
    (b"$RepresentationID$/$Time$", b"$Time$", ("error", "same-urls", "Period 1, AdaptationSet 1, Representation 2")),
]


@pytest.mark.parametrize(
    ("right", "wrong", "problem"), MISTAKES, ids=lambda each: each[1] if isinstance(each, tuple) else ""
)
def test_a_mistake_is_found_in_its_place(right: bytes, wrong: bytes, problem: tuple[str, str, str]) -> None:
    assert right in LIVE
    assert problem in found(LIVE.replace(right, wrong))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT40.0S", 40.0),
        ("PT1H2M3.5S", 3723.5),
        ("P1DT1S", 86401.0),
        ("-PT1S", -1.0),
        ("P1Y1M", 395 * 86400.0),
        ("PT1M", 60.0),
        ("PT", None),
        ("P", None),
        ("40", None),
    ],
)
def test_durations_are_read(text: str, length: float | None) -> None:
    assert seconds(text) == length


TRULY_WRONG = {
    "multiperiod.mpd": {"timeline-short"},
    "multiperiod-dynamic.mpd": {"no-start-time", "no-publish-time", "no-utc-timing"},
    "multiperiod-segment-template.mpd": {"no-min-buffer-time"},
    "multiperiod-startnumber.mpd": {"stale"},
    "multiperiod-startnumber-removed-periods.mpd": {"stale"},
    "vtt_codecs.mpd": {"id-repeated"},
    "maat_vtt_segmentTemplate.mpd": {"id-repeated"},
}
"""Looked through by eye; nothing is wrong with the others. The fourth period of the first has a presentationTimeOffset,
and a timeline from 0 on that ends before it."""


@pytest.mark.skipif(not corpus("dash"), reason="the suites are not beside the checkout")
def test_public_manifests_have_wrong_what_is_truly_wrong_with_them() -> None:
    folder = CORPORA / "dash"
    texts = {file.name: file.read_bytes() for file in folder.iterdir()}
    wrong = {name: {code for _, code, _ in found(text, datetime.now(UTC))} for name, text in texts.items()}
    assert {name: codes for name, codes in wrong.items() if codes} == TRULY_WRONG
