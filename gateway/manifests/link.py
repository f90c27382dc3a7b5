"""A reference in a manifest, and where it is to lead."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import ada_url

from gateway.manifests.data_url import refused
from gateway.problem import OriginUnreachable

Link = Callable[[str, str], str | None]
"""Takes a reference as the manifest has it, and the absolute URL that it resolves to; returns what to write in its
place, or None to leave its bytes exactly as they are. What it returns has no quotes, spaces or control characters."""

MOST = 200_000
"""References in one manifest: two weeks of six-second segments. Each may become a grant's length longer, so that a
manifest of nothing but one-letter references would fill the memory."""

MOST_WRITTEN = 64 * 1024 * 1024
"""Bytes that take the place of all references of one manifest."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]*+")
_EDGES = "".join(map(chr, range(0x21)))
_MOVED = "ws://moved/_"  # a scheme like http, but neither http nor https, so that "http:x" is not relative to it


class MalformedManifest(OriginUnreachable):
    """The origin's manifest cannot be read, and so cannot be made to lead through the gateway."""


def resolve(reference: str, base: str) -> str | None:
    """The absolute http(s) URL of a reference, or None for what is not fetched by http (``data:``, ``skd:``, ``urn:``),
    for nothing, and for what does not parse."""
    if not reference:
        return None
    try:
        absolute = ada_url.join_url(base, reference)
    except ValueError:
        return None
    return absolute if absolute.startswith(("http://", "https://")) else None


def is_relative(reference: str, absolute: str, base: str) -> bool:
    """Whether a reference, which resolves to ``absolute``, leads right also where everything at its base's host was
    moved beneath a longer path. ``/x`` does not, nor does ``../x`` at the top, nor ``?x``, which names the base."""
    if _NAME.fullmatch(reference):
        return True  # most are a plain name, and a long playlist has thousands
    moved = _MOVED + _path(base).partition("?")[0].rpartition("/")[0] + "/"
    return ada_url.join_url(moved, reference) == _MOVED + _path(absolute)


def is_beside(one: str, other: str) -> bool:
    """Whether two URLs without a query lie in one directory, and the other's name is plain: no step is hidden in it."""
    folder, _, name = other.rpartition("/")
    return one.rpartition("/")[0] == folder and _NAME.fullmatch(name) is not None


def _path(url: str) -> str:
    return url[url.index("/", url.index("//") + 2) :]


def written(reference: str, base: str, link: Link) -> str | None:
    """What to write in place of a reference, or None to leave it.

    What a URL parser does not see is gone before ``link`` is asked: a reference that it takes for relative is.
    """
    reference = reference.strip(_EDGES).replace("\t", "")
    absolute = resolve(reference, base)
    return refused(reference) if absolute is None else link(reference, absolute)


def whole(led: str, own: str) -> str:
    """Where a reference leads, such that it can be followed from anywhere: a path of the gateway's, which is seen at
    ``own`` (``scheme://host``, ``//host``, or nothing), or another address as it is."""
    return f"{own}{led}" if led.startswith("/") and not led.startswith("//") else led


def counted(link: Link) -> Link:
    """``link``, which raises `MalformedManifest` when it is asked about more than `MOST` references, or has written
    more than `MOST_WRITTEN` bytes in their place."""
    asked = itertools.count(1)
    written_so_far = 0

    def ask(reference: str, absolute: str) -> str | None:
        nonlocal written_so_far
        replacement = link(reference, absolute)
        written_so_far += len(replacement or "")
        if next(asked) > MOST or written_so_far > MOST_WRITTEN:
            raise MalformedManifest(f"The origin's manifest has more than {MOST} references, or too long ones.")
        return replacement

    return ask
