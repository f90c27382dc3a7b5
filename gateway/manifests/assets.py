"""JSON behind HLS playlists that names media: lists of interstitial assets (draft-pantos-hls-rfc8216bis, appendix D),
schedules of date ranges (appendix H), and Apple's chapters."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.manifests.json_text import Change, Value
from gateway.manifests.link import Link
from gateway.manifests.steering import reference

_LISTS = {"ASSETS": ("URI",), "DATERANGES": ("X-ASSET-URI", "X-ASSET-LIST", "X-URI")}
"""The members that hold a list of objects, and the members of each that hold a reference."""


def changes(document: Value, base: str, link: Link, own: str) -> Iterator[Change]:
    """What to change in such a document, which came from ``base``; nothing for what is none. Written are whole
    addresses at ``own``, as in `Asking`: hls.js resolves a listed asset against the page that it runs in."""
    for name, referring in _LISTS.items():
        for listed in document.named(name):
            yield from _references(listed, referring, base, link, own)
    for chapter in document.items or ():
        for images in chapter.named("images"):
            yield from _references(images, ("url",), base, link, own)


def _references(listed: Value, names: tuple[str, ...], base: str, link: Link, own: str) -> Iterator[Change]:
    for item in listed.items or ():
        for name in names:
            for value in item.named(name):
                yield from reference(value, base, link, own)
