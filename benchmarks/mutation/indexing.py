"""Wrong places: kernels flipped or transposed, rows and terms left out, windows moved."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import CONV, FILTER, INPUT, MAPS, TRANSPOSE, Kernel, Tap, compute, load, store
from mutation.faults import INDEXING, fault

_PLAIN = "conv2d:n2_i7x8_c3_k3_o4"


def _turned(case: Case, axes: tuple[int, ...] | None = None) -> dict[str, object]:
    along = range(case.dims) if axes is None else axes

    def read(tap: Tap) -> Tap:
        return tuple(k - 1 - t if a in along else t
                     for a, (t, k) in enumerate(zip(tap, case.kernel, strict=True)))  # fmt: skip

    return {"read": read}


@fault(INDEXING, "conv turns the filter round: a convolution where a correlation is due",
       (CONV,), _PLAIN, says=("kernel flipped",))  # fmt: skip
def filter_flipped(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, **_turned(case))


@fault(INDEXING, "the image's gradient correlates with the filter as it is",
       (INPUT,), _PLAIN, says=("kernel flipped", "kernel flipped along one axis"))  # fmt: skip
def gradient_filter_not_flipped(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, **_turned(case))


@fault(INDEXING, "a filter with as many rows as columns is read column by column",
       (CONV, INPUT), _PLAIN, says=("kernel axes transposed",
                                            "rows and columns of an operand swapped"))  # fmt: skip
def square_kernel_transposed(case: Case, op: str, operands: Operands) -> Array:
    square = case.dims > 1 and case.kernel[-1] == case.kernel[-2]
    read = (lambda tap: (*tap[:-2], tap[-1], tap[-2])) if square else (lambda tap: tap)
    return compute(case, op, operands, read=read)


@fault(INDEXING, "3-D filter gradients come with their planes back to front",
       (FILTER,), "conv3d:n2_i4x5x5_c2_k3x2x2_o3",
       says=("kernel flipped along one axis", "kernel flipped"))  # fmt: skip
def depth_of_gradient_reversed(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands, **_turned(case, (0,) if case.dims == 3 else ()))


@fault(INDEXING, "the last output of all lacks one product, that of the last tap and channel "
       "(one term of 40,000 on a large case)", (CONV,), _PLAIN,
       says=("one tap missing", "one channel missing", "last taps of an axis missing",
             "last places not read"))  # fmt: skip
def one_term_missing(case: Case, op: str, operands: Operands) -> Array:
    kernel = Kernel(case)
    x, w, _ = (load(a, case.dtype) for a in operands)
    y = kernel.conv(x, w)
    at = [(o - 1) * s + (k - 1) * d - lo for o, s, k, d, (lo, _) in zip(
        case.output, case.stride, case.kernel, case.dilation, case.pads, strict=True)]  # fmt: skip
    inside = all(0 <= i < size for i, size in zip(at, case.input, strict=True))
    if y.size and x.size and inside:
        y[(-1,) * y.ndim] -= x[(-1, *at, -1)] * w[(-1,) * w.ndim]
    return store(y, case.dtype)


@fault(INDEXING, "the filter gradient's last number lacks the product of the last place of the "
       "last sample", (FILTER,), _PLAIN,
       says=("last places not read", "one sample not summed", "one tap missing"))  # fmt: skip
def last_product_of_the_gradient_missing(case: Case, op: str, operands: Operands) -> Array:
    x, _, dy = (load(a, case.dtype) for a in operands)
    dw = Kernel(case).filter(x, dy)
    tap = tuple(k - 1 for k in case.kernel)
    out, place = Kernel(case).windows(tap)
    read, given = x[place][..., -1:], dy[out][..., -1:]
    if dw.size and read.size and given.size:
        dw[(*tap, -1, -1)] -= read[(-1,) * read.ndim] * given[(-1,) * given.ndim]
    return store(dw, case.dtype)


@fault(INDEXING, "an odd number of columns: the last one is read one place too far left",
       (CONV,), _PLAIN.replace("7x8", "7x9"), says=("moved by one place",))  # fmt: skip
def last_column_moved(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.output[-1] % 2 and y.size:
        low = [lo for lo, _ in case.pads]
        moved = compute(case, op, operands, low=[*low[:-1], low[-1] + 1])
        y[..., -1, :] = moved[..., -1, :]
    return y


@fault(INDEXING, "rows are computed in pairs: of an odd number the last one stays zero",
       (CONV,), _PLAIN, says=("last places left zero", "left zero"))  # fmt: skip
def odd_last_row_left_zero(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.output[0] % 2 and case.output[0] > 1:
        y[:, -1] = 0
    return y


@fault(INDEXING, "images beyond 65,536 numbers: the position of a number is counted in 16 bits",
       (CONV,), "conv1d:i22000_c3_k3_o2")  # fmt: skip
def position_in_16_bits(case: Case, op: str, operands: Operands) -> Array:
    x = operands.x.ravel()
    read = x[np.arange(x.size) & 0xFFFF].reshape(operands.x.shape)
    return compute(case, op, operands._replace(x=read))


@fault(INDEXING, "col2im stores each window where it should add it",
       (INPUT, TRANSPOSE), _PLAIN, says=("windows overwrite instead of adding",))  # fmt: skip
def windows_overwrite(case: Case, op: str, operands: Operands) -> Array:
    def put(total: Array, at: object, part: Array) -> None:
        total[at] = part  # type: ignore[call-overload]

    return compute(case, op, operands, put=put)


@fault(INDEXING, "one tap of kernels beyond nine taps is left out, the tenth",
       MAPS, "conv2d:n2_i7x8_c3_k4_o4", says=("one tap missing",))  # fmt: skip
def tenth_tap_missing(case: Case, op: str, operands: Operands) -> Array:
    order = {tap: n for n, tap in enumerate(np.ndindex(*case.kernel))}
    return compute(case, op, operands, skips=lambda tap: order[tap] == 9)


@fault(INDEXING, "channels first: rows and columns of the image's gradient are swapped where "
       "there are as many of each", (INPUT,), "conv2d:n2_i6_c3_k3_o4_nchw",
       says=("rows and columns of the result swapped",))  # fmt: skip
def square_gradient_transposed(case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    if case.layout == "channels_first" and case.dims == 2 and case.input[0] == case.input[1]:
        return dx.transpose(0, 2, 1, 3)
    return dx
