"""What is read of a player's CMCD: what the two versions write, and no more than the grammar allows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cmcd.report import LONGEST, MALFORMED, Report, read

V1 = (
    'bl=21300,br=3200,bs,cid="faec5fc2",d=4004,dl=18500,mtp=48100,nor="..%2F300kbps%2Ftrack.m4v",ot=v,pr=1.08,'
    'rtp=12000,sf=d,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",st=v,su,tb=6000'
)
V2 = (
    "bl=(15000;v 9000;a),br=(1000;v 128;a),bs,bsa=(2),bsd=(400;v 600),bg,ltc=3000,msd=1250,mtp=(25000),"
    r'nor=("../a b.m4s";r="0-9" "c,d"),ot=a,pr=1.5,sid="a \"b\"",sta=p,su,v=2'
)


def test_version_1_is_read() -> None:
    assert read(V1) == Report(
        starved=True,
        starting=True,
        buffer=21.3,
        deadline=18.5,
        bitrate=3200,
        throughput=48100,
        session="6e2fb550-c457-11e9-bb97-0800200c9a66",
    )


def test_version_2_is_read_with_the_values_of_the_kind_that_is_asked_for() -> None:
    assert read(V2) == Report(
        starved=True,
        starved_for=1.0,
        starting=True,
        buffer=9.0,
        start_delay=1.25,
        latency=3.0,
        throughput=25000,
        session='a "b"',
    )
    assert read("br=(1000;v 128;a),ot=v").bitrate == 1000
    assert read("br=(1000;x 128;a),ot=av").bitrate == 1000  # the first, where none is of that kind


def test_a_bitrate_is_that_of_video() -> None:
    assert [read(f"br=128,ot={kind}").bitrate for kind in ("a", "tt", "m")] == [None] * 3
    assert [read(text).bitrate for text in ("br=128", "br=128,ot=v", "br=128,ot=av")] == [128] * 3


@pytest.mark.parametrize(
    "text",
    [
        "bl=1",
        " bl=1\t, \tbs ",
        "bs;x=1,com.example-Key=?0,X-own",
        'cid="Ärger, 日本; \\\\",bl=5.5',
        "bl=()",
        "bl=( 1 )",
        "a=:aGk=:,b=@1659578233,c=*t/x:y",
        "bl=1,bl=2",
    ],
)
def test_what_the_grammar_allows_is_well_formed(text: str) -> None:
    assert read(text).is_well_formed


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "bl=1,",
        ",bl=1",
        "bl=1,,bs",
        "bl=",
        "bl= 1",
        "bl=1 bs",
        "1=bl",
        "bl=1234567890123456",
        "bl=1.2345",
        "bl=--1",
        "bl=(1",
        "bl=(1 2))",
        "bl=(1)2",
        "bl=((1))",
        'sid="a',
        'sid="a\nb"',
        'sid="a\\b"',
        "su=?2",
        "bl=1\0",
        "bl%3D1",
        '{"bl":1}',
        "bs," * 1000,
        "a" * (LONGEST + 1),
    ],
)
def test_what_it_does_not_allow_is_told_apart_and_tells_nothing(text: str) -> None:
    assert read(text) == MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        "bl=-5",
        "bl=x",
        'bl="5"',
        "bl",
        "bl=999999999999999",
        "bl=(a b)",
        'bl=("1")',
        "br=10000001",
        "mtp=-1",
        "bs=?0",
        "bs=true",
        "su=1",
        "bsd=999999999999999",
        "sid=token",
        'sid="' + "x" * 65 + '"',
        'sid="a\u202eb"',
    ],
)
def test_a_value_of_the_wrong_kind_or_beyond_belief_is_passed_over(text: str) -> None:
    assert read(text) == Report()


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert read("bl=1000,bl=2000,bs,bs=?0") == Report(buffer=2.0)


pieces = st.sampled_from([*'abv1;=,()"\\ \t*?@:.-', "bl=", "br=(", '"x"', ";v", ",bs", "é", "\0", "bl=1,"])


@given(st.one_of(st.text(max_size=400), st.lists(pieces, max_size=300).map("".join)))
def test_any_text_is_read_without_an_error(text: str) -> None:
    report = read(text)
    assert report.is_well_formed or report == MALFORMED
    assert report.session.isprintable()


@settings(max_examples=60)
@given(st.lists(pieces, min_size=1, max_size=6).map("".join), st.text(max_size=3))
def test_no_text_takes_long(repeated: str, end: str) -> None:
    text = (repeated * LONGEST)[: LONGEST - len(end)] + end
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 0.25  # a text that is gone through once takes less than a thousandth of it
