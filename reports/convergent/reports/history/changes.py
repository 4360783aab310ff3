"""What changed along a track: the first bad version of each check, and the first good one again."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from convergent.cases.record import record
from convergent.reports.groups import case_size
from convergent.reports.history.points import ABSENT, AGREES, FOUND, Point, Track

Kind = Literal["broke", "mended", "wavers", "always"]
KINDS: dict[Kind, str] = {
    "broke": "agreed before, and no longer",
    "wavers": "changed more than once",
    "mended": "agrees again, or at last",
    "always": "never agreed",
}
DRIFT = 1.5
"""Growth of a method's median error ratio, from the first point to the last, that is told."""


@record
class Change:
    """Checks of a method that changed alike: ``since`` is the first point that was so.

    ``before`` is the last point that was not; of ``always`` there is none. ``known`` says that the
    ledger allows all of them.
    """

    kind: Kind
    key: str
    before: Point | None
    since: Point
    cases: tuple[str, ...]  # the smallest first
    known: bool


@record
class Drift:
    """A method whose error ratios grew or shrank, without any verdict having to change."""

    key: str
    first: float
    last: float

    @property
    def factor(self) -> float:
        """The last median as a multiple of the first."""
        return self.last / self.first


def changes(track: Track) -> tuple[Change, ...]:
    """Return what changed, the kinds in the order of ``KINDS`` and the newest change first."""
    found: defaultdict[tuple[Kind, str, int, int], list[tuple[str, bool]]] = defaultdict(list)
    for place, (key, case) in enumerate(track.checks):
        told = _told(track, place)
        if told is not None:
            kind, before, since, known = told
            found[kind, key, before, since].append((case, known))
    made = [
        Change(
            kind=kind,
            key=key,
            before=track.points[before] if before >= 0 else None,
            since=track.points[since],
            cases=tuple(sorted((case for case, _ in cases), key=case_size)),
            known=all(known for _, known in cases),
        )
        for (kind, key, before, since), cases in found.items()
    ]
    kinds, at = list(KINDS), {id(point): n for n, point in enumerate(track.points)}
    return tuple(
        sorted(made, key=lambda c: (kinds.index(c.kind), c.known, -at[id(c.since)], c.key))
    )


def drifts(track: Track) -> tuple[Drift, ...]:
    """Return the methods whose median error ratio moved by ``DRIFT`` or more, most first.

    The last point is compared with the first one that was asked the very same checks.
    """
    found = []
    for key in {key: None for point in track.points for key in point.methods}:
        seen = [p.methods[key] for p in track.points if key in p.methods]
        alike = [tally for tally in seen if tally.asked == seen[-1].asked]
        first, last = alike[0].median, alike[-1].median
        if not first or not last or math.isinf(first) or math.isinf(last):
            continue
        drift = Drift(key=key, first=first, last=last)
        if not 1 / DRIFT < drift.factor < DRIFT:
            found.append(drift)
    return tuple(sorted(found, key=lambda d: -d.factor))


def _told(track: Track, place: int) -> tuple[Kind, int, int, bool] | None:
    """Return the kind of a check's change, the points around it, and whether it is known."""
    seen = list(_seen(track, place))
    bad = [status != AGREES for _, status in seen]
    if not any(bad):
        return None
    known = all(status != FOUND for _, status in seen)
    turns = [n for n in range(1, len(seen)) if bad[n] != bad[n - 1]]
    if not turns:
        return ("always", -1, seen[0][0], known)
    first = turns[0]
    kind: Kind = "wavers" if len(turns) > 1 else "broke" if bad[first] else "mended"
    return (kind, seen[first - 1][0], seen[first][0], known)


def _seen(track: Track, place: int) -> Iterator[tuple[int, int]]:
    for number, point in enumerate(track.points):
        status = point.statuses[place] if place < len(point.statuses) else ABSENT
        if status != ABSENT:
            yield number, status
