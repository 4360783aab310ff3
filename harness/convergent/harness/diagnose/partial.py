"""Mistakes of extent: terms that are missing or counted twice, parts that were never computed."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from convergent.backends import numpy as maps
from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.kernel import changed
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "all zeros": "nothing was computed",
    "only the first sample computed": "the other samples are zeros",
    "every sample like the first": "one sample's result is given for all",
    "samples back to front": "the batch in reverse",
    "samples moved by one": "each sample's result is given in its neighbour's place",
    "only the first sample summed": "a gradient that sums over the batch is the first sample's",
    "one sample not summed": "a gradient that sums over the batch lacks a sample",
    "first places left zero": "the first row, column or plane is zeros",
    "last places left zero": "the last row, column or plane is zeros",
    "border left zero": "the first and last places of every axis are zeros",
    "windows that meet the padding left zero": "outputs that need padding are zeros",
    "one tap missing": "one place of the filter is left out of every sum, or of the gradient",
    "only one tap": "all places of the filter but one are left out",
    "first taps of an axis missing": "the filter's first row or column is left out",
    "last taps of an axis missing": "the filter's last row or column is left out",
    "one channel missing": "one channel is left out of every sum",
    "one tap counted twice": "one place of the filter is in every sum twice",
    "one channel counted twice": "one channel is in every sum twice",
    "first places not read": "the first row, column or plane of an operand is left out",
    "last places not read": "the last row, column or plane of an operand is left out",
    "windows overwrite instead of adding": "where windows overlap one of them is all that is left",
    "channels beyond a vector left zero": "channels beyond a register's width are zeros",
    "one channel left zero": "one channel of the result is zeros",
    "left zero": "zeros where something is due",
}

_WIDTHS = (4, 8, 16, 32, 64)
_MOST_PARTS = 1 << 7


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the mistakes of extent."""
    if not subject.shaped:
        return
    yield from _regions(subject)
    yield from _batch(subject)
    yield from _taps(subject)
    yield from _edges(subject)
    yield from _channels(subject)
    if subject.op in ("backprop_input", "transpose"):
        for order in (1, -1):
            value = functools.partial(_overwritten, subject, order)
            yield Mistake("windows overwrite instead of adding", value, choices=2)


def _kept(subject: Subject, kept: npt.NDArray[np.bool_]) -> Callable[[Given], Float64]:
    return lambda given: np.where(kept, subject.right(given), 0.0)


def _zeroed(name: str, subject: Subject, kept: npt.NDArray[np.bool_], choices: int = 1) -> Mistake:
    return Mistake(name, _kept(subject, kept), choices=choices, zeros=True, partly=False)


def _regions(subject: Subject) -> Iterator[Mistake]:
    """Yield parts of the result that are zeros, the largest and plainest first."""
    shape = subject.target.shape
    zeros = np.zeros(shape, bool)
    if not (subject.actual[subject.wrong] == 0).all():
        return
    yield _zeroed("all zeros", subject, zeros)
    # What is left of a result is enough to tell which part it is: the rest needs no recomputing.
    if subject.result in ("x", "dy") and shape[0] > 1:
        kept = zeros.copy()
        kept[0] = True
        yield _zeroed("only the first sample computed", subject, kept)
    yield from _rims(subject)
    if subject.result:
        for width in (w for w in _WIDTHS if w < shape[-1]):
            kept = np.broadcast_to(np.arange(shape[-1]) < width, shape)
            name = "channels beyond a vector left zero"
            yield _zeroed(name, subject, kept, len(_WIDTHS))
        for channel in range(min(shape[-1], _MOST_PARTS)):
            kept = np.broadcast_to(np.arange(shape[-1]) != channel, shape)
            yield _zeroed("one channel left zero", subject, kept, shape[-1])
    if subject.result == "w":
        yield from _gradient_taps(subject)
    yield _zeroed("left zero", subject, ~subject.wrong)._replace(rank=2)


def _rims(subject: Subject) -> Iterator[Mistake]:
    shape, dims = subject.target.shape, subject.case.dims
    if subject.result not in ("x", "dy"):
        return
    inside = np.ones(shape, bool)
    for axis in range(1, dims + 1):
        for name, at in (("last places left zero", -1), ("first places left zero", 0)):
            kept = np.ones(shape, bool)
            np.moveaxis(kept, axis, 0)[at] = False
            inside &= kept
            yield _zeroed(name, subject, kept, 2 * dims)
    yield _zeroed("border left zero", subject, inside)
    if subject.result == "dy":
        one = subject.case.replace(batch=1, in_channels=1, out_channels=1, groups=1)
        met = maps.conv(one, np.ones(one.x_shape), np.ones(one.w_shape))
        whole = np.broadcast_to(met == math.prod(one.kernel), shape)
        yield _zeroed("windows that meet the padding left zero", subject, whole)


