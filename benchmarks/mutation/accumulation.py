"""Sums in a type too narrow, in parts that round, or by an algorithm that magnifies roundings."""

from __future__ import annotations

import math

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BIAS, CONV, FILTER, MAPS, Kernel, compute, load, store
from mutation.faults import ACCUMULATION, fault
from mutation.precision import BFLOAT16, cut

_LONG = "conv2d:n2_i7x8_c17_k3_o4"


def _sequential(a: Array, b: Array, form: str, step: int = 1) -> Array:
    """Return ``a @ b`` where every partial sum of ``step`` products is rounded to ``form``."""
    total = np.zeros((*a.shape[:-1], b.shape[-1]), np.float32)
    for k in range(0, a.shape[-1], step):
        part = np.matmul(a[..., k : k + step], b[..., k : k + step, :])
        total = load(store(total + load(store(part, form), form), form), form)
    return total


@fault(ACCUMULATION, "float16 products are summed in float16", MAPS, f"{_LONG}_float16_normal",
       says=("accumulates in float16",))  # fmt: skip
def sums_in_float16(case: Case, op: str, operands: Operands) -> Array:
    return _narrow(case, op, operands, "float16")


@fault(ACCUMULATION, "bfloat16 products are summed in bfloat16", MAPS, f"{_LONG}_bfloat16_normal",
       says=("accumulates in bfloat16",))  # fmt: skip
def sums_in_bfloat16(case: Case, op: str, operands: Operands) -> Array:
    return _narrow(case, op, operands, "bfloat16")


def _narrow(case: Case, op: str, operands: Operands, form: str) -> Array:
    if case.dtype != form:
        return compute(case, op, operands)

    def put(total: Array, at: object, part: Array) -> None:
        rounded = load(store(total[at] + part, form), form)  # type: ignore[call-overload]
        total[at] = rounded  # type: ignore[call-overload]

    return compute(case, op, operands, product=lambda a, b: _sequential(a, b, form), put=put)


@fault(ACCUMULATION, "float64 products are summed in float32", MAPS, f"{_LONG}_float64_normal",
       says=("rounds the result to float32", "rounds the inputs to float32"))  # fmt: skip
def doubles_summed_in_float32(case: Case, op: str, operands: Operands) -> Array:
    if case.dtype != "float64":
        return compute(case, op, operands)

    def put(total: Array, at: object, part: Array) -> None:
        total[at] = (total[at] + part).astype("f4")  # type: ignore[call-overload]

    return compute(case, op, operands, put=put)


@fault(ACCUMULATION, "split sums: each tap's part of a float32 sum is kept in bfloat16", (CONV,),
       f"{_LONG}_normal", says=("all zeros",))  # fmt: skip
def parts_in_bfloat16(case: Case, op: str, operands: Operands) -> Array:
    if case.dtype != "float32":
        return compute(case, op, operands)
    return compute(case, op, operands, product=lambda a, b: cut(np.matmul(a, b), BFLOAT16))


@fault(ACCUMULATION, "the filter's gradient in float16 is summed in float16 sample by sample",
       (FILTER,), "conv2d:n4_i9_c3_k3_o4_float16_normal",
       says=("accumulates in float16",))  # fmt: skip
def samples_summed_in_float16(case: Case, op: str, operands: Operands) -> Array:
    if case.dtype != "float16" or case.batch < 2:
        return compute(case, op, operands)
    x, _, dy = (load(a, case.dtype) for a in operands)
    total = np.zeros(case.w_shape, np.float16)
    for n in range(case.batch):
        part = Kernel(case).filter(x[n : n + 1], dy[n : n + 1])
        total = total + part.astype(np.float16)
    return total


@fault(ACCUMULATION, "the bias' gradient of 16-bit types is summed in 16 bits, beyond 64 places",
       (BIAS,), "conv2d:n2_i9_c3_k3_o4_bfloat16_normal",
       says=("accumulates in bfloat16", "accumulates in float16"))  # fmt: skip
def long_bias_in_16_bits(case: Case, op: str, operands: Operands) -> Array:
    rows = load(operands.dy, case.dtype).reshape(-1, case.out_channels)
    if case.dtype in ("float32", "float64") or len(rows) <= 64:
        return compute(case, op, operands)
    total = np.zeros(case.out_channels, np.float32)
    for row in rows:
        total = load(store(total + row, case.dtype), case.dtype)
    return store(total, case.dtype)


@fault(ACCUMULATION, "sums beyond 256 products start again: the block before is lost", (CONV,),
       "conv2d:n1_i5_c33_k3_o2", says=("one tap missing",))  # fmt: skip
def block_lost_beyond_256(case: Case, op: str, operands: Operands) -> Array:
    if math.prod(case.kernel) * case.in_channels // case.groups <= 256:
        return compute(case, op, operands)
    return compute(case, op, operands, skips=lambda tap: not any(tap))


@fault(ACCUMULATION, "plain convolutions by FFT in float32, without saying so", (CONV,),
       "conv2d:n2_i12_c8_k3_o4",
       says=("is accurate normwise only, like Winograd or FFT",
             "rounds where exact arithmetic would not"))  # fmt: skip
def by_fft_in_float32(case: Case, op: str, operands: Operands) -> Array:
    plain = case.dtype == "float32" and case.groups == 1 and max(case.stride + case.dilation) == 1
    if not plain or not operands.x.size or any(map(any, case.pads)) or case.data == "nonfinite":
        return compute(case, op, operands)
    axes = tuple(range(1, case.dims + 1))
    spectrum = np.fft.rfftn(operands.x, axes=axes)
    filters = np.fft.rfftn(operands.w, s=case.input, axes=tuple(range(case.dims))).conj()
    product = np.einsum("n...c,...co->n...o", spectrum, filters)
    whole = np.fft.irfftn(product, s=case.input, axes=axes)
    kept = tuple(slice(0, size) for size in case.output)
    return np.ascontiguousarray(whole[(slice(None), *kept)].astype(np.float32))


@fault(ACCUMULATION, "compensated float32 sums whose compensation has the wrong sign", (CONV,),
       f"{_LONG}_normal",
       equivalent="it doubles the rounding of each addition: within what another order of the "
       "same sum may err, and integers have nothing to compensate")  # fmt: skip
def compensation_added(case: Case, op: str, operands: Operands) -> Array:
    if case.dtype != "float32":
        return compute(case, op, operands)

    def product(a: Array, b: Array) -> Array:
        total = np.zeros((*a.shape[:-1], b.shape[-1]), np.float32)
        for k in range(a.shape[-1]):
            part = a[..., k : k + 1] * b[..., k : k + 1, :]
            new = total + part
            lost = (new - total) - part
            total = new + np.where(np.isfinite(lost), lost, np.float32(0))
        return total

    return compute(case, op, operands, product=product)


@fault(ACCUMULATION, "a bias trick: 2**24 is added to each tap's float32 part and taken away "
       "again", (CONV,), f"{_LONG}_normal", says=("all zeros",))  # fmt: skip
def sums_beside_a_large_number(case: Case, op: str, operands: Operands) -> Array:
    def put(total: Array, at: object, part: Array) -> None:
        large = total.dtype.type(2**24 if case.dtype == "float32" else 0)
        total[at] += (part + large) - large  # type: ignore[call-overload]

    return compute(case, op, operands, put=put)
