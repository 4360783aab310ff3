"""Did an upgrade change convolution? Two runs, or two variants of one, check by check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from convergent.cases.record import record
from convergent.harness.diff.classify import Kind, kind
from convergent.harness.diff.drift import Drift, Twin, drifts
from convergent.harness.diff.identity import Identity, conditions, identify
from convergent.harness.diff.match import Pairs, ambiguous, match
from convergent.harness.diff.side import Place, Side
from convergent.harness.diff.speed import Pace, Speed, speeds
from convergent.harness.outcome import Outcome

Where = Literal["old", "new"]


@record
class Change:
    """A check of a matched pair that is not the same: its kind, and both outcomes."""

    kind: Kind
    old: Outcome
    new: Outcome


@record
class Lone:
    """Checks of one op and method, or a whole variant (empty ``key``), on one side alone."""

    side: Where
    variant: str
    key: str
    count: int
    reason: str
    example: str  # a case


@record
class Pair:
    """Two variants that were compared: what each loaded, and how many checks became what."""

    old: str
    new: str
    identity: Identity
    counts: Mapping[Kind, int]


@record
class Diff:
    """The whole comparison. ``changes`` are in the order of the old side, ``same`` ones left out.

    ``conditions`` say how the two runs differ in what was asked and where; ``errors`` what could
    not be run, by side and variant; ``doubts`` which names could have been matched and were not.
    """

    old: Side
    new: Side
    pairs: tuple[Pair, ...]
    changes: tuple[Change, ...]
    drifts: tuple[Drift, ...]
    paces: tuple[Pace, ...]
    speeds: tuple[Speed, ...]
    lone: tuple[Lone, ...]
    conditions: tuple[str, ...]
    errors: tuple[tuple[Where, str, str], ...]
    doubts: tuple[str, ...]

    @property
    def checks(self) -> int:
        """The number of checks that both sides have."""
        return sum(self.counts.values())

    @property
    def counts(self) -> Counter[Kind]:
        """How many checks became what."""
        total: Counter[Kind] = Counter()
        for pair in self.pairs:
            total.update(pair.counts)
        return total

    @property
    def lies(self) -> tuple[str, ...]:
        """Where another version was loaded than was asked for: the comparison is void there."""
        return tuple(lie for pair in self.pairs for lie in pair.identity.lies)


def diff(old: Side, new: Side, settled: Iterable[str] = ()) -> Diff:
    """Compare ``new`` with ``old``; ``settled`` says which variants belong together (``match``)."""
    settled = tuple(settled)
    matched = match(old.variants, new.variants, settled)
    used = [{pair[i] for pair in matched} for i in (0, 1)]
    rest = [[n for n in side.variants if n not in used[i]] for i, side in enumerate((old, new))]
    return compare(old, new, matched, () if settled else ambiguous(*rest))


def compare(old: Side, new: Side, matched: Pairs, doubts: tuple[str, ...] = ()) -> Diff:
    """Compare the variants of ``matched``."""
    pairs, changes, twins = [], [], list[Twin]()
    for names in matched:
        both = [(o, n) for place, o in old.checks[names[0]].items()
                if (n := new.checks[names[1]].get(place)) is not None]  # fmt: skip
        told = [Change(kind=kind(o, n), old=o, new=n) for o, n in both]
        identity = identify(old.loaded.get(names[0]), new.loaded.get(names[1]), names)
        counts = Counter(change.kind for change in told)
        pairs.append(Pair(old=names[0], new=names[1], identity=identity, counts=counts))
        changes += [change for change in told if change.kind != "same"]
        twins += both
    paces, speed = speeds(twins)
    errors = [
        *(("old", *e) for e in old.errors.items()),
        *(("new", *e) for e in new.errors.items()),
    ]
    return Diff(
        old=old,
        new=new,
        pairs=tuple(pairs),
        changes=tuple(changes),
        drifts=drifts(twins),
        paces=paces,
        speeds=speed,
        lone=(*_lone(old, new, matched, "old"), *_lone(new, old, _turned(matched), "new")),
        conditions=conditions(old.header, new.header),
        errors=tuple(errors),  # type: ignore[arg-type]
        doubts=doubts,
    )


def _turned(matched: Pairs) -> Pairs:
    return tuple((new, old) for old, new in matched)


def _lone(side: Side, other: Side, matched: Pairs, where: Where) -> list[Lone]:
    """Return what ``side`` alone has: variants, then checks by op and method."""
    partner = dict(matched)
    found = []
    for name, checks in side.checks.items():
        if name not in partner and side.path == other.path and name in other.checks:
            continue  # two variants of one run are compared, and this is a third
        if name not in partner:
            reason = "matches no variant of the other side"
            found.append(Lone(side=where, variant=name, key="", count=len(checks),
                              reason=reason, example=""))  # fmt: skip
            continue
        there = other.checks[partner[name]]
        methods = {place[:2] for place in there}
        kinds: Counter[tuple[str, str]] = Counter()
        first: dict[tuple[str, str], str] = {}
        for place in checks:
            if place not in there:
                key = f"{place[0]}/{place[1]}", _reason(place, methods, other, partner[name])
                kinds[key] += 1
                first.setdefault(key, place[2])
        found += [
            Lone(side=where, variant=name, key=key, count=n, reason=why, example=first[key, why])
            for (key, why), n in kinds.items()
        ]
    return found


def _reason(place: Place, methods: set[tuple[str, str]], other: Side, partner: str) -> str:
    if partner in other.errors:
        return "the other side could not be run to its end"
    if other.short:
        return "the other run ended before it was reached, or it was not planned there"
    if place[:2] not in {m[:2] for m in methods}:
        return "the other side was not asked this method, or has none such"
    return "not planned on the other side"
