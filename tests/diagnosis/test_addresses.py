"""The addresses that people have in hand: the credential in them is judged, and never repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from commands.diagnose import diagnose
from gateway.diagnosis.address import Address, read_address
from gateway.identity import HOUR, POST, VOD, Grants, KeyFile, Keyring, Marks, Scope, SessionTokens
from gateway.policy import Credential, Identity
from tests.diagnosis.conftest import Diagnose, Told
from tests.scripted_origin import Origin
from tests.service import tiers_text

PATH = "/hls-ts/master.m3u8"
GATEWAY = "https://gw.example.com"


class Issuer:
    """A gateway's secrets and keys, by which a test makes what that gateway would."""

    def __init__(self, folder: Path, media: Origin) -> None:
        self.ring, _ = Keyring.load_or_create(folder / ".sluicegate" / "keyring.json", {})
        self.keys = KeyFile(folder / "keys.yaml", self.ring.pepper, time.time)
        self.key_id = self.keys.add("acme", "standard").text[3:11]
        self.media = media

    def identity(self, tier: str = "standard") -> Identity:
        return Identity(Credential.KEY, self.key_id, self.key_id, "acme", tier, "viewing")

    def token(self, before: float = 0.0, ring: Keyring | None = None, tier: str = "standard") -> str:
        made = SessionTokens(ring or self.ring, lambda: time.time() - before)
        return made.mint(self.identity(tier), 1800).token

    def api(self, token: str) -> str:
        return f"{GATEWAY}/api?url={quote(self.media.url + PATH, safe='')}&token={token}"

    def grant(self, prefix: str = "/hls-ts/", before: int = 0, lifetime: int = 6 * HOUR, marks: Marks = ()) -> str:
        scope = Scope(self.media.url, prefix)
        return Grants(self.ring, time.time).mint(self.identity(), scope, int(time.time()) - before, lifetime, marks)

    def play(self, grant: str) -> str:
        return f"{GATEWAY}/play/{grant}/{self.media.url.partition('://')[2]}{PATH}"


@pytest.fixture
def issuer(folder: Path, media: Origin) -> Issuer:
    return Issuer(folder, media)


def said_without(told: Told, secret: str) -> Mapping[str, object]:
    """What was told as a whole, in which no part of the secret stands."""
    for part in secret.split("."):
        assert part not in str(told.json)
    found: Mapping[str, object] = told.json
    return found


def test_a_good_token_and_a_good_grant_play(diagnosed: Diagnose, issuer: Issuer) -> None:
    for address, secret in (
        (issuer.api(token := issuer.token()), token),
        (issuer.play(grant := issuer.grant()), grant),
        (issuer.play(grant) + f"?token={token}", grant),
    ):
        told = diagnosed(address)
        assert (told.exit, told.codes()) == (0, [])
        asked = said_without(told, secret)["asked"]
        assert asked == {"url": issuer.media.url + PATH, "gateway": GATEWAY, "page": None, "player": None}
        assert told.json["key"]["client"] == "acme"
    assert all("token" not in path for _, path, _ in issuer.media.asked)


def test_an_expired_token_and_an_expired_grant_say_since_when(diagnosed: Diagnose, issuer: Issuer) -> None:
    token, grant = issuer.token(before=4000), issuer.grant(before=30000)
    for address, secret, ago in ((issuer.api(token), token, "37 min ago"), (issuer.play(grant), grant, "2 h ago")):
        told = diagnosed(address)
        assert (told.exit, told.codes()) == (1, ["credential_expired"])
        assert f"expired {ago}, at 20" in told.sentence
        said_without(told, secret)
        assert told.step("the first segment")["status"] == 200  # the walk goes on to the origin


@pytest.mark.parametrize(
    ("lifetime", "marks", "holds"),
    [
        (24 * HOUR, VOD, True),
        (24 * HOUR, POST + VOD, True),
        (24 * HOUR, POST, False),
        (24 * HOUR + 1, VOD, False),
    ],
)
def test_a_grant_may_hold_as_long_as_the_gateway_lets_it(
    diagnosed: Diagnose, issuer: Issuer, lifetime: int, marks: Marks, holds: bool
) -> None:
    told = diagnosed(issuer.play(issuer.grant(lifetime=lifetime, marks=marks)))
    assert (told.exit, told.codes()) == ((0, []) if holds else (1, ["credential_expired"]))


def test_the_credential_of_a_dead_key_says_why_it_is_dead(diagnosed: Diagnose, issuer: Issuer) -> None:
    token, other = issuer.token(), issuer.token(tier="partner")
    assert "its key is on another today" in diagnosed(issuer.api(other)).sentence
    issuer.keys.revoke(issuer.key_id)
    told = diagnosed(issuer.api(token))
    assert (told.exit, told.codes()) == (1, ["key_dead"])
    assert "it was revoked 20" in told.sentence


def test_a_credential_that_the_gateway_has_not_signed_is_told_from_one_that_is_damaged(
    diagnosed: Diagnose, issuer: Issuer
) -> None:
    foreign, token = issuer.token(ring=Keyring.generate()), issuer.token()
    told = diagnosed(issuer.api(foreign))
    assert (told.exit, told.codes()) == (1, ["credential_foreign"])
    assert "keyring.json" in told.change
    said_without(told, foreign)
    cut = token[:-1]
    told = diagnosed(issuer.api(cut))
    assert (told.exit, told.codes()) == (1, ["credential_damaged"])


