"""One variant's part of a run: its worker asked, survived and judged, one case after another."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from convergent.backends import registry
from convergent.cases import goldens
from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.cases.errors import BackendUnavailable, WorkerLost
from convergent.harness import compare
from convergent.harness.outcome import Judgement, Outcome, Verdict
from convergent.harness.plan import Work
from convergent.harness.record import Variant
from convergent.harness.referee import Referee
from convergent.harness.worker.client import Answer, Client, TimedOut

AHEAD = 2  # open requests: the worker computes one while the referee judges the other
_STARTS = 3
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
        announce: Callable[[Variant], None],
        timeout: float,
        stop: threading.Event,
        crowded: bool = False,
    ) -> None:
        self.variant, self.times = variant, Times()
        self._backend = registry.get(variant)
        self._referee, self._emit, self._announce = referee, emit, announce
        self._timeout, self._stop, self._crowded = timeout, stop, crowded
        self._client: Client | None = None
        self._held: Case | None = None  # the case that the worker has
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
            gap = self._backend.gap(key, work.case)
            if gap:
                self._say(work.case, key, Judgement(verdict="unsupported", detail=gap.reason))
            else:
                waiting.append(key)
        opened: deque[str] = deque()
        retried: set[str] = set()
        while waiting or opened:
            try:
                client = self._ready(work.case)
                answer = self._next(client, waiting, opened)
            except WorkerLost as lost:
                if not opened:
                    raise
                self._lost(work.case, opened, waiting, retried, lost)
            else:
                self._judge(work.case, opened.popleft(), answer)
        self._recycle()

    def _next(self, client: Client, waiting: deque[str], opened: deque[str]) -> Answer:
        while waiting and len(opened) < AHEAD:
            opened.append(waiting.popleft())
            client.send(opened[-1])
        return client.answer(self._timeout)

    def _lost(
        self,
        case: Case,
        opened: deque[str],
        waiting: deque[str],
        retried: set[str],
        lost: WorkerLost,
    ) -> None:
        """Book a lost worker on the check it was at; the others are asked again."""
        assert self._client is not None
        if self._stop.is_set():
            raise Stopped
        key = opened.popleft()
        stack = self._client.stderr_tail()
        began = self._client.started == key
        self.kill()
        waiting.extendleft(reversed(opened))
        opened.clear()
        # SIGKILL comes from outside (an operator, the kernel short of memory), and a worker that
        # had not begun was not killed by this check: both are asked once more before they count.
        if key not in retried and ("SIGKILL" in str(lost) or not began):
            retried.add(key)
            waiting.appendleft(key)
            return
        verdict: Verdict = "timed_out" if isinstance(lost, TimedOut) else "crashed"
        detail = f"{lost} after {self._timeout:g} s" if verdict == "timed_out" else str(lost)
        self._say(case, key, Judgement(verdict=verdict, detail=_with_stack(detail, stack)))

    def _ready(self, case: Case) -> Client:
        if self._stop.is_set():
            raise Stopped
        if self._client is None:
            began = time.perf_counter()
            self._client = self._start()
            self.times.start += time.perf_counter() - began
            self._announce(Variant(name=self.variant, loaded=self._client.loaded))
        if self._held != case:
            self._client.take(case, self._referee.operands(case))
            self._held = case
        return self._client

    def _start(self) -> Client:
        for attempt in range(_STARTS):
            try:
                return Client(self.variant, crowded=self._crowded)
            except BackendUnavailable as error:
                if self._stop.is_set():
                    raise Stopped from error
                # Killed from outside while it was importing: not the framework's fault.
                if "SIGKILL" in str(error) and attempt + 1 < _STARTS:
                    continue
                self._announce(Variant(name=self.variant, error=str(error)))
                raise
        raise AssertionError

    def _judge(self, case: Case, key: str, answer: Answer) -> None:
        self.times.busy += answer.header.get("busy", 0.0)
        self._resident = answer.header.get("resident", 0)
        if answer.header["is"] == "raised":
            detail = str(answer.header.get("message"))
            self._say(case, key, Judgement(verdict="raised", detail=detail))
            return
        seconds = float(answer.header.get("seconds", 0.0))
        self.times.framework += seconds
        array, dtype = answer.arrays[0], str(answer.header.get("dtype"))
        found = self._referee.question(case, key.partition("/")[0]).judge(array, dtype)
        changed = answer.header.get("changed")
        if changed:
            detail = f"the method changed its input {', '.join(map(str, changed))}"
            found = msgspec.structs.replace(found, verdict="differs", detail=detail)
        self._say(case, key, found, seconds, array=array, digest=compare.digest(array, dtype))

    def _say(  # noqa: PLR0913 - one outcome's parts
        self,
        case: Case,
        key: str,
        found: Judgement,
        seconds: float = 0.0,
        *,
        array: Array | None = None,
        digest: str = "",
    ) -> None:
        op, _, name = key.partition("/")
        outcome = Outcome(
            variant=self.variant,
            op=op,
            method=name,
            case=str(case),
            digest=digest,
            seconds=seconds,
            note=_note(case, op),
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


def _note(case: Case, op: str) -> str:
    """Return what a golden's source got wrong, if this is about it."""
    if not case.data.startswith("golden"):
        return ""
    golden = goldens.get(case.data)
    return f"{golden.name}: {golden.erratum}" if golden.erratum and op in golden.expected else ""


def _with_stack(detail: str, stack: str) -> str:
    """Add the innermost lines of a native stack, on one line."""
    lines = [line.strip() for line in stack.splitlines() if line.strip()]
    frames = [line for line in lines if line.startswith(("File", "Fatal", "F0", "F1", "F2"))]
    said = " < ".join((frames or lines[-2:])[:3])
    return f"{detail}: {said[:300]}" if said else detail
