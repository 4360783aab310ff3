"""A run: every planned check through its variant's worker, judged and recorded.

The outcome does not depend on the order: variants run side by side, each in a thread that does
little but wait for its worker, and every outcome is on the disk before the next is judged.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec

from convergent.cases.case import Case
from convergent.cases.errors import FolderInUse, RunFileDamaged
from convergent.harness import costs, environment, envs, plan, record
from convergent.harness.crew import Crew
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work
from convergent.harness.record import Header, Run, Writer
from convergent.harness.session import Session, now
from convergent.harness.threads import Threads

RUN_FILE = "run.jsonl"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to: the run file as read back, and whether it was interrupted."""

    run: Run
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 2 interrupted, 3 some checks could not be run, 5 none selected.

        What a budget left out is no fault, unless it left out everything.
        """
        if self.interrupted:
            return 2
        if not self.run.header.checks:  # a shard of few cases may have none
            return 0 if any(whole.checks for whole in self.run.header.wholes.values()) else 5
        if (self.run.end and self.run.end.stale) or any(
            outcome.is_finding for outcome in self.run.outcomes
        ):
            return 1
        if self.run.end and self.run.end.out_of_time:
            failed = any(variant.error for variant in self.run.variants.values())
            return 3 if failed or not self.run.outcomes else 0
        return 0 if len(self.run.outcomes) == self.run.header.checks else 3


def run(
    cases: Sequence[Case],
    options: Options,
    ledger: Ledger,
    watch: Callable[[dict[str, int]], Callable[[Outcome], None]] | None = None,
) -> Result:
    """Run every check and return the result; the run file lies in ``options.folder``.

    ``watch`` is given the number of checks left per variant and returns a function that is
    called with each outcome. Raises ``RunFileDamaged`` if ``options.resume`` finds another run
    and ``FolderInUse`` if one is going on in the folder.
    """
    with sole_use(options.folder):
        return _run(cases, options, ledger, watch)


def _run(
    cases: Sequence[Case],
    options: Options,
    ledger: Ledger,
    watch: Callable[[dict[str, int]], Callable[[Outcome], None]] | None,
) -> Result:
    seeded = [_with_seed(case, options.seed) for case in cases]
    whole = plan.plan(options.variants, seeded, options.selection)
    planned = _part(whole, options)
    header = _header(planned, whole, seeded, options)
    with _crew(planned, options) as crew:
        return _sitting(planned, header, crew, options, ledger=ledger, watch=watch)


@contextlib.contextmanager
def _crew(planned: dict[str, list[Work]], options: Options) -> Iterator[Crew]:
    """Give who drives the workers. Raises ``ClusterUnavailable``."""
    if not options.dask:
        yield Threads()
        return
    from convergent.harness.cluster import connect

    with connect.connected(options.dask, [v for v, works in planned.items() if works]) as crew:
        yield crew


def _sitting(  # noqa: PLR0913 - what a run is made of
    planned: dict[str, list[Work]],
    header: Header,
    crew: Crew,
    options: Options,
    *,
    ledger: Ledger,
    watch: Callable[[dict[str, int]], Callable[[Outcome], None]] | None,
) -> Result:
    path = options.folder / RUN_FILE
    done = _prepare(path, planned, options)
    left = {variant: _left(works, done, variant) for variant, works in planned.items()}
    writer = Writer(path)
    if not path.stat().st_size:  # a kill may have left the header alone: one is enough
        writer.write(header)
    session = Session(writer, ledger, options, watch(plan.count(left)) if watch else None)
    session.replay(path)
    try:
        end = session.run(left, crew)
        ended_early = options.enough or end.interrupted or end.out_of_time
        if not (options.selection.narrows or ended_early):
            end = msgspec.structs.replace(end, stale=_stale(ledger))
        writer.write(end)
    finally:
        writer.close()
    return Result(run=record.read(path), interrupted=end.interrupted)


@contextlib.contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Keep other runs out of ``folder`` meanwhile: they would put this one's file aside."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(
                f"another run is writing to {folder}; wait for it, or give another folder with -o"
            ) from error
        yield


def _part(whole: dict[str, list[Work]], options: Options) -> dict[str, list[Work]]:
    """Return the shard that was asked for."""
    if options.shard is None:
        return whole
    return options.shard.take(whole, costs.measured(options.durations))


def _with_seed(case: Case, seed: int) -> Case:
    return case if case.data.startswith("golden") else case.replace(seed=case.seed + seed)


def _prepare(path: Path, planned: dict[str, list[Work]], options: Options) -> frozenset[str]:
    """Return the ids of the checks that a run to be resumed has; put an older run aside."""
    if not path.exists():
        return frozenset()
    if not options.resume:
        put_aside(path)
        return frozenset()
    if record.is_cut_in_header(path):
        path.unlink()
        return frozenset()
    earlier = record.read(path)
    if earlier.header.plan != plan.digest(planned):
        raise RunFileDamaged(
            f"{path} is a run of other checks ({' '.join(earlier.header.argv)}); "
            "repeat that command with --resume, or give another folder with -o"
        )
    check_versions(earlier)
    return frozenset(outcome.id for outcome in earlier.outcomes)


def check_versions(earlier: Run) -> None:
    """See that a run is not continued by other versions: its figures would be of neither."""
    here = {name: envs.version(name) for name in earlier.variants}
    for name, variant in earlier.variants.items():
        before, now_ = str(variant.loaded.get("version", "")), str(here[name])
        if before and before.partition("+")[0] != now_.partition("+")[0]:
            raise RunFileDamaged(
                f"{earlier.path} was begun with {name} {before}, here is {now_}; "
                "give another folder with -o"
            )


def _endings() -> Iterator[str]:
    yield ""
    yield from (f"-{number}" for number in count(2))


def put_aside(path: Path) -> None:
    """Rename a file of an older run after its time."""
    stamp = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    names = (f"{path.stem}-{stamp:%Y%m%dT%H%M%S}{end}{path.suffix}" for end in _endings())
    path.rename(next(kept for kept in map(path.with_name, names) if not kept.exists()))


def _left(works: list[Work], done: frozenset[str], variant: str) -> list[Work]:
    left = []
    for case, keys in works:
        line = str(case)
        todo = [key for key in keys if f"{variant}/{key}/{line}" not in done]
        if todo:
            left.append(Work(case, todo))
    return left


def _header(
    planned: dict[str, list[Work]],
    whole: dict[str, list[Work]],
    cases: Sequence[Case],
    options: Options,
) -> Header:
    return Header(
        version=environment.version(),
        started=now(),
        argv=sys.argv[1:],
        suite=options.suite,
        seed=options.seed,
        variants=list(planned),
        cases=len(cases),
        checks=sum(plan.count(planned).values()),
        plan=plan.digest(planned),
        environment=environment.describe(),
        shard=str(options.shard or ""),
        wholes=plan.wholes(whole),
    )


def _stale(ledger: Ledger) -> tuple[str, ...]:
    return tuple(
        f"known.toml lets {e.variant} {' '.join(e.checks)} be {' or '.join(e.verdicts)}, but its "
        f"example {e.example} no longer is: remove or narrow the entry ({e.reason})"
        for e in ledger.stale()
    )
