"""HLS and DASH manifests: pure functions from bytes to bytes. Reading one needs no network and no clock."""

from gateway.manifests import dash, hls
from gateway.manifests.length import length
from gateway.manifests.link import Link, MalformedManifest
from gateway.manifests.sniff import Kind, is_undecided, kind_of

__all__ = ["Kind", "Link", "MalformedManifest", "is_undecided", "kind_of", "length", "rewrite"]

_REWRITERS = {Kind.HLS: hls.rewrite, Kind.DASH: dash.rewrite}


def rewrite(kind: Kind, text: bytes, base: str, link: Link) -> bytes:
    """Rewrite a manifest that came from ``base``, so that each reference leads where ``link`` says; raise
    `MalformedManifest` if it cannot be read."""
    return _REWRITERS[kind](text, base, link)
