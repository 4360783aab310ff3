"""Findings of a fuzz: each once, with its smallest case and how often it was seen.

Two wrong outcomes are one finding if they are of the same variant and method, are alike (verdict,
question, model, diagnosis, message) and shrink to cases of the same features. What the cases of a
finding have in common is learnt: a further one that has it too is booked without being shrunk,
except now and then (the 8th, the 64th, ...), lest it hide another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import msgspec

from convergent.cases.case import DTYPES, Case
from convergent.cases.features import features
from convergent.cases.order import rank
from convergent.cases.text import parse
from convergent.harness.alike import alike, is_failure
from convergent.harness.outcome import Outcome

_MOST_OF_A_KIND = 6  # what comes after is booked on the one that has most in common with it
_AGAIN = 8  # powers of it are looked at again

State = Literal["shrunk", "unsteady", "waiting"]
"""How far a finding was looked into: confirmed and shrunk, another outcome when it was asked again
in a fresh worker, or not at all because the time was over."""


class Finding(msgspec.Struct, kw_only=True):
    """One thing that is wrong, and all that a person needs to act on it.

    ``outcome`` is that of the smallest case known, ``found_in`` the case that it was found in.
    ``features`` are those of the smallest case, ``common`` those that all its cases share. ``seen``
    counts the recorded checks that showed it. ``complete``: no simpler case that is tried fails.
    """

    outcome: Outcome
    state: State
    sentence: str
    repro: str
    found_in: str
    when: str  # ISO 8601, UTC
    seen: int = 0
    features: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    evaluations: int = 0
    complete: bool = False

    @property
    def case(self) -> Case:
        """The smallest case."""
        return parse(self.outcome.case)

    @property
    def is_due(self) -> bool:
        """Whether its newest check is one of the few that are looked into all the same."""
        return self.state == "shrunk" and _is_power(self.seen, _AGAIN)

    def covers(self, case: Case) -> bool:
        """Say whether ``case`` has what all cases of this finding have."""
        return self.outcome.case == str(case) or features(case).issuperset(self.common)


def is_hit(outcome: Outcome) -> bool:
    """Say whether ``outcome`` is worth a look: data that could show nothing are not."""
    return is_failure(outcome) and not outcome.known


def finding(hit: Outcome, least: Outcome, state: State, when: str) -> Finding:
    """Return the finding that ``hit`` is, of which ``least`` is the smallest outcome."""
    traits = features(parse(least.case))
    return Finding(
        outcome=least,
        state=state,
        sentence=least.sentence,
        repro=least.repro,
        found_in=hit.case,
        when=when,
        features=tuple(sorted(traits)),
        common=tuple(sorted(traits & features(parse(hit.case)))),
    )


class Findings:
    """All findings so far, in the order of their coming; not safe for threads."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self.all: list[Finding] = []
        self._by_way: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
        for one in found:
            self.add(one)

    def match(self, outcome: Outcome) -> Finding | None:
        """Return the finding that ``outcome`` shows, as far as one can tell without a look."""
        kin = [f for f in self._of_way(outcome) if alike(f.outcome, outcome)]
        case = parse(outcome.case)
        covering = [one for one in kin if one.covers(case)]
        if covering:  # the one that says most
            return max(covering, key=lambda one: len(one.common))
        if len(kin) >= _MOST_OF_A_KIND:
            has = features(case)
            return max(kin, key=lambda one: len(has.intersection(one.common)))
        return None

    def add(self, found: Finding) -> Finding:
        """Take a finding in and return the one that stays, with the smallest case of all.

        Findings are the same if one's smallest case has what all cases of the other have.
        """
        kin = self._of_way(found.outcome)
        same = [one for one in kin if one.state == found.state and _are_same(one, found)]
        for one in same:
            self.remove(one)
        kept = min([*same, found], key=lambda one: rank(one.case))
        kept.common = tuple(sorted(set(found.common).intersection(*(one.common for one in same))))
        kept.seen = found.seen + sum(one.seen for one in same)
        kin.append(kept)
        self.all.append(kept)
        return kept

    def remove(self, found: Finding) -> None:
        """Forget a finding."""
        self._of_way(found.outcome).remove(found)
        self.all.remove(found)

    def like(self, hit: Outcome, most: int = 3) -> list[Finding]:
        """Return shrunk findings of other ways that ``hit`` may be too, those of its op first."""
        case = parse(hit.case)
        near = {
            one.outcome.case: one
            for one in self.all
            if one.state == "shrunk" and alike(one.outcome, hit) and one.covers(case)
        }
        return sorted(near.values(), key=lambda one: one.outcome.op != hit.op)[:most]

    def grouped(self) -> list[list[Finding]]:
        """Return findings of the same smallest case and verdict together: one bug, many ways.

        The dtype of the case does not matter: no case shrinks to one of another dtype.
        """
        found: defaultdict[tuple[Case, str], list[Finding]] = defaultdict(list)
        for one in self.all:
            found[one.case.replace(dtype="float32"), one.outcome.verdict].append(one)
        return list(found.values())

    def _of_way(self, outcome: Outcome) -> list[Finding]:
        return self._by_way[outcome.variant, outcome.key]


def _are_same(one: Finding, other: Finding) -> bool:
    if not alike(one.outcome, other.outcome):
        return False
    alone = set(one.features) ^ set(other.features)
    return alone <= set(DTYPES) or one.covers(other.case) or other.covers(one.case)


def _is_power(count: int, base: int) -> bool:
    power = base
    while power < count:
        power *= base
    return power == count
