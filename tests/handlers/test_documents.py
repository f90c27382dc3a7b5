"""JSON and WebVTT through the gateway: what names media leads back to it, the rest passes as it is."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gateway.manifests.json_text import LARGEST
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Reply, Service, tiers_text

JSON = "application/json"
MAIN = b"""#EXTM3U
#EXT-X-CONTENT-STEERING:SERVER-URI="/steer/",PATHWAY-ID="a"
#EXT-X-STREAM-INF:BANDWIDTH=1,PATHWAY-ID="a"
/v/media.m3u8?x=1
"""
MEDIA = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n#EXT-X-ENDLIST\n"


@dataclass(frozen=True)
class Stage:
    """Two origins at the same port of two hosts, and a gateway before them that knows one host more."""

    near: Origin
    far: Origin
    service: Service
    token: dict[str, str]

    def asked_for(self, path: str, **headers: str) -> Reply:
        return self.service.media(self.near.url + path, self.token | headers)

    def steered(self, **replacement: object) -> Any:
        """A clone's URI-REPLACEMENT as a player reads it, who came by the multivariant playlist."""
        clone = {"BASE-ID": "a", "ID": "b", "URI-REPLACEMENT": replacement}
        told = {"VERSION": 1, "TTL": 1, "RELOAD-URI": "?again", "PATHWAY-PRIORITY": ["b"], "PATHWAY-CLONES": [clone]}
        self.near.scripts["/steer/"] = answer(json.dumps(told).encode(), Content_Type=JSON, ETag='"1"')
        server = self.asked_for("/v/main.m3u8").body.decode().split('"')[1]
        reply = self.service.get(f"{server}?_HLS_pathway=a&_HLS_throughput=7")
        assert reply.headers["Cache-Control"] == "private, no-cache"
        assert reply.headers["ETag"] is None
        assert reply.json["RELOAD-URI"].startswith("/play/")
        return reply.json["PATHWAY-CLONES"][0]["URI-REPLACEMENT"]

    def variant(self) -> str:
        return self.asked_for("/v/main.m3u8").body.decode().splitlines()[3]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    near = Origin.start()
    port = int(near.url.rpartition(":")[2])
    far = Origin.start("127.0.0.2", port)
    for origin, name in ((near, b"near"), (far, b"far")):
        origin.scripts["/v/media.m3u8"] = answer(MEDIA, Content_Type="application/x-mpegurl")
        origin.scripts["/v/1.ts"] = answer(name, Content_Type="video/mp2t")
    near.scripts["/v/main.m3u8"] = answer(MAIN, Content_Type="application/x-mpegurl")
    folder = tmp_path_factory.mktemp("gateway")
    service = Service.start(Path(folder), tiers_text(near.url, far.url))
    yield Stage(near, far, service, {"X-Session-Token": service.token(service.add_key("acme", "standard"))})
    service.stop()
    near.stop()
    far.stop()


def test_a_cloned_playlist_comes_from_the_other_host_and_so_does_what_it_names(stage: Stage) -> None:
    told = stage.steered(HOST="127.0.0.2", PARAMS={"k": "v"})
    assert told["HOST"] == f"127.0.0.1:{stage.service.port}"
    moved = f"{stage.variant()}&k=v&sluicegate.pathway={told['PARAMS']['sluicegate.pathway']}"
    playlist = stage.service.get(moved).body.decode().splitlines()
    assert stage.far.asked[-1][1] == "/v/media.m3u8?x=1&k=v"
    assert playlist[3].startswith("/play/")
    assert stage.service.get(playlist[3]).body == b"far"
    assert ("GET", "/steer/?_HLS_pathway=a&_HLS_throughput=7") in [asked[:2] for asked in stage.near.asked]


def test_what_the_players_query_shapes_in_a_cloned_playlist_is_opened_at_the_other_host(stage: Stage) -> None:
    """The grant for the first host's directory opens nothing there."""
    shaped = b'#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-DEFINE:QUERYPARAM="k"\n#EXTINF:4,\n{$k}.ts\n#EXT-X-ENDLIST\n'
    stage.far.scripts["/v/media.m3u8"] = answer(shaped, Content_Type="application/x-mpegurl")
    note = stage.steered(HOST="127.0.0.2")["PARAMS"]["sluicegate.pathway"]
    playlist = stage.service.get(f"{stage.variant()}&k=1&sluicegate.pathway={note}").body.decode().splitlines()
    stage.far.scripts["/v/media.m3u8"] = answer(MEDIA, Content_Type="application/x-mpegurl")
    assert stage.service.get(playlist[4]).body == b"far"


