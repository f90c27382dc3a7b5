"""Whether a tier streams, from where, and what: nothing that is refused is fetched, or passed on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.policy import AccessDenied, Credential, Purpose
from policies.streaming import Streaming
from tests.conftest import StartService
from tests.policies.conftest import StartGateway
from tests.policies.samples import PLAYLIST, VIDEO, Asking, api, by_token, edit, played, tiers_with
from tests.scripted_origin import Origin, answer, send_head
from tests.service import Reply, Service


@pytest.fixture
def elsewhere() -> Iterator[Origin]:
    """Another origin that the gateway may fetch from."""
    started = Origin.start()
    started.scripts["/v/seg-1.ts"] = answer(VIDEO[:1000], Content_Type="video/mp2t")
    yield started
    started.stop()


def refused(reply: Reply, words: str = "") -> bool:
    assert VIDEO[:16] not in reply.body
    assert b"#EXTM3U" not in reply.body
    return reply.status == 403 and (
        not reply.body or (reply.json["error"] == "Access denied" and words in str(reply.json))
    )


@pytest.mark.parametrize("credential", list(Credential))
async def test_it_is_about_media_and_its_addresses_alone(asking: Asking, credential: Credential) -> None:
    for policy in (Streaming(allowed=False), Streaming.omitted()):
        async with asking.admit(policy, credential, Purpose.ACCOUNT):
            pass
        for purpose in (Purpose.MEDIA, Purpose.GRANT):
            with pytest.raises(AccessDenied):
                async with asking.admit(policy, credential, purpose):
                    pass
    async with asking.admit(Streaming(allowed=True), credential):
        pass


def three_ways(service: Service, key: str, origin: Origin, path: str) -> list[tuple[str, dict[str, str]]]:
    """The same media by key, by token, and by a grant that was minted while the tier streamed from everywhere."""
    token = by_token(service, key)
    grant = played(service.get(api(f"{origin.url}/v/a.m3u8"), token).body)[0].replace("/v/seg-1.ts", path)
    url = api(origin.url + path)
    return [(url, {"X-API-Key": key}), (url, token), (grant, {})]


def test_what_lies_at_another_origin_is_refused_before_it_is_asked(
    start_service: StartService, media: Origin, elsewhere: Origin
) -> None:
    service = start_service(tiers_with(f"{media.url}\n  - {elsewhere.url}"))
    ways = three_ways(service, service.add_key("acme", "standard"), media, "/v/seg-1.ts")
    assert [service.get(*way).status for way in ways] == [200] * 3
    edit(service, "streaming: true", f"streaming: {{origins: {elsewhere.url}}}")
    asked = len(media.asked)
    for method in ("GET", "HEAD"):
        for path, headers in ways:
            assert refused(service.get(path, headers, method), f"cannot stream from {media.url}")
            assert refused(service.get(path, headers | {"Range": "bytes=0-1"}, method))
    assert len(media.asked) == asked
    assert service.get(api(f"{elsewhere.url}/v/seg-1.ts"), ways[1][1]).body == VIDEO[:1000]


def test_a_redirect_to_another_origin_is_not_followed(
    start_service: StartService, media: Origin, elsewhere: Origin
) -> None:
    media.scripts["/v/away.ts"] = lambda it: send_head(
        it, 302, {"Location": f"{elsewhere.url}/v/seg-1.ts", "Content-Length": "0"}
    )
    service = start_service(
        tiers_with(f"{media.url}\n  - {elsewhere.url}").replace(
            "streaming: true", f"streaming: {{origins: {media.url}}}"
        )
    )
    token = by_token(service, service.add_key("acme", "standard"))
    for method in ("GET", "HEAD"):
        assert refused(service.media(f"{media.url}/v/away.ts", token, method), f"from {elsewhere.url}")
    assert elsewhere.asked == []
    edit(service, f"origins: {media.url}}}", f"origins: [{media.url}, {elsewhere.url}]}}")
    assert service.media(f"{media.url}/v/away.ts", token).body == VIDEO[:1000]


def test_an_origin_that_the_gateway_may_not_fetch_from_stays_so(gateway: StartGateway, elsewhere: Origin) -> None:
    service = gateway()
    edit(service, "streaming: true", f"streaming: {{origins: {elsewhere.url}}}")
    reply = service.media(f"{elsewhere.url}/v/seg-1.ts", by_token(service, service.add_key("acme", "standard")))
    assert (reply.status, reply.json["error"]) == (403, "Origin not allowed")
    assert elsewhere.asked == []


def test_a_manifest_is_one_by_its_first_bytes_whatever_it_is_called(gateway: StartGateway, media: Origin) -> None:
    media.scripts |= {
        "/v/film.mp4": answer(PLAYLIST, Content_Type="video/mp4"),
        "/v/film.mpd": answer(b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>', Content_Type="x/y"),
    }
    service = gateway()
    edit(service, "streaming: true", "streaming: {kinds: video}")
    token = by_token(service, service.add_key("acme", "standard"))
    for sent in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=0-20"}):
        assert refused(service.media(f"{media.url}/v/film.mp4", token | sent), "cannot stream hls")
        assert refused(service.media(f"{media.url}/v/film.mpd", token | sent), "cannot stream dash")
    assert service.media(f"{media.url}/v/seg-1.ts", token).body == VIDEO[:1000]


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("video/mp4", "video"),
        ("VIDEO/mp2t; charset=x", "video"),
        ("application/mp4", "video"),
        ("audio/mp4", "audio"),
        ("image/jpeg", "image"),
        ("text/vtt", "text"),
        ("application/ttml+xml", "text"),
        ("application/octet-stream", "other"),
        ("", "other"),
    ],
)
def test_other_media_are_what_their_type_says(
    service_of_kinds: Service, media: Origin, content_type: str, kind: str
) -> None:
    media.scripts["/v/x"] = answer(VIDEO[:1000], **({"Content_Type": content_type} if content_type else {}))
    token = {"X-Session-Token": (service_of_kinds.folder / "token").read_text()}
    edit(service_of_kinds, "streaming: {kinds: hls}", f"streaming: {{kinds: {kind}}}")
    assert service_of_kinds.media(f"{media.url}/v/x", token).body == VIDEO[:1000]
    others = [it for it in ("hls", "video", "audio", "image", "text", "other") if it != kind]
    edit(service_of_kinds, f"{{kinds: {kind}}}", f"{{kinds: [{', '.join(others)}]}}")
    for method in ("GET", "HEAD"):
        for sent in ({}, {"Range": "bytes=5-9"}):
            assert refused(service_of_kinds.media(f"{media.url}/v/x", token | sent, method), f"cannot stream {kind}")


@pytest.fixture
def service_of_kinds(gateway: StartGateway) -> Service:
    service = gateway()
    edit(service, "streaming: true", "streaming: {kinds: hls}")
    (service.folder / "token").write_text(service.token(service.add_key("acme", "standard")))
    return service


def test_an_error_of_the_origin_is_told_as_it_is(service_of_kinds: Service, media: Origin) -> None:
    media.scripts["/v/broken.ts"] = answer(b"<html>broken</html>", 500, Content_Type="text/html")
    media.scripts["/v/kept.ts"] = answer(b"", 304)
    token = {"X-Session-Token": (service_of_kinds.folder / "token").read_text()}
    for path, status in (("/v/none.ts", 404), ("/v/broken.ts", 500), ("/v/kept.ts", 304)):
        for method in ("GET", "HEAD"):
            assert service_of_kinds.media(media.url + path, token, method).status == status
    assert service_of_kinds.media(f"{media.url}/v/a.m3u8", token).status == 200


@pytest.mark.parametrize("status", [203, 299, 300, 301])
def test_what_a_player_takes_for_media_is_judged_whatever_its_origin_calls_it(
    service_of_kinds: Service, media: Origin, status: int
) -> None:
    media.scripts["/v/x"] = answer(VIDEO[:1000], status, Content_Type="video/mp4")
    token = {"X-Session-Token": (service_of_kinds.folder / "token").read_text()}
    for method in ("GET", "HEAD"):
        assert refused(service_of_kinds.media(f"{media.url}/v/x", token, method), "cannot stream video")


def test_children_are_judged_as_their_manifest_is(service_of_kinds: Service, media: Origin) -> None:
    token = {"X-Session-Token": (service_of_kinds.folder / "token").read_text()}
    child = played(service_of_kinds.media(f"{media.url}/v/a.m3u8", token).body)[0]
    for method in ("GET", "HEAD"):
        assert refused(service_of_kinds.get(child, method=method), "cannot stream video")
    edit(service_of_kinds, "kinds: hls", "kinds: [hls, video]")
    assert service_of_kinds.get(child).body == VIDEO[:1000]


def test_the_public_tier_gets_no_media_by_any_way(gateway: StartGateway, media: Origin) -> None:
    service = gateway()
    edit(service, "rate_limit: 1000/60s", "streaming: true\n    rate_limit: 1000/60s")
    ways = three_ways(service, "public_api_key", media, "/v/seg-1.ts")
    assert [service.get(*way).body for way in ways] == [VIDEO[:1000]] * 3
    asked = len(media.asked)
    for streaming in ("streaming: false", "# no streaming"):
        edit(service, "streaming: true\n    rate_limit: 1", f"{streaming}\n    rate_limit: 1")
        for method in ("GET", "HEAD"):
            for path, headers in ways:
                for sent in ({}, {"Range": "bytes=0-99"}, {"If-None-Match": '"x"'}):
                    assert refused(service.get(path, headers | sent, method))
        edit(service, streaming, "streaming: true")
    assert len(media.asked) == asked


def test_in_shadow_it_is_told_to_the_operator_alone(gateway: StartGateway, media: Origin) -> None:
    service = gateway()
    edit(service, "streaming: true", "streaming: {kinds: hls, origins: 'https://a.example', shadow: true}")
    reply = service.media(f"{media.url}/v/seg-1.ts", by_token(service, service.add_key("acme", "standard")))
    assert reply.body == VIDEO[:1000]
    service.wait_for_log('"shadow": "streaming: Access denied, streaming: Access denied"')
    counted = 'sluicegate_shadow_denials_total{error="Access denied",policy="streaming",tier="standard"} 2.0'
    assert counted in service.admin("/metrics").body.decode()
    edit(service, "shadow: true", "shadow: false")
    assert service.media(f"{media.url}/v/seg-1.ts", {"X-API-Key": service.add_key("b", "standard")}).status == 403
    counted = 'sluicegate_denials_total{error="Access denied",policy="streaming",tier="standard"} 1.0'
    assert counted in service.admin("/metrics").body.decode()
