"""The one trusted place: makes the inputs, knows what is right, and judges what workers send."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from convergent.backends import oracle
from convergent.backends.base import OPS
from convergent.cases import data, goldens
from convergent.cases.case import SPECIAL, Case
from convergent.cases.data import Operands
from convergent.cases.features import features
from convergent.harness import environment
from convergent.harness.compare import Question

CACHE_BYTES = 512 << 20
_MOST_KEPT = 1024  # of small cases, which are made again sooner than a slower variant is there
JACOBIAN_ENTRIES = 1 << 11
_BYTES_PER_DRAWN = 32  # drawing one operand beside the stored others; measured: 29 at most
_BYTES_PER_NORMAL = 64  # of twelve uniforms; measured: 64
_BYTES_PER_ELEMENT = 80  # operands, float64 copies, value, magnitude, terms, bound

_K = TypeVar("_K")
_V = TypeVar("_V")


class Referee:
    """Inputs and questions by case, each computed once while memory lasts; safe for threads."""

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._operands: _Cache[Case, Operands] = _Cache(cache_bytes // 4)
        self._questions: _Cache[tuple[Case, str], Question] = _Cache(cache_bytes)

    def operands(self, case: Case) -> Operands:
        """Return the inputs of ``case``."""
        return self._operands.get(
            case, lambda: data.make(case), lambda made: sum(a.nbytes for a in made)
        )

    def refuses(self, case: Case) -> str:
        """Say why ``case`` is too large to be judged by the oracle; empty if it is not."""
        return refuses(case)

    def cannot_relate(self, case: Case) -> str:
        """Say why ``case`` is too large even to be judged by relations; empty if it is not."""
        return refuses(case, related=True)

    def question(self, case: Case, op: str) -> Question:
        """Return what ``op`` of ``case`` must give, ready to judge results."""

        def ask() -> Question:
            question = Question(case, op, oracle.expect(case, op, self.operands(case)))
            question.doubt = question.doubt or _contradiction(question)
            return question

        return self._questions.get((case, op), ask, lambda made: made.nbytes)


class _Cache(Generic[_K, _V]):
    """Values by key; the least recently used go first once there are many, or many bytes."""

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._entries: OrderedDict[_K, tuple[_V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _K, make: Callable[[], _V], size: Callable[[_V], int]) -> _V:
        """Return the value of ``key``, made now if it is not held."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key][0]
        made = make()  # outside the lock: two threads may make the same value, neither waits
        with self._lock:
            if key not in self._entries:
                self._entries[key] = (made, size(made))
                self._held += self._entries[key][1]
            while len(self._entries) > _MOST_KEPT or (
                self._held > self._limit and len(self._entries) > 1
            ):
                self._held -= self._entries.popitem(last=False)[1][1]
        return made


def refuses(case: Case, *, related: bool = False) -> str:
    """Say why ``case`` is too large for the oracle on this machine; empty if it is not.

    ``related``: why it is too large for relations, which hold operands and results alone.
    """
    elements = sum(map(math.prod, (case.x_shape, case.w_shape, case.y_shape)))
    drawn = _BYTES_PER_NORMAL if case.data == "normal" else _BYTES_PER_DRAWN
    needed = elements * (drawn if related else _BYTES_PER_ELEMENT) / 2**30
    if needed <= environment.memory_gib():
        return ""
    return f"too large for the referee: it would take {needed:.3g} GiB of memory"


def asks(case: Case, op: str) -> bool:
    """Say whether ``op`` of ``case`` is worth asking.

    Illegal calls are asked of illegal cases, and nothing else is. Jacobians are asked while they
    are small, of legal numbers in plain memory; their entries are operands, one product each. The
    filter gradient of two ``tiny`` operands underflows, and a bias meets no special product.
    """
    if case.data == "illegal" or op == "contract":
        return case.data == "illegal" and op == "contract"
    if case.data in SPECIAL:
        unasked = {"backprop_bias"} | ({"backprop_filter"} if case.data == "tiny" else set())
        return "jacobian" not in op and op not in unasked
    if "jacobian" not in op:
        return True
    if case.memory != "plain" or "empty" in features(case):
        return False
    return math.prod(math.prod(case.shape(role)) for role in OPS[op]) <= JACOBIAN_ENTRIES


def _contradiction(question: Question) -> str:
    """Say where the oracle contradicts the numbers published for a golden case, if it does."""
    if not question.case.data.startswith("golden"):
        return ""
    golden = goldens.get(question.case.data)
    published = golden.expected.get(question.op)
    value = question.expected.value
    if published is not None and not np.array_equal(published, value):
        return f"the oracle contradicts the numbers published as {golden.name}"
    for index, number in golden.elements.get(question.op, {}).items():
        if value[index] != number:
            return f"the oracle contradicts the number published as {golden.name}{list(index)}"
    return ""
