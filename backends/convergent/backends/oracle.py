"""What an op must give: the exact value, the sum of absolute products, the number of terms.

The maps of ``numpy.py`` are exact on float32, float16 and bfloat16 data for every purpose here
(products of 24-bit numbers fit float64, whose sums err 2**-29 of a float32 bound). On float64
data they would err as much as the framework. There the operands are split into slices so short
that every product and every sum of a map of slices is exact, and the maps are added from small
to large: Ozaki, Ogita, Oishi & Rump, *Error-free transformations of matrix multiplication*
(Numerical Algorithms 59, 2012). The result is right to about one rounding.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from convergent.backends import numpy as maps
from convergent.backends import special
from convergent.backends.expected import Expected
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import FORMATS, Float64, decode
from convergent.cases.errors import UnknownMethod

_MAX_SLICES = 8  # 8 slices of at least 14 bits hold any 53-bit number of a range of 2**59


def expect(case: Case, op: str, operands: Operands) -> Expected:
    """Return what ``op`` must give on the stored ``operands`` of ``case``, canonical shapes."""
    x, w, dy = (decode(array, case.dtype) for array in operands)
    if op == "conv":
        return _of_map(case, "conv", x, w)
    if op in {"backprop_input", "transpose"}:
        return _of_map(case, "backprop_input", dy, w)
    if op == "backprop_filter":
        return _of_map(case, "backprop_filter", x, dy)
    if op == "backprop_bias":
        return _of_bias(case, dy)
    if op not in JACOBIANS:
        raise UnknownMethod(f"{op!r} is no op that the oracle knows")
    value = JACOBIANS[op](case, x, w, dy)
    # Each entry is one product with 1, or none where no tap links the two places.
    terms = (JACOBIANS[op](case, *(np.ones_like(a) for a in (x, w, dy))) != 0).astype(np.int64)
    return Expected(value=value, magnitude=np.abs(value), terms=terms)


def _of_map(case: Case, name: str, a: Float64, b: Float64) -> Expected:
    terms = _terms(case, name)
    if case.data in special.KINDS:
        return special.expect(case, name, a, b, terms)
    if case.data == "overflow":
        return _overflowing(case, name, a, b, terms)
    drawn = case.data in ("normal", "uniform")
    if case.dtype == "float64" and drawn and a.size and b.size and terms.size:
        value = _exact_map(case, name, a, b, int(terms.max()))
    else:
        value = maps.MAPS[name](case, a, b)
    magnitude = maps.MAPS[name](case, np.abs(a), np.abs(b))
    return Expected(value=value, magnitude=magnitude, terms=np.broadcast_to(terms, value.shape))


def _overflowing(
    case: Case, name: str, a: Float64, b: Float64, terms: npt.NDArray[np.int64]
) -> Expected:
    """Return the map of operands whose products overflow: of smaller ones, scaled up in the end."""
    half = FORMATS[case.dtype].emax // 2
    a, b = np.ldexp(a, -half), np.ldexp(b, -half)
    small = maps.MAPS[name](case, a, b), maps.MAPS[name](case, np.abs(a), np.abs(b))
    with np.errstate(over="ignore"):  # of float64, where it is the right answer
        value, magnitude = (np.ldexp(v, 2 * half) for v in small)
    magnitude = np.minimum(magnitude, FORMATS["float64"].largest)
    return Expected(value=value, magnitude=magnitude, terms=np.broadcast_to(terms, value.shape))


def _of_bias(case: Case, dy: Float64) -> Expected:
    """Return the gradient of a bias added to every output channel: ``d_y`` summed over the rest."""
    rows = dy.reshape(math.prod(dy.shape[:-1]), case.out_channels)
    value = np.array([math.fsum(column) for column in rows.T])  # rounded once, in any dtype
    terms = np.full(case.out_channels, len(rows), np.int64)
    return Expected(value=value, magnitude=np.abs(rows).sum(axis=0), terms=terms)


def _terms(case: Case, name: str) -> npt.NDArray[np.int64]:
    """Count the terms per place: the map of ones on one channel, times the channels summed."""
    if min(case.batch, case.in_channels, case.out_channels) == 0:
        return np.zeros(1, np.int64)  # some operand is empty
    one = case.replace(batch=1, in_channels=1, out_channels=1, groups=1)
    shapes = {"x": one.x_shape, "w": one.w_shape, "y": one.y_shape}
    roles = {"conv": "xw", "backprop_input": "yw", "backprop_filter": "xy"}[name]
    counts = maps.MAPS[name](one, *(np.ones(shapes[role]) for role in roles))
    summed = {
        "conv": case.in_channels // case.groups,
        "backprop_input": case.out_channels // case.groups,
        "backprop_filter": case.batch,
    }[name]
    return np.rint(counts).astype(np.int64) * summed


def _exact_map(case: Case, name: str, a: Float64, b: Float64, longest: int) -> Float64:
    bits = (53 - max(1, math.ceil(math.log2(max(longest, 2))))) // 2
    pairs = itertools.product(enumerate(_slices(a, bits)), enumerate(_slices(b, bits)))
    ordered = sorted(pairs, key=lambda pair: -(pair[0][0] + pair[1][0]))
    total: Float64 = np.zeros(())
    for (_, left), (_, right) in ordered:  # small to large
        total = total + maps.MAPS[name](case, left, right)
    return total


def _slices(values: Float64, bits: int) -> list[Float64]:
    """Split into arrays whose sum is ``values``, each of integers of ``bits`` bits, scaled."""
    found: list[Float64] = []
    rest = values
    while len(found) < _MAX_SLICES and np.any(rest):
        top = math.frexp(float(np.abs(rest).max()))[1]
        quantum = math.ldexp(1.0, top - bits)
        found.append(np.rint(rest / quantum) * quantum)
        rest = rest - found[-1]
    return found or [values]


def _jacobian_input(case: Case, _x: Float64, w: Float64, _dy: Float64) -> Float64:
    """Return ``d y / d x`` of shape ``y_shape + x_shape``: a column per unit image."""
    columns = math.prod(case.x_shape[1:])
    basis = np.eye(columns).reshape(columns, *case.x_shape[1:])
    single = maps.conv(case, basis, w).reshape(columns, -1).T
    every: Float64 = np.einsum("mn,yx->mynx", np.eye(case.batch), single)
    return every.reshape(case.y_shape + case.x_shape)


def _jacobian_filter(case: Case, x: Float64, _w: Float64, _dy: Float64) -> Float64:
    """Return ``d y / d w`` of shape ``y_shape + w_shape``: a column per unit filter."""
    columns = math.prod(case.w_shape)
    basis = np.eye(columns).reshape(columns, *case.w_shape)
    every = np.stack([maps.conv(case, x, filter_) for filter_ in basis], axis=-1)
    return every.reshape(case.y_shape + case.w_shape)


def _transpose_jacobian_input(case: Case, x: Float64, w: Float64, dy: Float64) -> Float64:
    """Return the transpose of ``d y / d x``: shape ``x_shape + y_shape``."""
    forward = _jacobian_input(case, x, w, dy)
    rank = case.dims + 2
    return forward.transpose(*range(rank, 2 * rank), *range(rank))


def _transpose_jacobian_filter(case: Case, _x: Float64, _w: Float64, dy: Float64) -> Float64:
    """Return ``d T / d w`` of ``T = transpose(dy, w)``: shape ``x_shape + w_shape``."""
    columns = math.prod(case.w_shape)
    basis = np.eye(columns).reshape(columns, *case.w_shape)
    every = np.stack([maps.backprop_input(case, dy, filter_) for filter_ in basis], axis=-1)
    return every.reshape(case.x_shape + case.w_shape)


JACOBIANS = {
    "jacobian_input": _jacobian_input,
    "jacobian_filter": _jacobian_filter,
    "transpose_jacobian_input": _transpose_jacobian_input,
    "transpose_jacobian_filter": _transpose_jacobian_filter,
}
"""The matrices of the maps; each takes the three operands and uses one of them."""
