"""HLS and DASH manifests, and what else names media: pure functions from bytes to bytes. Reading one needs no network
and no clock."""

from gateway.manifests import dash, documents, hls
from gateway.manifests.asking import Asking
from gateway.manifests.length import Length, length
from gateway.manifests.link import Link, MalformedManifest
from gateway.manifests.sniff import (
    Document,
    Kind,
    beginning,
    document_of,
    in_utf_8,
    is_blank,
    is_named_manifest,
    is_other_list,
    is_undecided,
    kind_of,
)

__all__ = [
    "Asking",
    "Document",
    "Kind",
    "Length",
    "Link",
    "MalformedManifest",
    "beginning",
    "document_of",
    "in_utf_8",
    "is_blank",
    "is_named_manifest",
    "is_other_list",
    "is_undecided",
    "kind_of",
    "length",
    "rewrite",
]


def rewrite(kind: Kind | Document, text: bytes, base: str, link: Link, asking: Asking | None = None) -> bytes:
    """Rewrite a manifest, or what may name media beside it, that came from ``base``, so that each reference leads where
    ``link`` says; raise `MalformedManifest` if it cannot be read."""
    asking = asking or Asking()
    if kind is Kind.HLS:
        return hls.rewrite(text, base, link, asking)
    if kind is Kind.DASH:
        return dash.rewrite(text, base, link, asking.own, asking.licence)
    return documents.rewrite(kind, text, base, link, asking)
