"""Special numbers: NaN that meets zeros and spreads, infinities and signs of zero that are lost.

A right convolution has no product with the zeros of other groups, of a padded filter or of a
transform. Each suspicion predicts which further elements are NaN, and must predict all of them;
choosing these ``k`` of ``n`` elements is worth ``log2(n over k)`` bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from convergent.backends import numpy as maps
from convergent.backends import special as nonfinite
from convergent.cases.case import Case
from convergent.cases.dtypes import FORMATS, Float64, decode, encode
from convergent.harness.diagnose.mistake import NEEDED, Fit
from convergent.harness.diagnose.subject import Subject

NAMES = {
    "skips the filter's zeros": "a zero of the filter times NaN or infinity is left out",
    "NaN is lost": "a number stands where NaN is due, and no more is wrong",
    "NaN spreads between the taps": "a dilated kernel is filled up with zeros, which count",
    "NaN spreads over the groups": "a NaN or infinity reaches the sums of other groups",
    "NaN spreads over the window": "a NaN or infinity makes all sums of its windows NaN",
    "NaN spreads to the next channels": "the last channel is paired with the next place's first",
    "NaN spreads over the channel": "a zero for every place of the channel is multiplied",
    "NaN spreads over the sample": "a zero for every place of the sample is multiplied",
    "NaN spreads over the batch": "a zero for every sample is multiplied",
    "infinity becomes the largest number": "an infinite sum is given as the largest finite number",
    "overflows early": "a partial sum overflows before the sum does; NaN is the difference of two",
    "zero has the wrong sign": "a zero is negative that cannot be, and no more is wrong",
}

Mask = npt.NDArray[np.bool_]


def sights(subject: Subject) -> Iterator[Fit]:
    """Yield how NaN spread, or infinities or signs of zero were lost, where no more is wrong."""
    if not subject.shaped:
        return
    if subject.case.data == "signedzeros" and np.array_equal(subject.actual, subject.target):
        yield Fit("zero has the wrong sign", NEEDED, NEEDED, 0)
    if subject.case.data in ("nonfinite", "overflow"):
        yield from _lost(subject)
    if subject.case.data == "overflow":
        yield from _early(subject)
    if subject.case.data == "nonfinite":
        yield from _spread(subject)


def _lost(subject: Subject) -> Iterator[Fit]:
    """Yield that all that is wrong are numbers where NaN or an infinity is due."""
    form, came = FORMATS[subject.case.dtype], subject.actual[subject.wrong]
    due = subject.target[subject.wrong]
    if np.isinf(due).all() and np.array_equal(came, np.copysign(form.largest, due)):
        yield Fit(
            "infinity becomes the largest number", float(form.precision * due.size), NEEDED, 0
        )
    if np.isnan(due).all() and not np.isnan(came).any():
        bits = -due.size * math.log2(np.isnan(subject.target).mean())
        yield Fit("skips the filter's zeros" if _skips(subject) else "NaN is lost", bits, NEEDED, 0)


def _early(subject: Subject) -> Iterator[Fit]:
    """Yield that partial sums overflowed: each wrong number is a bit of evidence.

    Their difference is NaN. Without one the largest sums, and no others, must be infinite.
    """
    came, size = subject.actual[subject.wrong], np.abs(subject.target)
    right = size[~subject.wrong & np.isfinite(size)]
    parted = right.size and right.max() < size[subject.wrong].min()
    if not np.isfinite(came).any() and (np.isnan(came).any() or parted):
        yield Fit("overflows early", float(came.size), NEEDED, 2)


def _skips(subject: Subject) -> bool:
    """Say whether the result is the one without products with a zero of the filter."""
    if "w" not in subject.reads or subject.op not in ("conv", "backprop_input", "transpose"):
        return False
    dtype, other = subject.case.dtype, "x" if subject.op == "conv" else "dy"
    name = "conv" if subject.op == "conv" else "backprop_input"
    found = nonfinite.skipping(subject.case, name, subject.given[other], subject.given["w"])
    rounded = decode(encode(found, dtype), dtype)
    return np.array_equal(rounded, subject.actual, equal_nan=True)


def _spread(subject: Subject) -> Iterator[Fit]:
    """Yield how NaN spread, where the result differs from the right one by more NaN alone."""
    wrong = subject.wrong
    if not np.isnan(subject.actual[wrong]).all():
        return
    finite = ~np.isnan(subject.target)
    if subject.expected.nan_too is not None:
        finite &= ~subject.expected.nan_too
    count, total = int(wrong.sum()), int(finite.sum())
    bits = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    for n, (name, spread) in enumerate(_spreads(subject)):
        if spread.shape == wrong.shape and np.array_equal(spread & finite, wrong):
            yield Fit(name, bits / math.log(2), NEEDED, n)


def _spreads(subject: Subject) -> Iterator[tuple[str, Mask]]:
    """Yield where NaN is, beyond what is right, if it spread so."""
    case, op = subject.case, subject.op
    if "dy" in subject.reads and op != "backprop_filter":
        own, role = "backprop_input", "dy"
    elif op == "conv":
        own, role = "conv", "x"
    else:
        yield from _of_filters(subject)
        return
    special = _mark(subject.given[role])
    met = _met(case, own, special)
    dense = case.replace(groups=1)
    if case.groups > 1:
        others = np.broadcast_to(~_same_group(case), (*case.kernel, *_same_group(case).shape))
        yield "NaN spreads over the groups", _met(dense, own, special, others)
    if max(case.dilation) > 1:
        filled = case.replace(kernel=case.extents, dilation=(1,) * case.dims, padding=case.pads)
        yield "NaN spreads between the taps", _met(filled, own, special)
    yield "NaN spreads over the window", _met(dense, own, _all_channels(special))
    if op == "conv" and case.in_channels:
        yield "NaN spreads to the next channels", met | _paired(case, special)
    space = tuple(range(1, case.dims + 1))
    shape = subject.target.shape
    each = special.any(axis=space, keepdims=True)  # of each channel
    each = each.reshape(*each.shape[:-1], case.groups, -1).any(axis=-1)
    each = np.repeat(each, shape[-1] // case.groups, axis=-1)  # of its group
    yield "NaN spreads over the sample", np.broadcast_to(each, shape)
    yield "NaN spreads over the batch", np.ones(shape, bool)


def _of_filters(subject: Subject) -> Iterator[tuple[str, Mask]]:
    case, shape = subject.case, subject.target.shape
    x, dy = (_mark(subject.given[role]) for role in ("x", "dy"))
    rows, columns = x.any(axis=tuple(range(x.ndim - 1))), dy.any(axis=tuple(range(dy.ndim - 1)))
    per_in, per_out = case.in_channels // case.groups, case.out_channels // case.groups
    owner = np.arange(case.out_channels) // per_out
    taken = rows.reshape(case.groups, per_in)[owner].T  # (C/G, O): the image's channels it meets
    yield "NaN spreads over the channel", np.broadcast_to(taken | columns, shape)
    window = _met(case, "backprop_filter", x, np.ones(case.y_shape, bool)).any(
        axis=tuple(range(case.dims)), keepdims=True
    )
    right = np.isnan(subject.target)
    yield "NaN spreads over the window", np.broadcast_to(window, shape) | right
    if case.groups > 1:
        each = case.replace(out_channels=case.in_channels, groups=case.in_channels)
        met = _met(each, "backprop_filter", x, np.ones(each.y_shape, bool))
        met = met.reshape(*case.kernel, case.groups, per_in)
        count = met.sum(axis=-2, keepdims=True) - met  # groups beside one's own
        elsewhere = np.moveaxis(count[..., owner, :] > 0, -1, -2)
        yield "NaN spreads over the groups", elsewhere
        yield (
            "NaN spreads over the groups",
            elsewhere.any(axis=-2, keepdims=True) & np.ones(shape, bool),
        )
    yield "NaN spreads over the batch", np.ones(shape, bool)


def _same_group(case: Case) -> Mask:
    """Return which input and output channels are of one group: ``(C, O)``."""
    inward = np.arange(case.in_channels) // (case.in_channels // case.groups)
    outward = np.arange(case.out_channels) // (case.out_channels // case.groups)
    same: Mask = inward[:, None] == outward
    return same


def _mark(values: Float64) -> Mask:
    return ~np.isfinite(values)


def _all_channels(special: Mask) -> Mask:
    return np.broadcast_to(special.any(axis=-1, keepdims=True), special.shape)


def _met(case: Case, name: str, special: Mask, other: Mask | None = None) -> Mask:
    """Return which sums have a special product."""
    if other is None:
        other = np.ones(case.w_shape, bool)
    found: Mask = maps.MAPS[name](case, special.astype(float), other.astype(float)) > 0
    return found


def _paired(case: Case, special: Mask) -> Mask:
    """Return the sums that a special number of the next place in memory would reach."""
    following = np.zeros(special.shape[:-1], bool).ravel()
    following[:-1] = special[..., 0].ravel()[1:]
    one = np.repeat(following.reshape(*special.shape[:-1], 1), case.in_channels, axis=-1)
    return _met(case.replace(groups=1), "conv", one)
