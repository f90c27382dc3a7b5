"""The demo's key, what the demo asks of tiers.yaml, and what it tells a newcomer."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from gateway.configuration import Generation
from gateway.identity import KeyFile, Keys
from gateway.identity.draft import write_draft
from gateway.origins.url import MediaUrl
from gateway.problem import InvalidKey, OriginNotAllowed

CLIENT = "demo"
TIER = "standard"


def lacks(generation: Generation, tiers: Path, origin: str) -> str:
    """What the demo needs of the file that a generation is compiled from, and does not have; empty if it has all."""
    if TIER not in generation.file.tiers:
        return f"{tiers} has no tier {TIER}, which the demo's key is on"
    try:
        generation.guard.judge(MediaUrl.parse(origin))
    except OriginNotAllowed as refused:
        return f"add {origin} to the origins of {tiers}: {refused}"
    return ""


def demo_key(file: KeyFile, state: Path, keys: Keys, now: float) -> str:
    """The demo's own key, kept under the state directory; a new one where it is missing or no longer alive."""
    kept = state / "demo.key"
    with suppress(FileNotFoundError, InvalidKey):
        text = kept.read_text().strip()
        keys.authenticate(text, now)
        return text
    made = file.add(CLIENT, TIER).text
    write_draft(kept, made + "\n").replace(kept)
    return made


def welcome(page: str, origin: str, key: str, keys: Path) -> str:
    """What the demo prints: the page's address, the key, and lines to paste; ``keys`` is the file that it knows."""
    url = quote(f"{origin}/hls-ts/master.m3u8", safe="")
    return f"""
  Sluicegate demo

  The page       {page}/
  The demo key   {key}   (tier {TIER}, for this machine only)
                 It is of {keys}; main.py serve has the keys of keys.yaml, and knows it not.

  Paste these:

  curl -i -H 'X-API-Key: public_api_key' {page}/api/usage
  TOKEN=$(curl -s -X POST -H 'X-API-Key: {key}' {page}/api/auth | sed 's/.*"token": "\\([^"]*\\)".*/\\1/'); echo $TOKEN
  curl -s -H "X-Session-Token: $TOKEN" '{page}/api?url={url}'
  .venv/bin/python main.py diagnose {origin}/hls-ts/master.m3u8 --key {CLIENT} --keys {keys}

  Edit tiers.yaml and watch the limits change. Stop with Ctrl-C.
"""
