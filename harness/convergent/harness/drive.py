"""One variant's part of a run: its worker asked, survived and judged, one case after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from convergent.backends import registry
from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.harness import relations, remarks
from convergent.harness.budget import Stop
from convergent.harness.compare import digest
from convergent.harness.judge import judge
from convergent.harness.outcome import PASSING, Judgement, Outcome
from convergent.harness.plan import Work
from convergent.harness.record import Loaded
from convergent.harness.referee import Referee
from convergent.harness.relate import by_method, relate
from convergent.harness.relations import Problem
from convergent.harness.workers import Reply, Stopped, Times, Workers


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
        stop: Stop,
        crowded: bool = False,
        repeat: int = 2,
        once: bool = False,
        most_memory: int | None = None,
    ) -> None:
        self.variant = variant
        self._asked = registry.variant(variant)
        self._traits = self._asked.traits
        self._referee, self._emit, self._repeat = referee, emit, repeat
        self._workers = Workers(
            variant,
            announce=announce,
            timeout=timeout,
            stop=stop,
            crowded=crowded,
            once=once,
            most_memory=most_memory,
        )
        self.kill, self.interrupt = self._workers.kill, self._workers.interrupt
        self._at: Work | None = None  # the case at hand and its checks without an outcome

    def limit(self, seconds: float) -> None:
        """Give each further check so much time."""
        self._workers.timeout = seconds

    @property
    def times(self) -> Times:
        """Where the time went."""
        return self._workers.times

    @property
    def rest(self) -> Work | None:
        """What is left of the case that ``run`` was at when it was stopped."""
        return self._at if self._at and self._at.keys else None

    def run(self, works: Iterable[Work]) -> None:
        """Run every check of ``works``. Raises ``BackendUnavailable`` if no worker loads."""
        began = time.perf_counter()
        try:
            for work in works:
                self._at = Work(work.case, list(work.keys))
                self._case(work)
        except Stopped:
            pass
        finally:
            self.kill()
            self.times.wall += time.perf_counter() - began

    def check(self, case: Case, key: str) -> None:
        """Run one check; the worker stays for the next. Raises ``BackendUnavailable``."""
        self._case(Work(case, [key]))

    def _case(self, work: Work) -> None:
        case, replies = work.case, dict[str, Reply]()
        plain = [key for key in work.keys if not relations.split(key)[1]]
        related = [key for key in work.keys if relations.split(key)[1]]
        waiting = [key for key in plain if not self._has_gap(case, key)]
        refused = self._referee.refuses(case)
        if refused:
            self._mistrust(case, waiting, refused)
            waiting = []
        if hopeless := self._referee.cannot_relate(case):
            self._mistrust(case, related, hopeless)
            related = []
        if waiting or related:
            problem = Problem(case, self._referee.operands(case))
            kept = {relations.split(key)[0] for key in related}
            for key, reply, loss in self._workers.ask(problem, waiting, self._repeat):
                self._judge(case, key, reply, loss)
                if key in kept:
                    replies[key] = reply
            # Of a large case, the results of one method at a time.
            for keys in by_method(related) if refused else [related]:
                self._relate(problem, keys, replies)
                replies = {}
        self._workers.recycle()

    def _has_gap(self, case: Case, key: str) -> bool:
        gap = self._asked.gap(key, case, self._traits)
        if gap:
            self._say(case, key, Judgement(verdict="unsupported", detail=gap.reason))
        return gap is not None

    def _mistrust(self, case: Case, keys: Iterable[str], reason: str) -> None:
        for key in keys:
            self._say(case, key, Judgement(verdict="mistrusted", detail=reason))

    def _relate(self, problem: Problem, keys: list[str], replies: dict[str, Reply]) -> None:
        def ask(asked: Problem, called: Sequence[str]) -> Iterator[tuple[str, Reply]]:
            return ((key, reply) for key, reply, _ in self._workers.ask(asked, called, 1))

        for key, found, seconds, array in relate(self._asked, problem, keys, ask, replies):
            bits = ""
            if array is not None and found.verdict not in PASSING:
                bits = digest(array, problem.case.dtype)
            self._say(problem.case, key, found, array=array, seconds=(seconds,), digest=bits)

    def _judge(self, case: Case, key: str, reply: Reply, loss: str) -> None:
        if isinstance(reply, Judgement):
            self._say(case, key, reply, note=remarks.note(case, key.partition("/")[0], ""))
            return
        array = reply.arrays[0] if reply.arrays else None
        self._say(
            case,
            key,
            judge(self._referee, case, key, reply),
            array=array,
            seconds=reply.seconds,
            digest="" if array is None else digest(array, reply.dtype),
            kernel=str(reply.header.get("kernel", "")),
            note=remarks.note(case, key.partition("/")[0], loss),
        )

    def _say(
        self,
        case: Case,
        key: str,
        found: Judgement,
        *,
        array: Array | None = None,
        seconds: tuple[float, ...] = (),
        **said: str,
    ) -> None:
        op, _, name = key.partition("/")
        first, again, *_ = (*seconds, 0.0, 0.0)
        outcome = Outcome(
            variant=self.variant,
            op=op,
            method=name,
            case=str(case),
            seconds=first,
            again=again,
            **msgspec.structs.asdict(found),
        )
        self._emit(msgspec.structs.replace(outcome, **said), array)
        if self._at and key in self._at.keys:
            self._at.keys.remove(key)
