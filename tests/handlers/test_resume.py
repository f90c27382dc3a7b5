"""A body whose origin breaks off is taken up again where it did, or is visibly cut; never silently wrong."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from tests.scripted_origin import Origin, send_head
from tests.service import HANG, Service

BODY = random.Random(4).randbytes(300_000)
Fields = Mapping[str, str]
_NUMBERS = itertools.count()


@dataclass
class Breaking:
    """An origin's file that breaks off after so many bytes of each answer; ``cuts`` are used up, then it is whole."""

    cuts: Iterator[int]
    fields: Fields = field(default_factory=lambda: {"ETag": '"a"'})
    chunked: bool = False

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2] or len(BODY) - 1)) if asked else (0, len(BODY) - 1)
        body = BODY[first : last + 1]
        head: dict[str, str] = dict(self.fields)
        if asked:
            head["Content-Range"] = f"bytes {first}-{last}/{len(BODY)}"
        head |= {"Transfer-Encoding": "chunked"} if self.chunked else {"Content-Length": str(len(body))}
        send_head(request, 206 if asked else 200, head)
        cut = next(self.cuts, len(body))
        sent = body[:cut]
        request.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent) if self.chunked and sent else sent)
        if cut < len(body):
            request.close_connection = True
        elif self.chunked:
            request.wfile.write(b"0\r\n\r\n")


