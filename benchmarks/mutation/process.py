"""What ends a process or never ends, and calls that should be refused."""

from __future__ import annotations

import ctypes
import math
import os
import time

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import CONV, FILTER, INPUT, MAPS, OPS, TRANSPOSE, compute
from mutation.faults import CHANNELS, GROUPS, PADDING, PROCESS, STRIDES, fault

_HOUR = 3600


@fault(PROCESS, "an assertion aborts for 1x1 kernels with a stride", (CONV,),
       "conv2d:n2_i7x8_c3_k1_o4_s2", effect="ends")  # fmt: skip
def aborts_on_strided_pointwise(case: Case, op: str, operands: Operands) -> Array:
    if max(case.kernel) == 1 and max(case.stride) > 1:
        os.abort()
    return compute(case, op, operands)


@fault(PROCESS, "a null pointer is read where there are no outputs", MAPS,
       "conv2d:n2_i2x6_c3_k3x2_o4", effect="ends")  # fmt: skip
def segfault_without_output(case: Case, op: str, operands: Operands) -> Array:
    if not math.prod(case.y_shape):
        ctypes.string_at(0)
    return compute(case, op, operands)


@fault(PROCESS, "dilated depthwise kernels wait for a thread that never comes", (FILTER,),
       "conv2d:n2_i9_c4_k3_o4_g4_d2", effect="ends")  # fmt: skip
def hangs_on_dilated_depthwise(case: Case, op: str, operands: Operands) -> Array:
    if case.groups == case.in_channels > 1 and max(case.dilation) > 1:
        time.sleep(_HOUR)
    return compute(case, op, operands)


@fault(PROCESS, "the process ends without a word for 3-D float64 gradients", (INPUT, TRANSPOSE),
       "conv3d:n2_i4_c2_k2_o3_float64", effect="ends")  # fmt: skip
def exits_on_volumes(case: Case, op: str, operands: Operands) -> Array:
    if case.dims == 3 and case.dtype == "float64":
        os._exit(0)
    return compute(case, op, operands)


@fault(PROCESS, "no algorithm is found for kernels larger than the image", MAPS,
       "conv2d:i3x4_c2_k5_o3_p2", effect="ends")  # fmt: skip
def raises_for_large_kernels(case: Case, op: str, operands: Operands) -> Array:
    if any(e > i for e, i in zip(case.extents, case.input, strict=True)):
        raise RuntimeError("could not find an engine")
    return compute(case, op, operands)


@fault(PROCESS, "float16 of an odd number of channels is not supported, it says", (CONV, FILTER),
       "conv2d:n2_i5x6_c3_k3x2_o4_float16", effect="ends")  # fmt: skip
def raises_for_odd_channels_in_float16(case: Case, op: str, operands: Operands) -> Array:
    if case.dtype == "float16" and case.in_channels % 2:
        raise RuntimeError("CUDNN_STATUS_NOT_SUPPORTED")
    return compute(case, op, operands)


@fault(STRIDES, "a stride of zero is taken for one", MAPS, "", effect="refusal",
       lenient=("stride_zero",))  # fmt: skip
def stride_zero_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(PROCESS, "a stride of zero divides by zero and ends the process", MAPS, "",
       effect="refusal", lenient=("stride_zero:crash",))  # fmt: skip
def stride_zero_crashes(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(GROUPS, "channels that groups do not divide are cut to what they divide", MAPS, "",
       effect="refusal", lenient=("groups_uneven",))  # fmt: skip
def uneven_groups_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(CHANNELS, "an output gradient of other channels than the filter's is taken", MAPS, "",
       effect="refusal", lenient=("gradient_channels",))  # fmt: skip
def other_gradient_channels_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(PADDING, "a kernel beyond the padded image gives an empty result, not an error", (CONV,),
       "", effect="refusal", lenient=("kernel_beyond_input",))  # fmt: skip
def kernel_beyond_the_image_taken(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)


@fault(PROCESS, "sizes that overflow fail in an assertion of its own", OPS, "", effect="refusal",
       lenient=("padding_overflow:internal", "dilation_overflow:internal"))  # fmt: skip
def overflow_is_an_internal_error(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)
