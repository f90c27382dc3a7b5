"""sluicegate.js in pages that cancel, that send requests in their own ways, and whose origins refuse for themselves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.demo.chromium import responses
from tests.players.conftest import Provider
from tests.players.site import WEB, Site, tell
from tests.scripted_origin import Origin, answer

pytestmark = pytest.mark.timeout(180)
HLS, MP4 = "/hls-ts/master.m3u8", "/movie.mp4"
MADE = "const gate = players.make(given[0]);"
HELD = """
    let give;
    const answer = new Promise((resolve) => { give = resolve; });
    const gate = players.make(given[0], () => answer);
    const video = players.media();
    const named = (error) => error.name;
"""
"""A gate whose server has not answered yet."""
HEARD = "const heard = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));"
REFUSED = """
    let tokens = 0;
    const token = async () => ({ token: `none-${tokens += 1}`, expires_in: 1800 });
    const gate = players.make(given[0], token);
    const problem = { status: 401, headers: { "Content-Type": "application/problem+json" } };
    globalThis.fetch = async () => new Response("{}", problem); // the gateway's own would be slow: it slows who guesses
    const ask = async () => (await gate.fetch(gate.source("https://media.example.com/a.ts"))).status;
"""
"""A gate whose tokens the gateway refuses, each of them new."""
HURRIED = """
    const setTimeoutAsItIs = setTimeout;
    globalThis.setTimeout = (heard, milliseconds) => setTimeoutAsItIs(heard, milliseconds / 100);
"""
LATER = "const now = Date.now; const later = (seconds) => { Date.now = () => now() + 1000 * seconds; };"


@pytest.fixture
def site(provider: Provider, browser: Chrome) -> Iterator[Site]:
    """The provider's, with its page open, and a browser that has nothing to tell of the tests before."""
    responses(browser)
    provider.site.asked.clear()
    provider.site.open(browser)
    yield provider.site
    provider.site.served.clear()


# -- playing by the browser itself, and thinking better of it ----------------------------------------------------------


def test_a_signal_cancels_what_has_not_begun(site: Site, browser: Chrome, media: str) -> None:
    cancelled = """
        const controller = new AbortController();
        const begun = gate.play(video, given[1], { signal: controller.signal }).catch((error) => error.message);
        controller.abort(new Error("the viewer left"));
        const late = gate.play(video, given[1], controller).catch((error) => error.message);
        return [await begun, video.getAttribute("src"), await late];
    """
    left = "the viewer left"
    assert tell(browser, HELD + cancelled, site.gateway, media + MP4) == [left, None, left]


def test_a_signal_lets_go_of_what_plays(site: Site, browser: Chrome, media: str) -> None:
    let_go = """
        const video = players.media();
        const controller = new AbortController();
        await gate.play(video, given[1], { signal: controller.signal });
        await heard("playing");
        const address = video.src;
        controller.abort();
        video.dispatchEvent(new Event("error"));
        await gate.token();
        return [video.src === address, gate.counts.tokens];
    """
    assert tell(browser, MADE + let_go.replace("await heard", HEARD + "await heard"), site.gateway, media + MP4) == [
        True,
        1,
    ]


@pytest.mark.parametrize("end", ["gate.play(video, given[1]).catch(named)", "gate.destroy()"])
def test_what_is_let_go_of_before_it_begins_says_that_it_was_aborted(
    site: Site, browser: Chrome, media: str, end: str
) -> None:
    ended = f"const begun = gate.play(video, given[1]).catch(named); {end}; return await begun;"
    assert tell(browser, HELD + ended, site.gateway, media + MP4) == "AbortError"


@pytest.mark.parametrize(
    "other", ["video.src = '';", "video.src = given[1];", "video.removeAttribute('src'); video.load();"]
)
def test_an_element_that_the_page_uses_otherwise_is_let_go_of(
    site: Site, browser: Chrome, media: str, other: str
) -> None:
    """A page that closes its player by an empty address hears an error of the element, which is none of an address."""
    turned = f"""
        const video = players.media();
        {HEARD}
        const asked = [];
        const asks = gate.grant;
        gate.grant = (...parts) => {{ asked.push(parts); return asks.apply(gate, parts); }};
        await gate.play(video, given[1]);
        await heard("playing");
        const emptied = heard("emptied");
        {other}
        await emptied;
        video.dispatchEvent(new Event("error"));
        await new Promise((resolve) => setTimeout(resolve));
        return asked.length;
    """
    assert tell(browser, MADE + turned, site.gateway, media + MP4) == 1


def test_why_there_is_no_grant_is_told_where_the_answer_is_no_json(site: Site, browser: Chrome) -> None:
    """As a proxy before the gateway may answer."""
    refused = """
        gate.fetch = async () => new Response("<h1>Bad gateway</h1>", { status: 502 });
        return gate.playbackUrl("https://media.example.com/a.mp4").catch((error) => error.message);
    """
    assert tell(browser, MADE + refused, site.gateway) == "no grant: 502"


