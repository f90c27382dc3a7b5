"""Players with an address that carries a grant, and nothing of ours beside it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import wait_until
from tests.players.conftest import Provider
from tests.players.site import starved, states
from tests.service import tiers_text

STEP = 6
"""Seconds after which a new viewing would have newer grants: these go on for two, well before their own grants end."""


def address(provider: Provider, url: str) -> str:
    """Where the gateway plays a URL by a grant."""
    reply = provider.service.get(f"/api/grant?url={quote(url, safe='')}", {"X-API-Key": provider.site.key})
    return provider.site.gateway + str(reply.json["url"])


@pytest.mark.timeout(120)
def test_a_live_viewing_plays_on_while_newer_grants_begin(provider: Provider, browser: Chrome, media: str) -> None:
    service = provider.service
    (service.folder / "tiers.yaml").write_text(f"playback: {{lifetime: {8 * STEP}s}}\n" + tiers_text(media))
    service.reload()
    wanted = [
        ("hls.js", "live.m3u8"),
        ("shaka", "live.m3u8"),
        ("video.js", "live.m3u8"),
        ("native", "live.m3u8"),
        ("dash.js", "dash.mpd"),
    ]
    addresses = [(engine, address(provider, f"{media}/live/{path}")) for engine, path in wanted]
    provider.site.play_all(browser, addresses, gateway="")
    wait_until(lambda: all(told["played"] > 2 * STEP or told["fatal"] for told in states(browser)))
    for told in states(browser):
        assert (told["fatal"], starved(told)) == (0, []), told
