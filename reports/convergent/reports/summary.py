"""What a run came to, in the figures that every report shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases.record import record
from convergent.harness import relations
from convergent.harness.outcome import PASSING, Outcome
from convergent.harness.record import Run
from convergent.reports.groups import Group, group
from convergent.reports.tally import Counting, Tally, tallies


@record
class Missing:
    """A variant that was asked for and could not be run; ``remedy`` is a command or empty."""

    variant: str
    error: str
    remedy: str


@record
class Remark:
    """The same words said of several checks: a golden's erratum, or a gap's reason."""

    text: str
    variant: str  # empty where they are said of more than one
    keys: tuple[str, ...]  # op/method
    cases: tuple[str, ...]
    count: int


@record
class Summary:
    """The figures of one run; cells by ``(variant, op, method)`` and by ``(variant, op)``.

    ``variants`` holds all that were asked for, ``by_variant`` those of them that gave outcomes.
    ``ways`` counts, for each framework, the distinct (op, method, variant) that were checked;
    ``kernels`` how many checks of a variant each kernel computed, most first.
    """

    variants: tuple[str, ...]
    methods: Mapping[str, tuple[str, ...]]  # of each op, ops in their usual order
    total: Tally
    cells: Mapping[tuple[str, str, str], Tally]
    ops: Mapping[tuple[str, str], Tally]
    by_variant: Mapping[str, Tally]
    ways: Mapping[str, int]
    kernels: Mapping[str, Mapping[str, int]]
    findings: tuple[Group, ...]
    known: tuple[Group, ...]
    notes: tuple[Remark, ...]
    stale: tuple[str, ...]
    gaps: tuple[Remark, ...]
    missing: tuple[Missing, ...]
    shard: str  # "2/4" where the run was a part of a whole
    planned: int
    done: int
    interrupted: bool
    out_of_time: bool

    @property
    def complete(self) -> bool:
        """Whether every planned check has an outcome and every variant could be run."""
        return not (self.interrupted or self.missing or self.done < self.planned)


def summarise(run: Run) -> Summary:
    """Return the figures of ``run``, whose outcomes are read once and but for findings not kept."""
    seen = _Seen()
    for outcome in run.outcomes:
        seen.add(outcome)
    names = tuple(dict.fromkeys([*run.header.variants, *seen.variants, *run.variants]))
    return Summary(
        variants=names,
        methods=_methods(seen.cells),
        total=seen.total.tally(),
        cells=tallies(seen.cells),
        ops=tallies(seen.ops),
        by_variant={name: seen.variants[name].tally() for name in names if name in seen.variants},
        ways=_ways(seen.ways),
        kernels={
            name: dict(seen.kernels[name].most_common()) for name in names if seen.kernels[name]
        },
        findings=group(seen.findings),
        known=group(seen.known),
        stale=tuple(run.end.stale) if run.end else (),
        notes=seen.notes.remarks(),
        gaps=seen.gaps.remarks(),
        missing=_missing(run, seen.variants),
        shard=run.header.shard,
        planned=run.header.checks,
        done=len(run.outcomes),
        interrupted=run.end is None or run.end.interrupted,
        out_of_time=run.end is not None and run.end.out_of_time,
    )


class _Seen:
    """What one pass over the outcomes gathers."""

    def __init__(self) -> None:
        self.total = Counting()
        self.cells: defaultdict[tuple[str, str, str], Counting] = defaultdict(Counting)
        self.ops: defaultdict[tuple[str, str], Counting] = defaultdict(Counting)
        self.variants: defaultdict[str, Counting] = defaultdict(Counting)
        self.kernels: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.ways: set[tuple[str, str]] = set()
        self.findings: list[Outcome] = []
        self.known: list[Outcome] = []
        self.notes, self.gaps = _Remarks(), _Remarks()

    def add(self, o: Outcome) -> None:
        for counting in (
            self.total,
            self.cells[o.variant, o.op, o.method],
            self.ops[o.variant, o.op],
            self.variants[o.variant],
        ):
            counting.add(o)
        if o.verdict == "unsupported":
            self.gaps.add(o.detail or "no reason given", o.variant, o)
        else:
            # A relation between results of a method is no other way to compute one.
            self.ways.add((o.variant, relations.split(o.key)[0]))
        if o.verdict not in PASSING:
            (self.findings if o.is_finding else self.known).append(o)
        if o.kernel:
            self.kernels[o.variant][o.kernel] += 1
        if o.note:
            self.notes.add(o.note, "", o)


class _Remarks:
    """Gathers of which checks the same words are said."""

    def __init__(self) -> None:
        self._keys: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._cases: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, text: str, variant: str, o: Outcome) -> None:
        self._keys[variant, text][o.key] = None
        self._cases[variant, text][o.case] = None
        self._counts[variant, text] += 1

    def remarks(self) -> tuple[Remark, ...]:
        found = (
            Remark(
                text=text,
                variant=variant,
                keys=tuple(self._keys[variant, text]),
                cases=tuple(self._cases[variant, text]),
                count=count,
            )
            for (variant, text), count in self._counts.items()
        )
        return tuple(sorted(found, key=lambda r: (r.variant, -r.count, r.text)))


def _ways(checked: Iterable[tuple[str, str]]) -> dict[str, int]:
    return dict(Counter(registry.backend_of(variant) for variant, _ in sorted(checked)))


def _methods(cells: Iterable[tuple[str, str, str]]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for _, op, method in cells:
        found[op].add(method)
    usual = [op for op in OPS if op in found]
    foreign = sorted(set(found) - set(OPS))
    return {op: tuple(sorted(found[op], key=_native_first)) for op in [*usual, *foreign]}


def _native_first(method: str) -> tuple[bool, str]:
    return (method != "native", method)


def _missing(run: Run, seen: Container[str]) -> tuple[Missing, ...]:
    found = {name: v.error for name, v in run.variants.items() if v.error}
    for name in _awaited(run):
        if run.end and run.end.out_of_time and name not in seen:
            found.setdefault(name, "the budget ended before its first check")
        if name not in run.variants and name not in seen:
            found.setdefault(name, "the run ended before it was started")
    return tuple(Missing(variant=n, error=e, remedy=_remedy(n, e)) for n, e in found.items())


def _awaited(run: Run) -> list[str]:
    """Return the variants that had something to do which may not be done."""
    wholes = run.header.wholes  # none in a fuzz
    if wholes and len(run.outcomes) >= run.header.checks:
        return []
    return [name for name in run.header.variants if name not in wholes or wholes[name].checks]


def _remedy(variant: str, error: str) -> str:
    """Return the command that installs what is missing, unless the error says it or is another."""
    absent = "not installed" in error or "No module named" in error
    if not absent or "pip install" in error:
        return ""
    backend = registry.backend_of(variant)
    return f'pip install "convergent[{backend}]"' if backend.isidentifier() else ""
