"""What the references at one level of a manifest resolve against (section 5.6.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.manifests.link import MalformedManifest, is_relative, resolve
from gateway.origins.url import LONGEST

MOST_ALTERNATIVES = 16
"""Bases that a reference is looked at beneath; each level may multiply them."""

MOST_EFFORT = 32 * 1024 * 1024
"""Characters that are resolved over again in one manifest, with `_ONCE` more each time: what many representations share
is looked at beneath the bases of each, which no honest manifest multiplies so far. It takes a second or two."""

_ONCE = 64
_NAMES_PLACE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]", re.IGNORECASE)
_PATH = re.compile(r"[^?#]*")
_DEVIOUS = re.compile(r"//|%2[ef]|%5c", re.IGNORECASE)


@dataclass(slots=True)
class Effort:
    """What is ``left`` of `MOST_EFFORT` for a manifest."""

    left: int = MOST_EFFORT

    def spend(self, times: int, reference: str = "") -> None:
        """Take away what it costs to look at a reference so many times; raise `MalformedManifest` when none is left."""
        self.left -= times * (_ONCE + len(reference))
        if self.left < 0:
            raise MalformedManifest("The origin's DASH manifest has too many references for as many bases.")


@dataclass(frozen=True, slots=True)
class Base:
    """``carried`` is the directory beneath which a relative reference is right by itself, empty if there is none. Of
    one that is not ``known``, what begins a fragment, nothing but the host is taken for true. ``steered`` tells whether
    the manifest has content steering."""

    url: str
    carried: str = ""
    known: bool = True
    steered: bool = False
    effort: Effort = field(default_factory=Effort, compare=False, repr=False)

    def carries(self, reference: str) -> bool:
        """Whether a reference is relative, and stays beneath a directory that was made to lead right."""
        if _NAMES_PLACE.match(reference):
            return False
        if not self.known:
            return True
        absolute = resolve(reference, self.url) if self.carried else None
        if absolute is None or not absolute.startswith(self.carried):
            return False
        # What climbs, or seems to, is beneath the grant's prefix only where that is its own.
        beneath = _PATH.match(absolute, len(self.carried) - 1)
        return not (beneath and _DEVIOUS.search(beneath[0])) and is_relative(reference, absolute, self.url)

    def spelt(self, reference: str, absolute: str) -> str:
        """A reference as it is, if it is right also where all at its base's host was moved; else what it resolves to.
        The base may lie less deep than the manifest, and the reference climb past the top."""
        return reference if is_relative(reference, absolute, self.url) else absolute

    def moved(self, reference: str) -> Base | None:
        """The base that a BaseURL makes of this one, once it leads right: an empty one leaves it as it is. None if
        it is not one of http. Raise `MalformedManifest` for one that is too long to resolve much against it."""
        if not reference:
            return self
        absolute = resolve(reference, self.url)
        if absolute is None:
            return None
        if len(absolute) > LONGEST:
            raise MalformedManifest(f"A BaseURL of the origin's DASH manifest is longer than {LONGEST} characters.")
        known = self.known or bool(_NAMES_PLACE.match(reference))
        home = absolute.partition("?")[0].rpartition("/")[0] + "/"
        carried = self.carried if self.known and self.carries(reference) else home
        return Base(absolute, carried, known, self.steered, self.effort)


Bases = tuple[Base, ...]
"""Alternatives of each other; the first is what players try first."""


def moved(bases: Bases, reference: str) -> Bases:
    """The bases that a BaseURL makes of these."""
    bases[0].effort.spend(len(bases), reference)
    return tuple(dict.fromkeys(filter(None, (base.moved(reference) for base in bases))))
