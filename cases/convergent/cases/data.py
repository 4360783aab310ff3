"""The numbers of a case: the same on every machine for the same case and seed.

Every draw is integer arithmetic on PCG64's raw 64-bit words, whose stream NumPy guarantees;
``Generator.standard_normal`` would differ in the last bit between math libraries.

*exact*: nonzero integers so small that every order of summation is exact in the accumulator.
*normal*: sums of 12 uniforms (Irwin-Hall: mean 0, variance 1, range -6 to 6).
*uniform*: even on [-1, 1). Both kinds have mean zero, which keeps the rounding error of a sum
independent of its length (Higham & Mary, 2020), so that the bound can be tight.

The special kinds are small integers too, scaled by powers of two or with some of them replaced:

*nonfinite*: NaN and infinities in the image and the output gradient, some zeros in the filter.
*subnormal*: normal operands whose products are subnormal; no sum of them rounds.
*tiny*: subnormal images and output gradients, filters so large that the results are normal.
*overflow*: about half of the sums lie beyond the largest number. All products of an output channel
have one sign, so that no order of summation overflows where the sum itself does not.
*signedzeros*: the first three quarters of image and output gradient are zeros of either sign.
"""

from __future__ import annotations

import math
import zlib
from typing import Callable, NamedTuple

import numpy as np
import numpy.typing as npt

from convergent.cases import dtypes
from convergent.cases.case import Case
from convergent.cases.dtypes import Array, Float64

# Beyond this an integer adds no sharpness, and products stay far from every overflow.
LARGEST_INTEGER = 32
SPECIALS = (math.nan, math.inf, -math.inf)
_BETWEEN_SPECIALS = 24  # elements per special one, so that most results stay finite
_BETWEEN_ZEROS = 7  # elements of a filter per zero: a prime, so that few channels are all zeros
_NORMAL_TERMS = 12
_FILTER = 1  # its role
_CLEAR_OF_SUBNORMALS = 4  # binary places between the smallest normal number and a tiny case's sums
_BELOW_OVERFLOW = 6


class Operands(NamedTuple):
    """The three arrays of a case: image ``x``, filter ``w`` and output gradient ``dy``."""

    x: Array
    w: Array
    dy: Array


def make(case: Case) -> Operands:
    """Return the operands of ``case``, canonical shapes, stored as its dtype.

    ``x (N, *input, C)``, ``w (*kernel, C/groups, O)``, ``dy (N, *output, O)``; bfloat16 as bits.
    """
    if case.data.startswith("golden"):
        from convergent.cases import goldens

        return Operands(*(dtypes.encode(a, case.dtype) for a in goldens.operands(case)))
    shapes = (case.x_shape, case.w_shape, case.y_shape)
    drawn = (_draw(case, role, shape) for role, shape in enumerate(shapes))
    return Operands(*(dtypes.encode(a, case.dtype) for a in drawn))


def integer_limit(case: Case) -> int:
    """Return the largest ``m`` so that no sum of products of integers up to ``m`` rounds.

    The longest sum of the three maps has ``n`` terms: ``n * m * m <= 2**p`` of the accumulator,
    and below overflow of the result (float16 ends at 65504).
    """
    taps = math.prod(case.kernel)
    longest = max(
        taps * case.in_channels // case.groups,
        taps * case.out_channels // case.groups,
        case.batch * math.prod(case.output),
        1,
    )
    form = dtypes.FORMATS[case.dtype]
    largest = LARGEST_INTEGER
    if case.data == "subnormal":  # a product stays below the smallest normal number
        largest = min(largest, math.isqrt(1 << (form.precision - 2)))
    room = min(2.0 ** dtypes.FORMATS[form.accumulator].precision, form.largest)
    return max(1, min(largest, math.isqrt(int(room / longest))))


