"""The workers of one variant, one after another: asked, survived, and started again."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from convergent.backends.base import OPS
from convergent.cases.case import Case
from convergent.cases.errors import BackendUnavailable, WorkerLost
from convergent.harness import remarks
from convergent.harness.budget import Stop
from convergent.harness.outcome import Judgement
from convergent.harness.record import Loaded
from convergent.harness.relations import Problem
from convergent.harness.worker import memory
from convergent.harness.worker.client import Answer, Client, Oversized, TimedOut

AHEAD = 16
"""Open requests: the worker goes on while the referee looks longer at one wrong result. They are
answered in their order; those that a lost worker leaves unanswered are asked of the next."""
_STARTS = 3
_SLACK = 64 << 20  # bytes that an answer of a wrong shape may have
_RECYCLE_GROWTH = 3 << 30  # bytes of resident memory that a worker may gain

Reply = Answer | Judgement
"""A worker's answer, or what losing the worker came to."""


class Stopped(Exception):
    """The run was asked to stop."""


class Times(msgspec.Struct):
    """Where a variant's wall time went, in seconds."""

    wall: float = 0.0
    start: float = 0.0  # starting workers and importing the framework
    busy: float = 0.0  # the worker was at work on a check
    framework: float = 0.0  # of which inside framework calls
    carried: float = 0.0  # and of which carrying tensors into the framework and out of it


class Workers:
    """Has one worker at a time run checks, and starts another where one is lost.

    ``announce`` is given the variant's description each time a worker has loaded. A check that
    loses its worker is asked again, unless ``once``. ``timeout`` may be changed between checks.
    A worker may hold ``most_memory`` bytes (0: any; ``None``: most of the machine's).
    """

    def __init__(  # noqa: PLR0913 - keyword-only collaborators
        self,
        variant: str,
        *,
        announce: Callable[[Loaded], None],
        timeout: float,
        stop: Stop,
        crowded: bool = False,
        once: bool = False,
        most_memory: int | None = None,
    ) -> None:
        self._most_memory = memory.share() if most_memory is None else most_memory
        self.variant, self.times, self.timeout = variant, Times(), timeout
        self._announce, self._once = announce, once
        self._stop, self._crowded = stop, crowded
        self._client: Client | None = None
        self._held: Problem | None = None  # what the worker has
        self._loaded = False
        self._resident = 0

    def ask(
        self, problem: Problem, keys: Iterable[str], times: int
    ) -> Iterator[tuple[str, Reply, str]]:
        """Have the worker run ``keys``, through as many workers as it takes, and yield replies.

        With each goes how a worker was lost at its first try. Raises ``BackendUnavailable`` if no
        worker loads, and ``Stopped``.
        """
        case, waiting, opened = problem.case, deque(keys), deque[str]()
        losses: dict[str, str] = {}  # how the worker was lost at a check's first try
        while waiting or opened:
            try:
                client = self._ready(problem)
                while waiting and len(opened) < AHEAD:
                    opened.append(waiting.popleft())
                    client.send(opened[-1], self.timeout, times)
                answer = client.answer(self.timeout, _room(case, opened[0], times))
            except WorkerLost as lost:
                key, found = self._lost(opened, waiting, losses, lost)
                if found:
                    yield key, found, ""
            else:
                self._count(answer)
                key = opened.popleft()
                yield key, answer, losses.get(key, "")

    def kill(self) -> None:
        """End the worker, if one is running."""
        client, self._client, self._held = self._client, None, None
        if client:
            client.close()

    def interrupt(self) -> None:
        """Kill the worker from another thread: the one that runs finds it lost, and stops."""
        client = self._client
        if client:
            client.kill()

    def recycle(self) -> None:
        """Start afresh once a worker's memory has grown too far: leaks must not end the run."""
        if self._client is None:
            return
        limit = int(self._client.loaded.get("resident", 0)) + _RECYCLE_GROWTH
        if self._resident > limit:
            self.kill()

    def _lost(
        self, opened: deque[str], waiting: deque[str], losses: dict[str, str], lost: WorkerLost
    ) -> tuple[str, Judgement | None]:
        """Book a lost worker on the check it was at; that one may be, and the others are, again."""
        if self._stop.is_set() or self._client is None:
            raise Stopped from lost
        key = opened.popleft() if opened else waiting.popleft()
        began, stack = self._client.started == key, self._client.stderr_tail()
        self.kill()
        waiting.extendleft(reversed(opened))
        opened.clear()
        reason = remarks.with_stack(str(lost), stack)
        if isinstance(lost, Oversized):
            return key, Judgement(verdict="differs", ratio="inf", detail=str(lost))
        if isinstance(lost, TimedOut) and (began or key in losses):
            detail = remarks.with_stack(f"{lost} after {self.timeout:g} s", stack)
            return key, Judgement(verdict="timed_out", detail=detail)
        if key in losses or (self._once and began):
            return key, Judgement(verdict="crashed", detail=reason)
        # Once more, alone: a signal may come from outside (an operator, the kernel short of
        # memory), and a heap that an earlier method broke may fail in an innocent one.
        losses[key] = reason
        waiting.appendleft(key)
        return key, None

    def _ready(self, problem: Problem) -> Client:
        if self._stop.is_set():
            raise Stopped
        if self._client is None:
            began = time.perf_counter()
            self._client = self._start()
            self.times.start += time.perf_counter() - began
            if self._stop.is_set():  # meanwhile, when there was no worker yet to interrupt
                raise Stopped
            self._loaded = True
            self._announce(Loaded(name=self.variant, loaded=self._client.loaded))
        if not problem.is_same(self._held):
            self._client.take(problem.case, problem.operands, self.timeout)
            self._held = problem
        return self._client

    def _start(self) -> Client:
        for attempt in range(_STARTS):
            try:
                return Client(self.variant, crowded=self._crowded, most_memory=self._most_memory)
            except BackendUnavailable as error:
                if self._stop.is_set():
                    raise Stopped from error
                # It loaded before, or it was killed from outside while it was importing.
                if (self._loaded or "SIGKILL" in str(error)) and attempt + 1 < _STARTS:
                    continue
                self._announce(Loaded(name=self.variant, error=str(error)))
                raise
        raise AssertionError

    def _count(self, answer: Answer) -> None:
        self.times.busy += answer.header.get("busy", 0.0)
        self.times.framework += sum(answer.seconds)
        self.times.carried += answer.header.get("carried", 0.0)
        self._resident = answer.header.get("resident", 0)


def _room(case: Case, key: str, times: int) -> int:
    """Return how many bytes an answer may have before its shape alone is wrong enough."""
    roles = OPS[key.partition("/")[0]]
    entries = math.prod(math.prod(case.shape(role)) for role in roles)
    return _SLACK + 4 * 8 * times * entries
