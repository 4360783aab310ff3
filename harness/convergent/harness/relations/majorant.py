"""How large ``S = sum|x||w|`` and ``n`` can be, from sums over the operands alone.

With ``|x| <= max|x|`` every element of an output channel ``o`` has ``S <= max|x| sum|w[..., o]|``,
which reads each operand once, where the convolution of absolute values reads it once a tap.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array, Float64, decode
from convergent.harness.relations.twin import role


class Problem:
    """A case and its operands, and what is known of the sums without a convolution."""

    def __init__(self, case: Case, operands: Operands) -> None:
        self.case, self.operands = case, operands
        self._magnitudes: dict[str, Float64] = {}

    def is_same(self, other: Problem | None) -> bool:
        """Say whether ``other`` is this problem: of the same case and the very same arrays."""
        return other is not None and (self.case, *map(id, self.operands)) == (
            other.case,
            *map(id, other.operands),
        )

    def magnitude(self, op: str) -> Float64:
        """Return a bound of ``S`` for every element of the result of ``op``."""
        if role(op) not in self._magnitudes:
            self._magnitudes[role(op)] = magnitude(self.case, op, self.operands)
        return self._magnitudes[role(op)]


def magnitude(case: Case, op: str, operands: Operands) -> Float64:
    """Return a bound of ``S`` for every element of the result of ``op``, as a view of its shape."""
    groups, C, O = case.groups, case.in_channels, case.out_channels
    if role(op) == "y":
        found = _largest(case, operands.x) * _over_all_but_last(case, operands.w)
    elif role(op) == "x":
        taps = np.abs(decode(operands.w, case.dtype)).reshape(-1, C // groups, groups, O // groups)
        found = _largest(case, operands.dy) * taps.sum(axis=(0, 3)).T.reshape(C)
    else:
        image = _over_all_but_last(case, operands.x).reshape(groups, C // groups, 1)
        output = _over_all_but_last(case, operands.dy).reshape(groups, 1, O // groups)
        largest = _largest(case, operands.x), _largest(case, operands.dy)
        by_group = np.minimum(image * largest[1], output * largest[0])
        found = by_group.transpose(1, 0, 2).reshape(C // groups, O)
    return np.broadcast_to(found, case.shape(role(op)))


def longest(case: Case, op: str) -> int:
    """Return how many products the longest sum of ``op`` has."""
    summed = {
        "y": case.in_channels // case.groups,
        "x": case.out_channels // case.groups,
        "w": case.batch,
    }[role(op)]
    return summed * math.prod(int(counts.max()) for counts in _counts(case, role(op)))


def summed(case: Case, op: str) -> int:
    """Return how many elements of the result of ``op`` sum any product at all."""
    size = {
        "y": case.batch * case.out_channels,
        "x": case.batch * case.in_channels,
        "w": case.in_channels // case.groups * case.out_channels,
    }[role(op)]
    return size * math.prod(int(np.count_nonzero(c)) for c in _counts(case, role(op)))


def _largest(case: Case, stored: Array) -> float:
    return float(np.abs(decode(stored, case.dtype)).max(initial=0.0))


def _over_all_but_last(case: Case, stored: Array) -> Float64:
    sizes = np.abs(decode(stored, case.dtype))
    total: Float64 = sizes.reshape(-1, sizes.shape[-1]).sum(axis=0)
    return total


@functools.lru_cache(maxsize=4096)
def _counts(case: Case, of: str) -> list[npt.NDArray[np.int64]]:
    """Return, per dimension and place of ``x``, ``w`` or ``y``, how many products it is part of."""
    return [_count(case, of, axis) for axis in range(case.dims)]


def _count(case: Case, of: str, axis: int) -> npt.NDArray[np.int64]:
    size, kernel, out = case.input[axis], case.kernel[axis], case.output[axis]
    stride, dilation, before = case.stride[axis], case.dilation[axis], case.pads[axis][0]
    counts = np.zeros({"x": size, "w": kernel, "y": out}[of], np.int64)
    for tap in range(kernel):
        shift = tap * dilation - before  # at the window ``o`` the tap reads ``o * stride + shift``
        first = max(0, -(shift // stride))
        last = min(out - 1, (size - 1 - shift) // stride)
        if first > last:
            continue
        if of == "w":
            counts[tap] = last - first + 1
        elif of == "y":
            counts[first : last + 1] += 1
        else:
            counts[first * stride + shift : last * stride + shift + 1 : stride] += 1
    return counts
