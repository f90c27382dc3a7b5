"""``keys.yaml`` as text: clients, their tiers, and their keys' records; hashes only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import yaml

from gateway.identity.keys import KeyRecord

HEADING = (
    "# Written by main.py keys. It holds keyed hashes, never a key; keep it to yourself all the same (mode 0600).\n"
)
CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID = re.compile(r"[0-9A-Za-z]{8}")
_REQUIRED = {"id", "hash", "created"}
_TIMES = ("created", "expires", "revoked")


class KeyFileError(ValueError):
    """``keys.yaml`` cannot be used, or a change to it makes no sense; the message says what would be right."""


class _Plain(yaml.SafeLoader):
    """Reads every scalar as text, and refuses a key that stands twice (PyYAML silently keeps the last)."""


def _mapping(loader: _Plain, node: yaml.MappingNode) -> dict[str, object]:
    told: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node))
        if key in told:
            raise KeyFileError(f"{key_node.start_mark.line + 1}: {key} stands twice")
        told[key] = loader.construct_object(value_node, deep=True)
    return told


_Plain.yaml_implicit_resolvers = {}
_Plain.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse_records(text: str) -> tuple[KeyRecord, ...]:
    """Read the records; raise `KeyFileError` with what is wrong."""
    try:
        told = yaml.load(text, _Plain)  # noqa: S506 - a SafeLoader with fewer types
    except yaml.YAMLError as error:
        raise KeyFileError(str(error).replace("\n", " ")) from error
    if told is None or told == "":
        return ()
    clients = told.get("clients") if isinstance(told, dict) and set(told) == {"clients"} else None
    if clients == "":
        return ()
    if not isinstance(clients, dict):
        raise KeyFileError("it must hold one mapping, clients:, of client to tier and keys")
    records = [record for name, client in clients.items() for record in _client(str(name), client)]
    _require_unique(records)
    return tuple(records)


def _client(name: str, told: object) -> list[KeyRecord]:
    if not CLIENT.fullmatch(name) or not isinstance(told, dict) or set(told) != {"tier", "keys"}:
        raise KeyFileError(f"client {name}: it must hold tier: and keys:, under a name of letters, digits and . _ -")
    keys = told["keys"]
    if not isinstance(keys, list):
        raise KeyFileError(f"client {name}: keys must be a list")
    return [_record(name, str(told["tier"]), key) for key in keys]


def _record(client: str, tier: str, told: object) -> KeyRecord:
    if not isinstance(told, Mapping) or not _REQUIRED <= set(told) <= _REQUIRED | {"expires", "revoked", "counter"}:
        raise KeyFileError(f"client {client}: a key has id, hash, created, and may have expires, revoked, counter")
    try:
        times = {name: int(datetime.fromisoformat(told[name]).timestamp()) for name in _TIMES if name in told}
        digest = bytes.fromhex(told["hash"])
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"client {client}: {error}") from error
    if not _ID.fullmatch(told["id"]) or len(digest) != 32:
        raise KeyFileError(f"client {client}: an id has 8 letters and digits, a hash 64 hexadecimal digits")
    return KeyRecord(
        told["id"],
        client,
        tier,
        digest,
        times["created"],
        times.get("expires"),
        times.get("revoked"),
        told.get("counter", ""),
    )


def _require_unique(records: Iterable[KeyRecord]) -> None:
    ids = [record.id for record in records]
    twice = {key_id for key_id in ids if ids.count(key_id) > 1} if len(set(ids)) < len(ids) else set()
    if twice:
        raise KeyFileError(f"the key id {min(twice)} stands twice")


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
