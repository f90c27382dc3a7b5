"""The JSON Schema of ``tiers.yaml``, made of the policies' own fields: by it an editor completes, explains and checks.

It describes what YAML makes of the file: ``10/60s`` and ``30m`` are strings, ``true`` is a boolean, ``10`` a number.
What the compiler accepts it accepts; what only the compiler can tell (a circle of ``extends``, what a policy says of
its fields together) it lets pass.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Mapping

from gateway.origins.pattern import OriginPattern
from gateway.origins.reach import LONGEST_CONNECT, LONGEST_STALL
from gateway.policy import OnStoreError, Policy
from gateway.problem import Json
from gateway.tiers.fields import options, required
from gateway.tiers.origins import Entry
from gateway.tiers.storage import USUAL_MEMORY
from gateway.tiers.values import LARGEST
from gateway.units import DURATION, Positive, Seconds, Size, written

Schema = dict[str, Json]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TIER_NAME = "^[a-z][a-z0-9_-]{0,31}$"
_OPEN_KEY = "^(?!sg_)[!-~]{1,256}$"
_ANY_SCALAR: Schema = {"type": ["string", "number", "boolean"]}

_SHADOW: Schema = {
    "description": "Measured and logged, never enforced.",
    "type": "boolean",
    "default": False,
}
_SECONDS: Schema = {
    "description": "A duration above zero, in whole seconds, minutes, hours or days.",
    "type": "string",
    "pattern": f"^{DURATION}$",
    "examples": ["60s", "30m", "6h", "1d"],
}
_POSITIVE: Schema = {"type": "integer", "minimum": 1, "maximum": LARGEST}
_SCALARS: dict[object, Schema] = {bool: {"type": "boolean"}, Positive: _POSITIVE, Seconds: _SECONDS, str: _ANY_SCALAR}
_KEYS: dict[object, Schema] = {bool: {"enum": ["true", "false"]}, Positive: {"pattern": "^[1-9][0-9]{0,12}$"}}
"""Keys of a mapping are always text; these types are none as values."""


def schema(policies: Mapping[str, type[Policy]]) -> Schema:
    """The schema of the whole file with these policies, in JSON Schema draft 2020-12 of which the parts are used that
    draft-07 has too."""
    tiers: Schema = {
        "description": "What each tier of customers may do: its policies, applied in this order.",
        "type": "object",
        "minProperties": 1,
        "patternProperties": {TIER_NAME: _tier(policies)},
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "title": "Sluicegate's tiers.yaml",
        "type": "object",
        "properties": {
            "origins": {
                "description": "Where media may be fetched from; nothing else is.",
                "type": "array",
                "items": {"anyOf": [value(OriginPattern), _origin()]},
            },
            "session": _lifetime("How long a session token holds.", "30m"),
            "playback": _lifetime("How long a grant in a rewritten manifest holds.", "6h"),
            "cache": _cache(),
            "tiers": tiers,
        },
        "required": ["tiers"],
        "additionalProperties": False,
    }


def _origin() -> Schema:
    """An origin in its long form."""
    told = {
        "url": "One origin, or all the subdomains of one.",
        "fallback": "Asked for the same path, in this order, where the origin fails before an answer begins.",
        "connect_timeout": f"How long a connection may take. At most {written(LONGEST_CONNECT)}.",
        "stall_timeout": f"How long nothing may come, before an answer or in it. At most {written(LONGEST_STALL)}.",
        "cmcd": "Whether it is told what players tell of their playback (CMCD); otherwise that stays with the gateway.",
    }
    fields: Schema = {name: {**_field(Entry, name), "description": told[name]} for name in options(Entry)}
    return _object(fields, required(Entry)) | {"description": "An origin, and how it is reached."}


def _lifetime(told: str, usual: str) -> Schema:
    lifetime = _SECONDS | {"description": f"{told} At most 365d.", "default": usual}
    return _object({"lifetime": lifetime}, ["lifetime"]) | {"description": told}


def _cache() -> Schema:
    sizes: Schema = {
        "memory": value(Size) | {"description": "Bytes in memory.", "default": str(USUAL_MEMORY)},
        "disk": value(Size) | {"description": "Bytes on the disk; none by default."},
    }
    told = "How much of what origins answer is kept, by all workers of a machine together."
    return {"description": told, "anyOf": [{"type": "boolean"}, _object(sizes, [])]}


def _object(properties: Schema, needed: list[str]) -> Schema:
    told: Schema = {"type": "object", "properties": properties}
    return told | ({"required": needed} if needed else {}) | {"additionalProperties": False}


def _tier(policies: Mapping[str, type[Policy]]) -> Schema:
    own: Schema = {
        "extends": {
            "description": "The tier whose policies hold here too, but for those that are named here.",
            "type": "string",
            "pattern": TIER_NAME,
        },
        "open_key": {
            "description": "A key that anyone may use: printable ASCII without spaces, not beginning with sg_.",
            "type": ["string", "number"],
            "pattern": _OPEN_KEY,
        },
        "on_store_error": {
            "description": "What limits do while the store does not answer: local counts in each worker by its share,"
            " deny answers 503, allow admits everything.",
            "enum": [choice.value for choice in OnStoreError],
            "default": OnStoreError.LOCAL.value,
        },
    }
    named: Schema = {name: _policy(cls) for name, cls in policies.items()}
    empty: Schema = {"propertyNames": {"enum": ["open_key", "on_store_error"]}}
    return _object(own | named, []) | {"not": empty}


# -- policies ----------------------------------------------------------------------------------------------------------


def _policy(cls: type[Policy]) -> Schema:
    """The short forms and the long one."""
    fields: Schema = {name: _field(cls, name) for name in options(cls)}
    forms = [*_short(cls), _object(fields | {"shadow": _SHADOW}, required(cls))]
    told = _told(cls)
    return ({"description": told} if told else {}) | ({"anyOf": forms} if len(forms) > 1 else forms[0])


def _short(cls: type[Policy]) -> list[Schema]:
    """What may stand for the policy without naming a field; a mapping is always the long form."""
    forms = [_ANY_SCALAR] if hasattr(cls, "short") else []
    first = next(iter(options(cls)), None)
    if first is not None and not set(required(cls)) - {first}:
        form = value(typing.get_type_hints(cls)[first])
        forms += [] if form.get("type") == "object" else [form]
    return forms


def _field(cls: type[Policy | Entry], name: str) -> Schema:
    annotation = typing.get_type_hints(cls)[name]
    default = options(cls)[name].default
    return value(annotation) | _default(annotation, default)


def _default(annotation: object, default: object) -> Schema:
    """A field's default as it would be written, if one value says it."""
    if isinstance(default, bool | str) and default != "":
        return {"default": default}
    if isinstance(default, int):
        return {"default": written(default) if annotation is Seconds else default}
    return {}