def _gradient_taps(subject: Subject) -> Iterator[Mistake]:
    shape, dims = subject.target.shape, subject.case.dims
    if math.prod(shape[:dims]) <= _MOST_PARTS:
        for tap in np.ndindex(*shape[:dims]):
            kept = np.ones(shape, bool)
            kept[tap] = False
            yield _zeroed("one tap missing", subject, kept, math.prod(shape[:dims]))
    for axis in range(dims):
        for name, at in (("last taps of an axis missing", -1), ("first taps of an axis missing", 0)):
            kept = np.ones(shape, bool)
            np.moveaxis(kept, axis, 0)[at] = False
            yield _zeroed(name, subject, kept, 2 * dims)


def _batch(subject: Subject) -> Iterator[Mistake]:
    batch = subject.case.batch
    if batch < 2:  # noqa: PLR2004 - one sample has no other
        return
    if subject.result in ("x", "dy"):
        role = subject.result
        first = functools.partial(np.take, indices=np.zeros(batch, int), axis=0)
        yield Mistake("every sample like the first", changed(subject, role, first))
        back = functools.partial(np.flip, axis=0)
        yield Mistake("samples back to front", changed(subject, role, back))
        for step in (1, -1):
            roll = functools.partial(np.roll, shift=step, axis=0)
            yield Mistake("samples moved by one", changed(subject, role, roll), choices=2, rank=1)
    if subject.result in ("w", "b"):
        for n in range(min(batch, _MOST_PARTS)):
            lacks = functools.partial(_weighed, 0, n, 0.0)
            value = changed(subject, "dy", lacks)
            yield Mistake("one sample not summed", value, choices=batch, rank=int(batch > 2))  # noqa: PLR2004
        alone = functools.partial(_weighed, 0, slice(1, None), 0.0)
        yield Mistake("only the first sample summed", changed(subject, "dy", alone))


def _weighed(axis: int, at: int | slice, weight: float, a: Float64) -> Float64:
    """Return ``a`` with one place, or a slice, of an axis multiplied by ``weight``."""
    changed_ = a.copy()
    np.moveaxis(changed_, axis, 0)[at] *= weight
    return changed_


def _tap(tap: tuple[int, ...], weight: float, others: float, w: Float64) -> Float64:
    found = w * others
    found[tap] = w[tap] * weight
    return found


def _taps(subject: Subject) -> Iterator[Mistake]:
    """Yield filters with one place missing, alone or twice."""
    kernel = subject.case.kernel
    count = math.prod(kernel)
    if "w" not in subject.reads or not 1 < count <= _MOST_PARTS:
        return
    for tap in np.ndindex(*kernel):
        for name, weight, others in (
            ("one tap missing", 0.0, 1.0),
            ("only one tap", 1.0, 0.0),
            ("one tap counted twice", 2.0, 1.0),
        ):
            value = changed(subject, "w", functools.partial(_tap, tap, weight, others))
            yield Mistake(name, value, choices=count, rank=1)
    for axis, size in enumerate(kernel):
        if size == 1:
            continue
        for name, at in (("first taps of an axis missing", 0), ("last taps of an axis missing", -1)):
            value = changed(subject, "w", functools.partial(_weighed, axis, at, 0.0))
            yield Mistake(name, value, choices=2 * len(kernel))


def _edges(subject: Subject) -> Iterator[Mistake]:
    """Yield operands whose first or last places are left out of every sum."""
    for role in subject.reads:
        if role == "w":
            continue
        for axis in subject.space:
            if subject.given[role].shape[axis] == 1:
                continue
            for name, at in (("last places not read", -1), ("first places not read", 0)):
                value = changed(subject, role, functools.partial(_weighed, axis, at, 0.0))
                yield Mistake(name, value, choices=4 * subject.case.dims)


def _channels(subject: Subject) -> Iterator[Mistake]:
    """Yield sums that lack one channel, or have it twice."""
    role = {"conv": "x", "backprop_input": "dy", "transpose": "dy"}.get(subject.op)
    if role is None:
        return
    size = subject.given[role].shape[-1]
    per_group = size // subject.case.groups
    if not 1 < per_group <= _MOST_PARTS:
        return
    for name, weight in (("one channel missing", 0.0), ("one channel counted twice", 2.0)):
        for channel in range(per_group):
            every = slice(channel, None, per_group)
            value = changed(subject, role, functools.partial(_weighed, -1, every, weight))
            yield Mistake(name, value, choices=per_group, rank=1)


def _overwritten(subject: Subject, order: int, given: Given) -> Float64:
    """Return the adjoint of im2col that stores its windows where it should add them."""
    case = subject.case
    total = np.zeros(subject.target.shape)
    for tap in list(np.ndindex(*case.kernel))[::order]:
        alone = functools.partial(_tap, tap, 1.0, 0.0)
        hits = subject.right({**given, "dy": np.ones_like(given["dy"]), "w": alone(np.ones_like(given["w"]))})
        total = np.where(hits > 0, subject.right({**given, "w": alone(given["w"])}), total)
    return total
