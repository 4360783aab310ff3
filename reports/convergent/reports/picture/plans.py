"""The three maps as sliding windows over a source, before anything is cut to what fits.

Arrays have the axes ``(channel, depth, height, width)``, of one place where the case has fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64

MOST_PLACES = 15  # of a source along one axis
MOST_SLICES = 5  # of its depth
MOST_CHANNELS = 3
DATA, INSERTED, PADDING, CROPPED = range(4)

Sizes = tuple[int, int, int]
Operands = tuple[Float64, Float64, Float64]
Kinds = npt.NDArray[np.int8]
_T = TypeVar("_T")


class Plan(NamedTuple):
    """A map before anything is cut: the source without its padding."""

    source: Float64
    kinds: Kinds
    taps: Float64
    results: Sizes
    pads: Sequence[tuple[int, int]]
    stride: Sizes
    dilation: Sizes
    channels: int
    dims: int
    left_out: str = ""


def plan(case: Case, op: str, operands: Operands) -> Plan:
    """Return the window of ``op`` over its whole source; operands are in canonical shapes."""
    made = {"conv": _conv, "backprop_input": _input, "backprop_filter": _filter}[op]
    return made(case, *_spread(case, operands))


def _conv(case: Case, x: Float64, w: Float64, _dy: Float64) -> Plan:
    group = case.in_channels // case.groups
    shown = min(group, MOST_CHANNELS)
    source = np.moveaxis(x[0, ..., :shown], -1, 0)
    taps = np.moveaxis(w[..., :shown, 0], -1, 0)
    pads = three(case.pads, (0, 0))
    stride, dilation = three(case.stride, 1), three(case.dilation, 1)
    kinds = np.zeros(source.shape[1:], np.int8)
    return Plan(
        source, kinds, taps, three(case.output, 1), pads, stride, dilation, group, case.dims
    )


def _input(case: Case, _x: Float64, w: Float64, dy: Float64) -> Plan:
    group = case.out_channels // case.groups
    shown = min(group, MOST_CHANNELS)
    given = np.moveaxis(dy[0, ..., :shown], -1, 0)
    stride, inputs = three(case.stride, 1), three(case.input, 1)
    sizes = tuple((o - 1) * s + 1 for o, s in zip(given.shape[1:], stride, strict=True))
    places = tuple(slice(None, None, s) for s in stride)
    kinds = np.full(sizes, INSERTED, np.int8)
    kinds[places] = DATA
    source = np.zeros((shown, *sizes))
    source[(slice(None), *places)] = given
    taps = np.moveaxis(np.flip(w[..., 0, :shown], (0, 1, 2)), -1, 0)
    extents, pads = three(case.extents, 1), three(case.pads, (0, 0))
    before = [e - 1 - lo for e, (lo, _) in zip(extents, pads, strict=True)]
    around = [
        (lo, i + e - 1 - n - lo) for lo, i, e, n in zip(before, inputs, extents, sizes, strict=True)
    ]
    dilation = three(case.dilation, 1)
    return Plan(source, kinds, taps, inputs, around, (1, 1, 1), dilation, group, case.dims)


def _filter(case: Case, x: Float64, _w: Float64, dy: Float64) -> Plan:
    source, taps = x[0, ..., 0][None], dy[0, ..., 0][None]
    kinds = np.zeros(source.shape[1:], np.int8)
    stride, dilation = three(case.dilation, 1), three(case.stride, 1)
    pads, kernel = three(case.pads, (0, 0)), three(case.kernel, 1)
    limits, extents = (MOST_SLICES, MOST_PLACES, MOST_PLACES), three(case.extents, 1)
    axes = zip(limits, extents, dilation, taps.shape[1:], strict=True)
    fit = [min(max((limit - e) // d + 1, 1), n) for limit, e, d, n in axes]
    said = ""
    if tuple(fit) != taps.shape[1:]:
        some, every = (by(n[3 - case.dims :]) for n in (fit, taps.shape[1:]))
        said = f"the first {some} of {every} places of d_y are drawn: these sums are a part of d_w"
    taps = taps[:, : fit[0], : fit[1], : fit[2]]
    return Plan(source, kinds, taps, kernel, pads, stride, dilation, 1, case.dims, said)


def _spread(case: Case, operands: Operands) -> Operands:
    """Return the operands with three spatial axes, of which the leading ones may be one place."""
    x, w, dy = operands
    image, kernel, output = (three(n, 1) for n in (case.input, case.kernel, case.output))
    return (
        x.reshape(case.batch, *image, case.in_channels),
        w.reshape(*kernel, *case.w_shape[-2:]),
        dy.reshape(case.batch, *output, case.out_channels),
    )


def three(sizes: Sequence[_T], one: _T) -> tuple[_T, _T, _T]:
    """Return ``sizes`` with ``one`` for each leading axis that a case lacks."""
    first, second, third = (*(one,) * (3 - len(sizes)), *sizes)
    return first, second, third


def by(sizes: Sequence[int]) -> str:
    """Return sizes as a person writes them."""
    return "x".join(str(n) for n in sizes)
