"""Which products an op sums: every one of a case, written out, element by element of the result.

An independent definition of the three maps: a product is where an element of the image, one of the
filter and one of the output meet. Each op sums over all products that share an element of its
result; in which order is what ``orders`` is about.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from convergent.cases.case import Case

Indices = npt.NDArray[np.int64]

READS = {
    "conv": ("x", "w", "y"),
    "backprop_input": ("y", "w", "x"),
    "backprop_filter": ("x", "y", "w"),
    "transpose": ("y", "w", "x"),
}
"""The two operands of each op and the role of its result."""


class Products(NamedTuple):
    """Flat indices into image, filter and output, an entry for every product."""

    x: Indices
    w: Indices
    y: Indices


def products(case: Case, *, channels_first: bool = False) -> Products:
    """Return every product of ``case`` whose place lies in the image.

    In the order of batch, output place, tap and channels; ``channels_first``: channels, then these.
    """
    d, groups = case.dims, case.groups
    inside = (case.in_channels // groups, case.out_channels // groups)
    shape = (case.batch, *case.output, *case.kernel, groups, *inside)
    grid = np.ogrid[tuple(slice(size) for size in shape)]
    n, out, tap, (g, c, o) = grid[0], grid[1 : d + 1], grid[d + 1 : 2 * d + 1], grid[2 * d + 1 :]
    axes = zip(out, tap, case.stride, case.dilation, case.pads, strict=True)
    places = [i * s + k * dilation - lo for i, k, s, dilation, (lo, _) in axes]
    there: Any = np.ones(shape, bool)
    for place, size in zip(places, case.input, strict=True):
        there &= (place >= 0) & (place < size)
    flat = (
        _flat((n, *places, g * inside[0] + c), case.x_shape),
        _flat((*tap, c, g * inside[1] + o), case.w_shape),
        _flat((n, *out, g * inside[1] + o), case.y_shape),
    )
    order = tuple(range(len(shape)))
    if channels_first:
        order = (*order[-3:], *order[:-3])
    kept = there.transpose(order)
    return Products(*(np.broadcast_to(f, shape).transpose(order)[kept] for f in flat))


def table(target: Indices, count: int) -> Indices:
    """Return the products of each of ``count`` results, a column each, in the order given.

    Columns end with the number of products there are, which stands for none.
    """
    order = np.argsort(target, kind="stable")
    counts = np.bincount(target, minlength=count)
    rank = np.arange(len(target)) - (np.cumsum(counts) - counts)[target[order]]
    found = np.full((int(counts.max(initial=0)), count), len(target))
    found[rank, target[order]] = order
    return found


def factors(
    case: Case, op: str, values: dict[str, npt.NDArray[Any]], *, channels_first: bool = False
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return both factors of the products of ``op``: ``(terms, elements of the result)``.

    Where an element has fewer terms both factors are zero. ``values`` are the arrays by role.
    """
    found = products(case, channels_first=channels_first)._asdict()
    one, other, result = READS[op]
    shape: tuple[int, ...] = getattr(case, f"{result}_shape")
    places = table(found[result], int(np.prod(shape)))
    taken = (np.append(values[r].ravel()[found[r]], values[r].dtype.type(0)) for r in (one, other))
    left, right = (each[places] for each in taken)
    return left, right


def _flat(index: tuple[Any, ...], shape: tuple[int, ...]) -> Indices:
    total: Any = 0
    for i, size in zip(index, shape, strict=True):
        total = total * size + i
    return np.asarray(total, np.int64)
