"""Policies as ``tiers.yaml`` writes them: in a short form, or in a long form with a field a line."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import cast

from gateway.policy import Policy
from gateway.tiers import document
from gateway.tiers.document import Node, Scalar
from gateway.tiers.fields import boolean, nearest, read_fields, reader
from gateway.tiers.tier import Named

_SHADOW = "shadow"


class Policies:
    """The policies that there are, by name."""

    def __init__(self, known: Mapping[str, type[Policy]]) -> None:
        self._known = known

    def read(self, key: Scalar, value: Node) -> Named:
        """One policy of a tier; raise `ConfigError` with its place."""
        cls = self._known.get(key.text)
        if cls is None:
            words = [*self._known, "open_key", "extends"]
            raise key.error(f"unknown policy {key.text}; {nearest(key.text, words)}")
        if isinstance(value, document.Mapping):
            return self._long(key.text, cls, value)
        return Named(key.text, self._short(cls, value))

    def completed(self, chosen: Mapping[str, Named]) -> tuple[Named, ...]:
        """A tier's policies, and after them what holds for a tier that does not name the others."""
        left_out = {name: getattr(cls, "omitted", None) for name, cls in self._known.items() if name not in chosen}
        implied = [Named(name, cast("Policy", omitted())) for name, omitted in left_out.items() if omitted]
        return (*chosen.values(), *implied)

    def _long(self, name: str, cls: type[Policy], value: document.Mapping) -> Named:
        shadow = value.get(_SHADOW)
        fields = read_fields(value, cls, (_SHADOW,))
        try:
            policy = cls(**fields)
        except ValueError as error:
            raise value.error(str(error)) from error
        return Named(name, policy, shadow is not None and boolean(shadow))

    def _short(self, cls: type[Policy], value: Node) -> Policy:
        short = getattr(cls, "short", None)
        try:
            if short is not None and isinstance(value, Scalar):
                return cast("Policy", short(value.text))
            first = dataclasses.fields(cls)[0]  # type: ignore[arg-type]
            return cls(**{first.name: reader(typing.get_type_hints(cls)[first.name])(value)})
        except ValueError as error:
            raise value.error(str(error)) from error
