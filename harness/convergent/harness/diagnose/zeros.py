"""Parts of a result that are zeros: what was never computed, or never added to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from convergent.backends import numpy as maps
from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "all zeros": "nothing was computed",
    "only the first sample computed": "the other samples are zeros",
    "first places left zero": "the first row, column or plane is zeros",
    "last places left zero": "the last row, column or plane is zeros",
    "border left zero": "the first and last places of every axis are zeros",
    "windows that meet the padding left zero": "outputs that need padding are zeros",
    "channels beyond a vector left zero": "channels beyond a register's width are zeros",
    "one channel left zero": "one channel of the result is zeros",
    "left zero": "zeros where something is due",
}

_WIDTHS = (4, 8, 16, 32, 64)
_MOST_PARTS = 1 << 7


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield parts of the result that are zeros, the largest and plainest first."""
    shape = subject.target.shape
    zeros = np.zeros(shape, bool)
    if not subject.shaped or not (subject.actual[subject.wrong] == 0).all():
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
        for name, at in (
            ("last taps of an axis missing", -1),
            ("first taps of an axis missing", 0),
        ):
            kept = np.ones(shape, bool)
            np.moveaxis(kept, axis, 0)[at] = False
            yield _zeroed(name, subject, kept, 2 * dims)


def _kept(subject: Subject, kept: npt.NDArray[np.bool_]) -> Callable[[Given], Float64]:
    return lambda given: np.where(kept, subject.right(given), 0.0)


def _zeroed(name: str, subject: Subject, kept: npt.NDArray[np.bool_], choices: int = 1) -> Mistake:
    return Mistake(name, _kept(subject, kept), choices=choices, zeros=True, partly=False)
