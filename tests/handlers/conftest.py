"""A gateway that the tests of one file share, where they leave nothing behind in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scripted_origin import Origin
from tests.service import Service, tiers_text


@pytest.fixture(scope="module")
def standing_origin() -> Iterator[Origin]:
    started = Origin.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def standing_service(standing_origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With the shipped tiers before that origin; without a cache, which would tell one test what another put there."""
    started = Service.start(tmp_path_factory.mktemp("service"), "cache: false\n" + tiers_text(standing_origin.url))
    yield started
    started.stop()
