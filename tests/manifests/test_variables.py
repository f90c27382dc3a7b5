"""Variables of HLS playlists: none is left for a player to fill in, whatever it knows."""

from __future__ import annotations

import string
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests.asking import Asking, with_field
from gateway.manifests.hls import rewrite
from gateway.manifests.hls.variables import Shaped
from tests.manifests.corpora import name_link

BASE = "https://o.example/v/main.m3u8?q=1&same=a&same=b&wild=%22%0a#EXT&two={$q}"
HERE = "/play/G/https://o.example/v/"


class Told:
    """Notes that can be read, and that are kept."""

    def __init__(self) -> None:
        self.told: dict[str, Mapping[str, str]] = {}

    def variables(self, url: str, values: Mapping[str, str]) -> str:
        self.told[url] = dict(values)
        return "NOTE"

    def pathway(self, host: str) -> str:
        return f"P.{host}"


def lines(text: str, asking: Asking | None = None) -> list[str]:
    return rewrite(text.encode(), BASE, name_link, asking).decode().splitlines()


def test_a_media_playlist_imports_what_it_was_noted_to() -> None:
    asking = Asking(variables={"dir": "https://cdn.example/a", "other": "x"})
    text = '#EXT-X-DEFINE:IMPORT="dir"\n{$dir}/1.ts\n{$other}.ts'
    assert lines(text, asking)[1:] == ["/play/G/https://cdn.example/a/1.ts", HERE + "%7B$other%7D.ts"]


def test_all_that_a_multivariant_playlist_defines_is_noted_for_each_media_playlist() -> None:
    notes = Told()
    text = (
        '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n# why\n{$a}.m3u8?x=1#f\n#EXT-X-DEFINE:NAME="a",VALUE="v"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1\n{$a}.m3u8?x=1#f\n#EXT-X-MEDIA:TYPE=AUDIO,URI="b.m3u8"\n'
        '#EXT-X-I-FRAME-STREAM-INF:URI="c.m3u8"\n#EXT-X-IMAGE-STREAM-INF:URI="d.m3u8"\n#EXT-X-SESSION-KEY:URI="k"\n'
        '  #EXT-X-DEFINE:QUERYPARAM="q"\n# not #EXT-X-DEFINE:NAME="no",VALUE="no"\n'
    )
    written = lines(text, Asking(notes=notes))
    assert written[6] == HERE + "v.m3u8?x=1&sluicegate.variables=NOTE#f"
    assert written[7] == f'#EXT-X-MEDIA:TYPE=AUDIO,URI="{HERE}b.m3u8?sluicegate.variables=NOTE"'
    assert written[10] == f'#EXT-X-SESSION-KEY:URI="{HERE}k"'
    here = "https://o.example/v/"
    assert set(notes.told) == {f"{here}{name}.m3u8" for name in ("%7B$a%7D", "v", "b", "c", "d")}
    assert all(told == {"a": "v", "q": "1"} for told in notes.told.values())


def test_a_playlist_that_defines_nothing_notes_nothing() -> None:
    assert lines("#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8", Asking(notes=Told()))[1] == HERE + "a.m3u8"


@pytest.mark.parametrize(
    ("define", "query", "written"),
    [
        ('QUERYPARAM="q"', "", 'NAME="q",VALUE="1"'),
        ('QUERYPARAM="q"', "?q=2", 'NAME="q",VALUE="1"'),
        ('QUERYPARAM="q"', "?x=y&q=1", 'QUERYPARAM="q"'),
        ('X="y", QUERYPARAM="q"', "", 'X="y", NAME="q",VALUE="1"'),
        ('QUERYPARAM="same"', "", 'NAME="same",VALUE="a"'),
        ('QUERYPARAM="wild"', "", 'QUERYPARAM="wild"'),
        ('QUERYPARAM="two"', "", 'QUERYPARAM="two"'),
        ('QUERYPARAM="unknown"', "?unknown=1", 'QUERYPARAM="unknown"'),
        ('NAME="q",VALUE="1"', "", 'NAME="q",VALUE="1"'),
    ],
)
def test_a_query_that_the_player_does_not_see_is_written_as_a_value(define: str, query: str, written: str) -> None:
    assert lines(f"#EXT-X-DEFINE:{define}", Asking(query=query)) == [f"#EXT-X-DEFINE:{written}"]


@pytest.mark.parametrize("define", ['NAME="x"', 'VALUE="1"', 'NAME="",VALUE="1"', 'NAME="x",VALUE="1{$unknown}"', ""])
def test_a_definition_that_lacks_something_defines_nothing(define: str) -> None:
    assert lines(f"#EXT-X-DEFINE:{define}\n{{$x}}.ts", Asking())[-1] == HERE + "%7B$x%7D.ts"


