"""What a fuzz knows so far: cases, coverage, findings and figures, learnt from outcomes alone.

A live fuzz and one that is resumed learn by the same function from the same lines.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from convergent.cases.case import Case
from convergent.cases.errors import NothingLeft
from convergent.cases.features import features
from convergent.cases.fuzzing import Space
from convergent.cases.steering import Steering
from convergent.cases.text import parse
from convergent.harness.fuzz.findings import Finding, Findings, is_hit
from convergent.harness.fuzz.ways import Ways
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome

_NEAR = 8  # waiting cases that a variant chooses from
_MOST_WAITING = 5000
_MOST_UNASKED = _MOST_WAITING + 500


class Tally(msgspec.Struct):
    """How far one variant came; ``known`` and ``unjudged`` are no findings."""

    cases: int = 0
    checks: int = 0
    hits: int = 0
    known: int = 0
    unjudged: int = 0
    seconds: float = 0.0


class Hit(NamedTuple):
    """An outcome to look into; ``is_sample``: it is booked on a finding as one of many."""

    outcome: Outcome
    is_sample: bool


class State:
    """Which cases were drawn and what came of them; not safe for threads.

    ``start`` are cases to begin with: they are run first, and others are made from them.
    """

    def __init__(self, options: Options, start: Iterable[Case], found: Iterable[Finding]) -> None:
        self.ways = {name: Ways(name, options.selection) for name in options.variants}
        space = Space()
        if options.selection.dtypes:
            space = Space(dtypes=options.selection.dtypes)
        narrows = options.selection.narrows
        self.steering = Steering(options.seed, space, self._is_possible if narrows else None)
        self.findings = Findings(found)
        self.tallies = {name: Tally() for name in options.variants}
        self.pending: dict[str, deque[Hit]] = {name: deque() for name in options.variants}
        self.start: deque[Case] = deque()
        self.left_out = 0  # of the start: too large
        for case in dict.fromkeys(start):
            if space.has(case):
                self.start.append(case)
            else:
                self.left_out += 1
        self._waiting: dict[str, deque[Case]] = {
            name: deque(maxlen=_MOST_WAITING) for name in options.variants
        }
        self._began: dict[str, set[str]] = {name: set() for name in options.variants}
        self._reached: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)

    def next(self, variant: str) -> tuple[Case, list[str]]:
        """Return a case that ``variant`` has not had, and what to ask of it.

        Raises ``NothingLeft``.
        """
        ways, waiting = self.ways[variant], self._waiting[variant]
        for _ in range(_MOST_UNASKED):
            if waiting:
                near = [waiting.popleft() for _ in range(min(_NEAR, len(waiting)))]
                case = max(near, key=ways.worth)
                waiting.extendleft(other for other in reversed(near) if other is not case)
            else:
                case = self._drawn()
                self._hand_to_others(case, variant)
            if keys := ways.choose(case):
                self._meet(variant, case)
                return case, keys
        raise NothingLeft(
            f"of {_MOST_UNASKED} random cases none is anything that {variant} is asked; "
            "loosen --op, --method, --dtype or -k"
        )

    def learn(self, outcome: Outcome, *, again: bool = False) -> None:
        """Book a recorded outcome; what needs a look waits for it in ``pending``.

        ``again``: an earlier sitting learnt it, and took the samples of what is seen often.
        """
        case = parse(outcome.case)
        if self.steering.count(case):  # only of a resumed fuzz: a drawn one is counted already
            self._hand_to_others(case, outcome.variant)
        self._meet(outcome.variant, case)
        self.ways[outcome.variant].count(outcome.key, case)
        self._reach(outcome, case)
        tally = self.tallies[outcome.variant]
        tally.checks += 1
        tally.known += bool(outcome.known)
        tally.unjudged += outcome.verdict == "mistrusted"
        if not is_hit(outcome):
            return
        tally.hits += 1
        known = self.findings.match(outcome)
        if known:
            known.seen += 1
        is_sample = known is not None and known.is_due and not again
        if known is None or is_sample:
            self.pending[outcome.variant].append(Hit(outcome, is_sample))

    def excuse(self, slow: Outcome) -> None:
        """Count an outcome as no hit after all: it took but longer than the time limit."""
        tally = self.tallies[slow.variant]
        tally.hits -= 1
        tally.unjudged += 1

    @property
    def kernels(self) -> set[tuple[str, str]]:
        """The kernels that were met, each with its variant."""
        return {(place[0], place[2]) for place in self._reached if place[2]}

    def _drawn(self) -> Case:
        while self.start:
            case = self.start.popleft()
            if self.steering.count(case):
                self.steering.keep(case, "given")
                return case
        return self.steering.draw()

    def _meet(self, variant: str, case: Case) -> None:
        line = str(case)
        if line not in self._began[variant]:
            self._began[variant].add(line)
            self.tallies[variant].cases += 1

    def _hand_to_others(self, case: Case, variant: str) -> None:
        for other, waiting in self._waiting.items():
            if other != variant:
                waiting.append(case)

    def settle(self) -> None:
        """Take from each variant's waiting cases those that it has had: a file was replayed."""
        for variant, waiting in self._waiting.items():
            had = self._began[variant]
            left = [case for case in waiting if str(case) not in had]
            waiting.clear()
            waiting.extend(left)

    def _reach(self, outcome: Outcome, case: Case) -> None:
        """Keep a case that is the first of its features in a kernel, or with a verdict."""
        verdict = "known" if outcome.known else outcome.verdict
        place = (outcome.variant, outcome.op, outcome.kernel, verdict)
        new = features(case) - self._reached[place]
        if new:
            self._reached[place] |= new
            how = outcome.kernel or outcome.op
            said = "" if verdict == "agrees" else f" {verdict}"
            self.steering.keep(case, f"{outcome.variant}: {how}{said} with {min(new)}")

    def _is_possible(self, case: Case) -> bool:
        return any(ways.possible(case) for ways in self.ways.values())
