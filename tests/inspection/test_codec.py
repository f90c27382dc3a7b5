"""Codec strings in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inspection.codec import Codec, read_codecs


@pytest.mark.parametrize(
    ("text", "words", "family"),
    [
        ("avc1.4d401e", "H.264 Main 3.0", "video"),
        ("avc1.42E01E", "H.264 Constrained Baseline 3.0", "video"),
        ("avc1.42001f", "H.264 Baseline 3.1", "video"),
        ("avc1.42f00b", "H.264 Constrained Baseline 1b", "video"),
        ("avc3.640028", "H.264 High 4.0", "video"),
        ("avc1.66.30", "H.264 Baseline 3.0", "video"),
        ("avc1", "H.264", "video"),
        ("hvc1.2.4.L123.B0", "H.265 Main 10 4.1", "video"),
        ("hev1.1.6.H150.90", "H.265 Main 5.0 high tier", "video"),
        ("dvh1.05.06", "Dolby Vision profile 5 level 6", "video"),
        ("av01.0.08M.10", "AV1 Main 4.0 10 bit", "video"),
        ("av01.0.13H.08", "AV1 Main 5.1 high tier 8 bit", "video"),
        ("vp09.00.41.08", "VP9 profile 0 level 4.1 8 bit", "video"),
        ("vvc1.1.L51", "H.266 Main 10 3.1", "video"),
        ("mp4a.40.2", "AAC-LC", "audio"),
        ("mp4a.40.5", "HE-AAC", "audio"),
        ("mp4a.40.29", "HE-AAC v2", "audio"),
        ("mp4a.40.34", "MP3", "audio"),
        ("mp4a.6B", "MP3", "audio"),
        ("mp4a.a6", "E-AC-3", "audio"),
        ("ec-3", "E-AC-3", "audio"),
        ("Opus", "Opus", "audio"),
        ("fLaC", "FLAC", "audio"),
        ("wvtt", "WebVTT", "text"),
        ("stpp.ttml.im1t", "TTML IMSC1 text", "text"),
        ("zzzz.1", "zzzz.1", "other"),
    ],
)
def test_a_codec_string_is_told_in_words(text: str, words: str, family: str) -> None:
    codec = Codec.read(text)
    assert (codec.words, codec.family, codec.text) == (words, family, text)


def test_a_list_of_codecs_may_have_spaces() -> None:
    assert [codec.name for codec in read_codecs("avc1.4d401e, mp4a.40.2 ,,")] == ["H.264", "AAC"]


@given(st.sampled_from(["avc1", "hvc1", "av01", "vp09", "dvh1", "vvc1", "mp4a", "stpp", ""]), st.text(max_size=40))
def test_no_codec_string_is_too_odd_to_be_told(kind: str, rest: str) -> None:
    assert isinstance(Codec.read(f"{kind}.{rest}").words, str)
