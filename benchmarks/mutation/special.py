"""NaN, infinities, subnormal numbers, the sign of zero, overflow."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import FORMATS, Array
from mutation.correct import CONV, FILTER, INPUT, MAPS, Kernel, compute, load, store
from mutation.faults import SPECIAL, fault

_BASE = "conv2d:n2_i5x6_c3_k3x2_o4_p1"


def _zero_filter(operands: Operands) -> Operands:
    """Return operands whose filter is zero: an infinity meets one in every window."""
    return operands._replace(w=np.zeros_like(operands.w))


@fault(SPECIAL, "NaN among the operands counts as zero", MAPS, f"{_BASE}_nonfinite",
       says=("NaN is lost",))  # fmt: skip
def nan_is_zero(case: Case, op: str, operands: Operands) -> Array:
    def tame(array: Array, dtype: str) -> Array:
        values = load(array, dtype)
        return np.where(np.isnan(values), values.dtype.type(0), values)

    return compute(case, op, operands, load=tame)


@fault(SPECIAL, "the maximum of two sums is taken in a way that drops NaN from results", (CONV,),
       f"{_BASE}_nonfinite", says=("NaN is lost",))  # fmt: skip
def nan_results_become_lowest(case: Case, op: str, operands: Operands) -> Array:
    y = load(compute(case, op, operands), case.dtype)
    low = y.dtype.type(-FORMATS[case.dtype].largest)
    return store(np.where(np.isnan(y), low, y), case.dtype)


@fault(SPECIAL, "infinite results become the largest finite number", MAPS, f"{_BASE}_nonfinite",
       says=("infinity becomes the largest number",))  # fmt: skip
def infinity_saturates(case: Case, op: str, operands: Operands) -> Array:
    found = load(compute(case, op, operands), case.dtype)
    top = found.dtype.type(FORMATS[case.dtype].largest)
    with np.errstate(invalid="ignore"):
        clipped = np.where(np.isinf(found), np.copysign(top, found), found)
    return store(clipped, case.dtype)


@fault(SPECIAL, "finite sums that overflow give the largest finite number, not infinity", MAPS,
       f"{_BASE}_overflow", says=("infinity becomes the largest number",))  # fmt: skip
def overflow_saturates(case: Case, op: str, operands: Operands) -> Array:
    y = load(compute(case, op, operands), case.dtype)
    finite = all(np.isfinite(load(a, case.dtype)).all() for a in operands)
    top = y.dtype.type(FORMATS[case.dtype].largest)
    return store(np.where(np.isinf(y) & finite, np.copysign(top, y), y), case.dtype)


@fault(SPECIAL, "operands are scaled up and sums down again, which overflow in between", MAPS,
       f"{_BASE}_overflow", says=("overflows early",))  # fmt: skip
def scaled_up_and_down(case: Case, op: str, operands: Operands) -> Array:
    return compute(
        case,
        op,
        operands,
        load=lambda array, dtype: load(array, dtype) * 2,
        store=lambda values, dtype: store(values / 4, dtype),
    )


@fault(SPECIAL, "products with a zero of the filter are skipped, an infinity's too", (CONV, INPUT),
       f"{_BASE}_nonfinite", given=_zero_filter, says=("skips the filter's zeros",))  # fmt: skip
def zeros_of_the_filter_skipped(case: Case, op: str, operands: Operands) -> Array:
    def product(a: Array, b: Array) -> Array:
        with np.errstate(invalid="ignore"):
            terms = a[..., :, None] * b[..., None, :, :]  # (G, M, k, n)
        kept = np.where(b[..., None, :, :] == 0, terms.dtype.type(0), terms)
        return kept.sum(axis=-2, dtype=a.dtype)

    return compute(case, op, operands, product=product)


@fault(SPECIAL, "a dilated kernel is filled up with zeros, which meet infinities", (CONV,),
       "conv2d:n2_i9_c3_k3_o4_d2_nonfinite", says=("NaN spreads between the taps",))  # fmt: skip
def dilated_kernel_filled(case: Case, op: str, operands: Operands) -> Array:
    if max(case.dilation) == 1 or not operands.w.size:
        return compute(case, op, operands)
    w = np.zeros((*case.extents, *operands.w.shape[-2:]), operands.w.dtype)
    w[tuple(slice(None, None, d) for d in case.dilation)] = operands.w
    filled = case.replace(kernel=case.extents, dilation=(1,) * case.dims, padding=case.pads)
    return compute(filled, op, operands._replace(w=w))


@fault(SPECIAL, "what is not finite spreads over the sample, as transforms spread it", (CONV,),
       f"{_BASE}_nonfinite", says=("NaN spreads over the sample", "NaN spreads over the channel",
                                   "NaN spreads over the batch"))  # fmt: skip
def nan_spreads_over_the_sample(case: Case, op: str, operands: Operands) -> Array:
    y = load(compute(case, op, operands), case.dtype)
    places = tuple(range(1, y.ndim))
    bad = ~np.isfinite(load(operands.x, case.dtype)).all(axis=places)
    y[bad] = np.nan
    return store(y, case.dtype)


@fault(SPECIAL, "infinity minus infinity gives infinity, not NaN", (CONV, FILTER),
       "conv3d:i4_c2_k2_o3_nonfinite", says=("NaN is lost",))  # fmt: skip
def opposite_infinities_give_infinity(case: Case, op: str, operands: Operands) -> Array:
    found = load(compute(case, op, operands), case.dtype)
    kernel, given = Kernel(case), [load(a, case.dtype) for a in operands]
    marks = [np.isnan(a).astype(a.dtype) for a in given]
    sizes = [np.ones_like(a) for a in given]
    if op == CONV:
        met = kernel.conv(marks[0], sizes[1]) + kernel.conv(sizes[0], marks[1])
    else:
        met = kernel.filter(marks[0], sizes[2]) + kernel.filter(sizes[0], marks[2])
    return store(np.where(np.isnan(found) & (met == 0), np.inf, found).astype(found.dtype),
                 case.dtype)  # fmt: skip


@fault(SPECIAL, "subnormal results are flushed to zero", MAPS, f"{_BASE}_subnormal",
       says=("flushes subnormal results to zero", "flushes subnormal sums to zero"))  # fmt: skip
def results_flushed(case: Case, op: str, operands: Operands) -> Array:
    found = load(compute(case, op, operands), case.dtype)
    small = np.abs(found) < FORMATS[case.dtype].tiny
    return store(np.where(small, np.copysign(found.dtype.type(0), found), found), case.dtype)


@fault(SPECIAL, "subnormal operands count as zero", MAPS, f"{_BASE}_tiny",
       says=("takes subnormal operands for zero",))  # fmt: skip
def operands_flushed(case: Case, op: str, operands: Operands) -> Array:
    def flushed(array: Array, dtype: str) -> Array:
        values = load(array, dtype)
        small = np.abs(values) < FORMATS[dtype].tiny
        return np.where(small, np.copysign(values.dtype.type(0), values), values)

    return compute(case, op, operands, load=flushed)


@fault(SPECIAL, "the negative of the sum of negatives: zeros come out negative", (CONV, INPUT),
       "conv2d:n2_i5x6_c3_k3x2_o4_p1_signedzeros", says=("zero has the wrong sign",))  # fmt: skip
def zeros_negative(case: Case, op: str, operands: Operands) -> Array:
    y = load(compute(case, op, operands), case.dtype)
    return store(np.where(y == 0, y.dtype.type(-0.0), y), case.dtype)
