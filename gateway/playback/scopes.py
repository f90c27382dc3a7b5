"""What the grants of one manifest open: each as little as its references need, and not too many of them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from gateway.identity import Scope
from gateway.manifests import MalformedManifest
from gateway.origins.url import MediaUrl

LONGEST = 400
"""Characters of origin and prefix, so that a grant fits into a kilobyte; a longer prefix is cut to a parent's."""

MOST_DIRECTORIES = 64
"""Directories of one origin that have a grant each in one manifest. What lies in others beside them has one for all
that they have in common: origins that put each minute, or each segment, into a folder of its own have thousands."""

MOST_STEADY = 2048
"""The same in a manifest that is read again and must name things as before: which directories came first is another
matter each time, as they slide out of it. Three hours of six-second segments, each in a folder of its own."""

MOST = 10_000
"""Grants of one manifest: each takes a tenth of a millisecond to sign."""


@dataclass(frozen=True)
class Scopes:
    """The scopes of one manifest's grants. ``home`` is preferred: the directory by whose grant the manifest was asked
    for, or else its own. ``single`` ones open one path each, as licence servers have them; ``steady`` ones are those of
    a manifest that must name things as before when it is read again."""

    home: Scope
    single: bool = False
    steady: bool = False
    _given: set[Scope] = field(default_factory=set, init=False, repr=False)
    _directories: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _shared: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __getitem__(self, url: MediaUrl) -> Scope:
        """What opens a reference; raise `MalformedManifest` if that were one grant too many."""
        scope = (alone(url) if self.single else self._home(url)) or self._elsewhere(url)
        if scope not in self._given:
            if len(self._given) >= MOST:
                raise MalformedManifest(f"The origin's manifest would need more than {MOST} grants.")
            self._given.add(scope)
        return scope

    def _home(self, url: MediaUrl) -> Scope | None:
        return self.home if self.home.covers(url.origin, url.path) else None

    def _elsewhere(self, url: MediaUrl) -> Scope:
        """Beneath another prefix, or by way of an empty segment, which only a prefix of its own can hold. The player
        fills in a DASH template, and may fill in directories."""
        fixed = url.path.partition("$")[0]
        beside = directory(url.origin, fixed)
        if not beside.covers(url.origin, url.path) and fixed == url.path:
            return alone(url) or beside
        if beside in self._given:
            return beside
        count = self._directories.get(url.origin, 0)
        if count < (MOST_STEADY if self.steady else MOST_DIRECTORIES):
            self._directories[url.origin] = count + 1
            return beside
        return self._with_others(beside, fixed)

    def _with_others(self, beside: Scope, path: str) -> Scope:
        """The directory that is common to this one and to all that came too late for a grant of their own."""
        prefix = posixpath.commonpath([self._shared.get(beside.origin, beside.prefix), beside.prefix])
        shared = Scope(beside.origin, prefix.rstrip("/") + "/")
        if not shared.covers(beside.origin, path):
            return beside
        self._shared[beside.origin] = shared.prefix
        return shared


def alone(url: MediaUrl) -> Scope | None:
    """What opens this path and no other; None if it is too long for a grant."""
    return Scope(url.origin, url.path) if len(url.origin + url.path) <= LONGEST else None


def directory(origin: str, path: str) -> Scope:
    """The directory that a path lies in."""
    path = path[: LONGEST - len(origin)]
    return Scope(origin, path[: path.rindex("/") + 1])
