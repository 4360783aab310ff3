"""A closer look at a hit: asked again in a fresh worker, and shrunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convergent.cases.case import Case
from convergent.cases.text import parse
from convergent.harness.alike import alike
from convergent.harness.fuzz.findings import Finding, finding
from convergent.harness.outcome import Outcome
from convergent.harness.session import now
from convergent.harness.shrink import Failure, shrink

SECONDS = 20.0
"""What shrinking one hit may take."""
MOST = 1500

Ask = Callable[[str, str, Case], Outcome]


def look(hit: Outcome, like: Sequence[Finding], ask: Ask, renew: Callable[[], None]) -> Finding:
    """Return what ``hit`` is.

    ``like`` are findings of other ways: if the hit's way shows one of their smallest cases alike,
    that is its own. ``ask`` answers a check, ``renew`` has it do so in a fresh worker.
    """
    variant, key = hit.variant, hit.key
    for one in like:
        found = ask(variant, key, one.case)
        if alike(hit, found):
            made = finding(hit, found, "shrunk", now())
            made.evaluations, made.complete = 1, one.complete
            return made
    renew()
    again = ask(variant, key, parse(hit.case))
    if not alike(hit, again):
        return finding(hit, hit, "unsteady", now())
    failure = Failure(ask, again)
    shrunk = shrink(failure, failure.case, most=MOST, seconds=SECONDS)
    made = finding(hit, failure.newest, "shrunk", now())
    made.evaluations, made.complete = shrunk.evaluations, shrunk.complete
    return made
