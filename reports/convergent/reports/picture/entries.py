"""What stands where in the matrix ``A`` of ``y = A x``: one weight, shared by many places.

``d_x = A^T d_y``: the matrix of the transposed convolution is the transpose of this one. Rows are
numbered by ``(place, output channel)``, columns by ``(place, input channel)``, of one sample.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
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


def sizes(case: Case) -> tuple[int, int]:
    """Return how many rows and columns the matrix of one sample has."""
    rows = math.prod(case.output) * case.out_channels
    return rows, math.prod(case.input) * case.in_channels


def thinned(case: Case) -> Case:
    """Return ``case``, with one channel on both sides if its matrix is too large to be drawn."""
    if max(sizes(case)) <= MOST or 0 in (case.in_channels, case.out_channels):
        return case
    return case.replace(in_channels=1, out_channels=1, groups=1)


def entries(case: Case, w: Float64) -> Entries:
    """Return the entries of the first rows and columns; ``w`` is ``(*kernel, C/G, O)``."""
    rows, columns = sizes(case)
    shown = (min(rows, MOST), min(columns, MOST))
    cells = [found for row in range(shown[0]) for found in _of_row(case, w, row)]
    return Entries((rows, columns), shown, tuple(c for c in cells if c.column < shown[1]))


def _of_row(case: Case, w: Float64, row: int) -> Iterator[Entry]:
    """Yield a row's entries: one per tap that meets the image and channel of the group."""
    place, o = divmod(row, case.out_channels)
    at = np.unravel_index(place, case.output)
    inside = case.in_channels // case.groups
    first = o // (case.out_channels // case.groups) * inside
    axes = [
        [(t, i) for t in range(k) if 0 <= (i := int(r) * s + t * d - lo) < n]
        for r, k, s, d, (lo, _), n in zip(
            at, case.kernel, case.stride, case.dilation, case.pads, case.input, strict=True
        )
    ]
    for met in itertools.product(*axes):
        index, read = tuple(t for t, _ in met), tuple(i for _, i in met)
        column = int(np.ravel_multi_index(read, case.input)) * case.in_channels + first
        if column >= MOST:
            return  # columns only grow
        tap = int(np.ravel_multi_index(index, case.kernel))
        for c in range(inside):
            yield Entry(row, column + c, tap, float(w[(*index, c, o)]))
