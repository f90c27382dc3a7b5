"""sluicegate.js in a real Chromium, with each player, on a provider's page that is not the gateway's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import logged, responses, wait_until
from tests.players.conftest import Provider
from tests.players.site import Site, starved, state, states, tell
from tests.service import tiers_text

pytestmark = pytest.mark.timeout(180)
HLS, DASH, MP4 = "/hls-ts/master.m3u8", "/dash/manifest.mpd", "/movie.mp4"
LIVE_HLS, LIVE_DASH = "/live/live.m3u8", "/live/dash.mpd"
LIVE_PLAYLIST, LOW_LATENCY_PLAYLIST = "/live/360p/live.m3u8", "/live/360p/low-latency.m3u8"
PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXTINF:4,
{media}/segment-00.ts
#EXT-X-ENDLIST
"""
MADE = "const gate = players.make(given[0]);"
HURRIED = """
    const setTimeoutAsItIs = setTimeout;
    globalThis.setTimeout = (heard, milliseconds) => setTimeoutAsItIs(heard, milliseconds / 20);
"""
LATER = "const now = Date.now; const later = (seconds) => { Date.now = () => now() + 1000 * seconds; };"
HOUR = 3600
BRIEF = 4
"""Seconds that a grant holds, where that is to be short."""


@pytest.fixture
def site(provider: Provider, browser: Chrome) -> Iterator[Site]:
    """The provider's, as it was made, and a browser that has nothing to tell of the tests before."""
    browser.get("about:blank")
    responses(browser)
    site = provider.site
    site.asked.clear()
    yield site
    site.statuses, site.spoils, site.flattery = [], False, 0


@pytest.fixture
def brief(provider: Provider, site: Site, media: str) -> Iterator[Site]:
    """The provider's site while grants hold for `BRIEF` seconds."""
    tiers = provider.service.folder / "tiers.yaml"
    tiers.write_text(f"playback: {{lifetime: {BRIEF}s}}\n" + tiers_text(media))
    provider.service.reload()
    yield site
    tiers.write_text(tiers_text(media))
    provider.service.reload()


def statuses(browser: Chrome, site: Site, path: str) -> list[int]:
    """Of the answers from under a path of the gateway, since the last look."""
    return [status for status, url in responses(browser) if url.startswith(site.gateway + path)]


def test_players_side_by_side_play_with_a_token_each_and_see_no_key(site: Site, browser: Chrome, media: str) -> None:
    wanted = [("hls.js", HLS), ("shaka", DASH), ("dash.js", DASH), ("video.js", HLS), ("native", HLS), ("native", MP4)]
    site.play_all(browser, [(engine, media + path) for engine, path in wanted])
    wait_until(lambda: all(told["time"] > 6 or told["fatal"] for told in states(browser)))
    for told in states(browser):
        assert (told["fatal"], starved(told), told["tokens"], told["retries"]) == (0, [], 1, 0), told
    log = logged(browser, "performance")
    assert site.key not in str(log)
    assert site.key not in browser.page_source
    assert site.tokens == len(wanted)


def test_players_play_on_when_their_token_is_refused_and_when_their_grants_have_expired(
    brief: Site, browser: Chrome, media: str
) -> None:
    wanted = [("hls.js", LIVE_HLS), ("shaka", LIVE_HLS), ("dash.js", LIVE_DASH), ("video.js", LIVE_HLS)]
    brief.spoils = True
    brief.flattery = 3600  # so that the page takes expired grants for good until the gateway says otherwise
    brief.play_all(browser, [(engine, media + path) for engine, path in wanted])
    wait_until(lambda: all(told["played"] > 2 * BRIEF or told["fatal"] for told in states(browser)))
    seen = responses(browser)
    for told in states(browser):
        assert (told["fatal"], starved(told), told["tokens"]) == (0, [], 2), told
        assert told["retries"] >= 2
    for path in ("/api?", "/play/"):
        assert 401 in [status for status, url in seen if url.startswith(brief.gateway + path)]


def test_tokens_are_renewed_in_time_and_shown_beside_grants_that_say_that_they_have_expired(
    provider: Provider, brief: Site, browser: Chrome, media: str
) -> None:
    tiers = provider.service.folder / "tiers.yaml"
    tiers.write_text(f"session: {{lifetime: {BRIEF + 2}s}}\n" + tiers.read_text())
    provider.service.reload()
    brief.play(browser, "hls.js", media + LIVE_HLS)
    wait_until(lambda: (now := state(browser)) and (now["played"] > BRIEF + 2 or now["fatal"]))
    assert (state(browser)["retries"], starved(state(browser))) == (0, [])
    assert brief.tokens >= 2
    assert set(statuses(browser, brief, "/play/")) <= {200, 204, 206}


