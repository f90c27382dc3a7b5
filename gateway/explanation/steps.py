"""A request, step by step as the gateway would take it: each policy, then the url, then each policy's word on it."""

from __future__ import annotations

import enum
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal

from gateway.comparison.amounts import listed
from gateway.configuration import Generation
from gateway.explanation.asked import Asked
from gateway.identity import longest_grant
from gateway.origins.url import MediaUrl
from gateway.policy import Call, Identity, Json, Media, MediaKind, OnStoreError, Problem, Purpose, Quota, Store
from gateway.store.looking import LookingStore
from gateway.tiers import Tier
from gateway.tiers.named import Named

_log = logging.getLogger("sluicegate.explanation")


class Outcome(enum.Enum):
    """What a step says; one in shadow would say it, and changes nothing."""

    ADMITS = "admits"
    REFUSES = "refuses"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``problem`` is what it refuses with; ``reached`` is false behind one that refuses; ``rule`` is what the
    policy is set to, ``allows`` the same for people, if it tells, ``standing`` how its counters stand, None if that is
    not known."""

    part: Literal["policy", "url", "origins", "media"]
    name: str
    outcome: Outcome
    problem: Problem | None = None
    shadow: bool = False
    reached: bool = True
    rule: Json = None
    allows: str = ""
    standing: Json = None
    notes: Sequence[str] = ()
    quotas: Sequence[Quota] = ()
    varies: Sequence[str] = ()

    @property
    def ends(self) -> bool:
        """Whether a request ends here."""
        return self.problem is not None and not self.shadow

    def told(self) -> dict[str, Json]:
        """The step as JSON."""
        problem = self.problem.body() if self.problem else None
        rule = {"rule": self.rule, "allows": self.allows, "standing": self.standing} if self.part == "policy" else {}
        told: dict[str, Json] = {"step": self.part, "name": self.name, "answer": self.outcome.value}
        told |= {"shadow": self.shadow, "reached": self.reached, "problem": problem}
        return told | rule | {"notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class Explanation:
    """All steps of one request, also those that it would not reach."""

    asked: Asked
    steps: Sequence[Step]

    @property
    def ending(self) -> Step | None:
        """The step that refuses the request, or None."""
        return next((step for step in self.steps if step.ends), None)

    @property
    def reached(self) -> Sequence[Step]:
        """The steps that the request would come to."""
        return [step for step in self.steps if step.reached]


async def explain(generation: Generation, identity: Identity, asked: Asked, store: Store) -> Explanation:
    """Ask each step what it would answer now; nothing is counted, taken or fetched."""
    tier, who = generation.tier(identity.tier), asked.by(identity)
    steps = [await _policy(named, _call(generation, who, asked, store), tier) for named in tier.policies]
    if asked.url:
        steps += _resource(asked.url, generation, _call(generation, who, asked, store), tier)
    ends = next((at for at, step in enumerate(steps) if step.ends), len(steps))
    return Explanation(asked, [replace(step, reached=at <= ends) for at, step in enumerate(steps)])


def _call(generation: Generation, identity: Identity, asked: Asked, store: Store) -> Call:
    """The request as one policy sees it, with what it tells kept apart from the others'."""
    file = generation.file
    return Call(
        identity,
        asked.purpose,
        LookingStore(store),
        generation.tier(identity.tier).on_store_error,
        asked.route,
        asked.page,
        file.session_lifetime,
        file.session_lifetime + longest_grant(file.playback_lifetime),
    )


@dataclass(slots=True)
class _Witness:
    """Keeps what the block raises, and goes on after it."""

    error: Exception | None = None
    notes: list[str] = field(default_factory=list)

    def __enter__(self) -> _Witness:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        """A cancelled request stays cancelled."""
        if not isinstance(error, Exception):
            return False
        self.error = error
        if not isinstance(error, Problem):
            _log.error("a step that is explained failed", exc_info=error)
            self.notes.append(f"its code fails: {type(error).__name__}: {error}")
        return True

    @property
    def outcome(self) -> tuple[Outcome, Problem | None]:
        """What the error means for the request: 500 if it is none of ours."""
        if self.error is None:
            return Outcome.ADMITS, None
        return (Outcome.REFUSES, self.error) if isinstance(self.error, Problem) else (Outcome.FAILS, Problem())


