"""Where an HLS playlist has references, and what players do with each."""

from __future__ import annotations

_URI = frozenset({"URI"})
REFERENCES = {
    "EXT-X-STREAM-INF": _URI,
    "EXT-X-KEY": _URI,
    "EXT-X-SESSION-KEY": _URI,
    "EXT-X-MAP": _URI,
    "EXT-X-MEDIA": _URI,
    "EXT-X-I-FRAME-STREAM-INF": _URI,
    "EXT-X-IMAGE-STREAM-INF": _URI,
    "EXT-X-PART": _URI,
    "EXT-X-PRELOAD-HINT": _URI,
    "EXT-X-RENDITION-REPORT": _URI,
    "EXT-X-SESSION-DATA": _URI,
    "EXT-X-CONTENT-STEERING": frozenset({"SERVER-URI"}),
    "EXT-X-DATERANGE": frozenset({"X-ASSET-URI", "X-ASSET-LIST", "X-URI"}),
    "EXT-X-FAXS-CM": _URI,
}
"""The attributes, by tag, that hold a reference; EXT-X-FAXS-CM is Adobe's, and EXT-X-STREAM-INF has one for
Shaka alone."""

MEDIA_PLAYLISTS = frozenset({"EXT-X-STREAM-INF", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-IMAGE-STREAM-INF"})
"""The tags whose reference is a media playlist, as is the line after EXT-X-STREAM-INF: it may import variables."""

DOCUMENTS = frozenset({"SERVER-URI", "X-ASSET-LIST", "X-URI"})
"""The attributes whose reference is to JSON that players read; it may stand there itself, as a ``data:`` URL."""

KEYS = frozenset({"EXT-X-KEY", "EXT-X-SESSION-KEY"})
"""The tags of keys. One with a KEYFORMAT is given by a licence server; without, it is fetched."""

WHOLE = frozenset({"EXT-X-PREFETCH"})
"""Tags that are followed by a reference and nothing else: segments to come, as Twitch names them."""
