"""What it takes to verify a gradient, from its operands to the verdict, in one process.

The clock is the processor's, of all threads: what else runs on the machine does not count.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterable

from convergent.backends import numpy as maps
from convergent.backends import oracle
from convergent.cases import data, dtypes
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import encode
from convergent.harness.compare import Question
from convergent.harness.referee import Referee
from mutation import correct
from peers import forms, rules
from peers.checkers import Checker
from peers.rules import OURS, Rule, Sides

GRADIENTS = ("backprop_input", "backprop_filter")

_FEWEST = 2

Verify = Callable[[], object]


def seconds(
    case: Case, every: Iterable[Rule], checkers: Iterable[Checker], times: int
) -> dict[str, float]:
    """Return the median seconds per verified gradient of ``case``, by rule, taken by turns.

    Every way computes the gradients under test with the same NumPy function. Rules need an
    expected value: the float64 map rounded to the dtype; ours has its own oracle, bound and
    judgement. Checkers verify both gradients in one call, from their own finite differences.
    """
    jobs = {rule.name: functools.partial(_by_rule, case, rule) for rule in every
            if not rule.integers}  # fmt: skip
    for checker in checkers:
        drawn = case.replace(dtype=checker.dtype)
        form = forms.of(drawn, correct.compute, ("conv",))
        if form.size <= checker.most:
            jobs[checker.name] = functools.partial(checker.rejects, form)
    return medians(jobs, times, len(GRADIENTS))


def medians(
    jobs: dict[str, Verify], times: int, each: int = 1, budget: float = 6.0
) -> dict[str, float]:
    """Return the median seconds of each job divided by ``each``; every job once a turn.

    A job that has been measured twice and taken ``budget`` seconds is left out of further turns.
    """
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(times + 1):
        for name, job in jobs.items():
            if len(taken[name]) >= _FEWEST and sum(taken[name]) * each > budget:
                continue
            began = time.process_time()
            job()
            if turn:  # the first turn imports and compiles
                taken[name].append((time.process_time() - began) / each)
    return {name: statistics.median(values) for name, values in taken.items()}


def _by_rule(case: Case, rule: Rule) -> None:
    operands = _operands(case)
    for op in GRADIENTS:
        actual = correct.compute(case, op, operands)
        if rule.name == OURS:
            question = Question(case, op, oracle.expect(case, op, operands))
            rule.rejects(rules.of(question, actual))
            continue
        decoded = {r: dtypes.decode(a, case.dtype) for r, a in zip("xwy", operands, strict=True)}
        one, other = (decoded[r] for r in ("yw" if op == "backprop_input" else "xy"))
        expected = encode(maps.MAPS[op](case, one, other), case.dtype)
        # A refusal would print arrays for many times what a comparison takes.
        rule.rejects(Sides(_question(case, op), expected.copy(), expected))


@functools.cache
def _operands(case: Case) -> Operands:
    return data.make(case)


@functools.cache
def _question(case: Case, op: str) -> Question:
    """Return a question that is made once: rules of others look at nothing but its case."""
    return Referee().question(case, op)
