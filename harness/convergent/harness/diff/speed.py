"""Which methods became slower or faster, told from what made everything slow.

A run holds one time of a compiled call (``again``) per check, so that the cases are the sample:
``log2(now / before)``, case by case. A shared machine is busy for a while and then is not, which
meets all methods of the cases at hand alike. What is common to all methods of a variant in a case
is therefore taken out first (the median over the methods, where a case has ``COMMON`` of them or
more), and told apart as the pace of the whole: two single runs cannot tell a busy machine from a
framework that is slower throughout. What remains is tested per method as drift is (``signedrank``,
two-sided, Holm) and told if it is also a fifth or more and ``NOISE`` seconds or more. A load
does not slow all calls by one factor, and above all not calls of all lengths: short ones pass
between two turns of another process. Where the whole, or the methods whose calls are about as long
(``NEAR``), go its way, a method must stand out by the square of that as well (``BEYOND``), and so
has moved that way on the clock too.
"""

from __future__ import annotations

import heapq
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from convergent.cases.record import record
from convergent.harness.diff.drift import FEWEST, Twin
from convergent.harness.diff.signedrank import Test, holm, test
from convergent.harness.outcome import Outcome

ALPHA = 0.01
"""The probability that any method is told where none changed; noise in bursts costs the most."""

LEAST = math.log2(1.2)
"""The smallest change that is told, as ``log2``: a fifth."""

NOISE = 50e-6
"""Seconds by which a call must have changed: the scheduler's and the clock's noise is below."""

BEYOND = 2.0
"""How far a method must stand out, in units of the whole's own change: five pairs of runs of one
version each, on a machine that others used, had methods off by up to one and a half."""

COMMON = 5
"""Methods that a case needs for what is common to them to be no method's own."""

NEAR = 8
"""Methods whose calls are nearest in length, which a load meets alike. Between two runs of one
version, whose load had changed, calls below 1 ms took x0.97 of the time, longer ones x0.37."""


_SHORTEST, _LONGEST = 1e-9, 1e9  # seconds; what a file says beyond is no time


@record
class Pace:
    """What all methods of a matched pair have in common.

    ``factor`` is the median over cases of the common ``now / before`` (None: too few methods),
    ``first`` the seconds of all first calls before and now, which hold the compiling.
    """

    old: str
    new: str
    factor: float | None
    cases: int
    first: tuple[float, float]


@record
class Speed:
    """How a method's second calls changed beside the others: ``now / before`` is ``factor``.

    ``before`` and ``after`` are median seconds, ``p`` is adjusted.
    """

    old: str
    new: str
    key: str  # op/method
    pairs: int
    factor: float
    before: float
    after: float
    p: float
    direction: Literal["", "slower", "faster"]


_Place = tuple[str, str]
_Method = tuple[str, str, str]


def speeds(twins: Iterable[Twin]) -> tuple[tuple[Pace, ...], tuple[Speed, ...]]:
    """Return the pace of each matched pair, and the methods that changed beside it."""
    timed = [t for t in twins if all(_SHORTEST <= o.again <= _LONGEST for o in t)]
    common = _common(timed)
    found: defaultdict[_Method, list[Twin]] = defaultdict(list)
    for old, new in timed:
        found[old.variant, new.variant, old.key].append((old, new))
    rests = {
        place: [_change(t) - common.get((*place[:2], t[0].case), 0.0) for t in pairs]
        for place, pairs in found.items()
    }
    tests = {place: test(rest) for place, rest in rests.items() if len(rest) >= FEWEST}
    adjusted = holm([t.p for t in tests.values()])
    paces = _paces(timed, common)
    whole = {(p.old, p.new): abs(math.log2(p.factor or 1.0)) for p in paces}
    near = _near(found)
    told = [
        _speed(place, found[place], t, p, _least(t, whole[place[:2]], near[place]))
        for (place, t), p in zip(tests.items(), adjusted, strict=True)
    ]
    told.sort(key=lambda s: (not s.direction, -abs(math.log2(s.factor)), s.key))
    return paces, tuple(told)


def _change(twin: Twin) -> float:
    return math.log2(twin[1].again / twin[0].again)


def _first(outcome: Outcome) -> float:
    return outcome.seconds if 0 <= outcome.seconds <= _LONGEST else 0.0


def _common(timed: Sequence[Twin]) -> dict[tuple[str, str, str], float]:
    """Return the median change of each case of a matched pair that has enough methods."""
    found: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for twin in timed:
        found[twin[0].variant, twin[1].variant, twin[0].case].append(_change(twin))
    return {place: statistics.median(c) for place, c in found.items() if len(c) >= COMMON}


def _near(found: Mapping[_Method, Sequence[Twin]]) -> dict[_Method, float]:
    """Return how the methods moved, on the clock, whose calls were about as long as a method's."""
    pairs: defaultdict[_Place, list[tuple[float, float, str]]] = defaultdict(list)
    for (old, new, key), twins in found.items():
        length = math.log2(statistics.median(twin[0].again for twin in twins))
        pairs[old, new].append((length, statistics.median(map(_change, twins)), key))
    near = {}
    for place, methods in pairs.items():
        for length, _, key in methods:
            others = [(abs(own - length), moved) for own, moved, name in methods if name != key]
            moves = [moved for _, moved in heapq.nsmallest(NEAR, others)]
            near[*place, key] = statistics.median(moves) if len(moves) >= COMMON else 0.0
    return near


def _least(found: Test, whole: float, near: float) -> float:
    """Return how far a method must stand out, given how far others went its way."""
    return LEAST + BEYOND * max(whole, near if found.median > 0 else -near)


def _paces(timed: Sequence[Twin], common: dict[tuple[str, str, str], float]) -> tuple[Pace, ...]:
    first: defaultdict[_Place, list[tuple[float, float]]] = defaultdict(list)
    shared: defaultdict[_Place, list[float]] = defaultdict(list)
    for old, new in timed:
        first[old.variant, new.variant].append((_first(old), _first(new)))
    for (old_name, new_name, _), change in common.items():
        shared[old_name, new_name].append(change)
    return tuple(
        Pace(
            old=place[0],
            new=place[1],
            factor=2.0 ** statistics.median(shared[place]) if shared[place] else None,
            cases=len(shared[place]),
            first=(sum(s[0] for s in seconds), sum(s[1] for s in seconds)),
        )
        for place, seconds in first.items()
    )


def _speed(
    place: tuple[str, str, str], twins: Sequence[Twin], found: Test, p: float, least: float
) -> Speed:
    before = statistics.median(old.again for old, _ in twins)
    after = statistics.median(new.again for _, new in twins)
    factor = 2.0**found.median
    changed = abs(before * factor - before) >= NOISE and abs(found.median) >= least
    moved = p <= ALPHA and changed
    old, new, key = place
    return Speed(
        old=old,
        new=new,
        key=key,
        pairs=len(twins),
        factor=factor,
        before=before,
        after=after,
        p=p,
        direction="" if not moved else "slower" if factor > 1 else "faster",
    )
