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
    "InsertPresentation": {"url": Use.WHOLE},
    "ReplacePresentation": {"url": Use.WHOLE},
    "laurl": {"licenseUrl": Use.LICENCE},
}
"""The attributes, by element, that hold a reference; beside them ``xlink:href`` and ``dvb:reportingUrl`` under any
prefix, UTCTiming's ``value`` and a callback Event's ``messageData``."""

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
    """What is done with what an attribute of an element holds, or None if it is no reference. UTCTiming and events say
    themselves what they hold."""
    prefix, _, local = attribute.rpartition(":")
    return ATTRIBUTES.get(element, {}).get(attribute) or (_ANY_ELEMENT.get(local) if prefix else None)


def is_fetched(timing: Mapping[str, str]) -> bool:
    """Whether a UTCTiming with these attributes has addresses for its value: ``http-head`` and the like (section
    5.8.4.11), not a time, nor the names of NTP servers."""
    return ":http-" in timing.get("schemeIdUri", "")
