"""The loop of a fuzz: variants take turns; each asks its worker and looks into what is wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import msgspec

from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.cases.errors import BackendUnavailable, NothingLeft, UnknownMethod
from convergent.harness import relations
from convergent.harness.drive import Driver
from convergent.harness.fuzz import folder
from convergent.harness.fuzz.findings import Finding, finding
from convergent.harness.fuzz.look import Look
from convergent.harness.fuzz.state import Hit, State
from convergent.harness.fuzz.turns import Turns
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work
from convergent.harness.record import End, Loaded, Run, Writer
from convergent.harness.referee import Referee
from convergent.harness.session import now
from convergent.harness.workers import Stopped, Times

FULL = 100_000
"""So many checks are recorded each; after them one that agrees is, for every case and variant."""
_GRACE = 10.0  # seconds for what is going on when the time is over
_SAVE_EVERY = 30.0


class Loop:
    """What the threads of a fuzz share, and the writing of what they find."""

    def __init__(  # noqa: PLR0913 - keyword-only collaborators
        self,
        *,
        options: Options,
        state: State,
        turns: Turns,
        writer: Writer,
        ledger: Ledger,
        watch: Callable[[State], bool],
    ) -> None:
        self.state, self.turns = state, turns
        self.errors: dict[str, str] = {}
        self.timeout = options.timeout
        self._options, self._writer, self._ledger, self._watch = options, writer, ledger, watch
        self._referee = Referee()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._versions: dict[str, str] = {}
        self._drivers: list[Driver] = []
        self._exhausted: NothingLeft | None = None
        self._recorded = 0
        self._saved = time.monotonic()

    def replay(self, earlier: Run) -> None:
        """Learn from what an earlier sitting recorded, as the ledger of this one has it."""
        for variant in earlier.variants.values():
            self._versions[variant.name] = str(variant.loaded.get("version", ""))
        for found in list(self.state.findings.all):
            if self.excused(found.outcome).known:
                self.state.findings.remove(found)
        for outcome in earlier.outcomes:
            if outcome.variant in self.state.tallies:
                bare = msgspec.structs.replace(outcome, known="")
                self.state.learn(self.excused(bare), again=True)
        self._recorded = len(earlier.outcomes)
        self.state.settle()

    def run(self) -> End:
        """Fuzz until the budget is spent or someone ends it. Raises ``NothingLeft``."""
        began = time.perf_counter()
        jobs = min(self._options.jobs, len(self._options.variants))
        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(self._drive) for _ in range(jobs)]
            try:
                grace = min(_GRACE, max(1.0, self.turns.left / 10))
                wait(futures, timeout=self.turns.left + grace)
            except KeyboardInterrupt:
                pass
            finally:
                self._stop.set()
                for driver in self._drivers:
                    driver.interrupt()
        for future in futures:
            future.result()
        if self._exhausted and not any(t.checks for t in self.state.tallies.values()):
            raise self._exhausted
        self._leave_waiting()
        self.save()
        return _end(time.perf_counter() - began, [driver.times for driver in self._drivers])

    def save(self) -> None:
        """Write corpus and findings."""
        where = self._options.folder
        folder.write_findings(self.state.findings.all, where / folder.FINDINGS_FILE)
        folder.write_corpus(self.state.steering.corpus, where / folder.CORPUS_FILE)
        self._saved = time.monotonic()

    def _drive(self) -> None:
        """Give variants their turns until the time is over; what one thread does."""
        while not self._stop.is_set() and (variant := self.turns.take()) is not None:
            began = time.monotonic()
            try:
                _Turn(self, variant).run(began)
            except BackendUnavailable as error:
                self.errors[variant] = str(error)
                self.turns.drop(variant)
            except NothingLeft as error:
                self._exhausted = error
                self.turns.drop(variant)
            except BaseException:
                self._stop.set()
                raise
            finally:
                self.turns.give(variant, time.monotonic() - began)
                self.state.tallies[variant].seconds = self.turns.used[variant]

    def driver(self, variant: str, emit: Callable[[Outcome, Array | None], None]) -> Driver:
        """Return what has the workers of ``variant`` answer."""
        driver = Driver(
            variant,
            referee=self._referee,
            emit=emit,
            announce=self._announce,
            timeout=self.timeout,
            repeat=self._options.repeat,
            stop=self._stop,
            crowded=True,  # who fuzzes for hours uses the machine meanwhile
        )
        self._drivers.append(driver)
        return driver

    def excused(self, outcome: Outcome) -> Outcome:
        """Return ``outcome`` as the ledger has it."""
        if outcome.verdict == "agrees":
            return outcome
        with self._lock:
            return self._ledger.excuse(outcome, self._versions.get(outcome.variant, ""))

    def next(self, variant: str) -> Work:
        """Return what a variant is asked next."""
        with self._lock:
            case, keys = self.state.next(variant)
            return Work(case, keys)

    def take(self, outcome: Outcome, *, first: bool) -> None:
        """Record an outcome and learn from it; ``first``: the first of its case and variant."""
        with self._lock:
            if first or self._recorded < FULL or outcome.verdict != "agrees":
                self._writer.write(outcome)
                self._recorded += 1
            self.state.learn(outcome)
            if self._watch(self.state):
                self._stop.set()
            if time.monotonic() - self._saved > _SAVE_EVERY:
                self.save()

    def pending(self, variant: str) -> tuple[Hit, list[Finding]] | None:
        """Return the next hit to look into, and findings of other ways that are like it."""
        with self._lock:
            waiting, findings = self.state.pending[variant], self.state.findings
            while waiting:
                hit = waiting[0]
                known = findings.match(hit.outcome)
                if hit.is_sample and known and known.outcome.case != hit.outcome.case:
                    return hit, []
                if known is None:
                    return hit, findings.like(hit.outcome)
                waiting.popleft()
                known.seen += not hit.is_sample
            return None

    def found(self, hit: Hit, made: Finding | Outcome) -> None:
        """Take in what a hit turned out to be, and write it down."""
        with self._lock:
            self.state.pending[hit.outcome.variant].popleft()
            if isinstance(made, Outcome):
                self._writer.write(made)  # the later line wins
                self.state.excuse(hit.outcome)
                return
            made.seen = int(not hit.is_sample)
            kept = self.state.findings.add(made)
            if kept is made and made.outcome.case != hit.outcome.case:
                self._writer.write(made.outcome)
                self.state.learn(made.outcome)
            self.save()
            if self._watch(self.state) or 0 < self._options.enough <= len(self.state.findings.all):
                self._stop.set()

    def _leave_waiting(self) -> None:
        """Write down the hits that nobody had the time to look into, those alike once."""
        for waiting in self.state.pending.values():
            for outcome, is_sample in waiting:
                known = self.state.findings.match(outcome)
                if known is None:
                    known = self.state.findings.add(finding(outcome, outcome, "waiting", now()))
                known.seen += not is_sample

    def _announce(self, variant: Loaded) -> None:
        with self._lock:
            if not variant.error:
                self._versions[variant.name] = str(variant.loaded.get("version", ""))
            self._writer.write(variant)


class _Turn:
    """One variant's time with a worker."""

    def __init__(self, loop: Loop, variant: str) -> None:
        self._loop, self._variant = loop, variant
        self._driver = loop.driver(variant, self._emit)
        self._closer = Look(
            self._ask,
            renew=self._driver.kill,
            limit=self._driver.limit,
            timeout=loop.timeout,
        )
        self._asked: Outcome | None = None
        self._looks = False
        self._told = 0.0
        self._case = ""

    def run(self, began: float) -> None:
        self._driver.run(self._works(began))

    def _works(self, began: float) -> Iterator[Work]:
        while not self._loop.turns.is_over(began):
            if waiting := self._loop.pending(self._variant):
                self._look(*waiting)
                continue
            work = self._loop.next(self._variant)
            self._case, self._told = "", self._clock()
            yield work

    def _look(self, hit: Hit, like: list[Finding]) -> None:
        self._looks = True
        try:
            self._loop.found(hit, self._closer(hit.outcome, like))
        finally:
            self._looks = False

    def _ask(self, variant: str, key: str, case: Case) -> Outcome:
        """Have the worker answer a check that is not recorded. Raises ``UnknownMethod``."""
        assert variant == self._variant
        if relations.split(key)[1] and relations.claim(key, case) is None:
            raise UnknownMethod(f"{key} says nothing of {case}")
        self._asked = None
        self._driver.check(case, key)
        if self._asked is None:
            raise Stopped
        return self._loop.excused(self._asked)

    def _emit(self, outcome: Outcome, _array: Array | None) -> None:
        if self._looks:
            self._asked = outcome
            return
        before, self._told = self._told, self._clock()
        self._loop.state.ways[self._variant].time(outcome.key, self._told - before)
        first, self._case = outcome.case != self._case, outcome.case
        self._loop.take(self._loop.excused(outcome), first=first)

    def _clock(self) -> float:
        """Return a time that stands still while a worker starts."""
        return time.monotonic() - self._driver.times.start


def _end(wall: float, times: list[Times]) -> End:
    return End(
        finished=now(),
        wall=wall,
        harness=sum(t.wall - t.start - t.busy for t in times),
        framework=sum(t.framework for t in times),
        workers=sum(t.wall - t.start for t in times),
    )
