"""Content steering (draft-pantos-content-steering, ETSI TS 103 998): the JSON that tells HLS and DASH players which
pathway to take.

A pathway may be cloned: the player puts another host into references that it has, which are the gateway's. That host is
therefore written as the gateway's own, and what it was goes into a query field that the player adds to each of them,
signed (`gateway.manifests.asking`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.manifests.asking import PATHWAY, Asking
from gateway.manifests.data_url import refused
from gateway.manifests.json_text import Change, Value, quoted
from gateway.manifests.link import Link, resolve, whole

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def changes(document: Value, base: str, link: Link, asking: Asking) -> Iterator[Change]:
    """What to change in a steering manifest that came from ``base``; nothing for what is none."""
    for reload in document.named("RELOAD-URI"):
        yield from reference(reload, base, link)
    for clones in document.named("PATHWAY-CLONES"):
        for clone in clones.items or ():
            for replacement in clone.named("URI-REPLACEMENT"):
                yield from _per_stream(replacement, base, link, asking)
                yield from _host(replacement, asking)


def reference(value: Value, base: str, link: Link, own: str = "") -> Iterator[Change]:
    """The change that makes a string lead to the gateway, by a path, or by a whole address at ``own``. A relative one
    is rewritten too: players resolve those of one document against the address of another."""
    absolute = resolve(value.said.strip(), base)
    led = link(absolute, absolute) if absolute else refused(value.said)
    if led is not None:
        yield Change(value.start, value.end, quoted(whole(led, own)))


def _per_stream(replacement: Value, base: str, link: Link, asking: Asking) -> Iterator[Change]:
    """PER-VARIANT-URIS and PER-RENDITION-URIS, which players take as they are: they have no base to resolve against."""
    for name in ("PER-VARIANT-URIS", "PER-RENDITION-URIS"):
        for uris in replacement.named(name):
            for uri in uris.items or [uri for _, uri in uris.members or ()]:  # an array has its numbers for names
                yield from reference(uri, base, link, asking.own)


def _host(replacement: Value, asking: Asking) -> Iterator[Change]:
    """HOST, and the field among PARAMS that says what it was."""
    hosts = [host for host in replacement.named("HOST") if host.said]
    if not hosts:
        return
    own = asking.own.rpartition("/")[2]
    for each in hosts:
        yield Change(each.start, each.end, quoted(own))
    told = hosts[-1].said.strip()
    host = told.partition("://")[2] or told  # dash.js takes a scheme, too
    note = asking.notes.pathway(host.lower()) if _HOST.fullmatch(host) else ""
    field = f"{quoted(PATHWAY)}:{quoted(note or '-')}"  # what is no host must lead nowhere, not to the base pathway
    params = list(replacement.named("PARAMS"))
    for each in params:
        if each.is_object:
            yield _added(each, field)
    if not params or not params[-1].is_object:
        yield _added(replacement, f'"PARAMS":{{{field}}}')


def _added(value: Value, member: str) -> Change:
    """One more member, as an object's last: of several with one name, players take the last."""
    return Change(value.end - 1, value.end - 1, f",{member}" if value.members else member)
