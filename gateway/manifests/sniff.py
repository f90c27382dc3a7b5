"""Telling a manifest from other media: by its first bytes, and by its content type where they leave it open."""

from __future__ import annotations

import codecs
import enum
import re

from gateway.manifests.decode import decode

ENOUGH = 1024
"""Bytes of a text by which a manifest is known."""

MOST = 64 * 1024
"""Bytes that are looked at where there is nothing but a comment before."""


class Kind(enum.Enum):
    """A manifest's format."""

    HLS = "hls"
    DASH = "dash"


class Document(enum.Enum):
    """Something that may name media, beside manifests; most do not."""

    JSON = "json"
    WEBVTT = "webvtt"


_TYPES = {
    "application/vnd.apple.mpegurl": Kind.HLS,
    "application/x-mpegurl": Kind.HLS,
    "application/mpegurl": Kind.HLS,
    "audio/mpegurl": Kind.HLS,
    "audio/x-mpegurl": Kind.HLS,
    "video/mpegurl": Kind.HLS,
    "application/dash+xml": Kind.DASH,
    "application/dash-patch+xml": Kind.DASH,
    "video/vnd.mpeg.dash.mpd": Kind.DASH,
}
_NAMED = re.compile(r"\.(?:m3u8?|mpd)\Z", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"
_PROLOG = re.compile(rb"(?:\s++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^\[>]*+(?:\[.*?\]\s*+)?>)*+", re.DOTALL)
_MPD = re.compile(rb"<(?:!DOCTYPE\s+)?(?:[A-Za-z_][\w.-]*:)?(?i:MPD)[\s/>\[]")
_PATCH = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?Patch\s[^>]*urn:mpeg:dash:schema:mpd-patch:")
_FRAGMENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:Patch|Period|AdaptationSet|EventStream|SegmentList)[\s/>]")
"""What an MPD has elsewhere by ``xlink:href``; any XML could begin so, and so its type must say that it is XML."""

_XML_TYPE = re.compile(r"(?:application|text)/xml")
_UNFINISHED = re.compile(rb"<(?:\?.*|!--.*|!-?|!(?i:D[OCTYPE]{0,6})\s*|[\w.:-]*)", re.DOTALL)
_LIST = re.compile(
    rb"(?:[ \t]*+(?:#(?!EXT)[^\r\n]*+)?[\r\n]++)*+[ \t]*+(?:#EXT(?:INF:|-X-)|[a-z][a-z0-9+.-]*+://)", re.IGNORECASE
)
"""A playlist without #EXTM3U, whatever its type: video.js reads one that begins with a tag, mpv a list of addresses."""

_OTHER_LIST = re.compile(
    rb"\s*+(?:\[(?:playlist|reference)\]|# ?mpv EDL v0|ffconcat version|(?:rtsp|smtp)text|v=0\s"
    rb"|<(?:asx|smil|playlist)[\s>])",
    re.IGNORECASE,
)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_FIRST = rb"[\s#<{\[W]"  # of what is looked for, or the white space before it
_UTF_16 = re.compile(rb"(?P<big>\xfe\xff|\0%b)|\xff\xfe|%b\0" % (_FIRST, _FIRST))
_HALVES = frozenset({b"\0", b"\xff", b"\xfe"})
_TS_SYNC = re.compile(rb"\x47.{187}\x47", re.DOTALL)
_JSON_TYPES = re.compile(
    r"(?:application|text)/(?:json|vnd\.apple\.steering-list|(?:[a-z0-9.-]+\+)json)|"
    r"text/(?:plain|javascript)|application/(?:javascript|octet-stream)|binary/octet-stream|"
)
"""The types under which JSON is served, those that say nothing and none at all among them."""
_WEBVTT = re.compile(rb"WEBVTT(?=[ \t\r\n]|\Z)")


def beginning(start: bytes, coding: str) -> bytes:
    """Of the text whose first bytes these are under a content coding as much as it takes to tell what it is, or as
    there is. Raises `OriginUnreachable` as `decode` does."""
    text = decode(start, coding, ENOUGH)
    return decode(start, coding, MOST) if is_blank(in_utf_8(text)) else text


