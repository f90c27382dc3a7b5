"""Heads of answers, as the tests write them, and the ones that Hypothesis makes up."""

from __future__ import annotations

from email.utils import formatdate

from hypothesis import strategies as st

from gateway.origins.head import Head

NOW = 1_800_000_000.0
"""The moment at which origins answer in these tests, in seconds of the epoch."""

NAMES = (
    "Age", "Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Range", "Content-Type", "Date",
    "ETag", "Expires", "Last-Modified", "Set-Cookie", "Transfer-Encoding", "Vary", "X-Other", "cAcHe-CoNtRoL",
)  # fmt: skip

VALUES = (
    "", "*", "0", "-1", "1", "60", "9" * 5000, "1, 2", "nan", "no-store", "max-age=60", 'max-age="60', "s-maxage=-5",
    "max-age=1e3, private", '"a"', 'W/"a"', '"b"', "abc", "bytes 0-9/10", "bytes 9-0/10", "bytes 0-9/*", "chunked",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 99 Foo 2020 99:99:99 GMT", "x-other",
    "video/mp4", "text/html; charset=utf-8", "multipart/byteranges; boundary=x", "Range", "Age, Date",
)  # fmt: skip


def at(seconds: float) -> str:
    """The HTTP-date of a moment, in seconds from `NOW`."""
    return formatdate(NOW + seconds, usegmt=True)


def head(status: int = 200, *fields: tuple[str, str]) -> Head:
    """The head of an answer."""
    return Head(status, fields)


def video(*fields: tuple[str, str]) -> Head:
    """A 200 of media."""
    return head(200, ("Content-Type", "video/mp4"), *fields)


dates = st.integers(-(10**9), 10**9).map(at)
latin_1 = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
awkward_fields = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | dates | latin_1)
awkward_heads = st.builds(
    Head,
    st.sampled_from((200, 204, 206, 301, 302, 304, 307, 308, 404, 416, 500)),
    st.lists(awkward_fields, max_size=8).map(tuple),
)
