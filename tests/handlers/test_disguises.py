"""Manifests that players would read and the gateway would take for other media, and what only looks like one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.scripted_origin import Origin, answer
from tests.service import Reply, Service, tiers_text

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttps://elsewhere.example/1.ts\n#EXT-X-ENDLIST\n"
MPD = b'<?xml version="1.0"?>\n<MPD><BaseURL>https://elsewhere.example/</BaseURL></MPD>'
ELSEWHERE = b"https://elsewhere.example/"
TEXTS = [PLAYLIST, MPD]
KINDS = ["hls", "dash"]


@dataclass
class Stage:
    """A gateway before an origin whose one file each test makes anew, under a name of its own."""

    origin: Origin
    service: Service
    token: dict[str, str]
    files: int = 0

    def asked(self, body: bytes, status: int = 200, /, *, span: str = "", **fields: str) -> Reply:
        """What a player gets who asks for such a file, or for a ``span`` of it."""
        self.files += 1
        self.origin.scripts[f"/{self.files}.ts"] = answer(body, status, **fields)
        return self.service.media(f"{self.origin.url}/{self.files}.ts", self.token | ({"Range": span} if span else {}))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    origin = Origin.start()
    service = Service.start(tmp_path_factory.mktemp("gateway"), tiers_text(origin.url))
    yield Stage(origin, service, {"X-Session-Token": service.token(service.add_key("acme", "standard"))})
    service.stop()
    origin.stop()


@pytest.mark.parametrize("text", TEXTS, ids=KINDS)
@pytest.mark.parametrize(
    "coding", ["br", "zstd", "gzip, br", "br, gzip", "gzip, gzip", "identity, BR", "compress", "gzip"]
)
def test_a_coding_that_players_undo_and_the_gateway_does_not_is_refused(stage: Stage, text: bytes, coding: str) -> None:
    for span in ("", "bytes=0-"):
        reply = stage.asked(text, Content_Type="video/mp2t", Content_Encoding=coding, span=span)
        assert (reply.status, reply.json["title"]) == (502, "Origin unreachable")


def test_codings_in_two_fields_are_a_list(stage: Stage) -> None:
    assert stage.asked(b"", **{"Content-Encoding": "identity", "content-encoding": "br"}).status == 502


@pytest.mark.parametrize("text", TEXTS, ids=KINDS)
@pytest.mark.parametrize("coding", ["aws-chunked", "utf-8", "none", "identity"])
def test_words_that_are_no_coding_hide_nothing(stage: Stage, text: bytes, coding: str) -> None:
    reply = stage.asked(text, Content_Encoding=coding)
    assert (reply.status, reply.headers["Content-Encoding"]) == (200, None)
    assert ELSEWHERE not in reply.body


@pytest.mark.parametrize("text", TEXTS, ids=KINDS)
@pytest.mark.parametrize(
    ("charset", "mark"), [("utf-16", ""), ("utf-16-le", ""), ("utf-16-be", ""), ("utf-16-be", "\ufeff")]
)
def test_a_manifest_in_utf_16_is_refused(stage: Stage, text: bytes, charset: str, mark: str) -> None:
    body = (mark + text.decode()).encode(charset)
    reply = stage.asked(body, Content_Type=f"text/plain; charset={charset.replace('16-', '16')}")
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
def test_no_charset_passes_that_would_make_other_text_of_it(stage: Stage, told: str, passes: str) -> None:
    assert stage.asked(b"G" * 188, Content_Type=told).headers["Content-Type"] == passes


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_passes_whatever_it_is_coded_in(stage: Stage, status: int) -> None:
    reply = stage.asked(b"\x0b\x02\x80sorry\x03", status, Content_Encoding="br")
    assert (reply.status, reply.body) == (status, b"\x0b\x02\x80sorry\x03")


def test_a_part_of_what_is_coded_is_media(stage: Stage) -> None:
    whole = gzip.compress(b"G" * 18_800, mtime=0)
    told = {"Content_Encoding": "gzip", "Content_Range": f"bytes 10-19/{len(whole)}"}
    reply = stage.asked(whole[10:20], 206, span="bytes=10-19", **told)
    assert (reply.status, reply.body) == (206, whole[10:20])


def test_coded_media_passes_as_it_came(stage: Stage) -> None:
    body = gzip.compress(b"G" * 18_800, mtime=0)
    reply = stage.asked(body, Content_Encoding="gzip")
    assert (reply.status, reply.headers["Content-Encoding"], reply.body) == (200, "gzip", body)


@pytest.mark.parametrize(
    "start", [b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"\0\0\0\x20ftypisom", b"\x1aE\xdf\xa3", b"GIF89a", b"\0#\0\1"]
)
def test_media_whose_first_bytes_look_a_little_like_utf_16_passes(stage: Stage, start: bytes) -> None:
    body = start + bytes(range(256)) * 8
    assert stage.asked(body, Content_Type="video/mp4").body == body


@pytest.mark.parametrize("kib", [63, 65])
def test_a_manifest_behind_more_comment_than_is_looked_through_is_refused(stage: Stage, kib: int) -> None:
    reply = stage.asked(b"<!--" + b"x" * 1024 * kib + b"-->" + MPD.partition(b"\n")[2])
    assert reply.status == (200 if kib < 64 else 502)
    assert ELSEWHERE not in reply.body
