"""One sitting of a run: what its crew finds is shown to the ledger, written and watched."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from convergent.cases.dtypes import Array
from convergent.harness import record
from convergent.harness.crew import Crew
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work
from convergent.harness.record import End, Loaded, Writer
from convergent.harness.spoils import Arrays


class Session:
    """One sitting: takes what a crew finds, from any thread, and writes it down."""

    def __init__(
        self,
        writer: Writer,
        ledger: Ledger,
        options: Options,
        watch: Callable[[Outcome], None] | None,
    ) -> None:
        self.options, self.stop = options, threading.Event()
        self._writer, self._ledger, self._watch = writer, ledger, watch
        self._lock = threading.Lock()
        self._versions: dict[str, str] = {}
        self._findings = 0
        self._arrays = Arrays(options.folder)

    def replay(self, path: Path) -> None:
        """Let the ledger see what an earlier sitting recorded; what it says now is recorded too."""
        if path.stat().st_size == 0:
            return
        earlier = record.read(path)
        for variant in earlier.variants.values():
            self._versions[variant.name] = str(variant.loaded.get("version", ""))
        for outcome in earlier.outcomes:
            bare = msgspec.structs.replace(outcome, known="")
            again = self._ledger.excuse(bare, self._versions.get(outcome.variant, ""))
            if again.known != outcome.known:
                self._writer.write(again)

    def run(self, left: dict[str, list[Work]], crew: Crew) -> End:
        """Have ``crew`` run what is left and say where the time went."""
        began = time.perf_counter()
        spent = crew.work(left, self)
        out_of_time = self.options.budget is not None and spent.left > 0
        return End(
            finished=now(),
            wall=time.perf_counter() - began,
            harness=sum(t.wall - t.start - t.busy for t in spent.times),
            framework=sum(t.framework for t in spent.times),
            workers=sum(t.wall - t.start for t in spent.times),
            interrupted=spent.interrupted,
            out_of_time=out_of_time and not self.stop.is_set(),
        )

    def announce(self, variant: Loaded) -> None:
        """Record what a worker has loaded, or why a variant could not be run."""
        with self._lock:
            if not variant.error:  # the version stays known to the ledger
                self._versions[variant.name] = str(variant.loaded.get("version", ""))
            self._writer.write(variant)

    def emit(self, outcome: Outcome, array: Array | None) -> None:
        """Record an outcome, as the ledger sees it, and the wrong result if it is a finding."""
        with self._lock:
            version = self._versions.get(outcome.variant, "")
            outcome = self._ledger.excuse(outcome, version)
            self._writer.write(outcome)
            if outcome.is_finding:
                self._arrays.keep(outcome, array)
                self._findings += 1
                if self._findings == self.options.enough:
                    self.stop.set()
            if self._watch:
                self._watch(outcome)


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
