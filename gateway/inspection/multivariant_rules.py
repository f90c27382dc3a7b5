"""What can be wrong with an HLS multivariant playlist (draft-pantos-hls-rfc8216bis, section 4.4.6, and Apple's
authoring specification where it says must and players agree)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gateway.inspection.codec import Codec
from gateway.inspection.codec_rules import of_codecs
from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.multivariant import Multivariant, Stream, size_of
from gateway.inspection.playlist import Tag

_GROUPS = ("AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS")
_RANGES = frozenset({"SDR", "HLG", "PQ"})


def of_multivariant(read: Multivariant) -> Iterator[Finding]:
    """What is wrong with a multivariant playlist."""
    for stream in read.streams:
        yield from _stream(stream)
    yield from _without_codecs(read)
    yield from _groups(read)
    yield from _audio_codecs(read)
    for tag in read.playlist.tags("EXT-X-MEDIA"):
        yield from _media(tag)
    yield from _members(read)
    yield from _others(read)
    for name in ("EXTINF", "EXT-X-TARGETDURATION"):
        for tag in read.playlist.tags(name)[:1]:
            what = f"A multivariant playlist has #{name}, which belongs to a media playlist."
            yield error("both-kinds", tag.where, what, "keep variants and segments in playlists of their own")


def _stream(stream: Stream) -> Iterator[Finding]:
    tag, variant = stream.tag, stream.variant
    if not variant.uri:
        what = "#EXT-X-STREAM-INF has no URI on the line behind it."
        yield error("variant-without-uri", tag.where, what, "write the media playlist's URI there")
    if variant.bandwidth is None:
        what = f"BANDWIDTH is {shown(tag['BANDWIDTH'])!r}." if tag["BANDWIDTH"] else "A variant has no BANDWIDTH."
        yield error("no-bandwidth", tag.where, what, "write its peak bit rate in bits a second: BANDWIDTH=2500000")
    elif (variant.average_bandwidth or 0) > variant.bandwidth:
        what = f"AVERAGE-BANDWIDTH is {variant.average_bandwidth}, above the BANDWIDTH of {variant.bandwidth}."
        yield error("bandwidth", tag.where, what, "BANDWIDTH is the peak: write the higher one there")
    if tag["RESOLUTION"] and size_of(tag["RESOLUTION"]) is None:
        what = f"RESOLUTION is {shown(tag['RESOLUTION'])!r}."
        yield error("resolution", tag.where, what, "write <width>x<height>: RESOLUTION=1280x720")
    yield from of_codecs(variant.codecs, tag.where)
    if variant.size is None and any(codec.family == "video" for codec in variant.codecs):
        what = "A variant with video has no RESOLUTION: players cannot fit it to their screen."
        yield warning("no-resolution", tag.where, what, "write RESOLUTION=<width>x<height>")
    if variant.video_range and variant.video_range not in _RANGES:
        what = f"VIDEO-RANGE is {shown(variant.video_range)!r}."
        yield error("video-range", tag.where, what, "write SDR, HLG or PQ")


def _without_codecs(read: Multivariant) -> Iterator[Finding]:
    without = [stream for stream in read.streams if not stream.variant.codecs]
    if without:
        what = (
            f"{len(without)} of {len(read.streams)} variants have no CODECS: players load media to find out, or guess."
        )
        yield warning("no-codecs", without[0].tag.where, what, 'write them: CODECS="avc1.64001f,mp4a.40.2"')


def _groups(read: Multivariant) -> Iterator[Finding]:
    """Each group that a variant names has members (section 4.4.6.2.1)."""
    named = {(tag["TYPE"], tag["GROUP-ID"]) for tag in read.playlist.tags("EXT-X-MEDIA")}
    missing: dict[tuple[str, str], str] = {}
    for stream in read.streams:
        for group in _GROUPS:
            name = stream.tag[group]
            if name and (group, name) not in named and not (group == "CLOSED-CAPTIONS" and name == "NONE"):
                missing.setdefault((group, name), stream.tag.where)
    for (group, name), where in missing.items():
        what = f"A variant names the {group} group {shown(name)!r}, which no #EXT-X-MEDIA has."
        yield error(
            "group-missing", where, what, f"add #EXT-X-MEDIA:TYPE={group} with this GROUP-ID, or take the name out"
        )
    told = [stream.tag["CLOSED-CAPTIONS"] == "NONE" for stream in read.streams]
    if any(told) and not all(told):
        where = next(stream.tag.where for stream in read.streams if stream.tag["CLOSED-CAPTIONS"] != "NONE")
        what = "Some variants have CLOSED-CAPTIONS=NONE, and this one has not."
        yield error("closed-captions", where, what, "write it on all variants, or on none")


def _audio_codecs(read: Multivariant) -> Iterator[Finding]:
    """A variant lists every sample format of the group that it names (section 4.4.6.1.1), so that two which name the
    same cannot tell different ones; without groups, decoders change where a player changes variants."""
    first: dict[str, Stream] = {}
    for stream in read.streams:
        codecs, group = _names(stream.variant.codecs, "audio"), stream.variant.audio
        if not codecs:
            continue
        other = first.setdefault(group, stream)
        if codecs != (before := _names(other.variant.codecs, "audio")):
            told = f"{_listed(codecs)} here, and {_listed(before)} on line {other.tag.line}"
            what = f"Variants of the audio group {shown(group)!r} tell {told}." if group else f"Variants have {told}."
            right = "give each audio codec a group of its own, so that players stay with one"
            yield (error if group else warning)("mixed-codecs", stream.tag.where, what, right)
            return


def _names(codecs: tuple[Codec, ...], family: str) -> frozenset[str]:
    return frozenset(codec.name for codec in codecs if codec.family == family)


def _listed(names: frozenset[str]) -> str:
    return " and ".join(sorted(names))


def _media(tag: Tag) -> Iterator[Finding]:
    """Section 4.4.6.1."""
    kind = tag["TYPE"]
    if kind not in _GROUPS:
        what = f"#EXT-X-MEDIA has TYPE {shown(kind)!r}." if kind else "#EXT-X-MEDIA has no TYPE."
        yield error("media-type", tag.where, what, f"write one of {', '.join(_GROUPS)}")
    for name in ("GROUP-ID", "NAME"):
        if not tag[name]:
            yield error("attribute-missing", tag.where, f"#EXT-X-MEDIA has no {name}.", f'write {name}="…"')
    yield from _text(tag, kind)
    if tag["FORCED"] and kind != "SUBTITLES":
        yield error("forced", tag.where, f"FORCED stands on {shown(kind)}.", "only SUBTITLES can have it")
    if tag["DEFAULT"] == "YES" and tag["AUTOSELECT"] == "NO":
        yield error("default", tag.where, "DEFAULT=YES stands beside AUTOSELECT=NO.", "write AUTOSELECT=YES")


def _text(tag: Tag, kind: str) -> Iterator[Finding]:
    if kind == "SUBTITLES" and not tag["URI"]:
        yield error("attribute-missing", tag.where, "Subtitles have no URI.", "write where their playlist is")
    if kind == "CLOSED-CAPTIONS" and tag["URI"]:
        what = "Closed captions have a URI; they lie in the video."
        yield error("closed-captions", tag.where, what, "take the URI out, or make them SUBTITLES")
    if kind == "CLOSED-CAPTIONS" and not tag["INSTREAM-ID"]:
        yield error("attribute-missing", tag.where, "Closed captions have no INSTREAM-ID.", 'write INSTREAM-ID="CC1"')


def _members(read: Multivariant) -> Iterator[Finding]:
    """Section 4.4.6.1.1: within a group, names differ and one is the default at most."""
    groups: dict[tuple[str, str], list[Tag]] = defaultdict(list)
    for tag in read.playlist.tags("EXT-X-MEDIA"):
        groups[tag["TYPE"], tag["GROUP-ID"]].append(tag)
    for (kind, group), tags in groups.items():
        names: set[str] = set()
        for tag in tags:
            if tag["NAME"] and tag["NAME"] in names:
                what = f"Two members of the {shown(kind)} group {shown(group)!r} have the NAME {shown(tag['NAME'])!r}."
                yield error("name-repeated", tag.where, what, "give each a name of its own")
                break
            names.add(tag["NAME"])
        defaults = [tag for tag in tags if tag["DEFAULT"] == "YES"]
        if len(defaults) > 1:
            what = f"{len(defaults)} members of the {shown(kind)} group {shown(group)!r} are the default."
            yield error("several-defaults", defaults[1].where, what, "keep DEFAULT=YES on one")


def _others(read: Multivariant) -> Iterator[Finding]:
    playlist = read.playlist
    needed = {
        "EXT-X-I-FRAME-STREAM-INF": ("BANDWIDTH", "URI"),
        "EXT-X-CONTENT-STEERING": ("SERVER-URI",),
        "EXT-X-SESSION-DATA": ("DATA-ID",),
        "EXT-X-SESSION-KEY": ("METHOD", "URI"),
    }
    for name, attributes in needed.items():
        for tag in playlist.tags(name):
            for attribute in attributes:
                if not tag[attribute]:
                    yield error("attribute-missing", tag.where, f"#{name} has no {attribute}.", f"write {attribute}=…")
    for tag in playlist.tags("EXT-X-DEFINE"):
        if tag["IMPORT"]:
            what = "A multivariant playlist imports a variable, and has nowhere to import it from."
            yield error("import", tag.where, what, "define it: NAME and VALUE, or QUERYPARAM")
    if not read.streams:
        what = "The playlist names no variant."
        yield error("no-variants", "the playlist", what, "add #EXT-X-STREAM-INF and a URI for each variant")
