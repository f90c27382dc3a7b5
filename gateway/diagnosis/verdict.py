"""The end of a diagnosis: one sentence, and an exit code."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.diagnosis.finding import Finding, Weight


class Outcome(enum.Enum):
    """Whether it plays, with the exit code that says so."""

    PLAYS = "plays", 0
    DOES_NOT = "does not play", 1
    UNKNOWN = "cannot be told", 2

    code: int

    def __new__(cls, name: str, code: int) -> Outcome:
        """The name is the value."""
        outcome = object.__new__(cls)
        outcome._value_ = name
        outcome.code = code
        return outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """``cause`` is the finding that the sentence is about, if there is one."""

    outcome: Outcome
    sentence: str
    cause: Finding | None = None


def verdict(findings: Sequence[Finding], player: str, incomplete: str) -> Verdict:
    """The verdict on findings, the worst first. ``player`` is the one that was asked about, empty for all: what is one
    player's alone counts for that one. ``incomplete`` is why not all was looked at, if it was not."""
    counting = [finding for finding in findings if not finding.player or finding.player == player]
    worst = counting[0] if counting else None
    if worst and worst.weight is Weight.STOPS:
        who = f"It does not play in {worst.player}" if worst.player else "It does not play"
        return Verdict(Outcome.DOES_NOT, f"{who} because {_told(worst)}.", worst)
    if incomplete:
        return Verdict(Outcome.UNKNOWN, f"It cannot be told whether it plays: {incomplete}.")
    where = f" in {player}" if player else ""
    if worst and worst.weight is Weight.HARMS:
        return Verdict(Outcome.PLAYS, f"It plays{where}, but {_told(worst)}.", worst)
    if not player and (stopped := _stopped(findings)):
        names = ", ".join(dict.fromkeys(finding.player for finding in stopped))
        return Verdict(Outcome.PLAYS, f"It plays, but not in {names}: {_told(stopped[0])}.", stopped[0])
    if worst and worst.weight is Weight.DIRECT:
        return Verdict(
            Outcome.PLAYS, f"It plays{where} through the gateway, but not without it: {_told(worst)}.", worst
        )
    return Verdict(Outcome.PLAYS, f"It plays{where}.")


def _stopped(findings: Sequence[Finding]) -> Sequence[Finding]:
    """What keeps a player from it that could play it otherwise."""
    return [each for each in findings if each.player and each.weight is Weight.STOPS and not each.by_nature]


def _told(finding: Finding) -> str:
    return f"{finding.cause}; {finding.change}" if finding.change else finding.cause
