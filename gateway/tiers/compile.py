"""``tiers.yaml``, compiled: every value parsed once, every mistake told with its place, all in one run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.origins.pattern import OriginPattern
from gateway.policy import Policy, Seconds
from gateway.tiers import document
from gateway.tiers.document import ConfigError, ConfigErrors, Node, Scalar, Sequence
from gateway.tiers.fields import nearest, read_fields, seconds, text
from gateway.tiers.policies import Policies
from gateway.tiers.tier import Named, Tier

_TOP = ("origins", "session", "playback", "tiers")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_OPEN_KEY = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True)
class TierFile:
    """All that ``tiers.yaml`` says. Lifetimes are in seconds."""

    origins: tuple[OriginPattern, ...]
    session_lifetime: Seconds
    playback_lifetime: Seconds
    tiers: Mapping[str, Tier]

    @property
    def open_keys(self) -> dict[str, str]:
        """The text of each open key, and its tier's name."""
        return {tier.open_key: tier.name for tier in self.tiers.values() if tier.open_key}


@dataclass(frozen=True)
class _Lifetime:
    """``session`` and ``playback``: how many seconds a token or a grant holds."""

    lifetime: Seconds


def compile_tiers(content: bytes, policies: Mapping[str, type[Policy]]) -> TierFile:
    """Compile a file's content with the policies that there are; raise `ConfigErrors` with all that is wrong."""
    return _Compiler(Policies(policies)).file(document.parse(content))


class _Compiler:
    """Collects what is wrong while it goes on."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._errors: list[ConfigError] = []

    def file(self, top: document.Mapping) -> TierFile:
        for key, _ in top.entries:
            if key.text not in _TOP:
                self._errors.append(key.error(f"unknown key {key.text}; {nearest(key.text, _TOP)}"))
        compiled = TierFile(
            tuple(self._origins(top.get("origins"))),
            self._lifetime(top.get("session"), Seconds(1800)),
            self._lifetime(top.get("playback"), Seconds(21600)),
            self._tiers(top),
        )
        if self._errors:
            raise ConfigErrors(self._errors)
        return compiled

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        try:
            yield
        except ConfigError as error:
            self._errors.append(error)

    def _origins(self, node: Node | None) -> Iterator[OriginPattern]:
        if node is None:
            return
        if not isinstance(node, Sequence):
            self._errors.append(node.error("origins must be a list; write each on a line of its own after a dash"))
            return
        for item in node.items:
            with self._collecting():
                try:
                    yield OriginPattern.parse(text(item))
                except ValueError as error:
                    raise item.error(str(error)) from error

    def _lifetime(self, node: Node | None, usual: Seconds) -> Seconds:
        if node is None:
            return usual
        with self._collecting():
            if not isinstance(node, document.Mapping):
                raise node.error(f"this must be a mapping; write {{lifetime: {usual // 60}m}}")
            read_fields(node, _Lifetime)
            lifetime = node.get("lifetime")
            return seconds(lifetime) if lifetime else usual
        return usual

    def _tiers(self, top: document.Mapping) -> dict[str, Tier]:
        tiers = top.get("tiers")
        if not isinstance(tiers, document.Mapping) or not tiers.entries:
            place = tiers or top
            self._errors.append(place.error("tiers: must name at least one tier, each a mapping of its policies"))
            return {}
        compiled: dict[str, Tier] = {}
        for key, node in tiers.entries:
            with self._collecting():
                _require_tier(key, node)
                compiled[key.text] = self._tier(key.text, node, tiers)
        self._require_own_open_keys(tiers)
        return compiled

    def _tier(self, name: str, node: Node, tiers: document.Mapping) -> Tier:
        chosen = self._inherited(name, tiers, ())
        own = node if isinstance(node, document.Mapping) else None
        open_node = own.get("open_key") if own else None
        open_key = ""
        if open_node is not None:
            with self._collecting():
                open_key = _open_key(open_node)
        return Tier(name, self._policies.completed(chosen), open_key)

    def _inherited(self, name: str, tiers: document.Mapping, below: tuple[str, ...]) -> dict[str, Named]:
        """A tier's policies by name, on top of those of the tier that it extends, in order."""
        node = tiers.get(name)
        if not isinstance(node, document.Mapping):
            return {}
        extends = node.get("extends")
        chosen = self._parent(extends, tiers, (*below, name)) if extends else {}
        for key, value in node.entries:
            if key.text in {"extends", "open_key"}:
                continue
            with self._collecting():
                chosen[key.text] = self._policies.read(key, value)
        return chosen

    def _parent(self, extends: Node, tiers: document.Mapping, below: tuple[str, ...]) -> dict[str, Named]:
        parent = text(extends)
        if tiers.get(parent) is None:
            names = [key.text for key, _ in tiers.entries if key.text not in below]
            raise extends.error(f"there is no tier {parent} to extend; {nearest(parent, names)}")
        if parent in below:
            raise extends.error(f"the tiers extend each other in a circle: {' -> '.join([*below, parent])}")
        silent = _Compiler(self._policies)  # the parent's own mistakes are told once, where it stands
        return silent._inherited(parent, tiers, below)

    def _require_own_open_keys(self, tiers: document.Mapping) -> None:
        seen: dict[str, str] = {}
        for key, node in tiers.entries:
            open_node = node.get("open_key") if isinstance(node, document.Mapping) else None
            if not isinstance(open_node, Scalar):
                continue
            if open_node.text in seen:
                error = f"the tier {seen[open_node.text]} has this open_key already; give each tier one of its own"
                self._errors.append(open_node.error(error))
            seen[open_node.text] = key.text


def _require_tier(key: Scalar, node: Node) -> None:
    if not _NAME.fullmatch(key.text):
        raise key.error(f"{key.text[:40]!r} is not a tier's name; use small letters, digits, - and _, a letter first")
    if not isinstance(node, document.Mapping) or not node.entries:
        raise key.error(f"the tier {key.text} is empty; name its policies, such as rate_limit: 10/60s")


def _open_key(node: Node) -> str:
    key = text(node)
    if not _OPEN_KEY.fullmatch(key) or key.startswith("sg_"):
        raise node.error("an open_key is up to 256 printable characters without spaces, and does not begin with sg_")
    return key
