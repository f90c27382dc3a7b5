"""The service without a web server: what every handler works with, composed once by ``main.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.configuration import Configuration
from gateway.identity import Grants, Notes, SessionTokens, Slowdown
from gateway.origins.client import OriginClient
from gateway.service.bounds import Bounds
from gateway.service.metrics import Metrics
from gateway.service.running import Running
from gateway.store.redis_store import RedisStore


@dataclass(frozen=True)
class Gateway:
    """One worker's parts. ``via`` is the pseudonym by which a request that comes back to the gateway is known;
    ``clock`` gives seconds since the epoch."""

    version: str
    via: str
    clock: Callable[[], float]
    configuration: Configuration
    tokens: SessionTokens
    grants: Grants
    notes: Notes
    slowdown: Slowdown
    store: RedisStore
    client: OriginClient
    bounds: Bounds
    metrics: Metrics
    running: Running
