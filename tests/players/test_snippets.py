"""The snippets of docs/players.md, as they stand there, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import wait_until
from tests.players.conftest import Provider
from tests.players.site import HERE, states

pytestmark = pytest.mark.timeout(180)
DOCUMENT = HERE.parent.parent / "docs" / "players.md"
SNIPPETS = dict(re.findall(r"^```js (\S+)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL))
SETUP = SNIPPETS.pop("setup")
MP4 = "-mp4"
"""Behind the name of a player that hands MP4 to the browser."""
MEDIA = {"shaka": "/dash/manifest.mpd", "dash.js": "/dash/manifest.mpd", "native": "/movie.mp4"}
RUN = """
    const [frame, name, code, url] = arguments;
    const { players, document } = frames[frame];
    const AsyncFunction = frames[frame].Object.getPrototypeOf(frames[frame].eval("(async () => {})")).constructor;
    players.load(name).then(() => {
        const video = document.querySelector("video");
        return new AsyncFunction("url", "video", code)(url, video).then(() => document.querySelector("video").play());
    }).catch((error) => players.note(true, String(error)));
"""


def test_there_is_one_for_each_player() -> None:
    assert sorted(SNIPPETS) == ["dash.js", "hls.js", "native", "shaka", "shaka-mp4", "video.js", "video.js-mp4"]


def test_each_plays(provider: Provider, browser: Chrome, media: str) -> None:
    site = provider.site
    setup = SETUP.replace("https://gw.example.com", site.gateway)
    setup = re.sub(r'import (\{.*\}) from "\.(/.*)";', r'const \1 = await import("\2");', setup)
    site.show_frames(browser, len(SNIPPETS))
    for frame, (name, snippet) in enumerate(SNIPPETS.items()):
        url = media + ("/movie.mp4" if name.endswith(MP4) else MEDIA.get(name, "/hls-ts/master.m3u8"))
        browser.execute_script(RUN, frame, name.removesuffix(MP4), setup + snippet, url)
    wait_until(lambda: all(told["played"] > 1 or told["fatal"] for told in states(browser)))
    assert [told["errors"] for told in states(browser) if told["fatal"]] == []
