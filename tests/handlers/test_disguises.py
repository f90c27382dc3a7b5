"""Manifests that players would read and the gateway would take for other media, and what only looks like one."""

from __future__ import annotations

import gzip

import pytest

from tests.scripted_origin import Origin, answer
from tests.service import Service

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttps://elsewhere.example/1.ts\n#EXT-X-ENDLIST\n"
MPD = b'<?xml version="1.0"?>\n<MPD><BaseURL>https://elsewhere.example/</BaseURL></MPD>'
TEXTS = [PLAYLIST, MPD]
KINDS = ["hls", "dash"]
Fields = dict[str, str]


@pytest.mark.parametrize("text", TEXTS, ids=KINDS)
@pytest.mark.parametrize(
    "coding", ["br", "zstd", "gzip, br", "br, gzip", "gzip, gzip", "identity, BR", "compress", "gzip"]
)
def test_a_coding_that_players_undo_and_the_gateway_does_not_is_refused(
    service: Service, origin: Origin, token: Fields, text: bytes, coding: str
) -> None:
    origin.scripts["/v.ts"] = answer(text, Content_Type="video/mp2t", Content_Encoding=coding)
    for asked in ({}, {"Range": "bytes=0-"}):
        reply = service.media(f"{origin.url}/v.ts", token | asked)
        assert (reply.status, reply.json["title"]) == (502, "Origin unreachable")


def test_codings_in_two_fields_are_a_list(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(b"", **{"Content-Encoding": "identity", "content-encoding": "br"})
    assert service.media(f"{origin.url}/v.ts", token).status == 502


@pytest.mark.parametrize("text", TEXTS, ids=KINDS)
@pytest.mark.parametrize("coding", ["aws-chunked", "utf-8", "none", "identity"])
def test_words_that_are_no_coding_hide_nothing(
    service: Service, origin: Origin, token: Fields, text: bytes, coding: str
) -> None:
    origin.scripts["/v"] = answer(text, Content_Encoding=coding)
    reply = service.media(f"{origin.url}/v", token)
    assert (reply.status, reply.headers["Content-Encoding"]) == (200, None)
    assert b"https://elsewhere.example/" not in reply.body


@pytest.mark.parametrize("text", TEXTS, ids=KINDS)
@pytest.mark.parametrize(
    ("charset", "mark"), [("utf-16", ""), ("utf-16-le", ""), ("utf-16-be", ""), ("utf-16-be", "\ufeff")]
)
def test_a_manifest_in_utf_16_is_refused(
    service: Service, origin: Origin, token: Fields, text: bytes, charset: str, mark: str
) -> None:
    body = (mark + text.decode()).encode(charset)
    origin.scripts["/v.ts"] = answer(body, Content_Type=f"text/plain; charset={charset.replace('16-', '16')}")
    reply = service.media(f"{origin.url}/v.ts", token)
    assert (reply.status, "UTF-16" in reply.json["detail"]) == (502, True)


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        ("text/plain; charset=utf-16le", "text/plain"),
        ("text/plain;charset=ISO-2022-JP;x=1", "text/plain;x=1"),
        ('text/vtt; charset="utf-16"', "text/vtt"),
        ("text/vtt; charset=UTF-8", "text/vtt; charset=UTF-8"),
        ('text/plain; charset="iso-8859-1"', 'text/plain; charset="iso-8859-1"'),
        ("video/mp2t", "video/mp2t"),
    ],
)
def test_no_charset_passes_that_would_make_other_text_of_it(
    service: Service, origin: Origin, token: Fields, told: str, passes: str
) -> None:
    origin.scripts["/v"] = answer(b"G" * 188, Content_Type=told)
    assert service.media(f"{origin.url}/v", token).headers["Content-Type"] == passes


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_passes_whatever_it_is_coded_in(service: Service, origin: Origin, token: Fields, status: int) -> None:
    origin.scripts["/v.ts"] = answer(b"\x0b\x02\x80sorry\x03", status, Content_Encoding="br")
    reply = service.media(f"{origin.url}/v.ts", token)
    assert (reply.status, reply.body) == (status, b"\x0b\x02\x80sorry\x03")


def test_a_part_of_what_is_coded_is_media(service: Service, origin: Origin, token: Fields) -> None:
    whole = gzip.compress(b"G" * 18_800, mtime=0)
    told = {"Content_Encoding": "gzip", "Content_Range": f"bytes 10-19/{len(whole)}"}
    origin.scripts["/v.ts"] = answer(whole[10:20], 206, **told)
    reply = service.media(f"{origin.url}/v.ts", token | {"Range": "bytes=10-19"})
    assert (reply.status, reply.body) == (206, whole[10:20])


def test_coded_media_passes_as_it_came(service: Service, origin: Origin, token: Fields) -> None:
    body = gzip.compress(b"G" * 18_800, mtime=0)
    origin.scripts["/v.ts"] = answer(body, Content_Encoding="gzip")
    reply = service.media(f"{origin.url}/v.ts", token)
    assert (reply.status, reply.headers["Content-Encoding"], reply.body) == (200, "gzip", body)


@pytest.mark.parametrize(
    "start", [b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"\0\0\0\x20ftypisom", b"\x1aE\xdf\xa3", b"GIF89a", b"\0#\0\1"]
)
def test_media_whose_first_bytes_look_a_little_like_utf_16_passes(
    service: Service, origin: Origin, token: Fields, start: bytes
) -> None:
    body = start + bytes(range(256)) * 8
    origin.scripts["/v"] = answer(body, Content_Type="video/mp4")
    assert service.media(f"{origin.url}/v", token).body == body


@pytest.mark.parametrize("kib", [63, 65])
def test_a_manifest_behind_more_comment_than_is_looked_through_is_refused(
    service: Service, origin: Origin, token: Fields, kib: int
) -> None:
    origin.scripts["/v"] = answer(b"<!--" + b"x" * 1024 * kib + b"-->" + MPD.partition(b"\n")[2])
    reply = service.media(f"{origin.url}/v", token)
    assert reply.status == (200 if kib < 64 else 502)
    assert b"https://elsewhere.example/" not in reply.body
