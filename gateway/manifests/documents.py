"""What may name media beside manifests: JSON that players of HLS and DASH read, and WebVTT."""

from __future__ import annotations

from gateway.manifests import assets, steering, webvtt
from gateway.manifests.asking import Asking
from gateway.manifests.json_text import LARGEST, NotJsonError, read, replaced
from gateway.manifests.link import Link, counted
from gateway.manifests.sniff import Document


def rewrite(document: Document, text: bytes, base: str, link: Link, asking: Asking) -> bytes:
    """Rewrite what came from ``base``, byte for byte but for its references; what names no media is the same after.
    Raises `MalformedManifest` for more references than are worked through."""
    return webvtt.rewrite(text, base, link) if document is Document.WEBVTT else _json(text, base, link, asking)


def _json(text: bytes, base: str, link: Link, asking: Asking) -> bytes:
    if len(text) > LARGEST:
        return text
    readable, link = text.decode("utf-8", "surrogateescape"), counted(link)
    try:
        value = read(readable)
    except NotJsonError:
        return text
    changes = [*steering.changes(value, base, link, asking), *assets.changes(value, base, link)]
    return replaced(readable, changes).encode("utf-8", "surrogateescape")
