"""Fuzzing: random cases against all variants for a while, what is wrong once and small.

Cases come from ``convergent.cases.steering``; each is handed to every variant, which asks those
methods of it that have seen least of its kind. Wrong outcomes are confirmed, shrunk and written
down at once. The folder has a run file, from which everything else is recovered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from convergent.cases.case import Case
from convergent.harness import plan, record
from convergent.harness.fuzz import folder
from convergent.harness.fuzz.findings import Finding
from convergent.harness.fuzz.loop import Loop
from convergent.harness.fuzz.state import State
from convergent.harness.fuzz.turns import Turns
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.record import Writer
from convergent.harness.run import RUN_FILE, sole_use

__all__ = ["Finding", "Fuzzed", "State", "fuzz"]


class Fuzzed(msgspec.Struct, frozen=True, kw_only=True):
    """What a fuzz came to: all that it knows, and the variants that could not be run."""

    state: State
    missing: dict[str, str]
    wall: float

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 3 a variant could not be run, 5 nothing was checked."""
        if self.state.findings.all:
            return 1
        if self.missing:
            return 3
        return 0 if any(tally.checks for tally in self.state.tallies.values()) else 5


def fuzz(
    options: Options,
    budget: float,
    ledger: Ledger,
    *,
    start: Iterable[Case] = (),
    watch: Callable[[State], bool] = lambda _: False,
) -> Fuzzed:
    """Fuzz for ``budget`` seconds and return what was found; the files lie in ``options.folder``.

    ``start`` are cases to begin with. ``watch`` is called with the state after every check, must be
    quick, and ends the fuzz by returning True. Raises ``UnknownMethod``, ``NothingLeft`` if the
    selection leaves no case, ``RunFileDamaged`` if ``options.resume`` finds something else and
    ``FolderInUse``.
    """
    plan.plan(options.variants, (), options.selection)  # the names
    with sole_use(options.folder):
        earlier = folder.prepare(options)
        found = folder.read_findings(options.folder / folder.FINDINGS_FILE) if earlier else []
        state = State(options, start, found)
        turns = Turns(options.variants, options.jobs, budget)
        writer = Writer(options.folder / RUN_FILE)
        try:
            loop = Loop(
                options=options, state=state, turns=turns, writer=writer, ledger=ledger, watch=watch
            )
            if earlier:
                loop.replay(earlier)
            else:
                writer.write(folder.header(options))
            end = loop.run()
            writer.write(end)
        finally:
            writer.close()
    return Fuzzed(state=state, missing=loop.errors, wall=end.wall)


def read(options: Options) -> record.Run:
    """Return the run file of a fuzz, as reports show it."""
    return record.read(options.folder / RUN_FILE)
