"""Mistakes of extent: terms that are missing or counted twice, samples taken for others."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.kernel import changed
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "every sample like the first": "one sample's result is given for all",
    "samples back to front": "the batch in reverse",
    "samples moved by one": "each sample's result is given in its neighbour's place",
    "only the first sample summed": "a gradient that sums over the batch is the first sample's",
    "one sample not summed": "a gradient that sums over the batch lacks a sample",
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
}

_MOST_PARTS = 1 << 7


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the mistakes of extent."""
    if not subject.shaped:
        return
    yield from _batch(subject)
    yield from _taps(subject)
    yield from _edges(subject)
    yield from _channels(subject)
    if subject.op in ("backprop_input", "transpose"):
        for order in (1, -1):
            value = functools.partial(_overwritten, subject, order)
            yield Mistake("windows overwrite instead of adding", value, choices=2)


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
        for name, at in (
            ("first taps of an axis missing", 0),
            ("last taps of an axis missing", -1),
        ):
            value = changed(subject, "w", functools.partial(_weighed, axis, at, 0.0))
            yield Mistake(name, value, choices=2 * len(kernel))


def _edges(subject: Subject) -> Iterator[Mistake]:
    """Yield operands whose first or last places are left out of every sum."""
    for role in subject.reads:
        if role == "w":
            continue
        for axis in subject.space:
            if subject.given[role].shape[axis] < 2:  # noqa: PLR2004 - one place is all there is
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
        hits = subject.right(
            {**given, "dy": np.ones_like(given["dy"]), "w": alone(np.ones_like(given["w"]))}
        )
        total = np.where(hits > 0, subject.right({**given, "w": alone(given["w"])}), total)
    return total