async def _policy(named: Named, call: Call, tier: Tier) -> Step:
    """Hold one policy for a moment; one in shadow as if it were in force, so that it logs nothing."""
    held, said = replace(named, shadow=False), _Witness()
    with said:
        async with held.hold(call, tier.name):
            pass
    rule, standing = await _read(_as_coroutine(held.describe)), await _read(lambda: held.report(call))
    outcome, problem = said.outcome
    blind = isinstance(call.store, LookingStore) and call.store.is_blind
    unknown = blind and tier.on_store_error is OnStoreError.LOCAL
    notes = [*said.notes, *(_without_store(tier) if blind else [])]
    return Step(
        "policy",
        named.name,
        outcome,
        problem,
        named.shadow,
        rule=rule,
        allows=str(await _read(_as_coroutine(lambda: listed(held.allows()))) or ""),
        standing=standing if hasattr(held.policy, "report") else None,
        notes=notes,
        quotas=() if named.shadow or unknown else call.quotas,
        varies=() if named.shadow else call.varies,
    )


def _without_store(tier: Tier) -> Sequence[str]:
    """What holds while the store does not answer."""
    told = [f"the store does not answer, so on_store_error: {tier.on_store_error.value} holds"]
    if tier.on_store_error is OnStoreError.LOCAL:
        told.append("what the worker has counted for itself is unknown, and taken for nothing: it may refuse")
    return told


async def _read(ask: Callable[[], Awaitable[Json]]) -> Json:
    """What a policy tells, or None if it cannot."""
    with _Witness():
        return await ask()
    return None


def _as_coroutine(tell: Callable[[], Json]) -> Callable[[], Awaitable[Json]]:
    async def told() -> Json:
        return tell()

    return told


def _resource(text: str, generation: Generation, call: Call, tier: Tier) -> list[Step]:
    """The url, the gateway's origins, and each policy that has a word on a resource."""
    with _Witness() as parsing:
        url = MediaUrl.parse(text)
    if parsing.error:
        return [Step("url", "url", *parsing.outcome)]
    with _Witness() as judging:
        permit = generation.guard.judge(url)
        if permit.named is None:
            judging.notes.append(f"what address {url.host} leads to is judged at each connection")
        judging.notes.extend(f"where it fails, {fallback.origin} is asked" for fallback in permit.fallbacks)
    guard = Step("origins", "origins", *judging.outcome, notes=judging.notes)
    words = [_word(each, call, Media(url), tier) for each in tier.policies if each.judges]
    return [Step("url", "url", Outcome.ADMITS), guard, *words]


def _word(named: Named, call: Call, media: Media, tier: Tier) -> Step:
    """What a policy says of the resource, and of the kinds that it may turn out to be."""
    held = replace(named, shadow=False)
    with _Witness() as said:
        held.judge(call, media, tier.name)
    kinds = [] if said.error else [kind.value for kind in MediaKind if _refuses(held, call, media, kind, tier)]
    notes = [*said.notes, *([f"once its kind is known, it is refused if it is {' or '.join(kinds)}"] if kinds else [])]
    return Step("media", named.name, *said.outcome, shadow=named.shadow, notes=notes)


def _refuses(named: Named, call: Call, media: Media, kind: MediaKind, tier: Tier) -> bool:
    with _Witness() as said:
        named.judge(call, replace(media, kind=kind), tier.name)
    return said.error is not None


def is_for_media(asked: Asked) -> bool:
    """Whether the answer is media, or an address of media."""
    return asked.purpose in {Purpose.MEDIA, Purpose.GRANT}
