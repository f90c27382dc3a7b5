"""What players tell of their playback (CMCD): understood, no part of what is asked for, and no business of origins that
do not ask for it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import pytest

from gateway.identity import Scope
from tests.handlers.test_cache import use
from tests.handlers.test_licence import address, echo, post
from tests.handlers.test_play import grant_for
from tests.scripted_origin import Origin, answer
from tests.service import HANG, Reply, Service, ask, tiers_text

FRESH = {"Cache-Control": "max-age=60"}
TOLD = 'bl=2500,br=3200,bs,dl=18500,mtp=48100,ot=v,sid="viewer-1",su'
IN_QUERY = f"CMCD={quote(TOLD, safe='')}"
IN_FIELDS = {
    "CMCD-Request": "bl=2500,dl=18500,mtp=48100,su",
    "CMCD-Object": "br=3200,ot=v",
    "CMCD-Status": "bs",
    "CMCD-Session": 'sid="viewer-1"',
}
Fields = Mapping[str, str]
Watch = Callable[..., Reply]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One gateway for all these tests: each has origins of its own, and so labels and keys of the cache."""
    service = Service.start(tmp_path_factory.mktemp("cmcd"), tiers_text())
    yield service
    service.stop()


@pytest.fixture(scope="module")
def key(shared: Service) -> str:
    return shared.add_key("acme", "standard")


@pytest.fixture(scope="module")
def token(shared: Service, key: str) -> dict[str, str]:
    return {"X-Session-Token": shared.token(key)}


def serve(service: Service, *entries: str, cache: bool = True) -> None:
    """Have the gateway serve these origins."""
    (service.folder / "tiers.yaml").write_text(f"cache: {str(cache).lower()}\n{tiers_text(*entries)}")
    service.reload()
    assert "sluicegate_config_last_reload_successful 1.0" in service.admin("/metrics").body.decode()


@pytest.fixture
def service(shared: Service, origin: Origin) -> Service:
    serve(shared, origin.url)
    return shared


@pytest.fixture(params=["api", "play"])
def watch(request: pytest.FixtureRequest, service: Service, origin: Origin, key: str, token: Fields) -> Watch:
    """Ask for a path of the origin's, with CMCD in the query or in fields, by ``/api`` or by a grant."""
    grant = grant_for(service, key, Scope(origin.url, "/"))

    def ask_for(path: str, query: str = "", fields: Fields | None = None) -> Reply:
        if request.param == "api":
            target = f"/api?url={quote(origin.url + path, safe='')}" + (f"&{query}" if query else "")
            return counted(service, service.get(target, {**token, **(fields or {})}))
        joint = "&" if "?" in path else "?"
        target = f"/play/{grant}/{origin.url.removeprefix('http://')}{path}" + (f"{joint}{query}" if query else "")
        return counted(service, service.get(target, fields))

    return ask_for


def counted(service: Service, reply: Reply) -> Reply:
    """An answer, once its request is logged, and so counted: that may be after its last byte was read."""
    service.wait_for_log(reply.headers["X-Request-Id"])
    return reply


def told_to(asked: tuple[str, str, Fields]) -> dict[str, str]:
    """The CMCD that an origin has got, by field and query."""
    told = {name: value for name, value in asked[2].items() if name.lower().startswith("cmcd")}
    found = re.search(r"[?&]CMCD=([^&]*)", asked[1])
    return told | ({"query": found[1]} if found else {})


def metrics(service: Service, name: str, origin: Origin) -> dict[str, float]:
    """The values of one metric of an origin's players, by their other labels."""
    lines = re.findall(rf"^sluicegate_cmcd_{name}\{{(.*)\}} (.*)$", service.admin("/metrics").body.decode(), re.M)
    mine = [(labels, value) for labels, value in lines if f'origin="{origin.url}",tier="standard"' in labels]
    return {re.sub(r',?(tier|origin)="[^"]*"', "", labels).strip(","): float(value) for labels, value in mine}


# -- no part of what is asked for --------------------------------------------------------------------------------------


def test_players_that_tell_different_things_share_one_fetch(watch: Watch, origin: Origin) -> None:
    waiting = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        waiting.wait(HANG)
        answer(b"video", **FRESH)(request)

    origin.scripts["/v.ts"] = slow
    with ThreadPoolExecutor(8) as viewers:
        by_query = [viewers.submit(watch, "/v.ts", f"CMCD=bl%3D{n}00") for n in range(4)]
        by_field = [viewers.submit(watch, "/v.ts", "", {"CMCD-Request": f"bl={n}00"}) for n in range(4)]
        time.sleep(0.3)
        waiting.set()
        replies = [each.result(HANG) for each in (*by_query, *by_field)]
    later = watch("/v.ts", "CMCD=bl%3D99900", {"CMCD-Session": 'sid="other"'})
    assert {reply.body for reply in (*replies, later)} == {b"video"}
    assert (len(origin.asked), use(later)) == (1, "hit")


