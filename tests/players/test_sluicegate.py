"""sluicegate.js in a real Chromium, by each player, on a provider's page that is not the gateway's."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import responses, wait_until
from tests.players.conftest import Provider
from tests.players.site import state

pytestmark = pytest.mark.timeout(180)
HLS, DASH = "/hls-ts/master.m3u8", "/dash/manifest.mpd"
PLAYERS = [("hls.js", HLS), ("shaka", DASH), ("dash.js", DASH), ("video.js", HLS)]


@pytest.mark.parametrize(("engine", "path"), PLAYERS)
def test_each_player_plays_with_one_token(
    provider: Provider, browser: Chrome, media: str, engine: str, path: str
) -> None:
    provider.site.play(browser, engine, media + path)
    wait_until(lambda: (now := state(browser)) and (now["time"] > 6 or now["fatal"]))
    told = state(browser)
    assert (told["fatal"], told["stalls"], told["tokens"]) == (0, [], 1)
    gateway = [seen for seen in responses(browser) if seen[1].startswith(provider.site.gateway)]
    assert [seen for seen in gateway if not 200 <= seen[0] < 300] == []
