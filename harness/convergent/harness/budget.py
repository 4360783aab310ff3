"""How long a run may take, and each variant's share of that time.

A clock that is moved by hand shows the shares of three variants on two workers:

>>> at = [0.0]
>>> budget = Budget(60, jobs=2, clock=lambda: at[0])
>>> waiting = ["jax", "tensorflow", "torch"]
>>> first, second = budget.turn("torch", waiting), budget.turn("jax", waiting)
>>> first.seconds, second.seconds
(40.0, 40.0)
>>> at[0] = 40.0
>>> budget.end(first), budget.end(second)
(None, None)
>>> budget.turn("tensorflow", waiting).seconds, budget.turn("tensorflow", waiting).seconds
(20.0, 20.0)
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

_WORTH_SECONDS = 10.0  # importing a framework takes up to that, on a machine at work


class Stop(Protocol):
    """What says that no more is to be done: a ``threading.Event`` or a ``Turn``."""

    def is_set(self) -> bool:
        """Say whether to stop."""
        ...


class Turn:
    """One worker's time with a variant: until the run stops, or its ``seconds`` are over."""

    def __init__(self, variant: str, seconds: float | None = None, ends: float = 0.0) -> None:
        self.variant, self.seconds, self.ends = variant, seconds, ends
        self._run: Stop | None = None
        self._over = threading.Event()

    def is_set(self) -> bool:
        """Say whether to stop."""
        return self._over.is_set() or (self._run is not None and self._run.is_set())

    @contextlib.contextmanager
    def limit(self, run: Stop, interrupt: Callable[[], None]) -> Iterator[None]:
        """Stop with ``run``; ``interrupt`` what is at work when the time is over."""
        self._run = run
        if self.seconds is None:
            yield
            return

        def end() -> None:
            self._over.set()
            interrupt()

        timer = threading.Timer(self.seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class Budget:
    """The time of a run: ``seconds`` from now on for each of ``jobs`` workers.

    Worker time is shared so that all variants had the same in the end; what some do not need
    goes to those that had least. Not safe for threads: ``Shared`` holds its lock.
    """

    def __init__(
        self, seconds: float, jobs: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs, self._clock = jobs, clock
        self._ends = clock() + seconds
        self._running: list[Turn] = []
        self._had: defaultdict[str, float] = defaultdict(float)

    @property
    def left(self) -> float:
        """The seconds left."""
        return max(self._ends - self._clock(), 0.0)

    @property
    def is_worth_a_start(self) -> bool:
        """Whether a variant that was cut short could do more than start in what is left."""
        return self.left > _WORTH_SECONDS

    def had(self, variant: str) -> float:
        """Return the worker time that ``variant`` was given, in seconds."""
        return self._had[variant]

    def is_running(self, variant: str) -> bool:
        """Say whether a worker is at ``variant``."""
        return any(turn.variant == variant for turn in self._running)

    def turn(self, variant: str, waiting: Iterable[str]) -> Turn:
        """Give ``variant`` its share of the time; ``waiting`` are all that have something to do."""
        now, left = self._clock(), self.left
        promised = sum(max(turn.ends - now, 0.0) for turn in self._running)
        free = max(left * self._jobs - promised, 0.0)
        seconds = _level(free, sorted(map(self.had, waiting))) - self.had(variant)
        if self.had(variant):
            seconds = max(seconds, _WORTH_SECONDS)
        seconds = min(left, seconds)
        turn = Turn(variant, seconds, now + seconds)
        self._running.append(turn)
        self._had[variant] += seconds
        return turn

    def end(self, turn: Turn) -> None:
        """Take back what a turn did not need."""
        self._running.remove(turn)
        self._had[turn.variant] -= max(turn.ends - self._clock(), 0.0)


def _level(free: float, had: Sequence[float]) -> float:
    """Return what each has after ``free`` went to those with least, who come first in ``had``."""
    total = free
    for count, (amount, following) in enumerate(zip(had, [*had[1:], math.inf], strict=True), 1):
        total += amount
        if total / count <= following:
            return total / count
    raise AssertionError
