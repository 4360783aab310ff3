"""Planted mistakes: plain loops over places, taps and channels, with one thing wrong in each.

Nothing of the project's maps or hypotheses is used here: what is wrong is written as somebody would
get it wrong. Every function takes a case and its operands as float64 and returns what such a kernel
would give, as float64 (not yet rounded), or as stored bits.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import signal


def spaces(shape):
    return itertools.product(*map(range, shape))


def loop(case, op, x, w, dy, **wrong):
    """Return conv, backprop_input or backprop_filter by loops.

    ``wrong`` may replace ``stride``, ``dilation``, ``low`` (zeros before), and by functions:
    ``tap`` (the tap really read), ``group`` (of an input channel: which group and place within it),
    ``put`` (the output channel really written), ``times`` (the weight of a product).
    """
    low = wrong.get("low", [lo for lo, _ in case.pads])
    stride, dilation = wrong.get("stride", case.stride), wrong.get("dilation", case.dilation)
    tap_of = wrong.get("tap", lambda t: t)
    times = wrong.get("times", lambda **_: 1.0)
    per_in, per_out = case.in_channels // case.groups, case.out_channels // case.groups
    read = wrong.get("read", lambda group, c: group * per_in + c)
    put = wrong.get("put", lambda o: o)
    found = np.zeros({"conv": dy, "backprop_input": x, "backprop_filter": w}[op].shape)
    for n, o, t in itertools.product(range(len(dy)), spaces(dy.shape[1:-1]), spaces(w.shape[:-2])):
        i = tuple(
            o_ * s + t_ * d - lo
            for o_, s, t_, d, lo in zip(o, stride, t, dilation, low, strict=True)
        )
        if any(not 0 <= place < size for place, size in zip(i, x.shape[1:-1], strict=True)):
            continue
        for k, c in itertools.product(range(case.out_channels), range(per_in)):
            at_x, at_w = (n, *i, read(k // per_out, c)), (*tap_of(t), c, k)
            at_y, m = (n, *o, put(k)), times(n=n, t=t, c=c, k=k, o=o)
            if op == "conv":
                found[at_y] += m * x[at_x] * w[at_w]
            elif op == "backprop_input":
                found[at_x] += m * dy[at_y] * w[at_w]
            else:
                found[at_w] += m * x[at_x] * dy[at_y]
    return found


def store(values, dtype):
    """Return ``values`` in ``dtype``, bfloat16 as bits, by another way than the project's."""
    if dtype != "bfloat16":
        return values.astype(dtype)
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)).astype(
        np.uint16
    )


def bfloat16(value):
    return (int(store(np.array([value]), "bfloat16")[0]) << 16).to_bytes(4, "little")


def as_bfloat16(value):
    return float(np.frombuffer(bfloat16(value), np.float32)[0])


