"""What the gateway made up for while it fetched: an origin that others stood in for, and bodies that broke off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.diagnosis.finding import Finding, Weight


def relay_findings(fallbacks: Mapping[tuple[str, ...], int], resumed: int) -> Sequence[Finding]:
    """``fallbacks`` are answers of other origins by the entry that failed, ``resumed`` bodies that were taken up."""
    return [*_of_fallbacks(fallbacks), *_of_resumed(resumed)]


def _of_fallbacks(fallbacks: Mapping[tuple[str, ...], int]) -> Iterator[Finding]:
    for (entry, *_), count in fallbacks.items():
        cause = f"{entry} fails, and its fallbacks gave {count} of the answers"
        yield Finding("fallback", Weight.DIRECT, cause, "mend the origin: nothing stands in for the fallback", (entry,))


def _of_resumed(resumed: int) -> Iterator[Finding]:
    if resumed:
        cause = f"the origin broke off in the middle of a body {resumed} times, and the rest was asked for"
        yield Finding("resumed", Weight.DIRECT, cause, "look at the origin's timeouts and its load", ("the origin",))
