"""A viewing session with real grants, and a witness of what manifests are made into that knows no rewriter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import urljoin, urlsplit

from gateway.identity import Grants, KeyFile, Keyring, Keys, Notes, Scope, read_keys
from gateway.manifests import Asking, Kind, Link, length, rewrite
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Lease, Terms
from gateway.playback.links import Links, minter
from gateway.playback.notes import SessionNotes
from gateway.policy import Identity
from gateway.problem import Problem

GATEWAY = "http://gateway.example"
LIFETIME = 6 * 3600
NOT_FETCHED = ("data:", "skd:", "urn:")


@dataclass(frozen=True)
class Rewritten:
    """A manifest as it was and as it is; ``written`` are the replacements with what stood there, in their order, and
    ``seen_at`` the address by which the player has it."""

    before: bytes
    after: bytes
    written: list[tuple[str, str]]
    seen_at: str


@dataclass(frozen=True)
class Viewing:
    """One viewer's session."""

    grants: Grants
    notes: Notes
    keys: Keys
    identity: Identity
    now: float = field(default_factory=time.time)

    @classmethod
    def start(cls) -> Self:
        """With a key ring and a key of its own."""
        with TemporaryDirectory(prefix="sluicegate-") as folder:
            keyring, path = Keyring.generate(), Path(folder) / "keys.yaml"
            key = KeyFile(path, keyring.pepper, time.time).add("viewer", "standard")
            keys = Keys(read_keys(path), {}, keyring.pepper, {"standard"})
        identity = keys.authenticate(key.text, time.time()).viewing("127.0.0.1", "benchmark", "/")
        return cls(Grants(keyring, time.time), Notes(keyring), keys, identity)

    def links(self, url: MediaUrl, within: Scope | None) -> Links:
        """The links of a manifest at a URL: asked for by /api, or by a grant with the scope ``within``."""
        lease = Lease.starting(self.now, LIFETIME)
        asking = Asking(GATEWAY, url.query if within else "", notes=SessionNotes(self.notes, self.identity))
        terms = Terms(self.now, LIFETIME, lease if within else None)
        return Links(minter(self.grants, self.identity), url, within, terms, asking)

    def rewritten(self, kind: Kind, text: bytes, base: str, within: Scope | None = None) -> Rewritten:
        """A manifest from ``base`` as the gateway sends it."""
        url = MediaUrl.parse(base)
        links = self.links(url, within).lasting(length(kind, text))
        written: list[tuple[str, str]] = []

        def recorded(reference: str, absolute: str) -> str | None:
            replacement = links(reference, absolute)
            if replacement is not None:
                written.append((replacement, reference))
            return replacement

        after = rewrite(kind, text, base, _link(recorded), links.asking)
        seen_at = f"{GATEWAY}/api" if within is None else f"{GATEWAY}{links(url.href, url.href)}"
        return Rewritten(text, after, written, seen_at)

    def leads(self, address: str) -> bool:
        """Whether an address is the gateway's, and its grant holds and opens what stands behind it."""
        path = urlsplit(address).path
        if not address.startswith(f"{GATEWAY}/play/") or path.count("/") < 4:
            return False
        _, _, grant, authority, rest = path.split("/", 4)
        try:
            opened = self.grants.verify(grant, self.keys, LIFETIME)
        except Problem:
            return False
        origin = f"{opened.scope.origin.partition('://')[0]}://{authority}"
        return opened.scope.covers(origin, f"/{rest}")


def _link(ask: Link) -> Link:
    return ask


def strays(viewing: Viewing, seen: Rewritten, references: Iterator[str]) -> list[str]:
    """Those among the references of a manifest, as the player has them, that do not lead to the gateway."""
    absolute = (urljoin(seen.seen_at, reference.strip()) for reference in references if reference.strip())
    return [one for one in absolute if not one.lower().startswith(NOT_FETCHED) and not viewing.leads(one)]


def undone(seen: Rewritten) -> bytes:
    """A playlist with what stood there in place of each replacement."""
    text, at = seen.after.decode("utf-8", "surrogateescape"), 0
    for replacement, reference in seen.written:
        at = text.index(replacement, at)
        text = text[:at] + reference + text[at + len(replacement) :]
        at += len(reference)
    return text.encode("utf-8", "surrogateescape")