def test_a_grant_opens_what_lies_beneath_it_alone(diagnosed: Diagnose, issuer: Issuer) -> None:
    told = diagnosed(issuer.play(issuer.grant(prefix="/hls-fmp4/")))
    assert (told.exit, told.codes()) == (1, ["grant_scope"])
    assert f"beneath {issuer.media.url}/hls-fmp4/" in told.sentence


def test_without_the_secrets_a_credential_cannot_be_judged_and_that_is_said(
    diagnosed: Diagnose, issuer: Issuer, tmp_path: Path
) -> None:
    told = diagnosed(issuer.api(issuer.token()), "--state", str(tmp_path / "elsewhere"))
    assert (told.exit, told.json["verdict"]["outcome"]) == (2, "cannot be told")
    assert "--state" in told.sentence


def test_an_address_that_is_not_encoded_or_holds_a_key_is_wrong_itself(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(f"{GATEWAY}/api?url={media.url}{PATH}?a=1&b=2")
    assert (told.exit, told.codes()) == (1, ["address"])
    assert "not percent-encoded whole" in told.sentence
    key = "sg_8aXk2LpQ_0123456789abcdefghijABCDEFGHIJ0123456789"
    told = diagnosed(f"{GATEWAY}/api?url={quote(media.url + PATH, safe='')}&token={key}")
    assert (told.exit, told.codes()) == (1, ["address"])
    assert key not in str(told.json)


def test_a_tier_that_does_not_stream_is_why(diagnosed: Diagnose, issuer: Issuer) -> None:
    told = diagnosed(PATH, "--key", "public_api_key")
    assert (told.exit, told.codes()) == (1, ["tier"])
    assert "The tier public cannot stream media" in told.sentence
    assert "another tier, or change streaming of public" in told.change
    told = diagnosed(PATH, "--key", "acme")
    assert (told.exit, told.json["key"]["tier"]) == (0, "standard")


def test_a_name_that_nobody_has_is_a_usage_error_and_nothing_is_fetched(issuer: Issuer) -> None:
    said = CliRunner().invoke(diagnose, [issuer.media.url + PATH, "--key", "acne"])
    assert (said.exit_code, said.stdout, issuer.media.asked) == (2, "", [])
    assert "no key and no client has this name; did you mean acme?" in " ".join(said.stderr.split())


def test_what_a_tier_may_not_stream_is_seen_where_its_kind_is(
    diagnosed: Diagnose, issuer: Issuer, folder: Path
) -> None:
    text = tiers_text(issuer.media.url).replace("    streaming: true\n", "    streaming: {kinds: [dash, video]}\n", 1)
    (folder / "tiers.yaml").write_text(text)
    told = diagnosed(PATH, "--key", "acme")
    assert (told.exit, told.codes()) == (1, ["tier"])
    assert "cannot stream hls" in told.sentence


def test_a_page_that_the_tier_does_not_let_in_is_why(diagnosed: Diagnose, issuer: Issuer, folder: Path) -> None:
    text = tiers_text(issuer.media.url).replace(
        "streaming: true", "streaming: true\n    cors_origins: [https://a.example]"
    )
    (folder / "tiers.yaml").write_text(text)
    told = diagnosed(PATH, "--key", "acme", "--page", "https://b.example")
    assert (told.exit, told.codes()) == (1, ["page_refused"])
    cors = told.step("the manifest")["cors"]
    assert (cors["directly"], cors["through_gateway"]) == (True, False)
    assert diagnosed(PATH, "--key", "acme", "--page", "https://a.example").exit == 0


def test_a_page_by_https_cannot_fetch_by_http(diagnosed: Diagnose, issuer: Issuer) -> None:
    address = issuer.api(issuer.token()).replace("https://", "http://", 1)
    told = diagnosed(address, "--page", "https://www.example.com")
    assert (told.exit, told.codes()) == (1, ["mixed_content"])
    assert diagnosed(address, "--page", "http://www.example.com").exit == 0


def test_addresses_are_read_as_the_gateway_reads_them() -> None:
    low_latency = read_address(f"{GATEWAY}/api?url=https%3A%2F%2Fa.example%2Fx.m3u8%3Fq%3D1&_HLS_msn=5")
    assert low_latency.url == "https://a.example/x.m3u8?q=1&_HLS_msn=5"
    steered = read_address(f"{GATEWAY}/api?url=https%3A%2F%2Fa.example%2Fx.json&_DASH_pathway=a&_DASH_throughput=1")
    assert (steered.url, steered.trouble) == ("https://a.example/x.json?_DASH_pathway=a&_DASH_throughput=1", "")
    assert read_address("https://a.example/api?curl=b") == Address("https://a.example/api?curl=b")
    for not_ours in ("https://a.example/api?url=", "https://a.example/play/me/b/c.m3u8", "nonsense", "http://[::1"):
        assert not read_address(not_ours).token
        assert not read_address(not_ours).grant
    assert read_address("https://a.example/play/me/b/c.m3u8").url == "https://a.example/play/me/b/c.m3u8"
