"""What can be said without a computation: which part is wrong, and whose shape the result has."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from convergent.harness.diagnose.mistake import NEEDED, Fit
from convergent.harness.diagnose.subject import Subject

NAMES = {
    "channels beyond a vector wrong": "every channel beyond a register's width, and no other",
    "shape of the image": "the result has the shape of the image",
    "shape of the filter": "the result has the shape of the filter",
    "shape of the output": "the result has the shape of the output",
    "result without elements": "an axis is empty that should not be",
    "samples beyond the first wrong": "every sample but the first, and no other",
}
_WIDTHS = (4, 8, 16, 32, 64)


def sights(subject: Subject) -> Iterator[Fit]:
    """Yield the parts that are wrong in all elements that could show it, and that alone are."""
    if not subject.shaped:
        yield from _shapes(subject)
        return
    if subject.result not in ("x", "dy"):
        return
    shape = subject.wrong.shape
    sample = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    parts = [("samples beyond the first wrong", sample > 0)]
    channel = np.arange(shape[-1])
    parts += [
        ("channels beyond a vector wrong", channel >= w) for w in _WIDTHS if w + 1 < shape[-1]
    ]
    total, count = subject.wrong.size, int(subject.wrong.sum())
    bits = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    for name, part in parts:
        if np.array_equal(np.broadcast_to(part, shape), subject.wrong):
            yield Fit(name, bits / math.log(2), NEEDED + math.log2(len(parts)), 3)


def _shapes(subject: Subject) -> Iterator[Fit]:
    case, came = subject.case, subject.actual.shape
    if 0 in came and 0 not in subject.target.shape:
        yield Fit("result without elements", NEEDED, NEEDED, 3)
    shapes = (("image", case.x_shape), ("filter", case.w_shape), ("output", case.y_shape))
    for name, shape in shapes:
        if came == shape:
            yield Fit(f"shape of the {name}", NEEDED, NEEDED, 3)
