"""Channels: what is left over of a vector, blocks of sixteen and more, axes of the filter."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BACKWARD, CONV, FILTER, INPUT, MAPS, compute
from mutation.faults import CHANNELS, fault

_WIDE = "conv2d:n2_i4_c17_k3_o19"


def _without(operands: Operands, lost: slice) -> Operands:
    """Return operands whose image has zeros in the channels ``lost``."""
    x = operands.x.copy()
    x[..., lost] = 0
    return operands._replace(x=x)


@fault(CHANNELS, "channels beyond sixteen are not summed", (CONV,), _WIDE,
       says=("only the first channels summed", "channels summed in whole vectors only",
             "one channel missing"))  # fmt: skip
def beyond_sixteen_not_summed(case: Case, op: str, operands: Operands) -> Array:
    if case.groups > 1:
        return compute(case, op, operands)
    return compute(case, op, _without(operands, slice(16, None)))


@fault(CHANNELS, "output channels beyond sixteen are the first ones again", (CONV,), _WIDE,
       says=("channels repeat after a vector",))  # fmt: skip
def outputs_repeat_after_sixteen(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)[..., np.arange(case.out_channels) % 16]


@fault(CHANNELS, "beyond eight channels only whole vectors of eight are summed", (CONV,),
       "conv2d:n2_i4_c11_k3_o4",
       says=("channels summed in whole vectors only", "only the first channels summed",
             "one channel missing"))  # fmt: skip
def rest_of_eight_not_summed(case: Case, op: str, operands: Operands) -> Array:
    channels = case.in_channels
    if case.groups > 1 or channels <= 8:
        return compute(case, op, operands)
    return compute(case, op, _without(operands, slice(channels - channels % 8, channels)))


@fault(CHANNELS, "of outputs that leave three beyond whole vectors of four the last stays zero",
       (CONV,), "conv2d:n2_i6_c3_k3_o7", says=("one channel left zero", "left zero"))  # fmt: skip
def third_of_a_tail_left_zero(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.out_channels % 4 == 3:
        y[..., -1] = 0
    return y


@fault(CHANNELS, "beyond 64 channels the first channel of the second block is summed twice",
       (CONV,), "conv2d:n1_i4_c65_k3_o2", says=("one channel counted twice",))  # fmt: skip
def channel_65_twice(case: Case, op: str, operands: Operands) -> Array:
    if case.in_channels <= 64 or case.groups > 1:
        return compute(case, op, operands)
    order = [*range(case.in_channels), 64]
    x, w = operands.x[..., order], operands.w[..., order, :]
    return compute(case.replace(in_channels=len(order)), op, operands._replace(x=x, w=w))


@fault(CHANNELS, "beyond 128 channels the last channel of the second block is not summed",
       (CONV,), "conv2d:n1_i4_c130_k3_o2", says=("one channel missing",))  # fmt: skip
def channel_130_missing(case: Case, op: str, operands: Operands) -> Array:
    if case.in_channels <= 128 or case.groups > 1:
        return compute(case, op, operands)
    return compute(case, op, _without(operands, slice(129, 130)))


@fault(CHANNELS, "a filter with as many inputs as outputs is read with the two swapped",
       (CONV, INPUT), "conv2d:n2_i6_c4_k3_o4",
       says=("input and output channels of the filter swapped",))  # fmt: skip
def filter_channels_swapped(case: Case, op: str, operands: Operands) -> Array:
    if case.groups > 1 or case.in_channels != case.out_channels:
        return compute(case, op, operands)
    return compute(case, op, operands._replace(w=operands.w.swapaxes(-1, -2)))


@fault(CHANNELS, "an image of one channel: every output channel has the first one's filter",
       (CONV,), "conv2d:n2_i6_k3_o4", says=("every output channel like the first",))  # fmt: skip
def first_filter_for_one_channel(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    return y[..., [0] * case.out_channels] if case.in_channels == 1 else y


@fault(CHANNELS, "channels first alone: an odd number of channels is summed without the last",
       (CONV, FILTER), "conv2d:n2_i6_c3_k3_o4_nchw",
       says=("one channel missing", "one channel left zero", "left zero",
             "channels summed in whole vectors only"))  # fmt: skip
def odd_channel_of_nchw_lost(case: Case, op: str, operands: Operands) -> Array:
    odd = case.layout == "channels_first" and case.in_channels % 2 and case.in_channels > 1
    if not odd or case.groups > 1:
        return compute(case, op, operands)
    return compute(case, op, _without(operands, slice(-1, None)))


@fault(CHANNELS, "the image's gradient gives each channel in its neighbour's place beyond 32",
       BACKWARD, "conv2d:n1_i4_c33_k3_o2", says=("channels moved by one",))  # fmt: skip
def channels_moved_beyond_32(case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    return np.roll(dx, 1, axis=-1) if case.in_channels > 32 else dx


@fault(CHANNELS, "one channel to one channel: a special kernel that flips the filter",
       MAPS, "conv2d:n2_i6_k3", says=("kernel flipped",))  # fmt: skip
def one_channel_flipped(case: Case, op: str, operands: Operands) -> Array:
    if case.in_channels != 1 or case.out_channels != 1:
        return compute(case, op, operands)
    last = [k - 1 for k in case.kernel]
    read = lambda tap: tuple(e - t for e, t in zip(last, tap, strict=True))  # noqa: E731
    return compute(case, op, operands, read=read)