def tf32(values):
    """Return float32 numbers rounded to ten bits after the point."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0xFFF + ((bits >> np.uint64(13)) & np.uint64(1))) & np.uint64(0xFFFFE000)
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def pads_on_the_wrong_side(case, x, w, dy):
    return loop(case, "conv", x, w, dy, low=[hi for _, hi in case.pads])


def pads_of_the_other_axis(case, x, w, dy):
    return loop(case, "conv", x, w, dy, low=[case.pads[1][0], case.pads[0][0]])


def stride_and_dilation_swapped(case, x, w, dy):
    return loop(case, "conv", x, w, dy, stride=case.dilation, dilation=case.stride)


def strides_of_axes_swapped(case, x, w, dy):
    return loop(case, "backprop_filter", x, w, dy, stride=case.stride[::-1])


def dilation_ignored(case, x, w, dy):
    return loop(case, "backprop_input", x, w, dy, dilation=(1, 1))


def dilation_of_columns_ignored(case, x, w, dy):
    return loop(case, "conv", x, w, dy, dilation=(case.dilation[0], 1))


def stride_ignored(case, x, w, dy):
    return loop(case, "conv", x, w, dy, stride=(1, 1))


def filter_not_flipped(case, x, w, dy):
    turned = lambda t: tuple(k - 1 - p for p, k in zip(t, case.kernel, strict=True))  # noqa: E731
    return loop(case, "backprop_input", x, w, dy, tap=turned)


def filter_gradient_flipped(case, x, w, dy):
    turned = lambda t: tuple(k - 1 - p for p, k in zip(t, case.kernel, strict=True))  # noqa: E731
    return loop(case, "backprop_filter", x, w, dy, tap=turned)


def true_convolution(case, x, w, dy):
    """A convolution where a correlation is due, by SciPy: one sample, one channel after another."""
    found = np.zeros(dy.shape)
    for n, c, k in itertools.product(*map(range, (len(x), x.shape[-1], w.shape[-1]))):
        found[n, ..., k] += signal.convolve2d(x[n, ..., c], w[..., c, k], mode="valid")
    return found


def kernel_transposed(case, x, w, dy):
    return loop(case, "conv", x, w, dy, tap=lambda t: t[::-1])


def groups_interleaved(case, x, w, dy):
    return loop(case, "conv", x, w, dy, read=lambda group, c: c * case.groups + group)


def multiplier_outside(case, x, w, dy):
    per = case.out_channels // case.groups
    return loop(case, "conv", x, w, dy, put=lambda o: o % per * case.groups + o // per)


def filter_channels_swapped(case, x, w, dy):
    found = np.zeros(dy.shape)
    for k, c in itertools.product(range(w.shape[-1]), range(w.shape[-2])):
        one = w[..., k, c]
        for n in range(len(x)):
            found[n, ..., k] += signal.correlate2d(x[n, ..., c], one, mode="valid")
    return found


def filter_of_the_first(case, x, w, dy):
    per = case.out_channels // case.groups
    same = np.concatenate([w[..., :per]] * case.groups, axis=-1)
    return loop(case, "backprop_input", x, same, dy)


def last_row_dropped(case, x, w, dy):
    found = loop(case, "conv", x, w, dy)
    assert (case.input[0] - case.extents[0]) % case.stride[0]
    found[:, -1] = 0
    return found


def one_tap_missing(case, x, w, dy):
    return loop(case, "conv", x, w, dy, times=lambda t, **_: float(t != (1, 0)))


def one_tap_of_the_gradient_missing(case, x, w, dy):
    return loop(case, "backprop_filter", x, w, dy, times=lambda t, **_: float(t != (2, 1)))


def one_channel_twice(case, x, w, dy):
    return loop(case, "conv", x, w, dy, times=lambda c, **_: 2.0 if c == 1 else 1.0)


def rest_of_a_vector_not_summed(case, x, w, dy):
    return loop(case, "conv", x, w, dy, times=lambda c, **_: float(c < 16))


def only_the_first_sample(case, x, w, dy):
    found = loop(case, "conv", x, w, dy)
    found[1:] = 0
    return found


def every_sample_the_first(case, x, w, dy):
    found = loop(case, "conv", x, w, dy)
    for n in range(1, len(found)):
        found[n] = found[0]
    return found


def last_sample_not_summed(case, x, w, dy):
    return loop(case, "backprop_filter", x, w, dy, times=lambda n, **_: float(n < len(x) - 1))


def bias_of_the_first_sample(case, x, w, dy):
    return dy[0].reshape(-1, dy.shape[-1]).sum(axis=0)


def mean_over_the_batch(case, x, w, dy):
    return loop(case, "backprop_filter", x, w, dy) / len(x)


def sign_reversed(case, x, w, dy):
    return loop(case, "conv", x, w, dy, times=lambda **_: -1.0)


def garbage_beyond_sixteen(case, x, w, dy):
    found = loop(case, "conv", x, w, dy)
    found[..., 16:] = np.random.default_rng(7).integers(-900, 900, found[..., 16:].shape) + 0.25
    return found


def sixteen_channels_again(case, x, w, dy):
    found = loop(case, "conv", x, w, dy)
    found[..., 16:] = found[..., : found.shape[-1] - 16]
    return found


def windows_overwrite(case, x, w, dy):
    """col2im that stores where it should add: the last tap wins."""
    found = np.zeros(x.shape)
    for n, t, o in itertools.product(range(len(x)), spaces(w.shape[:-2]), spaces(dy.shape[1:-1])):
        i = tuple(
            a * s + b - lo for a, s, b, (lo, _) in zip(o, case.stride, t, case.pads, strict=True)
        )
        if all(0 <= place < size for place, size in zip(i, x.shape[1:-1], strict=True)):
            found[(n, *i)] = w[t] @ dy[(n, *o)]
    return found


def border_unwritten(case, x, w, dy):
    values = loop(case, "conv", x, w, dy)
    stored = store(values, case.dtype)
    edge = np.frombuffer(b"\x7f" * stored.itemsize, stored.dtype)[0]
    for axis in (1, 2):
        for at in (0, -1):
            np.moveaxis(stored, axis, 0)[at] = edge
    return stored


def last_row_freed(case, x, w, dy):
    stored = store(loop(case, "backprop_input", x, w, dy), case.dtype)
    stored[:, -1] = np.frombuffer(b"\x80" * stored.itemsize, stored.dtype)[0]
    return stored


def output_padding_before(case, x, w, dy):
    """The unused place is put before the image instead of behind it."""
    low = [lo - 1 for lo, _ in case.pads]
    return loop(case, "backprop_input", x, w, dy, low=low)


def output_padding_forgotten(case, x, w, dy):
    """A transposed convolution that is smaller by its output padding."""
    return loop(case, "backprop_input", x, w, dy)[:, :-1, :-1]


def padding_ignored(case, x, w, dy):
    extents = [(k - 1) * d + 1 for k, d in zip(case.kernel, case.dilation, strict=True)]
    out = [(i - e) // s + 1 for i, e, s in zip(case.input, extents, case.stride, strict=True)]
    smaller = np.zeros((len(x), *out, case.out_channels))
    return loop(case, "conv", x, w, smaller, low=(0, 0))


def edge_repeated(case, x, w, dy):
    pads = [(0, 0), *case.pads, (0, 0)]
    return loop(case, "conv", np.pad(x, pads, mode="edge"), w, dy, low=(0, 0))


def channels_first_memory(case, x, w, dy):
    first = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return loop(case, "conv", first.ravel().reshape(x.shape), w, dy)


def tf32_inputs(case, x, w, dy):
    return loop(case, "conv", tf32(x), tf32(w), dy)


def bfloat16_sums(case, x, w, dy):
    """Products added one by one, taps first, each sum rounded to bfloat16."""
    found = np.zeros(dy.shape)
    for n, o, k in itertools.product(range(len(x)), spaces(dy.shape[1:-1]), range(w.shape[-1])):
        total = 0.0
        for t, c in itertools.product(spaces(w.shape[:-2]), range(w.shape[-2])):
            i = tuple(a * s + b for a, s, b in zip(o, case.stride, t, strict=True))
            total = as_bfloat16(total + x[(n, *i, c)] * w[(*t, c, k)])
        found[(n, *o, k)] = total
    return found


def float16_samples(case, x, w, dy):
    """Each sample's gradient is stored in float16, then they are added in float16."""
    total = np.zeros(w.shape, np.float16)
    for n in range(len(x)):
        one = loop(case, "backprop_filter", x[n : n + 1], w, dy[n : n + 1])
        total = (total.astype(np.float64) + one.astype(np.float16)).astype(np.float16)
    return total