def test_a_live_media_playlist_plays_on_while_tokens_and_grants_are_renewed(
    provider: Provider, brief: Site, browser: Chrome, media: str
) -> None:
    """It is read by the address that the player was given: each reading belongs to the token's own session."""
    tiers = provider.service.folder / "tiers.yaml"
    tiers.write_text(f"session: {{lifetime: {BRIEF + 2}s}}\n" + tiers.read_text())
    provider.service.reload()
    wanted = [("hls.js", LIVE_PLAYLIST), ("hls.js", LOW_LATENCY_PLAYLIST), ("shaka", LIVE_PLAYLIST)]
    brief.play_all(browser, [(engine, media + path) for engine, path in wanted])
    wait_until(lambda: all(told["played"] > 3 * BRIEF or told["fatal"] for told in states(browser)))
    for told in states(browser):
        assert (told["fatal"], starved(told)) == (0, []), told
        assert told["tokens"] > 2


def test_live_players_play_on_when_grants_that_had_expired_seem_to_hold_again(
    brief: Site, browser: Chrome, media: str
) -> None:
    """As they do when the machine's clock is put back; here the answer with a token misleads the page by as much."""
    wanted = [("hls.js", LIVE_HLS), ("shaka", LIVE_HLS), ("video.js", LIVE_HLS)]
    brief.play_all(browser, [(engine, media + path) for engine, path in wanted])
    wait_until(lambda: all(told["played"] > 3 * BRIEF or told["fatal"] for told in states(browser)))
    brief.flattery = HOUR
    tell(browser, "await Promise.all(Array.from(frames, (frame) => frame.players.gate().renew()));")
    wait_until(lambda: all(told["retries"] or told["fatal"] for told in states(browser)))
    before = [told["played"] for told in states(browser)]
    wait_until(
        lambda: all(
            told["played"] > played + BRIEF or told["fatal"]
            for told, played in zip(states(browser), before, strict=True)
        )
    )
    for told in states(browser):
        assert (told["fatal"], starved(told)) == (0, []), told


def test_a_failing_server_is_asked_again_and_many_who_ask_at_once_share_its_answer(site: Site, browser: Chrome) -> None:
    site.statuses = [500, 500]
    site.open(browser)
    made = tell(
        browser,
        MADE + "return await Promise.all([gate.token(), gate.token(), gate.renew(), gate.token()])",
        site.gateway,
    )
    assert isinstance(made, list)
    assert len(set(made)) == 1
    assert site.tokens == 3


def test_a_server_that_never_answers_is_asked_again(site: Site, browser: Chrome) -> None:
    site.statuses = [0]
    site.open(browser)
    assert tell(browser, MADE + HURRIED + "return (await gate.token()).length > 0", site.gateway) is True
    assert site.tokens == 2


def test_a_function_that_never_answers_is_asked_again(site: Site, browser: Chrome) -> None:
    site.open(browser)
    hanging = """
        let asked = 0;
        const answer = { token: "a", expires_in: 60 };
        const token = () => (asked += 1) === 1 ? new Promise(() => {}) : Promise.resolve(answer);
        return [await players.make(given[0], token).token(), asked];
    """
    assert tell(browser, HURRIED + hanging, site.gateway) == ["a", 2]


def test_one_that_is_destroyed_waits_for_no_answer(site: Site, browser: Chrome) -> None:
    site.statuses = [0]
    site.open(browser)
    ended = "const asked = gate.token(); gate.destroy(); return asked.catch((error) => error.message);"
    assert tell(browser, MADE + ended, site.gateway) == "destroyed"


def test_a_renewal_that_succeeds_makes_good_those_that_failed_before(site: Site, browser: Chrome) -> None:
    """The next is made in advance again, and the rest after the next failure is no longer than after the first."""
    site.open(browser)
    answers = """
        const statuses = [403, 403, 403, 200, 403, 200, 200];
        let asked = 0;
        const token = async () => {
            asked += 1;
            const status = statuses.shift() ?? 200;
            if (status === 200) return { token: "a", expires_in: 3 };
            throw Object.assign(new Error("refused"), { status });
        };
        const gate = players.make(given[0], token);
        gate.attachHls({ config: { loader: class {} } });
    """
    rests = """
        for (const seconds of [0, 100, 200]) { later(seconds); await gate.renew().catch(() => {}); }
        later(300);
        await gate.renew();
        await gate.renew().catch(() => {});
        later(306);
        await gate.renew();
        const before = asked;
        await new Promise((resolve) => gate.addEventListener("renewed", resolve));
        return asked - before;
    """
    assert tell(browser, LATER + answers + rests, site.gateway) == 1


def test_a_clock_that_is_put_back_makes_no_token_hold_longer(site: Site, browser: Chrome) -> None:
    site.open(browser)
    back = """
        await gate.token();
        const tick = performance.now.bind(performance);
        performance.now = () => tick() + 1000 * given[1];
        later(-given[1]);
        await gate.token();
    """
    tell(browser, MADE + LATER + back, site.gateway, HOUR)
    assert site.tokens == 2


def test_a_clock_that_is_put_back_makes_no_rest_longer(site: Site, browser: Chrome) -> None:
    site.statuses = [403]
    site.open(browser)
    back = "await gate.token().catch(() => {}); later(-given[1]); return (await gate.token()).length > 0"
    assert tell(browser, MADE + LATER + back, site.gateway, HOUR) is True