def _told(cls: type[Policy]) -> str:
    """The docstrings of the policy's file and of its class, for people; a dataclass makes up one if it has none."""
    module = inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "")
    own = " ".join((cls.__doc__ or "").split())
    parts = [module, "" if own.startswith(f"{cls.__name__}(") else own]
    return "\n\n".join(part for part in parts if part).replace("``", "`")


# -- types -------------------------------------------------------------------------------------------------------------


def value(annotation: object) -> Schema:
    """What stands for a field of this type, for all types that `gateway.tiers.fields.reader` reads."""
    if annotation in _SCALARS:
        return dict(_SCALARS[annotation])
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return _list(value(arguments[0]))
    if origin is collections.abc.Mapping:
        keys = _KEYS.get(arguments[0]) or value(arguments[0])
        return {"type": "object", "propertyNames": keys, "additionalProperties": value(arguments[1])}
    if origin in {types.UnionType, typing.Union}:
        return value(next(argument for argument in arguments if argument is not types.NoneType))
    return _parsed(typing.cast("type", annotation))


def _list(item: Schema) -> Schema:
    """A list in which nothing stands twice; one of one item may be written as that item."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}]}


def _parsed(cls: type) -> Schema:
    """A type that reads itself from text. One without a pattern may take what YAML makes a number of."""
    pattern, example = getattr(cls, "pattern", None), getattr(cls, "example", None)
    told: Schema = {"description": " ".join((cls.__doc__ or "").split()).replace("``", "`")} if _says(cls) else {}
    told |= {"type": "string", "pattern": f"^(?:{pattern})$"} if isinstance(pattern, str) else _ANY_SCALAR
    return told | ({"examples": [example]} if isinstance(example, str) else {})


def _says(cls: type) -> bool:
    own = cls.__dict__.get("__doc__") or ""
    return bool(own) and not (dataclasses.is_dataclass(cls) and own.startswith(f"{cls.__name__}("))