def test_notes_that_do_not_hold_are_answered_slower_and_slower(stage: Stage) -> None:
    address = f"{stage.variant()}&sluicegate.pathway=x"

    def seconds() -> float:
        began = time.monotonic()
        assert stage.service.get(address, source="127.0.0.71").status == 401
        return time.monotonic() - began

    waits = [seconds() for _ in range(7)]
    assert waits[5] >= 0.1
    assert waits[6] >= 0.2


def test_a_clone_may_name_a_port_but_only_an_origin_of_the_gateway(stage: Stage) -> None:
    port = stage.far.url.rpartition(":")[2]
    for host, status in (("127.0.0.2", 200), (f"127.0.0.2:{port}", 200), ("127.0.0.3", 403), ("127.0.0.2:81", 403)):
        note = stage.steered(HOST=host)["PARAMS"]["sluicegate.pathway"]
        assert stage.service.get(f"{stage.variant()}&sluicegate.pathway={note}").status == status, host


def test_a_pathway_note_is_one_sessions_and_cannot_be_made_up(stage: Stage) -> None:
    note = stage.steered(HOST="127.0.0.2")["PARAMS"]["sluicegate.pathway"]
    other = {"X-Session-Token": stage.service.token(stage.service.add_key("other", "standard"))}
    variant = stage.service.media(f"{stage.near.url}/v/main.m3u8", other).body.decode().splitlines()[3]
    grant = variant.split("/")[2]
    for forged in (note[:-2], note + "A", grant, stage.token["X-Session-Token"], "-", "", "127.0.0.2"):
        assert stage.service.get(f"{stage.variant()}&sluicegate.pathway={forged}").status == 401, forged
    assert stage.service.get(f"{variant}&sluicegate.pathway={note}").status == 401
    assert stage.service.get(f"/play/{note}/127.0.0.2/v/1.ts").status == 401


def test_addresses_for_each_variant_are_whole(stage: Stage) -> None:
    told = stage.steered(**{"PER-VARIANT-URIS": {"v": f"{stage.far.url}/v/media.m3u8"}})
    own, play, rest = told["PER-VARIANT-URIS"]["v"].partition("/play/")
    assert own.endswith(f"//127.0.0.1:{stage.service.port}")
    assert stage.service.get(play + rest).status == 200


def test_a_list_of_assets_leads_through_the_gateway_with_what_the_player_adds(stage: Stage) -> None:
    stage.near.scripts["/ads/list"] = answer(
        gzip.compress(b'{"ASSETS":[{"URI":"ad.m3u8","DURATION":5}]}'), Content_Encoding="gzip", Content_Type=JSON
    )
    dates = b'#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-DATERANGE:ID="a",X-ASSET-LIST="/ads/list?a=b"\n'
    stage.near.scripts["/v/live.m3u8"] = answer(dates, Content_Type="application/x-mpegurl")
    where = stage.asked_for("/v/live.m3u8").body.decode().split('"')[3]
    reply = stage.service.get(f"{where}&_HLS_primary_id=1&_HLS_start_offset=2", {"Accept-Encoding": "gzip"})
    assert stage.near.asked[-1][1] == "/ads/list?a=b&_HLS_primary_id=1&_HLS_start_offset=2"
    own, play, rest = json.loads(gzip.decompress(reply.body))["ASSETS"][0]["URI"].partition("/play/")
    assert own.endswith(f"//127.0.0.1:{stage.service.port}")
    assert (play, rest.endswith("/ads/ad.m3u8")) == ("/play/", True)
    assert reply.headers["Content-Type"] == JSON


@pytest.mark.parametrize(
    "body", [b'{"a":[1,2.0]}', b"{not json", b"[]", b'{"RELOAD-URI":"a","x":"' + b"y" * 1_500_000 + b'"}']
)
def test_other_json_passes_as_it_is_with_all_its_fields(stage: Stage, body: bytes) -> None:
    path = f"/data/{len(body)}"
    stage.near.scripts[path] = answer(body, Content_Type=JSON, ETag='"7"', Cache_Control="max-age=60")
    for _ in range(2):  # from the origin, and from the cache
        reply = stage.asked_for(path)
        assert reply.body == body
        assert (reply.headers["ETag"], reply.headers["Cache-Control"]) == ('"7"', "max-age=60")
        assert reply.headers["Content-Length"] == str(len(body))
    assert [asked[1] for asked in stage.near.asked].count(path) == 1
    assert stage.asked_for(path, Range="bytes=0-1").body == body[:2]


