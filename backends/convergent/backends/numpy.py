"""The oracle: the three maps of convolution in NumPy, float64, for any number of dimensions.

One picture holds all three. ``im2col`` lays the windows of the image out as rows, a matrix product
with the filter is the convolution, and the two gradients are its two adjoints::

    conv             cols(x) @ w
    backprop_filter  cols(x).T @ dy
    backprop_input   cols.T(dy @ w.T)        (the adjoint of im2col adds the windows up)

Besides the value the oracle gives ``sum|x||w|`` (the same map of absolute values) and the number
of terms really summed per element (corners have fewer): what an error bound is made of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from convergent.backends import blocked
from convergent.cases.case import Case, Pads
from convergent.cases.dtypes import Float64

_CHUNK = 1 << 23  # elements of im2col at a time: 64 MiB


def conv(case: Case, x: Float64, w: Float64) -> Float64:
    """Return ``y (N, *output, O)`` of ``x (N, *input, C)`` and ``w (*kernel, C/G, O)``."""
    if not (x.size and w.size and min(case.output)):
        return np.zeros((len(x), *case.output, case.out_channels))
    rows = _filter_matrix(case, w)
    if blocked.suits(case):
        return blocked.conv(case, pad(x, case.pads), rows[0])
    y = np.empty((len(x), *case.output, case.out_channels))
    for part in _chunks(case, len(x)):
        product = _columns(case, x[part]) @ rows
        y[part] = np.moveaxis(product, 0, 1).reshape(y[part].shape)
    return y


def backprop_filter(case: Case, x: Float64, dy: Float64) -> Float64:
    """Return ``d_w (*kernel, C/G, O)`` of ``x (N, *input, C)`` and ``d_y (N, *output, O)``."""
    if not (x.size and dy.size):
        return np.zeros(case.w_shape)
    total: Float64 = np.zeros(())
    if blocked.suits(case):
        for part in _chunks(case, len(x)):
            total = total + blocked.backprop_filter(case, pad(x[part], case.pads), dy[part])
        return total
    for part in _chunks(case, len(x)):
        total = total + _columns(case, x[part]).transpose(0, 2, 1) @ _rows(case, dy[part])
    per_group = case.in_channels // case.groups
    taps = total.reshape(case.groups, per_group, *case.kernel, -1)
    return np.moveaxis(taps, (0, 1), (-2, -3)).reshape(case.w_shape)


def backprop_input(case: Case, dy: Float64, w: Float64) -> Float64:
    """Return ``d_x (N, *input, C)`` of ``d_y (N, *output, O)`` and ``w (*kernel, C/G, O)``."""
    if not (dy.size and w.size):
        return np.zeros((len(dy), *case.input, case.in_channels))
    if blocked.suits(case):
        return pad(blocked.backprop_input(case, dy, w, _padded(case)), _unpad(case))
    rows = _filter_matrix(case, w).transpose(0, 2, 1)
    dx = np.empty((len(dy), *case.input, case.in_channels))
    for part in _chunks(case, len(dy)):
        columns = _rows(case, dy[part]) @ rows
        dx[part] = _add_windows(case, columns, len(dy[part]))
    return dx


def pad(x: Float64, pads: Pads) -> Float64:
    """Return ``x (N, *input, C)`` with zeros around it; negative padding crops."""
    axes = list(zip(x.shape[1:], pads))
    taken = x[(slice(None), *(slice(max(-lo, 0), n - max(-hi, 0)) for n, (lo, hi) in axes))]
    if all(lo <= 0 and hi <= 0 for lo, hi in pads):
        return taken
    sizes = [n + lo + hi for n, (lo, hi) in axes]
    padded = np.zeros((len(x), *sizes, x.shape[-1]))
    inside = (slice(max(lo, 0), size - max(hi, 0)) for size, (lo, hi) in zip(sizes, pads))
    padded[(slice(None), *inside)] = taken
    return padded


def _chunks(case: Case, batch: int) -> Iterator[slice]:
    per_sample = math.prod(case.output) * math.prod(case.kernel) * case.in_channels
    step = max(1, _CHUNK // per_sample)
    return (slice(start, start + step) for start in range(0, batch, step))


def _columns(case: Case, x: Float64) -> Float64:
    """Return im2col: ``(G, N * output, C/G * kernel)``, one window a row."""
    d, per_group = case.dims, case.in_channels // case.groups
    shape = (case.groups, len(x), *case.output, per_group, *case.kernel)
    if math.prod(shape) <= blocked.BLOCK:
        image = pad(x, case.pads).reshape(len(x), *_padded(case), case.groups, per_group)
        columns = np.empty(shape)
        blocked.gather(case, image.transpose(d + 1, *range(d + 1), d + 2), columns, 0)
        return columns.reshape(case.groups, -1, per_group * math.prod(case.kernel))
    windows = sliding_window_view(pad(x, case.pads), case.extents, axis=tuple(range(1, d + 1)))
    steps = tuple(slice(None, None, s) for s in case.stride)
    holes = tuple(slice(None, None, s) for s in case.dilation)
    taken = windows[(slice(None), *steps, slice(None), *holes)]
    split = taken.reshape(len(x), *case.output, case.groups, per_group, *case.kernel)
    by_group = split.transpose(d + 1, *range(d + 1), *range(d + 2, split.ndim))
    return by_group.reshape(case.groups, -1, per_group * math.prod(case.kernel))


def _rows(case: Case, y: Float64) -> Float64:
    """Return ``y`` with a row per window: ``(G, N * output, O/G)``."""
    return y.reshape(-1, case.groups, case.out_channels // case.groups).transpose(1, 0, 2)


def _filter_matrix(case: Case, w: Float64) -> Float64:
    """Return the filter as ``(G, C/G * kernel, O/G)``."""
    split = w.reshape(*case.w_shape[:-1], case.groups, case.out_channels // case.groups)
    d = case.dims
    by_group = split.transpose(d + 1, d, *range(d), d + 2)
    return by_group.reshape(case.groups, -1, case.out_channels // case.groups)


def _add_windows(case: Case, columns: Float64, batch: int) -> Float64:
    """Return the adjoint of ``_columns``: every window added where it was taken from."""
    d = case.dims
    per_group = case.in_channels // case.groups
    split = columns.reshape(case.groups, batch, *case.output, per_group, *case.kernel)
    order = (*range(1, d + 2), 0, *range(d + 2, split.ndim))
    windows = split.transpose(order)  # (N, *output, G, C/G, *kernel)
    total = np.zeros((batch, *_padded(case), case.groups, per_group))
    for samples in blocked.parts(windows.size, batch):
        for tap, place in blocked.taps(case):
            taken: Any = (samples, ..., *tap)
            total[(samples, *place)] += windows[taken]
    return pad(total.reshape(*total.shape[:-2], case.in_channels), _unpad(case))


def _padded(case: Case) -> list[int]:
    return [i + sum(p) for i, p in zip(case.input, case.pads)]


def _unpad(case: Case) -> Pads:
    return tuple((-lo, -hi) for lo, hi in case.pads)


MAPS: dict[str, Callable[[Case, Float64, Float64], Float64]] = {
    "conv": conv,
    "backprop_input": backprop_input,
    "backprop_filter": backprop_filter,
}
"""The three maps; each takes its two operands in the order of its name's definition."""
