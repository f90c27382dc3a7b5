"""What may name media beside manifests: JSON that players of HLS and DASH read, and WebVTT."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

from gateway.manifests import assets, steering, webvtt
from gateway.manifests.asking import Asking
from gateway.manifests.data_url import DATA, decoded
from gateway.manifests.json_text import LARGEST, NotJsonError, read, replaced
from gateway.manifests.link import Link, counted, whole
from gateway.manifests.sniff import Document

_SAFE = ":/?=&,;@$!*()[]"


def rewrite(document: Document, text: bytes, base: str, link: Link, asking: Asking) -> bytes:
    """Rewrite what came from ``base``, byte for byte but for its references; what names no media is the same after.
    Raises `MalformedManifest` for more references than are worked through."""
    return webvtt.rewrite(text, base, link) if document is Document.WEBVTT else _json(text, base, link, asking)


def in_place(reference: str, base: str, link: Link, asking: Asking) -> str | None:
    """What to write for a ``data:`` URL (RFC 2397) of JSON that stands in place of one to fetch, in a manifest that
    came from ``base``; None to leave it, if it names no media or is none. Players have nothing to resolve its
    references against, so that all are written whole.
    """
    found = DATA.fullmatch(reference)
    text = decoded(found) if found else None
    if found is None or text is None:
        return None

    def from_anywhere(asked: str, absolute: str) -> str | None:
        led = link(asked, absolute)
        return led if led is None else whole(led, asking.own)

    rewritten = _json(text, base, from_anywhere, asking)
    if rewritten == text:
        return None
    data = b64encode(rewritten).decode() if found["coded"] else quote(rewritten, safe=_SAFE)
    return found["head"] + data + found["fragment"]


def _json(text: bytes, base: str, link: Link, asking: Asking) -> bytes:
    if len(text) > LARGEST:
        return text
    readable, link = text.decode("utf-8", "surrogateescape"), counted(link)
    try:
        value = read(readable)
    except NotJsonError:
        return text
    changes = [*steering.changes(value, base, link, asking), *assets.changes(value, base, link, asking.own)]
    return replaced(readable, changes).encode("utf-8", "surrogateescape")
