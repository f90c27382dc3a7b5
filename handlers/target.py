"""The media that a request's query names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.origins.url import MediaUrl
from gateway.playback.query import is_of_api, with_directives
from gateway.problem import InvalidUrl

_LONGEST_NAME = 24  # what is longer may be a key, a token or a signature that was put there by mistake


def target(fields: Mapping[str, Sequence[bytes]], query: str) -> MediaUrl:
    """``url``, with the directives (``_HLS_msn`` and such) that a player appends for the origin.

    ``fields`` are those of ``query``, raw: Tornado's own accessors strip white space and control characters, and so
    hide what was sent. Raises `InvalidUrl` with what would be right.
    """
    unknown = [name for name in fields if not is_of_api(name)]
    if unknown:
        named = repr(unknown[0]) if len(unknown[0]) <= _LONGEST_NAME else "a long field"
        raise InvalidUrl(f"The query holds {named} beside url; percent-encode the whole url, its & and = among it.")
    if len(fields.get("url", ())) != 1:
        raise InvalidUrl("Name the media once: url=<absolute URL, percent-encoded>.")
    try:
        text = fields["url"][0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidUrl("The url is not UTF-8.") from error
    url = MediaUrl.parse(text)
    whole = with_directives(url.href, query)
    return url if whole == url.href else MediaUrl.parse(whole)
