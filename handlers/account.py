"""The JSON part of the surface: tokens, usage, the plan table, health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.policy import Credential, Purpose
from gateway.problem import InvalidKey, MissingKey
from handlers.base import Handler
from handlers.credentials import Shown, shown


class AuthHandler(Handler):
    """``POST /api/auth``: a key for a session token of its tier."""

    route = "auth"

    async def post(self) -> None:
        """Mint a token; it counts toward the key's limit as any request does."""
        credential = self.credential()
        if credential is None:
            raise MissingKey("Send an API key as X-API-Key, or as Authorization: Bearer.")
        if credential.kind is not Credential.KEY:
            await self.slow_down()
            raise InvalidKey("A session token cannot be traded for another; send an API key.")
        identity = await self.verify(credential)
        async with self.admitted(identity, Purpose.SESSION):
            minted = self.gateway.tokens.mint(identity, self.generation.file.session_lifetime)
            self.answer(
                {
                    "token": minted.token,
                    "token_type": "session",
                    "tier": identity.tier,
                    "expires_in": minted.expires_in,
                    "expires_at": minted.expires_at,
                }
            )

    def credential(self) -> Shown | None:
        """What the request shows."""
        return shown(self.request.headers, self.request.query_arguments)


class UsageHandler(Handler):
    """``GET /api/usage``: the asker's own tier, its limits and what is left of them."""

    route = "usage"

    async def get(self) -> None:
        """What each policy of the tier reports."""
        identity = await self.identify()
        async with self.admitted(identity, Purpose.ACCOUNT) as admitted:
            policies = await self.generation.tier(identity.tier).report(admitted.call)
            self.answer(
                {
                    "tier": identity.tier,
                    "key_id": identity.key_id,
                    "credential": identity.credential.value,
                    "policies": policies,
                }
            )


class OpenHandler(Handler):
    """Needs no credential; one that is shown all the same must be good, and counts."""

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        """Hold the policies of the tier of whoever asks, if they say who they are."""
        identity = await self.identify_if_shown()
        if identity is None:
            yield
            return
        async with self.admitted(identity, Purpose.ACCOUNT):
            yield


class TiersHandler(OpenHandler):
    """``GET /api/tiers``: the plan table."""

    route = "tiers"

    async def get(self) -> None:
        """What each policy of each tier says of itself."""
        async with self.counted():
            self.answer({"tiers": {name: tier.describe() for name, tier in self.generation.file.tiers.items()}})


class HealthHandler(OpenHandler):
    """``GET /api/health``: whether the gateway answers."""

    route = "health"

    async def get(self) -> None:
        """The version that answers."""
        async with self.counted():
            self.answer({"status": "ok", "version": self.gateway.version})


class UnknownHandler(Handler):
    """Every other path."""

    def prepare(self) -> None:
        super().prepare()
        if self.request.method != "OPTIONS":
            self.send_error(404)