def overflow_exponents(case: Case) -> tuple[int, int, int]:
    """Return by which powers of two the integers of ``x``, ``w`` and ``dy`` are scaled to overflow.

    The mean sum of ``conv`` and of ``backprop_input`` then lies between 3/4 and 3/2 of the first
    power of two that is no number, that of ``backprop_filter`` between 3/4 and 3, unless an operand
    itself would be subnormal or overflow.
    """
    taps, form, limit = math.prod(case.kernel), dtypes.FORMATS[case.dtype], integer_limit(case)
    y, dx, dw = (
        form.emax + 1 - _nearest_power(terms * (limit + 1) ** 2 // 4)
        for terms in (
            taps * case.in_channels // case.groups,
            taps * case.out_channels // case.groups // math.prod(case.stride),
            case.batch * math.prod(case.output),
        )
    )
    w = (y + dx - dw) // 2
    x, w, dy = np.clip((y - w, w, dx - w), form.emin, form.emax - limit.bit_length()).tolist()
    return x, w, dy


def _nearest_power(value: int) -> int:
    """Return ``k`` so that ``value`` lies between 3/4 and 3/2 of ``2**k``; 0 where it is 0."""
    k = max(value, 1).bit_length() - 1
    return k + (2 * value >= 3 << k)


def raw(case: Case, role: int, count: int) -> npt.NDArray[np.uint64]:
    """Return ``count`` 64-bit words of the stream of ``role`` (0: x, 1: w, 2: dy)."""
    return _words(case, role)(count)


def _words(case: Case, role: int) -> Callable[[int], npt.NDArray[np.uint64]]:
    """Return what gives so many more words of the stream of ``role`` each time."""
    geometry = case.replace(
        dtype="float32", layout="channels_last", memory="plain", data="exact", seed=0
    )
    entropy = [case.seed, role, zlib.crc32(str(geometry).encode())]
    stream = np.random.PCG64(np.random.SeedSequence(entropy))
    return lambda count: np.asarray(stream.random_raw(count), np.uint64)


def _draw(case: Case, role: int, shape: tuple[int, ...]) -> Float64:
    size = math.prod(shape)
    if case.data not in ("normal", "uniform"):
        words = raw(case, role, size)
        limit = integer_limit(case)
        magnitude = (words >> np.uint64(33)) % np.uint64(limit) + np.uint64(1)
        sign = 1.0 - 2.0 * (words & np.uint64(1)).astype(np.float64)
        return _specialised(case, role, sign * magnitude.astype(np.float64)).reshape(shape)
    if case.data == "uniform":
        return (2.0 * _unit(raw(case, role, size)) - 1.0).reshape(shape)
    more = _words(case, role)
    total = np.zeros(size)
    for _ in range(_NORMAL_TERMS):  # in order, so that the float64 sum is the same everywhere
        total += _unit(more(size))
    return (total - _NORMAL_TERMS / 2).reshape(shape)


def _specialised(case: Case, role: int, integers: Float64) -> Float64:
    """Return the integers of a role scaled, or some of them replaced, as the data's kind says."""
    form = dtypes.FORMATS[case.dtype]
    last = form.emin - form.precision + 1  # the exponent of the smallest subnormal
    is_filter = role == _FILTER
    if case.data == "subnormal":
        return np.ldexp(integers, -(-last // 2))
    if case.data == "tiny":
        up = min(form.precision + _CLEAR_OF_SUBNORMALS, form.emax - _BELOW_OVERFLOW)
        return np.ldexp(integers, up if is_filter else last)
    if case.data == "overflow":
        # Images are positive; filters and output gradients have the sign of their channel.
        odd = np.arange(integers.size) % max(1, case.out_channels) % 2 if role else 0
        return np.ldexp(np.abs(integers) * (1.0 - 2.0 * odd), overflow_exponents(case)[role])
    if case.data == "nonfinite" and is_filter:
        integers[_BETWEEN_ZEROS - 1 :: _BETWEEN_ZEROS] = 0.0
    elif case.data == "nonfinite" and integers.size:
        # At least one of each operand, the others about evenly spread; which value by turns.
        start = int(raw(case, role, 1)[0] % np.uint64(min(integers.size, _BETWEEN_SPECIALS)))
        places = np.arange(start, integers.size, _BETWEEN_SPECIALS)
        integers[places] = np.take(SPECIALS, (np.arange(len(places)) + case.seed) % len(SPECIALS))
    if case.data == "signedzeros" and not is_filter:
        zeros = integers[: 3 * integers.size // 4]
        zeros[:] = np.copysign(0.0, zeros)
    return integers


def _unit(words: npt.NDArray[np.uint64]) -> Float64:
    drawn = (words >> np.uint64(11)).astype(np.float64)
    drawn *= 2.0**-53
    return drawn
