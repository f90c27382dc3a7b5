"""Who would ask, and whether he may: the credential in the address, or the key that is named, and its tier."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.configuration import Generation
from gateway.diagnosis.address import Address
from gateway.diagnosis.credential import Assize, uncovered
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.redaction import plain
from gateway.diagnosis.web import PAGE_REFUSED
from gateway.explanation import Asked, Dead, Living, explain, meant
from gateway.explanation.living import living
from gateway.explanation.steps import Step
from gateway.identity import KeyRecord, Keyring, Scope
from gateway.policy import Call, Credential, Identity, Purpose
from gateway.store.looking import LookingStore
from gateway.store.redis_store import RedisStore
from gateway.tiers.admitted import Admitted


@dataclass(frozen=True)
class Known:
    """What the operator's files say; ``keyring`` is None where there are no secrets to judge a credential by."""

    generation: Generation
    records: Sequence[KeyRecord]
    keyring: Keyring | None

    def meant(self, key: str) -> Sequence[Living | Dead]:
        """The keys that a name stands for now."""
        file = self.generation.file
        return meant(key, self.records, file.open_keys, file.tiers, time.time())


@dataclass(frozen=True)
class Access:
    """``identity`` is who asks, None if nobody was named or can be told; ``admitted`` has his tier's word on each
    resource, if the tier admits him at all; ``findings`` are what keeps him out, ``incomplete`` why he is not known."""

    identity: Identity | None = None
    admitted: Admitted | None = None
    findings: tuple[Finding, ...] = ()
    incomplete: str = ""


async def access(known: Known, address: Address, key: str, page: str, store: RedisStore) -> Access:
    """Judge the credential in the address, else the key; then ask the tier, with counters at zero, for a request by a
    page if one is named."""
    if (address.token or address.grant) and known.keyring is None and not address.trouble:
        return Access(incomplete=_NO_SECRETS)
    identity, found = _who(known, address, key)
    if address.trouble:
        found.append(Finding("address", Weight.STOPS, address.trouble, _ENCODE, ("the address",)))
    if identity is None:
        return Access(None, None, tuple(found))
    by_page = Credential.SESSION if page and identity.credential is Credential.KEY else identity.credential
    asked = Asked("api", by_page, address.url, page)
    explained = await explain(known.generation, identity, asked, store)
    refusing = [step for step in explained.steps if step.ends and step.part in {"policy", "media"}]
    found += [_refusal(step, identity) for step in refusing[:1]]
    if refusing:
        return Access(identity, None, tuple(found))
    who, tier = asked.by(identity), known.generation.tier(identity.tier)
    call = Call(who, Purpose.MEDIA, LookingStore(store), tier.on_store_error, "api", page)
    return Access(identity, Admitted(call, tier.name, (), tier.judging), tuple(found))


_NO_SECRETS = (
    "there are no secrets under --state to judge the credential in the address by; what it leads to was looked at"
)
_ENCODE = "write /api?url=<the address, percent-encoded whole>, and send a key as X-API-Key, never in an address"


def _who(known: Known, address: Address, key: str) -> tuple[Identity | None, list[Finding]]:
    if known.keyring is None or address.trouble or not (address.token or address.grant):
        return _of_key(known, key) if key else (None, [])
    kind = Credential.GRANT if address.grant else Credential.SESSION
    assize = Assize(known.keyring, known.generation, known.records, time.time())
    judged = assize.judge(address.grant or address.token, kind)
    found = [judged.finding] if judged.finding else []
    if address.grant and judged.claims:
        origin, slash, prefix = judged.claims.audience.partition("://")[2].partition("/")
        scope = Scope(f"{judged.claims.audience.partition('://')[0]}://{origin}", slash + prefix or "/")
        found += [] if address.covered_by(scope) else [uncovered(scope)]
    return judged.identity, found


def _of_key(known: Known, key: str) -> tuple[Identity | None, list[Finding]]:
    named = known.meant(key)[0]
    if isinstance(named, Dead):
        cause = f"the key {plain(named.key_id, 40)} does not hold: {named.why}"
        change = "use a living key (main.py keys list)"
        return None, [Finding("key_dead", Weight.STOPS, cause, change, ("the key",))]
    return living(known.generation, named.key_id, time.time()), []


def _refusal(step: Step, identity: Identity) -> Finding:
    problem = step.problem
    said = plain(problem.detail or problem.error).rstrip(".") if problem else ""
    status = f"{problem.status} {problem.error}" if problem else ""
    cause = f"the tier {identity.tier} refuses it by {step.name} ({status}: {said})"
    change = (
        f"give the client another tier, or change {step.name} of {identity.tier} in tiers.yaml (see main.py explain)"
    )
    code = PAGE_REFUSED if step.name == "cors_origins" else "tier"
    return Finding(code, Weight.STOPS, cause, change, (f"the tier {identity.tier}",))
