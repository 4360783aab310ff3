"""How long a run takes yet: the recent pace of each variant, on workers that share what is left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from convergent.backends import registry

MEMORY = 300.0
"""Seconds after which a check counts by 1/e: first checks compile, and machines get busy or idle.

On a recorded run of 73 minutes an estimate from the mean of all checks of the slowest variant was
off by a factor of 3.4 in its last third, this one by 1.5, as it is with 60 to 600 seconds.
"""


_ALONE = 8  # checks that no second worker is started for


class Pace:
    """The seconds that one worker needs for a check of each variant, as of late.

    ``totals`` holds the checks to do per variant. A free worker takes a variant that nobody works
    on, and then helps where most is left, unless that is not worth a start (``harness.share``): so
    ``jobs`` workers are busy until little is left.
    """

    def __init__(self, totals: Mapping[str, int], jobs: int | None = None) -> None:
        self._totals, self._jobs = dict(totals), jobs or max(len(totals), 1)
        self.done: Counter[str] = Counter()
        self._latest: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    def add(self, variant: str, now: float) -> None:
        """Count one more check of ``variant``, done at ``now``."""
        if variant in self._latest:
            gap = now - self._latest[variant]
            fading = math.exp(-gap / MEMORY)
            self._counts[variant] = self._counts.get(variant, 0.0) * fading + 1
            spent = gap * self._workers()
            self._seconds[variant] = self._seconds.get(variant, 0.0) * fading + spent
        self._latest[variant] = now
        self.done[variant] += 1

    def rest(self, variant: str) -> int:
        """Return how many checks of ``variant`` are left."""
        return max(self._totals.get(variant, 0) - self.done[variant], 0)

    def left(self) -> float | None:
        """Return the seconds that all of it takes yet; None while nothing can be said."""
        each = self._each()
        if not each:
            return None
        waits = {name: self.rest(name) * _guess(name, each) for name in self._totals}
        alone = (wait for name, wait in waits.items() if self.rest(name) <= _ALONE)
        return max(sum(waits.values()) / self._jobs, *alone, 0.0)

    def rate(self, variant: str) -> float:
        """Return the checks per second of ``variant``, as of late; 0 while it is unknown."""
        seconds = self._each().get(variant, 0.0)
        return self._workers() / seconds if seconds > 0 else 0.0

    def _each(self) -> dict[str, float]:
        return {name: self._seconds[name] / count for name, count in self._counts.items()}

    def _workers(self) -> float:
        """Return how many workers a variant has that is at work."""
        unfinished = sum(self.rest(name) > 0 for name in self._totals)
        return self._jobs / max(min(unfinished, self._jobs), 1)


def _guess(variant: str, each: Mapping[str, float]) -> float:
    """Return the seconds per check of ``variant``, or of its kin while it has not begun."""
    backend = registry.backend_of(variant)
    kin = [s for name, s in each.items() if registry.backend_of(name) == backend]
    known = kin or list(each.values())
    return each.get(variant, sum(known) / len(known))
