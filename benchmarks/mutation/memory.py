"""Memory: unwritten, freed, read past its end, laid out otherwise than believed."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array, storage
from mutation.correct import BACKWARD, CONV, FILTER, INPUT, MAPS, Kernel, compute, load, store
from mutation.faults import MEMORY, fault

_PLAIN = "conv2d:n2_i7x8_c3_k3_o4"
_PADDED = "conv2d:n2_i5x6_c3_k3x2_o4_p1"
_FRESH = 1 << 12  # bytes: less than this NumPy gives again without asking the system


def fresh(shape: tuple[int, ...], dtype: np.dtype[np.generic] | type) -> Array:
    """Return memory that nobody wrote, from the system's allocator."""
    size = int(np.prod(shape, dtype=np.int64))
    return np.empty(size + _FRESH, dtype)[:size].reshape(shape)


@fault(MEMORY, "the last row of the output is never written", (CONV,), _PLAIN, effect="memory",
       says=("unwritten memory",))  # fmt: skip
def last_row_unwritten(case: Case, op: str, operands: Operands) -> Array:
    y = fresh(case.y_shape, storage(case.dtype))
    y[:, :-1] = compute(case, op, operands)[:, :-1]
    return y


@fault(MEMORY, "output channels beyond sixteen are never written", (CONV, FILTER),
       "conv2d:i4x3_c17_k3_o19_pSAME", effect="memory", says=("unwritten memory",))  # fmt: skip
def channels_unwritten(case: Case, op: str, operands: Operands) -> Array:
    right = compute(case, op, operands)
    found = fresh(right.shape, right.dtype)
    found[..., :16] = right[..., :16]
    return found


@fault(MEMORY, "the buffer of the padded image is not filled with zeros", (CONV,), _PADDED,
       effect="memory", says=("padding is unwritten memory", "unwritten memory in the sums",
                              "larger than any sum of products",
                              "unwritten memory"))  # fmt: skip
def padding_unwritten(case: Case, op: str, operands: Operands) -> Array:
    if min(map(min, case.pads)) < 0 or not any(map(any, case.pads)):
        return compute(case, op, operands)
    sizes = [i + lo + hi for i, (lo, hi) in zip(case.input, case.pads, strict=True)]
    x = fresh((case.batch, *sizes, case.in_channels), operands.x.dtype)
    inner = (slice(lo, lo + i) for i, (lo, _) in zip(case.input, case.pads, strict=True))
    x[(slice(None), *inner)] = operands.x
    whole = case.replace(input=tuple(sizes), padding="VALID")
    return compute(whole, op, operands._replace(x=x))


@fault(MEMORY, "the image's gradient is added to memory that nobody wrote", BACKWARD, _PLAIN,
       effect="memory", says=("unwritten memory in the sums", "larger than any sum of products",
                              "unwritten memory"))  # fmt: skip
def added_to_unwritten(case: Case, op: str, operands: Operands) -> Array:
    _, w, dy = (load(a, case.dtype) for a in operands)
    before = fresh(case.x_shape, dy.dtype)
    with np.errstate(all="ignore"):
        return store(before + Kernel(case).image(dy, w), case.dtype)


@fault(MEMORY, "an image with gaps between its numbers is read as if it had none", (CONV,),
       "conv2d:n2_i5x6_c3_k3x2_o4_p1_gapped", effect="view",
       says=("operand read one element off",))  # fmt: skip
def gaps_ignored(case: Case, op: str, operands: Operands) -> Array:
    x = operands.x
    if case.memory == "gapped":
        step = x.itemsize
        packed = np.cumprod((step, *x.shape[:0:-1]))[::-1]
        x = as_strided(x, strides=tuple(int(s) for s in packed))
    return compute(case, op, operands._replace(x=x))


@fault(MEMORY, "negative strides are taken for positive: reversed operands are read forwards",
       (CONV, FILTER), "conv2d:n2_i5x6_c3_k3x2_o4_p1_reversed", effect="view",
       says=("operand read back to front",))  # fmt: skip
def reversed_read_forwards(case: Case, op: str, operands: Operands) -> Array:
    x = operands.x
    if case.memory == "reversed":
        x = x[(slice(None, None, -1),) * x.ndim]
    return compute(case, op, operands._replace(x=x))


@fault(MEMORY, "vector loads round an address down: an operand one number into a buffer is read "
       "from its beginning", (CONV,), "conv2d:n2_i5x6_c3_k3x2_o4_p1_offset", effect="view",
       says=("operand read one element off",))  # fmt: skip
def offset_rounded_down(case: Case, op: str, operands: Operands) -> Array:
    x = operands.x
    if case.memory == "offset" and x.size and x.base is not None:
        before = np.concatenate([np.ones(1, x.dtype), x.ravel()[:-1]])
        x = before.reshape(x.shape)
    return compute(case, op, operands._replace(x=x))


@fault(MEMORY, "the filter is scaled in place and not put back", (CONV,), _PLAIN, effect="input",
       says=("changed its input",))  # fmt: skip
def filter_scaled_in_place(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if operands.w.flags.writeable and operands.w.size:
        operands.w[...] = store(2 * load(operands.w, case.dtype), case.dtype)
    return y


@fault(MEMORY, "the output gradient's last number is used as scratch and left zero, for large "
       "kernels", (FILTER, INPUT), "conv2d:n2_i7x8_c3_k4_o4", effect="input",
       says=("changed its input",))  # fmt: skip
def gradient_used_as_scratch(case: Case, op: str, operands: Operands) -> Array:
    found = compute(case, op, operands)
    if max(case.kernel) > 3 and operands.dy.size and operands.dy.flags.writeable:
        operands.dy[(-1,) * operands.dy.ndim] = 0
    return found


@fault(MEMORY, "operands are made contiguous in place, which fails where memory is read-only",
       MAPS, "conv2d:n2_i5x6_c3_k3x2_o4_p1_readonly", effect="ends")  # fmt: skip
def writes_to_read_only(case: Case, op: str, operands: Operands) -> Array:
    for operand in operands:
        operand[...] = operand.copy()
    return compute(case, op, operands)


@fault(MEMORY, "the image is read one number past its end: the last product of each sample meets "
       "the next sample's first number, or what lies behind", (CONV,), _PLAIN, effect="memory",
       says=("operand read one element off", "unwritten memory in the sums",
             "larger than any sum of products", "unwritten memory"))  # fmt: skip
def one_past_the_end(case: Case, op: str, operands: Operands) -> Array:
    x = fresh((operands.x.size + 1,), operands.x.dtype)
    x[:-1] = operands.x.ravel()
    y = compute(case, op, operands)
    off = compute(case, op, operands._replace(x=x[1:].reshape(operands.x.shape)))
    if y.size:
        y[(-1,) * y.ndim] = off[(-1,) * off.ndim]
    return y
