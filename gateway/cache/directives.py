"""What an answer's Cache-Control says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from gateway.origins.head import Head

LONGEST = 2**31
"""Seconds that a longer delta-seconds counts as (RFC 9111, section 1.2.2)."""

_DIRECTIVE = re.compile(r"""([\w!#$%&'*+.^`|~-]++)(?:=(?:"((?:[^"\\]|\\.)*+)"|([^\s,;"]*+)))?+""", re.ASCII)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives of an answer that a shared cache heeds (RFC 9111, section 5.2.2; RFC 5861). Times are in seconds;
    None where nothing was said."""

    no_store: bool
    no_cache: bool
    private: bool
    must_revalidate: bool
    s_maxage: int | None
    max_age: int | None
    stale_if_error: int | None

    @classmethod
    def of(cls, head: Head) -> Self:
        """Read all Cache-Control lines; never fails. Of what is said twice the stricter holds; a number that is none is
        0 (section 4.2.1); `no-cache` or `private` for some fields alone counts for the whole answer; must_revalidate
        is also said by proxy-revalidate and s-maxage (sections 5.2.2.8 and 5.2.2.10).

        What is no directive is passed over, and separates like a comma, so that a restriction is seen after a mistake
        too. Each line is read by itself for the same reason: a quote that one leaves open hides nothing of the next.
        """
        said: dict[str, int] = {}
        for name, value in head.fields:
            if name.lower() == "cache-control":
                for found in _DIRECTIVE.finditer(value):
                    directive, seconds = found[1].lower(), _seconds(found)
                    said[directive] = min(seconds, said.get(directive, seconds))
        return cls(
            no_store="no-store" in said,
            no_cache="no-cache" in said,
            private="private" in said,
            must_revalidate=not said.keys().isdisjoint({"must-revalidate", "proxy-revalidate", "s-maxage"}),
            s_maxage=said.get("s-maxage"),
            max_age=said.get("max-age"),
            stale_if_error=said.get("stale-if-error"),
        )


def _seconds(directive: re.Match[str]) -> int:
    quoted, token = directive[2], directive[3]
    return delta(token or "" if quoted is None else _ESCAPED.sub(r"\1", quoted)) or 0


def delta(text: str) -> int | None:
    """Delta-seconds, `LONGEST` at most; None for what is none."""
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0")
    return LONGEST if len(digits) > 10 else min(int(digits or "0"), LONGEST)
