"""The runs of one fault: what came of each, against what must."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.figure import Line
from benchmarks.relay.sample import Sample
from benchmarks.relay.witness import Seen, Verdict

HONEST = frozenset({502, 504})
"""Statuses that say whose fault it was."""


def _body(sample: Sample) -> bytes:
    return sample.body


@dataclass(frozen=True)
class Fault:
    """One way to fail; ``must`` is what has to come of each run, None if it is enough that nothing is silently wrong;
    ``truth`` what the origin's answer is by its own words. It ``waits`` if its runs take the stall limit. That a body
    is not whole is not ``knowable`` where no word of the origin's says so."""

    name: str
    about: str
    must: Verdict | None = None
    truth: Callable[[Sample], bytes] = _body
    suffix: str = "ts"
    ranged: bool = False
    waits: bool = False
    knowable: bool = True


@dataclass
class Runs:
    """All runs of a fault; ``strange`` are those that were visibly cut after bytes that are not the truth's."""

    fault: Fault
    verdicts: Tally[Verdict] = field(default_factory=Tally)
    statuses: Tally[int] = field(default_factory=Tally)
    seconds: list[float] = field(default_factory=list)
    strange: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)

    def add(self, sample: Sample, seen: Seen) -> None:
        """One more."""
        truth = self.fault.truth(sample)
        verdict = seen.verdict(truth)
        self.verdicts[verdict] += 1
        self.seconds.append(seen.seconds)
        if verdict is Verdict.REFUSED:
            self.statuses[seen.status] += 1
        elif verdict is Verdict.WRONG:
            self.wrong.append(sample.run)
        elif verdict is Verdict.CUT and not seen.begins(truth):
            self.strange.append(sample.run)

    @property
    def kept(self) -> bool:
        """Whether it came as it must."""
        right = self.fault.must is None or self.verdicts[self.fault.must] == len(self.seconds)
        wrong = self.verdicts[Verdict.WRONG] if self.fault.knowable else 0
        return right and not wrong and not self.verdicts[Verdict.ENDLESS] and self.statuses.keys() <= HONEST

    def line(self) -> Line:
        """As a row."""
        return Line(self.fault.about, self._measured(), self._promised(), kept=self.kept)

    def detail(self) -> str:
        """Which runs to repeat, or nothing."""
        told = [("silently wrong", self.wrong), ("cut after bytes that are wrong", self.strange)]
        return "; ".join(f"{self.fault.name}: {what}: {_some(numbers)}" for what, numbers in told if numbers)

    def _measured(self) -> str:
        counts = " / ".join(str(self.verdicts[one]) for one in list(Verdict)[:4])
        refused = "".join(f", {status} x {count}" for status, count in sorted(self.statuses.items()))
        endless = self.verdicts[Verdict.ENDLESS]
        never = f", {endless} without end" if endless else ""
        return f"{counts}{refused}{never}; {median(self.seconds):.2f} s, at most {max(self.seconds):.2f}"

    def _promised(self) -> str:
        if not self.fault.knowable:
            return "cannot be known"
        return f"all {self.fault.must.value}" if self.fault.must else "0 silently wrong"


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, sorted(numbers)[:10])) + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
