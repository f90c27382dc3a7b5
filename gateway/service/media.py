"""Where a worker's media comes from, put together: origins, and before them a cache that all workers share."""

from __future__ import annotations

import time
from pathlib import Path

from gateway.cache import Cache, Shelf, Shelves
from gateway.configuration import Configuration
from gateway.origins.client import OriginClient
from gateway.origins.fetcher import Fetcher
from gateway.service.metrics import Metrics
from gateway.service.settings import Settings
from gateway.tiers import Storage


def media_client(
    settings: Settings, configuration: Configuration, fetcher: Fetcher, memory: Path, metrics: Metrics
) -> OriginClient:
    """The client that handlers fetch by; ``memory`` is a folder on a file system in memory. How much is kept is read
    from the generation in force."""
    metrics.watch_origins(fetcher.health)
    metrics.watch("origin_transfers", "Transfers from origins that are running", lambda: fetcher.transfers)
    metrics.watch("origin_resumed", "Transfers that went on where another broke off", lambda: fetcher.resumed)

    def storage() -> Storage:
        return configuration.current.file.storage

    in_memory = Shelf(memory, lambda: storage().memory_bytes, settings.workers, lasting=False)
    on_disk = Shelf(settings.cache, lambda: storage().disk_bytes, settings.workers, lasting=True)
    leads = memory / "leads" if settings.workers > 1 else None
    if leads is not None:
        leads.mkdir(exist_ok=True)
    return OriginClient(Cache(fetcher, Shelves([in_memory, on_disk]), time.time, leads))
