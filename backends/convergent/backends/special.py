"""What a map must give on special data: where NaN and infinities go, and which zeros are negative.

Everything is counted by the maps themselves, applied to indicators: how many products of a sum are
NaN, infinite of either sign, or a negative zero. A map of indicators sums the products that the
convolution has, and none with the zeros of a padding.

IEEE 754 leaves two choices to an implementation. One that pads with zeros multiplies them: then an
output gradient of infinity meets a zero of the image and gives NaN, where one that skips the
padding has no such product (``nan_too``). And a sum that starts from its first product, not from
+0, is -0 if every product is (``minus_too``; IEEE 754-2019, 6.3).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from convergent.backends import numpy as maps
from convergent.backends.expected import Expected
from convergent.cases.case import Case
from convergent.cases.dtypes import Float64

Pairs = Iterable[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]

KINDS = ("nonfinite", "signedzeros")


def expect(case: Case, name: str, a: Float64, b: Float64, terms: npt.NDArray[np.int64]) -> Expected:
    """Return what the map ``name`` must give on operands with NaN, infinities or signed zeros."""
    finite_a, finite_b = (np.where(np.isfinite(v), v, 0.0) for v in (a, b))
    value = _value(case, name, a, b)
    signed = case.data == "signedzeros"
    return Expected(
        value=value,
        magnitude=maps.MAPS[name](case, np.abs(finite_a), np.abs(finite_b)),
        terms=np.broadcast_to(terms, value.shape),
        nan_too=None if signed else _meets_padding(case, name, a, b, value.shape),
        minus_too=_minus_zeros(case, name, a, b) == terms if signed else None,
    )


def skipping(case: Case, name: str, a: Float64, w: Float64) -> Float64:
    """Return what the map ``name`` gives if it leaves out products with the zeros of a filter."""
    return _value(case, name, a, w, invalid=((np.isnan(a), w != 0),))


def _value(case: Case, name: str, a: Float64, b: Float64, invalid: Pairs = ()) -> Float64:
    """Return the map of ``a`` and ``b``, NaN for ``invalid`` products (by default all that are)."""
    finite = maps.MAPS[name](case, *(np.where(np.isfinite(v), v, 0.0) for v in (a, b)))
    nan_a, nan_b, inf_a, inf_b = np.isnan(a), np.isnan(b), np.isinf(a), np.isinf(b)
    all_invalid = (
        (nan_a, ~nan_b), (~nan_a, nan_b), (nan_a, nan_b), (inf_a, b == 0), (a == 0, inf_b),
    )  # fmt: skip
    invalids, _ = _count(case, name, a, b, invalid or all_invalid)
    others_a, others_b = np.isfinite(a) & (a != 0), ~nan_b & (b != 0)
    infinite, signs = _count(case, name, a, b, ((inf_a, others_b), (others_a, inf_b)))
    plus, minus = infinite + signs > 0, infinite - signs > 0
    found = np.where(plus, np.inf, np.where(minus, -np.inf, finite))
    return np.where((invalids > 0) | (plus & minus), np.nan, found)


def _minus_zeros(case: Case, name: str, a: Float64, b: Float64) -> Float64:
    """Count the products that are negative zeros."""
    zero_a, zero_b = a == 0, b == 0
    pairs = ((zero_a, zero_b), (zero_a, ~zero_b), (~zero_a, zero_b))
    zeros, signs = _count(case, name, a, b, pairs)
    return (zeros - signs) / 2


def _count(case: Case, name: str, a: Float64, b: Float64, pairs: Pairs) -> tuple[Float64, Float64]:
    """Return, per element, how many products are of one of ``pairs``, and the sum of their signs.

    A pair says which elements of ``a`` and which of ``b``; no product may be of two pairs.
    """
    found = signs = np.zeros(())
    for left, right in pairs:
        ones = (left.astype(np.float64), right.astype(np.float64))
        found = found + maps.MAPS[name](case, *ones)
        signed = (np.copysign(one, v) for one, v in zip(ones, (a, b)))
        signs = signs + maps.MAPS[name](case, *signed)
    return found, signs


def _meets_padding(
    case: Case, name: str, a: Float64, b: Float64, shape: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Say where a special output gradient may meet a zero of the image's padding."""
    if name != "backprop_filter":  # there the zeros meet filters alone, which are finite
        return np.zeros(shape, bool)
    special = (~np.isfinite(b)).astype(np.float64)
    met = maps.MAPS[name](case, np.ones(a.shape), special)
    rows = special.sum(axis=tuple(range(special.ndim - 1)))
    found: npt.NDArray[np.bool_] = met < rows
    return found
