"""What is left of a run, shared by the threads that drive its workers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from convergent.harness.budget import Budget, Turn
from convergent.harness.plan import Work

_WORTH_A_START = 8  # cases; importing a framework takes as long as some of them


class Shared:
    """What is left to do, shared by threads that each drive one worker.

    A variant nobody works on goes first, the one with most checks before the others; after
    that the variant with most left is given a second worker, as long as that is worth a start.
    With a budget each variant has its share of it, and who had least comes again first.
    """

    def __init__(self, planned: dict[str, list[Work]], budget: Budget | None = None) -> None:
        self._left = {variant: deque(works) for variant, works in planned.items() if works}
        self._budget = budget
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def next_turn(self) -> Turn | None:
        """Return which variant a free thread should work on and for how long, if there is one."""
        with self._lock:
            fresh = [v for v, works in self._left.items() if works and v not in self._taken]
            if self._budget is None or (fresh and self._budget.left):
                worth = [v for v, works in self._left.items() if len(works) > _WORTH_A_START]
                found = max(fresh or worth, key=self._checks_left, default=None)
            else:
                found = self._cut_short(self._budget)
            if found is None:
                return None
            self._taken.add(found)
            if self._budget is None:
                return Turn(found)
            return self._budget.turn(found, [v for v, works in self._left.items() if works])

    def _cut_short(self, budget: Budget) -> str | None:
        if not budget.is_worth_a_start:
            return None
        worth = [
            variant
            for variant, works in self._left.items()
            if len(works) > _WORTH_A_START or (works and not budget.is_running(variant))
        ]
        return min(worth, key=lambda v: (budget.had(v), -self._checks_left(v)), default=None)

    def end(self, turn: Turn, rest: Work | None) -> None:
        """Take back the case that a turn was at when its time was over."""
        with self._lock:
            if rest:
                self._left[turn.variant].appendleft(rest)
            if self._budget:
                self._budget.end(turn)

    @property
    def left(self) -> int:
        """The number of checks that nobody has taken."""
        with self._lock:
            return sum(map(self._checks_left, self._left))

    def works(self, variant: str) -> Iterator[Work]:
        """Yield what is left of a variant; every work goes to one thread."""
        left = self._left[variant]
        while True:
            with self._lock:  # no deque may change while another thread counts what it holds
                if not left:
                    return
                work = left.popleft()
            yield work

    def drop(self, variant: str) -> None:
        """Give up what is left of a variant."""
        with self._lock:
            self._left[variant].clear()

    def _checks_left(self, variant: str) -> int:
        return sum(len(work.keys) for work in self._left[variant])
