"""One variant's part of a run: its worker asked, survived and judged, one case after another."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.cases.errors import BackendUnavailable, WorkerLost
from convergent.harness import remarks
from convergent.harness.compare import digest
from convergent.harness.judge import judge
from convergent.harness.outcome import Judgement, Outcome
from convergent.harness.plan import Work
from convergent.harness.record import Loaded
from convergent.harness.referee import Referee
from convergent.harness.worker.client import Answer, Client, Oversized, TimedOut

AHEAD = 2  # open requests: the worker computes one while the referee judges the other
_STARTS = 3
_SLACK = 64 << 20  # bytes that an answer of a wrong shape may have
_RECYCLE_GROWTH = 3 << 30  # bytes of resident memory that a worker may gain


class Stopped(Exception):
    """The run was asked to stop."""


class Times(msgspec.Struct):
    """Where a variant's wall time went, in seconds."""

    wall: float = 0.0
    start: float = 0.0  # starting workers and importing the framework
    busy: float = 0.0  # the worker was at work on a check
    framework: float = 0.0  # of which inside framework calls


class Driver:
    """Runs the works of one variant and emits every outcome; framework faults never raise.

    ``emit`` takes an outcome and the wrong result, if there is one; ``announce`` the variant's
    description each time a worker has loaded. Both are called from the thread that calls ``run``.
    """

    def __init__(  # noqa: PLR0913 - keyword-only collaborators
        self,
        variant: str,
        *,
        referee: Referee,
        emit: Callable[[Outcome, Array | None], None],
        announce: Callable[[Loaded], None],
        timeout: float,
        stop: threading.Event,
        crowded: bool = False,
        repeat: int = 2,
    ) -> None:
        self.variant, self.times = variant, Times()
        self._asked = registry.variant(variant)
        self._referee, self._emit, self._announce = referee, emit, announce
        self._timeout, self._stop, self._crowded = timeout, stop, crowded
        self._repeat = repeat
        self._client: Client | None = None
        self._held: Case | None = None  # the case that the worker has
        self._loaded = False
        self._resident = 0

    def run(self, works: Iterable[Work]) -> None:
        """Run every check of ``works``. Raises ``BackendUnavailable`` if no worker loads."""
        began = time.perf_counter()
        try:
            for work in works:
                self._case(work)
        except Stopped:
            pass
        finally:
            self.kill()
            self.times.wall += time.perf_counter() - began

    def check(self, case: Case, key: str) -> None:
        """Run one check; the worker stays for the next. Raises ``BackendUnavailable``."""
        self._case(Work(case, [key]))

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

    def _case(self, work: Work) -> None:
        waiting: deque[str] = deque()
        for key in work.keys:
            gap = self._asked.gap(key, work.case)
            if gap:
                self._say(work.case, key, Judgement(verdict="unsupported", detail=gap.reason))
            else:
                waiting.append(key)
        if too_large := self._referee.refuses(work.case):
            for key in waiting:
                self._say(work.case, key, Judgement(verdict="mistrusted", detail=too_large))
            return
        self._ask(work.case, waiting)
        self._recycle()

    def _ask(self, case: Case, waiting: deque[str]) -> None:
        """Have the worker run every key of ``waiting``, through as many workers as it takes."""
        opened: deque[str] = deque()
        losses: dict[str, str] = {}  # how the worker was lost at a check's first try
        while waiting or opened:
            try:
                client = self._ready(case)
                while waiting and len(opened) < AHEAD:
                    opened.append(waiting.popleft())
                    client.send(opened[-1], self._timeout, self._repeat)
                answer = client.answer(self._timeout, self._room(case, opened[0]))
            except WorkerLost as lost:
                self._lost(case, opened, waiting, losses, lost)
            else:
                key = opened.popleft()
                self._judge(case, key, answer, losses.get(key, ""))

    def _room(self, case: Case, key: str) -> int:
        """Return how many bytes an answer may have before its shape alone is wrong enough."""
        roles = OPS[key.partition("/")[0]]
        entries = math.prod(math.prod(case.shape(role)) for role in roles)
        return _SLACK + 4 * 8 * self._repeat * entries

    def _lost(
        self,
        case: Case,
        opened: deque[str],
        waiting: deque[str],
        losses: dict[str, str],
        lost: WorkerLost,
    ) -> None:
        """Book a lost worker on the check it was at; the others are asked again."""
        if self._stop.is_set() or self._client is None:
            raise Stopped from lost
        key = opened.popleft() if opened else waiting.popleft()
        began, stack = self._client.started == key, self._client.stderr_tail()
        self.kill()
        waiting.extendleft(reversed(opened))
        opened.clear()
        reason = remarks.with_stack(str(lost), stack)
        if isinstance(lost, Oversized):
            self._say(case, key, Judgement(verdict="differs", ratio="inf", detail=str(lost)))
        elif isinstance(lost, TimedOut) and (began or key in losses):
            detail = remarks.with_stack(f"{lost} after {self._timeout:g} s", stack)
            self._say(case, key, Judgement(verdict="timed_out", detail=detail))
        elif key in losses:
            self._say(case, key, Judgement(verdict="crashed", detail=reason))
        else:
            # Once more, alone: a signal may come from outside (an operator, the kernel short of
            # memory), and a heap that an earlier method broke may fail in an innocent one.
            losses[key] = reason
            waiting.appendleft(key)

    def _ready(self, case: Case) -> Client:
        if self._stop.is_set():
            raise Stopped
        if self._client is None:
            began = time.perf_counter()
            self._client = self._start()
            self.times.start += time.perf_counter() - began
            self._loaded = True
            self._announce(Loaded(name=self.variant, loaded=self._client.loaded))
        if self._held != case:
            self._client.take(case, self._referee.operands(case), self._timeout)
            self._held = case
        return self._client

    def _start(self) -> Client:
        for attempt in range(_STARTS):
            try:
                return Client(self.variant, crowded=self._crowded)
            except BackendUnavailable as error:
                if self._stop.is_set():
                    raise Stopped from error
                # It loaded before, or it was killed from outside while it was importing.
                if (self._loaded or "SIGKILL" in str(error)) and attempt + 1 < _STARTS:
                    continue
                self._announce(Loaded(name=self.variant, error=str(error)))
                raise
        raise AssertionError

    def _judge(self, case: Case, key: str, answer: Answer, loss: str) -> None:
        self.times.busy += answer.header.get("busy", 0.0)
        self._resident = answer.header.get("resident", 0)
        self.times.framework += sum(answer.seconds)
        self._say(case, key, judge(self._referee, case, key, answer), answer, loss)

    def _say(
        self, case: Case, key: str, found: Judgement, answer: Answer | None = None, loss: str = ""
    ) -> None:
        op, _, name = key.partition("/")
        array = answer.arrays[0] if answer and answer.arrays else None
        first, again, *_ = (*answer.seconds, 0.0, 0.0) if answer else (0.0, 0.0)
        outcome = Outcome(
            variant=self.variant,
            op=op,
            method=name,
            case=str(case),
            digest="" if array is None or answer is None else digest(array, answer.dtype),
            seconds=first,
            again=again,
            kernel=str(answer.header.get("kernel", "")) if answer else "",
            note=remarks.note(case, op, loss),
            **msgspec.structs.asdict(found),
        )
        self._emit(outcome, array)

    def _recycle(self) -> None:
        """Start afresh once a worker's memory has grown too far: leaks must not end the run."""
        if self._client is None:
            return
        limit = int(self._client.loaded.get("resident", 0)) + _RECYCLE_GROWTH
        if self._resident > limit:
            self.kill()
