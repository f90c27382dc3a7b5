"""Policies as ``tiers.yaml`` writes them: in a short form, or in a long form with a field a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from gateway.policy import Policy
from gateway.tiers import nodes
from gateway.tiers.errors import Findings
from gateway.tiers.fields import nearest, options, read_field, read_fields, required
from gateway.tiers.named import Named
from gateway.tiers.nodes import Node, Scalar
from gateway.tiers.values import boolean

RESERVED_NAMES = ("open_key", "extends", "on_store_error")
"""Keys of a tier that are no policies."""

RESERVED_FIELDS = ("shadow",)
"""Fields that every policy has."""


class Policies:
    """The policies that there are, by name."""

    def __init__(self, known: Mapping[str, type[Policy]]) -> None:
        self._known = known

    def read(self, key: Scalar, value: Node) -> Named:
        """One policy of a tier; raise `ConfigError` or `ConfigErrors` with its place."""
        cls = self._known.get(key.text)
        if cls is None:
            raise key.error(f"unknown policy {key.shown}; {self._right(key.text)}")
        if isinstance(value, nodes.Mapping):
            return _long(key.text, cls, value)
        if isinstance(value, Scalar) and value.is_nothing:
            raise value.error(f"{key.text} has no value; write one, or take the line out")
        return Named(key.text, _short(key.text, cls, value))

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def completed(self, chosen: Mapping[str, Named]) -> tuple[Named, ...]:
        """A tier's policies, and after them what holds for a tier that does not name the others."""
        left_out = {name: getattr(cls, "omitted", None) for name, cls in self._known.items() if name not in chosen}
        implied = [Named(name, cast("Policy", omitted())) for name, omitted in left_out.items() if omitted]
        return (*chosen.values(), *implied)

    def _right(self, name: str) -> str:
        if name in RESERVED_FIELDS:
            return f"write it among the fields of a policy, as in max_duration: {{limit: 2h, {name}: true}}"
        return nearest(name, [*self._known, *RESERVED_NAMES])


def _long(name: str, cls: type[Policy], value: nodes.Mapping) -> Named:
    findings, shadow, fields = Findings(), False, dict[str, object]()
    with findings.collecting():
        shadow = _shadow(value)
    with findings.collecting():
        fields = read_fields(value, cls, RESERVED_FIELDS)
    findings.settle()
    try:
        return Named(name, cls(**fields), shadow)
    except ValueError as error:
        raise value.error(str(error)) from error


def _shadow(value: nodes.Mapping) -> bool:
    shadow = value.get("shadow")
    return shadow is not None and boolean(shadow)


def _short(name: str, cls: type[Policy], value: Node) -> Policy:
    short = getattr(cls, "short", None)
    try:
        if short is not None and isinstance(value, Scalar):
            return cast("Policy", short(value.text))
        return _first_field(name, cls, value)
    except ValueError as error:
        raise value.error(str(error)) from error


def _first_field(name: str, cls: type[Policy], value: Node) -> Policy:
    fields = list(options(cls))
    if not fields:
        raise value.error(f"{name} has no options; write {name}: {{}}")
    if set(required(cls)) - {fields[0]}:
        raise value.error(
            f"{name} needs more than one value; write {name}: {{{', '.join(f'{f}: ...' for f in fields)}}}"
        )
    return cls(**{fields[0]: read_field(value, cls, fields[0])})
