"""A manifest on its way to the player: told from other media, read whole, rewritten, labelled, compressed."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass

from gateway.links import Links
from gateway.manifests import Kind, kind_of, rewrite
from gateway.manifests.decode import LARGEST, decode
from gateway.origins.client import Answer
from gateway.origins.transfer import Head
from gateway.problem import OriginUnreachable
from handlers import fields

_ENOUGH_TO_SNIFF = 1024
_ENOUGH_TO_TELL = 16
"""Bytes without which nothing is told: an origin may send its first byte alone. More are not waited for, because the
media of a live stream may trickle."""

_WHOLE = re.compile(r"bytes 0-(?P<last>[0-9]+)/(?P<total>[0-9]+)")
_TYPES = {Kind.HLS: "application/vnd.apple.mpegurl", Kind.DASH: "application/dash+xml"}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body and the fields that describe it."""

    content: bytes
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A rewritten manifest. It carries grants, which age: a cache may not keep it, and a shared one least of all."""

    kind: Kind
    text: bytes

    def plain(self) -> Encoded:
        """As it is."""
        told = {"Content-Type": _TYPES[self.kind], "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        return Encoded(self.text, told | fields.UNTRUSTED)

    def compressed(self) -> Encoded:
        """With gzip: a grant that is repeated 20,000 times must not cost as much on the wire."""
        plain = self.plain()
        return Encoded(gzip.compress(self.text, 5, mtime=0), plain.fields | {"Content-Encoding": "gzip"})


async def sniff(answer: Answer) -> tuple[Kind | None, bytes]:
    """What kind of manifest an answer is, if it is one, and the start of its body that was read to see."""
    start = await answer.body.read()
    while 0 < len(start) < _ENOUGH_TO_TELL and (more := await answer.body.read()):
        start += more
    content_type, coding = answer.head.get("Content-Type"), answer.head.get("Content-Encoding")
    try:
        return kind_of(content_type, decode(start, coding, _ENOUGH_TO_SNIFF)), start
    except OriginUnreachable:
        return None, start  # a coding the gateway cannot read: media as far as it is concerned


def is_whole(head: Head) -> bool:
    """Whether a partial answer (RFC 9110, section 15.3.7) covers the whole: FFmpeg asks ``bytes=0-`` for everything."""
    whole = _WHOLE.fullmatch(head.get("Content-Range"))
    return whole is not None and int(whole["last"]) + 1 == int(whole["total"])


async def read_manifest(answer: Answer, kind: Kind, start: bytes, links: Links) -> Manifest:
    """Read the rest of a manifest and rewrite it; raise `OriginUnreachable` if it is too large or malformed."""
    body = bytearray(start)
    while chunk := await answer.body.read():
        body += chunk
        if len(body) > LARGEST:
            raise OriginUnreachable(f"The origin's manifest is larger than {LARGEST} bytes.")
    text = decode(bytes(body), answer.head.get("Content-Encoding"), LARGEST + 1)
    if len(text) > LARGEST:
        raise OriginUnreachable(f"The origin's manifest is larger than {LARGEST} bytes.")
    # Nothing to rewrite in an empty body: the answer to HEAD has none.
    return Manifest(kind, rewrite(kind, text, answer.url.href, links) if text else b"")
