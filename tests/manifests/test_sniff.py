"""Telling manifests from other media."""

from __future__ import annotations

import pytest

from gateway.manifests import Kind, kind_of

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
