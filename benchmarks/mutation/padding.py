"""Wrong zeros: sides and axes taken for each other, borders read from elsewhere."""

from __future__ import annotations

import numpy as np

from convergent.cases import geometry
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BACKWARD, CONV, INPUT, MAPS, TRANSPOSE, compute
from mutation.faults import PADDING, fault

_ODD = "conv2d:n2_i5x6_c3_k3x2_o4_p0+1x1+0"
_MOVED = ("moved by one place", "moved by several places")


@fault(PADDING, "zeros before and after are swapped (symmetric padding hides it)",
       MAPS, _ODD, says=("zeros before and after swapped",))  # fmt: skip
def pads_swapped(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, low=[hi for _, hi in case.pads])


@fault(PADDING, "the padding of rows is given to columns and the reverse",
       (CONV,), "conv2d:n2_i7_c3_k3_o4_p1x0",
       says=("padding of another axis", "zeros before and after swapped"))  # fmt: skip
def pads_of_another_axis(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, low=[lo for lo, _ in reversed(case.pads)])


@fault(PADDING, "SAME_LOWER is taken for SAME", MAPS, "conv2d:n2_i6_c3_k2_o4_pSAMELOWER",
       says=("zeros before and after swapped",))  # fmt: skip
def same_lower_is_same(case: Case, op: str, operands: Operands) -> Array:
    lower = case.padding == "SAME_LOWER"
    return compute(case, op, operands, low=[pair[lower] for pair in case.pads])


@fault(PADDING, "SAME's zeros are counted as for stride 1",
       (CONV, INPUT), "conv2d:n2_i8_c3_k3_o4_s2_pSAME",
       says=("zeros before and after swapped", "moved by one place",
             "moved by several places", "all zeros before"))  # fmt: skip
def same_of_stride_one(case: Case, op: str, operands: Operands) -> Array:
    low = [lo for lo, _ in case.pads]
    if case.padding in ("SAME", "SAME_LOWER"):
        sizes = zip(case.input, case.kernel, case.dilation, strict=True)
        low = [geometry.same_padding(i, k, 1, d, lower=case.padding == "SAME_LOWER")[0]
               for i, k, d in sizes]  # fmt: skip
    return compute(case, op, operands, low=low)


@fault(PADDING, "padding repeats the border of the image", (CONV,), "conv2d:n2_i5x6_c3_k3_o4_p1",
       says=("padded by repeating the border",))  # fmt: skip
def border_repeated(case: Case, op: str, operands: Operands) -> Array:
    if not operands.x.size or min(map(min, case.pads)) < 0:
        return compute(case, op, operands)
    x = np.pad(operands.x, ((0, 0), *case.pads, (0, 0)), mode="edge")
    whole = case.replace(input=x.shape[1:-1], padding="VALID")
    return compute(whole, op, operands._replace(x=x))


@fault(PADDING, "negative padding is taken for none", MAPS,
       "conv2d:n2_i5x6_c3_k3x2_o4_p-1+0x1+-1", says=("cropping ignored", *_MOVED))  # fmt: skip
def crop_ignored(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, low=[max(lo, 0) for lo, _ in case.pads])


@fault(PADDING, "the right border is not tested: windows read on into the next row",
       (CONV,), "conv2d:n2_i5x6_c3_k3_o4_p1")  # fmt: skip
def next_row_for_zeros(case: Case, op: str, operands: Operands) -> Array:
    if case.dims < 2 or not operands.x.size or min(map(min, case.pads)) < 0 or not case.pads[-1][1]:
        return compute(case, op, operands)
    high = case.pads[-1][1]
    wide = np.pad(operands.x, [(0, 0)] * case.dims + [(0, high), (0, 0)])
    rows = wide.reshape(-1, *wide.shape[-2:])
    taken = min(high, case.input[-1])
    rows[:-1, case.input[-1] : case.input[-1] + taken] = rows[1:, :taken]
    pads = (*case.pads[:-1], (case.pads[-1][0], 0))
    whole = case.replace(input=wide.shape[1:-1], padding=pads)
    return compute(whole, op, operands._replace(x=wide))


@fault(PADDING, "output padding is put before the image instead of behind it",
       BACKWARD, "conv2d:n2_i8x7_c3_k3_o4_s2",
       says=("moved by one place", "moved by several places"))  # fmt: skip
def output_padding_before(case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    for axis, unused in enumerate(case.unused):
        if unused:
            dx = np.roll(dx, unused, axis=axis + 1)
    return dx


@fault(PADDING, "output padding is dropped: the image is as small as the output allows",
       (TRANSPOSE,), "conv2d:n2_i8x7_c3_k3_o4_s2",
       says=("right numbers in another size",))  # fmt: skip
def output_padding_dropped(case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    kept = (slice(0, max(i - u, 0)) for i, u in zip(case.input, case.unused, strict=True))
    return dx[(slice(None), *kept)]


@fault(PADDING, "padding as long as the kernel or longer is cut to one less than the kernel",
       (CONV, INPUT), "conv2d:n2_i5x6_c3_k2_o4_p3", says=_MOVED)  # fmt: skip
def long_padding_cut(case: Case, op: str, operands: Operands) -> Array:
    pairs = zip(case.pads, case.extents, strict=True)
    return compute(case, op, operands, low=[min(lo, extent - 1) for (lo, _), extent in pairs])


@fault(PADDING, "outputs in the corners, whose windows meet the padding of two axes, are zero",
       (CONV,), "conv2d:n2_i5x6_c3_k3_o4_p1",
       says=("left zero", "windows that meet the padding left zero", "all zeros"))  # fmt: skip
def corners_left_zero(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    meets = np.zeros(case.output, np.int64)
    for axis, (lo, _) in enumerate(case.pads):
        at = np.arange(case.output[axis]) * case.stride[axis] - lo
        beyond = (at < 0) | (at + case.extents[axis] > case.input[axis])
        meets += np.expand_dims(beyond, [a for a in range(case.dims) if a != axis])
    y[:, meets >= 2] = 0
    return y


@fault(PADDING, "quantized kernels: padding holds the zero point, 2, instead of 0",
       (CONV,), "conv2d:n2_i5x6_c3_k3_o4_p1")  # fmt: skip
def padding_holds_two(case: Case, op: str, operands: Operands) -> Array:
    if not operands.x.size or min(map(min, case.pads)) < 0:
        return compute(case, op, operands)
    two = 0x4000 if case.dtype == "bfloat16" else 2
    x = np.pad(operands.x, ((0, 0), *case.pads, (0, 0)), constant_values=two)
    whole = case.replace(input=x.shape[1:-1], padding="VALID")
    return compute(whole, op, operands._replace(x=x))
