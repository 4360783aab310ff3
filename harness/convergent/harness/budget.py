"""How long a run may take, and each variant's share of that time.

A clock that is moved by hand shows the shares of three variants on two workers:

>>> at = [0.0]
>>> budget = Budget(60, jobs=2, clock=lambda: at[0])
>>> first, second = budget.turn("torch", among=3), budget.turn("jax", among=2)
>>> first.seconds, second.seconds
(40.0, 40.0)
>>> at[0] = 40.0
>>> budget.end(first), budget.end(second)
(None, None)
>>> budget.turn("tensorflow", among=1).seconds
20.0
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
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

    Worker time is shared out evenly among the variants that had none yet; what some leave over
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

    def turn(self, variant: str, among: int) -> Turn:
        """Give ``variant`` its share of the time, among so many variants that wait for theirs."""
        now, left = self._clock(), self.left
        promised = sum(max(turn.ends - now, 0.0) for turn in self._running)
        seconds = min(left, max(left * self._jobs - promised, 0.0) / among)
        turn = Turn(variant, seconds, now + seconds)
        self._running.append(turn)
        self._had[variant] += seconds
        return turn

    def end(self, turn: Turn) -> None:
        """Take back what a turn did not need."""
        self._running.remove(turn)
        self._had[turn.variant] -= max(turn.ends - self._clock(), 0.0)
