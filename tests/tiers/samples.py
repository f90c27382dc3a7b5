"""What the tests of the tiers share: the policies to compile with, a request, and policies that tell what they do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.policy import Call, Credential, Identity, Meter, Policy, Purpose
from gateway.store.redis_store import embedded_store
from gateway.tiers import ConfigErrors, Tier, TierFile, compile_tiers, discover
from gateway.tiers.named import Named

REPOSITORY = Path(__file__).parents[2]
POLICIES = discover(REPOSITORY / "policies", Path(__file__).parent / "policies")


def compiled(text: str) -> TierFile:
    return compile_tiers(text.encode(), POLICIES)


def mistakes(content: str | bytes) -> list[str]:
    """What is told of a file that is wrong; nothing if it is right."""
    try:
        compile_tiers(content.encode() if isinstance(content, str) else content, POLICIES)
    except ConfigErrors as errors:
        return errors.lines("tiers.yaml")
    return []


def request(tier: str = "standard", purpose: Purpose = Purpose.MEDIA) -> Call:
    identity = Identity(Credential.KEY, "keyid123", "keyid123", "acme", tier, "keyid123")
    return Call(identity, purpose, embedded_store())


def tier(*policies: Policy | Named) -> Tier:
    named = [policy if isinstance(policy, Named) else Named(f"policy{n}", policy) for n, policy in enumerate(policies)]
    return Tier("standard", tuple(named))


@dataclass(frozen=True)
class Telling:
    """Tells when it is entered and left, and what it saw pass; can refuse at either, and has a meter if it is given."""

    name: str
    diary: list[str]
    refuses: Exception | None = None
    breaks_at_exit: Exception | None = None
    meter: Meter | None = None
    seen: list[BaseException] = field(default_factory=list)

    async def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        self.diary.append(f"{self.name} in")
        if self.refuses:
            raise self.refuses
        try:
            yield self.meter
        except BaseException as error:
            self.seen.append(error)
            raise
        finally:
            self.diary.append(f"{self.name} out")
            if self.breaks_at_exit:
                raise self.breaks_at_exit
