"""Strides and dilations: swapped, ignored, capped, right for some residues alone."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BACKWARD, CONV, FILTER, INPUT, MAPS, Kernel, compute, load, store
from mutation.faults import STRIDES, fault


@fault(STRIDES, "stride and dilation are taken for each other", (CONV,),
       "conv2d:n2_i9_c3_k3_o4_s2", says=("stride and dilation swapped",))  # fmt: skip
def stride_and_dilation_swapped(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, stride=case.dilation, dilation=case.stride)


@fault(STRIDES, "the filter's gradient ignores the dilation", (FILTER,),
       "conv2d:n2_i9_c3_k3_o4_d2", says=("dilation ignored", "all zeros"))  # fmt: skip
def dilation_ignored_by_gradient(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, dilation=(1,) * case.dims)


@fault(STRIDES, "rows are strided as columns are and the reverse", (CONV, FILTER),
       "conv2d:n2_i9_c3_k3_o4_s1x2",
       says=("strides of axes swapped", "stride of one axis for all"))  # fmt: skip
def strides_of_axes_swapped(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, stride=case.stride[::-1])


@fault(STRIDES, "the image's gradient takes the first axis' dilation for every axis", (INPUT,),
       "conv2d:n2_i9_c3_k3_o4_d1x2",
       says=("dilation of one axis for all", "dilations of axes swapped",
             "dilation ignored"))  # fmt: skip
def first_dilation_for_all(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, dilation=case.dilation[:1] * case.dims)


@fault(STRIDES, "a transposed convolution in phases: the last phase of the last axis lacks its "
       "last tap", BACKWARD, "conv2d:n2_i9_c3_k5_o4_s2",
       says=("last taps of an axis missing", "one tap missing", "left zero"))  # fmt: skip
def one_phase_lacks_a_tap(case: Case, op: str, operands: Operands) -> Array:
    step, lo = case.stride[-1], case.pads[-1][0]
    dx = compute(case, op, operands)
    if step == 1 or not dx.size:
        return dx
    taps = [t for t in range(case.kernel[-1]) if t * case.dilation[-1] % step == step - 1]
    if not taps:
        return dx
    lacking = compute(case, op, operands, skips=lambda tap: tap[-1] == taps[-1])
    phase = (np.arange(case.input[-1]) + lo) % step == step - 1
    dx[..., phase, :] = lacking[..., phase, :]
    return dx


@fault(STRIDES, "there are kernels up to stride 3; larger strides run with 3", (CONV,),
       "conv2d:n2_i9_c3_k2_o4_s4",
       says=("stride of one axis for all", "strides of axes swapped"))  # fmt: skip
def stride_capped_at_three(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, stride=tuple(min(s, 3) for s in case.stride))


@fault(STRIDES, "with stride and dilation together taps lie stride times too far apart", MAPS,
       "conv2d:n2_i12_c3_k3_o4_s2_d2",
       says=("dilation multiplied by the stride", "all zeros"))  # fmt: skip
def dilation_times_stride(case: Case, op: str, operands: Operands) -> Array:
    pairs = zip(case.stride, case.dilation, strict=True)
    dilation = tuple(d * s if d > 1 else d for s, d in pairs)
    return compute(case, op, operands, dilation=dilation)


@fault(STRIDES, "3-D: the stride of planes is taken from the rows", (CONV,),
       "conv3d:n2_i6x5x5_c2_k2_o3_s2x1x1",
       says=("stride of one axis for all", "strides of axes swapped",
             "stride ignored"))  # fmt: skip
def depth_stride_of_rows(case: Case, op: str, operands: Operands) -> Array:
    stride = case.stride
    return compute(
        case, op, operands, stride=(stride[1], *stride[1:]) if case.dims == 3 else stride
    )


@fault(STRIDES, "strided filter gradients do not sum the last window where image is left over",
       (FILTER,), "conv2d:n2_i8_c3_k3_o4_s2",
       says=("last places not read", "all zeros"))  # fmt: skip
def last_window_not_summed(case: Case, op: str, operands: Operands) -> Array:
    if not case.unused[-1] or max(case.stride) == 1 or not operands.dy.size:
        return compute(case, op, operands)
    dy = operands.dy.copy()
    dy[..., -1, :] = 0
    return compute(case, op, operands._replace(dy=dy))


@fault(STRIDES, "dilation is implemented up to 2; beyond, kernels run with 2", MAPS,
       "conv2d:n2_i12_c3_k3_o4_d3",
       says=("dilation of one axis for all", "dilations of axes swapped", "all zeros"))  # fmt: skip
def dilation_capped_at_two(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, dilation=tuple(min(d, 2) for d in case.dilation))


@fault(STRIDES, "a 1x1 kernel with a stride reads the place after the one it should",
       (CONV, FILTER), "conv2d:n2_i7x8_c3_k1_o4_s2", says=("moved by one place",))  # fmt: skip
def strided_pointwise_moved(case: Case, op: str, operands: Operands) -> Array:
    low = [lo for lo, _ in case.pads]
    if max(case.kernel) == 1 and case.stride[-1] > 1:
        low[-1] -= 1
    return compute(case, op, operands, low=low)


@fault(STRIDES, "stride 2 by four phases: sizes that are odd along both axes lose the last row's "
       "last tap", (CONV,), "conv2d:n2_i7_c3_k3_o4_s2",
       says=("last taps of an axis missing", "one tap missing"))  # fmt: skip
def odd_sizes_lose_a_tap(case: Case, op: str, operands: Operands) -> Array:
    kernel = Kernel(case)
    x, w, _ = (load(a, case.dtype) for a in operands)
    y = kernel.conv(x, w)
    if case.dims == 2 and case.stride == (2, 2) and case.input[0] % 2 and case.input[1] % 2:
        last = tuple(k - 1 for k in case.kernel)
        lacking = Kernel(case, skips=lambda tap: tap == last).conv(x, w)
        y[:, -1:] = lacking[:, -1:]
    return store(y, case.dtype)
