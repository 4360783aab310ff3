"""Correct implementations of the maps, and what each of them gives for an op of a case."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from alarms import fast, orders
from alarms.gemm import GEMM
from alarms.terms import READS, factors
from convergent.cases import dtypes
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import FORMATS, Array

Values = npt.NDArray[Any]

CHANNELS_FIRST = "channels first"
DOWNGRADES = ("tf32", "bfloat16")
FAST = ("FFT", "Winograd F(2, 3)", "Winograd F(4, 3)")
_LONGEST_LOOP = 1 << 15  # terms that are added in Python, one step each


class Work:
    """An op of a case with its operands in the type in which sums are kept."""

    def __init__(self, case: Case, op: str, operands: Operands) -> None:
        self.case, self.op = case, op
        kept = FORMATS[case.dtype].accumulator
        decoded = (dtypes.decode(array, case.dtype).astype(kept) for array in operands)
        self.values: dict[str, Values] = dict(zip("xwy", decoded, strict=True))
        self.shape: tuple[int, ...] = getattr(case, f"{READS[op][2]}_shape")

    @functools.cached_property
    def factors(self) -> tuple[Values, Values]:
        """The factors of all products, as the op's usual order has them."""
        left, right = factors(self.case, self.op, self.values)
        # A transpose scatters where the gradient gathers: the other way round.
        return (left[::-1], right[::-1]) if self.op == "transpose" else (left, right)

    def stored(self, sums: Values) -> Array:
        """Return sums as a kernel stores them: rounded once to the case's dtype."""
        values = np.asarray(sums.reshape(self.shape), np.float64)
        return dtypes.encode(values, self.case.dtype)

    def by(self, order: orders.Order) -> Array:
        """Return what adding the products in ``order`` gives."""
        return self.stored(order(*self.factors))

    def channels_first(self) -> Array:
        """Return the sum over channels first, over places and taps within each."""
        return self.by_factors(factors(self.case, self.op, self.values, channels_first=True))

    def by_factors(self, both: tuple[Values, Values]) -> Array:
        """Return what adding the products of ``both`` one by one gives."""
        return self.stored(orders.sequential(*both))

    def operands(self) -> tuple[Values, Values]:
        """Return the two operands that the op reads."""
        one, other, _ = READS[self.op]
        return self.values[one], self.values[other]


def implementations(work: Work) -> Iterator[tuple[str, Callable[[], Array]]]:
    """Yield each correct implementation that there is for ``work``, by name."""
    case = work.case
    finite = case.data not in ("nonfinite", "overflow")
    for name, order in orders.ORDERS.items():
        looped = name in orders.FINITE
        if finite or not looped:
            if looped and len(work.factors[0]) > _LONGEST_LOOP:
                continue
            yield name, functools.partial(work.by, order)
    yield CHANNELS_FIRST, work.channels_first
    for name, maps in GEMM.items():
        if case.data != "signedzeros":  # where BLAS starts its sums is its own affair
            yield name, functools.partial(_gemm, work, maps[work.op])


def fast_ones(work: Work) -> Iterator[tuple[str, Callable[[], Array]]]:
    """Yield the fast algorithms that there are for ``work``: accurate normwise."""
    case = work.case
    if work.op != "conv" or case.data not in ("normal", "uniform"):
        return
    x, w = work.operands()
    yield FAST[0], lambda: work.stored(fast.fft(case, x, w))
    if fast.winograds(case):
        yield FAST[1], lambda: work.stored(fast.winograd(case, x, w, 2))
        yield FAST[2], lambda: work.stored(fast.winograd(case, x, w, 4))


def sorted_ones(work: Work) -> Iterator[tuple[str, Callable[[], Array]]]:
    """Yield orders that know the values, which no kernel has and the bound does not allow for."""
    for name, order in orders.SORTED.items():
        yield name, functools.partial(work.by, order)


def downgraded(work: Work) -> Iterator[tuple[str, Array]]:
    """Yield what float32 sums of silently rounded operands give: no correct implementation."""
    for name in DOWNGRADES if work.case.dtype == "float32" else ():
        left, right = (dtypes.round_to(f.astype(np.float64), FORMATS[name]) for f in work.factors)
        yield name, work.by_factors((left.astype(np.float32), right.astype(np.float32)))


def _gemm(work: Work, function: Callable[[Case, Values, Values], Values]) -> Array:
    return work.stored(function(work.case, *work.operands()))
