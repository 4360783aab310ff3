"""How far a correct result may lie from the exact one, and which wider bound explains one beyond.

For one element that sums ``n`` products with ``S = sum|x||w|`` (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., chapter 3; Higham & Mary, SIAM J. Sci. Comput. 41(5), 2019)::

    |actual - expected| <= c(n) u S + u_out |expected| + n eta,   c(n) = min(n, LAMBDA sqrt(n) + C0)

``u`` is the unit roundoff of the accumulating type, ``u_out`` that of the result, ``eta`` half the
result's smallest subnormal: float16 products underflow below 6e-5 (Higham, section 2.2).

``min(n, ...)`` is the deterministic bound. The other is probabilistic. For terms of mean zero,
which is what this project draws, the error of *any* order of summation is a constant times
``u S``, whatever n (Higham & Mary, SIAM J. Sci. Comput. 42(5), 2020): sequential float32 sums of
4 to 40,000 products stay below 5.9 (up to 200,000 sums per length), direct kernels below 6.93, so
``C0 = 8``. ``LAMBDA = 1/4`` leaves room for a draw whose mean is not quite zero. (Positive data
would need ``LAMBDA = 1`` for sequential sums, and would hide TF32 inputs from n = 10,000 on.)

>>> growth(np.array([1, 4, 64, 40000])).tolist()
[1.0, 4.0, 10.0, 58.0]
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convergent.backends.expected import Expected
from convergent.cases.dtypes import FORMATS, Float64, Format, round_to

LAMBDA = 0.25
C0 = 8.0
FAST = 46.0
"""How far a fast algorithm magnifies the roundings of its sums: Winograd's F(6 x 6, 3 x 3), the
largest in use, by 6.8 in each axis (the root of sum A^2 |G|^2 |B|^2 / 3 over the rows of its
matrices at the points 0, 1, -1, 2, -2, 1/2, -1/2: Lavin & Gray, CVPR 2016). The transforms of FFT
tiles of 16 x 16 points add 24 roundings (Higham, theorem 24.2)."""
_WIDESPREAD = 0.05


class Model(NamedTuple):
    """A wider bound and what it says of the implementation.

    ``fits`` asks the values and their errors whether they look as the model has them.
    """

    name: str
    limit: Float64
    fits: Callable[[Float64, Float64], bool] = lambda _actual, _error: True


def growth(terms: npt.NDArray[Any]) -> Float64:
    """Return ``c(n)``: how many units of ``u S`` a sum of ``n`` products may err."""
    found: Float64 = np.minimum(terms, LAMBDA * np.sqrt(terms) + C0)
    return found


def bound(expected: Expected, dtype: str) -> Float64:
    """Return the largest error, per element, of a correct result of ``dtype``."""
    form = FORMATS[dtype]
    unit = FORMATS[form.accumulator].unit_roundoff
    terms = _distinct(expected.terms)
    found: Float64 = growth(terms) * unit * expected.magnitude
    found = found + form.unit_roundoff * _rounded(expected)
    found += terms * form.eta
    return found


def models(
    expected: Expected, dtype: str, limit: Float64, *, exact: bool, data: str = ""
) -> Iterator[Model]:
    """Yield the wider bounds that could explain an error beyond ``limit``, likeliest first.

    ``exact`` data are integers that every format holds: rounding them explains nothing. Of
    ``data`` that are integers times powers of two, ``tiny`` have a subnormal number in every
    product. Where nothing is summed no model explains anything.
    """
    form = FORMATS[dtype]
    unit = FORMATS[form.accumulator].unit_roundoff
    S, n = expected.magnitude, expected.terms
    yield Model("rounds where exact arithmetic would not", limit)
    subnormal = (expected.value != 0) & (np.abs(expected.value) < form.tiny)
    flushed = np.where(subnormal, limit + np.abs(expected.value), limit)
    yield Model(
        "flushes subnormal results to zero", flushed, functools.partial(_is_zero_at, subnormal)
    )
    # Every product and every partial sum of the accumulator may be flushed: n + n times its tiny.
    lost = np.where(subnormal, np.abs(expected.value), 0.0) + 2 * n * FORMATS[form.accumulator].tiny
    nonzero = expected.value != 0
    yield Model(
        "flushes subnormal sums to zero", limit + lost, functools.partial(_is_zero_at, nonzero)
    )
    if data == "tiny":
        zeroed = functools.partial(_is_zero_where_wrong, limit)
        yield Model("takes subnormal operands for zero", limit + S, zeroed)
    if form.accumulator != dtype:
        rounding = growth(n) * form.unit_roundoff * S
        # Sums of integers that the narrow type holds do not round in it, unless they are scaled.
        if exact and data not in ("tiny", "subnormal"):
            rounding = np.where(2.0**form.precision >= S, 0.0, rounding)
        yield Model(f"accumulates in {dtype}", limit + rounding)
    # Winograd and FFT mix the terms of many outputs: their error follows the largest sum.
    steps = FAST + growth(n).max(initial=0.0)
    normwise = np.where(n > 0, steps * unit * S.max(initial=0.0), 0.0)
    yield Model("is accurate normwise only, like Winograd or FFT", limit + normwise)
    for name in _narrower(dtype):
        narrow = FORMATS[name]
        rounding = narrow.unit_roundoff * _rounded(expected) + np.where(n > 0, narrow.eta, 0.0)
        fits = functools.partial(_is_of, narrow)
        yield Model(f"rounds the result to {name}", limit + rounding, fits)
    for name in () if exact else _narrower(dtype):
        relative = FORMATS[name].unit_roundoff
        # (1 + d)(1 + d') - 1 for two inputs, each rounded once.
        rounding = (2 * relative + relative**2) * S
        yield Model(f"rounds the inputs to {name}", limit + rounding, _is_widespread(limit, n))


def _distinct(terms: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return ``terms`` without the axes along which they are one and the same by construction."""
    along = zip(terms.shape, terms.strides, strict=True)
    return terms[tuple(slice(1 if n > 1 and not step else None) for n, step in along)]


def _rounded(expected: Expected) -> Float64:
    """Return how large what is rounded to the result is: infinities do not round."""
    if np.isfinite(expected.value).all():
        return np.abs(expected.value)
    return np.where(np.isfinite(expected.value), np.abs(expected.value), 0.0)


def _is_zero_at(places: npt.NDArray[np.bool_], values: Float64, _error: Float64) -> bool:
    """Say whether ``values`` are zero at one of ``places`` at least."""
    return bool(np.any(values[places] == 0))


def _is_zero_where_wrong(limit: Float64, values: Float64, error: Float64) -> bool:
    """Say whether every value beyond ``limit`` is zero."""
    return bool(np.all(values[error > limit] == 0))


def _is_of(form: Format, values: Float64, _error: Float64) -> bool:
    """Say whether ``form`` holds every one of ``values``."""
    return bool(np.all(round_to(values, form) == values))


def _is_widespread(limit: Float64, terms: npt.NDArray[Any]) -> Callable[[Float64, Float64], bool]:
    """Return the question whether many elements err: rounded inputs spare none by rule."""

    def asks(_values: Float64, error: Float64) -> bool:
        beyond = np.count_nonzero(error > limit)
        return bool(beyond >= _WIDESPREAD * np.count_nonzero(terms))

    return asks


def _narrower(dtype: str) -> tuple[str, ...]:
    return {"float64": ("float32", "tf32", "bfloat16"), "float32": ("tf32", "bfloat16")}.get(
        dtype, ()
    )
