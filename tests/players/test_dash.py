"""DASH as dash.js and Shaka play it in a real Chromium, through the gateway, from a provider's page."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import responses, wait_until
from tests.players.dash_media import KEY, KID, NUMBERED, SECONDS, Live, Track, on_demand, static
from tests.players.site import Site, state
from tests.scripted_origin import Origin, Script, answer, send_head

pytestmark = pytest.mark.timeout(180)
PLAYERS = ("dash.js", "shaka")


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    return Track.make(tmp_path_factory.mktemp("media"))


@pytest.fixture(autouse=True)
def fresh(origin: Origin) -> None:
    origin.renewed()


def ranged(content: bytes, content_type: str = "video/mp4") -> Script:
    """A script that sends a file, or the range that is asked for."""

    def script(request: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if not asked:
            answer(content, Content_Type=content_type)(request)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        part = content[first : last + 1]
        told = {"Content-Length": str(len(part)), "Content-Range": f"bytes {first}-{last}/{len(content)}"}
        send_head(request, 206, told | {"Content-Type": content_type})
        request.wfile.write(part)

    return script


def plays(site: Site, browser: Chrome, engine: str, url: str, seconds: float, **how: object) -> None:
    site.play(browser, engine, url, **how)
    wait_until(lambda: (now := state(browser)) and (now["time"] > seconds or now["fatal"]))
    told = state(browser)
    assert not told["fatal"], told["errors"]


def plays_live(site: Site, browser: Chrome, engine: str, url: str, seconds: float, **how: object) -> None:
    """The page has the element play before dash.js knows it, which takes it for paused, and reloads no manifest."""
    plays(site, browser, engine, url, 0, **how)
    browser.execute_script("const v = document.querySelector('video'); v.pause(); return v.play()")
    wait_until(lambda: (now := state(browser)) and (now["time"] > seconds or now["fatal"]))
    told = state(browser)
    assert not told["fatal"], told["errors"]


def license_of(request: BaseHTTPRequestHandler) -> None:
    """A ClearKey licence server (Encrypted Media Extensions, section 9.1.4): JSON is asked and answered."""
    wanted = json.loads(request.rfile.read(int(request.headers["Content-Length"])))["kids"]
    key, kid = (base64.urlsafe_b64encode(bytes.fromhex(text)).decode().rstrip("=") for text in (KEY, KID))
    keys = [{"kty": "oct", "kid": kid, "k": key}] if kid in wanted else []
    answer(json.dumps({"keys": keys, "type": "temporary"}).encode(), Content_Type="application/json")(request)


@pytest.mark.parametrize("engine", PLAYERS)
def test_what_is_encrypted_plays_with_a_licence_that_is_posted_for(
    scripted: Site, origin: Origin, browser: Chrome, tmp_path: Path, engine: str
) -> None:
    track = Track.make(tmp_path, encrypted=True)
    kid = f"{KID[:8]}-{KID[8:12]}-{KID[12:16]}-{KID[16:20]}-{KID[20:]}"
    protection = (
        '<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" xmlns:cenc="urn:mpeg:cenc:2013"'
        f' cenc:default_KID="{kid}"/>'
        '<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0"'
        ' xmlns:dashif="https://dashif.org/CPS"><dashif:Laurl licenseType="EME-1.0">/licence?a=1</dashif:Laurl>'
        "</ContentProtection>"
    )
    origin.scripts |= {
        "/cenc/m.mpd": answer(
            on_demand(track, "<BaseURL>video.mp4</BaseURL>", protection), Content_Type="application/dash+xml"
        ),
        "/cenc/video.mp4": ranged(track.content),
        "/licence": license_of,
    }
    plays(scripted, browser, engine, f"{origin.url}/cenc/m.mpd", 1)
    posted = [(path, fields) for method, path, fields in origin.asked if method == "POST"]
    assert [path for path, _ in posted] == ["/licence?a=1"]
    gateway = [seen for seen in responses(browser) if seen[1].startswith(scripted.gateway)]
    assert [seen for seen in gateway if not 200 <= seen[0] < 300] == []


def live_origin(origin: Origin, live: Live, inside: str = "", *, patched: bool = False) -> None:
    def patch(request: BaseHTTPRequestHandler) -> None:
        content = live.patch(int(request.path.rpartition("=")[2]), "patch")
        answer(content, Content_Type="application/dash-patch+xml")(request)

    def manifest(request: BaseHTTPRequestHandler) -> None:
        content = live.manifest(inside, "patch" if patched else "")
        answer(content, Content_Type="application/dash+xml", Cache_Control="no-cache")(request)

    origin.scripts |= {f"{live.folder}/m.mpd": manifest, f"{live.folder}/patch": patch}
    origin.scripts |= {f"{live.folder}/v.mp4": answer(live.track.initialization, Content_Type="video/mp4")}
    origin.scripts |= {
        f"{live.folder}/v-{number}.m4s": answer(segment, Content_Type="video/mp4")
        for number, segment in enumerate(live.track.segments)
    }


def counted(origin: Origin, path: str) -> int:
    return sum(1 for method, asked, _ in origin.asked if method == "GET" and asked.partition("?")[0] == path)


@pytest.mark.parametrize("engine", PLAYERS)
def test_a_live_manifest_is_patched_as_it_would_be_without_a_gateway(
    scripted: Site, origin: Origin, browser: Chrome, track: Track, engine: str
) -> None:
    scripted.open(browser)
    folder = f"/patched-{engine}"
    live_origin(origin, Live(track, time.time() // 1 - 6, folder), patched=True)
    plays_live(scripted, browser, engine, f"{origin.url}{folder}/m.mpd", 8)
    wait_until(lambda: counted(origin, f"{folder}/v-8.m4s") == 1)
    assert counted(origin, f"{folder}/m.mpd") == 1
    assert counted(origin, f"{folder}/patch") >= 2


@pytest.mark.parametrize("engine", PLAYERS)
def test_a_live_manifest_without_a_location_is_reloaded_under_a_grant(
    scripted: Site, origin: Origin, browser: Chrome, track: Track, engine: str
) -> None:
    scripted.open(browser)
    folder = f"/reloaded-{engine}"
    live_origin(origin, Live(track, time.time() // 1 - 6, folder))
    plays_live(scripted, browser, engine, f"{origin.url}{folder}/m.mpd", 7)
    wait_until(lambda: counted(origin, f"{folder}/m.mpd") >= 4)
    asked = [url for status, url in responses(browser) if status == 200 and url.endswith("m.mpd")]
    by_play = ["/play/" in url for url in asked]
    assert by_play == sorted(by_play)
    assert by_play.count(True) >= 2


@pytest.mark.parametrize("engine", PLAYERS)
def test_what_a_manifest_has_elsewhere_is_where_players_look_for_it(
    scripted: Site, origin: Origin, browser: Chrome, track: Track, engine: str
) -> None:
    """A period by xlink, with two bases, of which the first has lost its segments: dash.js says so, and goes on."""
    folder = f"/linked-{engine}"
    bases = "".join(f"<BaseURL>{origin.url}{folder}/{place}/</BaseURL>" for place in ("lost", "media"))
    period = f'<Period id="p" duration="PT{SECONDS}S">{bases}{NUMBERED}</Period>'
    linked = f'<Period xlink:href="{folder}/p.xml" xlink:actuate="onLoad"/>'
    origin.scripts |= {
        f"{folder}/m.mpd": answer(static(linked), Content_Type="application/dash+xml"),
        f"{folder}/p.xml": answer(f"<?xml version='1.0'?>{period}".encode(), Content_Type="text/xml"),
        f"{folder}/media/v.mp4": answer(track.initialization, Content_Type="video/mp4"),
        f"{folder}/lost/v.mp4": answer(track.initialization, Content_Type="video/mp4"),
    }
    origin.scripts |= {
        f"{folder}/media/v-{number}.m4s": answer(segment, Content_Type="video/mp4")
        for number, segment in enumerate(track.segments)
    }
    impatient = {
        "dash.js": {"streaming": {"retryAttempts": {"MediaSegment": 0}}},
        "shaka": {"streaming": {"retryParameters": {"baseDelay": 50}}},
    }
    scripted.play(browser, engine, f"{origin.url}{folder}/m.mpd", options=impatient[engine])
    wait_until(lambda: state(browser)["time"] > 1)
    assert counted(origin, f"{folder}/lost/v-0.m4s") >= 1
    assert counted(origin, f"{folder}/p.xml") == 1


@pytest.mark.parametrize("base", ["", "<BaseURL>{}/ff/</BaseURL><BaseURL>{}/none/</BaseURL>"], ids=["given", "several"])
def test_ffmpeg_plays_from_a_relative_base_beneath_one_that_leads_to_the_gateway(
    scripted: Site, origin: Origin, track: Track, base: str
) -> None:
    periods = f"{base.format(origin.url, origin.url)}<Period><BaseURL>d/</BaseURL>{NUMBERED}</Period>"
    origin.scripts |= {
        "/ff/m.mpd": answer(static(periods), Content_Type="application/dash+xml", Cache_Control="no-store"),
        "/ff/d/v.mp4": answer(track.initialization),
        **{f"/ff/d/v-{number}.m4s": answer(segment) for number, segment in enumerate(track.segments)},
    }
    token = json.loads(scripted.token("/token")[1])["token"]
    url = f"{scripted.gateway}/api?token={token}&url={quote(f'{origin.url}/ff/m.mpd', safe='')}"
    command = ["ffmpeg", "-v", "error", "-stats", "-i", url, "-map", "0:v:0", "-f", "null", "-"]
    played = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert f"frame={10 * SECONDS:5d}" in played.stderr