def test_json_that_is_too_large_to_be_looked_at_is_not_waited_for(stage: Stage) -> None:
    going_on = threading.Event()
    whole = b'{"RELOAD-URI":"a","x":"' + b"y" * (2 * LARGEST) + b'"}'

    def held(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Type": JSON, "Content-Length": str(len(whole)), "Cache-Control": "no-store"})
        request.wfile.write(whole[: LARGEST + 1])
        going_on.wait(HANG)
        request.wfile.write(whole[LARGEST + 1 :])

    stage.near.scripts["/large"] = held
    client = http.client.HTTPConnection("127.0.0.1", stage.service.port, timeout=HANG / 2)
    client.request("GET", f"/api?url={quote(stage.near.url + '/large', safe='')}", headers=stage.token)
    reply = client.getresponse()
    start = reply.read(1000)
    going_on.set()
    assert start + reply.read() == whole
    client.close()


@pytest.mark.parametrize(
    "broken",
    [gzip.compress(b'{"RELOAD-URI":"/x"}')[:-1], gzip.compress(bytes(1024)) + b"x"],
    ids=["cut short", "followed by something"],
)
def test_json_that_cannot_be_unpacked_is_the_players_to_read(stage: Stage, broken: bytes) -> None:
    path = f"/broken/{len(broken)}"
    stage.near.scripts[path] = answer(broken, Content_Type=JSON, Content_Encoding="gzip")
    reply = stage.asked_for(path)
    assert (reply.status, reply.body, reply.headers["Content-Encoding"]) == (200, broken, "gzip")


def test_json_of_an_error_is_the_origins(stage: Stage) -> None:
    stage.near.scripts["/data"] = answer(b'{"RELOAD-URI":"/x"}', 404, Content_Type=JSON)
    reply = stage.asked_for("/data")
    assert (reply.status, reply.body) == (404, b'{"RELOAD-URI":"/x"}')


THUMBNAILS = b"WEBVTT\n\n00:00.000 --> 00:05.000\nsprite.jpg#xywh=0,0,1,1\n"
SUBTITLES = b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:00.000 --> 00:05.000\nHello\n"


def test_thumbnails_lead_to_their_images_and_subtitles_pass(stage: Stage) -> None:
    stage.near.scripts["/v/thumbs"] = answer(THUMBNAILS, Content_Type="text/vtt")
    stage.near.scripts["/v/subs"] = answer(SUBTITLES, Content_Type="text/vtt", ETag='"s"')
    stage.near.scripts["/v/sprite.jpg"] = answer(b"image", Content_Type="image/jpeg")
    reply = stage.asked_for("/v/thumbs")
    assert reply.headers["Content-Type"] == "text/vtt"
    image = reply.body.decode().splitlines()[3]
    assert stage.service.get(image.partition("#")[0]).body == b"image"
    beneath = stage.variant().partition("media.m3u8")[0]
    assert stage.service.get(f"{beneath}thumbs").body == THUMBNAILS
    assert (stage.asked_for("/v/subs").body, stage.asked_for("/v/subs").headers["ETag"]) == (SUBTITLES, '"s"')


def test_an_image_playlist_is_reached_and_names_its_tiles(stage: Stage) -> None:
    tiles = b"#EXTM3U\n#EXT-X-IMAGES-ONLY\n#EXTINF:6,\n#EXT-X-TILES:RESOLUTION=1x1,LAYOUT=2x2,DURATION=3\n/t/1.jpg\n"
    stage.near.scripts["/t/tiles.m3u8"] = answer(tiles, Content_Type="application/x-mpegurl")
    stage.near.scripts["/t/1.jpg"] = answer(b"tile", Content_Type="image/jpeg")
    line = b'#EXTM3U\n#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,RESOLUTION=1x1,CODECS="jpeg",URI="/t/tiles.m3u8"\n'
    stage.near.scripts["/v/images.m3u8"] = answer(line, Content_Type="application/x-mpegurl")
    playlist = stage.asked_for("/v/images.m3u8").body.decode().split('"')[3]
    image = stage.service.get(playlist).body.decode().splitlines()[4]
    assert stage.service.get(image if image.startswith("/play/") else quote(image)).body == b"tile"
