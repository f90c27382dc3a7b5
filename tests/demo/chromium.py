"""A real Chromium, headless, that keeps what went over the wire."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service as Driver

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --mute-audio --autoplay-policy=no-user-gesture-required"
)
PATIENCE = 60
"""Seconds after which something that should have come is taken to hang."""


@contextmanager
def chromium(folder: Path) -> Iterator[Chrome]:
    """A browser with a new profile in a folder."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in [*FLAGS.split(), f"--user-data-dir={folder}/profile", "--window-size=1280,900"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = shutil.which("chromedriver")
    assert driver, "make test installs chromium-driver"
    browser = Chrome(options=options, service=Driver(driver))
    try:
        yield browser
    finally:
        browser.quit()


def wait_until(ask: Callable[[], Any]) -> Any:
    """What ``ask`` gives, once it is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"it never came true; last: {answer!r}")


def logged(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    """What the browser logged since the last look: ``browser`` for its console, ``performance`` for the wire."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def responses(browser: Chrome) -> list[tuple[int, str]]:
    """Status and URL of each http response since the last look; status 0 for a request that failed."""
    seen: list[tuple[int, str]] = []
    urls: dict[str, str] = {}
    for entry in logged(browser, "performance"):
        message = json.loads(entry["message"])["message"]
        said = message["params"]
        if message["method"] == "Network.requestWillBeSent":
            urls[said["requestId"]] = said["request"]["url"]
        elif message["method"] == "Network.responseReceived":
            seen.append((said["response"]["status"], said["response"]["url"]))
        elif message["method"] == "Network.loadingFailed" and not said.get("canceled"):
            seen.append((0, urls.get(said["requestId"], f"? {said}")))
    return seen
