"""The maps by matrix products of the accumulator's own type: im2col, and a product for each tap.

``numpy.matmul`` hands float32 and float64 to BLAS, whose kernels add in blocks of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from convergent.backends.numpy import pad
from convergent.cases.case import Case

Values = npt.NDArray[Any]
Map = Callable[[Case, Values, Values], Values]


def conv_im2col(case: Case, x: Values, w: Values) -> Values:
    """Return ``y``: one product of all windows with the filter."""
    return _back(_columns(case, x) @ _filter(case, w), case.y_shape)


def conv_taps(case: Case, x: Values, w: Values) -> Values:
    """Return ``y``: a product for each tap, added up."""
    inside, total = pad(x, case.pads), np.zeros((), w.dtype)
    for tap, at in _taps(case):
        total = total + _rows(case, inside[at]) @ _of_tap(case, w[tap])
    return _back(total, case.y_shape)


def filter_im2col(case: Case, x: Values, dy: Values) -> Values:
    """Return ``d_w``: one product of the windows of the whole batch."""
    found = _columns(case, x).transpose(0, 2, 1) @ _rows(case, dy)
    return _taps_back(case, found)


def filter_samples(case: Case, x: Values, dy: Values) -> Values:
    """Return ``d_w``: a product for each sample, added up."""
    total = np.zeros((), x.dtype)
    for i in range(case.batch):
        one = _columns(case, x[i : i + 1]).transpose(0, 2, 1) @ _rows(case, dy[i : i + 1])
        total = total + one
    return _taps_back(case, total)


def input_col2im(case: Case, dy: Values, w: Values) -> Values:
    """Return ``d_x``: a product of all taps, whose windows are added up from the first tap."""
    columns = _rows(case, dy) @ _filter(case, w).transpose(0, 2, 1)
    parts = np.split(columns, int(np.prod(case.kernel)), axis=-1)
    return _scatter(case, list(zip((at for _, at in _taps(case)), parts, strict=True)), dy.dtype)


def input_taps(case: Case, dy: Values, w: Values) -> Values:
    """Return ``d_x``: a product for each tap, added up from the last tap."""
    parts = [
        (at, _rows(case, dy) @ _of_tap(case, w[tap]).transpose(0, 2, 1))
        for tap, at in reversed(list(_taps(case)))
    ]
    return _scatter(case, parts, dy.dtype)


GEMM: dict[str, dict[str, Map]] = {
    "im2col + BLAS": {
        "conv": conv_im2col,
        "backprop_filter": filter_im2col,
        "backprop_input": input_col2im,
        "transpose": input_col2im,
    },
    "taps or samples + BLAS": {
        "conv": conv_taps,
        "backprop_filter": filter_samples,
        "backprop_input": input_taps,
        "transpose": input_taps,
    },
}


def _taps(case: Case) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Yield each tap and the places of the padded image that it meets."""
    for tap in np.ndindex(*case.kernel):
        first = [t * dilation for t, dilation in zip(tap, case.dilation, strict=True)]
        spans = [(o - 1) * s + 1 for o, s in zip(case.output, case.stride, strict=True)]
        cuts = zip(first, spans, case.stride, strict=True)
        yield tap, (slice(None), *(slice(f, f + n, s) for f, n, s in cuts))


def _rows(case: Case, values: Values) -> Values:
    """Return ``(N, *places, channels)`` as ``(G, N * places, channels / G)``."""
    return np.moveaxis(values.reshape(-1, case.groups, values.shape[-1] // case.groups), 1, 0)


def _of_tap(case: Case, w: Values) -> Values:
    """Return ``(C/G, O)`` as ``(G, C/G, O/G)``."""
    return np.moveaxis(w.reshape(len(w), case.groups, -1), 1, 0)


def _filter(case: Case, w: Values) -> Values:
    return np.concatenate([_of_tap(case, w[tap]) for tap, _ in _taps(case)], axis=1)


def _columns(case: Case, x: Values) -> Values:
    inside = pad(x, case.pads)
    return np.concatenate([_rows(case, inside[at]) for _, at in _taps(case)], axis=2)


def _back(rows: Values, shape: tuple[int, ...]) -> Values:
    return np.moveaxis(rows, 0, 1).reshape(shape)


def _taps_back(case: Case, rows: Values) -> Values:
    """Return ``(G, taps * C/G, O/G)`` as the filter has it."""
    per_group = case.in_channels // case.groups
    split = rows.reshape(case.groups, *case.kernel, per_group, case.out_channels // case.groups)
    return np.moveaxis(split, 0, -2).reshape(case.w_shape)


def _scatter(
    case: Case, parts: list[tuple[tuple[slice, ...], Values]], dtype: np.dtype[Any]
) -> Values:
    padded = [i + sum(p) for i, p in zip(case.input, case.pads, strict=True)]
    total = np.zeros((case.batch, *padded, case.in_channels), dtype)
    for at, part in parts:
        total[at] += _back(part, total[at].shape)
    return pad(total, tuple((-lo, -hi) for lo, hi in case.pads))
