"""The question why something does not play, answered by the gateway's own parts, composed for it alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from commands import options
from commands.diagnosing.access import Access, Known, access
from commands.diagnosing.budget import Budget
from commands.diagnosing.probe import Prober
from commands.diagnosing.walk import Walk
from gateway.configuration import Sources
from gateway.diagnosis.address import Address, read_address
from gateway.diagnosis.finding import Finding
from gateway.diagnosis.relaying import relay_findings
from gateway.diagnosis.report import Report
from gateway.diagnosis.web import ANY_PAGE
from gateway.identity import Keyring, keyring_path, read_keys
from gateway.origins.fetcher import Fetcher
from gateway.service.versions import VERSION
from gateway.store.redis_store import embedded_store


@dataclass(frozen=True)
class Files:
    """What the gateway is told, as it is on the disk."""

    tiers: Path
    keys: Path
    state: Path
    policies: Path | None

    def known(self) -> Known:
        """Raise `ConfigErrors`, `KeyFileError`, `KeyringError`, `PluginError` or `OSError`."""
        keyring: Keyring | None = None
        with suppress(FileNotFoundError):
            keyring = Keyring.load(keyring_path(self.state, os.environ))
        sources = Sources(self.tiers, self.keys, options.discovered(self.policies), keyring.pepper if keyring else b"")
        return Known(sources.compile(0), read_keys(self.keys), keyring)


@dataclass
class Question:
    """Why ``url`` does not play, for a ``key``, a web ``page``, a ``player``; each is empty if none was named."""

    url: str
    key: str
    page: str
    player: str
    known: Known
    budget: Budget = field(default_factory=Budget)
    _access: Access = field(default_factory=Access, init=False)
    _walk: Walk | None = field(default=None, init=False)
    _noted: Sequence[Finding] = field(default=(), init=False)

    def answer(self) -> Report:
        """Look, and judge; after Ctrl-C by what was seen until then."""
        address = read_address(self.url)
        with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._look(address))
        return self._report(address)

    async def _look(self, address: Address) -> None:
        fetcher = Fetcher(self._via(), f"Sluicegate/{VERSION}", 16)
        try:
            self._access = await access(self.known, address, self.key, self.page, embedded_store())
            guard, admitted = self.known.generation.guard, self._access.admitted
            self._walk = Walk(Prober(fetcher, guard, admitted, self.page or ANY_PAGE, self.budget))
            await self._walk.run(address.url)
        finally:
            self._noted = relay_findings(fetcher.health.fallbacks, fetcher.resumed)
            fetcher.close()

    def _via(self) -> str:
        """As serving names itself, so that an address that leads back to it is known there."""
        keyring = self.known.keyring
        return f"sluicegate-{hashlib.sha256(keyring.pepper).hexdigest()[:12] if keyring else 'diagnose'}"

    def _report(self, address: Address) -> Report:
        walk = self._walk
        return Report.of(
            address=address,
            page=self.page,
            player=self.player,
            identity=self._access.identity,
            evidence=walk.evidence(self.page or ANY_PAGE) if walk else None,
            noted=(*self._access.findings, *(walk.found if walk else ()), *self._noted),
            incomplete=(walk.incomplete if walk else "it was interrupted") or self._access.incomplete,
            requests=self.budget.requests,
            seconds=self.budget.seconds,
        )
