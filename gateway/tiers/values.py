"""What a scalar means, by the type that is wanted; each raises `ConfigError` with its place for what is not that."""

from __future__ import annotations

import re

from gateway.tiers.nodes import Node, Scalar
from gateway.units import Positive, Seconds, duration

LARGEST = 10**12
LONGEST = 300
"""Characters of a value that is no free text."""

_WHOLE = re.compile(r"[1-9][0-9]*")
_YES_NO = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})
_NOT_POSITIVE = (
    (re.compile(r"[+-]?0+"), "zero allows nothing"),
    (re.compile(r"-[0-9.]+"), "a limit cannot be negative"),
    (re.compile(r"0[0-9]+|0[xob][0-9a-fA-F]+"), "octal, hexadecimal and binary numbers are not read"),
    (re.compile(r"[0-9][0-9_,' ]+"), "digits are not grouped"),
    (re.compile(r"[0-9.]+([eE][+-]?[0-9]+)?"), "fractions and exponents are not read"),
)


def boolean(node: Node) -> bool:
    """``true`` or ``false``, plain; YAML 1.1's other words for them are errors."""
    if isinstance(node, Scalar) and not node.quoted and node.text in {"true", "false"}:
        return node.text == "true"
    if isinstance(node, Scalar) and node.text.lower() in _YES_NO:
        raise node.error(f"{node.shown} is not read as yes or no; write true or false, without quotes")
    raise node.error(f"{node.shown} is neither true nor false; write true or false")


def positive(node: Node) -> Positive:
    """A whole number from 1 to `LARGEST`, in plain decimal digits."""
    if not isinstance(node, Scalar) or node.quoted or not _WHOLE.fullmatch(node.text):
        raise node.error(
            f"{node.shown} is not a whole number above zero{_reason(node)}; write plain digits, such as 10"
        )
    if len(node.text) > len(str(LARGEST)) or int(node.text) > LARGEST:
        raise node.error(f"{node.shown} is too large; the largest is {LARGEST}")
    return Positive(int(node.text))


def _reason(node: Node) -> str:
    if not isinstance(node, Scalar):
        return ""
    if node.quoted:
        return ", because it is quoted"
    return next((f": {reason}" for pattern, reason in _NOT_POSITIVE if pattern.fullmatch(node.text)), "")


def seconds(node: Node) -> Seconds:
    """A duration with its unit, such as ``60s``."""
    try:
        return duration(measure(node))
    except ValueError as error:
        raise node.error(str(error)) from error


def measure(node: Node) -> str:
    """The text of an amount with its unit, or of an address: no longer than any of those is, for errors quote it."""
    if isinstance(node, Scalar) and len(node.text) > LONGEST:
        raise node.error(f"{node.shown} has {len(node.text)} characters; no value has more than {LONGEST}")
    return text(node)


def text(node: Node) -> str:
    """A scalar as it stands; nothing, and YAML's words for nothing, are no text."""
    if not isinstance(node, Scalar) or node.is_nothing:
        raise node.error(f"{node.shown} stands where one plain value is wanted; write the value")
    return node.text


def one_of(node: Node, choices: tuple[str, ...]) -> str:
    """One of the words that there are."""
    chosen = text(node)
    if chosen not in choices:
        raise node.error(f"{node.shown} is not one of the choices; write {' or '.join(choices)}")
    return chosen
