"""The head of a request, read by RFC 9112 to the letter: what two readers could take for two things is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.http1.fields import Fields
from handlers.http1.refused import BAD, Refused

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LINE = re.compile(rf"({_NAME}) ([!-~\x80-\xff]+) (HTTP/1\.[01])\r\n")
_FIELD = re.compile(rf"({_NAME}):[ \t]*([\t -~\x80-\xff]*)\r\n")
_FIELDS = re.compile(rf"(?:{_NAME}:[\t -~\x80-\xff]*+\r\n)*+")  # no fold, no space before a colon, no lone CR or LF
_AUTHORITY = r"(?:\[[A-Za-z0-9\-._~%!$&'()*+;=:]+\]|[A-Za-z0-9\-._~%!$&'()*+;=]*)(?::[0-9]{0,5})?"
_HOST = re.compile(_AUTHORITY)  # RFC 3986, section 3.2, without a user, and without the comma that joins two fields
_ABSOLUTE = re.compile(rf"https?://({_AUTHORITY})((?:[/?][^#]*)?)", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,15}")


@dataclass(slots=True)
class Head:
    """A request's line and fields. ``length`` is that of its body in bytes, None if the body comes in chunks; ``keeps``
    whether the client would have the connection kept open."""

    method: str
    target: str
    version: str
    fields: Fields
    length: int | None
    keeps: bool

    @property
    def waits(self) -> bool:
        """Whether the client sends the body only when it is told to (RFC 9110, section 10.1.1)."""
        return self.version == "HTTP/1.1" and self.fields.get("Expect", "").lower() == "100-continue"


def read_head(text: str) -> Head:
    """The head of a request, from its line until before its empty line; raise `Refused`."""
    line = _LINE.match(text)
    if line is None or _FIELDS.fullmatch(text, line.end()) is None:
        raise Refused(400, BAD)
    method, target, version = line.groups()
    found = _FIELD.findall(text, line.end())
    fields = Fields([(name, value.rstrip(" \t")) for name, value in found])
    hosts = fields.get_list("Host")
    if len(hosts) != 1 if hosts else version == "HTTP/1.1":  # RFC 9112, section 3.2
        raise Refused(400, BAD)
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise Refused(400, BAD)
    target = _origin_form(method, target, fields)
    return Head(method, target, version, fields, _length(fields, version), _keeps(fields, version))


def _origin_form(method: str, target: str, fields: Fields) -> str:
    """The path and query that are meant, in whichever form they come (RFC 9112, section 3.2): an absolute one's host is
    the one that holds. ``*`` and what CONNECT names stay, and are found nowhere."""
    if target.startswith("/") or method == "CONNECT" or (method == "OPTIONS" and target == "*"):
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or not absolute[1]:
        raise Refused(400, BAD)
    fields["Host"] = absolute[1]
    return absolute[2] if absolute[2].startswith("/") else "/" + absolute[2]


def _length(fields: Fields, version: str) -> int | None:
    """RFC 9112, section 6.3; two lengths, or a length and chunks, are how a request is smuggled past another reader."""
    codings, lengths = fields.get_list("Transfer-Encoding"), fields.get_list("Content-Length")
    if not codings and not lengths:
        return 0
    if codings:
        if lengths or version == "HTTP/1.0":
            raise Refused(400, BAD)
        if [coding.lower() for coding in codings] != ["chunked"]:
            raise Refused(501, "Transfer coding not known")
        return None
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        raise Refused(400, BAD)
    return int(lengths[0])


def _keeps(fields: Fields, version: str) -> bool:
    if "Connection" not in fields:
        return version == "HTTP/1.1"
    options = {option.strip().lower() for option in fields["Connection"].split(",")}
    return "close" not in options and (version == "HTTP/1.1" or "keep-alive" in options)
