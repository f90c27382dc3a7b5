"""The query that a manifest has its segments asked for with (annex I, ``urn:mpeg:dash:urlparam:2014`` and later)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from gateway.manifests.dash.change import Change
from gateway.manifests.dash.tree import Element


def pinned(info: Element, text: bytes, base: str) -> Iterator[Change]:
    """What tells players the query of the manifest's own address, ``base``, where a UrlQueryInfo has them take that of
    the address they see: there it is the gateway's."""
    if info.attributes.get("useMPDUrlQuery", "").strip().lower() not in {"true", "1"}:  # Shaka takes TRUE, too
        return
    own = info.attributes.get("queryString", "")
    query = "&".join(filter(None, (urlsplit(base).query, own)))
    given = f" queryString={quoteattr(query)}" if query and "queryString" not in info.attributes else ""
    for name, start, end in info.values(text):
        if name == "useMPDUrlQuery":
            yield Change(start, end, f'"false"{given}'.encode())
        elif name == "queryString":
            yield Change(start, end, quoteattr(query).encode())
