"""What can be wrong with any HLS playlist (draft-pantos-hls-rfc8216bis): its beginning, its version, its tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.playlist import MOST, Playlist, Tag, integer

ONCE = (
    "EXT-X-VERSION",
    "EXT-X-TARGETDURATION",
    "EXT-X-MEDIA-SEQUENCE",
    "EXT-X-DISCONTINUITY-SEQUENCE",
    "EXT-X-PLAYLIST-TYPE",
    "EXT-X-SERVER-CONTROL",
    "EXT-X-PART-INF",
    "EXT-X-START",
    "EXT-X-CONTENT-STEERING",
)
"""Tags that a playlist has at most once (sections 4.4.1 to 4.4.3 and 4.4.6.6)."""

NUMBERS = ("EXT-X-VERSION", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE")
_ATTRIBUTED = frozenset(
    f"EXT-X-{name}"
    for name in (
        *("KEY", "SESSION-KEY", "MAP", "MEDIA", "STREAM-INF", "I-FRAME-STREAM-INF", "PART", "PART-INF"),
        *("PRELOAD-HINT", "RENDITION-REPORT", "SERVER-CONTROL", "SKIP", "DATERANGE", "SESSION-DATA", "DEFINE"),
        *("CONTENT-STEERING", "START"),
    )
)


def of_playlist(playlist: Playlist) -> Iterator[Finding]:
    """What is wrong whatever kind of playlist it is."""
    yield from _beginning(playlist)
    yield from _tags(playlist)
    yield from _version(playlist)
    if playlist.is_cut:
        what = f"The playlist has more than {MOST} tags and URIs: the rest is not told."
        yield warning("cut", "the playlist", what, "players load all of it, a live one again and again: shorten it")


def _beginning(playlist: Playlist) -> Iterator[Finding]:
    """Section 4.1, and 4.4.1.1."""
    if not playlist.starts_right:
        right = "make #EXTM3U the first line; players refuse a playlist without it"
        yield error("no-extm3u", "line 1", "The playlist does not begin with #EXTM3U.", right)
    if playlist.has_bom:
        yield error(
            "byte-order-mark", "line 1", "The playlist begins with a byte order mark.", "write UTF-8 without one"
        )
    if not playlist.is_utf_8:
        yield error("not-utf-8", "the playlist", "The playlist holds bytes that are not UTF-8.", "write it in UTF-8")


def _tags(playlist: Playlist) -> Iterator[Finding]:
    names = Counter(entry.name for entry in playlist.entries if isinstance(entry, Tag))
    for name in ONCE:
        if names[name] > 1:
            where = playlist.tags(name)[1].where
            yield error(
                "tag-repeated", where, f"#{name} stands {names[name]} times.", "keep one; players differ in which"
            )
    for name in NUMBERS:
        for tag in playlist.tags(name)[:1]:
            if integer(tag.value.strip()) is None:
                what = f"#{name} has {shown(tag.value)!r}, which is no decimal integer."
                yield error("not-a-number", tag.where, what, f"write a whole number: #{name}:6")
    for entry in playlist.entries:
        if isinstance(entry, Tag) and entry.name in _ATTRIBUTED and entry.value.count('"') % 2:
            yield error("quote-not-closed", entry.where, f"A quote in #{entry.name} is not closed.", "close it")


def _version(playlist: Playlist) -> Iterator[Finding]:
    """Section 8: the version that what is used asks for."""
    told = next((integer(tag.value.strip()) for tag in playlist.tags("EXT-X-VERSION")), 1)
    if told is None:
        return
    needs = max(_needs(playlist), key=lambda need: need[0], default=(1, "", 0))
    if needs[0] > told:
        version, feature, line = needs
        has = f"#EXT-X-VERSION is {told}" if playlist.tags("EXT-X-VERSION") else "#EXT-X-VERSION is missing, which is 1"
        what = f"{has}, and {feature} needs {version}."
        yield warning("version-too-low", f"line {line}", what, f"write #EXT-X-VERSION:{version}")


def _needs(playlist: Playlist) -> Iterator[tuple[int, str, int]]:
    """A version, what asks for it, and its line."""
    frames_only = bool(playlist.tags("EXT-X-I-FRAMES-ONLY"))
    simple = {
        "EXT-X-BYTERANGE": (4, "a byte range"),
        "EXT-X-I-FRAMES-ONLY": (4, "a playlist of I-frames"),
        "EXT-X-MAP": (5, "a map") if frames_only else (6, "a map in a playlist of more than I-frames"),
        "EXT-X-DEFINE": (8, "a variable"),
        "EXT-X-SKIP": (9, "a delta update"),
    }
    for name, (version, feature) in simple.items():
        for tag in playlist.tags(name)[:1]:
            yield version, feature, tag.line
    for tag in playlist.tags("EXT-X-KEY"):
        if tag["KEYFORMAT"] or tag["KEYFORMATVERSIONS"] or tag["IV"]:
            yield (
                (2, "IV", tag.line)
                if not (tag["KEYFORMAT"] or tag["KEYFORMATVERSIONS"])
                else (5, "KEYFORMAT", tag.line)
            )
    for tag in playlist.tags("EXT-X-DEFINE"):
        if tag["QUERYPARAM"]:
            yield 11, "a variable from the query", tag.line
    fractions = (tag for tag in playlist.tags("EXTINF") if "." in tag.value.partition(",")[0])
    for tag in fractions:
        yield 3, "a duration with a fraction", tag.line
        break
