"""The header of a first frame of sound, bit by bit; `test_files` has what FFmpeg writes."""

from __future__ import annotations

import pytest

from gateway.inspection.packed_audio import read_audio

REST = bytes(60)
FLAC = "664c6143 00000022 1000 1000 000000 000000"
"""The beginning of STREAMINFO, up to its rate, channels and depth."""


@pytest.mark.parametrize(
    ("frame", "codec", "channels"),
    [
        ("fff15c80", "mp4a.40.2", 2),
        ("fff95c40", "mp4a.40.2", 1),
        ("fff15dc0", "mp4a.40.2", 8),  # configuration 7
        ("fff11c80", "mp4a.40.1", 2),
        ("fffb9064", "mp3", 2),
        ("fffb90c4", "mp3", 1),
        ("ffe39044", "mp3", 2),  # MPEG 2.5
        ("fffda004", "mp2", 2),
        ("0b77 0000 00 50", "ac-3", 0),  # bsid 10
        ("0b77 0000 00 58", "ec-3", 0),
        ("0b77 0000 00 80", "ec-3", 0),
        (f"{FLAC} 0ac442f0", "flac", 2),
        (f"{FLAC} 0ac44af0", "flac", 6),
    ],
)
def test_a_first_frame_tells_codec_and_channels(frame: str, codec: str, channels: int) -> None:
    told = read_audio(bytes.fromhex(frame) + REST)
    assert told is not None
    assert (told[0].text, told[1]) == (codec, channels)


@pytest.mark.parametrize("frame", ["ffe19044", "ffff9064", "ff1b9064", "00fb9064", "ffe19080", "0b760000"])
def test_what_is_no_frame_is_no_sound(frame: str) -> None:
    assert read_audio(bytes.fromhex(frame) + REST) is None


def test_less_than_a_header_is_no_sound() -> None:
    frame = bytes.fromhex("fffb9064") + REST
    assert read_audio(frame[:7]) is None
    assert read_audio(frame[:8]) is not None


def test_a_tag_of_any_length_is_passed_over() -> None:
    """Each byte of its length has seven bits (ID3v2.4, section 6.2): a cover is longer than one or two of them hold."""
    for size, told in ((5, b"\0\0\0\5"), (0x81, b"\0\0\1\1"), (0x4001, b"\0\1\0\1")):
        tagged = b"ID3\4\0\0" + told + b"\xff\xf1" * (size // 2) + bytes(size % 2)
        found = read_audio(tagged + bytes.fromhex("fffb90c4") + REST)
        assert found is not None
        assert (found[0].text, found[1]) == ("mp3", 1)
        assert read_audio(tagged) is None


@pytest.mark.parametrize(
    ("packet", "told"), [(b"OpusHead\1\6", ("opus", 6)), (b"\1vorbis\0\0\0\0\6", ("vorbis", 6)), (b"\x80theora", None)]
)
def test_an_ogg_page_tells_what_its_first_packet_is(packet: bytes, told: tuple[str, int] | None) -> None:
    for segments in (b"\1\x13", b"\2\xff\x13"):
        found = read_audio(b"OggS" + bytes(22) + segments + packet + REST)
        assert (found and (found[0].text, found[1])) == told
