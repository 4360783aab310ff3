"""Which pairs of levels are feasible, and which of them some cases have.

Counted apart from the generator: a combination is feasible when a case that shows it was built,
whatever the constraints of the sweep say.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator

from convergent.cases import sweep
from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase
from convergent.cases.factors import FACTORS, levels
from convergent.cases.record import record

Combination = frozenset[tuple[str, str]]
"""Levels that occur together: ``{("kernel", "even"), ("stride", "2")}``."""

# What a case is validated by: space apart from channels, and nothing else. Within a block every
# row is tried; across blocks all that is feasible in one goes with all that is in the others.
SPACE = ("dims", "input", "kernel", "stride", "dilation", "padding")
CHANNELS = ("channels", "groups", "width")
FREE = tuple((name,) for name in FACTORS if name not in SPACE + CHANNELS)
_FIRST = {name: found[0] for name, found in FACTORS.items()}


@record
class Coverage:
    """How many feasible combinations of levels are covered, and which are not."""

    covered: int
    feasible: int
    missing: tuple[Combination, ...]

    @property
    def share(self) -> float:
        """Covered by feasible, from 0 to 1."""
        return self.covered / self.feasible


def coverage(cases: Iterable[Case], strength: int = 2) -> Coverage:
    """Return which combinations of ``strength`` levels ``cases`` have, of those there are."""
    wanted = feasible(strength)
    seen = {found for case in cases for found in combinations(levels(case), strength)}
    missing = sorted(wanted - seen, key=sorted)
    return Coverage(
        covered=len(wanted) - len(missing), feasible=len(wanted), missing=tuple(missing)
    )


def combinations(row: sweep.Row, strength: int) -> Iterator[Combination]:
    """Yield the combinations of ``strength`` levels of a row."""
    return map(frozenset, itertools.combinations(row.items(), strength))


@functools.cache
def feasible(strength: int = 2) -> frozenset[Combination]:
    """Return every combination of ``strength`` levels that some case has."""
    joined: set[Combination] = {frozenset()}
    for block in (SPACE, CHANNELS, *FREE):
        parts = _shown(block, strength)
        joined = {a | b for a in joined for b in parts if len(a) + len(b) <= strength}
    return frozenset(found for found in joined if len(found) == strength)


def _shown(block: tuple[str, ...], strength: int) -> set[Combination]:
    """Return the combinations, up to ``strength`` levels, of the cases built from every row."""
    found: set[Combination] = set()
    for chosen in itertools.product(*(FACTORS[name] for name in block)):
        try:
            case = sweep.build({**_FIRST, **dict(zip(block, chosen))})
        except (InvalidCase, KeyError):
            continue
        row = levels(case)
        part = {name: row[name] for name in block}
        for count in range(strength + 1):
            found.update(combinations(part, count))
    return found