def test_who_needs_a_token_soon_after_a_server_failed_has_it_after_a_rest(site: Site, browser: Chrome) -> None:
    site.statuses = [500] * 5
    site.open(browser)
    failing = "const asked = gate.token().catch((error) => error.message); return [await asked, !!await gate.token()];"
    assert tell(browser, MADE + HURRIED + failing, site.gateway) == ["/token answered 500", True]


def test_a_token_is_asked_for_at_once_when_the_machine_is_online_again(site: Site, browser: Chrome) -> None:
    site.open(browser)
    tell(browser, MADE + HURRIED + "globalThis.gate = gate; await gate.token();", site.gateway)
    browser.set_network_conditions(offline=True, latency=0, throughput=-1)
    try:
        failing = "await gate.renew().catch(() => {}); return gate.renew().catch((error) => error.name)"
        assert tell(browser, failing) == "TypeError"
    finally:
        browser.delete_network_conditions()
    assert tell(browser, "return (await gate.renew()).length > 0") is True


def test_a_clock_that_jumps_as_after_a_sleep_has_the_next_user_wait_for_a_new_token(
    site: Site, browser: Chrome
) -> None:
    site.open(browser)
    slept = """
        const first = await gate.token();
        const again = await gate.token();
        const now = Date.now;
        Date.now = () => now() + 12 * 3600 * 1000;
        const after = await gate.token();
        return [first === again, first === after];
    """
    assert tell(browser, MADE + slept, site.gateway) == [True, False]
    assert site.tokens == 2


def test_a_server_that_refuses_is_not_asked_on_and_what_plays_goes_on(site: Site, browser: Chrome, media: str) -> None:
    site.play(browser, "hls.js", media + HLS)
    wait_until(lambda: state(browser)["played"] > 0.5)
    site.statuses = [403, 403, 403]
    ended = "const gate = players.gate(); await gate.renew().catch(() => {}); await gate.renew().catch(() => {});"
    tell(browser, ended)
    wait_until(lambda: state(browser)["played"] > 1.5)
    told = state(browser)
    assert [failure["refused"] for failure in told["failures"]] == [True]
    assert (told["fatal"], starved(told), len(site.statuses)) == (0, [], 2)


def test_the_token_goes_to_the_gateway_and_to_no_other_origin(site: Site, browser: Chrome, media: str) -> None:
    site.open(browser)
    site.served["/api"] = b"not the gateway's"
    elsewhere = """
        await gate.token();
        await gate.fetch(location.origin + "/api?url=x");
        const own = await gate.fetch(gate.gateway + "/api/usage");
        return own.status;
    """
    assert tell(browser, MADE + elsewhere, site.gateway) == 200
    site.served["/play/x.m3u8"] = PLAYLIST.format(media=media + "/hls-ts/360p").encode()
    loaded = """
        const { promise, resolve } = Promise.withResolvers();
        const hls = new Hls();
        gate.attachHls(hls);
        hls.on(Hls.Events.LEVEL_LOADED, resolve);
        hls.loadSource(location.origin + "/play/x.m3u8");
        await promise;
    """
    tell(browser, "await players.load('hls.js');" + MADE + loaded, site.gateway)
    asked = [headers for _, path, headers in site.asked if path.startswith(("/api", "/play/"))]
    assert len(asked) == 2
    assert not [name for headers in asked for name in headers if name.lower() == "x-session-token"]


def test_the_browsers_own_player_begins_another_film_at_its_beginning(site: Site, browser: Chrome, media: str) -> None:
    site.open(browser)
    turned = """
        const [, first, second] = given;
        const video = players.media();
        const heard = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
        await gate.play(video, first);
        await heard("loadeddata");
        video.currentTime = 20;
        await heard("seeked");
        await heard("timeupdate");
        await gate.play(video, second);
        await heard("playing");
        return video.currentTime;
    """
    begun = tell(browser, MADE + turned, site.gateway, media + MP4, media + MP4 + "?another")
    assert isinstance(begun, int | float)
    assert begun < 10


def test_the_browsers_own_player_goes_on_when_the_machine_is_online_again(
    site: Site, browser: Chrome, media: str
) -> None:
    site.play(browser, "native", media + MP4)
    wait_until(lambda: state(browser)["played"] > 0.5)
    browser.set_network_conditions(offline=True, latency=0, throughput=-1)
    try:
        fail = "for (let n = 0; n < 10; n += 1) players.media().dispatchEvent(new Event('error'));"
        assert tell(browser, fail + "return navigator.onLine") is False
        assert state(browser)["failures"] == []
    finally:
        reopened = "const opened = new Promise((resolve) => players.media().addEventListener('playing', resolve));"
        browser.execute_script(reopened + "globalThis.opened = opened;")
        browser.delete_network_conditions()
    tell(browser, "await opened;")
    assert state(browser)["failures"] == []


def test_a_destroyed_one_asks_for_nothing_more(site: Site, browser: Chrome) -> None:
    site.open(browser)
    ended = "await gate.token(); gate.destroy(); return gate.token().then(() => 'a token', (error) => error.message);"
    assert tell(browser, MADE + ended, site.gateway) == "destroyed"
    assert site.tokens == 1
