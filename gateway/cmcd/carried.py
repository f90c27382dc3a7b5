"""Where CMCD stands in a player's request: in four header fields, or in one field of the query.

It is no part of what is asked for. So it travels beside the URL, among the header fields of a request, where neither
the cache's keys nor its questions know of it; and to an origin only if its entry in ``tiers.yaml`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote_plus

from gateway.cmcd.report import LONGEST, MALFORMED, Report, read

NAMES = ("CMCD-Request", "CMCD-Object", "CMCD-Status", "CMCD-Session")
"""The header fields, by how often their keys change (CTA-5004, section 2.1)."""

PARAMETER = "CMCD="
"""How the field of a query begins; its name is reserved, and written like this alone."""

_IN_QUERY = ":cmcd"
"""Stands among header fields for what was in the query; like a pseudo-header field of HTTP/2 it never is one."""

FIELDS = frozenset({*NAMES, _IN_QUERY})
"""The names by which it travels beside a URL."""

_SAFE = "%!$'()*+,;:@/?=~"
"""What may stand in a field of a query as it is, beside letters and digits (RFC 3986, section 3.4)."""


def told(headers: Mapping[str, str], query: str) -> dict[str, str]:
    """The CMCD of a request as it came, to be sent with it among its header fields; nothing for most requests."""
    fields = {name: headers[name] for name in NAMES if name in headers}
    if PARAMETER in query:
        written = [part.removeprefix(PARAMETER) for part in query.split("&") if part.startswith(PARAMETER)]
        if written:
            fields[_IN_QUERY] = ",".join(written)
    return fields


def read_report(fields: Mapping[str, str]) -> Report:
    """What is told by fields that `told` gave: by the header fields, or in their absence by the query."""
    texts = [fields[name] for name in NAMES if name in fields]
    if texts:
        return read(",".join(texts))
    written = fields[_IN_QUERY]
    return read(_decoded(written)) if len(written) <= 3 * LONGEST else MALFORMED


def addressed(href: str, fields: Mapping[str, str], *, wanted: bool) -> tuple[str, dict[str, str]]:
    """The URL and the header fields by which an origin is asked: with CMCD in the form in which it came, if that is
    ``wanted`` and it is printable and of usual length, else without."""
    sent = {name: value for name, value in fields.items() if name not in FIELDS or (wanted and _is_fit(value))}
    written = sent.pop(_IN_QUERY, "")
    if written:
        href = f"{href}{'&' if '?' in href else '?'}{PARAMETER}{quote(written, safe=_SAFE)}"
    return href, sent


def _decoded(written: str) -> str:
    """Percent-decoded. Most of what is encoded are three characters, which are much the fastest replaced like this; it
    makes no new escapes."""
    text = written.replace("%3D", "=").replace("%2C", ",").replace("%22", '"')
    return unquote_plus(text)


def _is_fit(value: str) -> bool:
    return len(value) <= LONGEST and value.isascii() and value.isprintable()
