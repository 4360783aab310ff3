"""What a comparison means for the caller: which of the asked-for changes it holds, which code."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from convergent.harness.diff import Diff
from convergent.harness.diff.classify import is_worse

FAILED, NOT_RUN, NOTHING = 1, 3, 5

CAUSES: dict[str, Callable[[Diff], int]] = {
    "new": lambda d: d.counts["new"],
    "known": lambda d: d.counts["known"],
    "fixed": lambda d: d.counts["fixed"],
    "changed": lambda d: d.counts["changed"],
    "worse": lambda d: sum(c.kind == "changed" and is_worse(c.old, c.new) for c in d.changes),
    "drifted": lambda d: d.counts["drifted"],
    "grew": lambda d: sum(x.direction == "grew" for x in d.drifts),
    "fell": lambda d: sum(x.direction == "fell" for x in d.drifts),
    "slower": lambda d: sum(x.direction == "slower" for x in d.speeds),
    "faster": lambda d: sum(x.direction == "faster" for x in d.speeds),
    "gained": lambda d: d.counts["gained"],
    "lost": lambda d: d.counts["lost"],
    "only": lambda d: len(d.lone),
}
"""What ``--fail-on`` may name, and how many of it a comparison holds."""


def failing(diff: Diff, causes: Iterable[str]) -> dict[str, int]:
    """Return how many there are of each of ``causes`` that the comparison holds."""
    return {name: n for name in causes if (n := CAUSES[name](diff))}


def exit_code(diff: Diff, causes: Iterable[str]) -> int:
    """Return 0, or 1 for what ``causes`` name, 3 for what could not be run, 5 for nothing shared.

    Another version loaded than was asked for is worse than any finding: nothing was compared.
    """
    if diff.lies:
        return NOT_RUN
    if not diff.checks:
        return NOT_RUN if diff.errors else NOTHING
    if failing(diff, causes):
        return FAILED
    return NOT_RUN if diff.errors else 0
