"""Why an origin gave no answer: what libcurl says of it, and what an operator would look at."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import pycurl


class Reason(enum.Enum):
    """A kind of failure, as metrics name it; each says what to check."""

    DNS = "dns", "its name in the DNS, and this machine's resolver"
    CONNECT = "connect", "that it listens, and that no firewall stands between"
    TLS = "tls", "its certificate (for its name, in date, of an authority that this machine trusts), and the clocks"
    TIMEOUT = "timeout", "its load, and the network on the way to it"
    LOST = "lost", "its log: it accepts connections and closes them without an answer"
    INVALID = "invalid", "that what listens there speaks HTTP"
    STATUS = "status", "its log: it answers with 502, 503 or 504"

    check: str

    def __new__(cls, name: str, check: str) -> Reason:
        """The name is the value."""
        reason = object.__new__(cls)
        reason._value_ = name
        reason.check = check
        return reason


@dataclass(frozen=True, slots=True)
class Failure:
    """How a transfer failed. ``is_quick`` if its connection was refused or lost: another may be had at once. ``check``
    is what to look at, by the reason where it is empty."""

    reason: Reason
    told: str
    check: str = ""

    @property
    def is_quick(self) -> bool:
        """Whether it is worth one more try at once."""
        return self.reason in {Reason.CONNECT, Reason.LOST}

    @property
    def to_check(self) -> str:
        """What an operator would look at."""
        return self.check or self.reason.check

    @classmethod
    def of(cls, code: int, message: str = "") -> Failure:
        """What an error code of libcurl's means, with its message."""
        failure = _FAILURES.get(code) or cls(Reason.INVALID, f"libcurl error {code}")
        if code == pycurl.E_PEER_FAILED_VERIFICATION:
            why = next((why for words, why in _UNVERIFIED.items() if words in message), "")
            return cls(failure.reason, failure.told + why)
        return failure


_UNVERIFIED = {
    "has expired": ": it has expired",
    "not yet valid": ": it does not hold yet",
    "match": ": it is for another name",
    "self-signed": ": no authority that is trusted here has signed it",
    "issuer": ": no authority that is trusted here has signed it",
}
"""What is told by words in the messages of libcurl and OpenSSL. The one of another name says that name, too."""

_FAILURES = {
    pycurl.E_COULDNT_RESOLVE_HOST: Failure(Reason.DNS, "its name does not resolve"),
    pycurl.E_COULDNT_CONNECT: Failure(Reason.CONNECT, "it refuses the connection"),
    pycurl.E_SSL_CONNECT_ERROR: Failure(
        Reason.TLS, "the TLS handshake failed", "that it speaks TLS 1.2 or later there"
    ),
    pycurl.E_PEER_FAILED_VERIFICATION: Failure(Reason.TLS, "its certificate does not verify"),
    pycurl.E_OPERATION_TIMEDOUT: Failure(Reason.TIMEOUT, "it does not answer in time"),
    pycurl.E_PARTIAL_FILE: Failure(Reason.LOST, "it broke off in the middle of the body"),
    pycurl.E_SEND_ERROR: Failure(Reason.LOST, "the connection was lost"),
    pycurl.E_RECV_ERROR: Failure(Reason.LOST, "the connection was lost"),
    pycurl.E_GOT_NOTHING: Failure(Reason.LOST, "it closed the connection without an answer"),
}
