"""``main.py sign``: an address of media with a grant in it, made with the gateway's own secrets."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import NoReturn

import click

from commands import options, paint
from commands.explaining import Files
from commands.signing import Refused, Signer, keyring
from commands.trouble import TROUBLE, trouble_told
from gateway.explanation import secret_refusal
from gateway.identity import Grants, KeyringError

_GATEWAY = re.compile(r"https?://[^/?#@\s]+/?")


@click.command()
@click.argument("url")
@click.option("--key", required=True, help="A key's id as in keys list, or a client with one living key.")
@click.option("--lifetime", default="", help="Until when playing can begin: 30m, 2h; else playback.lifetime.")
@options.option("--gateway", "Where players reach the gateway.", "http://127.0.0.1:8080")
@click.option(
    "--prefix", default="", help="What it opens, such as /a/b/; else a manifest's directory, or a file alone."
)
@options.tiers
@options.keys
@options.state
@options.policies
@options.style
def sign(  # noqa: PLR0913, PLR0917 - an option each
    url: str,
    key: str,
    lifetime: str,
    gateway: str,
    prefix: str,
    tiers: Path,
    keys: Path,
    state: Path,
    policies: Path | None,
    style: str,
) -> None:
    """Print an address that plays URL through the gateway, for a key, in any player.

    It dies with the key. Nothing is fetched, and no service need run; the secrets under --state, or among systemd's
    credentials, must be those that it runs with. docs/signing.md has the same in ten lines for a server of your own.
    Exits with 1 if the gateway would refuse to play it, and says why as the gateway does; with 2 if it cannot be told.

    \b
    main.py sign https://media.example.com/film/master.m3u8 --key acme
    main.py sign https://media.example.com/film.mp4 --key 8aXk2LpQ --lifetime 2h --gateway https://gw.example.com
    """
    if refusal := secret_refusal(key):
        raise click.BadParameter(refusal, param_hint="--key")
    if not _GATEWAY.fullmatch(gateway):
        right = "write the gateway's own address, such as https://gw.example.com"
        raise click.BadParameter(right, param_hint="--gateway")
    try:
        with trouble_told(tiers):
            signer = Signer(Files(tiers, keys, policies), Grants(keyring(state), time.time))
            signed = signer.sign(url, key, lifetime, prefix)
    except KeyringError as error:
        _fail(str(error), TROUBLE)
    except Refused as error:
        _fail(str(error), 1)
    address = gateway.removesuffix("/") + signed.path
    if style == "json":
        paint.show_json({"url": address} | signed.told())
        return
    click.echo(address)
    paint.show([paint.dim(signed.line())], on_errors=True)


def _fail(why: str, code: int) -> NoReturn:
    click.echo(why, err=True)
    sys.exit(code)