# -- requests of the page's own ----------------------------------------------------------------------------------------


def test_requests_carry_the_token_in_whatever_form_they_are_made(site: Site, browser: Chrome) -> None:
    asked = """
        const usage = gate.gateway + "/api/usage";
        const made = [
            [usage], [new URL(usage)], [new Request(usage)],
            [new Request(usage, { headers: { Accept: "*/*" } }), { cache: "no-store" }],
            [usage, { headers: [["Accept", "*/*"]] }], [usage, { headers: new Headers({ Accept: "*/*" }) }],
        ];
        return Promise.all(made.map(async (parts) => (await gate.fetch(...parts)).status));
    """
    assert tell(browser, MADE + asked, site.gateway) == [200] * 6


def test_a_body_is_sent_again_with_the_new_token(site: Site, browser: Chrome) -> None:
    """As a licence request of an application's own."""
    sent = """
        const bodies = [];
        const fetchAsItIs = globalThis.fetch;
        globalThis.fetch = async (...parts) => {
            const request = new Request(...parts);
            if (!request.url.startsWith(gate.gateway)) return fetchAsItIs(request);
            bodies.push(await request.text());
            return new Response("{}", { status: 401, headers: { "Content-Type": "application/problem+json" } });
        };
        await gate.fetch(new Request(gate.gateway + "/api", { method: "POST", body: "challenge" }));
        return bodies;
    """
    assert tell(browser, MADE + sent, site.gateway) == ["challenge", "challenge"]


def test_a_signal_ends_the_wait_for_a_token(site: Site, browser: Chrome) -> None:
    ended = "return gate.fetch(gate.gateway + '/api/usage', { signal: AbortSignal.timeout(1) }).catch(named);"
    assert tell(browser, HELD + ended, site.gateway) == "TimeoutError"


def test_the_token_does_not_follow_a_base_elsewhere(site: Site, browser: Chrome) -> None:
    """A page's own scripts may lie at another origin, which `<base>` names; requests are resolved against it too."""
    based = """
        const gate = players.make(location.origin, async () => ({ token: "a", expires_in: 60 }));
        const base = document.createElement("base");
        base.href = given[0];
        document.head.append(base);
        const sent = [];
        globalThis.fetch = async (...parts) => { sent.push(new Request(...parts)); return new Response(); };
        const { promise, resolve } = Promise.withResolvers();
        const asked = class { stats = { loading: {} }; load(context) { resolve(context.headers); } };
        const hls = { config: { loader: asked } };
        gate.attachHls(hls);
        await gate.fetch("/api/usage");
        new hls.config.loader().load({ url: "/api?url=x" }, {}, {});
        return [sent.map(({ url, headers }) => [url, headers.has("X-Session-Token")]), (await promise) ?? null];
    """
    assert tell(browser, based, site.gateway) == [[[site.gateway + "/api/usage", False]], None]


def test_what_is_no_address_is_left_to_the_player(site: Site, browser: Chrome) -> None:
    given = """
        const { promise, resolve } = Promise.withResolvers();
        const hls = { config: { loader: class { stats = { loading: {} }; load({ url }) { resolve(url); } } } };
        gate.attachHls(hls);
        new hls.config.loader().load({ url: "https://[" }, {}, {});
        return promise;
    """
    assert tell(browser, MADE + given, site.gateway) == "https://["


# -- one gate after another, as where the viewer logs in while a player is there ---------------------------------------


def test_another_takes_the_place_of_one_that_is_destroyed_at_hls_js(site: Site, browser: Chrome, media: str) -> None:
    replaced = """
        await players.load("hls.js");
        const hls = new Hls();
        const old = players.make(given[0]);
        old.attachHls(hls);
        const off = gate.attachHls(hls);
        old.destroy();
        const loaded = new Promise((resolve) => {
            hls.on(Hls.Events.MANIFEST_LOADED, () => resolve("loaded"));
            hls.on(Hls.Events.ERROR, (_, { details }) => resolve(details));
        });
        hls.loadSource(gate.source(given[1]));
        const told = await loaded;
        off();
        return [told, gate.counts.tokens, old.counts.tokens];
    """
    assert tell(browser, MADE + replaced, site.gateway, media + HLS) == ["loaded", 1, 0]


