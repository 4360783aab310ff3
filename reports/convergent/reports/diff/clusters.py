"""Which changes are one: those that agree in all but the case, and then in all but the method."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from convergent.cases.record import record
from convergent.harness import diagnose
from convergent.harness.diff import Change
from convergent.harness.diff.classify import Kind, lacks_api, refuses_argument
from convergent.harness.outcome import Outcome
from convergent.reports import groups, wording

ORDER: tuple[Kind, ...] = ("new", "lost", "changed", "known", "fixed", "gained", "drifted")
"""Kinds, in the order in which they are told."""

_NUMBERED = re.compile(r"\S*\d\S*")  # sizes, shapes and addresses change with the case
_PLAIN = ("native", "autodiff")


@record
class Cluster:
    """Changes of one kind, matched pair, op, method, verdicts, cause and message; smallest first.

    ``before`` and ``after`` are words for the verdicts, ``also`` other methods that show the same.
    """

    kind: Kind
    old: str
    new: str
    op: str
    method: str
    before: str
    after: str
    changes: tuple[Change, ...]
    also: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``op/method``."""
        return f"{self.op}/{self.method}"

    @property
    def first(self) -> Change:
        """The change of the smallest case: the one to look at."""
        return self.changes[0]

    @property
    def shown(self) -> Outcome:
        """The outcome that a person wants to read about: the one that is wrong, or is not there."""
        passed = self.first.new.verdict == "agrees" or self.kind == "fixed"
        return self.first.old if passed else self.first.new

    @property
    def sentence(self) -> str:
        """What is, or was, wrong; the figures are of the smallest case."""
        if self.kind == "lost" or (self.kind == "gained" and self.first.new.verdict == "agrees"):
            told = self.first.new if self.kind == "lost" else self.first.old
            return told.detail or f"{wording.word(told.verdict)}."
        (found,) = groups.group([self.shown])
        said = wording.sentence(found)
        return f"{said} Known: {self.shown.known}." if self.shown.known else said


def cluster(changes: Iterable[Change]) -> tuple[Cluster, ...]:
    """Return ``changes`` in clusters, in ``ORDER``, then worst and largest first."""
    found: defaultdict[Hashable, list[Change]] = defaultdict(list)
    for c in changes:
        found[_alike(c)].append(c)
    return tuple(sorted(_joined(map(_cluster, found.values())), key=_rank))


def word(outcome: Outcome) -> str:
    """Return the verdict in words; why there is none where the version has no such API."""
    if lacks_api(outcome):
        return "no such API"
    if refuses_argument(outcome):
        return "raised (argument refused)"
    said = wording.word(outcome.verdict)
    return f"{said} (known)" if outcome.known and outcome.verdict != "agrees" else said


def _alike(c: Change) -> Hashable:
    return (_pair(c), c.old.key, _state(c.old), _state(c.new))


def _pair(c: Change) -> tuple[str, str, str]:
    return (c.kind, c.old.variant, c.new.variant)


def _state(outcome: Outcome) -> tuple[str, ...]:
    named = diagnose.is_named(outcome.diagnosis) and not outcome.known
    cause = diagnose.cause(outcome.diagnosis) if named else ""
    message = outcome.detail if outcome.verdict in ("raised", "crashed") else ""
    message = _NUMBERED.sub("#", message)[:200]
    return (word(outcome), outcome.question, outcome.model, cause, outcome.known, message)


def _cluster(changes: list[Change]) -> Cluster:
    changes.sort(key=lambda c: groups.case_size(c.old.case))
    first = changes[0]
    return Cluster(
        kind=first.kind,
        old=first.old.variant,
        new=first.new.variant,
        op=first.old.op,
        method=first.old.method,
        before=word(first.old),
        after=word(first.new),
        changes=tuple(changes),
    )


def _joined(found: Iterable[Cluster]) -> list[Cluster]:
    """Join clusters that are one bug by several methods: same wrong places of the same case."""
    same: defaultdict[Hashable, list[Cluster]] = defaultdict(list)
    for c in found:
        o = c.shown
        seen = (o.case, o.outside, o.where, o.worst.index if o.worst else o.detail)
        states = (_state(c.first.old)[:-1], _state(c.first.new)[:-1])
        same[_pair(c.first), c.op, states, seen].append(c)
    return [_join(alike) for alike in same.values()]


def _join(alike: Sequence[Cluster]) -> Cluster:
    first, *others = sorted(alike, key=lambda c: (c.method not in _PLAIN, -len(c.changes)))
    return dataclasses.replace(
        first,
        changes=first.changes + tuple(change for other in others for change in other.changes),
        also=tuple(other.method for other in others),
    )


def _rank(c: Cluster) -> tuple[int, int, int, str, str]:
    return (
        ORDER.index(c.kind) if c.kind in ORDER else len(ORDER),
        groups.severity(c.shown.verdict),
        -len(c.changes),
        c.old,
        c.key,
    )
