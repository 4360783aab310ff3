"""Mistakes of channels and groups: interleaved, swapped, of another group, a register's width."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.kernel import changed, roles
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject, compute

NAMES = {
    "input channels interleaved by groups": "each group takes every G-th channel, not a block",
    "output channels interleaved by groups": "each group gives every G-th channel, not a block",
    "all channels interleaved by groups": "both at once",
    "input and output channels of the filter swapped": "the filter's two channel axes",
    "filter of another group": "groups meet the filters of their neighbours",
    "every group with the filter of the first": "one group's filter is used for all",
    "every group sees the channels of the first": "one group's channels are used for all",
    "channels back to front": "the channels of an operand or the result in reverse",
    "channels summed in whole vectors only": "what is left over of a register's width is missing",
    "only the first channels summed": "channels beyond a register's width are missing",
    "channels repeat after a vector": "beyond a register's width the first channels come again",
    "every output channel like the first": "one output channel is given for all",
    "groups counted across vectorized calls": "calls side by side are cut into groups as one",
    "channels moved by one": "each channel is given in its neighbour's place",
}

_WIDTHS = (4, 8, 16, 32, 64)
_MOST_MERGED = 1 << 16

Order = npt.NDArray[np.intp]


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the mistakes of channels and groups."""
    if not subject.shaped:
        return
    case = subject.case
    if case.groups > 1:
        yield from _interleaved(subject)
        yield from _other_group(subject)
        if subject.op in ("jacobian_filter", "backprop_filter") and _is_small(case):
            yield Mistake(
                "groups counted across vectorized calls", functools.partial(_merged, subject)
            )
    if "w" in roles(subject) and case.w_shape[-1] == case.w_shape[-2] > 1:
        swap = functools.partial(np.swapaxes, axis1=-1, axis2=-2)
        name = "input and output channels of the filter swapped"
        yield Mistake(name, changed(subject, "w", swap))
    yield from _moved(subject)
    yield from _summed(subject)


def _interleaved(subject: Subject) -> Iterator[Mistake]:
    case = subject.case
    orders = [_orders(case.in_channels, case.groups), _orders(case.out_channels, case.groups)]
    for inward, outward in zip(*orders, strict=True):
        both = ({"x": inward}, {"dy": outward, "b": outward}, {"x": inward, "dy": outward})
        for name, moves in zip(list(NAMES)[:3], both, strict=True):
            if any(role in moves for role in roles(subject)):
                yield Mistake(name, _relabelled(subject, moves), choices=2)
    # The outputs of a filter in that order: as a multiplier of depthwise channels may lie.
    for order in orders[1]:
        if "w" in roles(subject):
            yield Mistake(list(NAMES)[1], _relabelled(subject, {"w": order}), choices=2)


def _orders(channels: int, groups: int) -> list[Order]:
    order = np.arange(channels).reshape(groups, -1).T.ravel()
    return [order, np.argsort(order)]


def _relabelled(subject: Subject, moves: dict[str, Order]) -> Callable[[Given], Float64]:
    """Return the computation with the channels of some roles in another order."""

    def value(given: Given) -> Float64:
        taken = {r: a[..., moves[r]] if r in moves else a for r, a in given.items()}
        found = subject.right(taken)
        if subject.result in moves:
            found = found[..., np.argsort(moves[subject.result])]
        return found

    return value


def _other_group(subject: Subject) -> Iterator[Mistake]:
    case = subject.case
    per_out, per_in = case.out_channels // case.groups, case.in_channels // case.groups
    if "w" in roles(subject):
        for step in (per_out, -per_out):
            roll = functools.partial(np.roll, shift=step, axis=-1)
            yield Mistake("filter of another group", changed(subject, "w", roll), choices=2)
    if "w" in subject.reads:
        first = np.arange(case.out_channels) % per_out
        value = changed(subject, "w", lambda w: w[..., first])
        yield Mistake("every group with the filter of the first", value)
    if "x" in subject.reads:
        own = np.arange(case.in_channels) % per_in
        value = changed(subject, "x", lambda x: x[..., own])
        yield Mistake("every group sees the channels of the first", value)


def _moved(subject: Subject) -> Iterator[Mistake]:
    back = functools.partial(np.flip, axis=-1)
    for role in roles(subject):
        yield Mistake("channels back to front", changed(subject, role, back), choices=4)
    if not subject.result:
        return
    yield Mistake(
        "every output channel like the first",
        changed(subject, subject.result, lambda a: np.repeat(a[..., :1], a.shape[-1], axis=-1)),
    )
    size = subject.target.shape[-1]
    for width in (w for w in _WIDTHS if w < size):
        again = np.arange(size) % width
        value = changed(subject, subject.result, functools.partial(np.take, indices=again, axis=-1))
        yield Mistake("channels repeat after a vector", value, choices=len(_WIDTHS))
    for step in (1, -1):
        roll = functools.partial(np.roll, shift=step, axis=-1)
        value = changed(subject, subject.result, roll)
        yield Mistake("channels moved by one", value, choices=2, rank=1)


def _summed(subject: Subject) -> Iterator[Mistake]:
    """Yield sums over a part of the channels, which are the last but one axis of the filter."""
    role, axis = {
        "conv": ("w", -2), "backprop_input": ("w", -1), "transpose": ("w", -1),
    }.get(subject.op, ("", 0))  # fmt: skip
    if not role:
        return
    size, groups = subject.case.w_shape[axis], subject.case.groups if axis == -1 else 1
    per_group = size // groups
    within = np.arange(size) % per_group
    for width in (w for w in _WIDTHS if w < per_group):
        for name, most in (
            ("only the first channels summed", width),
            ("channels summed in whole vectors only", per_group - per_group % width),
        ):
            if most < per_group:
                shape = (-1, 1) if axis == -2 else (-1,)  # noqa: PLR2004 - an axis
                kept = (within < most).astype(float).reshape(shape)
                value = changed(subject, role, functools.partial(np.multiply, kept))
                yield Mistake(name, value, choices=len(_WIDTHS))


def _is_small(case: Case) -> bool:
    """Say whether the gradients of every output are few enough to be made at once."""
    channels = max(case.in_channels, case.out_channels)
    return math.prod(case.y_shape) * math.prod(case.kernel) * channels**2 <= _MOST_MERGED


def _merged(subject: Subject, given: Given) -> Float64:
    """Return the filter's gradients of every output, made by one call that counts groups wrongly.

    The unit gradients of ``V`` calls lie side by side as ``V * O`` channels, which are cut into
    groups as if the calls were no axis: channel ``n`` meets the group ``n // (V * O / G)``.
    """
    case = subject.case
    per_in, outputs = case.in_channels // case.groups, case.out_channels
    each = case.replace(out_channels=case.in_channels, groups=1)
    windows = compute(each, "jacobian_filter", given)  # (N, *output, C, *kernel, C, C)
    windows = np.einsum("...cdc->...dc", np.moveaxis(windows, case.dims + 1, -3))[..., 0]
    places = math.prod(case.y_shape[:-1])
    taken = windows.reshape(places, *case.kernel, case.groups, per_in)
    found = np.zeros((places, outputs, *case.kernel, per_in, outputs))
    for place, o in np.ndindex(places, outputs):
        call = place * outputs + o
        group = (call * outputs + o) // (places * outputs * outputs // case.groups)
        found[place, o, ..., o] = taken[place, ..., group, :]
    if subject.op == "jacobian_filter":
        return found.reshape(case.y_shape + case.w_shape)
    total: Float64 = np.einsum("po...,po->...", found, given["dy"].reshape(places, outputs))
    return total
