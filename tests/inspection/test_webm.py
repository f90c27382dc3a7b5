"""What WebM and Matroska say by their first bytes, beside what FFmpeg's own tools say of the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.inspection.inspected import Inspected, inspect_file
from gateway.inspection.presentation import Kind, Size
from gateway.inspection.webm import read_webm
from gateway.inspection.webm_codec import codec_of
from tests.inspection.test_files import SOME, codes, ffmpeg, ffprobe

PICTURE = ["-f", "lavfi", "-i", "testsrc=d=1:s=160x90:r=10"]
SOUND = ["-f", "lavfi", "-i", "sine=d=1"]
VP8 = ["-c:v", "libvpx", "-deadline", "realtime"]
SYNC = f"{0x498342:024b}"
"""How a key frame of VP9 goes on after its first byte (VP9 bitstream specification, section 6.2.1)."""


def made(file: Path, *arguments: str) -> Inspected:
    ffmpeg(*arguments, str(file))
    whole = file.read_bytes()
    return inspect_file(whole[:SOME], "video/webm", len(whole))


def test_a_webm_is_told_as_ffprobe_tells_it(tmp_path: Path) -> None:
    file = tmp_path / "film.webm"
    languages = ["-metadata:s:a", "language=deu", "-ac", "2"]
    found = made(file, *PICTURE, *SOUND, *VP8, "-c:a", "libopus", *languages)
    told, probed = found.presentation, ffprobe(file)["format"]
    assert (told.kind, codes(found)) == (Kind.WEBM, [])
    assert told.duration == pytest.approx(float(probed["duration"]), abs=0.001)
    (variant,), (sound,) = told.variants, told.renditions
    assert (variant.size, variant.frame_rate) == (Size(160, 90), 10.0)
    assert variant.average_bandwidth == pytest.approx(int(probed["bit_rate"]), rel=0.01)
    assert [codec.text for codec in (*variant.codecs, *sound.codecs)] == ["vp8", "opus"]
    assert (sound.type, sound.language, sound.channels) == ("audio", "deu", "2")


@pytest.mark.parametrize(
    ("encoder", "text", "words"),
    [
        (["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p"], "vp9", "VP9 profile 0 8 bit"),
        (["-c:v", "libvpx-vp9", "-pix_fmt", "yuv422p10le"], "vp9", "VP9 profile 3 10 bit"),
        (["-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p"], "av01.0.00M.08", "AV1 Main 2.0 8 bit"),
    ],
)
def test_codecs_in_webm_are_told(tmp_path: Path, encoder: list[str], text: str, words: str) -> None:
    found = made(tmp_path / "short.webm", "-f", "lavfi", "-i", "testsrc=d=0.2:s=160x90:r=10", *encoder)
    assert [(codec.text, codec.words) for codec in found.presentation.variants[0].codecs] == [(text, words)]


def test_matroska_with_chapters_subtitles_and_what_mp4_holds_too(tmp_path: Path) -> None:
    (tmp_path / "text.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    chapters = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
    (tmp_path / "chapters.txt").write_text(chapters)
    inputs = [*PICTURE, *SOUND, "-i", str(tmp_path / "text.srt"), "-i", str(tmp_path / "chapters.txt")]
    encoders = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-c:s", "srt", "-map_metadata", "3"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-metadata:s:s", "language=fra"]
    told = made(tmp_path / "film.mkv", *inputs, *maps, *encoders).presentation
    assert [codec.words for codec in told.variants[0].codecs] == ["H.264 High 1.0"]
    assert [(each.type, each.codecs[0].text) for each in told.renditions] == [
        ("audio", "mp4a.40.2"),
        ("subtitles", "S_TEXT/UTF8"),
    ]
    assert (told.renditions[1].language, told.features) == ("fra", ("chapters",))


def test_a_webm_of_unknown_size_tells_its_tracks_and_no_duration(tmp_path: Path) -> None:
    told = made(tmp_path / "live.webm", *PICTURE, *VP8, "-live", "1").presentation
    assert (told.duration, told.variants[0].size) == (None, Size(160, 90))


def test_a_webm_that_ends_before_its_segment_does_is_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "film.webm"
    made(file, *PICTURE, *VP8)
    cut = file.read_bytes()[:-100]
    assert codes(inspect_file(cut, "video/webm", len(cut))) == ["cut-short"]


def test_a_vp9_track_that_tells_profile_level_and_depth_has_a_codec_string_of_them() -> None:
    codec = codec_of("V_VP9", "video", bytes.fromhex("010102 02011f 03010a 040101".replace(" ", "")), b"")
    assert codec is not None
    assert (codec.text, codec.words) == ("vp09.02.31.10", "VP9 profile 2 level 3.1 10 bit")


@pytest.mark.parametrize("private", ["010102 03010a", "010200 02011f 03010a", "020102", "0101"])
def test_a_vp9_track_that_tells_less_is_vp9(private: str) -> None:
    codec = codec_of("V_VP9", "video", bytes.fromhex(private), b"")
    assert codec is not None
    assert codec.text == "vp9"


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ("10 00 0 0 10" + SYNC + "0", "VP9 profile 0 8 bit"),
        ("10 10 0 0 10" + SYNC + "1", "VP9 profile 1 8 bit"),
        ("10 01 0 0 10" + SYNC + "0", "VP9 profile 2 10 bit"),
        ("10 01 0 0 10" + SYNC + "1", "VP9 profile 2 12 bit"),
        ("10 11 0 0 0 10" + SYNC + "1", "VP9 profile 3 12 bit"),
        ("01 00 0 0 10" + SYNC + "0", "VP9"),  # no frame of VP9
        ("10 00 1 0 10" + SYNC + "0", "VP9"),  # shows one that was before
        ("10 00 0 1 10" + SYNC + "0", "VP9"),  # needs another
        ("10 00 0 0 10" + SYNC[:-1] + "1", "VP9"),
    ],
)
def test_the_header_of_a_vp9_frame_tells_profile_and_depth(bits: str, words: str) -> None:
    frame = int(bits.replace(" ", "").ljust(40, "0"), 2).to_bytes(5, "big")
    codec = codec_of("V_VP9", "video", b"", frame)
    assert codec is not None
    assert codec.words == words
    assert codec_of("V_VP9", "video", b"", frame[:4]) == codec_of("V_VP9", "video", b"", b"")


@pytest.mark.parametrize("name", ["", "V_\x1b[31m", "V_\n"])
def test_a_codec_without_a_name_that_can_be_shown_is_not_told(name: str) -> None:
    assert codec_of(name, "video", b"", b"") is None


def test_a_webm_that_is_encrypted_says_so_and_its_frames_are_not_read_for_codecs() -> None:
    def element(name: str, content: bytes) -> bytes:
        return bytes.fromhex(name) + (len(content) | 1 << 28).to_bytes(4, "big") + content

    coding = element("6240", element("5035", element("47e1", b"\5")))
    track = element("d7", b"\1") + element("83", b"\1") + element("86", b"V_VP9") + element("6d80", coding)
    frame = element("a3", b"\x81\0\0\x80" + bytes.fromhex("824983420000"))
    segment = element("18538067", element("1654ae6b", element("ae", track)) + element("1f43b675", frame))
    told = inspect_file(element("1a45dfa3", b"") + segment, "video/webm", None).presentation
    assert [each.words for each in told.encryption] == ["AES-CTR"]
    assert [codec.words for codec in told.variants[0].codecs] == ["VP9"]


def test_no_webm_is_too_short_or_too_odd_to_be_read(tmp_path: Path) -> None:
    file = tmp_path / "film.webm"
    made(file, *PICTURE, *VP8)
    whole = file.read_bytes()[:2000]
    for length in range(len(whole)):
        read_webm(whole[:length])
        read_webm(whole[:length] + b"\x01\xff\xff\xff\xff\xff\xff\xfe" + whole[length:])
