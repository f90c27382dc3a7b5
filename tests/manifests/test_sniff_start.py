"""Telling manifests by starts that are cut short, misleading, or secret."""

from __future__ import annotations

import pytest

from gateway.manifests import Kind, is_blank, kind_of
from tests.manifests.corpora import corpus

HLS, DASH = "application/vnd.apple.mpegurl", "application/dash+xml"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.mark.parametrize("start", [b"\xef\xbb", b"#", b"#EXTM3", b"a.ts?\xc3"])
def test_a_start_too_short_to_tell_leaves_it_to_the_playlists_content_type(start: bytes) -> None:
    assert kind_of(HLS, start) is Kind.HLS
    assert kind_of("text/plain", start) is None


@pytest.mark.parametrize("start", [b"<", b"<?xml version=", b"<MP", b"<mpd:", XML, XML + b"<!-- <MPD> to be", b"<!DOC"])
def test_a_start_too_short_to_tell_leaves_it_to_the_dash_content_type(start: bytes) -> None:
    assert kind_of(f"{DASH}; charset=utf-8", start) is Kind.DASH
    assert kind_of("text/xml", start) is None


@pytest.mark.parametrize("told", ["", "text/html", HLS, DASH])
@pytest.mark.parametrize("name", [b"MPD", b"html", b"a"])
def test_a_dash_manifest_with_a_document_type_is_one_so_that_it_is_refused(told: str, name: bytes) -> None:
    assert kind_of(told, b"<!DOCTYPE " + name + b" [<!ENTITY a 'b'>]><MPD/>") is Kind.DASH
    assert kind_of(told, b"<!DOCTYPE " + name + b" SYSTEM 'b'>\n<MPD/>") is Kind.DASH


@pytest.mark.parametrize("start", [XML, XML + b"<!-- by", b"\xef\xbb\xbf\n", b"<!-- by --><!DOCTYPE MPD [", b""])
def test_a_start_before_which_nothing_was_said_is_blank(start: bytes) -> None:
    assert is_blank(start)
    assert not is_blank(start + b"--> ]>#EXTM3U")


@pytest.mark.parametrize("told", [HLS, DASH, "text/html", ""])
@pytest.mark.parametrize(
    "start",
    [
        b"<!DOCTYPE html><html><body>502</body></html>",
        b"\xef\xbb\xbf<!-- <MPD> --><html >",
        XML + b"<Error><Code>AccessDenied</Code></Error>",
        b"<notMPD>",
    ],
)
def test_an_error_page_is_no_manifest_whatever_the_content_type(told: str, start: bytes) -> None:
    assert kind_of(told, start) is None


@pytest.mark.parametrize("start", [b"\xde\xad\xbe\xef" * 4, b"ID3\x04\x00\x00", (b"G" + b"A" * 187) * 2])
def test_keys_and_media_are_no_playlist_under_a_playlists_content_type(start: bytes) -> None:
    assert kind_of(HLS, start) is None


def test_every_manifest_of_the_public_suites_is_recognised() -> None:
    assert {kind_of(DASH, text[:1024]) for text in [*corpus("dash"), b"<MPD/>"]} == {Kind.DASH}
    assert {kind_of(HLS, text[:1024]) for text in [*corpus("hls"), b"#EXTM3U"]} == {Kind.HLS}