def flushed(case, x, w, dy):
    found = loop(case, "conv", x, w, dy)
    found[np.abs(found) < 2.0**-126] = 0
    return found


def forward_for_transpose(case, x, w, dy):
    return loop(case, "conv", x, w, dy)


def jacobian_transposed(case, x, w, dy):
    rows, columns = math.prod(case.y_shape), math.prod(case.x_shape)
    matrix = np.zeros((rows, columns))
    for column in range(columns):
        unit = np.zeros(columns)
        unit[column] = 1
        matrix[:, column] = loop(case, "conv", unit.reshape(x.shape), w, dy).ravel()
    return matrix.T.reshape(case.y_shape + case.x_shape)


def filter_gradient_of_ones(case, x, w, dy):
    return loop(case, "backprop_filter", x, w, np.ones_like(dy))


_TABLE = """
pads_on_the_wrong_side conv conv2d:n2_i5x6_c2_k3_o3_p0+1x1+0 zeros before and after swapped
pads_of_the_other_axis conv conv2d:n2_i5_c2_k3_o3_p2+0x1 padding of another axis
stride_and_dilation_swapped conv conv2d:n2_i7_c2_k2_o2_s2_d3 stride and dilation swapped
strides_of_axes_swapped backprop_filter conv2d:n2_i7_c2_k2_o2_s1x2 strides of axes swapped
dilation_ignored backprop_input conv2d:n2_i7_c2_k2_o2_d2 dilation ignored
dilation_of_columns_ignored conv conv2d:n2_i7_c2_k2_o2_d2 dilation of one axis ignored
stride_ignored conv conv2d:i7_c2_k2_o2_s2 stride ignored
filter_not_flipped backprop_input conv2d:n2_i5x6_c3_k3x2_o4 kernel flipped
filter_gradient_flipped backprop_filter conv2d:n2_i5x6_c3_k3x2_o4 kernel flipped
true_convolution conv conv2d:n2_i5x6_c3_k3x2_o4 kernel flipped
kernel_transposed conv conv2d:i5x6_c2_k3_o3 kernel axes transposed
groups_interleaved conv conv2d:i4_c4_k2_o6_g2 input channels interleaved by groups
multiplier_outside conv conv2d:i4_c3_k2_o6_g3 output channels interleaved by groups
filter_channels_swapped conv conv2d:i4_c3_k2_o3 input and output channels of the filter swapped
filter_of_the_first backprop_input conv2d:i4_c4_k2_o4_g2 every group with the filter of the first
last_row_dropped conv conv2d:i8x7_c2_k3_o3_s2 last places left zero
one_tap_missing conv conv2d:n2_i5x6_c2_k3x2_o3 one tap missing
one_tap_of_the_gradient_missing backprop_filter conv2d:n2_i5x6_c3_k3x2_o4 one tap missing
one_channel_twice conv conv2d:i4_c3_k2_o3 one channel counted twice
rest_of_a_vector_not_summed conv conv2d:i4x3_c17_k2_o3 channels summed in whole vectors only
only_the_first_sample conv conv2d:n3_i4_c2_k2_o3 only the first sample computed
every_sample_the_first conv conv2d:n3_i4_c2_k2_o3 every sample like the first
last_sample_not_summed backprop_filter conv2d:n3_i4_c2_k2_o3 one sample not summed
bias_of_the_first_sample backprop_bias conv2d:n3_i4_c2_k2_o6 only the first sample summed
mean_over_the_batch backprop_filter conv2d:n3_i4_c2_k2_o3 mean over the batch
sign_reversed conv conv2d:i4_c2_k2_o3 sign reversed
garbage_beyond_sixteen conv conv2d:i4_c2_k2_o19 channels beyond a vector wrong
sixteen_channels_again conv conv2d:i4_c2_k2_o19 channels repeat after a vector
windows_overwrite backprop_input conv2d:n2_i5_c2_k3_o3 windows overwrite instead of adding
border_unwritten conv conv2d:i5x6_c2_k3_o3_p1 unwritten memory
last_row_freed backprop_input conv2d:i5x6_c2_k3_o3_p1 freed memory
output_padding_before backprop_input conv2d:i6x8_c2_k3_o3_s2 moved by one place
output_padding_forgotten transpose conv2d:i6x8_c2_k3_o3_s2 right numbers in another size
padding_ignored conv conv2d:i5x6_c2_k3_o3_p1 padding ignored
edge_repeated conv conv2d:i5x6_c2_k3_o3_p1 padded by repeating the border
channels_first_memory conv conv2d:i5x6_c2_k3_o3 channels first read as channels last
tf32_inputs conv conv2d:n2_i5x6_c3_k3x2_o4 rounds the inputs to tf32
bfloat16_sums conv conv2d:i5x6_c8_k3x2_o4_bfloat16 accumulates in bfloat16
float16_samples backprop_filter conv2d:n5_i9_c3_k2_o4_float16 accumulates in float16
flushed conv conv2d:i4x5_c3_k3x2_o4_subnormal flushes subnormal results to zero
forward_for_transpose transpose conv2d:n2_i4_c2_k3_o2_p1 result of another op
jacobian_transposed jacobian_input conv2d:i3_c2_k3_o2_p1 Jacobian transposed
filter_gradient_of_ones backprop_filter conv2d:n2_i5x6_c3_k3x2_o4 ones for the output gradient
"""
"""A function, the op that it gets wrong, a case (without its kind of data), the cause to name."""

PLANTED = [
    (globals()[name], op, line, cause)
    for name, op, line, cause in (row.split(maxsplit=3) for row in _TABLE.strip().splitlines())
]

DATA = {
    "tf32_inputs": ("normal", "uniform"),  # exact data are exact in tf32
    "flushed": ("subnormal",),
    "bfloat16_sums": ("normal", "uniform"),  # exact sums this short do not round
    "float16_samples": ("normal", "uniform"),
}
"""The kinds of data that show a mistake, where that is not all of exact, normal and uniform."""