def document_of(content_type: str, start: bytes) -> Document | None:
    """What a body that is no manifest, with this content type and these first bytes, may be. Whether it names media is
    seen when it is read."""
    start = start.removeprefix(_BOM)
    if _WEBVTT.match(start):
        return Document.WEBVTT
    told = content_type.partition(";")[0].strip().lower()
    return Document.JSON if start.lstrip()[:1] in {b"{", b"["} and _JSON_TYPES.fullmatch(told) else None


def kind_of(content_type: str, start: bytes) -> Kind | None:
    """What a body with this content type and these first bytes is, or None if it is no manifest.

    Its name is never asked: origins serve playlists under any path, and segments under ``.m3u8``.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    told = _TYPES.get(media_type)
    start = start.removeprefix(_BOM)
    if not start:
        return told  # the answer to HEAD, or an empty body
    if start.lstrip().startswith(b"#EXTM3U"):
        return Kind.HLS
    if start.lstrip().startswith(b"<"):
        return _xml_kind(media_type, start)
    if told is Kind.DASH and _is_text(start):
        return told  # dash.js and Shaka find an MPD behind anything, and the gateway refuses it
    return Kind.HLS if (told is Kind.HLS or _LIST.match(start)) and _is_text(start) else None


def is_other_list(start: bytes) -> bool:
    """Whether a body is a playlist of another format (PLS, ASX, XSPF, SMIL, SDP, EDL), whose addresses VLC and mpv
    follow, and mpv with the token that it was given."""
    start = start.removeprefix(_BOM)
    prolog = _PROLOG.match(start)
    return _OTHER_LIST.match(start, prolog.end() if prolog else 0) is not None


def in_utf_8(start: bytes) -> bytes:
    """The first bytes of what browsers take for UTF-16, by its mark or by a charset of its type, in UTF-8; others as
    they are."""
    found = _UTF_16.match(start)
    if not found:
        return start
    whole = start[: len(start) // 2 * 2]
    return whole.decode("utf-16-be" if found["big"] else "utf-16-le", "replace").encode("utf-8", "replace")


def is_named_manifest(path: str) -> bool:
    """Whether a path ends as those of manifests do: that decides how it is asked for, and never what it is."""
    return _NAMED.search(path) is not None


def is_blank(start: bytes) -> bool:
    """Whether these first bytes are nothing but what may stand before a manifest, such as a long comment."""
    text = start.removeprefix(_BOM)
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    return not rest or rest.startswith((b"<?", b"<!--", b"<!DOCTYPE"))


def _is_text(start: bytes) -> bool:
    """Whether this can be a playlist without #EXTM3U; a key, say, under the playlist's content type is none."""
    if _NOT_TEXT.search(start) or _TS_SYNC.match(start):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # which forgives a character cut in two at the end
    except UnicodeDecodeError:
        return False
    return True


def _xml_kind(told: str, start: bytes) -> Kind | None:
    prolog = _PROLOG.match(start)
    rest = start[prolog.end() :] if prolog else start
    is_dash = _TYPES.get(told) is Kind.DASH
    if _MPD.match(rest) or _PATCH.match(rest):
        return Kind.DASH
    if _FRAGMENT.match(rest) and (is_dash or _XML_TYPE.fullmatch(told)):
        return Kind.DASH
    cut_off = not rest or _UNFINISHED.fullmatch(rest)  # the root element is yet to come
    if cut_off:
        return Kind.DASH if is_dash else None
    # Behind another element dash.js and Shaka find it, and the gateway refuses it.
    return Kind.DASH if _MPD.search(rest) else None


def is_undecided(start: bytes) -> bool:
    """Whether more bytes could make this a manifest or WebVTT: as long as there is only what may stand before its first
    word."""
    text = start.removeprefix(_BOM).lstrip()
    if not text or _BOM.startswith(text) or text in _HALVES:
        return True
    return text.startswith(b"<") or any(word.startswith(text) for word in (b"#EXTM3U", b"WEBVTT"))
