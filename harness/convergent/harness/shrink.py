"""From a failing check to a minimal case that fails in the same way.

``shrink`` knows cases and a predicate; ``Failure`` is the predicate "still the same finding".
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from convergent.cases.case import Case
from convergent.cases.errors import UnknownMethod
from convergent.cases.order import simpler
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness.alike import alike, is_failure
from convergent.harness.outcome import Outcome
from convergent.harness.referee import asks

__all__ = ["MOST", "Failure", "Shrunk", "alike", "is_failure", "shrink"]

MOST = 5000
"""Evaluations after which shrinking ends, whether or not the case is minimal."""

Ask = Callable[[str, str, Case], Outcome]


@record
class Shrunk:
    """The smallest failing case that was found, and how often the predicate was asked.

    ``complete``: no candidate of ``simpler(case)`` fails. Otherwise the budget ended.
    """

    case: Case
    evaluations: int
    complete: bool


def shrink(
    fails: Callable[[Case], bool],
    case: Case,
    *,
    most: int = MOST,
    seconds: float = math.inf,
    watch: Callable[[Case, int], None] | None = None,
) -> Shrunk:
    """Go down from the failing ``case`` to one of which no simpler candidate fails.

    ``fails`` is asked once of each case at most, ``most`` times in all and not after ``seconds``;
    ``case`` itself is not asked. ``watch`` is given the failing case at hand and the evaluations
    so far, before each. What ``fails`` raises goes through.
    """
    passed: set[Case] = set()
    deadline = time.monotonic() + seconds
    evaluations, descends = 0, True
    while descends:
        descends = False
        for candidate in simpler(case):
            if candidate in passed:
                continue
            if evaluations >= most or time.monotonic() >= deadline:
                return Shrunk(case=case, evaluations=evaluations, complete=False)
            if watch:
                watch(case, evaluations)
            evaluations += 1
            if fails(candidate):
                case, descends = candidate, True
                break
            passed.add(candidate)
    return Shrunk(case=case, evaluations=evaluations, complete=True)


class Failure:
    """The predicate that a case shows the same finding as ``outcome``, asked by ``ask``.

    ``newest`` is the last outcome that was alike: while ``shrink`` asks, that of the smallest
    case so far. ``asked`` counts the cases, ``slowest`` is the longest time that one took in the
    framework and passed.
    """

    def __init__(self, ask: Ask, outcome: Outcome) -> None:
        self.outcome = self.newest = outcome
        self.asked, self.slowest = 0, 0.0
        self._ask = ask

    @property
    def smallest(self) -> Case:
        """The case of ``newest``."""
        return parse(self.newest.case)

    def __call__(self, case: Case) -> bool:
        """Say whether ``case`` fails as ``outcome`` does; what is not asked does not fail."""
        self.asked += 1
        if not asks(case, self.outcome.op):
            return False
        try:
            found = self._ask(self.outcome.variant, self.outcome.key, case)
        except UnknownMethod:  # the relation says nothing of this case
            return False
        if found.verdict == "agrees":
            self.slowest = max(self.slowest, found.seconds + found.again)
        same = alike(self.outcome, found)
        if same:
            self.newest = found
        return same
