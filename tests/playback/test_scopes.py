from __future__ import annotations

import pytest

from gateway.identity import Scope
from gateway.manifests import MalformedManifest
from gateway.origins.url import MediaUrl
from gateway.playback.scopes import LONGEST, MOST, MOST_DIRECTORIES, Scopes

ORIGIN = "https://cdn.example.com"
FAR = "https://far.example.com"


@pytest.fixture
def scopes() -> Scopes:
    return Scopes(Scope(ORIGIN, "/live/one/"))


def prefix(scopes: Scopes, url: str) -> str:
    """The prefix of what opens a URL, which it must cover."""
    media = MediaUrl.parse(url)
    scope = scopes[media]
    assert scope.covers(media.origin, media.path)
    return scope.prefix


def test_what_lies_beneath_the_home_shares_its_grant(scopes: Scopes) -> None:
    assert {prefix(scopes, f"{ORIGIN}/live/one/{name}") for name in ("a.ts", "b/c.ts", "d/e/f.ts")} == {"/live/one/"}


def test_a_few_directories_elsewhere_have_a_grant_each(scopes: Scopes) -> None:
    found = [prefix(scopes, f"{FAR}/2026/{number}/a.ts") for number in range(MOST_DIRECTORIES)]
    assert found == [f"/2026/{number}/" for number in range(MOST_DIRECTORIES)]


def test_what_comes_after_many_directories_has_one_grant_for_what_it_has_in_common(scopes: Scopes) -> None:
    for number in range(MOST_DIRECTORIES):
        prefix(scopes, f"{FAR}/2026/{number}/a.ts")
    assert prefix(scopes, f"{FAR}/2026/11/24/a.ts") == "/2026/11/24/"
    assert prefix(scopes, f"{FAR}/2026/11/25/a.ts") == "/2026/11/"
    assert prefix(scopes, f"{FAR}/2026/11/26/a.ts") == "/2026/11/"
    assert prefix(scopes, f"{FAR}/2026/12/01/a.ts") == "/2026/"
    assert prefix(scopes, f"{FAR}/2026/3/b.ts") == "/2026/3/", "it has its own already"
    assert prefix(scopes, f"{ORIGIN}/other/b.ts") == "/other/", "another origin's are counted for themselves"


def test_what_is_read_again_keeps_its_grants_as_what_came_before_slides_out() -> None:
    def windows(start: int) -> list[str]:
        scopes = Scopes(Scope(ORIGIN, "/live/one/"), steady=True)
        return [prefix(scopes, f"{FAR}/2026/{start + number}/a.ts") for number in range(2 * MOST_DIRECTORIES)]

    assert windows(0)[1:] == windows(1)[:-1]


def test_a_path_that_a_common_directory_would_not_cover_keeps_a_grant_of_its_own(scopes: Scopes) -> None:
    for number in range(MOST_DIRECTORIES):
        prefix(scopes, f"{FAR}/{number}/a.ts")
    assert prefix(scopes, f"{FAR}/x/a.ts") == "/x/"
    assert prefix(scopes, f"{FAR}/y//z/a.ts") == "/y//z/"
    assert prefix(scopes, f"{FAR}/y/a%2Fb.ts") == "/y/a%2Fb.ts"
    assert prefix(scopes, f"{FAR}/z/a.ts") == "/"


def test_what_a_player_fills_in_is_opened_whatever_directory_it_names(scopes: Scopes) -> None:
    scope = scopes[MediaUrl.parse(f"{FAR}/v/$RepresentationID$/$Number%05d$.m4s")]
    assert scope == Scope(FAR, "/v/")
    assert scope.covers(FAR, "/v/720p/00001.m4s")


def test_a_directory_that_would_not_fit_into_a_grant_is_cut_to_a_parents(scopes: Scopes) -> None:
    names = "/".join(f"{number:049}" for number in range(20))
    found = prefix(scopes, f"{FAR}/{names}/a.ts")
    assert LONGEST - 50 <= len(FAR + found) <= LONGEST
    assert found == f"/{names}"[: len(found)]


def test_a_manifest_that_would_need_too_many_grants_is_refused(scopes: Scopes) -> None:
    for number in range(MOST):
        prefix(scopes, f"{FAR}/{number}%2Fa.ts")
    with pytest.raises(MalformedManifest, match="grants"):
        prefix(scopes, f"{FAR}/one%2Fmore.ts")
    prefix(scopes, f"{FAR}/7%2Fa.ts")


def test_what_can_be_asked_by_post_has_a_grant_for_its_path_alone() -> None:
    scopes = Scopes(Scope(ORIGIN, "/live/one/"), single=True)
    for url in (f"{ORIGIN}/live/one/licence", f"{ORIGIN}/live/one/other", f"{FAR}/licence?a=1"):
        path = url.partition("?")[0].removeprefix(ORIGIN).removeprefix(FAR)
        assert prefix(scopes, url) == path
