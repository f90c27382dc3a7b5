"""A diagnosis as a whole: what was asked, what was seen, what follows, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gateway.diagnosis.address import Address
from gateway.diagnosis.clocks import skew_of
from gateway.diagnosis.evidence import Evidence, findings
from gateway.diagnosis.finding import Finding, merged
from gateway.diagnosis.labels import range_trouble
from gateway.diagnosis.players import player_findings
from gateway.diagnosis.redaction import plain, shown
from gateway.diagnosis.seen import Hop, Part, Seen
from gateway.diagnosis.verdict import Verdict, verdict
from gateway.diagnosis.web import ANY_PAGE, PAGE_REFUSED, mixed, reading
from gateway.policy import Identity, Json


@dataclass(frozen=True)
class Report:
    """``findings`` the worst first, the players' among them; ``incomplete`` is why not all was looked at, if so."""

    address: Address
    page: str
    player: str
    identity: Identity | None
    evidence: Evidence
    findings: tuple[Finding, ...]
    verdict: Verdict
    incomplete: str
    requests: int
    seconds: float

    @classmethod
    def of(  # noqa: PLR0913 - a part each
        cls,
        *,
        address: Address,
        page: str,
        player: str,
        identity: Identity | None,
        evidence: Evidence | None,
        noted: Sequence[Finding],
        incomplete: str,
        requests: int,
        seconds: float,
    ) -> Self:
        """Judge what was seen."""
        seen = evidence or Evidence((), page)
        blocked = mixed(address.gateway, page) if address.gateway else None
        found = findings(seen, [*noted, *([blocked] if blocked else [])])
        found = merged([*found, *player_findings(seen, address)])
        incomplete = incomplete or ("" if seen.has_media else "no media was found in it to be looked at")
        told = verdict(found, player, incomplete)
        return cls(address, page, player, identity, seen, found, told, incomplete, requests, seconds)

    @property
    def admits_page(self) -> bool:
        """Whether the page can read what the gateway answers: it sends ``*`` with everything, but its tier may not let
        the page in."""
        return not any(finding.code == PAGE_REFUSED for finding in self.findings)

    def told(self) -> dict[str, Json]:
        """The report as JSON; its shape is in docs/operations.md."""
        who = self.identity
        key: Json = {"id": who.key_id, "client": who.client, "tier": who.tier} if who else None
        return {
            "asked": {
                "url": shown(self.address.url),
                "gateway": self.address.gateway or None,
                "page": self.page or None,
                "player": self.player or None,
            },
            "key": key,
            "steps": [self._step(seen) for seen in self.evidence.steps],
            "between": {"asked": self.evidence.glanced, "of": self.evidence.inner} if self.evidence.glanced else None,
            "live": [
                {"step": each.name, "changed": each.changed, "seconds": round(each.waited, 3), "target": each.target}
                for each, _ in self.evidence.rereads
            ],
            "findings": [finding.told() for finding in self.findings],
            "verdict": {
                "outcome": self.verdict.outcome.value,
                "exit": self.verdict.outcome.code,
                "sentence": self.verdict.sentence,
                "code": self.verdict.cause.code if self.verdict.cause else None,
            },
            "incomplete": self.incomplete or None,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
        }

    def _step(self, seen: Seen) -> dict[str, Json]:
        """One step as JSON."""
        got, refusal = seen.got, seen.refusal
        told: dict[str, Json] = {"part": seen.step.part.value, "name": seen.step.name, "url": shown(seen.step.url)}
        told["hops"] = [_hop(hop) for hop in seen.hops]
        told["refused"] = {"error": refusal.error, "detail": plain(refusal.detail)} if refusal else None
        if got is None:
            return told
        return told | {
            "status": got.head.status,
            "type": plain(got.head.get("Content-Type"), 80),
            "form": seen.form.name.lower(),
            "length": got.head.length,
            "read": got.size,
            "whole": got.whole,
            "first_byte_seconds": round(got.seconds, 4),
            "ranges": ranges_told(seen),
            "cors": self._cors(seen),
            "clock_skew_seconds": round(skew, 1) if (skew := skew_of(got)) is not None else None,
            "cache_control": plain(got.head.get("Cache-Control"), 80),
        }

    def _cors(self, seen: Seen) -> dict[str, Json] | None:
        """Whether a page could read it from the origin; None where that was not asked."""
        if seen.paged is None:
            return None
        page = self.evidence.page
        told = reading(seen.paged, page)
        return {
            "page": None if page == ANY_PAGE else page,
            "directly": told.readable and seen.paged.is_good,
            "allows": plain(told.allows, 80) or None,
            "hidden": list(told.hidden),
            "through_gateway": self.admits_page,
        }


def _hop(hop: Hop) -> dict[str, Json]:
    return {"url": shown(hop.url.href), "entry": hop.entry or None, "status": hop.status}


def ranges_told(seen: Seen) -> str | None:
    """``yes``, or what is wrong with the answer to a range; None where none was asked for."""
    if seen.ranged is None or seen.step.part is Part.KEY:
        return None
    return range_trouble(seen.ranged) or "yes"
