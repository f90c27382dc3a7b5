"""The media that a request's query names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl

_OWN = frozenset({"url", "token", "CMCD"})
_DIRECTIVES = ("_HLS_", "_DASH_")
"""What players append for the origin: of low-latency HLS, of interstitials, of content steering."""

_LONGEST_NAME = 24  # what is longer may be a key, a token or a signature that was put there by mistake


def target(fields: Mapping[str, Sequence[bytes]], query: str) -> MediaUrl:
    """``url``, with the directives (``_HLS_msn`` and such) that a player appends for the origin.

    ``fields`` are those of ``query``, raw: Tornado's own accessors strip white space and control characters, and so
    hide what was sent. Raises `InvalidUrl` with what would be right.
    """
    unknown = [name for name in fields if name not in _OWN and not name.startswith(_DIRECTIVES)]
    if unknown:
        named = repr(unknown[0]) if len(unknown[0]) <= _LONGEST_NAME else "a long field"
        raise InvalidUrl(f"The query holds {named} beside url; percent-encode the whole url, its & and = among it.")
    if len(fields.get("url", ())) != 1:
        raise InvalidUrl("Name the media once: url=<absolute URL, percent-encoded>.")
    try:
        text = fields["url"][0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidUrl("The url is not UTF-8.") from error
    return _with_directives(MediaUrl.parse(text), query)


def _with_directives(url: MediaUrl, query: str) -> MediaUrl:
    directives = "&".join(part for part in query.split("&") if part.startswith(_DIRECTIVES))
    if not directives:
        return url
    return MediaUrl.parse(f"{url.href}{'&' if url.query else '?'}{directives}")
