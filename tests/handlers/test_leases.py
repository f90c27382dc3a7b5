"""How long what a manifest names holds, through a real gateway: live, films, and a whole presentation."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from urllib.parse import quote, urljoin

import jwt
import pytest

from gateway.identity import HOUR, VOD, Grants, Keyring, Keys, Marks, Scope, read_keys
from gateway.identity.grants import Grant
from gateway.policy import Credential, Identity
from tests.conftest import StartService
from tests.scripted_origin import Origin, answer
from tests.service import Service, tiers_text

MASTER = """\
#EXTM3U
#EXT-X-SESSION-KEY:METHOD=AES-128,URI="keys/1.key"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="audio/en.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="en",URI="subtitles/en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a",SUBTITLES="s"
v1/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="a",SUBTITLES="s"
v2/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3,AUDIO="a",SUBTITLES="s"
v3/index.m3u8
"""
MEDIA = """\
#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-KEY:METHOD=AES-128,URI="../keys/1.key"
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6,
1.m4s
#EXTINF:6,
2.m4s
"""
END = "#EXT-X-ENDLIST\n"
RENDITIONS = ("v1", "v2", "v3", "audio", "subtitles")


@pytest.fixture
def service(standing_service: Service) -> Service:
    return standing_service


@pytest.fixture
def origin(standing_origin: Origin) -> Origin:
    return standing_origin.renewed()


def put(origin: Origin, end: str, base: str = "") -> None:
    """A presentation at an origin; ``base`` stands before the references of its multivariant playlist."""
    absolute = re.sub(r'(?m)^(?=v\d/)|(?<=URI=")', base, MASTER)
    origin.scripts["/show/master.m3u8"] = answer(absolute.encode())
    for name in RENDITIONS:
        origin.scripts[f"/show/{name}/{'en' if name[0] != 'v' else 'index'}.m3u8"] = answer((MEDIA + end).encode())
        origin.scripts |= {f"/show/{name}/{part}": answer(b"part") for part in ("init.mp4", "1.m4s", "2.m4s")}
    origin.scripts["/show/keys/1.key"] = answer(b"0123456789abcdef")


def references(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")] + re.findall('URI="(.*?)"', text)


def walked(service: Service, address: str) -> set[str]:
    """The grants by which a player comes to all there is, from the first address on; all of it is served."""
    found = {address.split("/")[2]}
    for reference in references(service.get(address).body.decode()):
        child = urljoin(address, reference)
        found.add(child.split("/")[2])
        reply = service.get(child)
        assert reply.status == 200
        if child.endswith(".m3u8"):
            for part in references(reply.body.decode()):
                found.add(urljoin(child, part).split("/")[2])
                assert service.get(urljoin(child, part)).status == 200
    return found


def read(service: Service, text: str) -> Grant:
    ring = Keyring.load(service.keyring)
    keys = Keys(read_keys(service.keys), {}, ring.pepper, {"standard"})
    return Grants(ring, time.time).verify(text, keys, 21600)


def unread(address: str) -> dict[str, object]:
    """What the grant in an address says, be it expired."""
    told: dict[str, object] = jwt.decode(address.split("/")[2], options={"verify_signature": False})
    return told


def by_token(service: Service, url: str, token: dict[str, str]) -> str:
    return str(service.get(f"/api/grant?url={quote(url, safe='')}", token).json["url"])


def aged(service: Service, origin: Origin, key: str, path: str, age: int, lifetime: int, marks: Marks = ()) -> str:
    """An address by a grant that was made some seconds ago."""
    identity = Identity(Credential.KEY, key[3:11], key[3:11], "acme", "standard", "viewing")
    grants = Grants(Keyring.load(service.keyring), time.time)
    grant = grants.mint(identity, Scope(origin.url, "/show/"), int(time.time()) - age, lifetime, marks)
    return f"/play/{grant}/{origin.url.removeprefix('http://')}{path}"


@pytest.mark.parametrize("end", [END, ""], ids=["film", "live"])
def test_a_presentation_in_one_directory_has_one_grant(
    service: Service, origin: Origin, token: dict[str, str], end: str
) -> None:
    put(origin, end)
    url = f"{origin.url}/show/master.m3u8"
    address = by_token(service, url, token)
    assert walked(service, address) == {address.split("/")[2]}
    assert set(references(service.get(address).body.decode())) == set(references(MASTER))
    found = {reference.split("/")[2] for reference in references(service.media(url, token).body.decode())}
    assert found == {address.split("/")[2]}


def test_one_that_is_spread_over_two_origins_has_one_for_each(start_service: StartService, origin: Origin) -> None:
    cdn = Origin.start()
    service = start_service(tiers_text(origin.url, cdn.url))
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    put(cdn, END)
    put(origin, END, f"{cdn.url}/show/")
    address = by_token(service, f"{origin.url}/show/master.m3u8", token)
    grants = [read(service, text) for text in walked(service, address)]
    cdn.stop()
    opened = {(grant.scope.origin, grant.scope.prefix) for grant in grants}
    assert (origin.url, "/show/") in opened
    # Its renditions lie beside one another, and each has a grant: nothing says that what is above them is theirs.
    assert opened - {(origin.url, "/show/")} == {(cdn.url, f"/show/{name}/") for name in (*RENDITIONS, "keys")}
    assert len({grant.expires_at for grant in grants}) == 1


@pytest.mark.parametrize("age", [0, 21500, 21600])
def test_a_live_playlist_names_its_segments_as_before_when_it_is_read_again(
    service: Service, origin: Origin, age: int
) -> None:
    """To hls.js a segment whose address has changed is a broken playlist. Beyond the grant's end with a token."""
    put(origin, "")
    key = service.add_key("acme", "standard")
    address = aged(service, origin, key, "/show/v1/index.m3u8", age, 21600)
    token = {"X-Session-Token": service.token(key)} if age == 21600 else {}
    assert service.get(address, token).body.decode() == MEDIA
    assert all(service.get(urljoin(address, reference), token).status == 200 for reference in references(MEDIA))


