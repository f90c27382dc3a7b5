"""``keys.yaml`` as text: clients, their tiers, and their keys' records; hashes only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import yaml

from gateway.identity.keys import KeyRecord
from gateway.identity.node import entries, fields, items, read, scalar, wrong

HEADING = (
    "# Written by main.py keys. It holds keyed hashes, never a key; keep it to yourself all the same (mode 0600).\n"
)
CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID = re.compile(r"[0-9A-Za-z]{8}")
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_WORD = re.compile(r"\S{1,64}")

_FILE_HOLDS = "the file must hold one mapping, clients:, of client to tier and keys"
_CLIENT_HOLDS = "a client has tier: and keys:"
_KEY_HOLDS = "a key has id, hash, created, and may have expires, revoked, counter"
_NAMES = "a client's name is up to 64 letters, digits and . _ -"
_TIMES = "write a time with its zone, such as 2026-11-24T10:00:00+00:00"


def parse_records(text: str) -> tuple[KeyRecord, ...]:
    """Read the records; raise `KeyFileError`, ``LINE:COLUMN: what is wrong; what would be right``."""
    top = read(text)
    if top is None:
        return ()
    clients = fields(top, ("clients",), (), _FILE_HOLDS)["clients"]
    if isinstance(clients, yaml.ScalarNode) and clients.value == "":
        return ()
    records: dict[str, KeyRecord] = {}
    for name, (key, client) in entries(clients, _FILE_HOLDS).items():
        if not CLIENT.fullmatch(name):
            raise wrong(key, _NAMES)
        for node, record in _client(name, client):
            if records.setdefault(record.id, record) is not record:
                raise wrong(node, f"the key id {record.id} stands twice; keep one")
    return tuple(records.values())


def _client(name: str, node: yaml.Node) -> Iterator[tuple[yaml.Node, KeyRecord]]:
    told = fields(node, ("tier", "keys"), (), _CLIENT_HOLDS)
    tier = _matching(told["tier"], _WORD, "tier must be a tier's name, from tiers.yaml")
    for key in items(told["keys"], "keys must be a list"):
        yield key, _record(name, tier, key)


def _record(client: str, tier: str, node: yaml.Node) -> KeyRecord:
    told = fields(node, ("id", "hash", "created"), ("expires", "revoked", "counter"), _KEY_HOLDS)
    # A counter is part of the store's keys, in braces: it must not bring its own.
    counter = _matching(told["counter"], CLIENT, "a counter is the id of a key") if "counter" in told else ""
    return KeyRecord(
        id=_matching(told["id"], _ID, "an id has 8 letters and digits"),
        client=client,
        tier=tier,
        hash=bytes.fromhex(_matching(told["hash"], _HASH, "a hash has 64 hexadecimal digits")),
        created=_time(told["created"]),
        expires=_time(told["expires"]) if "expires" in told else None,
        revoked=_time(told["revoked"]) if "revoked" in told else None,
        counter=counter,
    )


def _matching(node: yaml.Node, pattern: re.Pattern[str], what: str) -> str:
    text = scalar(node, what)
    if not pattern.fullmatch(text):
        raise wrong(node, what)
    return text


def _time(node: yaml.Node) -> int:
    text = scalar(node, _TIMES)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong(node, _TIMES) from error
    if time.tzinfo is None:  # it would mean another moment on every machine
        raise wrong(node, _TIMES)
    return int(time.timestamp())


def format_records(records: Iterable[KeyRecord]) -> str:
    """The file's text for these records."""
    tiers: dict[str, str] = {}
    keys: dict[str, list[dict[str, str]]] = {}
    for record in records:
        tiers[record.client] = record.tier
        keys.setdefault(record.client, []).append(_told(record))
    clients = {client: {"tier": tier, "keys": keys[client]} for client, tier in tiers.items()}
    return HEADING + yaml.safe_dump({"clients": clients}, sort_keys=False, default_flow_style=False)


def _told(record: KeyRecord) -> dict[str, str]:
    told = {"id": record.id, "hash": record.hash.hex()}
    times = {"created": record.created, "expires": record.expires, "revoked": record.revoked}
    told |= {name: iso(time) for name, time in times.items() if time is not None}
    return told | ({"counter": record.counter} if record.counter else {})


def iso(time: int) -> str:
    """Seconds since the epoch as ISO 8601, UTC."""
    return datetime.fromtimestamp(time, UTC).isoformat()
