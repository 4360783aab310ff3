"""The two sides of a claim, block by block, and what the bound of their difference is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import FORMATS, Array, Float64, decode
from convergent.harness.relations.majorant import Problem
from convergent.harness.relations.twin import Claim, Move, role, still

_BLOCK = 1 << 20  # elements compared at a time: a dozen arrays of 8 MiB
_ADDITIONS = 32  # between a product and the sum of a block, at most, in the order NumPy has
_EXACT = 2.0**53

Index = tuple[slice, ...]


class Given(NamedTuple):
    """What a method gave for ``op`` of a problem (canonical; bfloat16 as bits)."""

    problem: Problem
    op: str
    result: Array

    @property
    def case(self) -> Case:
        """The problem's case."""
        return self.problem.case

    @property
    def magnitude(self) -> Float64:
        """A bound of ``S`` of every element, as a view of the result's shape."""
        return self.problem.magnitude(self.op)


class Sides(NamedTuple):
    """Both sides of some elements: ``left`` must equal ``right``.

    ``S`` bounds ``sum|x||w|`` of both together, ``size`` is ``|left| + |right|`` term by term,
    ``underflows`` how many results underflow on their own, ``own`` what the sums made here may err.
    ``ours`` and ``slices`` say which elements of the result at hand they are.
    """

    left: Float64
    right: Float64
    S: Float64
    size: Float64
    underflows: float
    own: float = 0.0
    ours: Move = still
    slices: Index = ()


class _Part(NamedTuple):
    """Elements of a result times ``factor``, and a bound of their ``S``: views."""

    result: Array
    magnitude: Float64
    dtype: str
    factor: float = 1.0

    def block(self, index: Index) -> tuple[Float64, Float64]:
        """Return values, an infinity as the threshold of overflow, and bounds at ``index``."""
        values = _finite(decode(self.result[index], self.dtype), self.dtype)
        return values * self.factor, self.magnitude[index] * abs(self.factor)


def sides(claim: Claim, base: Given, twins: Sequence[Given]) -> Iterator[Sides]:
    """Yield every element on which ``claim`` speaks, in blocks."""
    if claim.kind == "inner":
        yield _inner(base, twins[0])
        return
    of = role(base.op)
    theirs = [
        _part(given, twin.place(of).theirs) for twin, given in zip(claim.twins, twins, strict=True)
    ]
    if claim.kind == "each":
        for twin, part in zip(claim.twins, theirs, strict=True):
            ours = twin.place(of).ours
            yield from _blocks(ours, _part(base, ours), [part])
    else:
        yield from _blocks(still, _part(base, still, claim.factor), theirs)


def _part(given: Given, move: Move, factor: float = 1.0) -> _Part:
    return _Part(move(given.result), move(given.magnitude), given.case.dtype, factor)


def _blocks(ours: Move, left: _Part, right: Sequence[_Part]) -> Iterator[Sides]:
    for index in _indices(left.result.shape):
        value, S = left.block(index)
        other, size = np.zeros(()), np.abs(value)
        for part in right:
            term, bound = part.block(index)
            other, S, size = other + term, S + bound, size + np.abs(term)
        underflows = abs(left.factor) + len(right)
        yield Sides(value, other, S, size, underflows, ours=ours, slices=index)


def _indices(shape: tuple[int, ...]) -> Iterator[Index]:
    """Yield slices of the longest axis but the last, few elements each."""
    axis = int(np.argmax(shape[:-1]))
    step = max(1, _BLOCK * shape[axis] // max(1, math.prod(shape)))
    for start in range(0, shape[axis], step):
        yield (slice(None),) * axis + (slice(start, start + step),)


def _inner(base: Given, twin: Given) -> Sides:
    left, right = _product(base), _product(twin)
    size = left.size + right.size
    # Integers add up exactly in any order as long as float64 holds the sum of their magnitudes.
    whole = base.case.data not in ("normal", "uniform") and float(size) <= _EXACT
    return Sides(
        left.left,
        right.left,
        left.S + right.S,
        size,
        left.underflows + right.underflows,
        own=0.0 if whole else _ADDITIONS * float(size) / _EXACT,
    )


def _product(given: Given) -> Sides:
    """Return the inner product of a result and the operand of its shape, as a left side."""
    operand = dict(zip("xwy", given.problem.operands, strict=True))[role(given.op)]
    sums: list[list[float]] = [[], [], [], []]
    for index in _indices(given.result.shape):
        values, bound = _part(given, still).block(index)
        weights = decode(operand[index], given.case.dtype)
        sizes = np.abs(weights)
        terms = (values * weights, bound * sizes, np.abs(values) * sizes, sizes)
        for listed, term in zip(sums, terms, strict=True):
            listed.append(float(np.sum(term)))
    value, S, size, weight = (np.asarray(math.fsum(listed)) for listed in sums)
    return Sides(value, np.zeros(()), S, size, float(weight))


def _finite(values: Float64, dtype: str) -> Float64:
    threshold = FORMATS[dtype].overflow
    clipped: Float64 = np.clip(values, -threshold, threshold)
    return clipped