@pytest.mark.parametrize("age", [0, 21500, 21600])
def test_a_live_playlist_names_what_lies_elsewhere_under_its_own_grants_times(
    service: Service, origin: Origin, age: int
) -> None:
    put(origin, "")
    origin.scripts["/show/v1/index.m3u8"] = answer(MEDIA.replace("1.m4s", "/live/1.m4s").encode())
    origin.scripts["/live/1.m4s"] = answer(b"part")
    key = service.add_key("acme", "standard")
    address = aged(service, origin, key, "/show/v1/index.m3u8", age, 21600)
    token = {"X-Session-Token": service.token(key)} if age == 21600 else {}
    (named,) = [each for each in references(service.get(address, token).body.decode()) if each.startswith("/play/")]
    assert service.get(named, token).status == 200
    assert unread(named) == unread(address) | {"aud": f"{origin.url}/live/"}


def test_a_live_playlist_of_many_directories_names_what_is_left_of_it_as_before(
    service: Service, origin: Origin
) -> None:
    address = aged(service, origin, service.add_key("acme", "standard"), "/show/v1/index.m3u8", 0, 21600)
    named = []
    for first in (0, 1):
        segments = "".join(f"#EXTINF:6,\n/live/{number}/a.m4s\n" for number in range(first, first + 100))
        origin.scripts["/show/v1/index.m3u8"] = answer(f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n{segments}".encode())
        named.append(references(service.get(address).body.decode()))
    assert named[0][1:] == named[1][:-1]


def test_an_event_names_its_segments_as_before_when_it_ends_and_has_grants_to_its_end_for_who_comes_later(
    service: Service, origin: Origin
) -> None:
    put(origin, "")
    whole = MEDIA.replace("#EXTINF:6", "#EXTINF:7200") + "#EXT-X-PLAYLIST-TYPE:EVENT\n" + END
    origin.scripts["/show/v1/index.m3u8"] = answer(whole.encode())
    key = service.add_key("acme", "standard")
    ends = [aged(service, origin, key, "/show/v1/index.m3u8", age, 21600) for age in (3 * HOUR, 0)]
    before, later = (service.get(address).body.decode() for address in ends)
    assert before == whole
    assert all(read(service, grant).marks for grant in re.findall("/play/([^/]+)/", later))
    assert later.count("/play/") == 4


def test_a_playlist_that_ends_gets_grants_to_its_end(service: Service, origin: Origin) -> None:
    put(origin, END)
    address = aged(service, origin, service.add_key("acme", "standard"), "/show/v1/index.m3u8", 21595, 21600)
    named = {reference.split("/")[2] for reference in references(service.get(address).body.decode())}
    assert len(named) == 1
    assert read(service, named.pop()).expires_at > time.time() + 21600 * 7 / 8 - 60


def test_a_live_viewing_goes_on_for_more_than_two_lifetimes(start_service: StartService, origin: Origin) -> None:
    """Of a presentation that tells where to read it again; an HLS playlist's own address ends with its grant."""
    put(origin, "")
    mpd = '<MPD type="dynamic"><BaseURL>v1/</BaseURL><Location>live.mpd</Location><Period/></MPD>'
    origin.scripts["/show/live.mpd"] = answer(mpd.encode())
    service = start_service(f"playback: {{lifetime: 3s}}\n{tiers_text(origin.url)}")
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    address = by_token(service, f"{origin.url}/show/live.mpd", token)
    began = time.monotonic()
    while time.monotonic() < began + 6.5:
        text = service.get(address).body.decode()
        base, location = (re.findall(rf"<{name}>(.*?)</{name}>", text)[0] for name in ("BaseURL", "Location"))
        assert service.get(urljoin(urljoin(address, base), "1.m4s")).status == 200
        address = urljoin(address, location)
        time.sleep(0.2)


def test_a_film_that_is_longer_than_a_grant_holds_can_be_seen_to_its_end(
    start_service: StartService, origin: Origin
) -> None:
    put(origin, "#EXTINF:5400,\n1.m4s\n" + END)
    origin.scripts["/show/film.mpd"] = answer(
        b'<MPD mediaPresentationDuration="PT1H30M"><Period><BaseURL>v1/</BaseURL></Period></MPD>'
    )
    service = start_service(f"playback: {{lifetime: 60s}}\n{tiers_text(origin.url)}")
    key = service.add_key("acme", "standard")
    token = {"X-Session-Token": service.token(key)}
    found = set()
    for name in ("v1/index.m3u8", "audio/en.m3u8", "film.mpd"):
        text = service.get(by_token(service, f"{origin.url}/show/{name}", token)).body.decode()
        named = re.findall("/play/([^/]+)/", text)
        assert named
        found |= {(read(service, each).marks, read(service, each).expires_at - int(time.time())) for each in named}
        assert name == "film.mpd" or all(service.get(each).status == 200 for each in references(text))
    assert {marks for marks, _ in found} == {(("vod", "1"),)}
    assert all(3 * HOUR - 60 < left <= 4 * HOUR for _, left in found)


def test_what_a_film_names_under_a_grant_to_its_end_is_served_though_it_holds_longer_than_others(
    service: Service, origin: Origin
) -> None:
    put(origin, "")
    film = MEDIA.replace("#EXTINF:6", "#EXTINF:7200").replace("1.m4s", "/other/1.m4s") + END
    origin.scripts["/show/v1/index.m3u8"] = answer(film.encode())
    origin.scripts["/other/1.m4s"] = answer(b"part")
    key = service.add_key("acme", "standard")
    address = aged(service, origin, key, "/show/v1/index.m3u8", 60, 10 * HOUR, VOD)
    named = references(service.get(address).body.decode())
    assert any(each.startswith("/play/") for each in named)
    assert [service.get(urljoin(address, each)).status for each in named] == [200] * len(named)


def test_a_film_that_ends_in_time_is_left_byte_for_byte(service: Service, origin: Origin) -> None:
    put(origin, END)
    key = service.add_key("acme", "standard")
    old = aged(service, origin, key, "/show/v1/index.m3u8", 21000, 21600)
    assert service.get(old).body.decode() == MEDIA + END
