"""Who tells a planted fault from the right result, who misses it, and who refuses both."""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from alarms import draw
from alarms.work import Work, implementations
from convergent.backends import oracle
from convergent.cases import data
from convergent.cases.case import SPECIAL, Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from convergent.cases.text import parse
from convergent.harness.compare import Question
from convergent.harness.referee import Referee, asks
from mutation import correct
from mutation.faults import Fault
from peers import forms, rules
from peers.checkers import Checker
from peers.rules import Rule

Found = Literal["told", "wolf", "missed", "absent", "too large"]
"""``told``: it refuses the fault and accepts the right result of the same check; ``wolf``: it
refuses both; ``absent``: with these numbers the fault changes nothing; ``too large`` to ask."""
KINDS = ("normal", "integers", "special")

LONG = 1024
"""Terms from which on a sum is called long."""


@dataclasses.dataclass
class Rate:
    """Right results that were judged, and refused: by dtype, and those of long sums again."""

    judged: defaultdict[str, int] = dataclasses.field(default_factory=lambda: defaultdict(int))
    refused: defaultdict[str, int] = dataclasses.field(default_factory=lambda: defaultdict(int))


def situations(fault: Fault) -> Iterator[tuple[str, Case, Operands]]:
    """Yield the operands on which a fault is asked, and their kind.

    Its case's shape with normal data and with integers; or, where the fault names other data, those
    alone: on ordinary numbers it is right.
    """
    shown = parse(fault.shown_in)
    operands = data.make(shown)
    given = fault.given(operands)
    if shown.data in SPECIAL or given is not operands:
        yield "special", shown, given
        return
    for kind, drawn in (("normal", "normal"), ("integers", "exact")):
        case = shown.replace(data=drawn)
        yield kind, case, data.make(case)


def judged(fault: Fault, every: Iterable[Rule]) -> dict[str, dict[str, Found]]:
    """Return what each rule makes of a fault, by its name, then by the kind of data."""
    every = tuple(every)
    found: dict[str, dict[str, Found]] = {
        rule.name: dict.fromkeys(KINDS, "absent") for rule in every
    }
    for kind, case, operands in situations(fault):
        for op in correct.OPS:
            wrong, right = fault(case, op, operands), correct.compute(case, op, operands)
            if same(wrong, right) or not asks(case, op):
                continue
            question = Question(case, op, oracle.expect(case, op, operands))
            for rule in every:
                sides = rules.of(question, wrong)
                if rule.asks(sides):
                    asks_right = functools.partial(rule.rejects, rules.of(question, right))
                    one = told(rule.rejects(sides), asks_right)
                    found[rule.name][kind] = better(found[rule.name][kind], one)
    return found


def checked(fault: Fault, checker: Checker, accepted: dict[str, bool]) -> Found:
    """Return what a gradient checker makes of a fault; the right form is asked first.

    ``accepted`` remembers which right forms were accepted.
    """
    if all(kind == "special" for kind, _, _ in situations(fault)):
        return "absent"
    case = parse(fault.shown_in).replace(dtype=checker.dtype, data="normal", memory="plain")
    operands = data.make(case)
    if all(
        same(fault(case, op, operands), correct.compute(case, op, operands)) for op in fault.ops
    ):
        return "absent"
    wrong = forms.of(case, fault, fault.ops)
    if wrong.size > checker.most:
        return "too large"
    key = f"{checker.name} {case} {forms.kind(fault.ops)}"
    if key not in accepted:
        accepted[key] = not checker.rejects(forms.of(case, correct.compute, fault.ops))
    if not accepted[key]:
        return "wolf"  # whatever it makes of the fault
    return "told" if checker.rejects(wrong) else "missed"


def told(refused: bool, refuses_right: Callable[[], bool]) -> Found:
    """Return ``missed``, ``wolf`` or ``told``; asks ``refuses_right()`` only if it must know."""
    if not refused:
        return "missed"
    return "wolf" if refuses_right() else "told"


def better(one: Found, other: Found) -> Found:
    """Return the better of two answers: one op or one kind of data that tells is enough.

    >>> better("missed", "told"), better("wolf", "missed"), better("absent", "missed")
    ('told', 'wolf', 'missed')
    """
    order: tuple[Found, ...] = ("told", "wolf", "missed", "too large", "absent")
    return min(one, other, key=order.index)


def rates(every: Iterable[Rule], checks: int, seed: int) -> dict[str, Rate]:
    """Return how often each rule refuses correct implementations on real data."""
    every = tuple(every)
    found = {rule.name: Rate() for rule in every}
    done = 0
    for case in draw.cases(seed):
        if case.data not in draw.REAL:
            continue
        referee = Referee()
        for op in ("conv", "backprop_input", "backprop_filter"):
            question = referee.question(case, op)
            if question.vacuous or question.doubt:
                continue
            for _, compute in implementations(Work(case, op, referee.operands(case))):
                done += 1
                sides = rules.of(question, compute())
                _count(found, every, sides, case.dtype)
                if int(question.expected.terms.max()) >= LONG:
                    _count(found, every, sides, f"{case.dtype}, long")
        if done >= checks:
            return found
    return found


def _count(found: dict[str, Rate], every: Iterable[Rule], sides: rules.Sides, dtype: str) -> None:
    for rule in every:
        if rule.asks(sides):
            found[rule.name].judged[dtype] += 1
            found[rule.name].refused[dtype] += rule.rejects(sides)


def same(one: Array, other: Array) -> bool:
    """Say whether two results have the same shape, dtype and bits."""
    return (one.shape, one.dtype) == (other.shape, other.dtype) and (
        one.tobytes() == other.tobytes()
    )