def test_a_definition_that_fails_takes_the_one_before_it_away() -> None:
    text = '#EXT-X-DEFINE:NAME="x",VALUE="1"\n#EXT-X-DEFINE:NAME="x",VALUE="{$unknown}"\n{$x}.ts'
    assert lines(text, Asking())[-1] == HERE + "%7B$x%7D.ts"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('#EXT-X-DEFINE:QUERYPARAM="q"\n{$q}.ts', HERE + "1.ts"),
        ('#EXT-X-DEFINE:QUERYPARAM="q"\nhttps://cdn.example/w/{$q}.ts', "/play/G/https://cdn.example/w/1.ts"),
        ('#EXT-X-DEFINE:QUERYPARAM="q"\nw/{$q}/a.ts', "/narrow/https://o.example/v/w/1/a.ts"),
        ('#EXT-X-DEFINE:IMPORT="dots"\nw/{$dots}', "/narrow/https://o.example/v/s.ts"),
        ('#EXT-X-DEFINE:IMPORT="step"\nw/{$step}', "/narrow/https://o.example/v/w/%2e%2e%2fs.ts"),
        ('#EXT-X-DEFINE:QUERYPARAM="q"\na.ts?t={$q}', HERE + "a.ts?t=1"),
        ('#EXT-X-DEFINE:QUERYPARAM="q"\nhttps://cdn.example/a.ts?t={$q}', "/play/G/https://cdn.example/a.ts?t=1"),
        ('#EXT-X-DEFINE:QUERYPARAM="q"\n{$q}{$unknown}.ts', HERE + "%7B$q%7D%7B$unknown%7D.ts"),
        ('#EXT-X-DEFINE:QUERYPARAM="q"\n#EXT-X-PREFETCH:{$q}', f"#EXT-X-PREFETCH:{HERE}1"),
        ('#EXT-X-DEFINE:IMPORT="i"\n{$i}/1.ts', "/narrow/https://evil.example/1.ts"),
        (
            '#EXT-X-DEFINE:IMPORT="i"\n#EXT-X-DEFINE:NAME="n",VALUE="{$i}/x"\n{$n}/1.ts',
            "/narrow/https://evil.example/x/1.ts",
        ),
        ('#EXT-X-DEFINE:IMPORT="o"\n{$o}/1.ts', "/play/G/https://cdn.example/1.ts"),
        (
            '#EXT-X-DEFINE:QUERYPARAM="q"\n#EXT-X-DEFINE:NAME="n",VALUE="x{$q}"\n#EXT-X-MEDIA:URI="{$n}"',
            '#EXT-X-MEDIA:URI="/play/G/https://o.example/v/x1?sluicegate.variables=NOTE"',
        ),
        (
            '#EXT-X-DEFINE:IMPORT="j"\n#EXT-X-CONTENT-STEERING:SERVER-URI="data:application/json,{$j}"',
            '#EXT-X-CONTENT-STEERING:SERVER-URI="data:application/json,{%22RELOAD-URI%22:%22https://evil.example/%22}"',
        ),
    ],
)
def test_what_a_players_query_shapes_has_a_link_of_its_own(text: str, written: str) -> None:
    evil = {
        "dots": Shaped("../s.ts"),
        "step": Shaped("%2e%2e%2fs.ts"),
        "i": Shaped("https://evil.example"),
        "j": Shaped('{"RELOAD-URI":"https://evil.example/"}'),
    }
    asking = Asking(
        variables={"o": "https://cdn.example", **evil},
        notes=Told(),
        shaped=lambda _, absolute: f"/narrow/{absolute}",
    )
    assert lines(text, asking)[-1] == written


WORD = st.text(string.ascii_letters + "{}$:/?#[]@%&=. ", max_size=12)


@given(
    known=st.dictionaries(st.sampled_from("abc"), st.text(max_size=8), max_size=3),
    words=st.lists(WORD, max_size=4),
    quoted=st.booleans(),
)
def test_no_reference_is_left_to_what_a_player_knows(known: dict[str, str], words: list[str], *, quoted: bool) -> None:
    reference = "{$a}".join(words).replace('"', "")
    line = f'#EXT-X-MAP:URI="{reference}"' if quoted else f"x{reference}"
    text = '#EXT-X-DEFINE:IMPORT="a"\n#EXT-X-DEFINE:QUERYPARAM="b"\n' + line
    written = rewrite(text.encode("utf-8", "surrogateescape"), BASE, name_link, Asking(variables=known))
    assert b"{$" not in b"\n".join(written.splitlines()[2:])
    assert written.count(b"\n") == 2
    assert written.count(b'"') == text.count('"')


@pytest.mark.parametrize(
    ("url", "with_it"),
    [("a", "a?n=v"), ("a?b", "a?b&n=v"), ("a#f", "a?n=v#f"), ("a?b#f?", "a?b&n=v#f?")],
)
def test_a_field_goes_into_the_query(url: str, with_it: str) -> None:
    assert with_field(url, "n", "v") == with_it
    assert with_field(url, "n", "") == url
