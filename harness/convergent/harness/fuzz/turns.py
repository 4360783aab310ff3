"""Whose turn it is: every variant gets the same time, a few of them at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

TURN = 30.0
"""Seconds of a turn, starting up included; about that where the budget is no multiple of it."""
_SHORTEST = 20.0  # a worker takes some seconds to start
_WORTH_A_START = 3.0


class Turns:
    """Hands out turns, the variant with the least time first, until the budget is spent."""

    def __init__(self, variants: Iterable[str], jobs: int, budget: float) -> None:
        self.used = dict.fromkeys(variants, 0.0)
        self.deadline = time.monotonic() + budget
        share = budget * jobs / max(len(self.used), 1)
        self.length = max(_SHORTEST, share / max(1, round(share / TURN)))
        self._at_work: set[str] = set()
        self._dropped: set[str] = set()
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """The seconds left of the budget."""
        return self.deadline - time.monotonic()

    def take(self) -> str | None:
        """Return the variant to run now; ``None`` if there is none or no time for one."""
        with self._lock:
            waiting = self._waiting()
            begun = any(self.used.values()) or self._at_work
            if not waiting or self.left < (_WORTH_A_START if begun else 0.0):
                return None
            variant = min(waiting, key=self.used.__getitem__)
            self._at_work.add(variant)
            return variant

    def give(self, variant: str, seconds: float) -> None:
        """End the turn of ``variant``, which took ``seconds``."""
        with self._lock:
            self.used[variant] += seconds
            self._at_work.discard(variant)

    def drop(self, variant: str) -> None:
        """Give ``variant`` no further turn: it cannot be run."""
        with self._lock:
            self._dropped.add(variant)

    def is_over(self, began: float) -> bool:
        """Say whether a turn that began at ``began`` should end, for others wait or for good."""
        if self.left <= 0:
            return True
        with self._lock:
            return time.monotonic() - began >= self.length and bool(self._waiting())

    def _waiting(self) -> list[str]:
        return [v for v in self.used if v not in self._at_work and v not in self._dropped]
