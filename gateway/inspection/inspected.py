"""What has been read, put together: a presentation, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from gateway.inspection import answer_rules, dash_rules, file, hls_rules
from gateway.inspection.dash import tell_dash
from gateway.inspection.finding import Finding, error
from gateway.inspection.hls import read_hls, tell_media, tell_multivariant, with_media
from gateway.inspection.media_playlist import MediaPlaylist
from gateway.inspection.mp4 import Movie, read_mp4
from gateway.inspection.mpd import read_mpd
from gateway.inspection.multivariant import Multivariant
from gateway.inspection.presentation import Kind, Presentation
from gateway.inspection.webm import read_webm
from gateway.inspection.xml_tree import read_xml

MOST_FINDINGS = 2000
"""Findings that are looked for in one text; a hostile one would have as many as it has lines."""

OF_THE_END = frozenset(
    {
        *("vod-without-end", "no-uri", "variant-without-uri", "no-segments", "no-variants", "group-missing"),
        *("no-media-sequence", "short-window", "stale", "not-renewed", "date-range-without-time", "date-range-start"),
        *("no-periods", "no-adaptation-sets", "no-representations", "no-duration", "no-utc-timing"),
        *("template-without-duration", "no-target-duration", "no-part-target", "no-part-hold-back"),
    }
)
"""Codes of what a text that was cut may have further on."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """``next_uri`` is the media playlist that tells the rest of a multivariant, by its URI as written; ``next_offset``
    where an MP4's index stands that was not among what has been read. ``variables`` are what it defines for others."""

    presentation: Presentation
    findings: tuple[Finding, ...]
    next_uri: str = ""
    next_offset: int | None = None
    variables: Mapping[str, str] | None = None
    also_read: str = ""
    """What has been read beside what was named, in words."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How an origin answered, by the values of its header fields, for a URL with this path."""

    status: int
    content_type: str
    last_modified: str
    path: str


def inspect_hls(text: bytes, base: str, now: datetime, *, whole: bool = True) -> Inspected:
    """A playlist of either kind that came from ``base``, and is ``whole`` or was cut."""
    read = read_hls(text if whole else _whole_lines(text), base)
    is_cut = read.playlist.is_cut or not whole
    findings = _some(hls_rules.find(read, now), is_cut=is_cut)
    if isinstance(read, MediaPlaylist):
        return Inspected(_media(read, now, is_cut=is_cut), findings)
    return Inspected(tell_multivariant(read), findings, read.first, variables=read.playlist.variables)


def _whole_lines(text: bytes) -> bytes:
    return text[: text.rfind(b"\n") + 1]


def _media(read: MediaPlaylist, now: datetime, *, is_cut: bool) -> Presentation:
    """Of one that was cut it is not known whether it ends, and when."""
    told = tell_media(read, now)
    return replace(told, live=None, duration=None, window=None) if is_cut else told


def add_media(whole: Inspected, text: bytes, base: str, now: datetime, *, is_cut: bool = False) -> Inspected:
    """What the first media playlist adds to a multivariant that has a ``next_uri``."""
    read = read_hls(_whole_lines(text) if is_cut else text, base, whole.variables)
    is_cut = is_cut or read.playlist.is_cut
    if isinstance(read, Multivariant):
        what = "The first variant leads to another multivariant playlist."
        right = "let each variant's URI lead to a media playlist"
        return replace(whole, findings=(*whole.findings, error("variant-kind", "the first variant", what, right)))
    number, first = next((at, each) for at, each in enumerate(whole.presentation.variants, 1) if each.uri)
    where = f"the media playlist of variant {number}"
    found = [replace(each, where=f"{where}, {each.where}") for each in _some(hls_rules.find(read, now), is_cut=is_cut)]
    found += hls_rules.disagreements(first, read)
    told = with_media(whole.presentation, _media(read, now, is_cut=is_cut))
    return Inspected(told, (*whole.findings, *found), also_read=where)


def inspect_dash(text: bytes, now: datetime, *, whole: bool) -> Inspected:
    """A manifest, which is ``whole`` or was cut."""
    mpd = read_mpd(read_xml(text, whole=whole))
    return Inspected(tell_dash(mpd, now), _some(dash_rules.find(mpd, now), is_cut=mpd.is_cut))


def inspect_file(start: bytes, content_type: str, size: int | None) -> Inspected:
    """A file of ``size`` bytes by its beginning."""
    kind = file.kind_of_file(start, content_type)
    if kind is Kind.WEBM:
        webm = read_webm(start)
        return Inspected(file.tell_webm(webm, size), tuple(file.of_webm(webm, size)))
    if kind is not Kind.MP4:
        return Inspected(file.tell_other(kind, start), ())
    movie = read_mp4(start, 0, size)
    elsewhere = movie.moov_at if movie.moov_at is not None and (size is None or movie.moov_at < size) else None
    return _inspected(movie, size, elsewhere)


def add_index(start: bytes, index: bytes, offset: int, size: int | None) -> Inspected:
    """An MP4 whose index was read from ``offset``, as it began with ``start``."""
    first, behind = read_mp4(start, 0, size), read_mp4(index, offset, size)
    if not behind.tracks:
        return _inspected(first, size, None)
    in_front = first.index_first is True  # and longer than what was read at first
    found = _inspected(replace(behind, index_first=in_front), size, None)
    return replace(found, also_read="more of the index" if in_front else "the index behind the media")


def _inspected(movie: Movie, size: int | None, elsewhere: int | None) -> Inspected:
    return Inspected(file.tell_movie(movie, size), tuple(file.of_movie(movie, size)), next_offset=elsewhere)


def with_answer(found: Inspected, answered: Answered, now: datetime) -> Inspected:
    """What the answer's own head adds."""
    extra = [*answer_rules.of_status(answered.status)]
    if not extra:
        extra += answer_rules.of_type(found.presentation.kind, answered.content_type, answered.path)
        extra += answer_rules.of_age(found.presentation, answered.last_modified, now)
    return replace(found, findings=(*extra, *found.findings))


def _some(findings: Iterable[Finding], *, is_cut: bool = False) -> tuple[Finding, ...]:
    """Of what was cut, without what may only be missing because of that."""
    return tuple(islice((each for each in findings if not (is_cut and each.code in OF_THE_END)), MOST_FINDINGS))
