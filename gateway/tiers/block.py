"""The ``tiers:`` block of the file: each tier with its policies, its own and those of the tier that it extends."""

from __future__ import annotations

import re

from gateway.policy import OnStoreError
from gateway.tiers.errors import Findings
from gateway.tiers.inheritance import parents, parents_first, told
from gateway.tiers.named import Named
from gateway.tiers.nodes import Mapping, Node, Scalar
from gateway.tiers.policies import RESERVED_NAMES, Policies
from gateway.tiers.tier import Tier
from gateway.tiers.values import one_of, text

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_OPEN_KEY = re.compile(r"[!-~]{1,256}")
_SWITCHES = frozenset({"true", "false", "yes", "no", "on", "off"})


class TiersBlock:
    """Reads the block; what is wrong with it goes to the findings."""

    def __init__(self, policies: Policies, findings: Findings) -> None:
        self._policies = policies
        self._findings = findings

    def read(self, node: Mapping) -> dict[str, Tier]:
        """The tiers, in the file's order."""
        tiers = {key.text: _mapping(value) for key, value in node.entries}
        for key, value in node.entries:
            with self._findings.collecting():
                if key.text in self._policies and not isinstance(value, Mapping):
                    raise key.error(f"{key.text} stands among the tiers, and is a policy; indent it under its tier")
                _require_tier(key, value)
        order, parent_of = self._lineage(tiers)
        chosen = self._chosen(tiers, order, parent_of)
        on_error = self._on_store_error(tiers, order, parent_of)
        open_keys = self._open_keys(tiers)
        return {
            name: Tier(name, self._policies.completed(chosen[name]), open_keys.get(name), on_error[name])
            for name in tiers
        }

    def _lineage(self, tiers: dict[str, Mapping]) -> tuple[list[str], dict[str, str]]:
        """The tiers, each after the one that it extends; and which that is."""
        extends = {name: extended for name, tier in tiers.items() if (extended := tier.get("extends"))}
        parent_of = parents(tiers, extends, self._findings)
        order, circles = parents_first(tiers, parent_of)
        for circle in circles:
            self._findings.add(extends[circle[-1]].error(told(circle)))
        return order, parent_of

    def _chosen(
        self, tiers: dict[str, Mapping], order: list[str], parent_of: dict[str, str]
    ) -> dict[str, dict[str, Named]]:
        """Each tier's policies by name: its parent's in their order, its own in their place or after them."""
        chosen: dict[str, dict[str, Named]] = {}
        for name in order:
            inherited = chosen.get(parent_of.get(name, ""), {})
            chosen[name] = inherited | self._own(tiers[name])
        return chosen

    def _on_store_error(
        self, tiers: dict[str, Mapping], order: list[str], parent_of: dict[str, str]
    ) -> dict[str, OnStoreError]:
        """What each tier's limits do while the store does not answer: its own word, its parent's, or the usual."""
        chosen: dict[str, OnStoreError] = {}
        for name in order:
            chosen[name] = chosen.get(parent_of.get(name, ""), OnStoreError.LOCAL)
            if node := tiers[name].get("on_store_error"):
                with self._findings.collecting():
                    chosen[name] = OnStoreError(one_of(node, tuple(choice.value for choice in OnStoreError)))
        return chosen

    def _own(self, tier: Mapping) -> dict[str, Named]:
        own: dict[str, Named] = {}
        for key, value in tier.entries:
            if key.text not in RESERVED_NAMES:
                with self._findings.collecting():
                    own[key.text] = self._policies.read(key, value)
        return own

    def _open_keys(self, tiers: dict[str, Mapping]) -> dict[str, str]:
        """The open key of each tier that has one; no two have the same."""
        owners: dict[str, str] = {}
        for name, tier in tiers.items():
            node = tier.get("open_key")
            if node is None:
                continue
            with self._findings.collecting():
                owner = owners.setdefault(_open_key(node), name)
                if owner != name:
                    raise node.error(f"the tier {owner} has this open_key already; give each tier one of its own")
        return {name: key for key, name in owners.items()}


def _mapping(node: Node) -> Mapping:
    """A tier's block; one that is none is told elsewhere, and reads on as an empty one, which can be extended."""
    return node if isinstance(node, Mapping) else Mapping(node.line, node.column, ())


def _require_tier(key: Scalar, node: Node) -> None:
    if not _NAME.fullmatch(key.text):
        right = "up to 32 small letters, digits, - and _, a letter first"
        raise key.error(f"{key.shown} is not a tier's name; use {right}")
    if not isinstance(node, Mapping) and not (isinstance(node, Scalar) and node.is_nothing):
        raise node.error(f"the tier {key.text} is {node.shown}; it must be a mapping of its policies")
    if not isinstance(node, Mapping) or {word.text for word, _ in node.entries} <= {"open_key", "on_store_error"}:
        raise key.error(f"the tier {key.text} is empty; name its policies, such as rate_limit: 10/60s")


def _open_key(node: Node) -> str:
    """A key that anyone may use is meant, never guessed from a switch that was thought to open the tier."""
    key = text(node)
    if isinstance(node, Scalar) and not node.quoted and key.lower() in _SWITCHES:
        raise node.error(f"{node.shown} would be the key itself; write a key, such as public_api_key")
    if not _OPEN_KEY.fullmatch(key) or key.startswith("sg_"):
        right = "up to 256 printable ASCII characters without spaces, not beginning with sg_"
        raise node.error(f"{node.shown} cannot be an open_key; write {right}")
    return key
