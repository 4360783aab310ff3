"""Samples: taken for others, left out of gradients, wrong for one or for many."""

from __future__ import annotations

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import BIAS, CONV, FILTER, INPUT, Kernel, compute, load, store
from mutation.faults import BATCH, fault


def _silent(operands: Operands, sample: int) -> Operands:
    """Return operands whose output gradient is zero for a sample."""
    dy = operands.dy.copy()
    dy[sample] = 0
    return operands._replace(dy=dy)


@fault(BATCH, "beyond eight samples the first ones come again", (CONV,), "conv2d:n9_i5_c3_k3_o2",
       says=("every sample like the first",))  # fmt: skip
def samples_repeat_after_eight(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands)[np.arange(case.batch) % 8]


@fault(BATCH, "the filter's gradient does not sum the last sample", (FILTER,),
       "conv2d:n3_i5_c3_k3_o2", says=("one sample not summed",
                                      "only the first sample summed", "all zeros"))  # fmt: skip
def last_sample_not_summed(case: Case, op: str, operands: Operands) -> Array:
    if case.batch < 2:
        return compute(case, op, operands)
    return compute(case, op, _silent(operands, -1))


@fault(BATCH, "the filter's gradient is the mean over the batch", (FILTER,),
       "conv2d:n2_i5_c3_k3_o2", says=("mean over the batch", "half the right result"))  # fmt: skip
def mean_over_the_batch(case: Case, op: str, operands: Operands) -> Array:
    x, _, dy = (load(a, case.dtype) for a in operands)
    return store(Kernel(case).filter(x, dy) / x.dtype.type(max(case.batch, 1)), case.dtype)


@fault(BATCH, "a batch of one takes another path, which ignores the dilation", (CONV,),
       "conv2d:i9_c3_k3_o2_d2", says=("dilation ignored",))  # fmt: skip
def single_sample_undilated(case: Case, op: str, operands: Operands) -> Array:
    dilation = (1,) * case.dims if case.batch == 1 else case.dilation
    return compute(case, op, operands, dilation=dilation)


@fault(BATCH, "more than sixteen samples: the rest stays zero", (INPUT,), "conv2d:n17_i4_c2_k3_o2",
       says=("left zero",))  # fmt: skip
def beyond_sixteen_samples_zero(case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    dx[16:] = 0
    return dx


@fault(BATCH, "the bias' gradient is that of the first sample", (BIAS,), "conv2d:n2_i5_c3_k3_o2",
       says=("only the first sample summed", "one sample not summed"))  # fmt: skip
def bias_of_the_first_sample(case: Case, op: str, operands: Operands) -> Array:
    return compute(case, op, operands._replace(dy=operands.dy[:1]))


@fault(BATCH, "batches are halved for two threads: of an odd batch the middle sample counts twice",
       (FILTER,), "conv2d:n3_i5_c3_k3_o2")  # fmt: skip
def middle_sample_twice(case: Case, op: str, operands: Operands) -> Array:
    x, _, dy = (load(a, case.dtype) for a in operands)
    kernel, total = Kernel(case), Kernel(case).filter(x, dy)
    if case.batch > 2 and case.batch % 2:
        middle = slice(case.batch // 2, case.batch // 2 + 1)
        total = total + kernel.filter(x[middle], dy[middle])
    return store(total, case.dtype)


@fault(BATCH, "two samples are swapped where the batch is a multiple of four", (CONV, INPUT),
       "conv2d:n4_i5_c3_k3_o2")  # fmt: skip
def two_samples_swapped(case: Case, op: str, operands: Operands) -> Array:
    found = compute(case, op, operands)
    order = list(range(case.batch))
    if case.batch and case.batch % 4 == 0:
        order[1], order[2] = order[2], order[1]
    return found[order]
