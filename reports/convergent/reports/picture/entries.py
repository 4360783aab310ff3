"""What stands where in the matrix ``A`` of ``y = A x``: one weight, shared by many places.

``d_x = A^T d_y``: the matrix of the transposed convolution is the transpose of this one. Rows are
numbered by ``(place, output channel)``, columns by ``(place, input channel)``, of one sample.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64

MOST = 72  # rows and columns that are drawn


class Entry(NamedTuple):
    """A nonzero of the matrix: the weight ``value``, which is tap number ``tap`` of the kernel."""

    row: int
    column: int
    tap: int
    value: float


class Entries(NamedTuple):
    """The drawn part of a matrix of ``size`` rows and columns; ``shown`` of them are drawn."""

    size: tuple[int, int]
    shown: tuple[int, int]
    cells: tuple[Entry, ...]


def entries(case: Case, w: Float64) -> Entries:
    """Return the entries of the first rows and columns; ``w`` is ``(*kernel, C/G, O)``."""
    rows = math.prod(case.output) * case.out_channels
    columns = math.prod(case.input) * case.in_channels
    shown = (min(rows, MOST), min(columns, MOST))
    cells = [
        found
        for row in range(shown[0])
        for tap, index in enumerate(np.ndindex(*case.kernel))
        for found in _of_tap(case, w, row, tap, index)
        if found.column < shown[1]
    ]
    return Entries((rows, columns), shown, tuple(cells))


def _of_tap(case: Case, w: Float64, row: int, tap: int, index: tuple[int, ...]) -> list[Entry]:
    """Return a row's entries of one tap: one per channel of its group, if it meets the image."""
    place, o = divmod(row, case.out_channels)
    at = np.unravel_index(place, case.output)
    axes = zip(at, index, case.stride, case.dilation, case.pads, strict=True)
    read = [int(r * s + t * d - lo) for r, t, s, d, (lo, _) in axes]
    if not all(0 <= i < n for i, n in zip(read, case.input, strict=True)):
        return []
    place = int(np.ravel_multi_index(read, case.input))
    first = o // (case.out_channels // case.groups) * (case.in_channels // case.groups)
    return [
        Entry(row, place * case.in_channels + first + c, tap, float(w[(*index, c, o)]))
        for c in range(min(case.in_channels // case.groups, MOST))
    ]
