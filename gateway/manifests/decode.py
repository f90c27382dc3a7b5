"""A compressed manifest, decompressed within a bound."""

from __future__ import annotations

import zlib

from gateway.problem import OriginUnreachable

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest manifest that is read, before and after decompression."""

_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 47}


def decode(body: bytes, coding: str, most: int = LARGEST) -> bytes:
    """The first ``most`` bytes or fewer of what ``body`` holds under a content coding (RFC 9110, section 8.4.1).

    ``body`` may be cut short. Raises `OriginUnreachable` for a coding the gateway did not ask for, and for bytes that
    are not of that coding.
    """
    if coding.lower() in {"", "identity"}:
        return body[:most]
    if coding.lower() not in _WINDOW_BITS:
        raise OriginUnreachable(f"The origin sends the manifest with a content coding not asked for: {coding[:20]}.")
    try:
        return zlib.decompressobj(_WINDOW_BITS[coding.lower()]).decompress(body, most)
    except zlib.error as error:
        raise OriginUnreachable("The origin's compressed manifest cannot be decompressed.") from error
