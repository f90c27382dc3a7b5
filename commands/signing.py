"""A grant for an address of media, signed with the secrets that a gateway runs with."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from commands.explaining import Files
from gateway.configuration import Generation
from gateway.explanation import Asked, Dead, explain
from gateway.explanation.living import living
from gateway.identity import Grants, Keyring, KeyringError, Scope, keyring_path, opening
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Lease
from gateway.playback.links import address, minter, opened
from gateway.playback.scopes import LONGEST
from gateway.policy import Identity, Json, duration, written
from gateway.store.redis_store import embedded_store


class Refused(Exception):  # noqa: N818 - it is an answer
    """The gateway would refuse it; the message says why, and what would be right."""


@dataclass(frozen=True)
class Signed:
    """A grant's address at any gateway with these secrets, and what it says; ``ends`` is in seconds since the epoch."""

    path: str
    scope: Scope
    identity: Identity
    lease: Lease

    def told(self) -> dict[str, Json]:
        """As JSON."""
        who: dict[str, Json] = {"key_id": self.identity.key_id, "tier": self.identity.tier}
        when: dict[str, Json] = {"expires_in": self.lease.lifetime, "expires_at": self.lease.ends}
        return {"opens": self.scope.origin + self.scope.prefix} | who | when

    def line(self) -> str:
        """For people."""
        until = datetime.fromtimestamp(self.lease.ends, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        what = "all beneath" if self.scope.is_directory else "only"
        return f"opens {what} {self.scope.origin}{self.scope.prefix}; playing can begin until {until}"


def keyring(state: Path) -> Keyring:
    """The key ring, found as the service finds it; raise `KeyringError`, also if there is none or none may be read."""
    path = keyring_path(state, os.environ)
    try:
        return Keyring.load(path)
    except FileNotFoundError as error:
        right = "name the service's own with --state, or $CREDENTIALS_DIRECTORY"
        raise KeyringError(f"{path}: there is no key ring, and a new one would sign for no gateway; {right}") from error
    except PermissionError as error:
        raise KeyringError(f"{path}: you may not read it; sign as the user that the service runs as") from error


@dataclass(frozen=True)
class Signer:
    """Signs by what the operator's files say now. Raises what reading them raises."""

    files: Files
    grants: Grants

    def sign(self, url: str, key: str, lifetime: str, prefix: str) -> Signed:
        """An address for what ``key`` names. Raise `Refused` if the gateway would, and `click.UsageError`."""
        generation = self.files.sources().compile(0)
        identity = self._identity(generation, key)
        seconds = _seconds(lifetime, generation.file.playback_lifetime)
        media = _media(generation, identity, url)
        scope = _scope(media, prefix) if prefix else opened(media)
        lease = Lease(int(time.time()), seconds)
        grant = minter(self.grants, opening(identity))(scope, lease)
        return Signed(address(grant, media), scope, identity, lease)

    def _identity(self, generation: Generation, key: str) -> Identity:
        named = self.files.named(key)
        dead = [each for each in named if isinstance(each, Dead)]
        if dead:
            raise Refused("\n".join(f"{each.key_id}: {each.why}" for each in dead))
        if len(named) > 1:
            ids = ", ".join(each.key_id for each in named)
            raise Refused(f"{key} has {len(named)} living keys; name one of them: {ids}")
        identity = living(generation, named[0].key_id, time.time())
        if identity is None:
            raise Refused(f"{key}: it has just ended")
        return identity


def _seconds(lifetime: str, longest: int) -> int:
    try:
        seconds = duration(lifetime) if lifetime else longest
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--lifetime") from error
    if seconds > longest:
        told = f"{lifetime} is longer than the gateway takes a grant for; playback: lifetime: is {written(longest)}"
        raise click.BadParameter(told, param_hint="--lifetime")
    return seconds


def _media(generation: Generation, identity: Identity, url: str) -> MediaUrl:
    """The url, if the gateway would give the key a grant for it."""
    explained = asyncio.run(explain(generation, identity, Asked("grant", url=url), embedded_store()))
    if explained.ending and explained.ending.problem:
        problem = explained.ending.problem
        raise Refused(f"{problem.error}: {problem.detail}" if problem.detail else problem.error)
    return MediaUrl.parse(url)


def _scope(media: MediaUrl, prefix: str) -> Scope:
    try:
        scope = Scope(media.origin, prefix)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--prefix") from error
    if not scope.covers(media.origin, media.path):
        right = f"write one of its directories with slashes around it, such as {media.directory}"
        raise click.BadParameter(f"{media.path} does not lie beneath {prefix}; {right}", param_hint="--prefix")
    if len(media.origin + prefix) > LONGEST:
        told = f"origin and prefix have more than {LONGEST} characters; write a shorter one"
        raise click.BadParameter(told, param_hint="--prefix")
    return scope
