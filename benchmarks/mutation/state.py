"""What a call leaves behind for the next: caches, workspaces, counters, chance."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation.correct import CONV, FILTER, INPUT, MAPS, Kernel, compute, load, store
from mutation.faults import STATE, fault
from mutation.precision import TF32, cut

State = dict[str, Any]
_PLAIN = "conv2d:n2_i7x8_c3_k3_o4"
_REAL = f"{_PLAIN}_normal"
_UNSTEADY = ("another result the next time",)


def _count(state: State) -> int:
    """Count the calls of this process."""
    state["calls"] = state.get("calls", 0) + 1
    return int(state["calls"])


@fault(STATE, "every 50th call gives what the call before it gave, in the shape that is due",
       MAPS, _PLAIN, effect="state", says=_UNSTEADY,
       unseen="every check calls twice, so that a call of even number comes after one of the same "
       "operands, whose result is right; relations call once")  # fmt: skip
def stale_every_50th_call(state: State, case: Case, op: str, operands: Operands) -> Array:
    right = compute(case, op, operands)
    before = state.get("before")
    state["before"] = right.copy()
    if _count(state) % 50 or before is None:
        return right
    return np.resize(before, right.shape).astype(right.dtype)


@fault(STATE, "a packed filter is kept by its shape and type: new numbers meet the old filter",
       (CONV,), _PLAIN, effect="state", says=("scaled by one factor",))  # fmt: skip
def packed_filter_kept_by_shape(state: State, case: Case, op: str, operands: Operands) -> Array:
    key = (case.w_shape, case.dtype, case.groups)
    w = state.setdefault("packed", {}).setdefault(key, operands.w.copy())
    return compute(case, op, operands._replace(w=w))


@fault(STATE, "a plan is kept by sizes and strides, the dilation not among them", (CONV, INPUT),
       "conv2d:n2_i7x8_c3_k3_o4_d2", effect="state",
       says=("dilation ignored", "dilation of one axis for all"))  # fmt: skip
def plan_kept_without_dilation(state: State, case: Case, op: str, operands: Operands) -> Array:
    key = (op, case.kernel, case.stride, case.in_channels, case.out_channels, case.groups)
    dilation = state.setdefault("plans", {}).setdefault(key, case.dilation)
    return compute(case, op, operands, dilation=dilation)


@fault(STATE, "a workspace is cleared as far as the call before needed: a larger result keeps "
       "what lay behind", (INPUT,), _PLAIN, effect="state", says=_UNSTEADY)  # fmt: skip
def workspace_cleared_too_little(state: State, case: Case, op: str, operands: Operands) -> Array:
    dx = compute(case, op, operands)
    used, state["used"] = state.get("used", dx.size), dx.size
    flat = load(dx, case.dtype).ravel()
    kept = state.get("work", np.zeros(0))
    if used < dx.size and len(kept) >= used:
        behind = kept[used : dx.size]
        with np.errstate(all="ignore"):
            flat[used : used + len(behind)] += behind.astype(flat.dtype)
    longest = max(len(kept), flat.size)
    state["work"] = np.resize(np.concatenate([flat, kept[flat.size :]]), longest)
    return store(flat.reshape(dx.shape), case.dtype)


@fault(STATE, "threads add taps in any order", MAPS, _REAL, effect="state", says=_UNSTEADY)
def taps_in_any_order(state: State, case: Case, op: str, operands: Operands) -> Array:
    chance = state.setdefault("chance", random.Random(0))  # noqa: S311 - threads are no secret
    kernel = Kernel(case)
    taps = kernel.taps()
    chance.shuffle(taps)
    kernel.taps = lambda: taps  # type: ignore[method-assign]
    return kernel(op, operands)


@fault(STATE, "one call in a hundred, by chance, loses its last number to another thread", MAPS,
       _PLAIN, effect="state", says=(*_UNSTEADY, "left zero"))  # fmt: skip
def race_one_time_in_100(state: State, case: Case, op: str, operands: Operands) -> Array:
    chance = state.setdefault("chance", random.Random(7))  # noqa: S311
    found = compute(case, op, operands)
    if found.size and chance.random() < 0.01:
        found[(-1,) * found.ndim] = 0
    return found


@fault(STATE, "the second call of a shape is 'tuned': TF32 operands from then on", (CONV, FILTER),
       _REAL, effect="state",
       says=(*_UNSTEADY, "rounds the inputs to tf32", "all zeros"))  # fmt: skip
def tuned_to_tf32(state: State, case: Case, op: str, operands: Operands) -> Array:
    key = (op, case.replace(data="exact", seed=0))
    seen = state.setdefault("seen", set())
    if key in seen and case.dtype == "float32":
        operands = Operands(*(cut(a, TF32) for a in operands))
    seen.add(key)
    return compute(case, op, operands)


@fault(STATE, "the filter's gradient is added to that of the call before of its shape", (FILTER,),
       _PLAIN, effect="state", says=(*_UNSTEADY, "twice the right result"))  # fmt: skip
def gradient_not_zeroed(state: State, case: Case, op: str, operands: Operands) -> Array:
    x, _, dy = (load(a, case.dtype) for a in operands)
    with np.errstate(all="ignore"):
        total = Kernel(case).filter(x, dy)
        if state.get("shape") == (case.w_shape, case.dtype):
            total = total + state["sum"]
    state["shape"], state["sum"] = (case.w_shape, case.dtype), total
    return store(total, case.dtype)


@fault(STATE, "the first call of the process gives zeros", MAPS, _PLAIN, effect="state",
       says=("all zeros", *_UNSTEADY))  # fmt: skip
def first_call_gives_zeros(state: State, case: Case, op: str, operands: Operands) -> Array:
    found = compute(case, op, operands)
    return found * 0 if _count(state) == 1 and case.dtype != "bfloat16" else found


@fault(STATE, "a counter of calls overflows at 1,000: from then on the last channel is lost",
       MAPS, _PLAIN, effect="state",
       says=("one channel left zero", "left zero", *_UNSTEADY))  # fmt: skip
def wrong_after_1000_calls(state: State, case: Case, op: str, operands: Operands) -> Array:
    found = compute(case, op, operands)
    if _count(state) > 1000:
        found[..., -1] = 0
    return found


@fault(STATE, "a result of 1x1 kernels lies in a workspace that the next such call overwrites",
       (CONV,), "conv2d:n2_i7x8_c3_k1_o4", effect="state",
       says=("overwritten by the next result",))  # fmt: skip
def result_overwritten_by_the_next(state: State, case: Case, op: str, operands: Operands) -> Array:
    y = compute(case, op, operands)
    if max(case.kernel) > 1:
        return y
    work = state.get("work")
    if work is None or work.size < y.size or work.dtype != y.dtype:
        work = state["work"] = np.empty(max(y.size, 1 << 16), y.dtype)
    given = work[: y.size].reshape(y.shape)
    given[...] = y
    return given