def test_what_hls_js_plays_in_between_carries_the_token(site: Site, browser: Chrome, media: str) -> None:
    """An interstitial has a player of its own, which hls.js makes by what the page gave to `new Hls`."""
    between = """
        await players.load("hls.js");
        const [hls, child] = [new Hls(), new Hls()];
        gate.attachHls(hls);
        hls.trigger(Hls.Events.INTERSTITIAL_ASSET_PLAYER_CREATED, { player: { hls: child } });
        const loaded = new Promise((resolve) => {
            child.on(Hls.Events.MANIFEST_LOADED, () => resolve("loaded"));
            child.on(Hls.Events.ERROR, (_, { details }) => resolve(details));
        });
        child.loadSource(gate.source(given[1]));
        return loaded;
    """
    assert tell(browser, MADE + between, site.gateway, media + HLS) == "loaded"


def test_another_takes_the_place_of_one_that_is_destroyed_at_video_js(site: Site, browser: Chrome, media: str) -> None:
    replaced = """
        await players.load("video.js");
        const player = videojs(players.media());
        const old = players.make(given[0]);
        old.attachVideojs(player);
        gate.attachVideojs(player);
        const loaded = new Promise((resolve) => player.one("loadedmetadata", resolve));
        player.src({ src: gate.source(given[1]), type: "application/vnd.apple.mpegurl" });
        await loaded;
        old.destroy();
        const asked = { uri: gate.gateway + "/api/usage" };
        return new Promise((resolve) => player.tech(true).vhs.xhr(asked, (_error, { status }) => resolve(status)));
    """
    assert tell(browser, MADE + replaced, site.gateway, media + HLS) == 200


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_an_origin_that_refuses_costs_no_token(scripted: Site, origin: Origin, browser: Chrome) -> None:
    """It means other credentials than the page's; the players that share the token play on with it."""
    refusal = answer(b"<h1>Who are you?</h1>", 401, Content_Type="text/html")
    origin.scripts |= {"/a.ts": refusal, "/a.m3u8": refusal, "/a.mpd": refusal}
    scripted.asked.clear()
    scripted.open(browser)
    refused = """
        const [, media] = given;
        const before = await gate.token();
        const answered = (await gate.fetch(gate.source(media + "/a.ts"))).status;
        await Promise.all(["hls.js", "shaka", "dash.js", "video.js"].map(players.load));
        const video = players.media();
        const hls = new Hls();
        gate.attachHls(hls);
        const failed = new Promise((resolve) => hls.on(Hls.Events.ERROR, (_, { response }) => resolve(response.code)));
        hls.loadSource(gate.source(media + "/a.m3u8"));
        const codes = [answered, await failed];
        const player = new shaka.Player();
        await player.attach(document.createElement("video"));
        gate.attachShaka(player);
        codes.push(await player.load(gate.source(media + "/a.mpd")).catch((error) => error.data?.[1] ?? String(error)));
        const dash = dashjs.MediaPlayer().create();
        gate.attachDash(dash);
        const lost = new Promise((resolve) => dash.on("error", ({ error }) => resolve(error.data.response.status)));
        dash.initialize(document.createElement("video"), gate.source(media + "/a.mpd"), false);
        codes.push(await lost);
        const vjs = videojs(video);
        gate.attachVideojs(vjs);
        const said = new Promise((resolve) => vjs.on("error", () => resolve(vjs.error().status ?? vjs.error().code)));
        vjs.src({ src: gate.source(media + "/a.m3u8"), type: "application/vnd.apple.mpegurl" });
        await said;
        return [...codes, before === await gate.token(), gate.counts];
    """
    told = tell(browser, MADE + refused, scripted.gateway, origin.url)
    assert told == [401, 401, 401, 401, True, {"tokens": 1, "retries": 0}]


def test_eight_that_are_refused_at_once_share_one_new_token(site: Site, browser: Chrome) -> None:
    site.spoils = True
    site.asked.clear()
    refused = """
        await gate.token();
        const usage = gate.gateway + "/api/usage";
        const asked = Array.from({ length: 8 }, async () => (await gate.fetch(usage)).status);
        return [await Promise.all(asked), gate.counts];
    """
    told = tell(browser, MADE + refused, site.gateway)
    site.spoils = False
    assert told == [[200] * 8, {"tokens": 2, "retries": 8}]


def test_tokens_that_are_refused_again_and_again_are_asked_for_less_and_less(site: Site, browser: Chrome) -> None:
    """A player of a live stream asks for ever; a provider whose secrets differ from the gateway's has many such."""
    asked = """
        const asked = [];
        for (let seconds = 0; seconds < 600; seconds += 6) {
            later(seconds);
            await ask();
        }
        return tokens;
    """
    told = tell(browser, HURRIED + LATER + REFUSED + asked, site.gateway)
    assert isinstance(told, int)
    assert 3 <= told <= 10


def test_a_server_that_says_when_to_ask_again_is_not_asked_before(site: Site, browser: Chrome) -> None:
    """Also where that is later than a request can wait: it goes without a token."""
    told = """
        let asked = 0;
        const token = async () => {
            asked += 1;
            throw Object.assign(new Error("too many"), { status: 429, retryAfter: 120000 });
        };
        const gate = players.make(given[0], token);
        const counts = [];
        for (const seconds of [0, 100, 121]) {
            later(seconds);
            await gate.token().catch(() => {});
            counts.push(asked);
        }
        return counts;
    """
    assert tell(browser, HURRIED + LATER + told, site.gateway) == [1, 1, 2]


