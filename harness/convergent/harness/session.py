"""One sitting of a run: the threads, what they share, and the writing of what they find."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from convergent.cases.dtypes import Array
from convergent.cases.errors import BackendUnavailable
from convergent.harness import record
from convergent.harness.budget import Budget, Turn
from convergent.harness.drive import Driver
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work
from convergent.harness.record import End, Loaded, Writer
from convergent.harness.referee import Referee
from convergent.harness.share import Shared
from convergent.harness.spoils import Arrays


class Session:
    """One sitting: the threads, what they share, and the writing of what they find."""

    def __init__(
        self,
        writer: Writer,
        ledger: Ledger,
        options: Options,
        watch: Callable[[Outcome], None] | None,
    ) -> None:
        self._writer, self._ledger, self._options, self._watch = writer, ledger, options, watch
        self._referee = Referee()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._versions: dict[str, str] = {}
        self._drivers: list[Driver] = []
        self._arrays = Arrays(options.folder)

    def replay(self, path: Path) -> None:
        """Let the ledger see what an earlier sitting recorded."""
        if path.stat().st_size == 0:
            return
        earlier = record.read(path)
        for variant in earlier.variants.values():
            self._versions[variant.name] = str(variant.loaded.get("version", ""))
        for outcome in earlier.outcomes:
            bare = msgspec.structs.replace(outcome, known="")
            self._ledger.excuse(bare, self._versions.get(outcome.variant, ""))

    def run(self, left: dict[str, list[Work]]) -> End:
        """Run what is left and say where the time went."""
        began = time.perf_counter()
        allowed, jobs = self._options.budget, self._options.jobs
        shared = Shared(left, None if allowed is None else Budget(allowed, jobs))
        interrupted = False
        with ThreadPoolExecutor(jobs) as pool:
            try:
                futures = [pool.submit(self._drive, shared) for _ in range(jobs)]
                for future in futures:
                    future.result()
            except KeyboardInterrupt:
                interrupted = True
                self._stop.set()
                for driver in self._drivers:
                    driver.interrupt()
        times = [driver.times for driver in self._drivers]
        return End(
            finished=now(),
            wall=time.perf_counter() - began,
            harness=sum(t.wall - t.start - t.busy for t in times),
            framework=sum(t.framework for t in times),
            workers=sum(t.wall - t.start for t in times),
            interrupted=interrupted,
            out_of_time=allowed is not None and shared.left > 0 and not self._stop.is_set(),
        )

    def _driver(self, turn: Turn) -> Driver:
        driver = Driver(
            turn.variant,
            referee=self._referee,
            emit=self._emit,
            announce=self._announce,
            timeout=self._options.timeout,
            repeat=self._options.repeat,
            stop=turn,
            crowded=self._options.jobs > 1,
        )
        self._drivers.append(driver)
        return driver

    def _drive(self, shared: Shared) -> None:
        """Take one variant after another until nothing is left; what one thread does."""
        while not self._stop.is_set() and (turn := shared.next_turn()) is not None:
            driver, rest = self._driver(turn), None
            try:
                with turn.limit(self._stop, driver.interrupt):
                    driver.run(shared.works(turn.variant))
                rest = driver.rest
            except BackendUnavailable:
                shared.drop(turn.variant)  # recorded as the variant's error; the others go on
            except BaseException:
                self._stop.set()
                raise
            finally:
                shared.end(turn, rest)

    def _announce(self, variant: Loaded) -> None:
        with self._lock:
            if not variant.error:  # the version stays known to the ledger
                self._versions[variant.name] = str(variant.loaded.get("version", ""))
            self._writer.write(variant)

    def _emit(self, outcome: Outcome, array: Array | None) -> None:
        with self._lock:
            version = self._versions.get(outcome.variant, "")
            outcome = self._ledger.excuse(outcome, version)
            self._writer.write(outcome)
            if outcome.is_finding:
                self._arrays.keep(outcome, array)
                if self._options.stop_at_first:
                    self._stop.set()
            if self._watch:
                self._watch(outcome)


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
