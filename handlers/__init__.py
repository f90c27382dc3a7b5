"""The HTTP surface: one line a route."""

from __future__ import annotations

from collections.abc import Sequence

from tornado.web import Application, url

from gateway.service.gateway import Gateway
from handlers.account import AuthHandler, HealthHandler, TiersHandler, UsageHandler
from handlers.admin import LiveHandler, MetricsHandler, ReadyHandler
from handlers.api import ApiHandler
from handlers.dispatch import Dispatching
from handlers.explain import ExplainHandler
from handlers.grant import GrantHandler
from handlers.inspect import InspectHandler, Places
from handlers.play import PlayHandler

Routes = Sequence[url]


def public_routes(gateway: Gateway) -> Routes:
    """What customers reach."""
    parts = {"gateway": gateway}
    return (
        url(r"/api/?", ApiHandler, parts),
        url(r"/play/.*", PlayHandler, parts),
        url(r"/api/auth", AuthHandler, parts),
        url(r"/api/grant", GrantHandler, parts),
        url(r"/api/inspect", InspectHandler, {**parts, "places": Places()}),
        url(r"/api/usage", UsageHandler, parts),
        url(r"/api/tiers", TiersHandler, parts),
        url(r"/api/health", HealthHandler, parts),
    )


def admin_routes(gateway: Gateway) -> Routes:
    """What the operator's own machines reach, on a listener of its own."""
    parts = {"gateway": gateway}
    return (
        url(r"/healthz", LiveHandler, parts),
        url(r"/readyz", ReadyHandler, parts),
        url(r"/metrics", MetricsHandler, parts),
        url(r"/explain", ExplainHandler, parts),
    )


def application(gateway: Gateway, routes: Routes) -> Application:
    """The routes, and one answer for every other path."""
    return Dispatching(gateway, routes)
