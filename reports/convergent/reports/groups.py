"""Which outcomes are one finding: those that agree in all but the case."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable

from convergent.cases.errors import InvalidCase
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness import diagnose
from convergent.harness.outcome import Number, Outcome

SEVERITY = (
    "differs",  # a wrong answer that nobody notices
    "crashed",
    "timed_out",
    "raised",
    "degraded",
    "mistrusted",
    "known",
    "agrees",
    "unsupported",
)
"""Verdicts, worst first; ``known`` stands for any that the ledger allows."""

_PLAIN = ("native", "autodiff")  # what most people call: told before other ways to the same bug


@record
class Group:
    """Outcomes of the same variant, op, method, verdict, model and cause; the smallest case first.

    ``diagnosis`` is the cause that all of them have, without others that fit some of them; empty
    where none is named. ``known`` is the ledger's reason (empty for findings), ``ratio`` the worst
    error ratio.
    """

    variant: str
    op: str
    method: str
    verdict: str
    model: str
    diagnosis: str
    known: str
    ratio: float | None
    outcomes: tuple[Outcome, ...]

    @property
    def key(self) -> str:
        """``op/method``."""
        return f"{self.op}/{self.method}"

    @property
    def first(self) -> Outcome:
        """The outcome of the smallest case: the one to look at."""
        return self.outcomes[0]


def group(outcomes: Iterable[Outcome]) -> tuple[Group, ...]:
    """Return ``outcomes`` in groups: worst verdict first, then largest ratio, then most checks."""
    found: defaultdict[Hashable, list[Outcome]] = defaultdict(list)
    for o in outcomes:
        found[o.variant, o.op, o.method, o.verdict, o.model, _cause(o), o.known].append(o)
    return tuple(sorted(map(_group, found.values()), key=_rank))


def alike(groups: Iterable[Group]) -> list[tuple[Group, ...]]:
    """Join what is one bug seen by several methods: the same wrong places of one case.

    Worst verdict first, then largest ratio, then most checks of all of them.
    """
    found: defaultdict[Hashable, list[Group]] = defaultdict(list)
    for g in groups:
        o = g.first
        seen = (o.case, o.outside, o.where, o.worst.index if o.worst else o.detail)
        found[g.variant, g.op, g.verdict, g.model, g.diagnosis, g.known, seen].append(g)
    joined = [tuple(sorted(g, key=lambda g: g.method not in _PLAIN)) for g in found.values()]
    return sorted(joined, key=_rank_of_all)


def severity(verdict: str) -> int:
    """Return the place of ``verdict`` in ``SEVERITY``; 0 is the worst."""
    return SEVERITY.index(verdict)


def magnitude(value: Number | None) -> float | None:
    """Return a ratio as a float that can be ordered: NaN, the least trusted, counts as infinite."""
    if value is None:
        return None
    as_float = float(value)
    return math.inf if math.isnan(as_float) else as_float


def worst_ratio(outcomes: Iterable[Outcome]) -> float | None:
    """Return the largest error ratio, or None where no outcome has one."""
    ratios = [ratio for o in outcomes if (ratio := magnitude(o.ratio)) is not None]
    return max(ratios, default=None)


def case_size(line: str) -> tuple[float, int, str]:
    """Return what orders cases from small to large; text that names no case is the largest."""
    try:
        return (parse(line).macs, len(line), line)
    except InvalidCase:
        return (math.inf, len(line), line)


def _cause(outcome: Outcome) -> str:
    """Return the simplest cause that is named; of known divergences the reason speaks."""
    named = diagnose.is_named(outcome.diagnosis) and not outcome.known
    return diagnose.cause(outcome.diagnosis) if named else ""


def _group(outcomes: list[Outcome]) -> Group:
    first = outcomes[0]
    return Group(
        variant=first.variant,
        op=first.op,
        method=first.method,
        verdict=first.verdict,
        model=first.model,
        diagnosis=_cause(first),
        known=first.known,
        ratio=worst_ratio(outcomes),
        outcomes=tuple(sorted(outcomes, key=lambda o: case_size(o.case))),
    )


def _rank_of_all(joined: tuple[Group, ...]) -> tuple[int, float, int]:
    worst = min(_rank(g)[:2] for g in joined)
    return (*worst, -sum(len(g.outcomes) for g in joined))


def _rank(g: Group) -> tuple[int, float, int, str, str]:
    ratio = -1.0 if g.ratio is None else g.ratio
    return (severity(g.verdict), -ratio, -len(g.outcomes), g.variant, g.key)
