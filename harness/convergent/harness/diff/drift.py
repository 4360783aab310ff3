"""Where results agree and have other bits: whether errors grew or fell, method by method.

Per op and method, over the cases that agree on both sides, the error ratios (``error / bound``) are
paired case by case. Tested is whether ``log2(now / before)`` leans to one side (``signedrank``),
two-sided, with Holm's correction over all methods of the comparison: what is said may end a build,
so that not one false alarm is wanted, and methods that share a kernel depend on one another in ways
that the false discovery rate of Benjamini and Hochberg does not allow for. Exact data has the ratio
0 on both sides and tells nothing but bits; ratios below ``FLOOR`` count as ``FLOOR``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from convergent.cases.record import record
from convergent.harness.diff.signedrank import Test, holm, test
from convergent.harness.outcome import Number, Outcome

ALPHA = 0.05
"""The probability that anything at all is said to have grown or fallen where nothing did."""

FEWEST = 8
"""Pairs that differ, below which no test is made: with fewer, all of one sign says little."""

LEAST = math.log2(1.1)
"""The smallest median change that is told, as ``log2``: a tenth."""

FLOOR = 2.0**-13
"""An error ratio that is as good as none."""

Twin = tuple[Outcome, Outcome]


@record
class Drift:
    """A method whose bits changed: in how many of the checks that agree on both sides, and how.

    ``direction`` is empty where errors neither grew nor fell significantly and by a tenth or more;
    ``factor`` is the median of ``now / before`` over the ``pairs`` whose ratio changed, ``p`` is
    adjusted (None: too few pairs). ``worst`` holds the largest ratio before and now.
    """

    old: str
    new: str
    key: str  # op/method
    checks: int
    changed: int
    pairs: int
    factor: float
    p: float | None
    direction: Literal["", "grew", "fell"]
    worst: tuple[float, float]


def drifts(twins: Iterable[Twin]) -> tuple[Drift, ...]:
    """Return the methods of all ``twins`` whose bits changed in some check; moved ones first."""
    found: defaultdict[tuple[str, str, str], list[Twin]] = defaultdict(list)
    for old, new in twins:
        if old.verdict == new.verdict == "agrees" and old.digest and new.digest:
            found[old.variant, new.variant, old.key].append((old, new))
    groups = {place: pairs for place, pairs in found.items() if _changed(pairs)}
    tests = {place: test(_differences(pairs)) for place, pairs in groups.items()}
    tested = [place for place, t in tests.items() if t.pairs >= FEWEST]
    adjusted = dict(zip(tested, holm([tests[place].p for place in tested]), strict=True))
    drifted = [
        _drift(place, pairs, tests[place], adjusted.get(place)) for place, pairs in groups.items()
    ]
    return tuple(sorted(drifted, key=lambda d: (not d.direction, -d.changed, d.old, d.key)))


def _changed(twins: Sequence[Twin]) -> int:
    return sum(old.digest != new.digest for old, new in twins)


def _differences(twins: Sequence[Twin]) -> list[float]:
    """Return ``log2(now / before)`` of every pair that has ratios."""
    return [
        math.log2(_held(after) / _held(before))
        for old, new in twins
        if (before := _finite(old.ratio)) is not None and (after := _finite(new.ratio)) is not None
    ]


def _drift(
    place: tuple[str, str, str], twins: Sequence[Twin], found: Test, p: float | None
) -> Drift:
    moved = p is not None and p <= ALPHA and abs(found.median) >= LEAST
    ratios = [(_finite(old.ratio) or 0.0, _finite(new.ratio) or 0.0) for old, new in twins]
    old, new, key = place
    return Drift(
        old=old,
        new=new,
        key=key,
        checks=len(twins),
        changed=_changed(twins),
        pairs=found.pairs,
        factor=2.0**found.median,
        p=p,
        direction="" if not moved else "grew" if found.median > 0 else "fell",
        worst=(max(r[0] for r in ratios), max(r[1] for r in ratios)),
    )


def _held(ratio: float) -> float:
    return min(max(ratio, FLOOR), 1.0)  # what agrees is within 1; a file may say anything


def _finite(value: Number | None) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
