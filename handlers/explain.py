"""``GET /explain`` on the admin listener: why a key's request would be answered as it would now."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.configuration import Configuration, Generation
from gateway.explanation import Asked, Dead, Explanation, asked, explain, secret_refusal
from gateway.explanation.keys import members
from gateway.explanation.living import living
from gateway.explanation.steps import is_for_media
from gateway.policy import Credential, Identity, Json, Store
from gateway.problem import BadRequest, InvalidKey, InvalidToken, NotFound, Problem
from handlers import fields
from handlers.admin import AdminHandler
from handlers.api import ApiHandler

_KNOWN = ("key", "url", "as", "route", "page")
Told = dict[str, Json]


class ExplainHandler(AdminHandler):
    """Counts nothing, and fetches nothing. ``key`` is a key's id, an open key's id, or an open key; ``url``, ``route``,
    ``as`` (key or session) and ``page`` say which request is meant."""

    async def get(self) -> None:
        """200 with the explanation, also of a refusal; 404 if the id is no living key's; 400 for what is no request."""
        service: Told = {"service": in_force(self.gateway.version, self.gateway.configuration)}
        try:
            told = await self._explained()
        except Problem as problem:
            self.tell(problem.status, {**service, **problem.body()})
        else:
            self.tell(200, {**service, **told})

    async def _explained(self) -> Told:
        if unknown := [name for name in self.request.query_arguments if name not in _KNOWN]:
            raise BadRequest(f"There is no argument {unknown[0][:40]!r}; there are {', '.join(_KNOWN)}.")
        key = self._argument("key", "")
        if not key or (refusal := secret_refusal(key)):
            raise BadRequest(f"Name a key by its id: {refusal}." if key else "Name a key: /explain?key=ID.")
        generation = self.gateway.configuration.current
        try:
            requests = asked(*(self._argument(name, usual) for name, usual in _USUAL.items()))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        identity = living(generation, key, self.gateway.clock())
        if identity is None:
            raise NotFound("No key that is alive has this id in the generation in force.")
        return await told_living(generation, identity, requests, self.gateway.store)

    def _argument(self, name: str, usual: str) -> str:
        """Taken raw: Tornado's own accessors strip, and so would judge another url than the one asked about."""
        given = self.request.query_arguments.get(name, [usual.encode()])
        if len(given) > 1:
            raise BadRequest(f"Name {name} once.")
        return given[0].decode("utf-8", "replace")


_USUAL = {"route": "", "as": "key", "url": "", "page": ""}


def in_force(version: str, configuration: Configuration) -> Told:
    """Which service answers, and with which generation."""
    return {
        "version": version,
        "generation": configuration.current.number,
        "last_reload_successful": configuration.last_reload_successful,
    }


async def told_living(
    generation: Generation, identity: Identity, requests: Sequence[Asked], store: Store
) -> dict[str, Json]:
    """What is explained of a living key."""
    explained = [_told(await explain(generation, identity, each, store)) for each in requests]
    tier = generation.tier(identity.tier)
    key: dict[str, Json] = {**members(identity), "alive": True, "why": ""}
    return {"key": key, "on_store_error": tier.on_store_error.value, "requests": explained}


def told_dead(key: Dead, requests: Sequence[Asked]) -> dict[str, Json]:
    """The same of a key that is refused whatever it asks for; its requests see one answer, whatever the reason."""
    told: dict[str, Json] = {"id": key.key_id, "client": key.client, "tier": key.tier, "alive": False, "why": key.why}
    return {"key": told, "requests": [_refused(each) for each in requests]}


def _refused(each: Asked) -> Told:
    problem = InvalidKey() if each.credential is Credential.KEY else InvalidToken()
    verdict: Told = {"admitted": False, "by": "key", "status": problem.status, "problem": problem.body()}
    headers = {"Vary": ", ".join(varies)} if (varies := _varies_by(each)) else {}
    return {**_request(each), "steps": [], "verdict": verdict, "headers": {**headers, **problem.headers()}}


def _told(explanation: Explanation) -> Told:
    ending = explanation.ending
    problem = ending.problem if ending else None
    verdict: Told = {
        "admitted": ending is None,
        "by": ending.name if ending else "",
        "status": problem.status if problem else 200,
        "problem": problem.body() if problem else None,
    }
    steps = [step.told() for step in explanation.steps]
    return {**_request(explanation.asked), "steps": steps, "verdict": verdict, "headers": dict(_headers(explanation))}


def _request(each: Asked) -> Told:
    return {"route": each.route, "as": each.credential.value, "url": each.url, "page": each.page}


def _varies_by(each: Asked) -> Sequence[str]:
    return [ApiHandler.varies_by] if is_for_media(each) else []


def _headers(explanation: Explanation) -> dict[str, str]:
    """The header fields that the gateway, the tier and the refusal put on the answer."""
    ending = explanation.ending
    varies = [*_varies_by(explanation.asked), *(name for step in explanation.reached for name in step.varies)]
    quotas = [quota for step in explanation.reached for quota in step.quotas]
    told = fields.rate_limit(quotas) | ({"Vary": ", ".join(varies)} if varies else {})
    return told | (ending.problem.headers() if ending and ending.problem else {})
