"""A failing check, shrunk through workers that crash and hang, and its minimum asked again.

The first round is quick: a check that loses its worker is asked once, and where the check hangs,
the time limit follows what passing checks take. If the minimum then does not hold in fresh workers
with the full time limit, a second round is as patient as a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from convergent.cases.case import Case
from convergent.harness.ask import Asker
from convergent.harness.ledger import Ledger
from convergent.harness.outcome import Outcome
from convergent.harness.shrink import MOST, Failure, Shrunk, is_failure, shrink

CONFIRMATIONS = 3
_LEAST_LIMIT = 2.0  # seconds
_TIMES_SLOWEST = 20  # a check that takes so many times longer than any that passed hangs


class Minimum(msgspec.Struct, frozen=True, kw_only=True, tag="shrunk"):
    """The smallest check found to show the finding of the check ``of`` (its id).

    ``outcome`` is its outcome (that of ``of`` itself, where nothing fails). ``complete``: no
    simpler case that is tried fails. ``held`` of ``CONFIRMATIONS`` times it failed again.
    """

    of: str
    outcome: Outcome
    evaluations: int = 0
    complete: bool = False
    held: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def is_flaky(self) -> bool:
        """Whether the minimum did not fail each time that it was asked again."""
        return not self.interrupted and is_failure(self.outcome) and self.held < CONFIRMATIONS


class Reducer:
    """Shrinks checks: ``timeout`` seconds for each evaluation, ``most`` evaluations for a check.

    ``watch`` is given the failing case at hand and the evaluations so far.
    """

    def __init__(
        self,
        *,
        timeout: float = 120.0,
        most: int = MOST,
        ledger: Ledger | None = None,
        watch: Callable[[Case, int], None] | None = None,
    ) -> None:
        self._timeout, self._most, self._ledger, self._watch = timeout, most, ledger, watch

    def __call__(self, variant: str, key: str, case: Case) -> Minimum:
        """Ask the check, and shrink its case if it fails. An interrupt gives the smallest so far.

        Raises ``UnknownBackend``, ``UnknownMethod`` and ``BackendUnavailable``.
        """
        began = time.perf_counter()
        found = self._round(variant, key, case, quick=True)
        if found.outcome.verdict in ("crashed", "timed_out") and found.is_flaky:
            second = self._round(variant, key, case, quick=False)
            total = found.evaluations + second.evaluations
            better = second if second.held >= found.held else found
            found = msgspec.structs.replace(better, evaluations=total)
        return msgspec.structs.replace(found, seconds=time.perf_counter() - began)

    def _round(self, variant: str, key: str, case: Case, *, quick: bool) -> Minimum:
        held, interrupted = 0, False
        with Asker(self._timeout, self._ledger, once=quick) as ask:
            first = _first(ask, variant, key, case)
            if not is_failure(first):
                return Minimum(of=first.id, outcome=first)
            failure = Failure(ask, first)
            try:
                shrunk = self._shrink(ask, failure, hurry=quick and first.verdict == "timed_out")
                held = self._confirm(failure, shrunk.case)
            except KeyboardInterrupt:
                shrunk = Shrunk(case=failure.smallest, evaluations=failure.asked, complete=False)
                interrupted = True
        return Minimum(
            of=first.id,
            outcome=failure.newest,
            evaluations=shrunk.evaluations,
            complete=shrunk.complete,
            held=held,
            interrupted=interrupted,
        )

    def _shrink(self, ask: Asker, failure: Failure, *, hurry: bool) -> Shrunk:
        def fails(candidate: Case) -> bool:
            if hurry:
                ask.limit(self._limit(failure))
            return failure(candidate)

        case = failure.smallest
        if hurry:  # what passes tells how long passing takes
            ones = (1,) * case.dims
            probe = Failure(ask, failure.outcome)
            probe(Case(input=ones, kernel=ones, dtype=case.dtype, layout=case.layout))
            failure.slowest = probe.slowest
        return shrink(fails, case, most=self._most, watch=self._watch)

    def _confirm(self, failure: Failure, case: Case) -> int:
        """Return how often ``case`` fails again in fresh workers, the first with all the time."""
        held = 0
        with Asker(self._timeout, self._ledger, once=True) as ask:
            again = Failure(ask, failure.outcome)
            for _ in range(CONFIRMATIONS):
                held += again(case)
                ask.limit(self._limit(failure))
        return held

    def _limit(self, failure: Failure) -> float:
        """Return the seconds after which a check hangs; all of them while none has passed."""
        if failure.outcome.verdict != "timed_out" or not failure.slowest:
            return self._timeout
        return min(self._timeout, max(_LEAST_LIMIT, _TIMES_SLOWEST * failure.slowest))


def _first(ask: Asker, variant: str, key: str, case: Case) -> Outcome:
    """Return the first outcome that is a failure, or the last of several that are none."""
    for _ in range(CONFIRMATIONS - 1):
        outcome = ask(variant, key, case)
        if outcome.verdict != "agrees":
            return outcome
    return ask(variant, key, case)
