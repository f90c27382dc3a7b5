"""The references of a manifest, rewritten as serving would, and those that could not be followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.diagnosis.answers import adding
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.redaction import plain, shown
from gateway.manifests import Kind, MalformedManifest, rewrite
from gateway.origins.guard import Judge
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Terms
from gateway.playback.links import Links
from gateway.problem import InvalidUrl, OriginNotAllowed, Problem

_TOLD = 3


@dataclass
class _Witness:
    """A `Link` that asks another, and keeps which origins may not be asked, with how many references lead there."""

    links: Links
    judge: Judge
    count: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)

    def __call__(self, reference: str, absolute: str) -> str | None:
        self.count += 1
        try:
            url = MediaUrl.parse(absolute.partition("#")[0])
            self.judge.judge(url)
        except InvalidUrl as error:
            self.unfit.setdefault(shown(absolute), plain(error.detail))
        except OriginNotAllowed:
            self.refused[url.origin] = self.refused.get(url.origin, 0) + 1
        except Problem:
            pass  # a tier's refusal is told where the resource is looked at
        return self.links(reference, absolute)


def reference_findings(kind: Kind, text: bytes, base: MediaUrl, judge: Judge, name: str) -> Sequence[Finding]:
    """What a manifest that came from ``base`` refers to and cannot be had, for what can be told without fetching.

    The manifest is rewritten as for a player, under grants that open nothing.
    """
    witness = _Witness(Links(lambda _scope, _lease: "grant", base, None, Terms(0.0, 1, None)), judge)
    try:
        rewrite(kind, text, base.href, witness)
    except MalformedManifest as error:
        cause = f"{name} cannot be rewritten: {plain(error.detail).rstrip('.')}"
        return [Finding("malformed", Weight.STOPS, cause, "correct the manifest", (name,))]
    found = [_refused(origin, count, witness.count, name) for origin, count in list(witness.refused.items())[:_TOLD]]
    for url, why in list(witness.unfit.items())[:_TOLD]:
        cause = f"{name} refers to an address that the gateway does not take, {url}: {why.rstrip('.')}"
        found.append(Finding("reference", Weight.HARMS, cause, "correct the reference", (name,)))
    return found


def _refused(origin: str, count: int, of: int, name: str) -> Finding:
    """Where all lead astray nothing plays; where some do, it depends on which: what is walked will tell."""
    weight = Weight.STOPS if count == of else Weight.HARMS
    cause = f"{name} refers to {origin}, which is not among the origins in tiers.yaml ({count} of {of} references)"
    return Finding("origin_not_allowed", weight, cause, adding(origin), (name,))
