from __future__ import annotations

import os
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application

from demo.origin import origin_app

BODY = bytes(range(256)) * 4
MADE = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
MADE_TEXT = "Tue, 14 Nov 2023 22:13:20 GMT"
TYPES = {
    "a.m3u8": "application/vnd.apple.mpegurl",
    "a.mpd": "application/dash+xml",
    "a.ts": "video/mp2t",
    "a.m4s": "video/iso.segment",
    "a.mp4": "video/mp4",
    "a.key": "application/octet-stream",
    "a.unknown": "application/octet-stream",
}


@pytest.fixture
def media(tmp_path: Path) -> Path:
    (tmp_path / "outside.ts").write_bytes(b"not for anyone")
    folder = tmp_path / "media"
    folder.mkdir()
    for name in TYPES:
        (folder / name).write_bytes(BODY)
        os.utime(folder / name, (MADE, MADE))
    return folder


@pytest.fixture
def app(media: Path) -> Application:
    return origin_app(media)


async def ask(client: AsyncHTTPClient, path: str = "/a.ts", method: str = "GET", **fields: str) -> HTTPResponse:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return await client.fetch(path, method=method, headers=headers, raise_error=False, decompress_response=False)


async def etag(client: AsyncHTTPClient) -> str:
    return (await ask(client, method="HEAD")).headers["Etag"]


@pytest.mark.parametrize("name", TYPES)
async def test_a_file_is_served_whole_with_its_media_type(http_server_client: AsyncHTTPClient, name: str) -> None:
    answer = await ask(http_server_client, f"/{name}")
    assert (answer.code, answer.body) == (200, BODY)
    assert answer.headers["Content-Type"] == TYPES[name]


async def test_a_file_says_that_it_takes_ranges_and_has_strong_validators(http_server_client: AsyncHTTPClient) -> None:
    answer = await ask(http_server_client)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Last-Modified"] == MADE_TEXT
    assert answer.headers["Etag"].startswith('"')


async def test_no_answer_carries_cors_fields(http_server_client: AsyncHTTPClient) -> None:
    for path in ("/a.m3u8", "/missing.ts"):
        answer = await ask(http_server_client, path, Origin="http://page.example")
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_head_is_get_without_its_body(http_server_client: AsyncHTTPClient) -> None:
    whole, head = await ask(http_server_client), await ask(http_server_client, method="HEAD")
    assert (head.code, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Etag", "Last-Modified", "Accept-Ranges"):
        assert head.headers[name] == whole.headers[name]


async def test_head_pays_no_attention_to_a_range(http_server_client: AsyncHTTPClient) -> None:
    answer = await ask(http_server_client, method="HEAD", Range="bytes=0-1")
    assert (answer.code, answer.headers["Content-Length"]) == (200, str(len(BODY)))


@pytest.mark.parametrize(
    ("asked", "told", "part"),
    [
        ("bytes=0-1", "bytes 0-1/1024", BODY[:2]),
        ("bytes=1000-", "bytes 1000-1023/1024", BODY[1000:]),
        ("bytes=-24", "bytes 1000-1023/1024", BODY[1000:]),
        ("bytes=1000-9999", "bytes 1000-1023/1024", BODY[1000:]),
    ],
)
async def test_a_range_is_answered_with_that_part(
    http_server_client: AsyncHTTPClient, asked: str, told: str, part: bytes
) -> None:
    answer = await ask(http_server_client, Range=asked)
    assert (answer.code, answer.headers["Content-Range"], answer.body) == (206, told, part)
    assert answer.headers["Etag"] == await etag(http_server_client)


async def test_a_range_behind_the_end_is_refused_with_the_size(http_server_client: AsyncHTTPClient) -> None:
    answer = await ask(http_server_client, Range="bytes=1024-")
    assert (answer.code, answer.headers["Content-Range"]) == (416, "bytes */1024")


async def test_if_range_with_the_files_etag_lets_the_range_through(http_server_client: AsyncHTTPClient) -> None:
    answer = await ask(http_server_client, Range="bytes=0-1", If_Range=await etag(http_server_client))
    assert (answer.code, answer.body) == (206, BODY[:2])


async def test_if_range_with_the_files_date_lets_the_range_through(http_server_client: AsyncHTTPClient) -> None:
    answer = await ask(http_server_client, Range="bytes=0-1", If_Range=MADE_TEXT)
    assert (answer.code, answer.body) == (206, BODY[:2])


@pytest.mark.parametrize(
    "condition", ['"another"', "Tue, 14 Nov 2023 22:13:19 GMT", "Tue, 14 Nov 2023 22:13:21 GMT", "nonsense"]
)
async def test_if_range_with_any_other_validator_gets_the_whole_file(
    http_server_client: AsyncHTTPClient, condition: str
) -> None:
    answer = await ask(http_server_client, Range="bytes=0-1", If_Range=condition)
    assert (answer.code, answer.body) == (200, BODY)


async def test_if_range_with_a_weak_etag_gets_the_whole_file(http_server_client: AsyncHTTPClient) -> None:
    answer = await ask(http_server_client, Range="bytes=0-1", If_Range=f"W/{await etag(http_server_client)}")
    assert (answer.code, answer.body) == (200, BODY)


async def test_if_range_that_does_not_hold_keeps_a_bad_range_from_being_refused(
    http_server_client: AsyncHTTPClient,
) -> None:
    answer = await ask(http_server_client, Range="bytes=1024-", If_Range='"another"')
    assert (answer.code, answer.body) == (200, BODY)


async def test_a_file_that_the_client_has_is_not_sent_again(http_server_client: AsyncHTTPClient) -> None:
    for condition in ({"If_None_Match": await etag(http_server_client)}, {"If_Modified_Since": MADE_TEXT}):
        answer = await ask(http_server_client, **condition)
        assert (answer.code, answer.body) == (304, b"")


async def test_a_file_made_anew_has_another_etag(http_server_client: AsyncHTTPClient, media: Path) -> None:
    before = await etag(http_server_client)
    (media / "a.ts").write_bytes(BODY[::-1])
    answer = await ask(http_server_client, Range="bytes=0-1", If_Range=before)
    assert (answer.code, answer.body) == (200, BODY[::-1])


async def test_nothing_outside_the_folder_is_served(http_server_client: AsyncHTTPClient) -> None:
    assert (await ask(http_server_client, "/%2e%2e/outside.ts", Range="bytes=0-1", If_Range='"x"')).code == 403
    assert (await ask(http_server_client, "/missing.ts", Range="bytes=0-1", If_Range='"x"')).code == 404