def test_a_manifest_is_the_same_whatever_players_tell(watch: Watch, origin: Origin) -> None:
    playlist = b"#EXTM3U\n#EXTINF:4,\nseg.ts\n#EXTINF:4,\n/other/seg.ts?s=1\n#EXT-X-ENDLIST\n"
    origin.scripts["/a/l.m3u8"] = answer(playlist, Content_Type="application/vnd.apple.mpegurl", **FRESH)
    bodies = {watch("/a/l.m3u8", query, fields).body for query, fields in (("", {}), (IN_QUERY, {}), ("", IN_FIELDS))}
    assert len(bodies) == 1
    assert b"CMCD" not in bodies.pop()
    assert len(origin.asked) == 1


def test_the_token_that_a_player_carries_divides_no_fetch_either(service: Service, origin: Origin, key: str) -> None:
    origin.scripts["/v.ts"] = answer(b"video", **FRESH)
    there = quote(f"{origin.url}/v.ts", safe="")
    tokens = [service.token(key), service.token(key)]
    replies = [
        service.get(f"/api?{each}")
        for own in tokens
        for each in (f"token={own}&url={there}", f"url={there}&token={own}")
    ]
    for own in tokens:
        grant = grant_for(service, key, Scope(origin.url, "/"))
        replies.append(service.get(f"/play/{grant}/{origin.url.removeprefix('http://')}/v.ts?token={own}&CMCD=bs"))
    assert [use(reply) for reply in replies] == ["miss"] + ["hit"] * 5
    assert [asked[1] for asked in origin.asked] == ["/v.ts"]


# -- kept from origins -------------------------------------------------------------------------------------------------


def test_an_origin_is_told_nothing_unless_it_asks(watch: Watch, origin: Origin) -> None:
    origin.scripts |= {"/v.ts": answer(b"video"), "/l.m3u8": answer(b"#EXTM3U\n#EXTINF:4,\nv.ts\n")}
    for path in ("/v.ts", "/l.m3u8"):
        assert watch(path, IN_QUERY, IN_FIELDS).status == 200
        assert watch(f"{path}?own=1", "CMCD=%00&CMCD=").status == 200  # nor what is none
    assert [(asked[1], told_to(asked)) for asked in origin.asked] == [
        ("/v.ts", {}),
        ("/v.ts?own=1", {}),
        ("/l.m3u8", {}),
        ("/l.m3u8?own=1", {}),
    ]


@pytest.mark.parametrize("place", range(8))
def test_a_signed_query_around_it_stays_as_it_is(service: Service, origin: Origin, key: str, place: int) -> None:
    own = ["Policy=eyJ%2fYX0_~", "", "Signature=a-b_c~%2B", "empty=", "bare", "cmcd=bs", "XCMCD=1", "CMCD"]
    written = "&".join([*own[:place], IN_QUERY, *own[place:]])
    origin.scripts["/v.ts"] = answer(b"video")
    grant = grant_for(service, key, Scope(origin.url, "/"))
    assert service.get(f"/play/{grant}/{origin.url.removeprefix('http://')}/v.ts?{written}").status == 200
    assert origin.asked[-1][1] == "/v.ts?" + "&".join(own)


