"""Compressed manifests: what they hold, however they are put together, within a bound of bytes and of time."""

from __future__ import annotations

import gzip
import time
import zlib

import pytest

from gateway.manifests.decode import decode, decode_whole
from gateway.problem import OriginUnreachable

LINES = b"".join(b"#EXTINF:4,\nsegment-%d.ts\n" % number for number in range(20_000))


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(LINES),
        gzip.compress(LINES, 0),
        gzip.compress(b"") + gzip.compress(LINES) + gzip.compress(b""),
        b"".join(gzip.compress(LINES[at : at + 999]) for at in range(0, len(LINES), 999)),
    ],
    ids=["one", "one as it is", "between empty ones", "many"],
)
def test_members_of_any_length_are_read_one_after_the_other(body: bytes) -> None:
    assert decode_whole(body, "gzip") == LINES
    assert decode(body, "x-gzip", 1000) == LINES[:1000]


@pytest.mark.parametrize(
    "body", [gzip.compress(LINES)[:-1], gzip.compress(LINES) + b"more", b""], ids=["cut", "more", "none"]
)
def test_what_is_cut_short_or_followed_by_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(OriginUnreachable):
        decode_whole(body, "gzip")


def test_a_coding_has_no_parameters_and_is_read_with_some() -> None:
    assert decode_whole(gzip.compress(LINES), "GZIP ;q=1") == LINES


def test_deflate_is_read_without_a_head() -> None:
    raw = zlib.compressobj(wbits=-15)
    body = raw.compress(LINES) + raw.flush()
    assert decode_whole(body, "deflate") == LINES
    assert decode(body[:2000], "deflate", 100) == LINES[:100]


def test_deflate_is_read_with_a_head_of_either_kind() -> None:
    assert decode_whole(zlib.compress(LINES), "deflate") == decode_whole(gzip.compress(LINES), "deflate") == LINES


def test_nothing_but_empty_members_takes_no_longer_than_other_bytes_do() -> None:
    body = gzip.compress(b"#EXTM3U\n") + gzip.compress(b"") * (4 * 1024 * 1024 // 20)
    began = time.process_time()
    assert decode_whole(body, "gzip") == b"#EXTM3U\n"
    assert time.process_time() - began < 5