def test_a_token_that_is_refused_late_is_replaced_at_once(site: Site, browser: Chrome) -> None:
    """As the gateway's secrets may change twice in a row while a page plays."""
    asked = """
        const drops = [];
        for (const seconds of [0, 600, 1200]) {
            later(seconds);
            await gate.token();
            later(seconds + 300);
            await ask();
            drops.push(tokens);
        }
        return drops;
    """
    told = tell(browser, LATER + REFUSED + asked, site.gateway)
    assert isinstance(told, list)
    assert told[0] >= 2
    assert told[0] < told[1] < told[2]


@pytest.mark.parametrize("status", [403, 429, 503])
def test_other_refusals_are_the_players_own_matter(site: Site, browser: Chrome, status: int) -> None:
    asked = f"""
        let sent = 0;
        await gate.token();
        globalThis.fetch = async () => {{ sent += 1; return new Response("{{}}", {{ status: {status} }}); }};
        return [(await gate.fetch(gate.gateway + "/api/usage")).status, sent, gate.counts];
    """
    assert tell(browser, MADE + asked, site.gateway) == [status, 1, {"tokens": 1, "retries": 0}]


# -- licences of hls.js ------------------------------------------------------------------------------------------------

LICENCE = """
    await players.load("hls.js");
    const sent = [];
    let tokens = 0;
    const gate = players.make(given[0], async () => ({ token: `token-${tokens += 1}`, expires_in: 1800 }));
    const { open, send, setRequestHeader } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
        (this.fields ??= {})[name] = value;
        return setRequestHeader.call(this, name, value);
    };
    XMLHttpRequest.prototype.open = function (...parts) {
        Object.assign(this, { fields: {}, to: parts[1] });
        return open.apply(this, parts);
    };
    XMLHttpRequest.prototype.send = function (body) {
        if (body) sent.push([this.to, { ...this.fields }, new TextDecoder().decode(body)]);
        return send.call(this, body);
    };
    const key = { uri: "skd://a" };
    const licence = async (address, licenseXhrSetup) => {
        const keySystem = "com.widevine.alpha";
        const drmSystems = { [keySystem]: { licenseUrl: address } };
        const hls = new Hls({ emeEnabled: true, licenseXhrSetup, drmSystems });
        gate.attachHls(hls);
        const context = { keySystem, mediaKeysSession: {}, keyRequests: { [key.uri]: { requestErrors: [] } } };
        const answered = hls.emeController.requestLicense(context, key, new TextEncoder().encode("challenge"));
        return answered.catch((error) => error.data.response.code);
    };
"""
"""The step of hls.js that asks: a Chromium without a content decryption module does not come to it by itself."""


def test_a_licence_request_of_hls_js_that_is_refused_is_made_once_more_the_same(site: Site, browser: Chrome) -> None:
    asked = """
        const setup = (xhr) => { xhr.setRequestHeader("Content-Type", "text/plain"); };
        const answered = await licence(given[0] + "/play/none/a/licence", setup);
        return [answered, sent.map(([, fields, body]) => [fields, body])];
    """
    told = tell(browser, LICENCE + asked, site.gateway)
    fields = {"Content-Type": "text/plain", "X-Session-Token": "token-1"}
    assert told == [401, [[fields, "challenge"], [fields | {"X-Session-Token": "token-2"}, "challenge"]]]


def test_the_token_does_not_go_where_a_page_sends_a_licence_request_itself(site: Site, browser: Chrome) -> None:
    asked = """
        const elsewhere = location.origin + "/licence";
        const answered = await licence(given[0] + "/api?url=x", (xhr) => { xhr.open("POST", elsewhere, true); });
        return [answered, sent.map(([to, fields]) => [to === elsewhere, fields])];
    """
    assert tell(browser, LICENCE + asked, site.gateway) == [404, [[True, {}]]]


# -- where there is no window ------------------------------------------------------------------------------------------


def test_it_is_imported_and_made_where_there_is_no_window() -> None:
    """As a server does that renders pages."""
    script = f"""
        const {{ Sluicegate }} = await import({json.dumps((WEB / "sluicegate.js").as_uri())});
        const gate = new Sluicegate({{ gateway: "https://gw.example.com/", token: "/token" }});
        console.log(gate.source("https://media.example.com/a.m3u8"));
    """
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=False
    )
    address = "https://gw.example.com/api?url=https%3A%2F%2Fmedia.example.com%2Fa.m3u8"
    assert (ran.stdout.strip(), ran.returncode) == (address, 0), ran.stderr
