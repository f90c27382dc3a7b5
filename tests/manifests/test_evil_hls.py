"""Playlists by which an origin would have players ask past the gateway, read by the parsers of real players."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.manifests.viewing import GATEWAY, Viewing
from gateway.identity import Scope
from gateway.manifests import Kind
from tests.manifests.other_parsers import PARSERS, Asked, OtherParsers, Witness, urls

EVIL = "https://evil.example/"
MULTIVARIANT = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\nv.m3u8\n'
MEDIA = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n"
AUDIO = 'TYPE=AUDIO,GROUP-ID="a",NAME="n"'
KEY = "#EXT-X-KEY:METHOD=AES-128"
LAST = "\n#EXTINF:6,\nb.ts\n#EXT-X-ENDLIST\n"

PLAYLISTS = [
    f"{MEDIA}#c\u2028{EVIL}s.ts{LAST}",
    f"{MEDIA}#EXTINF:6,t\u2029{EVIL}s.ts{LAST}",
    f'{MEDIA}#c\u2028{KEY},URI="{EVIL}k"{LAST}',
    f"{MEDIA}#EXTINF:6 {EVIL}s.ts{LAST}",
    f"{MEDIA}#EXTINF:{EVIL}s.ts{LAST}",
    f"{MEDIA}#EXT-X-ENDLIST\n#EXTINF:6,t {EVIL}s.ts",
    f'{MEDIA}\xa0{KEY},URI="{EVIL}k"{LAST}',
    f'{MEDIA}\x0b{KEY},URI="{EVIL}k"{LAST}',
    f'{MEDIA}{KEY},URI ="{EVIL}k"{LAST}',
    f'{MEDIA}{KEY},URI= "{EVIL}k"{LAST}',
    f"{MEDIA}{KEY},URI='https:evil.example/k'{LAST}",
    f'{MEDIA}#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-PART:DURATION=1,URI ="{EVIL}p.mp4"\n',
    f'{MEDIA}#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI ="{EVIL}p.mp4"\n',
    f'{MULTIVARIANT}##EXT-X-MEDIA:{AUDIO},URI="{EVIL}a.m3u8"\n',
    f'{MULTIVARIANT}#EXT-X-MEDIA:{AUDIO},URI ="{EVIL}a.m3u8"\n',
    f"{MULTIVARIANT}#EXT-X-STREAM-INF:BANDWIDTH=2\nw.m3u8#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=a,NAME=n,URI={EVIL}a.m3u8\n",
    f'{MULTIVARIANT}# #EXT-X-CONTENT-STEERING:SERVER-URI="{EVIL}s.json"\n',
    f'{MULTIVARIANT}# #EXT-X-SESSION-KEY:METHOD=AES-128,URI="{EVIL}k"\n',
    f'{MULTIVARIANT}# #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="{EVIL}i.m3u8"\n',
    f'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,URI="{EVIL}v.m3u8"\n\n',
    (
        f'{MULTIVARIANT}#EXT-X-DEFINE:NAME="t",VALUE="T-X-MEDIA:TYPE=AUDIO,GROUP-ID=a,NAME=n,URI={EVIL}a.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=2\nw.m3u8#EX{$t}\n"
    ),
]


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    with OtherParsers() as parsers:
        yield Witness(parsers, Viewing.start())


@pytest.mark.parametrize("within", [None, Scope("https://o.example", "/a/")], ids=["api", "play"])
@pytest.mark.parametrize("text", PLAYLISTS, ids=range(len(PLAYLISTS)))
def test_no_player_is_led_past_the_gateway(witness: Witness, text: str, within: Scope | None) -> None:
    asked = Asked(Kind.HLS, text.encode(), "https://o.example/a/b.m3u8", within)
    before = [url for parser in PARSERS[Kind.HLS] for url in asked_for(witness, parser, asked.text, asked.url)]
    assert any("evil.example" in url for url in before)
    after, seen_at = witness.served(asked)
    for parser in PARSERS[Kind.HLS]:
        assert all(url.startswith(GATEWAY) for url in asked_for(witness, parser, after, seen_at))


def asked_for(witness: Witness, parser: str, text: bytes, url: str) -> list[str]:
    return urls(witness.parsers.read(parser, Kind.HLS, url, text))
