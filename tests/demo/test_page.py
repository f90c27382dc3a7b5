"""The demo's page, in a real Chromium."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import chromium, logged, responses, wait_until
from tests.service import Service

pytestmark = pytest.mark.timeout(180)
SEGMENT_SECONDS = 4


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def browser(started: Chrome) -> Iterator[Chrome]:
    """The module's one browser, which has nothing to tell of the tests before."""
    responses(started)
    logged(started, "browser")
    yield started
    started.get("about:blank")
    started.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    started.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def state(browser: Chrome) -> dict[str, Any]:
    told: dict[str, Any] = browser.execute_script("return sluicegateDemo.state()")
    return told


def run(browser: Chrome, script: str, *arguments: object) -> None:
    browser.execute_script(script, *arguments)


def open_page(browser: Chrome, demo: Service) -> None:
    browser.get(f"http://127.0.0.1:{demo.port}/")
    wait_until(lambda: browser.execute_script("return !!globalThis.sluicegateDemo"))


def choose(browser: Chrome, media: str, engine: str) -> None:
    script = (
        "document.getElementById('media').value = arguments[0]; document.getElementById('engine').value = arguments[1]"
    )
    run(browser, script, media, engine)


@pytest.mark.parametrize("engine", ["auto", "hls.js"])
def test_the_page_plays_for_twenty_seconds_without_a_failed_request(
    demo: Service, browser: Chrome, engine: str
) -> None:
    open_page(browser, demo)
    choose(browser, "hls-ts", engine)
    browser.find_element("id", "play").click()
    played = wait_until(lambda: (now := state(browser)) and now["time"] > 20 and now)
    assert played["engine"] == ("native" if engine == "auto" else "hls.js")
    assert played["time"] > 2 * SEGMENT_SECONDS
    assert (played["failed"], played["refused"], played["fetched"]) == (0, 0, 1)
    assert [seen for seen in responses(browser) if not 200 <= seen[0] < 400] == []
    assert demo.log.read_text().count('"status": 4') == 0


@pytest.mark.parametrize(
    ("media", "engine"), [("hls-fmp4", "hls.js"), ("hls-fmp4", "auto"), ("dash", "auto"), ("mp4", "auto")]
)
def test_each_kind_of_media_plays(demo: Service, browser: Chrome, media: str, engine: str) -> None:
    open_page(browser, demo)
    choose(browser, media, engine)
    browser.find_element("id", "play").click()
    wait_until(lambda: state(browser)["time"] > SEGMENT_SECONDS + 1)


@pytest.mark.parametrize(
    ("media", "engine"), [("hls-ts", "native"), ("hls-ts", "hls.js"), ("dash", "auto"), ("mp4", "native")]
)
def test_a_token_that_no_longer_holds_is_replaced_and_playing_goes_on(
    demo: Service, browser: Chrome, media: str, engine: str
) -> None:
    open_page(browser, demo)
    choose(browser, media, engine)
    browser.find_element("id", "play").click()
    wait_until(lambda: state(browser)["time"] > 1)
    browser.find_element("id", "spoil").click()
    refreshed = wait_until(lambda: (now := state(browser)) and now["fetched"] == 2 and now["time"] > 3 and now)
    assert refreshed["failed"] == 1
    assert any(status == 401 for status, _ in responses(browser))


def test_the_page_never_sees_the_key(demo: Service, browser: Chrome) -> None:
    key = (demo.keyring.parent / "demo.key").read_text().strip()
    open_page(browser, demo)
    browser.find_element("id", "play").click()
    wait_until(lambda: state(browser)["time"] > 1)
    assert key not in browser.page_source
    assert key not in str(logged(browser, "performance"))


def test_the_page_says_when_its_key_has_died_and_the_next_start_makes_another(demo: Service, browser: Chrome) -> None:
    dead = (demo.keyring.parent / "demo.key").read_text()
    open_page(browser, demo)
    demo.key_file().revoke("demo")
    demo.reload()
    wait_until(lambda: "no longer alive" in browser.find_element("id", "usage").text)
    assert "standard" in browser.find_element("id", "tiers").text
    origin = demo.get("/demo/media").json[0]["url"].split("/")[2].rpartition(":")[2]
    demo.stop()
    again = Service.start(
        demo.folder,
        (demo.folder / "tiers.yaml").read_text(),
        "--origin",
        origin,
        state=demo.keyring.parent,
        command="demo",
    )
    try:
        assert (demo.keyring.parent / "demo.key").read_text() != dead
        assert again.get("/demo/token", None, "POST").status == 200
    finally:
        again.stop()


def test_the_page_says_which_player_gave_up_and_not_that_there_is_no_token(demo: Service, browser: Chrome) -> None:
    open_page(browser, demo)
    choose(browser, "hls-fmp4", "native")  # Chromium's own player does not know AES-128 in fMP4
    browser.find_element("id", "play").click()
    told = wait_until(lambda: (text := browser.find_element("id", "status").text) and "gave up" in text and text)
    assert told.startswith("The browser's own player gave up")
    assert "try another" in told


def test_the_command_for_another_player_plays_what_is_chosen(demo: Service, browser: Chrome) -> None:
    open_page(browser, demo)
    choose(browser, "live", "auto")
    run(browser, "document.getElementById('media').dispatchEvent(new Event('change'))")
    told: str = browser.execute_script("return document.getElementById('command').textContent")
    line = told.replace("ffplay", "ffmpeg -v error -i") + " -t 1 -f null -"
    played = subprocess.run(["bash", "-ec", line], capture_output=True, text=True, timeout=60, check=False)
    assert "live.m3u8" in told
    assert (played.returncode, played.stderr) == (0, "")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_window_and_logs_no_error(demo: Service, browser: Chrome, width: int, scheme: str) -> None:
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    open_page(browser, demo)
    browser.find_element("id", "play").click()
    wait_until(lambda: state(browser)["time"] > 1)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width
    assert logged(browser, "browser") == []
