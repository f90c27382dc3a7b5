"""``main.py diagnose``: why does this not play?"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from commands import options, paint
from commands.diagnosed import lines
from commands.diagnosing.question import Files, Question
from commands.naming import somebody
from commands.trouble import TROUBLE, trouble_told
from gateway.diagnosis.players import PLAYERS
from gateway.explanation import secret_refusal
from gateway.identity import KeyringError

_PAGE = re.compile(r"null|https?://[^/?#@\s]+")


@click.command()
@click.argument("url")
@click.option(
    "--key", default="", help="For whom: a key's id as in keys list, an open key or its id, or a client's name."
)
@click.option(
    "--player", default="", type=click.Choice(["", *PLAYERS]), help="In which player; the others are told shortly."
)
@click.option("--page", default="", help="The web origin of the page that plays it, such as https://www.example.com.")
@options.tiers
@options.keys
@options.state
@options.policies
@options.style
def diagnose(  # noqa: PLR0913, PLR0917 - an option each
    url: str,
    key: str,
    player: str,
    page: str,
    tiers: Path,
    keys: Path,
    state: Path,
    policies: Path | None,
    style: str,
) -> None:
    """Say why URL does not play, or that it does: what its origin answers at each step, and what to change.

    URL is an origin's, or an address at the gateway as a player has it, whose credential is then judged too. Manifest,
    variant, key, map, first and last segment are fetched from this machine as the gateway would fetch them, and asked
    for by a range and as a browser asks: 60 requests and 60 seconds at most. No credential is printed. Exits with 0 if
    it plays, 1 if it does not, 2 if that cannot be told.

    \b
    main.py diagnose https://media.example.com/master.m3u8
    main.py diagnose https://media.example.com/master.m3u8 --key acme --player safari --page https://www.example.com
    main.py diagnose "https://gateway.example.com/play/eyJ.../media.example.com/master.m3u8" --json
    """
    if key and (refusal := secret_refusal(key)):
        raise click.BadParameter(refusal, param_hint="--key")
    if page and not _PAGE.fullmatch(page):
        raise click.BadParameter("write it as browsers do, such as https://www.example.com", param_hint="--page")
    with trouble_told(tiers):
        try:
            known = Files(tiers, keys, state, policies).known()
            somebody(known.meant(key) if key else ())
        except KeyringError as error:
            click.echo(str(error), err=True)
            sys.exit(TROUBLE)
    report = Question(url, key, page, player, known).answer()
    if style == "json":
        paint.show_json(report.told())
    else:
        paint.show(lines(report))
    sys.exit(report.verdict.outcome.code)
