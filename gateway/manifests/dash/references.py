"""Where a manifest has references, and what players do with each."""

from __future__ import annotations

import enum
from collections.abc import Mapping

CALLBACK = "urn:mpeg:dash:event:callback:2015"


class Use(enum.Enum):
    """How a reference is followed."""

    MEDIA = enum.auto()
    """Relative to the BaseURL of its level (section 5.6.4)."""

    RELOAD = enum.auto()
    """For the manifest itself: relative to the address that it was loaded from, by dash.js and Shaka alike; as it is
    written by video.js."""

    WHOLE = enum.auto()
    """As it is written, by dash.js at least: a relative one would lead to the web page's own host."""

    LICENCE = enum.auto()
    """As it is written, and by POST."""


ATTRIBUTES: Mapping[str, Mapping[str, Use]] = {
    "SegmentTemplate": dict.fromkeys(("media", "initialization", "index", "bitstreamSwitching"), Use.MEDIA),
    "SegmentURL": dict.fromkeys(("media", "index"), Use.MEDIA),
    "Initialization": {"sourceURL": Use.MEDIA},
    "InitializationSet": {"initialization": Use.MEDIA},
    "RepresentationIndex": {"sourceURL": Use.MEDIA},
    "BitstreamSwitching": {"sourceURL": Use.MEDIA},
    "ContentSteering": {"proxyServerURL": Use.WHOLE},
    "InsertPresentation": {"uri": Use.WHOLE, "url": Use.WHOLE},
    "ReplacePresentation": {"uri": Use.WHOLE, "url": Use.WHOLE},
    "AlternativeMPD": {"uri": Use.WHOLE},
    "OverlayEvent": {"uri": Use.WHOLE},
    "Background": {"uri": Use.WHOLE},
    "SupplementalProperty": {"dvb:url": Use.WHOLE},
    "EssentialProperty": {"dvb:url": Use.WHOLE},
    "CryptoPeriod": {"keyUriTemplate": Use.MEDIA, "ivUriTemplate": Use.MEDIA},
    "CryptoTimeline": {"keyUriTemplate": Use.MEDIA, "ivUriTemplate": Use.MEDIA},
    "laurl": {"licenseUrl": Use.LICENCE},
}
"""The attributes, by element, that hold a reference; beside them ``xlink:href`` and ``dvb:reportingUrl`` under any
prefix, the ``value`` of UTCTiming and of `MANIFESTS`, and a callback Event's ``messageData``. CryptoPeriod and
CryptoTimeline are of ISO/IEC 23009-4, OverlayEvent and its Background of SCTE 214, ``dvb:url`` is a font
(ETSI TS 103 285)."""

MANIFESTS = frozenset({"urn:mpeg:dash:chaining:2016", "urn:mpeg:dash:fallback:2016"})
"""The properties whose value is the address of another manifest: to play afterwards, or instead (section 5.11)."""

QUERIES = frozenset({"UrlQueryInfo", "ExtUrlQueryInfo", "RequestParam"})
"""The elements that may have players take over the query of the manifest's address (annex I)."""

_LICENCES = ("Laurl", "laurl", "LaUrl", "la_url", "LA_URL", "Authzurl", "AuthzUrl", "authzurl")
ELEMENTS: Mapping[str, Use] = {
    "BaseURL": Use.MEDIA,
    "Location": Use.RELOAD,
    "PatchLocation": Use.RELOAD,
    "ContentSteering": Use.WHOLE,
    "ImportedMPD": Use.WHOLE,
    "Certurl": Use.WHOLE,
    "certurl": Use.WHOLE,
    **dict.fromkeys(_LICENCES, Use.LICENCE),
}
"""The elements whose text is a reference; beside them a callback Event."""

_ANY_ELEMENT = {"href": Use.WHOLE, "reportingUrl": Use.WHOLE}


def use_of(element: str, attribute: str) -> Use | None:
    """What is done with what an attribute of an element holds, or None if it is no reference. What a ``value`` is, and
    what an event holds, they say themselves."""
    prefix, _, local = attribute.rpartition(":")
    of_element = ATTRIBUTES.get(element, {})
    # FFmpeg takes an attribute of any namespace for the one that it looks for.
    return of_element.get(attribute) or of_element.get(local) or (_ANY_ELEMENT.get(local) if prefix else None)


def has_addresses(element: str, attributes: Mapping[str, str]) -> bool:
    """Whether the value of an element with these attributes is addresses: a UTCTiming's by ``http-head`` and the like
    (section 5.8.4.11), not a time, nor the names of NTP servers; or a property's of `MANIFESTS`."""
    scheme = attributes.get("schemeIdUri", "")
    if element == "UTCTiming":
        return ":http-" in scheme
    return element in {"SupplementalProperty", "EssentialProperty"} and scheme in MANIFESTS
