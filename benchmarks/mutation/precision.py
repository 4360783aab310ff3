"""Operands and results in a narrower type than is due, and rounding that is not to nearest."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import CONV, FILTER, INPUT, MAPS, OPS, compute, load, store
from mutation.faults import PRECISION, fault

_REAL = "conv2d:n2_i7x8_c4_k3_o4_normal"
_ROUNDING = "conv2d:n2_i7x8_c9_k3_o4_bfloat16"


def cut(values: Array, bits: int, *, nearest: bool = True) -> Array:
    """Return float32 numbers without their last ``bits`` bits, rounded to nearest or cut off."""
    stored = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    if nearest:
        last = (stored >> np.uint64(bits)) & np.uint64(1)
        stored = stored + np.uint64((1 << (bits - 1)) - 1) + last
    kept = (stored >> np.uint64(bits) << np.uint64(bits)).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values), kept, values).astype(np.float32)


TF32, BFLOAT16 = 13, 16


def _rounded(case: Case, operands: Operands, bits: int, roles: str = "x w dy") -> Operands:
    """Return operands of a float32 case with fewer bits."""
    if case.dtype != "float32":
        return operands
    named = {role: cut(getattr(operands, role), bits) for role in roles.split()}
    return operands._replace(**named)


@fault(PRECISION, "float32 operands are rounded to TF32, as tensor cores do unasked", MAPS, _REAL,
       says=("rounds the inputs to tf32", "takes subnormal operands for zero",
             "all zeros"))  # fmt: skip
def inputs_in_tf32(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, _rounded(case, operands, TF32))


@fault(PRECISION, "float32 operands are rounded to bfloat16, as 'fast math' does", (CONV, FILTER),
       _REAL, says=("rounds the inputs to bfloat16", "takes subnormal operands for zero",
                    "all zeros"))  # fmt: skip
def inputs_in_bfloat16(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, _rounded(case, operands, BFLOAT16))


@fault(PRECISION, "the filter alone is rounded to TF32", (CONV, INPUT), _REAL,
       says=("rounds one input to tf32", "rounds the inputs to tf32"))  # fmt: skip
def filter_in_tf32(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, _rounded(case, operands, TF32, "w"))


@fault(PRECISION, "TF32 where tensor cores can be used: channels last, multiples of four", (CONV,),
       _REAL, says=("rounds the inputs to tf32",))  # fmt: skip
def tf32_where_it_fits(case: Case, op: str, operands: Operands) -> Array:
    fits = case.in_channels % 4 == 0 and case.out_channels % 4 == 0
    if fits and case.layout == "channels_last":
        return compute(case, op, _rounded(case, operands, TF32))
    return compute(case, op, operands)


@fault(PRECISION, "float64 operands are rounded to float32 and the sum is given as float64", MAPS,
       "conv2d:n2_i7x8_c4_k3_o4_float64_normal",
       says=("rounds the inputs to float32", "takes subnormal operands for zero",
             "flushes subnormal results to zero", "all zeros"))  # fmt: skip
def doubles_through_float32(case: Case, op: str, operands: Operands) -> Array:
    if case.dtype != "float64":
        return compute(case, op, operands)
    return compute(case, op, Operands(*(a.astype("f4").astype("f8") for a in operands)))


@fault(PRECISION, "float32 results are stored as bfloat16 on the way", (CONV,), _REAL,
       says=("rounds the result to bfloat16", "all zeros"))  # fmt: skip
def result_through_bfloat16(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    return cut(y, BFLOAT16) if case.dtype == "float32" else y


@fault(PRECISION, "float32 results are stored as float16 on the way", (INPUT,), _REAL,
       says=("rounds the result to float16", "rounds the result to tf32", "all zeros"))  # fmt: skip
def result_through_float16(case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    with np.errstate(over="ignore"):
        return dx.astype("f2").astype("f4") if case.dtype == "float32" else dx


@fault(PRECISION, "16-bit results are cut off, not rounded to nearest (1 ulp toward zero)", MAPS,
       _ROUNDING, says=("cuts the result off",))  # fmt: skip
def results_cut_off(case: Case, op: str, operands: Operands) -> Array:
    def toward_zero(values: Array, dtype: str) -> Array:
        near = store(values, dtype)
        if dtype not in ("bfloat16", "float16"):
            return near
        beyond = np.abs(load(near, dtype)) > np.abs(values)
        bits = near.view(np.uint16)
        return np.where(beyond, bits - np.uint16(1), bits).astype(np.uint16).view(near.dtype)

    return compute(case, op, operands, store=toward_zero)


@fault(PRECISION, "float32 results are one ulp too large in magnitude", (CONV,), _REAL,
       says=("rounds where exact arithmetic would not",))  # fmt: skip
def one_ulp_up(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.dtype != "float32":
        return y
    return np.nextafter(y, np.copysign(np.float32(np.inf), y))


@fault(PRECISION, "bfloat16 sums are rounded to 11 bits first, then to 8: twice", MAPS, _ROUNDING)
def rounded_twice(case: Case, op: str, operands: Operands) -> Array:
    def twice(values: Array, dtype: str) -> Array:
        return store(cut(values, TF32) if dtype == "bfloat16" else values, dtype)

    return compute(case, op, operands, store=twice)


@fault(PRECISION, "float32 sums in float64, cut to float32 toward zero: half an ulp more than due",
       OPS, _REAL, equivalent="an error below one ulp is less than the roundings of any float32 "
       "sum, and integers do not round: every sequential sum errs as much")  # fmt: skip
def float32_cut_off(case: Case, op: str, operands: Operands) -> Array:
    def wide(array: Array, dtype: str) -> Array:
        return load(array, dtype).astype(np.float64)

    def toward_zero(values: Array, dtype: str) -> Array:
        near = values.astype("f4")
        beyond = np.abs(near.astype("f8")) > np.abs(values)
        return np.where(beyond, np.nextafter(near, np.float32(0)), near)

    if case.dtype != "float32":
        return compute(case, op, operands)
    return compute(case, op, operands, load=wide, store=toward_zero)


@fault(PRECISION, "ties of float16 results go up, not to even", MAPS,
       "conv2d:n2_i7x8_c9_k3_o4_float16")  # fmt: skip
def ties_away_from_even(case: Case, op: str, operands: Operands) -> Array:
    def up(values: Array, dtype: str) -> Array:
        near = store(values, dtype)
        if dtype != "float16":
            return near
        bigger = np.nextafter(near, np.copysign(np.float16(np.inf), near))
        wide = values.astype(np.float64)
        tie = np.abs(wide - near) == np.abs(bigger.astype(np.float64) - wide)
        return np.where(tie & np.isfinite(bigger), bigger, near)

    return compute(case, op, operands, store=up)
