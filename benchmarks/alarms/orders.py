"""Orders in which the terms of a sum may be added, each with its roundings; all of them correct.

Every function takes both factors of the products, ``(terms, elements)`` in the accumulator's type,
and returns the sums. Products are rounded to that type first unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
Order = Callable[[Values, Values], Values]

_SHUFFLE = 7
_SPLITTER = 2.0**27 + 1.0  # Dekker's, of 53 bits


def sequential(left: Values, right: Values) -> Values:
    """Add from the first to the last."""
    return _run(left * right)


def reversed_(left: Values, right: Values) -> Values:
    """Add from the last to the first."""
    return _run((left * right)[::-1])


def permuted(left: Values, right: Values) -> Values:
    """Add in a random order, the same for all elements."""
    return _run((left * right)[np.random.default_rng(_SHUFFLE).permutation(len(left))])


def pairwise(left: Values, right: Values) -> Values:
    """Add neighbours, then neighbouring sums, and so on."""
    sums = left * right
    while len(sums) > 1:
        sums = _even(sums)
        sums = sums[::2] + sums[1::2]
    return _first(sums)


def tree(left: Values, right: Values) -> Values:
    """Fold the second half onto the first, again and again, as blocks of a GPU do."""
    sums = left * right
    while len(sums) > 1:
        sums = _even(sums)
        half = len(sums) // 2
        sums = sums[:half] + sums[half:]
    return _first(sums)


def blocked(size: int) -> Order:
    """Return the order that adds ``size`` neighbours at a time, then their sums."""

    def order(left: Values, right: Values) -> Values:
        return _run(_run(_cut(left * right, size), axis=1))

    return order


def lanes(count: int) -> Order:
    """Return the order of a vector register: each lane every ``count``-th term, lanes by tree."""

    def order(left: Values, right: Values) -> Values:
        sums = _run(_cut(left * right, count))
        while len(sums) > 1:
            half = len(sums) // 2
            sums = sums[:half] + sums[half:]
        return _first(sums)

    return order


def split(parts: int) -> Order:
    """Return split-K: ``parts`` long runs of their own, whose sums are added at the end."""

    def order(left: Values, right: Values) -> Values:
        return _run(_run(_cut(left * right, max(1, -(-len(left) // parts))), axis=1))

    return order


def numpy_sum(left: Values, right: Values) -> Values:
    """Add as ``numpy.sum`` does: pairwise, blocks of 128, eight accumulators."""
    found: Values = np.ascontiguousarray((left * right).T).sum(axis=1)
    return found


def fused(left: Values, right: Values) -> Values:
    """Add exact products, one rounding a step."""
    if left.dtype == np.float64:
        return _fused_float64(left, right)
    total = np.zeros(left.shape[1], left.dtype)
    for a, b in zip(left.astype(np.float64), right.astype(np.float64), strict=True):
        total = (total + a * b).astype(left.dtype)  # the product of two float32 is exact here
    return total


def kahan(left: Values, right: Values) -> Values:
    """Add with Kahan's compensation."""
    total = np.zeros(left.shape[1], left.dtype)
    lost = np.zeros_like(total)
    for product in left * right:
        term = product - lost
        new = total + term
        lost = (new - total) - term
        total = new
    return total


def wide(left: Values, right: Values) -> Values:
    """Multiply and add in the next wider type; round at the end."""
    wider = np.longdouble if left.dtype == np.float64 else np.float64
    return _run(left.astype(wider) * right.astype(wider)).astype(left.dtype)


def by_value(left: Values, right: Values) -> Values:
    """Add the negative terms first: an order that knows the values."""
    return _run(np.sort(left * right, axis=0))


def largest_first(left: Values, right: Values) -> Values:
    """Add the largest terms first: an order that knows the values."""
    terms = left * right
    return _run(np.take_along_axis(terms, np.argsort(-np.abs(terms), axis=0), axis=0))


ORDERS: dict[str, Order] = {
    "sequential": sequential,
    "reversed": reversed_,
    "permuted": permuted,
    "pairwise": pairwise,
    "tree": tree,
    "blocks of 8": blocked(8),
    "blocks of 16": blocked(16),
    "blocks of 64": blocked(64),
    "8 lanes": lanes(8),
    "split-K 4": split(4),
    "split-K 32": split(32),
    "numpy.sum": numpy_sum,
    "FMA": fused,
    "Kahan": kahan,
    "wider accumulator": wide,
}
SORTED: dict[str, Order] = {"negative first": by_value, "largest first": largest_first}
FINITE = ("FMA", "Kahan")
"""What subtracts sums from one another has no answer where they are infinite."""


def _run(terms: Values, axis: int = 0) -> Values:
    """Return the sums from the first to the last; ``accumulate`` may not regroup them."""
    if not terms.shape[axis]:
        return np.zeros(terms.shape[:axis] + terms.shape[axis + 1 :], terms.dtype)
    return np.take(np.add.accumulate(terms, axis=axis), -1, axis=axis)


def _first(sums: Values) -> Values:
    return sums[0] if len(sums) else np.zeros(sums.shape[1], sums.dtype)


def _even(sums: Values) -> Values:
    return np.concatenate([sums, np.zeros_like(sums[:1])]) if len(sums) % 2 else sums


def _cut(terms: Values, size: int) -> Values:
    """Return ``(parts, size, elements)``; zeros fill the last part."""
    rest = -len(terms) % size
    filled = np.concatenate([terms, np.zeros((rest, terms.shape[1]), terms.dtype)])
    return filled.reshape(-1, size, terms.shape[1])


def _fused_float64(left: Values, right: Values) -> Values:
    """Add products that are split without error (Dekker 1971), with Knuth's exact sum of two."""
    total = np.zeros(left.shape[1])
    for a, b in zip(left, right, strict=True):
        product = a * b
        high_a, high_b = _high(a), _high(b)
        low_a, low_b = a - high_a, b - high_b
        rest = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
        new = total + product
        back = new - total
        total = new + (((total - (new - back)) + (product - back)) + rest)
    return total


def _high(values: Values) -> Values:
    scaled = _SPLITTER * values
    found: Values = scaled - (scaled - values)
    return found
