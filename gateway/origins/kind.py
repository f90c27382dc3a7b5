"""What media is by the content type that its origin gives it."""

from __future__ import annotations

from gateway.policy import MediaKind

_BY_TYPE = {
    "application/mp4": MediaKind.VIDEO,
    "application/ttml+xml": MediaKind.TEXT,
    "application/x-subrip": MediaKind.TEXT,
    "application/json": MediaKind.TEXT,
    "application/xml": MediaKind.TEXT,
}
_BY_FAMILY = {
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "image": MediaKind.IMAGE,
    "text": MediaKind.TEXT,
}


def kind_of_type(content_type: str) -> MediaKind:
    """The kind that a Content-Type field names (RFC 9110, section 8.3); what it leaves open is `MediaKind.OTHER`."""
    essence = content_type.partition(";")[0].strip().lower()
    family, slash, _subtype = essence.partition("/")
    return _BY_TYPE.get(essence) or (_BY_FAMILY.get(family, MediaKind.OTHER) if slash else MediaKind.OTHER)
