"""Sizes along one axis: what a padding rule means and how long the output is.

>>> same_padding(5, 3, 2, 1)
(1, 1)
>>> same_padding(4, 2, 1, 1), same_padding(4, 2, 1, 1, lower=True)
((0, 1), (1, 0))
>>> output_size(5, 3, 2, 1, (1, 1))
3
"""

from __future__ import annotations

import functools

Sizes = tuple[int, ...]
_KEPT = 4096  # geometries; the ones of a case are asked for thousands of times


def extent(kernel: int, dilation: int) -> int:
    """Return the length that a kernel with holes covers: ``(kernel - 1) * dilation + 1``."""
    return (kernel - 1) * dilation + 1


def output_size(size: int, kernel: int, stride: int, dilation: int, pad: tuple[int, int]) -> int:
    """Return the number of places where the kernel fits (zero or negative: none).

    Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016),
    relationship 15.
    """
    return (size + sum(pad) - extent(kernel, dilation)) // stride + 1


def same_padding(
    size: int, kernel: int, stride: int, dilation: int, *, lower: bool = False
) -> tuple[int, int]:
    """Return the zeros that SAME puts before and after, so that ``out = ceil(size / stride)``.

    An odd total puts the extra zero after (SAME) or, with ``lower``, before (SAME_LOWER).
    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + extent(kernel, dilation) - size, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


@functools.lru_cache(maxsize=_KEPT)
def output_sizes(
    sizes: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, pads: tuple[tuple[int, int], ...]
) -> Sizes:
    """Return ``output_size`` of each axis."""
    axes = zip(sizes, kernel, stride, dilation, pads)
    return tuple(output_size(*axis) for axis in axes)


@functools.lru_cache(maxsize=_KEPT)
def same_pads(
    sizes: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, lower: bool
) -> tuple[tuple[int, int], ...]:
    """Return ``same_padding`` of each axis."""
    axes = zip(sizes, kernel, stride, dilation)
    return tuple(same_padding(*axis, lower=lower) for axis in axes)


def unused(size: int, kernel: int, stride: int, dilation: int, pad: tuple[int, int]) -> int:
    """Return how many trailing places of the padded input no window touches.

    For a transposed convolution this is what PyTorch calls ``output_padding``.
    """
    return (size + sum(pad) - extent(kernel, dilation)) % stride
