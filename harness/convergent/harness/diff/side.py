"""One side of a comparison: a run file, or some variants of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from convergent.cases.record import record
from convergent.harness import record as run_file
from convergent.harness.outcome import Outcome
from convergent.harness.record import Header, Loaded, Run
from convergent.harness.run import RUN_FILE

Place = tuple[str, str, str]
"""Op, method and case: what a check is called in both sides."""


@record
class Side:
    """What a side holds: ``checks`` of each variant by place. ``short`` says that checks lack."""

    path: str
    header: Header
    loaded: dict[str, Loaded]
    checks: dict[str, dict[Place, Outcome]]
    short: bool
    damaged: int

    @property
    def variants(self) -> tuple[str, ...]:
        """All that were asked for, whether or not they gave outcomes."""
        return tuple(self.checks)

    @property
    def errors(self) -> dict[str, str]:
        """Why variants, or some of their checks, could not be run."""
        return {n: v.error for n, v in self.loaded.items() if v.error and n in self.checks}


def read(path: Path, wanted: Callable[[Outcome], bool] | None = None) -> Side:
    """Read the run file ``path``, or that in the folder ``path``. Raises ``RunFileDamaged``."""
    return of(run_file.read(path / RUN_FILE if path.is_dir() else path), wanted=wanted)


def of(
    run: Run,
    variants: Iterable[str] | None = None,
    wanted: Callable[[Outcome], bool] | None = None,
) -> Side:
    """Return the side that ``run`` is, or these ``variants`` of it; ``wanted`` narrows checks."""
    found: defaultdict[str, dict[Place, Outcome]] = defaultdict(dict)
    total = 0
    for o in run.outcomes:
        total += 1
        if wanted is None or wanted(o):
            found[o.variant][o.op, o.method, o.case] = o
    names = dict.fromkeys([*run.header.variants, *run.variants, *found])
    chosen = list(names if variants is None else variants)
    return Side(
        path=run.path,
        header=run.header,
        loaded=run.variants,
        checks={name: found.get(name, {}) for name in chosen},
        short=total < run.header.checks,
        damaged=run.damaged,
    )
