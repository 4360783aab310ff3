"""The maps of ``numpy.py`` for large problems of one group: the same sums, laid out for caches.

Each number is summed over the same terms by a matrix product, as ``numpy.py`` does. On integers
both give the same bits; on real data, too, with whole tiles of channels and the library that was
tried, but one that adds in another order may move the last bits (the tests allow 2**-49 of the sum
of magnitudes). ``conv`` takes as many windows at a time as a cache holds; both gradients have the
channels of a tap together, as image and filter do.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64

BLOCK = 1 << 18  # numbers that lie in a cache: 2 MiB
_FEWEST_ROWS = 256  # windows at a time; of fewer, a matrix product packs the filter too often
_FEWEST_PLACES = 128
_LEAST = 1 << 20  # multiply-adds of a tap and a sample, below which nothing is gained
_TILE = 16  # channels: libraries sum what sticks out of a tile in other orders

Sizes = tuple[int, ...]
Place = tuple[slice, ...]


def suits(case: Case) -> bool:
    """Say whether the maps of ``case`` are better done here."""
    places, channels = math.prod(case.output), (case.in_channels, case.out_channels)
    whole = case.groups == 1 and not any(count % _TILE for count in channels)
    return whole and places >= _FEWEST_PLACES and places * math.prod(channels) >= _LEAST


def conv(case: Case, x: Float64, filter_matrix: Float64) -> Float64:
    """Return ``y (N, *output, O)`` of a padded ``x`` and the filter as ``(C * kernel, O)``."""
    _, *rest = case.output
    edges = ends(case, filter_matrix)
    most = max(stop - start for start, stop in zip([0, *edges], edges))
    y = np.empty((len(x), *case.output, case.out_channels))
    held = np.empty((most, *rest, case.in_channels, *case.kernel))
    for image, into in zip(x, y):
        for start, stop in zip([0, *edges], edges):
            part, columns = into[start:stop], held[: stop - start]
            gather(case, image[None, None], columns[None, None], start)
            product = columns.reshape(-1, len(filter_matrix)) @ filter_matrix
            part[...] = product.reshape(part.shape)
    return y


def ends(case: Case, filter_matrix: Float64) -> list[int]:
    """Return where each block of lines of an output ends; all are about equally large."""
    first, *rest = case.output
    per_line = math.prod(rest)
    rows = max(_FEWEST_ROWS, BLOCK // len(filter_matrix), -(-_LEAST // filter_matrix.size))
    blocks = max(1, first // -(-rows // per_line))
    return [first * number // blocks for number in range(1, blocks + 1)]


def backprop_filter(case: Case, x: Float64, dy: Float64) -> Float64:
    """Return what a padded ``x`` and its ``d_y`` add to ``d_w (*kernel, C, O)``."""
    columns = np.empty((*dy.shape[:-1], *case.kernel, case.in_channels))
    for image, held in zip(x, columns):
        for tap, place in taps(case):
            into: Any = (..., *tap, slice(None))
            held[into] = image[place]
    by_place = columns.reshape(-1, math.prod(case.kernel) * case.in_channels)
    # The narrower factor first: it is packed once, and the sums are the same.
    found: Float64 = dy.reshape(-1, case.out_channels).T @ by_place
    return found.T.reshape(case.w_shape)


def backprop_input(case: Case, dy: Float64, w: Float64, padded: list[int]) -> Float64:
    """Return ``d_x (N, *padded, C)`` of ``d_y (N, *output, O)`` and ``w (*kernel, C, O)``."""
    total = np.zeros((len(dy), *padded, case.in_channels))
    for sample, into in zip(dy.reshape(len(dy), -1, case.out_channels), total):
        for tap, place in taps(case):
            into[place] += (sample @ w[tap].T).reshape(*case.output, case.in_channels)
    return total


def gather(case: Case, image: Float64, columns: Float64, start: int) -> None:
    """Fill ``columns (G, N, lines, ..., C, *kernel)`` with the windows from line ``start`` on.

    ``image`` is ``(G, N, *padded, C)``.
    """
    for tap, (along, *across) in taps(case):
        within = slice(along.start + start * along.step, along.stop, along.step)
        into: Any = (..., *tap)
        taken = image[(slice(None), slice(None), within, *across)]
        columns[into] = taken[:, :, : columns.shape[2]]


def parts(size: int, batch: int) -> Iterator[slice]:
    """Yield samples that cut so many numbers into parts that a cache holds, or single ones."""
    samples = max(1, batch * BLOCK // max(size, 1))
    return (slice(first, first + samples) for first in range(0, batch, samples))


def taps(case: Case) -> tuple[tuple[Sizes, Place], ...]:
    """Return each tap of the kernel and the places of the padded image that it meets."""
    return _taps(case.kernel, case.output, case.stride, case.dilation)


@functools.lru_cache(maxsize=64)
def _taps(
    kernel: Sizes, output: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[tuple[Sizes, Place], ...]:
    spans = [(o - 1) * s + 1 for o, s in zip(output, stride)]
    found: list[tuple[Sizes, Place]] = []
    for tap in np.ndindex(*kernel):
        firsts = [t * dil for t, dil in zip(tap, dilation)]
        place = tuple(slice(f, f + n, s) for f, n, s in zip(firsts, spans, stride))
        found.append((tap, place))
    return tuple(found)
