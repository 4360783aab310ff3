"""A correct convolution as a good library has it: one matrix product per tap, in the own format.

Nothing of the project's maps is used. 16-bit formats are multiplied and summed in float32, float32
in float32, float64 in float64, and the sum is rounded once. Padding is skipped, not multiplied. A
fault is this computation with one part replaced: ``compute(case, op, operands, stride=(1, 1))``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array

CONV, INPUT, FILTER = "conv", "backprop_input", "backprop_filter"
TRANSPOSE, BIAS = "transpose", "backprop_bias"
GRADIENTS = (INPUT, FILTER)
BACKWARD = (INPUT, TRANSPOSE)
MAPS = (CONV, INPUT, FILTER, TRANSPOSE)
OPS = (*MAPS, BIAS)

Tap = tuple[int, ...]
Place = tuple[slice, ...]


def load(array: Array, dtype: str) -> Array:
    """Return a stored array in the type that its products are summed in."""
    if dtype == "bfloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(accumulator(dtype))


def store(values: Array, dtype: str) -> Array:
    """Return sums rounded to nearest, ties to even, as ``dtype`` is stored (bfloat16: bits)."""
    if dtype != "bfloat16":
        with np.errstate(over="ignore"):
            return values.astype(dtype)
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)
    return np.where(np.isnan(values), 0x7FC0, rounded).astype(np.uint16)


def accumulator(dtype: str) -> type[np.floating[Any]]:
    """Return the type in which ``dtype`` is summed."""
    return np.float64 if dtype == "float64" else np.float32


class Kernel:
    """The three maps of ``case``; every attribute may be replaced by a mistaken one.

    ``low``: zeros before each axis. ``read(tap)``: the tap whose weights are used. ``skips(tap)``:
    whether a tap is left out. ``product(a, b)``: ``(G, M, k) @ (G, k, n)``. ``put(total, at,
    part)``: adds a tap's products. ``load`` and ``store``: from and to the stored format.
    """

    def __init__(self, case: Case, **replaced: Any) -> None:
        self.case = case
        self.low: Sequence[int] = [lo for lo, _ in case.pads]
        self.stride, self.dilation = case.stride, case.dilation
        self.read: Callable[[Tap], Tap] = lambda tap: tap
        self.skips: Callable[[Tap], bool] = lambda _: False
        self.product: Callable[[Array, Array], Array] = np.matmul
        self.put: Callable[[Array, Any, Array], None] = _add
        self.load, self.store = load, store
        for name, value in replaced.items():
            if not hasattr(self, name):
                raise TypeError(f"a kernel has no {name}")
            setattr(self, name, value)

    def __call__(self, op: str, operands: Operands) -> Array:
        """Return the result of ``op``, canonical shape, stored as the case's dtype."""
        dtype = self.case.dtype
        x, w, dy = (self.load(a, dtype) for a in operands)
        with np.errstate(all="ignore"):
            if op == BIAS:
                return self.store(dy.sum(axis=tuple(range(dy.ndim - 1))), dtype)
            if op == FILTER:
                return self.store(self.filter(x, dy), dtype)
            return self.store(self.conv(x, w) if op == CONV else self.image(dy, w), dtype)

    def conv(self, x: Array, w: Array) -> Array:
        """Return y, not yet rounded."""
        y = np.zeros(self.case.y_shape, x.dtype)
        for tap, (out, place) in self.taps():
            part = self.product(self._split(x[place]), self._weights(w[self.read(tap)]))
            self.put(y, out, _joined(part, y[out].shape))
        return y

    def image(self, dy: Array, w: Array) -> Array:
        """Return d_x, not yet rounded."""
        dx = np.zeros(self.case.x_shape, dy.dtype)
        for tap, (out, place) in self.taps():
            weights = self._weights(w[self.read(tap)]).transpose(0, 2, 1)
            part = self.product(self._split(dy[out]), weights)
            self.put(dx, place, _joined(part, dx[place].shape))
        return dx

    def filter(self, x: Array, dy: Array) -> Array:
        """Return d_w, not yet rounded."""
        dw = np.zeros(self.case.w_shape, x.dtype)
        for tap, (out, place) in self.taps():
            part = self.product(self._split(x[place]).transpose(0, 2, 1), self._split(dy[out]))
            read = self.read(tap)
            self.put(dw, read, part.transpose(1, 0, 2).reshape(dw[read].shape))
        return dw

    def taps(self) -> list[tuple[Tap, tuple[Place, Place]]]:
        """Return each tap with the outputs that it serves and the places that they read."""
        return [
            (tap, self.windows(tap)) for tap in np.ndindex(*self.case.kernel) if not self.skips(tap)
        ]

    def windows(self, tap: Tap) -> tuple[Place, Place]:
        """Return which outputs' windows have ``tap`` inside the image, and where it lies."""
        every: Place = (slice(None),)
        pairs = [self.span(axis, t) for axis, t in enumerate(tap)]
        return every + tuple(o for o, _ in pairs), every + tuple(i for _, i in pairs)

    def span(self, axis: int, t: int) -> tuple[slice, slice]:
        """Return the outputs of one axis, and the places that the tap ``t`` reads for them."""
        case, step = self.case, self.stride[axis]
        shift = t * self.dilation[axis] - self.low[axis]
        first = max(0, math.ceil(-shift / step))
        last = min(case.output[axis] - 1, (case.input[axis] - 1 - shift) // step)
        if last < first:
            return slice(0, 0), slice(0, 0)
        return slice(first, last + 1), slice(first * step + shift, last * step + shift + 1, step)

    def _split(self, array: Array) -> Array:
        """Return ``(G, places, channels of a group)`` of ``(N, *places, channels)``."""
        groups = self.case.groups
        per, places = array.shape[-1] // groups, math.prod(array.shape[:-1])
        return array.reshape(places, groups, per).transpose(1, 0, 2)

    def _weights(self, tap: Array) -> Array:
        """Return ``(G, C/G, O/G)`` of one tap's ``(C/G, O)``."""
        groups = self.case.groups
        return tap.reshape(len(tap), groups, tap.shape[-1] // groups).transpose(1, 0, 2)


def compute(case: Case, op: str, operands: Operands, **replaced: Any) -> Array:
    """Return ``op`` of stored canonical operands, with parts of the kernel replaced."""
    return Kernel(case, **replaced)(op, operands)


def _joined(part: Array, shape: tuple[int, ...]) -> Array:
    return part.transpose(1, 0, 2).reshape(shape)


def _add(total: Array, at: Any, part: Array) -> None:
    total[at] += part
