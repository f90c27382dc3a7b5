"""Where the references of a manifest lead once it is rewritten: to ``/play``, under a grant for their directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from gateway.identity import Grant, Grants, Scope
from gateway.manifests.link import is_relative
from gateway.origins.url import MediaUrl
from gateway.policy import Identity
from gateway.problem import InvalidUrl

_RENEWALS = 8
"""How often in its lifetime a grant is replaced by a newer one: until then all who ask get the same text, so that
a live playlist, read again, names its segments as before."""

_LONGEST_SCOPE = 400
"""Characters of origin and prefix, so that a grant fits into a kilobyte; a longer prefix is cut to a parent's."""


@dataclass(frozen=True, slots=True)
class Lease:
    """When the grants of one manifest begin, in seconds since the epoch, and how many seconds they hold."""

    issued_at: int
    lifetime: int

    @classmethod
    def starting(cls, now: float, lifetime: int) -> Lease:
        """A lease for a new viewing: it holds for at least seven eighths of ``lifetime`` from now."""
        step = max(lifetime // _RENEWALS, 1)
        return cls(int(now) // step * step, lifetime)

    @classmethod
    def of(cls, grant: Grant) -> Lease:
        """The lease of a manifest that was itself reached by a grant: what it names ends with it."""
        return cls(grant.issued_at, grant.expires_at - grant.issued_at)


@dataclass(frozen=True)
class Links:
    """The references of one manifest, which came from ``base``, after redirects.

    ``within`` is the scope in which a relative reference leads to the right place by itself: that of the grant by
    which the manifest was asked for, or None where it was asked for by ``/api`` or redirected.
    """

    mint: Callable[[Scope], str]
    base: MediaUrl
    within: Scope | None

    def seen_from(self, asked: MediaUrl, came_from: MediaUrl) -> Links:
        """These links for a manifest that was asked for at one URL and came, after redirects, from another."""
        if came_from.origin + came_from.directory == asked.origin + asked.directory:
            return self
        return Links(self.mint, came_from, None)

    def __call__(self, reference: str, absolute: str) -> str | None:
        """What to write for ``reference``, which resolves to ``absolute``; None to leave it as it is."""
        fetched, hash_mark, fragment = absolute.partition("#")
        try:
            url = MediaUrl.parse(fetched)
        except InvalidUrl:
            # The gateway cannot fetch it (a user name in it, say). Its own answer says why; a direct one never would.
            return f"/api?url={quote(absolute, safe='')}"
        if self._in_scope(url) and is_relative(reference, absolute, self.base.href):
            return None
        grant = self.mint(self._scope(url))
        return f"/play/{grant}/{url.authority}{url.path}{url.query}{hash_mark}{fragment}"

    def _in_scope(self, url: MediaUrl) -> bool:
        return self.within is not None and self.within.covers(url.origin, url.path)

    def _scope(self, url: MediaUrl) -> Scope:
        """The manifest's own directory if the reference lies in it, or the reference's."""
        home = self.within or _home(self.base.origin, self.base.path)
        if home.covers(url.origin, url.path):
            return home
        # Beneath another prefix, or by way of an empty segment, which only a prefix of its own can hold. The player
        # fills in a DASH template, and may fill in directories.
        return _home(url.origin, url.path.partition("$")[0])


def _home(origin: str, path: str) -> Scope:
    path = path[: _LONGEST_SCOPE - len(origin)]
    return Scope(origin, path[: path.rindex("/") + 1])


def minter(grants: Grants, identity: Identity, lease: Lease) -> Callable[[Scope], str]:
    """Mint grants for one viewing."""
    return lambda scope: grants.mint(identity, scope, lease.issued_at, lease.lifetime)
