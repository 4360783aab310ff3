"""Groups: interleaved, taken for one another, wrong beyond some number of them."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BACKWARD, CONV, FILTER, INPUT, MAPS, compute
from mutation.faults import GROUPS, fault

_GROUPED = "conv2d:n2_i6_c6_k3_o9_g3"
_DEPTHWISE = "conv2d:n2_i6_c4_k3_o8_g4"


def _interleaved(channels: int, groups: int) -> Array:
    """Return for each channel of blocks its place among channels dealt out in turn."""
    return np.arange(channels).reshape(-1, groups).T.ravel()


def _filters_of(case: Case, w: Array, group: list[int]) -> Array:
    """Return ``w`` where each group has the filters of another."""
    blocks = w.reshape(*w.shape[:-1], case.groups, -1)
    return np.ascontiguousarray(blocks[..., group, :]).reshape(w.shape)


@fault(GROUPS, "each group reads every G-th channel of the image, not a block", (CONV,), _GROUPED,
       says=("input channels interleaved by groups",))  # fmt: skip
def groups_interleaved(case: Case, op: str, operands: Operands) -> Array:
    x = operands.x[..., _interleaved(case.in_channels, case.groups)]
    return compute(case, op, operands._replace(x=x))


@fault(GROUPS, "depthwise with a multiplier: outputs are ordered by multiplier, then channel",
       (CONV,), _DEPTHWISE, says=("output channels interleaved by groups",))  # fmt: skip
def multiplier_outside(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.groups == case.in_channels < case.out_channels:
        return y[..., _interleaved(case.out_channels, case.out_channels // case.groups)]
    return y


@fault(GROUPS, "the image's gradient uses the first group's filter for every group", BACKWARD,
       _GROUPED, says=("every group with the filter of the first",))  # fmt: skip
def first_filter_for_all(case: Case, op: str, operands: Operands) -> Array:
    w = _filters_of(case, operands.w, [0] * case.groups)
    return compute(case, op, operands._replace(w=w))


@fault(GROUPS, "groups go two by two: of an odd number the last one's outputs stay zero", (CONV,),
       _GROUPED, says=("one channel left zero", "left zero",
                       "channels beyond a vector left zero"))  # fmt: skip
def odd_last_group_left_zero(case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if case.groups > 1 and case.groups % 2:
        y[..., -(case.out_channels // case.groups) :] = 0
    return y


@fault(GROUPS, "the filter's gradient of a multiplier is the first one's for each output",
       (FILTER,), _DEPTHWISE)  # fmt: skip
def first_multiplier_for_all(case: Case, op: str, operands: Operands) -> Array:
    dw = compute(case, op, operands)
    per = case.out_channels // case.groups
    if case.groups > 1 and per > 1:
        first = np.arange(case.out_channels) // per * per
        return dw[..., first]
    return dw


@fault(GROUPS, "beyond eight groups the number of the group is counted in three bits", MAPS,
       "conv2d:n2_i6_c9_k3_o9_g9", says=("filter of another group",
                                         "every group with the filter of the first"))  # fmt: skip
def group_in_three_bits(case: Case, op: str, operands: Operands) -> Array:
    if case.groups <= 8:
        return compute(case, op, operands)
    group = [g & 7 for g in range(case.groups)]
    if op == FILTER:
        return _filters_of(case, compute(case, op, operands), group)
    return compute(case, op, operands._replace(w=_filters_of(case, operands.w, group)))


@fault(GROUPS, "strided depthwise kernels read one row too far where the stride is 2", (CONV,),
       "conv2d:n2_i7_c4_k3_o4_g4_s2", says=("moved by one place",))  # fmt: skip
def strided_depthwise_moved(case: Case, op: str, operands: Operands) -> Array:
    low = [lo for lo, _ in case.pads]
    if case.groups == case.in_channels > 1 and case.stride[0] == 2:
        low[0] -= 1
    return compute(case, op, operands, low=low)


@fault(GROUPS, "grouped image gradients with more outputs than inputs in a group drop a group's "
       "last output", (INPUT,), _GROUPED, says=("one channel missing",))  # fmt: skip
def last_of_each_group_dropped(case: Case, op: str, operands: Operands) -> Array:
    per_in, per_out = case.in_channels // case.groups, case.out_channels // case.groups
    if case.groups == 1 or per_out <= per_in or per_in == 1:
        return compute(case, op, operands)
    dy = operands.dy.copy()
    dy[..., per_out - 1 :: per_out] = 0
    return compute(case, op, operands._replace(dy=dy))
