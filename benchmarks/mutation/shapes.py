"""Results of another type or shape, and what is done with nothing."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BACKWARD, CONV, FILTER, INPUT, MAPS, OPS, TRANSPOSE, compute, load
from mutation.faults import SHAPES, fault

_PLAIN = "conv2d:n2_i7x8_c3_k3_o4"


@fault(SHAPES, "float32 comes back as float64", (CONV,), _PLAIN)
def widened(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    return y.astype(np.float64) if case.dtype == "float32" else y


@fault(SHAPES, "16-bit gradients come back in the type that they were summed in", (FILTER,),
       f"{_PLAIN}_bfloat16")  # fmt: skip
def gradient_left_in_float32(case: Case, op: str, operands: Operands) -> Array:
    dw = compute(case, op, operands)
    return load(dw, case.dtype) if case.dtype in ("float16", "bfloat16") else dw


@fault(SHAPES, "rows and columns of the output are swapped, in its shape too", (CONV,), _PLAIN,
       says=("axes of the result in another order",
             "rows and columns of the result swapped"))  # fmt: skip
def shape_transposed(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    return y.swapaxes(case.dims, case.dims - 1) if case.dims > 1 else y


@fault(SHAPES, "a batch of one loses its axis", (CONV, INPUT), "conv2d:i7x8_c3_k3_o4",
       says=("result in another shape", "right numbers in another size",
             "axes of the result in another order"))  # fmt: skip
def batch_axis_squeezed(case: Case, op: str, operands: Operands) -> Array:
    found = compute(case, op, operands)
    return found[0] if case.batch == 1 else found


@fault(SHAPES, "channels first: the result lies in memory as channels last, under the other shape",
       (CONV,), f"{_PLAIN}_nchw",
       says=("channels last read as channels first",
             "channels first read as channels last"))  # fmt: skip
def layout_of_the_result_confused(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.layout == "channels_last":
        return y
    shape = (case.batch, case.out_channels, *case.output)
    return np.moveaxis(np.ascontiguousarray(y).reshape(shape), 1, -1)


@fault(SHAPES, "an empty batch is an error", MAPS, "conv2d:n0_i5x6_c3_k3x2_o4_p1", effect="ends")
def empty_batch_refused(case: Case, op: str, operands: Operands) -> Array:
    if not case.batch:
        raise ValueError("need at least one array to concatenate")
    return compute(case, op, operands)


@fault(SHAPES, "without input channels the output is ones, not zeros", (CONV,),
       "conv2d:n2_i5x6_c0_k3x2_o4_p1")  # fmt: skip
def no_channels_give_ones(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    one = 0x3F80 if case.dtype == "bfloat16" else 1
    return y if case.in_channels else np.full_like(y, one)


@fault(SHAPES, "sizes are rounded up where a window hangs over the end: one place too many",
       (CONV,), "conv2d:n2_i8_c3_k3_o4_s2",
       says=("right numbers in another size",))  # fmt: skip
def size_rounded_up(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    more = [(0, int(u > 0)) for u in case.unused]
    return np.pad(y, [(0, 0), *more, (0, 0)])


@fault(SHAPES, "the filter's gradient has its channel axes swapped where they are as long",
       (FILTER,), "conv2d:n2_i7x8_c4_k3_o4",
       says=("input and output channels of the filter swapped",
             "axes of the result in another order"))  # fmt: skip
def square_filter_gradient_transposed(case: Case, op: str, operands: Operands) -> Array:
    dw = compute(case, op, operands)
    return dw.swapaxes(-1, -2) if dw.shape[-1] == dw.shape[-2] else dw


@fault(SHAPES, "one output place: the spatial axes are dropped", (CONV,), "conv2d:n2_i3_c3_k3_o4",
       says=("result in another shape", "right numbers in another size"))  # fmt: skip
def single_place_squeezed(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    return y.reshape(case.batch, case.out_channels) if max(case.output) == 1 else y


@fault(SHAPES, "a filter of other channels than the image's is taken: the rest is ignored",
       (CONV, *BACKWARD), "", effect="refusal", lenient=("filter_channels",))  # fmt: skip
def other_filter_channels_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(SHAPES, "operands of two types are taken, and computed in the narrower", OPS, "",
       effect="refusal", lenient=("dtypes",))  # fmt: skip
def two_dtypes_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(SHAPES, "a transposed convolution takes any size that is asked for", (TRANSPOSE, INPUT), "",
       effect="refusal", lenient=("size_unreachable", "gradient_size"))  # fmt: skip
def any_size_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)