def test_what_a_provider_wrote_into_its_own_url_is_the_origins(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    own = quote(f"{origin.url}/v.ts?CMCD=own&s=1", safe="")
    assert service.get(f"/api?url={own}&{IN_QUERY}", token).status == 200
    assert origin.asked[-1][1] == "/v.ts?CMCD=own&s=1"


# -- passed on where it is asked for -----------------------------------------------------------------------------------


@pytest.fixture
def backup() -> Iterator[Origin]:
    started = Origin.start()
    yield started
    started.stop()


def test_an_origin_that_asks_is_told_in_the_form_in_which_it_came(
    service: Service, token: Fields, origin: Origin
) -> None:
    serve(service, f"{{url: '{origin.url}', cmcd: true}}", cache=False)
    origin.scripts |= {"/v.ts": answer(b"video"), "/l.m3u8": answer(b"#EXTM3U\n#EXTINF:4,\nv.ts\n")}
    target = f"/api?url={quote(f'{origin.url}/v.ts?s=%2f1', safe='')}"
    service.get(target, {**token, **IN_FIELDS})
    service.get(f"{target}&{IN_QUERY}", token)
    service.get(f"{target.replace('v.ts', 'l.m3u8')}&{IN_QUERY}", token)
    service.get(f"{target}&CMCD={'x' * 3000}", {**token, "CMCD-Object": "x" * 3000})
    service.get(target, token)
    assert [told_to(asked) for asked in origin.asked] == [
        IN_FIELDS,
        {"query": quote(TOLD, safe="")},
        {"query": quote(TOLD, safe="")},
        {},
        {},
    ]
    assert origin.asked[0][1] == "/v.ts?s=%2f1"
    assert origin.asked[1][1] == f"/v.ts?s=%2f1&{IN_QUERY}"


def test_what_is_passed_on_is_no_part_of_the_question_either(service: Service, token: Fields, origin: Origin) -> None:
    serve(service, f"{{url: '{origin.url}', cmcd: true}}")
    origin.scripts |= {"/v.ts": answer(b"video", **FRESH), "/w.ts": answer(b"video", Vary="CMCD-Session", **FRESH)}
    target = f"/api?url={quote(f'{origin.url}/v.ts', safe='')}"
    replies = [service.get(f"{target}&CMCD=bl%3D{n}00", {**token, "CMCD-Status": "bs"}) for n in (1, 2, 3)]
    assert [use(reply) for reply in replies] == ["miss", "hit", "hit"]
    assert [told_to(asked) for asked in origin.asked] == [{"query": "bl%3D100", "CMCD-Status": "bs"}]
    for _ in range(2):  # an origin may answer by it: then each has an answer of his own (RFC 9111, section 4.1)
        assert use(service.get(target.replace("v.ts", "w.ts"), {**token, **IN_FIELDS})) == ""


@pytest.mark.parametrize("first", [True, False])
def test_a_redirect_is_told_as_the_entry_of_where_it_leads_says(
    service: Service, token: Fields, origin: Origin, backup: Origin, *, first: bool
) -> None:
    entries = [(origin, first), (backup, not first)]
    written = [f"{{url: '{each.url}', cmcd: {str(wants).lower()}}}" for each, wants in entries]
    serve(service, *written, cache=False)
    origin.scripts["/v.ts"] = answer(b"", 302, Location=f"{backup.url}/w.ts?s=1")
    backup.scripts["/w.ts"] = answer(b"video")
    target = f"/api?url={quote(f'{origin.url}/v.ts', safe='')}&{IN_QUERY}"
    assert service.get(target, {**token, "CMCD-Status": "bs"}).body == b"video"
    told = {"query": quote(TOLD, safe=""), "CMCD-Status": "bs"}
    assert [told_to(each.asked[-1]) for each, _ in entries] == [told if wants else {} for _, wants in entries]


@pytest.mark.parametrize(("own", "is_told"), [("", True), ("{{url: '{0}', cmcd: false}}", False), ("'{0}'", False)])
def test_a_fallback_is_told_as_its_own_entry_says_or_else_that_of_whom_it_stands_in_for(
    service: Service, token: Fields, origin: Origin, backup: Origin, own: str, *, is_told: bool
) -> None:
    entry = f"{{url: '{origin.url}', fallback: '{backup.url}', cmcd: true}}"
    serve(service, entry, *([own.format(backup.url)] if own else []), cache=False)
    origin.scripts["/v.ts"] = answer(b"", 503)
    backup.scripts["/v.ts"] = answer(b"backup")
    assert service.media(f"{origin.url}/v.ts", {**token, **IN_FIELDS}).body == b"backup"
    assert told_to(origin.asked[-1]) == IN_FIELDS
    assert told_to(backup.asked[-1]) == (IN_FIELDS if is_told else {})


# -- counted -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["query", "fields"])
def test_what_players_tell_is_counted_by_tier_and_origin(
    watch: Watch, service: Service, origin: Origin, form: str
) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    query, fields = (IN_QUERY, {}) if form == "query" else ("", IN_FIELDS)
    for _ in range(2):
        watch("/v.ts", query, fields)
    watch("/v.ts", "CMCD=bl%3D10000%2Cbr%3D128%2Cot%3Da")
    watch("/v.ts", "CMCD=bl%3D2500")
    watch("/v.ts", "CMCD=bl%3D")
    watch("/v.ts")
    whole = f'sluicegate_cmcd_starvations_total{{origin="{origin.url}",tier="standard"}} 2.0'
    assert whole in service.admin("/metrics").body.decode().splitlines()
    assert metrics(service, "requests_total", origin) == {'well_formed="yes"': 4, 'well_formed="no"': 1}
    assert metrics(service, "startup_requests_total", origin) == {"": 2}
    buffered = metrics(service, "buffer_seconds_bucket", origin)
    assert (buffered['le="2.0"'], buffered['le="4.0"'], buffered['le="16.0"']) == (0, 1, 2)  # but not of who starts
    assert metrics(service, "bitrate_kbits_sum", origin) == {"": 6400}  # of video alone
    assert metrics(service, "throughput_kbits_sum", origin) == {"": 96200}
    assert metrics(service, "late_answers_total", origin) == {}


def test_what_comes_with_a_request_for_a_licence_is_counted_and_kept_from_its_server(
    service: Service, origin: Origin, key: str
) -> None:
    origin.scripts["/licence"] = echo
    path = address(service, key, f"{origin.url}/licence")
    for query, fields in ((f"?{IN_QUERY}", {}), ("", IN_FIELDS)):
        assert counted(service, post(service, path + query, b"{}", fields)).status == 200
    assert metrics(service, "requests_total", origin) == {'well_formed="yes"': 2}
    assert [told_to(asked) for asked in origin.asked] == [{}, {}]


def test_what_is_refused_makes_no_labels(service: Service, origin: Origin, token: Fields) -> None:
    there = quote(f"{origin.url}/v.ts", safe="")
    for target, shown in (("https%3A%2F%2Felsewhere.org%2Fv.ts", token), (there, {"X-API-Key": "public_api_key"})):
        assert counted(service, service.get(f"/api?url={target}&{IN_QUERY}", shown)).status == 403
    assert metrics(service, "requests_total", origin) == {}
    assert "elsewhere" not in service.admin("/metrics").body.decode()


def test_an_answer_that_ends_after_the_player_needed_it_is_counted(
    watch: Watch, service: Service, origin: Origin
) -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.06)
        answer(b"video", Cache_Control="no-store")(request)

    origin.scripts["/v.ts"] = slow
    for told in ("dl%3D50", "dl%3D100000", "dl%3D0", "dl%3D50%2Csu"):
        watch("/v.ts", f"CMCD={told}")
    assert len(origin.asked) == 4
    assert metrics(service, "late_answers_total", origin) == {"": 1}


