"""Where the references of a manifest lead once it is rewritten: to ``/play``, under a grant for their directory."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import quote

from gateway.identity import Grants, Scope
from gateway.manifests import Asking, Length, is_named_manifest
from gateway.manifests.link import is_relative
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Lease, Terms
from gateway.playback.scopes import Scopes, alone, directory
from gateway.policy import Identity
from gateway.problem import InvalidUrl

_BEFORE_QUERY = re.compile(r"[^?#]*")


@dataclass(frozen=True, slots=True)
class _Place:
    """A directory that references lie in, judged once: what leads there, and whether relative ones do by themselves."""

    beneath: str
    in_scope: bool


@dataclass(frozen=True)
class Links:
    """The references of one manifest, which came from ``base``, after redirects.

    ``within`` is the scope of the grant by which the manifest was asked for, or None where it was asked for by ``/api``
    or redirected. What a relative reference leads to there is opened by that grant: as long as that has the lease which
    the ``terms`` give to a manifest of what plays for that ``length``.
    ``asking`` is what else the manifest's rewriting depends on.
    """

    mint: Callable[[Scope, Lease], str]
    base: MediaUrl
    within: Scope | None
    terms: Terms
    asking: Asking = field(default_factory=Asking)
    length: Length = field(default_factory=Length)
    post: bool = False
    narrow: bool = False
    _places: dict[str, _Place] = field(default_factory=dict, init=False, repr=False)

    def seen_from(self, asked: MediaUrl, came_from: MediaUrl) -> Links:
        """These links for a manifest that was asked for at one URL and came, after redirects, from another."""
        if came_from.origin + came_from.directory == asked.origin + asked.directory:
            return self
        return replace(self, base=came_from, within=None)

    def lasting(self, length: Length) -> Links:
        """These links for a manifest that was read, and told for how long it plays."""
        return replace(self, length=length)

    def licences(self) -> Links:
        """These links for references to licence servers, under grants by which they can be asked by POST."""
        return replace(self, within=None, post=True)

    def shaped(self) -> Links | None:
        """These links for references that the player's own query shapes, where the manifest was asked for by a grant:
        what lies elsewhere than its other references mostly do is left under the grant for those, which refuses it.
        None where who asks needs no leave for any path."""
        return replace(self, narrow=True) if self.terms.granted else None

    def __call__(self, reference: str, absolute: str) -> str | None:
        """What to write for ``reference``, which resolves to ``absolute``; None to leave it as it is."""
        folder = _directory(absolute)
        name = absolute[len(folder) :].partition("?")[0]
        # A name that could hide a step is judged for itself, and a licence server's; any other by its directory, of
        # which there are few.
        held = folder + name if self.post or "%" in name or name.startswith(".") else folder
        place = self._places.get(held)
        if place is None:
            try:
                place = self._places[held] = self._place(MediaUrl.parse(absolute.partition("#")[0]))
            except InvalidUrl:
                # The gateway cannot fetch it (a user name in it, say). Its own answer says why; a direct one would not.
                return f"/api?url={quote(absolute, safe='')}"
        if place.in_scope and is_relative(reference, absolute, self.base.href):
            return None
        return place.beneath + absolute[len(folder) :]

    def _place(self, url: MediaUrl) -> _Place:
        lease = self.terms.lease(self.length)
        carried = self.within if lease == self.terms.granted else None
        in_scope = carried is not None and carried.covers(url.origin, url.path)
        minted = replace(lease, post=self.post)
        scope = self._scopes.home if self.narrow else self._scopes[url]
        return _Place(f"/play/{self.mint(scope, minted)}/{url.authority}{url.directory}", in_scope)

    @cached_property
    def _scopes(self) -> Scopes:
        home = self.within if self.within and self.within.is_directory else None
        return Scopes(home or directory(self.base.origin, self.base.path), self.post, self.length.read_in_place)


def opened(url: MediaUrl) -> Scope:
    """The narrowest scope by which media can be asked for: a manifest's directory, where all that it names mostly lies,
    so that relative references stay as they are; of other media itself alone."""
    home = directory(url.origin, url.path)
    if is_named_manifest(url.path) and home.covers(url.origin, url.path):
        return home
    return alone(url) or home


def address(grant: str, url: MediaUrl) -> str:
    """Where media is played by a grant, at the gateway."""
    return f"/play/{grant}/{url.authority}{url.path}{url.query}"


def _directory(absolute: str) -> str:
    """A URL up to and including the last slash of its path."""
    path = _BEFORE_QUERY.match(absolute)
    end = path.end() if path else len(absolute)
    return absolute[: absolute.rindex("/", 0, end) + 1]


def minter(grants: Grants, identity: Identity) -> Callable[[Scope, Lease], str]:
    """Mint grants for one viewing."""
    return lambda scope, lease: grants.mint(identity, scope, lease.issued_at, lease.lifetime, lease.marks)
