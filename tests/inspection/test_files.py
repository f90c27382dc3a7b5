"""What media files say by their first bytes, beside what FFmpeg's own tools say of the whole."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from demo.origin import MEDIA
from gateway.inspection.file import kind_of_file
from gateway.inspection.inspected import Inspected, add_index, inspect_file
from gateway.inspection.mp4 import read_mp4
from gateway.inspection.mpeg_ts import read_ts
from gateway.inspection.presentation import Kind, Size
from gateway.inspection.sample_entry import aac_channels

SOME = 64 * 1024


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, timeout=60)


def ffprobe(file: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", str(file)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout))


def codes(found: Inspected) -> list[str]:
    return [each.code for each in found.findings]


def test_an_mp4_is_told_as_ffprobe_tells_it() -> None:
    file = MEDIA / "movie.mp4"
    size, probed = file.stat().st_size, ffprobe(file)
    picture = next(stream for stream in probed["streams"] if stream["codec_type"] == "video")
    found = inspect_file(file.read_bytes()[:SOME], "video/mp4", size)
    told = found.presentation
    assert (told.kind, told.live, codes(found), found.next_offset) == (Kind.MP4, False, [], None)
    assert told.duration == pytest.approx(float(probed["format"]["duration"]), abs=0.01)
    (variant,) = told.variants
    assert variant.size == Size(picture["width"], picture["height"])
    assert variant.frame_rate == pytest.approx(eval_rate(picture["avg_frame_rate"]), abs=0.01)
    assert variant.average_bandwidth == pytest.approx(int(probed["format"]["bit_rate"]), rel=0.01)
    assert [codec.words for codec in variant.codecs] == [f"H.264 {picture['profile']} {picture['level'] / 10}"]
    assert [each.codecs[0].words for each in told.renditions] == ["AAC-LC"]


def eval_rate(text: str) -> float:
    over, _, under = text.partition("/")
    return int(over) / int(under)


def test_an_index_at_the_end_is_read_from_there_and_found(tmp_path: Path) -> None:
    file = tmp_path / "late.mp4"
    ffmpeg("-i", str(MEDIA / "movie.mp4"), "-map", "0", "-c", "copy", "-metadata:s:a:0", "language=deu", str(file))
    whole = file.read_bytes()
    first = inspect_file(whole[:SOME], "video/mp4", len(whole))
    assert codes(first) == ["no-index"]
    assert first.next_offset is not None
    assert whole[first.next_offset + 4 : first.next_offset + 8] == b"moov"
    found = add_index(whole[:SOME], whole[first.next_offset :], first.next_offset, len(whole))
    assert codes(found) == ["index-at-end"]
    assert found.presentation.duration == pytest.approx(40.0, abs=0.1)
    assert [each.language for each in found.presentation.renditions] == ["deu"]


def test_an_index_in_front_that_is_longer_than_what_is_read_is_no_slow_start() -> None:
    whole = (MEDIA / "movie.mp4").read_bytes()
    first = inspect_file(whole[:2000], "video/mp4", len(whole))
    assert first.next_offset is not None
    found = add_index(whole[:2000], whole[first.next_offset : SOME], first.next_offset, len(whole))
    assert (codes(found), len(found.presentation.renditions)) == ([], 1)


def test_a_file_that_ends_before_its_index_is_found(tmp_path: Path) -> None:
    file = tmp_path / "late.mp4"
    ffmpeg("-i", str(MEDIA / "movie.mp4"), "-c", "copy", str(file))
    cut = file.read_bytes()[: SOME * 2]
    found = inspect_file(cut[:SOME], "video/mp4", len(cut))
    assert (codes(found), found.next_offset) == (["cut-short"], None)


@pytest.mark.parametrize("size", [3_000, 300_000])
def test_a_file_that_ends_within_its_index_or_its_media_is_cut_short(size: int) -> None:
    cut = (MEDIA / "movie.mp4").read_bytes()[:size]
    found = inspect_file(cut[:SOME], "video/mp4", size)
    assert codes(found) == ["cut-short"]
    assert f"has {size} bytes" in found.findings[0].what


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        (["-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"], "H.265 Main"),
        (["-c:v", "libx264", "-profile:v", "high"], "H.264 High"),
        (["-c:v", "libvpx-vp9"], "VP9 profile 0"),
        (["-c:v", "mpeg4"], "MPEG-4 Visual"),
    ],
)
def test_codecs_in_mp4_are_told(tmp_path: Path, encoder: list[str], words: str) -> None:
    file = tmp_path / "short.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=0.2:s=160x90:r=10", "-pix_fmt", "yuv420p", *encoder, str(file))
    whole = file.read_bytes()
    (variant,) = inspect_file(whole, "video/mp4", len(whole)).presentation.variants
    assert variant.codecs[0].words.startswith(words)
    assert (variant.size, variant.frame_rate) == (Size(160, 90), 10.0)


@pytest.mark.parametrize(
    ("layout", "encoder", "channels"),
    [
        ("mono", ["aac"], "1"),
        ("5.1", ["aac"], "6"),
        ("7.1", ["aac"], "8"),
        ("mono", ["ac3"], "1"),
        ("5.1", ["ac3"], "6"),
        ("5.1", ["eac3"], "6"),
        ("5.1", ["libopus"], "6"),
    ],
)
def test_channels_are_those_that_are_coded_and_not_what_the_entry_says(
    tmp_path: Path, layout: str, encoder: list[str], channels: str
) -> None:
    file = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", f"anullsrc=cl={layout}:d=0.2", "-c:a", *encoder, "-t", "0.2", str(file))
    whole = file.read_bytes()
    assert [each.channels for each in inspect_file(whole, "audio/mp4", len(whole)).presentation.renditions] == [
        channels
    ]


@pytest.mark.parametrize(
    ("config", "channels"),
    [("1210", 2), ("1208", 1), ("1230", 6), ("eb09", 2), ("1200", 0), ("178000000c", 1), ("12", 0)],
)
def test_channels_of_an_audio_specific_config(config: str, channels: int) -> None:
    assert aac_channels(bytes.fromhex(config)) == channels


def test_the_range_of_pictures_in_mp4_is_told(tmp_path: Path) -> None:
    file = tmp_path / "hdr.mp4"
    colours = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=0.2:s=160x90:r=10", "-pix_fmt", "yuv420p", *colours, str(file))
    whole = file.read_bytes()
    assert inspect_file(whole, "video/mp4", len(whole)).presentation.variants[0].video_range == "PQ"


def test_chapters_of_an_mp4_are_no_subtitles(tmp_path: Path) -> None:
    (tmp_path / "chapters.txt").write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=20\ntitle=One\n")
    file, inputs = tmp_path / "film.mp4", ["-i", str(MEDIA / "movie.mp4"), "-i", str(tmp_path / "chapters.txt")]
    ffmpeg(*inputs, "-map_metadata", "1", "-c", "copy", "-movflags", "+faststart", str(file))
    told = inspect_file(file.read_bytes()[:SOME], "video/mp4", file.stat().st_size).presentation
    assert ([each.type for each in told.renditions], told.features) == (["audio"], ("chapters",))


def test_fragments_are_told_as_such() -> None:
    initialization = (MEDIA / "dash" / "init-0.m4s").read_bytes()
    told = inspect_file(initialization, "video/mp4", len(initialization)).presentation
    assert (told.kind, told.duration, told.variants[0].size) == (Kind.FRAGMENTED_MP4, None, Size(640, 360))
    segment = (MEDIA / "dash" / "0-001.m4s").read_bytes()
    found = inspect_file(segment, "video/mp4", len(segment))
    assert (found.presentation.kind, codes(found), found.next_offset) == (Kind.FRAGMENTED_MP4, [], None)


def test_a_transport_stream_tells_its_elementary_streams() -> None:
    segment = (MEDIA / "hls-ts" / "360p" / "segment-00.ts").read_bytes()
    found = inspect_file(segment[:SOME], "video/mp2t", len(segment))
    assert found.presentation.kind is Kind.MPEG_TS
    assert [codec.words for codec in found.presentation.variants[0].codecs] == ["H.264", "AAC"]
    assert read_ts(segment[:188]) == ()


def test_a_transport_stream_tells_the_languages_of_its_sound(tmp_path: Path) -> None:
    file, sound = tmp_path / "two.ts", ["-f", "lavfi", "-i", "sine=d=1"]
    languages = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng"]
    coding = ["-c:a:0", "aac", "-c:a:1", "ac3", "-mpegts_flags", "system_b"]
    ffmpeg(*sound, *sound, "-map", "0", "-map", "1", *coding, *languages, str(file))
    told = inspect_file(file.read_bytes()[:SOME], "video/mp2t", None).presentation
    assert [codec.words for codec in told.variants[0].codecs] == ["AAC", "AC-3"]
    assert [(each.type, each.language, each.codecs[0].words) for each in told.renditions] == [
        ("audio", "deu", "AAC"),
        ("audio", "eng", "AC-3"),
    ]


@pytest.mark.parametrize(
    ("name", "options", "codec", "channels"),
    [
        ("a.aac", ["-ac", "2"], "mp4a.40.2", "2"),
        ("a.mp3", ["-ac", "1"], "mp3", "1"),
        ("a.mp2", ["-ac", "2"], "mp2", "2"),
        ("a.ac3", [], "ac-3", ""),
        ("a.eac3", [], "ec-3", ""),
        ("a.flac", ["-ac", "2"], "flac", "2"),
        ("a.opus", ["-ac", "2"], "opus", "2"),
        ("a.ogg", ["-c:a", "libvorbis", "-ac", "1"], "vorbis", "1"),
    ],
)
def test_sound_without_a_container_tells_its_coding(
    tmp_path: Path, name: str, options: list[str], codec: str, channels: str
) -> None:
    file = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", *options, str(file))
    told = inspect_file(file.read_bytes()[:SOME], "", None).presentation
    assert (told.kind, [(each.codecs[0].text, each.channels) for each in told.renditions]) == (
        Kind.AUDIO,
        [(codec, channels)],
    )
    for length in range(80):
        inspect_file(file.read_bytes()[:length], "audio/mpeg", None)


@pytest.mark.parametrize(
    ("start", "content_type", "kind"),
    [
        (b"<!DOCTYPE html><html>", "application/vnd.apple.mpegurl", Kind.HTML),
        (b"\n<!-- hello -->\n<HTML lang=en>", "", Kind.HTML),
        (b"\xef\xbb\xbfWEBVTT\n", "text/plain", Kind.SUBTITLES),
        (b"\x1a\x45\xdf\xa3....", "", Kind.WEBM),
        (b"ID3\x04", "", Kind.AUDIO),
        (b"\xff\xf1\x50\x80", "", Kind.AUDIO),
        (b"\x89PNG\r\n", "", Kind.IMAGE),
        (b"RIFF....WEBPVP8 ", "", Kind.IMAGE),
        (b"0123456789abcdef", "application/octet-stream", Kind.OTHER),
        (b"hello", "audio/x-something", Kind.AUDIO),
        (b"", "", Kind.OTHER),
    ],
)
def test_a_file_is_known_by_its_first_bytes(start: bytes, content_type: str, kind: Kind) -> None:
    assert kind_of_file(start, content_type) is kind


def test_no_mp4_is_too_short_to_be_read() -> None:
    whole = (MEDIA / "movie.mp4").read_bytes()[:4000]
    for length in range(0, len(whole), 7):
        read_mp4(whole[:length], 0, 476297)
