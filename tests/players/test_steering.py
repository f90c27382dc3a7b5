"""Content steering and variables through the gateway, by the players themselves: nothing is fetched past it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome

from demo.origin import MEDIA
from tests.demo.chromium import responses, wait_until
from tests.players.site import Site, state
from tests.scripted_origin import Origin, answer
from tests.service import HANG, Service, tiers_text

pytestmark = pytest.mark.timeout(180)
HLS = "application/vnd.apple.mpegurl"
VARIANT = '#EXT-X-STREAM-INF:BANDWIDTH=125960,CODECS="avc1.4d401e,mp4a.40.2",STABLE-VARIANT-ID="v",PATHWAY-ID="a"'
TYPES = {".m3u8": HLS, ".ts": "video/mp2t", ".mpd": "application/dash+xml", ".m4s": "video/iso.segment"}
LITTLE = {"maxBufferLength": 4, "maxMaxBufferLength": 4}
"""How many seconds hls.js loads ahead: it must not have all before the steering server has answered."""


@dataclass(frozen=True)
class Stage:
    """Two origins with the same media at the same port of two hosts, a gateway before both, and a customer's site."""

    near: Origin
    far: Origin
    service: Service
    site: Site

    def steer(self, replacement: Mapping[str, object], seconds: int = 300) -> None:
        """Have the steering server clone the pathway ``a`` to ``b``, prefer that, and be asked again in so long."""
        clone = {"BASE-ID": "a", "ID": "b", "URI-REPLACEMENT": replacement}
        told = {"VERSION": 1, "TTL": seconds, "PATHWAY-PRIORITY": ["b", "a"], "PATHWAY-CLONES": [clone]}
        self.near.scripts["/steer"] = answer(json.dumps(told).encode(), 200, Content_Type="application/json")

    def play_hls(self, browser: Chrome) -> None:
        """Play it by hls.js, and hold the steering server's answer until it plays: hls.js may stop for good where it is
        told to switch between the load of its first segment and the picture (1.7.4, without a gateway too)."""
        steer, plays = self.near.scripts["/steer"], Event()

        def hold(request: BaseHTTPRequestHandler) -> None:
            plays.wait(HANG)
            steer(request)

        self.near.scripts["/steer"] = hold
        self.site.play(browser, "hls.js", hls(self), options=LITTLE)
        wait_until(lambda: state(browser)["time"] > 0 or state(browser)["fatal"])
        plays.set()
        wait_until(lambda: any(path.endswith(".ts") for path in paths(self.far)) or state(browser)["fatal"])
        self.watch(browser, 5)

    def watch(self, browser: Chrome, seconds: float) -> None:
        """Wait until so much has been played; nothing may have come from elsewhere than the site and the gateway."""
        wait_until(lambda: (now := state(browser)) and (now["time"] > seconds or now["fatal"]))
        told = state(browser)
        assert told["fatal"] == 0, told
        seen = responses(browser)
        assert [one for one in seen if not one[1].startswith((self.site.url, self.site.gateway, "blob:"))] == []
        assert [one for one in seen if one[0] >= 400 and one[1].startswith(self.site.gateway)] == []


def fill(origin: Origin, folder: Path, prefix: str) -> None:
    for file in folder.rglob("*.*"):
        path = f"{prefix}/{file.relative_to(folder).as_posix()}"
        fields = {"Content_Type": TYPES[file.suffix], "Cache_Control": "no-store"}  # each test asks anew
        origin.scripts[path] = answer(file.read_bytes(), 200, **fields)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    near = Origin.start()
    far = Origin.start("127.0.0.2", int(near.url.rpartition(":")[2]))
    for origin in (near, far):
        fill(origin, MEDIA / "hls-ts/360p", "/hls/360p")
        fill(origin, MEDIA / "dash", "/dash")
    service = Service.start(tmp_path_factory.mktemp("gateway"), tiers_text(near.url, far.url))
    site = Site.start(f"http://127.0.0.1:{service.port}", service.add_key("acme", "partner"))
    yield Stage(near, far, service, site)
    site.stop()
    service.stop()
    near.stop()
    far.stop()


@pytest.fixture(autouse=True)
def forgotten(stage: Stage, browser: Chrome) -> None:
    stage.near.asked.clear()
    stage.far.asked.clear()
    browser.get("about:blank")
    responses(browser)


