"""How many checks came to what, counted one by one: no outcome is kept."""

from __future__ import annotations

import statistics
from array import array
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

from convergent.cases.record import record
from convergent.harness.outcome import PASSING, Outcome
from convergent.reports.groups import magnitude, severity

_K = TypeVar("_K", bound=Hashable)


@record
class Tally:
    """How many checks came to what.

    ``checked`` counts all but the declared gaps, ``findings`` maps a verdict to its number (known
    divergences are counted apart), ``ratio`` is the worst error ratio. ``seconds`` is the time
    inside framework calls, ``median`` that of a first call, ``again`` that of a second one, which
    finds everything compiled; None where nothing ran.
    """

    checked: int
    agrees: int
    unsupported: int
    known: int
    findings: Mapping[str, int]
    ratio: float | None
    seconds: float
    median: float | None
    again: float | None

    @property
    def found(self) -> int:
        """The number of findings."""
        return sum(self.findings.values())

    @property
    def worst(self) -> str:
        """The word for all of it: the worst verdict, ``known``, ``agrees`` or ``unsupported``."""
        if self.findings:
            return min(self.findings, key=severity)
        if self.known:
            return "known"
        return "agrees" if self.checked else "unsupported"


class Counting:
    """Counts outcomes and tells what they come to so far."""

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._findings: Counter[str] = Counter()
        self._known = 0
        self._ratio: float | None = None
        self._seconds, self._again = array("d"), array("d")

    def add(self, o: Outcome) -> None:
        """Count one outcome."""
        self._verdicts[o.verdict] += 1
        if o.is_finding:
            self._findings[o.verdict] += 1
        elif o.verdict not in PASSING:
            self._known += 1
        ratio = magnitude(o.ratio)
        if ratio is not None:
            self._ratio = ratio if self._ratio is None else max(self._ratio, ratio)
        if o.seconds > 0:
            self._seconds.append(o.seconds)
        if o.again > 0:
            self._again.append(o.again)

    def tally(self) -> Tally:
        """Return the figures."""
        return Tally(
            checked=self._verdicts.total() - self._verdicts["unsupported"],
            agrees=self._verdicts["agrees"],
            unsupported=self._verdicts["unsupported"],
            known=self._known,
            findings=dict(self._findings),
            ratio=self._ratio,
            seconds=sum(self._seconds) + sum(self._again),
            median=statistics.median(self._seconds) if self._seconds else None,
            again=statistics.median(self._again) if self._again else None,
        )


def tallies(counted: Mapping[_K, Counting]) -> dict[_K, Tally]:
    """Return the figures of each."""
    return {place: found.tally() for place, found in counted.items()}
