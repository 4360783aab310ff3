"""What a run came to, in the figures that every report shows."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from convergent.backends import registry
from convergent.backends.base import OPS
from convergent.cases.record import record
from convergent.harness import relations
from convergent.harness.outcome import PASSING, Outcome
from convergent.harness.record import Run
from convergent.reports.groups import Group, group, severity, worst_ratio


@record
class Tally:
    """How many checks came to what.

    ``checked`` counts all but the declared gaps, ``findings`` maps a verdict to its number (known
    divergences are counted apart), ``ratio`` is the worst error ratio. ``seconds`` is the time
    inside framework calls, ``median`` that of a first call, ``again`` that of a second one, which
    finds everything compiled; None where nothing ran.
    """

    checked: int
    agrees: int
    unsupported: int
    known: int
    findings: Mapping[str, int]
    ratio: float | None
    seconds: float
    median: float | None
    again: float | None

    @property
    def found(self) -> int:
        """The number of findings."""
        return sum(self.findings.values())

    @property
    def worst(self) -> str:
        """The word for all of it: the worst verdict, ``known``, ``agrees`` or ``unsupported``."""
        if self.findings:
            return min(self.findings, key=severity)
        if self.known:
            return "known"
        return "agrees" if self.checked else "unsupported"


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
    """Return the figures of ``run``."""
    outcomes = run.outcomes
    cells: defaultdict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    ops: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    variants: defaultdict[str, list[Outcome]] = defaultdict(list)
    for o in outcomes:
        cells[o.variant, o.op, o.method].append(o)
        ops[o.variant, o.op].append(o)
        variants[o.variant].append(o)
    names = tuple(dict.fromkeys([*run.header.variants, *variants, *run.variants]))
    divergent = [o for o in outcomes if o.verdict not in PASSING and o.known]
    unsupported = [o for o in outcomes if o.verdict == "unsupported"]
    return Summary(
        variants=names,
        methods=_methods(outcomes),
        total=tally(outcomes),
        cells={place: tally(found) for place, found in cells.items()},
        ops={place: tally(found) for place, found in ops.items()},
        by_variant={name: tally(variants[name]) for name in names if name in variants},
        ways=_ways(outcomes),
        kernels={name: found for name in names if (found := _kernels(variants.get(name, ())))},
        findings=group(o for o in outcomes if o.is_finding),
        known=group(divergent),
        stale=tuple(run.end.stale) if run.end else (),
        notes=_remarks((o.note, "", o) for o in outcomes if o.note),
        gaps=_remarks((o.detail or "no reason given", o.variant, o) for o in unsupported),
        missing=_missing(run, variants),
        shard=run.header.shard,
        planned=run.header.checks,
        done=len(outcomes),
        interrupted=run.end is None or run.end.interrupted,
        out_of_time=run.end is not None and run.end.out_of_time,
    )


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """Count ``outcomes``."""
    outcomes = list(outcomes)
    verdicts = Counter(o.verdict for o in outcomes)
    seconds = [o.seconds for o in outcomes if o.seconds > 0]
    again = [o.again for o in outcomes if o.again > 0]
    return Tally(
        checked=len(outcomes) - verdicts["unsupported"],
        agrees=verdicts["agrees"],
        unsupported=verdicts["unsupported"],
        known=sum(bool(o.known) and o.verdict not in PASSING for o in outcomes),
        findings=dict(Counter(o.verdict for o in outcomes if o.is_finding)),
        ratio=worst_ratio(outcomes),
        seconds=sum(o.seconds + o.again for o in outcomes),
        median=statistics.median(seconds) if seconds else None,
        again=statistics.median(again) if again else None,
    )


def _ways(outcomes: Iterable[Outcome]) -> dict[str, int]:
    # A relation between results of a method is no other way to compute one.
    checked = {
        (o.variant, relations.split(o.key)[0]) for o in outcomes if o.verdict != "unsupported"
    }
    return dict(Counter(registry.backend_of(variant) for variant, _ in sorted(checked)))


def _kernels(outcomes: Iterable[Outcome]) -> dict[str, int]:
    return dict(Counter(o.kernel for o in outcomes if o.kernel).most_common())


def _methods(outcomes: Iterable[Outcome]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for o in outcomes:
        found[o.op].add(o.method)
    usual = [op for op in OPS if op in found]
    foreign = sorted(set(found) - set(OPS))
    return {op: tuple(sorted(found[op], key=_native_first)) for op in [*usual, *foreign]}


def _native_first(method: str) -> tuple[bool, str]:
    return (method != "native", method)


def _remarks(said: Iterable[tuple[str, str, Outcome]]) -> tuple[Remark, ...]:
    found: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for text, variant, outcome in said:
        found[variant, text].append(outcome)
    remarks = (
        Remark(
            text=text,
            variant=variant,
            keys=tuple(dict.fromkeys(o.key for o in outcomes)),
            cases=tuple(dict.fromkeys(o.case for o in outcomes)),
            count=len(outcomes),
        )
        for (variant, text), outcomes in found.items()
    )
    return tuple(sorted(remarks, key=lambda r: (r.variant, -r.count, r.text)))


def _missing(run: Run, seen: Mapping[str, list[Outcome]]) -> tuple[Missing, ...]:
    found = {name: v.error for name, v in run.variants.items() if v.error}
    for name in run.header.variants:
        if run.end and run.end.out_of_time and name not in seen:
            found.setdefault(name, "the budget ended before its first check")
        if name not in run.variants and name not in seen:
            found.setdefault(name, "the run ended before it was started")
    return tuple(Missing(variant=n, error=e, remedy=_remedy(n, e)) for n, e in found.items())


def _remedy(variant: str, error: str) -> str:
    """Return the command that installs what is missing, unless the error says it or is another."""
    absent = "not installed" in error or "No module named" in error
    if not absent or "pip install" in error:
        return ""
    backend = registry.backend_of(variant)
    return f'pip install "convergent[{backend}]"' if backend.isidentifier() else ""