def hls(stage: Stage) -> str:
    steering = '#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI="/steer?app=1",PATHWAY-ID="a"\n'
    stage.near.scripts["/hls/main.m3u8"] = answer(f"{steering}{VARIANT}\n360p/index.m3u8\n".encode(), Content_Type=HLS)
    return f"{stage.near.url}/hls/main.m3u8"


def paths(origin: Origin) -> list[str]:
    return [path for _, path, _ in origin.asked]


def test_a_clone_of_an_hls_pathway_plays_from_the_host_it_names(stage: Stage, browser: Chrome) -> None:
    stage.steer({"HOST": "127.0.0.2", "PARAMS": {"key": "a b"}})
    stage.play_hls(browser)
    assert "/hls/360p/index.m3u8?key=a%20b" in paths(stage.far)
    steering = next(path for path in paths(stage.near) if path.startswith("/steer"))
    assert steering.startswith("/steer?app=1&_HLS_pathway=a&_HLS_throughput=")
    assert not any("sluicegate" in path for path in (*paths(stage.near), *paths(stage.far)))


def test_a_clone_with_an_address_for_each_variant_plays(stage: Stage, browser: Chrome) -> None:
    stage.steer({"PER-VARIANT-URIS": {"v": f"{stage.far.url}/hls/360p/index.m3u8"}})
    stage.play_hls(browser)


def test_a_clone_of_a_dash_pathway_plays_from_the_host_it_names(stage: Stage, browser: Chrome) -> None:
    stage.steer({"HOST": stage.far.url.removeprefix("http://")}, seconds=2)
    manifest = (MEDIA / "dash/manifest.mpd").read_text()
    start = manifest.index("<Period")
    steering = (
        f'<ContentSteering defaultServiceLocation="a" queryBeforeStart="true">{stage.near.url}/steer</ContentSteering>'
    )
    base = f'<BaseURL serviceLocation="a">{stage.near.url}/dash/</BaseURL>'
    text = f"{manifest[:start]}{base}{steering}{manifest[start:]}"
    stage.near.scripts["/dash/steered.mpd"] = answer(text.encode(), Content_Type=TYPES[".mpd"])
    stage.site.play(browser, "dash.js", f"{stage.near.url}/dash/steered.mpd")
    wait_until(lambda: any(path.endswith(".m4s") for path in paths(stage.far)) or state(browser)["fatal"])
    wait_until(lambda: any("_DASH_pathway" in path for path in paths(stage.near)) or state(browser)["fatal"])
    stage.watch(browser, 5)


DEFINED = """#EXTM3U
#EXT-X-VERSION:11
#EXT-X-DEFINE:NAME="dir",VALUE="360p"
#EXT-X-DEFINE:QUERYPARAM="base"
#EXT-X-STREAM-INF:BANDWIDTH=125960,CODECS="avc1.4d401e,mp4a.40.2"
{$dir}/defined.m3u8?s=segment
"""


def test_variables_of_all_three_forms_play_by_hls_js(stage: Stage, browser: Chrome) -> None:
    index = (MEDIA / "hls-ts/360p/index.m3u8").read_text()
    defines = "".join(f"#EXT-X-DEFINE:{how}\n" for how in ('IMPORT="base"', 'IMPORT="dir"', 'QUERYPARAM="s"'))
    text = index.replace("#EXT-X-VERSION:3\n", f"#EXT-X-VERSION:11\n{defines}").replace(
        "segment-", "{$base}/hls/{$dir}/{$s}-"
    )
    stage.near.scripts["/hls/360p/defined.m3u8"] = answer(text.encode(), Content_Type=HLS)
    stage.near.scripts["/hls/defined.m3u8"] = answer(DEFINED.encode(), Content_Type=HLS)
    far, near = (
        f"{stage.near.url}/hls/defined.m3u8?base={quote(base.url, safe='')}" for base in (stage.far, stage.near)
    )
    stage.site.play(browser, "hls.js", far)
    stage.watch(browser, 5)
    assert "/hls/360p/segment-00.ts" in paths(stage.far)
    # A grant covers no query, and so a value of the query leads no further than the grant.
    grant = stage.service.get(f"/api/grant?url={quote(near, safe='')}", {"X-API-Key": stage.site.key}).json["url"]
    stage.site.open(browser)
    browser.execute_script("players.start(arguments[0])", {"engine": "hls.js", "url": f"{stage.site.gateway}{grant}"})
    stage.watch(browser, 5)
