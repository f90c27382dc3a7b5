"""Notes beside grants: each is one viewing session's, about one thing, and opens nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import Grants, KeyRecord, Keyring, Notes, NoteTooLongError, Scope, SessionTokens
from gateway.manifests import MalformedManifest
from gateway.origins.url import MediaUrl
from gateway.playback.notes import MOST, Noted, SessionNotes
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken, InvalidUrl
from tests.identity.conftest import keys_of

VIEWER = Identity(Credential.GRANT, "aaaaaaaa", "aaaaaaaa", "acme", "standard", "viewing")
URL = MediaUrl.parse("https://o.example/a/v.m3u8?x=1")
HERE = "https://o.example/a/v.m3u8"
RING = Keyring.generate()
NOTES = Notes(RING)


def read(query: str, viewer: Identity = VIEWER, url: MediaUrl = URL, notes: Notes = NOTES) -> Noted:
    return Noted.read(query, url, notes, viewer)


def test_what_was_noted_is_read() -> None:
    written = SessionNotes(NOTES, VIEWER)
    values = {"a": "https://x/?\udcff\u00e9", "b": ""}
    query = f"x=1&sluicegate.variables={written.variables(HERE, values)}&sluicegate.pathway={written.pathway('h:81')}"
    assert read(query) == Noted(values, "h:81")
    assert read("x=1&sluicegate.other=1") == Noted({}, "")


def test_a_note_is_the_same_text_each_time_so_that_players_see_no_new_clone() -> None:
    assert NOTES.sign_pathway(VIEWER, "h") == NOTES.sign_pathway(VIEWER, "h")


@pytest.mark.parametrize(
    "other",
    [replace(VIEWER, key_id="bbbbbbbb"), replace(VIEWER, tier="partner"), replace(VIEWER, session_id="other")],
    ids=["key", "tier", "session"],
)
def test_a_note_is_one_sessions(other: Identity) -> None:
    for query in (
        f"sluicegate.variables={NOTES.sign_variables(VIEWER, HERE, '{}')}",
        f"sluicegate.pathway={NOTES.sign_pathway(VIEWER, 'h')}",
    ):
        assert read(query)
        with pytest.raises(InvalidToken):
            read(query, other)


def test_a_note_of_variables_is_about_one_playlist() -> None:
    query = f"sluicegate.variables={NOTES.sign_variables(VIEWER, HERE, '{}')}"
    assert read(query, url=MediaUrl.parse(f"{HERE}?another=query"))
    for url in ("https://o.example/a/w.m3u8", "https://p.example/a/v.m3u8", "http://o.example/a/v.m3u8"):
        with pytest.raises(InvalidToken):
            read(query, url=MediaUrl.parse(url))


def test_no_kind_of_token_stands_for_another() -> None:
    keys = keys_of(RING, KeyRecord(VIEWER.key_id, "acme", "standard", b"", 0, None, None))
    clock = lambda: 1_000_000.0  # noqa: E731 - a clock
    grant = Grants(RING, clock).mint(VIEWER, Scope("https://o.example", "/a/"), 1_000_000, 600)
    session = SessionTokens(RING, clock).mint(VIEWER, 600).token
    assert Grants(RING, clock).verify(grant, keys, 600).identity.key_id == VIEWER.key_id
    variables, pathway = NOTES.sign_variables(VIEWER, HERE, "{}"), NOTES.sign_pathway(VIEWER, "h")
    for query in (grant, session, pathway, "", "-"):
        with pytest.raises(InvalidToken):
            read(f"sluicegate.variables={query}")
    for query in (grant, session, variables):
        with pytest.raises(InvalidToken):
            read(f"sluicegate.pathway={query}")
    for note in (variables, pathway):
        with pytest.raises(InvalidToken):
            Grants(RING, clock).verify(note, keys, 600)
        with pytest.raises(InvalidToken):
            SessionTokens(RING, clock).verify(note, keys, 600)


def test_another_key_ring_wrote_no_note_of_ours() -> None:
    with pytest.raises(InvalidToken):
        read(f"sluicegate.pathway={Notes(Keyring.generate()).sign_pathway(VIEWER, 'h')}")


def test_the_last_of_several_notes_holds() -> None:
    first, last = (f"sluicegate.pathway={NOTES.sign_pathway(VIEWER, host)}" for host in ("one", "two"))
    assert read(f"{first}&y=2&{last}").host == "two"


def test_a_note_is_bounded() -> None:
    with pytest.raises(NoteTooLongError):
        NOTES.sign_variables(VIEWER, HERE, "x" * 4000)
    with pytest.raises(NoteTooLongError):
        NOTES.sign_pathway(VIEWER, "x" * 1000)
    assert SessionNotes(NOTES, VIEWER).pathway("x" * 1000) == ""


def test_a_manifest_that_needs_notes_without_end_is_refused() -> None:
    written = SessionNotes(NOTES, VIEWER)
    for _ in range(MOST):
        written.pathway("h")
    with pytest.raises(MalformedManifest):
        written.pathway("h")
    with pytest.raises(MalformedManifest):
        written.variables(HERE, {"a": "b"})


@pytest.mark.parametrize(
    ("host", "moved"),
    [
        ("", "https://o.example:8443/a?x"),
        ("p.example", "https://p.example:8443/a?x"),
        ("p.example:81", "https://p.example:81/a?x"),
        ("p.example:443", "https://p.example/a?x"),
        ("[::1]", "https://[::1]:8443/a?x"),
    ],
)
def test_a_host_takes_the_place_of_the_host_and_the_port_stays(host: str, moved: str) -> None:
    assert Noted({}, host).moved(MediaUrl.parse("https://o.example:8443/a?x")).href == moved


@given(host=st.text("ab0.-_:[]/?#@\\ ", min_size=1, max_size=12))
def test_no_host_moves_more_than_the_host(host: str) -> None:
    try:
        moved = Noted({}, host).moved(URL)
    except InvalidUrl:
        return
    assert (moved.scheme, moved.path, moved.query) == (URL.scheme, URL.path, URL.query)


@given(query=st.text("sluicegate.pathwayvriblesA=&%-_", max_size=80))
def test_any_query_is_read_or_refused(query: str) -> None:
    try:
        assert read(query) == Noted({}, "")
    except InvalidToken:
        assert "sluicegate." in query
