"""Why an origin answers with another status than that of a resource, and what would mend that."""

from __future__ import annotations

from gateway.diagnosis.expiry import expires_at
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.redaction import quoted
from gateway.diagnosis.seen import Part, Seen
from gateway.diagnosis.times import ago

_STATUS = {
    401: "wants credentials for {} that the gateway does not send",
    403: "refuses {}",
    404: "does not have {}",
    410: "does not have {} any more",
    416: "has no such range of {}",
    429: "gives nothing more for now, and so not {}",
    451: "withholds {} for legal reasons",
}


def status_finding(seen: Seen, weight: Weight) -> Finding | None:
    """What is wrong, if the status is that of no resource."""
    got, name = seen.got, seen.step.name
    if got is None or got.is_good:
        return None
    status, url = got.head.status, seen.url
    ends = expires_at(url)
    if status in {401, 403, 404, 410} and ends is not None and ends < got.at:
        cause = f"the origin's signed address of {name} expired {ago(ends, got.at)} (the origin answers {status})"
        return Finding("expired_address", weight, cause, "have the origin's owner sign a new one", (name,))
    query = url.partition("?")[2]
    said = quoted(got.body, query)
    words = f": “{said}”" if said else ""
    told = _STATUS.get(status, "fails at {}" if status >= 500 else "answers with something else than {}").format(name)
    cause = f"the origin {told} ({status}{words})"
    return Finding("origin_status", weight, cause, _change(status, seen, signed=bool(query)), (name,))


_ADMITTING = {
    "User-Agent": "let the origin admit the gateway's User-Agent (Sluicegate/…): it gives this to a browser's",
    "Referer": "let the origin admit requests without a Referer, as the gateway's are: it gives this to one with it",
}
"""What mends it where a browser's request for the same is answered, by the field that makes the difference."""


def _change(status: int, seen: Seen, *, signed: bool) -> str:
    if status in {401, 403} and seen.admits:
        return _ADMITTING[seen.admits]
    if status in {401, 403}:
        what = "what its signed address covers, " if signed else ""
        return (
            f"look at {what}whom the origin admits: the gateway's address, no Referer, no cookies, its own User-Agent"
        )
    if status in {404, 410}:
        where = "the address" if seen.step.part in {Part.MANIFEST, Part.FILE} else "the manifest that names it"
        return f"put it there, or correct {where}"
    if status == 429:
        return "raise the origin's limit for the gateway, which asks for all viewers from one address"
    return "mend the origin" if status >= 500 else "look at the origin's log"
