"""``tiers.yaml``, compiled: every value parsed once, every mistake told with its place, all in one run."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from types import MappingProxyType

from gateway.origins.pattern import OriginPattern
from gateway.origins.reach import Reach
from gateway.policy import Policy, Seconds
from gateway.tiers.block import TiersBlock
from gateway.tiers.document import parse
from gateway.tiers.errors import Findings
from gateway.tiers.fields import nearest, read_fields
from gateway.tiers.nodes import Mapping, Node
from gateway.tiers.origins import read_origins
from gateway.tiers.policies import Policies
from gateway.tiers.storage import Storage, read_storage
from gateway.tiers.tier import Tier

_TOP = ("origins", "session", "playback", "cache", "tiers")
_LONGEST = Seconds(365 * 86400)


@dataclass(frozen=True)
class TierFile:
    """All that ``tiers.yaml`` says. Lifetimes are in seconds; ``reaches`` says how each origin is reached."""

    origins: tuple[OriginPattern, ...]
    session_lifetime: Seconds
    playback_lifetime: Seconds
    storage: Storage
    tiers: collections.abc.Mapping[str, Tier]
    reaches: collections.abc.Mapping[OriginPattern, Reach]

    @property
    def open_keys(self) -> dict[str, str]:
        """The text of each open key, and its tier's name."""
        return {tier.open_key: tier.name for tier in self.tiers.values() if tier.open_key}


@dataclass(frozen=True)
class _Lifetime:
    """``session`` and ``playback``: how many seconds a token or a grant holds."""

    lifetime: Seconds

    def __post_init__(self) -> None:
        if self.lifetime > _LONGEST:
            raise ValueError(f"a lifetime of {self.lifetime} seconds is too long; the longest is 365d")


def compile_tiers(content: bytes, policies: collections.abc.Mapping[str, type[Policy]]) -> TierFile:
    """Compile a file's content with the policies that there are; raise `ConfigErrors` with all that is wrong."""
    findings = Findings()
    with findings.collecting():
        file = _Compiler(Policies(policies), findings).file(parse(content, findings))
    findings.settle()
    return file


class _Compiler:
    """Goes on after a mistake, so that all are found."""

    def __init__(self, policies: Policies, findings: Findings) -> None:
        self._policies = policies
        self._findings = findings

    def file(self, top: Mapping) -> TierFile:
        """The whole file; what it gives is only good if nothing was found."""
        for key, _ in top.entries:
            if key.text not in _TOP:
                place = "it is a policy; write it in a tier, indented under the tier's name"
                right = place if key.text in self._policies else nearest(key.text, _TOP)
                self._findings.add(key.error(f"unknown key {key.shown}; {right}"))
        reaches = read_origins(top.get("origins"), self._findings)
        return TierFile(
            tuple(reaches),
            self._lifetime(top.get("session"), Seconds(1800)),
            self._lifetime(top.get("playback"), Seconds(21600)),
            self._storage(top.get("cache")),
            MappingProxyType(self._tiers(top)),
            MappingProxyType(reaches),
        )

    def _lifetime(self, node: Node | None, usual: Seconds) -> Seconds:
        if node is not None:
            with self._findings.collecting():
                return _lifetime(node, usual)
        return usual

    def _storage(self, node: Node | None) -> Storage:
        if node is not None:
            with self._findings.collecting():
                return read_storage(node)
        return Storage()

    def _tiers(self, top: Mapping) -> dict[str, Tier]:
        node = top.get("tiers")
        if isinstance(node, Mapping) and node.entries:
            return TiersBlock(self._policies, self._findings).read(node)
        place = node or top
        self._findings.add(place.error("there are no tiers; name at least one under tiers:, a mapping of its policies"))
        return {}


def _lifetime(node: Node, usual: Seconds) -> Seconds:
    if not isinstance(node, Mapping):
        raise node.error(f"{node.shown} stands where a mapping is wanted; write {{lifetime: {usual // 60}m}}")
    fields = read_fields(node, _Lifetime)
    try:
        return _Lifetime(**fields).lifetime  # type: ignore[arg-type]
    except ValueError as error:
        raise node.error(str(error)) from error
