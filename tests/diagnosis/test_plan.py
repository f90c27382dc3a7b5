"""What is looked at, and what a step says of itself beside its name, which is for people."""

from __future__ import annotations

from gateway.diagnosis.dash_plan import dash_steps
from gateway.diagnosis.plan import beside, first_segments
from gateway.diagnosis.seen import End, Part
from gateway.inspection import MediaPlaylist, read_hls
from gateway.inspection.mpd import read_mpd
from gateway.inspection.xml_tree import read_xml

BASE = "https://o.example/a/b"
SOUND = """<AdaptationSet contentType="audio"><SegmentTemplate media="{0}-$Number$" duration="2"/>
<Representation id="the-same-sound-in-another-language-{0}"/></AdaptationSet>"""
MPD = f'<MPD mediaPresentationDuration="PT8S"><Period>{SOUND.format("de")}{SOUND.format("en")}</Period></MPD>'


def test_segments_of_representations_that_are_called_alike_are_told_apart() -> None:
    steps = [step for step in dash_steps(read_mpd(read_xml(MPD.encode())), BASE, 0) if step.part is Part.SEGMENT]
    assert len({step.name for step in steps}) == 2
    assert [(step.of, step.end, step.url.rpartition("/")[2]) for step in steps] == [
        (1, End.FIRST, "de-1"),
        (1, End.LAST, "de-4"),
        (2, End.FIRST, "en-1"),
        (2, End.LAST, "en-4"),
    ]


def test_the_first_and_the_last_segment_say_so_and_those_beside_do_not() -> None:
    text = "#EXTM3U\n" + "".join(f"#EXTINF:4,\n{at}.ts\n" for at in range(3)) + "#EXT-X-ENDLIST\n"
    read = read_hls(text.encode(), BASE)
    assert isinstance(read, MediaPlaylist)
    assert [step.end for step in first_segments(read, BASE, ())] == [End.FIRST, End.LAST]
    assert [(step.end, step.name) for step in beside(read, BASE, "the sound")] == [
        (None, "the first segment of the sound")
    ]
