"""Where CMCD stands in a request, and what of it an origin is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cmcd import NAMES, addressed, read_report, told

URL = "https://media.example.com/v.ts"


def test_a_request_without_cmcd_tells_nothing() -> None:
    assert told({"Range": "bytes=0-"}, "a=b&cmcd=bs&XCMCD=bs&CMCDx=bs&CMCD&url=x%3FCMCD%3Dbs&b=CMCD=bs") == {}


@pytest.mark.parametrize(
    "query",
    ["CMCD=bl%3D1500%2Cbs", "a=b&CMCD=bl%3d1500%2cbs&c", "CMCD=bl=1500,bs", "CMCD=bl%3D(1500%3Bv+900%3Ba)%2Cbs"],
)
def test_the_query_is_read_wherever_and_however_it_is_written(query: str) -> None:
    report = read_report(told({}, query))
    assert (report.buffer, report.starved) == (1.5, True)


def test_an_escape_is_decoded_once() -> None:
    assert read_report(told({}, "CMCD=sid%3D%22a%252Cb%2B%22")).session == "a%2Cb+"


def test_the_header_fields_are_read_together_and_before_the_query() -> None:
    fields = told({"CMCD-Request": "bl=1500", "CMCD-Status": "bs"}, "CMCD=bl%3D9000")
    assert (read_report(fields).buffer, read_report(fields).starved) == (1.5, True)


def test_an_origin_is_sent_none_of_it_unless_it_is_wanted() -> None:
    fields = {"Range": "bytes=0-"} | told({"CMCD-Request": "bl=1500"}, "CMCD=bs")
    assert addressed(URL, fields, wanted=False) == (URL, {"Range": "bytes=0-"})


def test_what_is_wanted_goes_on_in_its_own_form() -> None:
    by_header = {"CMCD-Request": "bl=1500", "CMCD-Status": "bs"}
    assert addressed(URL, told(by_header, ""), wanted=True) == (URL, by_header)
    by_query = told({}, "a=b&CMCD=bl%3D1500%2Cnor%3D%22..%252Fa%22")
    assert addressed(URL, by_query, wanted=True) == (f"{URL}?CMCD=bl%3D1500%2Cnor%3D%22..%252Fa%22", {})
    assert addressed(f"{URL}?s=1", by_query, wanted=True)[0].startswith(f"{URL}?s=1&CMCD=bl%3D1500")


@pytest.mark.parametrize("value", ["x" * 2049, "bl=1\tbs", 'cid="é"', "a\x7f"])
def test_what_is_not_fit_for_a_field_does_not_go_on(value: str) -> None:
    assert addressed(URL, told({"CMCD-Request": value}, f"CMCD={value}"), wanted=True) == (URL, {})


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_told_the_url_keeps_its_place_and_the_fields_are_fields(query: str, value: str) -> None:
    href, sent = addressed(URL, told({"CMCD-Request": value}, f"CMCD={query}"), wanted=True)
    assert href == URL or href.startswith(f"{URL}?CMCD=")
    assert not set(href.removeprefix(URL)[1:]) & set('#&" <>\\')
    assert set(sent) <= set(NAMES)
    assert all(field.isascii() and field.isprintable() for field in sent.values())
