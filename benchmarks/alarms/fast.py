"""Fast algorithms of conv: FFT and Winograd, which are correct and accurate only normwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from convergent.backends.numpy import pad
from convergent.cases.case import Case

Values = npt.NDArray[Any]

_TAPS = 3
_MATRICES: dict[int, tuple[Any, Any, Any]] = {
    2: (
        [[1, 1, 1, 0], [0, 1, -1, -1]],
        [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
        [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    ),
    4: (
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ],
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ],
    ),
}
"""A^T, G and B^T of F(m, 3): Lavin & Gray, *Fast algorithms for convolutional neural networks*
(CVPR 2016), section 4."""


def fft(case: Case, x: Values, w: Values) -> Values:
    """Return ``y`` by way of the transforms of whole images, in the operands' precision."""
    space = tuple(range(1, case.dims + 1))
    inside = pad(x, case.pads)
    size = inside.shape[1:-1]
    holes = tuple(slice(None, None, d) for d in case.dilation)
    wide = np.zeros((*case.extents, *w.shape[-2:]), w.dtype)
    wide[holes] = w
    seen = np.fft.rfftn(inside, axes=space)
    taps = np.conj(np.fft.rfftn(wide, s=size, axes=tuple(range(case.dims))))
    per_group = case.in_channels // case.groups
    split = seen.reshape(*seen.shape[:-1], case.groups, per_group)
    by_group = taps.reshape(*taps.shape[:-1], case.groups, -1)
    found = np.einsum("n...gc,...cgo->n...go", split, by_group).reshape(*seen.shape[:-1], -1)
    whole = np.fft.irfftn(found, s=size, axes=space)
    taken = zip(case.output, case.stride, strict=True)
    return whole[(slice(None), *(slice(0, (o - 1) * s + 1, s) for o, s in taken))]


def winograd(case: Case, x: Values, w: Values, tile: int) -> Values:
    """Return ``y`` by F(tile, 3) in each axis; the kernel has 3 taps in each, stride 1."""
    out, weights, image = (np.array(m, x.dtype) for m in _MATRICES[tile])
    rest = [-o % tile for o in case.output]
    inside = np.pad(pad(x, case.pads), ((0, 0), *((0, r) for r in rest), (0, 0)))
    space = tuple(range(1, case.dims + 1))
    window = (tile + _TAPS - 1,) * case.dims
    tiles = sliding_window_view(inside, window, axis=space)
    steps = tuple(slice(0, o + r - tile + 1, tile) for o, r in zip(case.output, rest, strict=True))
    tiles = tiles[(slice(None), *steps)]  # (N, *tiles, C, *window)
    seen = _each_axis(tiles, image, range(case.dims + 2, 2 * case.dims + 2))
    taps = _each_axis(w, weights, range(case.dims))  # (*window, C/G, O)
    by_group = taps.reshape(*taps.shape[:-1], case.groups, -1)
    shape = seen.shape[: case.dims + 1]
    split = seen.reshape(*shape, case.groups, case.in_channels // case.groups, -1)
    flat = by_group.reshape(-1, *by_group.shape[-3:])
    summed = np.einsum("...gcw,wcgo->...gow", split, flat)
    made = _each_axis(
        summed.reshape(*shape, case.out_channels, *window),
        out,
        range(case.dims + 2, 2 * case.dims + 2),
    )
    return _joined(case, made, tile)


def winograds(case: Case) -> bool:
    """Say whether Winograd's algorithm has this convolution."""
    ones = (1,) * case.dims
    return case.kernel == (_TAPS,) * case.dims and case.stride == case.dilation == ones


def _each_axis(values: Values, matrix: Values, axes: range) -> Values:
    for axis in axes:
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
    return values


def _joined(case: Case, made: Values, tile: int) -> Values:
    """Return ``(N, *tiles, O, *tile)`` as ``(N, *output, O)``."""
    d = case.dims
    order = [0]
    for axis in range(d):
        order += [1 + axis, d + 2 + axis]
    whole = made.transpose(*order, d + 1)
    sizes = [n * tile for n in made.shape[1 : d + 1]]
    joined = whole.reshape(len(made), *sizes, made.shape[d + 1])
    assert math.prod(joined.shape) == made.size
    return joined[(slice(None), *(slice(o) for o in case.output))]
