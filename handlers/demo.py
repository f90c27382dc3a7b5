"""What the demo's page asks for: the catalogue, a token, the wire, the limits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tornado.web import url

from gateway.policy import Credential, Json, Purpose
from gateway.problem import InvalidKey
from gateway.service.gateway import Gateway
from handlers.account import AuthHandler
from handlers.base import Handler
from handlers.credentials import Shown
from handlers.page import WEB, AssetHandler, PageHandler

if TYPE_CHECKING:
    from handlers import Routes


_NUMBER = re.compile(r"[0-9]{1,15}")


class Wire(Protocol):
    """The last requests of the demo's client."""

    def after(self, number: int) -> Json:
        """Those after one number."""


@dataclass(frozen=True)
class Demo:
    """The demo's own key, its media as the page lists them, and its wire."""

    key: str = field(repr=False)
    catalogue: Sequence[Json]
    wire: Wire


class DemoHandler(Handler):
    """A part of the demo."""

    def initialize(self, gateway: Gateway, demo: Demo) -> None:  # type: ignore[override]  # a route's own arguments
        super().initialize(gateway)
        self.demo = demo


class CatalogueHandler(DemoHandler):
    """``GET /demo/media``."""

    def get(self) -> None:
        """What can be played."""
        self.answer(self.demo.catalogue)


class PolledHandler(DemoHandler):
    """Asked by the page every second: answered without a log line, which would bury the others."""

    def on_finish(self) -> None:
        self.gateway.running.end(self.cut)


class WireHandler(PolledHandler):
    """``GET /demo/wire?after=N``."""

    def get(self) -> None:
        """The requests after N."""
        after = self.get_query_argument("after", "0")
        self.answer(self.demo.wire.after(int(after) if _NUMBER.fullmatch(after) else 0))


class LimitsHandler(PolledHandler):
    """``GET /demo/limits``."""

    async def get(self) -> None:
        """The plan table, and how the demo's key stands; looking counts nothing."""
        tiers = {name: tier.describe() for name, tier in self.generation.file.tiers.items()}
        self.answer({"tiers": tiers, "usage": await self._usage()})

    async def _usage(self) -> Json:
        try:
            identity = self.generation.keys.authenticate(self.demo.key, self.gateway.clock())
        except InvalidKey:
            return None  # the page says so
        report = await self.generation.tier(identity.tier).report(self.call(identity, Purpose.ACCOUNT))
        return {"tier": identity.tier, "policies": report}


class TokenHandler(AuthHandler):
    """``POST /demo/token``: what a customer's own server does, so that the key never reaches the browser."""

    def initialize(self, gateway: Gateway, demo: Demo) -> None:  # type: ignore[override]  # a route's own arguments
        super().initialize(gateway)
        self.demo = demo

    def credential(self) -> Shown | None:
        """The key that the server holds."""
        return Shown(Credential.KEY, self.demo.key)


def demo_routes(gateway: Gateway, demo: Demo) -> Routes:
    """The page and what it asks for."""
    parts = {"gateway": gateway, "demo": demo}
    return (
        url(r"/", PageHandler),
        url(r"/web/(.*)", AssetHandler, {"path": str(WEB)}),
        url(r"/demo/media", CatalogueHandler, parts),
        url(r"/demo/token", TokenHandler, parts),
        url(r"/demo/wire", WireHandler, parts),
        url(r"/demo/limits", LimitsHandler, parts),
    )
