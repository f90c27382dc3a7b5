"""The identity that a living key has, named by its id."""

from __future__ import annotations

from gateway.configuration import Generation
from gateway.explanation.keys import identity_of
from gateway.policy import Identity


def living(generation: Generation, key: str, now: float) -> Identity | None:
    """The identity of a key by its id, or of an open key, if it is alive at ``now``, in seconds since the epoch."""
    key_id = identity_of(key, generation.file.open_keys)
    found = (generation.keys.living(key_id, tier, now) for tier in generation.file.tiers)
    return next((identity for identity in found if identity), None)
