"""The points of a history: what each version of a framework came to, method by method."""

from __future__ import annotations

import statistics
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping

from packaging.version import InvalidVersion, Version

from convergent.backends import naming, registry
from convergent.cases.errors import UnknownBackend
from convergent.cases.record import record
from convergent.harness.outcome import Outcome
from convergent.harness.record import Run
from convergent.reports.groups import magnitude

ABSENT, AGREES, KNOWN, FOUND = range(4)
_UNASKED = ("unsupported", "mistrusted")


@record
class Tally:
    """What the checks of a method (or of all) came to at one point.

    ``asked`` is alike where the same checks were asked: figures of others say nothing of a change.
    """

    asked: int
    checked: int
    agrees: int
    known: int
    worst: float | None
    median: float | None  # of the error ratios that are not zero

    @property
    def found(self) -> int:
        """The number of findings."""
        return self.checked - self.agrees - self.known


@record
class Point:
    """A version of a framework as a run found it; ``started`` is the run's, ISO 8601."""

    variant: str
    version: str
    started: str
    run: str
    total: Tally
    methods: Mapping[str, Tally]
    statuses: bytes  # of each check of the track, by its place


@record
class Track:
    """The points of a variant, whatever version its name says; the oldest version first.

    ``checks`` names each check, ``op/method`` and case, that some point has.
    """

    variant: str
    points: tuple[Point, ...]
    checks: tuple[tuple[str, str], ...]

    def label(self, point: Point) -> str:
        """Return the version of ``point``, with its day or its minute where versions repeat."""
        alike = [p for p in self.points if p.version == point.version]
        if len(alike) == 1:
            return point.version
        days = len({p.started[:10] for p in alike})
        when = point.started[: 10 if days == len(alike) else 16].replace("T", " ")
        return f"{point.version} {when}"


class _Counting:
    def __init__(self) -> None:
        self.asked = 0
        self.counts = [0] * 4
        self.worst: float | None = None
        self.ratios = array("d")

    def add(self, o: Outcome, status: int) -> None:
        self.asked ^= hash((o.key, o.case))
        self.counts[status] += 1
        ratio = magnitude(o.ratio)
        if ratio is None:
            return
        self.worst = ratio if self.worst is None else max(self.worst, ratio)
        if ratio > 0:
            self.ratios.append(ratio)

    def tally(self) -> Tally:
        return Tally(
            asked=self.asked,
            checked=sum(self.counts),
            agrees=self.counts[AGREES],
            known=self.counts[KNOWN],
            worst=self.worst,
            median=statistics.median(self.ratios) if self.ratios else None,
        )


class _Open:
    """A point whose run is being read."""

    def __init__(self) -> None:
        self.total = _Counting()
        self.methods: defaultdict[str, _Counting] = defaultdict(_Counting)
        self.statuses = bytearray()

    def add(self, o: Outcome, place: int) -> None:
        status = AGREES if o.verdict == "agrees" else FOUND if o.is_finding else KNOWN
        self.total.add(o, status)
        self.methods[o.key].add(o, status)
        if place >= len(self.statuses):
            self.statuses.extend(bytes(place + 1 - len(self.statuses)))
        self.statuses[place] = status


def tracks(runs: Iterable[Run]) -> tuple[Track, ...]:
    """Return a track per variant that some run checked; outcomes are read once and not kept."""
    places: defaultdict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    points: defaultdict[str, list[Point]] = defaultdict(list)
    for run in runs:
        opened: defaultdict[str, _Open] = defaultdict(_Open)
        for o in run.outcomes:
            if o.verdict not in _UNASKED:
                known = places[registry.plain(o.variant)]
                opened[o.variant].add(o, known.setdefault((o.key, o.case), len(known)))
        for name, found in opened.items():
            points[registry.plain(name)].append(_point(name, run, found))
    return tuple(
        Track(
            variant=variant,
            points=tuple(sorted(found, key=lambda p: (_rank(p.version), p.started, p.run))),
            checks=tuple(places[variant]),
        )
        for variant, found in points.items()
    )


def remark(run: Run) -> str:
    """Say what a run lacks: variants that could not be run, checks that it did not come to."""
    lacks = [f"{n} could not be run: {v.error}" for n, v in run.variants.items() if v.error]
    if len(run.outcomes) < run.header.checks:
        lacks.append(f"it ended after {len(run.outcomes):,} of {run.header.checks:,} checks")
    return "; ".join(lacks)


def _point(name: str, run: Run, found: _Open) -> Point:
    return Point(
        variant=name,
        version=_version(name, run),
        started=run.header.started,
        run=run.path,
        total=found.total.tally(),
        methods={key: counting.tally() for key, counting in found.methods.items()},
        statuses=bytes(found.statuses),
    )


def _version(name: str, run: Run) -> str:
    known = run.variants.get(name)
    told = known.loaded.get("version") if known else None
    if told:
        return str(told)
    try:
        return naming.split(name).version or "unknown"
    except UnknownBackend:
        return "unknown"


def _rank(version: str) -> tuple[bool, Version, str]:
    try:
        return (True, Version(version), "")
    except InvalidVersion:
        return (False, Version("0"), version)
