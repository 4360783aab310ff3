"""Padding after the last place: how much a given output needs, and how it is said best."""

from __future__ import annotations

from convergent.cases import geometry
from convergent.cases.case import Pads


def needed(image: int, places: int, kernel: int, stride: int, dilation: int) -> int:
    """Return the zeros, on both sides together, that make ``places`` of ``image`` exactly.

    Negative: so many trailing places of the image are left over.
    """
    return (places - 1) * stride + geometry.extent(kernel, dilation) - image


def settled(pads: Pads, stride: tuple[int, ...]) -> Pads:
    """Return padding of the same meaning that leaves trailing places unused, not cropped.

    Up to ``stride - 1`` places beyond the last window are touched by none. Where the padding
    before, or none, lies in that reach, it is what a framework would be told; else a crop becomes
    as small as can be.

    >>> settled(((0, -1), (3, 2), (0, 1), (1, -4)), (2, 2, 2, 2))
    ((0, 0), (3, 3), (0, 1), (1, -3))
    """
    return tuple((lo, _settled(lo, hi, step)) for (lo, hi), step in zip(pads, stride))


def _settled(lo: int, hi: int, stride: int) -> int:
    for wider in (lo, 0):
        if hi < wider < hi + stride:
            return wider
    return hi + stride - 1 if hi < 0 else hi
