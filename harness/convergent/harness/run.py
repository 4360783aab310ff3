"""A run: every planned check through its variant's worker, judged and recorded.

The outcome does not depend on the order: variants run side by side, each in a thread that does
little but wait for its worker, and every outcome is on the disk before the next is judged.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.cases.errors import BackendUnavailable, RunFileDamaged
from convergent.harness import environment, plan, record
from convergent.harness.drive import Driver
from convergent.harness.ledger import Ledger
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Selection, Shared, Work
from convergent.harness.record import End, Header, Run, Variant, Writer
from convergent.harness.referee import Referee

RUN_FILE = "run.jsonl"
_MOST_ARRAYS = 50
_LARGEST_ARRAY = 4 << 20


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to run: everything but the cases."""

    variants: tuple[str, ...]
    folder: Path
    selection: Selection = Selection()
    suite: str = ""
    seed: int = 0
    timeout: float = 120.0
    jobs: int = 2
    stop_at_first: bool = False
    resume: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to: the run file as read back, and whether it was interrupted."""

    run: Run
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 2 interrupted, 3 a variant could not be run, 5 nothing selected."""
        if self.interrupted:
            return 2
        if (self.run.end and self.run.end.stale) or any(
            outcome.is_finding for outcome in self.run.outcomes
        ):
            return 1
        if any(variant.error for variant in self.run.variants.values()):
            return 3
        return 0 if self.run.outcomes else 5


def run(
    cases: Sequence[Case],
    options: Options,
    ledger: Ledger,
    watch: Callable[[dict[str, int]], Callable[[Outcome], None]] | None = None,
) -> Result:
    """Run every check and return the result; the run file lies in ``options.folder``.

    ``watch`` is given the number of checks left per variant and returns a function that is
    called with each outcome. Raises ``RunFileDamaged`` if ``options.resume`` finds another run.
    """
    seeded = [_with_seed(case, options.seed) for case in cases]
    planned = plan.plan(options.variants, seeded, options.selection)
    path = options.folder / RUN_FILE
    done = _prepare(path, planned, options)
    left = {variant: _left(works, done, variant) for variant, works in planned.items()}
    writer = Writer(path)
    if not done:
        writer.write(_header(planned, seeded, options))
    session = _Session(writer, ledger, options, watch(plan.count(left)) if watch else None)
    session.replay(path)
    try:
        end = session.run(left)
        if not (options.selection.narrows or options.stop_at_first or end.interrupted):
            end = msgspec.structs.replace(end, stale=_stale(ledger))
        writer.write(end)
    finally:
        writer.close()
    return Result(run=record.read(path), interrupted=end.interrupted)


class _Session:
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
        self._arrays = 0

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
        shared = Shared(left)
        interrupted = False
        with ThreadPoolExecutor(self._options.jobs) as pool:
            futures = [pool.submit(self._drive, shared) for _ in range(self._options.jobs)]
            try:
                for future in futures:
                    future.result()
            except KeyboardInterrupt:
                interrupted = True
                self._stop.set()
                for driver in self._drivers:
                    driver.interrupt()
        times = [driver.times for driver in self._drivers]
        return End(
            finished=_now(),
            wall=time.perf_counter() - began,
            harness=sum(t.wall - t.start - t.busy for t in times),
            framework=sum(t.framework for t in times),
            workers=sum(t.wall - t.start for t in times),
            interrupted=interrupted,
        )

    def _driver(self, variant: str) -> Driver:
        driver = Driver(
            variant,
            referee=self._referee,
            emit=self._emit,
            announce=self._announce,
            timeout=self._options.timeout,
            stop=self._stop,
        )
        self._drivers.append(driver)
        return driver

    def _drive(self, shared: Shared) -> None:
        """Take one variant after another until nothing is left; what one thread does."""
        while (variant := shared.next_variant()) is not None:
            try:
                self._driver(variant).run(shared.works(variant))
            except BackendUnavailable:
                shared.drop(variant)  # recorded as the variant's error; the others go on
            except BaseException:
                self._stop.set()
                raise

    def _announce(self, variant: Variant) -> None:
        with self._lock:
            self._versions[variant.name] = str(variant.loaded.get("version", ""))
            self._writer.write(variant)

    def _emit(self, outcome: Outcome, array: Array | None) -> None:
        with self._lock:
            version = self._versions.get(outcome.variant, "")
            outcome = self._ledger.excuse(outcome, version)
            self._writer.write(outcome)
            if outcome.is_finding:
                self._keep(outcome, array)
                if self._options.stop_at_first:
                    self._stop.set()
            if self._watch:
                self._watch(outcome)

    def _keep(self, outcome: Outcome, array: Array | None) -> None:
        """Keep a wrong result beside the run file; the inputs are remade from the case."""
        if array is None or self._arrays >= _MOST_ARRAYS or array.nbytes > _LARGEST_ARRAY:
            return
        self._arrays += 1
        folder = self._options.folder / "arrays"
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{outcome.digest}.npy", array, allow_pickle=False)


def _with_seed(case: Case, seed: int) -> Case:
    return case if case.data.startswith("golden") else case.replace(seed=case.seed + seed)


def _prepare(path: Path, planned: dict[str, list[Work]], options: Options) -> frozenset[str]:
    """Return the ids of the checks that a run to be resumed has; put an older run aside."""
    if not path.exists():
        return frozenset()
    if not options.resume:
        _put_aside(path)
        return frozenset()
    record.cut_partial_line(path)
    if path.stat().st_size == 0:
        return frozenset()
    earlier = record.read(path)
    if earlier.header.plan != plan.digest(planned):
        raise RunFileDamaged(
            f"{path} is a run of other checks ({' '.join(earlier.header.argv)}); "
            "repeat that command with --resume, or give another folder with -o"
        )
    return frozenset(outcome.id for outcome in earlier.outcomes)


def _put_aside(path: Path) -> None:
    stamp = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    kept = path.with_name(f"run-{stamp:%Y%m%dT%H%M%S}.jsonl")
    path.rename(kept)


def _left(works: list[Work], done: frozenset[str], variant: str) -> list[Work]:
    left = []
    for case, keys in works:
        line = str(case)
        todo = [key for key in keys if f"{variant}/{key}/{line}" not in done]
        if todo:
            left.append(Work(case, todo))
    return left


def _header(planned: dict[str, list[Work]], cases: Sequence[Case], options: Options) -> Header:
    return Header(
        version=environment.version(),
        started=_now(),
        argv=sys.argv[1:],
        suite=options.suite,
        seed=options.seed,
        variants=list(planned),
        cases=len(cases),
        checks=sum(plan.count(planned).values()),
        plan=plan.digest(planned),
        environment=environment.describe(),
    )


def _stale(ledger: Ledger) -> tuple[str, ...]:
    return tuple(
        f"known.toml lets {e.variant} {' '.join(e.checks)} be {' or '.join(e.verdicts)}, but its "
        f"example {e.example} no longer is: remove or narrow the entry ({e.reason})"
        for e in ledger.stale()
    )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