def whole(service: Service, origin: Origin, token: Fields, script: Breaking) -> bool:
    """Whether the body comes whole; if not it must be visibly cut, and what came be its beginning."""
    origin.scripts["/v.ts"] = script
    try:
        reply = service.media(f"{origin.url}/v.ts?{next(_NUMBERS)}", token)  # nothing that is stored
    except http.client.IncompleteRead as cut:
        assert BODY.startswith(cut.partial)
        return False
    assert (reply.status, hashlib.sha256(reply.body).digest()) == (200, hashlib.sha256(BODY).digest())
    return True


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(
    "fields",
    [{"ETag": '"a"'}, {"Last-Modified": "Mon, 01 Jun 2026 00:00:00 GMT"}],
    ids=["etag", "last-modified"],
)
def test_a_body_that_breaks_off_anywhere_arrives_whole(
    service: Service, origin: Origin, token: Fields, fields: Fields, *, chunked: bool
) -> None:
    anywhere = random.Random(5)
    for _ in range(5):
        cuts = [anywhere.randrange(len(BODY) // 4) for _ in range(3)]
        origin.asked.clear()
        assert whole(service, origin, token, Breaking(iter(cuts), fields, chunked))
        ranges = [asked.get("Range") for _, _, asked in origin.asked]
        places = [0, cuts[0], cuts[0] + cuts[1], sum(cuts)]
        assert ranges[0] is None
        assert [int(str(told).removeprefix("bytes=").partition("-")[0]) for told in ranges[1:]] == places[1:]
        assert {asked.get("If-Range") for _, _, asked in origin.asked[1:]} == {*fields.values()}
    assert "sluicegate_origin_resumed 15.0" in service.admin("/metrics").body.decode()


def test_a_range_that_breaks_off_is_taken_up_within_it(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = Breaking(iter([10, 0, 20]))
    reply = service.media(f"{origin.url}/v.ts", {**token, "Range": "bytes=1000-1999"})
    assert (reply.status, reply.body) == (206, BODY[1000:2000])
    assert reply.headers["Content-Range"] == f"bytes 1000-1999/{len(BODY)}"
    assert [asked["Range"] for _, _, asked in origin.asked] == [
        "bytes=1000-1999",
        "bytes=1010-1999",
        "bytes=1010-1999",
        "bytes=1030-1999",
    ]


def test_an_origin_that_breaks_off_for_ever_is_given_up(service: Service, origin: Origin, token: Fields) -> None:
    assert not whole(service, origin, token, Breaking(iter([1000] + [0] * 50)))
    assert len(origin.asked) == 4  # the first, and three tries without a byte
    origin.asked.clear()
    assert not whole(service, origin, token, Breaking(iter([1000] * 50)))
    assert len(origin.asked) == 21


@pytest.mark.parametrize(
    "fields",
    [{}, {"ETag": 'W/"a"'}, {"Last-Modified": ""}, {"ETag": '"a"', "Accept-Ranges": "none"}],
    ids=["no validator", "weak etag", "empty date", "no ranges"],
)
def test_what_cannot_be_known_to_be_the_same_is_cut(
    service: Service, origin: Origin, token: Fields, fields: Fields
) -> None:
    assert not whole(service, origin, token, Breaking(iter([1000]), fields))
    assert len(origin.asked) == 1


def answering(second: Fields, status: int = 206, body: bytes = BODY) -> Iterator[tuple[int, Fields, bytes]]:
    yield 200, {"ETag": '"a"', "Content-Length": str(len(BODY))}, BODY[:1000]
    while True:
        yield status, second, body


REST = {"ETag": '"a"', "Content-Range": f"bytes 1000-{len(BODY) - 1}/{len(BODY)}"}
WRONG: dict[str, tuple[Fields, int]] = {
    "200 with the whole": ({"ETag": '"a"'}, 200),
    "200 with another": ({"ETag": '"b"'}, 200),
    "another etag": (REST | {"ETag": '"b"'}, 206),
    "no etag": ({"Content-Range": REST["Content-Range"]}, 206),
    "another start": (REST | {"Content-Range": f"bytes 999-{len(BODY) - 1}/{len(BODY)}"}, 206),
    "another end": (REST | {"Content-Range": f"bytes 1000-{len(BODY) - 2}/{len(BODY)}"}, 206),
    "another total": (REST | {"Content-Range": f"bytes 1000-{len(BODY) - 1}/{len(BODY) + 1}"}, 206),
    "no range": ({"ETag": '"a"'}, 206),
    "several ranges": ({"ETag": '"a"', "Content-Type": "multipart/byteranges; boundary=x"}, 206),
    "416": ({}, 416),
    "404": ({}, 404),
    "500": ({}, 500),
}


@pytest.mark.parametrize(("second", "status"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_to_the_rest_is_never_taken_for_it(
    service: Service, origin: Origin, token: Fields, second: Fields, status: int
) -> None:
    answers = answering(second, status)

    def script(request: BaseHTTPRequestHandler) -> None:
        code, head, body = next(answers)
        send_head(request, code, {"Content-Length": str(len(body)), **head})
        request.wfile.write(body)
        request.close_connection = True

    origin.scripts["/v.ts"] = script
    with pytest.raises(http.client.IncompleteRead) as cut:
        service.media(f"{origin.url}/v.ts", token)
    assert cut.value.partial == BODY[:1000]
    assert len(origin.asked) == 2


SHORT = f"bytes 1000-1999/{len(BODY)}"
TOLD_WRONG: dict[str, tuple[dict[str, str], bytes]] = {
    "a part of the rest": (REST | {"Content-Range": SHORT, "Content-Length": "1000"}, BODY[1000:2000]),
    "a part of nobody knows what": (REST | {"Content-Range": "bytes 1000-1999/*"}, BODY[1000:2000]),
    "a length that is another": (REST | {"Content-Length": str(len(BODY))}, BODY[1000:] + bytes(1000)),
    "less than it tells": (REST, BODY[1000:2000]),
    "more than it tells": (REST, BODY[1000:] + bytes(1000)),
}


@pytest.mark.parametrize(("second", "body"), TOLD_WRONG.values(), ids=TOLD_WRONG)
def test_a_body_of_unknown_length_never_ends_where_the_rest_does_not(
    service: Service, origin: Origin, token: Fields, second: Fields, body: bytes
) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        if not request.headers.get("Range"):
            send_head(request, 200, {"ETag": '"a"', "Transfer-Encoding": "chunked"})
            request.wfile.write(b"3e8\r\n%s\r\n" % BODY[:1000])
        elif "Content-Length" in second:
            send_head(request, 206, second)
            request.wfile.write(body)
        elif "bytes=1000-" in request.headers["Range"]:
            send_head(request, 206, {**second, "Transfer-Encoding": "chunked"})
            request.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    origin.scripts["/v.ts"] = script
    with pytest.raises(http.client.IncompleteRead) as cut:
        service.media(f"{origin.url}/v.ts", token)
    assert BODY.startswith(cut.value.partial)


def test_a_date_does_not_tell_one_coding_of_a_file_from_another(
    service: Service, origin: Origin, token: Fields
) -> None:
    fields = {"Last-Modified": "Mon, 01 Jun 2026 00:00:00 GMT", "Content-Encoding": "aws-chunked"}
    assert not whole(service, origin, token, Breaking(iter([1000]), fields, chunked=True))
    assert len(origin.asked) == 1


def test_a_range_whose_own_two_lengths_differ_passes_as_it_is(service: Service, origin: Origin, token: Fields) -> None:
    fields = {"ETag": '"a"', "Content-Range": f"bytes 0-1000/{len(BODY)}", "Content-Length": "1000"}

    def script(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 206, fields)
        request.wfile.write(BODY[:1000])

    origin.scripts["/v.ts"] = script
    connection = http.client.HTTPConnection("127.0.0.1", service.port, HANG)
    for _ in range(2):  # on one connection, which a cut would have closed
        connection.request("GET", f"/api?url={origin.url}/v.ts", headers={**token, "Range": "bytes=0-999"})
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (206, BODY[:1000])
    connection.close()


@pytest.mark.parametrize("status", [200, 206])
def test_a_body_that_breaks_off_before_it_is_known_what_it_is_has_nothing_of_another(
    service: Service, origin: Origin, token: Fields, status: int
) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        again = "Range" in request.headers
        send_head(
            request, status if again else 200, {"ETag": '"b"' if again else '"a"', "Transfer-Encoding": "chunked"}
        )
        request.wfile.write(b"64\r\n%s\r\n0\r\n\r\n" % (b"x" * 100) if again else b"a\r\n%s\r\n" % (b"\n" * 10))

    origin.scripts["/v.ts"] = script
    reply = service.media(f"{origin.url}/v.ts", token)
    assert (reply.status, reply.json["error"]) == (502, "Origin unreachable")
    assert len(origin.asked) == 2
