"""A compressed manifest, decompressed within a bound."""

from __future__ import annotations

import zlib

from gateway.problem import OriginUnreachable

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest manifest that is read, before and after decompression."""

_PIECE = 4096
"""Bytes that are decompressed at a time. What stands behind a member is copied when it ends, and a body of nothing but
empty members, of 20 bytes each, would be copied for each of them: 4 MiB took half a minute."""

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
_OF_PLAYERS = frozenset({"br", "zstd", "dcb", "dcz", "compress", "x-compress"})
"""Codings that some players undo, and the gateway does not."""
_NONE = frozenset({"", "identity"})
_RAW = -15
"""What many send as "deflate", and browsers read: without a head of zlib's (RFC 9110, section 8.4.1.2)."""


def decode(body: bytes, coding: str, most: int = LARGEST) -> bytes:
    """The first ``most`` bytes or fewer of what ``body``, which may be cut short, holds under a content coding
    (RFC 9110, section 8.4.1).

    Raises `OriginUnreachable` for a coding the gateway did not ask for, and for bytes that are not of that coding.
    """
    return _decoded(body, coding, most)[0]


def decode_whole(body: bytes, coding: str) -> bytes:
    """What ``body`` holds under a content coding; raise `OriginUnreachable` as `decode` does, if it is cut short, and
    if it holds more than `LARGEST` bytes."""
    text, whole = _decoded(body, coding, LARGEST + 1)
    if len(text) > LARGEST:
        del text  # or the error would hold on to it until the request is wound up
        raise OriginUnreachable(f"The origin's manifest is larger than {LARGEST} bytes.")
    if not whole:
        raise OriginUnreachable("The origin's compressed manifest is cut short.")
    return text


def _decoded(body: bytes, coding: str, most: int) -> tuple[bytes, bool]:
    """At most ``most`` bytes, and whether they are all."""
    name = _undone(coding)
    if not name:
        return body[:most], len(body) <= most
    bits = _RAW if name == "deflate" and not _has_head(body) else _WINDOW_BITS[name]
    text, view, at = bytearray(), memoryview(body), 0
    member = None
    try:
        while at < len(body) and len(text) < most:  # a gzip file may have several members (RFC 1952, section 2.2)
            if member is None or member.eof:
                member = zlib.decompressobj(bits)
            piece = view[at : at + _PIECE]
            text += member.decompress(piece, most - len(text))
            at += len(piece) - len(member.unused_data) - len(member.unconsumed_tail)
    except zlib.error as error:
        raise OriginUnreachable("The origin's compressed manifest cannot be decompressed.") from error
    return bytes(text), member is not None and member.eof


def _undone(coding: str) -> str:
    """The coding that players undo; none where they take the body as it is, as they do for words that are no coding,
    such as S3's ``aws-chunked``. Of several, some players undo all and others one, or none."""
    # It has no parameters, and yet FFmpeg reads one that has.
    names = [name for told in coding.lower().split(",") if (name := told.partition(";")[0].strip()) not in _NONE]
    if not any(name in _WINDOW_BITS or name in _OF_PLAYERS for name in names):
        return ""
    if len(names) > 1 or names[0] in _OF_PLAYERS:
        raise OriginUnreachable(f"The origin sends a content coding that was not asked for: {coding[:40]}.")
    return names[0]


def _has_head(body: bytes) -> bool:
    """Whether a body begins as zlib's do (RFC 1950, section 2.2), or gzip's."""
    is_zlib = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return is_zlib or body.startswith(b"\x1f\x8b") or len(body) < 2
