"""``data:`` URLs (RFC 2397), and what stands in the place of a reference that the gateway can lead nowhere."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import quote, unquote_to_bytes

from gateway.manifests.sniff import kind_of

DATA = re.compile(
    r"(?P<head>data:(?P<type>[^,]*?)(?P<coded>; *base64 *)?,)(?P<data>[^#]*)(?P<fragment>.*)", re.IGNORECASE | re.DOTALL
)
_FETCHED = re.compile(r"(?:crypto[+:])?(?:https?|s?ftps?|ftpes|rtmp\w*|rtsp\w*|rtp|udp|mms\w*|srt|smb):", re.IGNORECASE)
"""By which VLC and others fetch, if not browsers."""

_SHOWN = 200
"""Characters of a reference that its refusal shows."""


def decoded(found: re.Match[str]) -> bytes | None:
    """What a match of `DATA` holds, read as forgivingly as players do (WHATWG Fetch, section 6); None for nothing."""
    raw = unquote_to_bytes(found["data"])
    if not found["coded"]:
        return raw
    raw = raw.translate(None, b" \t\r\n\f").rstrip(b"=")
    try:
        return b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except ValueError:
        return None


def refused(reference: str, *, manifest: bool = False) -> str | None:
    """What to write for a reference that resolves to nothing, if a player could follow it nevertheless, past the
    gateway: one of http that URL parsers refuse, and FFmpeg does not (``http://x:80y/``), or of another network; or a
    ``data:`` URL that is a manifest, or stands where only a ``manifest`` can. The gateway answers it with why it is
    refused. None for others, which stay."""
    reference = reference.strip()
    found = DATA.fullmatch(reference)
    if found:
        text = decoded(found)
        if not (manifest or (text and kind_of(found["type"], text))):
            return None
    elif not _FETCHED.match(reference):
        return None
    return f"/api?url={quote(reference[:_SHOWN].encode('utf-8', 'surrogateescape'), safe='')}"
