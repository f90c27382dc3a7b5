"""Telling manifests from other media."""

from __future__ import annotations

import pytest

from gateway.manifests import Kind, is_other_list, kind_of

HLS, DASH = "application/vnd.apple.mpegurl", "application/dash+xml"
MPD = b'<?xml version="1.0"?>\n<!-- a > b -->\n<MPD xmlns="x">'


@pytest.mark.parametrize(
    ("content_type", "start", "kind"),
    [
        ("", b"#EXTM3U\n", Kind.HLS),
        ("text/plain", b"\xef\xbb\xbf#EXTM3U\r\n", Kind.HLS),
        ("video/mp2t", b"\n#EXTM3U\n", Kind.HLS),
        (HLS, b"#EXTINF:4,\na.ts\n", Kind.HLS),
        ("Audio/MpegURL; charset=utf-8", b"# no header\na.ts\n", Kind.HLS),
        (HLS, b"", Kind.HLS),
        (DASH, b"", Kind.DASH),
        ("", MPD, Kind.DASH),
        ("text/xml", b"\xef\xbb\xbf \n<mpd:MPD/>", Kind.DASH),
        (DASH, b'<?xml version="1.0"?>\n<!-- cut of', Kind.DASH),
        (HLS, b"<!doctype html><html>", None),
        (DASH, b"<html>", None),
        (HLS, b"\x47" + b"\x1f" * 187 + b"\x47" + b"\x00" * 187, None),
        (HLS, b"\x00\x00\x00\x18ftypmp42", None),
        ("", b"a.ts\n", None),
        ("", b"", None),
        ("text/xml", b"<MPDX>", None),
        ("application/octet-stream", b"\x00" * 100, None),
    ],
)
def test_first_bytes_decide_and_the_type_where_they_leave_it_open(
    content_type: str, start: bytes, kind: Kind | None
) -> None:
    assert kind_of(content_type, start) is kind


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"#EXTINF:4,\na.ts\n", Kind.HLS),
        (b"# a list\n\nhttps://o.example/a.ts\n", Kind.HLS),
        (b"see https://o.example/", None),
    ],
)
def test_a_list_without_a_header_is_a_playlist_whatever_its_type(start: bytes, kind: Kind | None) -> None:
    assert kind_of("text/plain", start) is kind


@pytest.mark.parametrize("start", [b"x<MPD/>", b"<a/><MPD/>"])
def test_what_is_told_to_be_dash_is_read_as_that_wherever_its_root_is(start: bytes) -> None:
    assert kind_of(DASH, start) is Kind.DASH


@pytest.mark.parametrize(
    ("start", "is_list"),
    [
        (b"[playlist]\nFile1=https://o.example/a.ts\n", True),
        (b"# mpv EDL v0\nhttps://o.example/a.ts\n", True),
        (b"ffconcat version 1.0\n", True),
        (b"v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\n", True),
        (b'<?xml version="1.0"?>\n<playlist version="1">', True),
        (b'<ASX version="3.0">', True),
        (b"#EXTM3U\n", False),
        (b"<MPD/>", False),
        (b"\x47playlist", False),
        (b"<html>", False),
    ],
)
def test_playlists_of_other_formats_are_known(start: bytes, is_list: bool) -> None:
    assert is_other_list(start) is is_list
