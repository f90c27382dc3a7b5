"""What an edit changes in one policy of a tier.

A policy can only refuse: one that is in force and was not takes something away, and one that is in shadow, or gone,
gives it back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from gateway.comparison.amounts import NO_LIMIT, Allowed, are_permissions, covers, inline, listed, shown
from gateway.comparison.change import Change, change, gain, loss
from gateway.policy import Json, Policy
from gateway.tiers.named import Named, plain


def policy_changes(old: Named | None, new: Named | None) -> Iterator[Change]:
    """What changes between a policy and what stands in its place; None is a tier that does not have it."""
    in_force = tuple(named if named and not named.shadow else None for named in (old, new))
    if in_force[0] and in_force[1]:
        yield from _both(in_force[0], in_force[1])
    elif in_force[0]:
        told = "in shadow, no longer enforced" if new else "gone"
        yield gain(in_force[0].name, f"{told}; it was {_rule(in_force[0])}")
    elif in_force[1]:
        told = "enforced, no longer in shadow" if old else "new"
        yield loss(in_force[1].name, f"{told}: {_rule(in_force[1])}")
    else:
        yield from _trial(old, new)


def _trial(old: Named | None, new: Named | None) -> Iterator[Change]:
    """A policy in shadow, before and after; nothing is enforced."""
    if old and new and _rule(old) != _rule(new):
        yield change(new.name, f"in shadow: {_rule(old)} -> {_rule(new)}")
    elif new and not old:
        yield change(new.name, f"tried in shadow: {_rule(new)}")
    elif old and not new:
        yield change(old.name, "no longer tried in shadow")


def _rule(named: Named) -> str:
    """What it is set to, in its own words for what it allows, or as it describes itself."""
    return listed(named.allows()) or inline(_described(named))


def _described(named: Named) -> Json:
    return dataclasses.replace(named, shadow=False).describe()


def _both(old: Named, new: Named) -> Iterator[Change]:
    if old.policy == new.policy:
        return
    before, after = old.allows(), new.allows()
    if not before or not after:
        if _described(old) != _described(new):
            yield change(new.name, f"{inline(_described(old))} -> {inline(_described(new))}")
        return
    compared = _permissions if are_permissions(before, after) else _limits
    yield from compared(new.name, before, after)
    yield from _other_fields(old, new)


def _limits(what: str, before: Allowed, after: Allowed) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old, new = (each.get(name, float("inf")) for each in (before, after))
        told = f"{name}: {_or_none(name, before)} -> {_or_none(name, after)}"
        if old != new:
            yield gain(what, told) if new > old else loss(what, told)


def _or_none(name: str, allowed: Allowed) -> str:
    return shown(name, allowed[name]) if name in allowed else NO_LIMIT


def _permissions(what: str, before: Allowed, after: Allowed) -> Iterator[Change]:
    lost, gained = (_beyond(one, other) for one, other in ((before, after), (after, before)))
    yield from (loss(what, f"{name}{_but_for(name, after)}") for name in lost)
    yield from (gain(what, name) for name in gained)


def _but_for(lost: str, after: Allowed) -> str:
    """What is left of a permission that was wider."""
    left = [name for name, amount in after.items() if amount and covers(lost, name)]
    return f", but for: {', '.join(left)}" if left else ""


def _beyond(given: Allowed, others: Allowed) -> Sequence[str]:
    """The permissions that the others do not hold."""
    held = [name for name, amount in others.items() if amount]
    return [
        name
        for name, amount in given.items()
        if amount and name not in held and not any(covers(wide, name) for wide in held)
    ]


def _other_fields(old: Named, new: Named) -> Iterator[Change]:
    """Options that change what the policy does, and of which it does not tell how much they allow."""
    for name in [field.name for field in dataclasses.fields(new.policy) if field.init]:  # type: ignore[arg-type]
        value = getattr(new.policy, name)
        if _same_members(getattr(old.policy, name), value) or (mixed := _with(old.policy, name, value)) is None:
            continue
        other = dataclasses.replace(old, policy=mixed)
        if other.allows() == old.allows() and _described(other) != _described(old):
            told = f"{name}: {inline(plain(getattr(old.policy, name)))} -> {inline(plain(value))}"
            yield change(new.name, told)


def _same_members(old: object, new: object) -> bool:
    """Whether two lists differ in their order at most."""
    return isinstance(old, tuple) and isinstance(new, tuple) and sorted(map(repr, old)) == sorted(map(repr, new))


def _with(policy: Policy, name: str, value: object) -> Policy | None:
    """The policy with one option of another, or None if that does not go together."""
    try:
        return dataclasses.replace(policy, **{name: value})  # type: ignore[type-var]
    except ValueError:
        return None
