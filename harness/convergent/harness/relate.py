"""Checks of relations: a method's result of a problem and of its twins, asked for and measured.

It knows no worker: ``ask`` runs some methods on a problem and tells of each what it came to.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from convergent.backends.variant import Variant
from convergent.cases.dtypes import Array, storage
from convergent.harness import relations
from convergent.harness.outcome import Judgement
from convergent.harness.relations import Claim, Given, Problem, Twin
from convergent.harness.relations.checks import partner
from convergent.harness.relations.twin import role
from convergent.harness.workers import Reply

Ask = Callable[[Problem, Sequence[str]], Iterator[tuple[str, Reply]]]


class Related(NamedTuple):
    """What the check ``key`` came to; ``array`` is the method's own result, where it gave one."""

    key: str
    found: Judgement
    seconds: float = 0.0
    array: Array | None = None


def relate(
    asked: Variant, problem: Problem, keys: Sequence[str], ask: Ask, replies: dict[str, Reply]
) -> Iterator[Related]:
    """Yield what every check of ``keys`` (``op/method@relation``) of a problem came to.

    ``replies`` holds what is known of the methods on the problem itself; what is missing is asked.
    """
    possible = []
    for key in keys:
        if reason := relations.gap(asked, key, problem.case):
            yield Related(key, Judgement(verdict="unsupported", detail=reason))
        else:
            possible.append(key)
    own = dict.fromkeys(relations.split(key)[0] for key in possible)
    replies.update(ask(problem, [key for key in own if key not in replies]))
    for _, alike in itertools.groupby(sorted(possible, key=_kind), _kind):
        yield from _Relating(asked, problem, ask, replies).run(list(alike))


def by_method(keys: Sequence[str]) -> list[list[str]]:
    """Return ``keys`` in lists of one method each."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(relations.split(key)[0], []).append(key)
    return list(found.values())


def _kind(key: str) -> tuple[str, str]:
    method, relation = relations.split(key)
    return relation, method.partition("/")[0]


class _Relating:
    """One relation of one op: its twins are made once, and every method is asked on them."""

    def __init__(
        self, asked: Variant, problem: Problem, ask: Ask, replies: dict[str, Reply]
    ) -> None:
        self._asked, self._problem, self._ask, self._replies = asked, problem, ask, replies

    def run(self, keys: list[str]) -> Iterator[Related]:
        """Yield what ``keys`` came to, which differ in the method alone."""
        claim = relations.claim(keys[0], self._problem.case)
        assert claim is not None
        methods = [relations.split(key)[0] for key in keys]
        sound = [method for method in methods if not isinstance(self._own(method), Judgement)]
        twins = [self._twin(twin, sound) for twin in claim.twins]
        for key, method in zip(keys, methods, strict=True):
            yield self._check(key, method, claim, twins)

    def _twin(self, twin: Twin, methods: list[str]) -> tuple[Problem, dict[str, Reply]]:
        """Return a twin and the replies of what is called on it, by key."""
        called = list(dict.fromkeys(partner(self._asked, method, twin) for method in methods))
        if twin.op:  # another op of the problem itself
            missing = [key for key in called if key not in self._replies]
            self._replies.update(self._ask(self._problem, missing))
            return self._problem, self._replies
        made = Problem(twin.case, twin.operands(self._problem.operands))
        return made, dict(self._ask(made, called))

    def _check(
        self, key: str, method: str, claim: Claim, twins: list[tuple[Problem, dict[str, Reply]]]
    ) -> Related:
        base = self._own(method)
        if isinstance(base, Judgement):
            return Related(key, base)
        givens, seconds = [], 0.0
        for twin, (problem, replies) in zip(claim.twins, twins, strict=True):
            called = partner(self._asked, method, twin)
            given = _given(problem, called, replies[called])
            if isinstance(given, Judgement):
                detail = f"{_named(called, twin)}: {given.detail}"
                return Related(key, msgspec.structs.replace(given, detail=detail), seconds)
            givens.append(given)
            seconds += sum(replies[called].seconds)  # type: ignore[union-attr]
        found = relations.measure(claim, base, givens)
        if found.question == "relation":
            found = msgspec.structs.replace(found, detail=self._said(key, method, claim))
        return Related(key, found, seconds, base.result)

    def _own(self, method: str) -> Given | Judgement:
        return _given(self._problem, method, self._replies[method])

    def _said(self, key: str, method: str, claim: Claim) -> str:
        meaning = relations.RELATIONS[relations.split(key)[1]].meaning
        twins = dict.fromkeys(_named(partner(self._asked, method, t), t) for t in claim.twins)
        return f"{meaning}; expected: {', '.join(twins)}"


def _named(called: str, twin: Twin) -> str:
    return f"{called} of the twin {twin.case}" if not twin.op else called


def _given(problem: Problem, key: str, reply: Reply) -> Given | Judgement:
    """Return what ``reply`` gave, or what it comes to if that is no result to relate."""
    if isinstance(reply, Judgement):
        return reply
    if reply.header["is"] == "raised":
        return Judgement(verdict="raised", detail=reply.message)
    op, array = key.partition("/")[0], reply.arrays[0]
    case = problem.case
    if array.shape != case.shape(role(op)):
        said = f"shape {array.shape}, expected {case.shape(role(op))}"
        return Judgement(verdict="differs", ratio="inf", detail=said, question="shape")
    if reply.dtype != case.dtype or array.dtype != storage(case.dtype):
        said = f"dtype {reply.dtype} ({array.dtype}), expected {case.dtype}"
        return Judgement(verdict="differs", ratio="inf", detail=said, question="dtype")
    if reply.changed:
        said = f"the method changed its input {', '.join(reply.changed)}"
        return Judgement(verdict="differs", detail=said, question="input")
    return Given(problem, op, array)
