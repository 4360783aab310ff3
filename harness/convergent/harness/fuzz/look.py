"""A closer look at a hit: asked again in a fresh worker, and shrunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convergent.cases.case import Case
from convergent.cases.text import parse
from convergent.harness.alike import alike
from convergent.harness.fuzz.findings import Finding, finding, is_hit
from convergent.harness.outcome import Outcome
from convergent.harness.session import now
from convergent.harness.shrink import Failure, shrink

SECONDS = 20.0
"""What shrinking one hit may take."""
MOST = 1500
_PATIENCE = 4  # times the time limit: what does not answer by then hangs
_HURRY = 10  # a check that hangs is shrunk with this part of the time limit ...
_LEAST_LIMIT = 2.0  # ... but no less

Ask = Callable[[str, str, Case], Outcome]


class Look:
    """Looks into the hits of one variant.

    ``ask`` answers a check, ``renew`` has it do so in a fresh worker, ``limit`` gives further ones
    so many seconds each; ``timeout`` is what they have otherwise.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        renew: Callable[[], None],
        limit: Callable[[float], None],
        timeout: float,
    ) -> None:
        self._ask, self._renew, self._limit, self._timeout = ask, renew, limit, timeout

    def __call__(self, hit: Outcome, like: Sequence[Finding]) -> Finding | Outcome:
        """Return what ``hit`` is: a finding, or another outcome if it needed but more time.

        ``like`` are findings of other ways: if the hit's way shows one of their smallest cases
        alike, that is its own.
        """
        same = Failure(self._ask, hit)
        for one in like:
            if same(one.case):
                return _made(hit, same.newest, same.asked, complete=one.complete)
        self._renew()
        if hit.verdict == "timed_out":
            return self._patient(hit)
        again = self._ask(hit.variant, hit.key, parse(hit.case))
        if not alike(hit, again):
            return finding(hit, hit, "unsteady", now())
        failure = Failure(self._ask, again)
        shrunk = shrink(failure, parse(hit.case), most=MOST, seconds=SECONDS)
        return _made(hit, failure.newest, shrunk.evaluations, complete=shrunk.complete)

    def _patient(self, hit: Outcome) -> Finding | Outcome:
        """Ask again with much more time: on a busy machine, what is slow is no hang."""
        self._limit(_PATIENCE * self._timeout)
        try:
            again = self._ask(hit.variant, hit.key, parse(hit.case))
        finally:
            self._limit(self._timeout)
        if again.verdict == "timed_out":
            return self._hanging(hit, again)
        if is_hit(again):
            return finding(hit, again, "unsteady", now())
        return again

    def _hanging(self, hit: Outcome, again: Outcome) -> Finding:
        """Shrink in a hurry what hangs; what comes out must hang with all the time, too."""
        failure = Failure(self._ask, again)
        self._limit(min(self._timeout, max(_LEAST_LIMIT, self._timeout / _HURRY)))
        try:
            shrunk = shrink(failure, parse(hit.case), most=MOST, seconds=2 * SECONDS)
        finally:
            self._limit(self._timeout)
        least = self._ask(hit.variant, hit.key, shrunk.case)
        if alike(again, least):
            return _made(hit, least, shrunk.evaluations, complete=shrunk.complete)
        return _made(hit, again, shrunk.evaluations, complete=False)


def _made(hit: Outcome, least: Outcome, evaluations: int, *, complete: bool) -> Finding:
    made = finding(hit, least, "shrunk", now())
    made.evaluations, made.complete = evaluations, complete
    return made
