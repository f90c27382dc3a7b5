"""An explanation, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from commands import paint
from gateway.comparison.amounts import inline
from gateway.policy import Json, written

Told = Mapping[str, Json]


def lines(told: Told) -> Iterator[str]:
    """Where the counters come from, then each key with each of its requests."""
    service = _mapping(told["service"])
    if service:
        counters = "counters as they are now"
        yield paint.dim(f"{service['address']}, generation {service['generation']}, {counters}; nothing was counted")
    for note in _texts(told["notes"]):
        yield paint.odd(f"! {note}")
    for key in _mappings(told["keys"]):
        yield ""
        yield from _key(key)


def _key(told: Told) -> Iterator[str]:
    key = _mapping(told["key"])
    name = f"key {key['id']}"
    if key["client"]:
        name += f" of {key['client']}, on the tier {key['tier']}"
    if key["alive"] and key["counter"] != key["id"]:
        name += f", counting with {key['counter']}"
    yield paint.strong(name) + ("" if key["alive"] else f": {paint.bad('refused')}, because {key['why']}")
    for request in _mappings(told["requests"]):
        yield ""
        yield from _request(request)


def _request(told: Told) -> Iterator[str]:
    by = {"key": "by key", "session": "by session token"}[str(told["as"])]
    page = f", for a page of {told['page']}" if told["page"] else ""
    session = ", in a new viewing session" if told["route"] == "api" else ""
    yield f"{_line(told)} {by}{session}{page}"
    rows = [row for at, step in enumerate(_mappings(told["steps"]), 1) for row in _step(at, step)]
    yield from paint.aligned(rows)
    yield from _verdict(told)


def _line(told: Told) -> str:
    """The request's line; its url as it was given, which is easier to read than as it is sent."""
    naming = {"api": "GET /api?url=", "grant": "GET /api/grant?url="}.get(str(told["route"]))
    if naming:
        return naming + (str(told["url"]) or "...")
    return "POST /api/auth" if told["route"] == "auth" else f"GET /api/{told['route']}"


def _step(number: int, step: Told) -> Iterator[list[str]]:
    """A row with what it says and why, and rows with more about it."""
    problem = _mapping(step["problem"])
    name = f"{step['name']} (this url)" if step["step"] == "media" else str(step["name"])
    why = problem_line(problem) if problem else _rule(step)
    row = [str(number), name, _answer(step, refused=bool(problem)), why]
    yield row if step["reached"] else [paint.dim(cell) for cell in row]
    more = [f"set to: {_rule(step)}"] if problem and _rule(step) else []
    more += [f"now: {inline(step['standing'])}"] if step.get("standing") is not None else []
    more += _texts(step["notes"])
    for line in more:
        yield ["", "", "", paint.dim(line)]


def _answer(step: Told, *, refused: bool) -> str:
    if step["shadow"]:
        word = "would refuse" if refused else "would admit"
        return paint.odd(f"{word} (in shadow)")
    word = str(step["answer"])
    if not step["reached"]:
        return f"{word} (not reached)"
    return paint.bad(word) if refused else paint.good(word)


def _rule(step: Told) -> str:
    """What the policy is set to: what it allows, if it tells."""
    if step.get("allows"):
        return str(step["allows"])
    return inline(step["rule"]) if step.get("rule") is not None else ""


def problem_line(problem: Told) -> str:
    """``429 Rate limit exceeded: again in 42s``, or with the detail if there is one."""
    told = f"{problem['status']} {problem['error']}"
    again = problem.get("retry_after")
    detail = str(problem.get("detail", ""))
    more = [detail.removesuffix(".") if isinstance(again, int) else detail] if detail else []
    more += [f"again in {written(again)}"] if isinstance(again, int) else []
    return f"{told}: {'; '.join(more)}" if more else told


def _verdict(told: Told) -> Iterator[str]:
    verdict = _mapping(told["verdict"])
    if verdict["admitted"]:
        origin = ", and answered as its origin does" if told["route"] == "api" and told["url"] else ""
        origin = origin or (", as far as is known without its url" if told["route"] == "api" else "")
        yield f"  {paint.good('= admitted')}{origin}"
    else:
        yield f"  {paint.bad('= ' + problem_line(_mapping(verdict['problem'])))}  (by {verdict['by']})"
    for name, value in _mapping(told["headers"]).items():
        yield f"    {name}: {value}"


def _mapping(told: Json) -> Told:
    return cast("Told", told) if isinstance(told, dict) else {}


def _mappings(told: Json) -> Sequence[Told]:
    return cast("Sequence[Told]", told)


def _texts(told: Json) -> Sequence[str]:
    return cast("Sequence[str]", told)
