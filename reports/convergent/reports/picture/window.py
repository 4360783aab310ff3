"""Each of the three maps as one sliding window: which places of what are read by which result.

A convolution reads its padded image through the filter. Its two gradients are convolutions too, of
other images: ``backprop_input`` (the transposed convolution) reads ``d_y`` with zeros inserted
between its places and around them, through the filter turned round; ``backprop_filter`` reads the
image through ``d_y``, with stride and dilation exchanged. Source: Dumoulin & Visin, *A guide to
convolution arithmetic for deep learning* (2016), chapter 4.

Arrays have the axes ``(channel, depth, height, width)`` here, of one place where the case has
fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64
from convergent.reports.picture.plans import (
    CROPPED,
    DATA,
    MOST_PLACES,
    MOST_SLICES,
    PADDING,
    Kinds,
    Operands,
    Plan,
    Sizes,
    by,
    plan,
    three,
)

MAPS = ("conv", "backprop_input", "backprop_filter")
MOST_OF_MANY = 11  # if it has several channels
_NEW = (None, None, None)


class Window(NamedTuple):
    """What is drawn of a map: sources, taps and results, and how a result is read.

    ``result[r] = sum over channels and taps t of source[start + r * stride + t * dilation] *
    taps[t]``. ``kinds`` says of each place of the source whether it is data, a zero that was
    inserted, one of the padding, or cropped away. ``left_out`` says what is not drawn.
    """

    op: str
    source: Float64
    kinds: Kinds
    taps: Float64
    result: Float64
    start: Sizes
    stride: Sizes
    dilation: Sizes
    left_out: tuple[str, ...]


def window(case: Case, op: str, operands: Operands) -> Window | None:
    """Return the window of ``op``, of its first sample and channel; ``None`` if nothing is read.

    ``operands`` are ``x``, ``w`` and ``d_y`` in canonical shapes. What is too large is cut: first
    results and the places that they read remain.
    """
    if is_empty(case):
        return None
    planned = plan(case, op, operands)
    left_out = _channels(case, op)
    if case.batch > 1:
        summed = "; the gradient adds all up" if op == "backprop_filter" else ""
        left_out.append(f"the first of {case.batch} samples is drawn{summed}")
    if planned.channels > len(planned.source):
        drawn = f"the first {len(planned.source)} of {planned.channels} summed channels are drawn"
        left_out.append(f"{drawn}: these sums are a part of the result")
    if planned.left_out:
        left_out.append(planned.left_out)
    return _cut(op, planned, left_out)


def is_empty(case: Case) -> bool:
    """Return whether an operand or the result has no elements."""
    return min(case.batch, case.in_channels, case.out_channels, *case.output) == 0


def _channels(case: Case, op: str) -> list[str]:
    """Say which channel is drawn, where there are several."""
    sides = {"conv": "output", "backprop_input": "input"}.get(op, "input output").split()
    many = [s for s in sides if (case.in_channels if s == "input" else case.out_channels) > 1]
    return ["drawn: " + ", ".join(f"{side} channel 0" for side in many)] if many else []


def _cut(op: str, planned: Plan, left_out: list[str]) -> Window | None:
    """Pad the source and keep as many results as fit, with what they read."""
    extents = [
        (k - 1) * d + 1 for k, d in zip(planned.taps.shape[1:], planned.dilation, strict=True)
    ]
    most = MOST_PLACES if len(planned.source) == 1 else MOST_OF_MANY
    limits = (MOST_SLICES, most, most)
    if any(e > limit for e, limit in zip(extents, limits, strict=True)):
        return None
    zeros = [(max(lo, 0), max(hi, 0)) for lo, hi in planned.pads]
    source = np.pad(planned.source, [(0, 0), *zeros])
    kinds = np.pad(planned.kinds, zeros, constant_values=PADDING)
    for axis, (lo, hi) in enumerate(planned.pads):
        along = np.moveaxis(kinds, axis, 0)
        along[: max(-lo, 0)] = CROPPED
        along[len(along) - max(-hi, 0) :] = CROPPED
    start = [max(-lo, 0) for lo, _ in planned.pads]
    shown, ends = [], []
    for axis, limit in enumerate(limits):
        fit = (limit - extents[axis] - start[axis]) // planned.stride[axis] + 1
        whole = source.shape[axis + 1] <= limit
        count = planned.results[axis] if whole else max(min(fit, planned.results[axis]), 1)
        shown.append(count)
        last = start[axis] + (count - 1) * planned.stride[axis] + extents[axis]
        ends.append(source.shape[axis + 1] if whole else last)
    if tuple(shown) != planned.results:
        drawn, every = (by(sizes[3 - planned.dims :]) for sizes in (shown, planned.results))
        left_out.append(f"{drawn} of {every} results are drawn, and the places that they read")
    if max(ends) > 2 * MOST_PLACES:
        return None  # so much is cropped that nothing is seen
    box = tuple(slice(0, end) for end in ends)
    source = source[(slice(None), *box)]
    found = Window(
        op, source, kinds[box], planned.taps, np.zeros(shown), three(start, 0), planned.stride,
        planned.dilation, tuple(left_out),
    )  # fmt: skip
    return found._replace(result=_results(found))


def _results(shown: Window) -> Float64:
    """Return the sums over the drawn channels, each tap's products added to the ones before."""
    total = np.zeros(shown.result.shape)
    is_data = shown.kinds == DATA  # zeros that are put in meet no infinity
    for tap in np.ndindex(*shown.taps.shape[1:]):
        first = [s + t * d for s, t, d in zip(shown.start, tap, shown.dilation, strict=True)]
        counts: Sequence[int] = total.shape
        read = tuple(
            slice(f, f + (n - 1) * s + 1, s)
            for f, n, s in zip(first, counts, shown.stride, strict=True)
        )
        with np.errstate(invalid="ignore"):
            products = shown.source[(slice(None), *read)] * shown.taps[(..., *tap)][:, *_NEW]
            total += np.where(is_data[read], products.sum(axis=0), 0.0)
    return total
