"""Where a manifest has references: in which attributes, and in the text of which elements."""

from __future__ import annotations

from collections.abc import Mapping

ATTRIBUTES = {
    "SegmentTemplate": frozenset({"media", "initialization", "index", "bitstreamSwitching"}),
    "SegmentURL": frozenset({"media", "index"}),
    "Initialization": frozenset({"sourceURL"}),
    "RepresentationIndex": frozenset({"sourceURL"}),
    "BitstreamSwitching": frozenset({"sourceURL"}),
    "laurl": frozenset({"licenseUrl"}),
}
"""The attributes, by element, that hold a reference; beside them ``xlink:href`` under any prefix, UTCTiming's ``value``
and a callback Event's ``messageData``."""

ELEMENTS = frozenset(
    {"BaseURL", "Location", "PatchLocation", "ContentSteering", "Laurl", "laurl", "LaUrl", "la_url", "LA_URL"}
)
"""The elements whose text is a reference; beside them a callback Event."""

CALLBACK = "urn:mpeg:dash:event:callback:2015"


def refers(local: str, name: str, attributes: Mapping[str, str]) -> bool:
    """Whether an attribute of an element holds a reference, or several."""
    if local == "UTCTiming" and name == "value":
        return ":http-" in attributes.get("schemeIdUri", "")
    return name in ATTRIBUTES.get(local, ()) or name.endswith(":href")