def test_version_2_tells_delays_latency_and_how_long_buffers_were_dry(
    watch: Watch, service: Service, origin: Origin
) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    watch("/v.ts", f"CMCD={quote('bl=(1500;v),br=(3000;v 128;a),bsd=(400 600),ltc=3100,msd=900,ot=v,v=2')}")
    assert metrics(service, "starved_seconds_total", origin) == {"": 1}
    sums = {"buffer_seconds": 1.5, "bitrate_kbits": 3000, "live_latency_seconds": 3.1, "start_delay_seconds": 0.9}
    assert {name: metrics(service, f"{name}_sum", origin)[""] for name in sums} == sums


def test_the_log_names_the_players_session_and_that_it_starved(watch: Watch, service: Service, origin: Origin) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    watch("/v.ts", IN_QUERY)
    watch("/v.ts", "CMCD=bl%3D1%2Csid%3D%22" + "x" * 65 + "%22")
    told = [json.loads(line) for line in service.log.read_text().splitlines() if f"{origin.url}/v.ts" in line]
    assert [(line.get("cmcd_sid"), line.get("cmcd_bs")) for line in told] == [("viewer-1", True), (None, None)]


# -- never in a player's way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    ["", "%00", "%", "%ff%fe", "bl%3D", "(" * 2000, "bl%3D" + "9" * 300, quote('sid="' * 300), "a%0d%0aX-Own:%201"],
)
def test_what_is_malformed_is_counted_and_does_no_harm(service: Service, origin: Origin, key: str, told: str) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    grant = grant_for(service, key, Scope(origin.url, "/"))
    place = f"/play/{grant}/{origin.url.removeprefix('http://')}/v.ts"
    assert counted(service, service.get(f"{place}?CMCD={told}")).body == b"video"
    assert origin.asked[-1][1] == "/v.ts"
    assert metrics(service, "requests_total", origin) == {'well_formed="no"': 1}


def test_fields_that_are_none_do_no_harm(service: Service, token: Fields, origin: Origin) -> None:
    serve(service, f"{{url: '{origin.url}', cmcd: true}}", cache=False)
    origin.scripts["/v.ts"] = answer(b"video")
    for value in ("", "\xff\xfe", "bl=", "\t\x80", '"' * 2000, "x" * 9000):
        told = {"CMCD-Request": value, "CMCD-Session": value}
        assert counted(service, service.media(f"{origin.url}/v.ts", {**token, **told})).status == 200
    assert metrics(service, "requests_total", origin) == {'well_formed="no"': 6}


def test_a_page_may_send_it_in_fields(service: Service) -> None:
    for path in ("/api?url=x", "/play/x/y/z"):
        preflight = ask(service.port, path, {"Access-Control-Request-Headers": "cmcd-session"}, "OPTIONS", "")
        allowed = {name.strip().lower() for name in preflight.headers["Access-Control-Allow-Headers"].split(",")}
        assert allowed >= {"cmcd-request", "cmcd-object", "cmcd-status", "cmcd-session"}
