"""Relations of space: padding, dilation and stride written out, the image flipped or enlarged."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from convergent.cases.case import PADDINGS, Case, Pads
from convergent.cases.dtypes import Array
from convergent.cases.errors import InvalidCase
from convergent.harness.relations.twin import Claim, Place, Relation, Twin

_Slices = tuple[slice, ...]


def _explicit_padding(case: Case, _op: str) -> Claim | None:
    if not isinstance(case.padding, str):
        return None
    return Claim(kind="each", twins=(Twin(case=case.replace(padding=case.pads)),))


def _padded_image(case: Case, _op: str) -> Claim | None:
    if not any(map(any, case.pads)):
        return None
    size = tuple(i + sum(p) for i, p in zip(case.input, case.pads, strict=True))
    zeros = tuple((max(lo, 0), max(hi, 0)) for lo, hi in case.pads)
    crops = tuple((max(-lo, 0), max(-hi, 0)) for lo, hi in case.pads)
    image = Place(
        put=lambda x: _surrounded(_inside(x, crops), zeros),
        ours=lambda x: _inside(x, crops),
        theirs=lambda x: _inside(x, zeros),
    )
    return Claim(
        kind="each", twins=(Twin(case=case.replace(input=size, padding="VALID"), x=image),)
    )


def _zero_stuffed(case: Case, _op: str) -> Claim | None:
    if case.extents == case.kernel:
        return None
    taps = tuple(slice(None, None, d) for d in case.dilation)
    dense = _with_pads(case, kernel=case.extents, dilation=(1,) * case.dims)
    kernel = Place(
        put=lambda w: _spread(w, taps, dense.w_shape),
        theirs=lambda w: w[taps],
    )
    return Claim(kind="each", twins=(Twin(case=dense, w=kernel),))


def _subsampled(case: Case, _op: str) -> Claim | None:
    if max(case.stride) == 1:
        return None
    dense = _with_pads(case, stride=(1,) * case.dims)
    ends = zip(case.output, case.stride, strict=True)
    places = (slice(None), *(slice(0, (out - 1) * s + 1, s) for out, s in ends))
    output = Place(
        put=lambda y: _spread(y, places, dense.y_shape),
        theirs=lambda y: y[places],
    )
    return Claim(kind="each", twins=(Twin(case=dense, y=output),))


def _flipped(case: Case, _op: str) -> Claim | None:
    # Trailing places that no window touches would lead: the windows begin at the other end.
    pads = tuple((hi - idle, lo) for (lo, hi), idle in zip(case.pads, case.unused, strict=True))
    back = (slice(None, None, -1),) * case.dims
    image = Place(put=lambda a: a[:, *back], theirs=lambda a: a[:, *back])
    kernel = Place(put=lambda w: w[back], theirs=lambda w: w[back])
    return Claim(
        kind="each", twins=(Twin(case=_with_pads(case, pads), x=image, w=kernel, y=image),)
    )


def _larger_image(case: Case, _op: str) -> Claim | None:
    step = tuple((s, s) for s in case.stride)
    one = ((1, 1),) * case.dims
    size = tuple(i + 2 * s for i, s in zip(case.input, case.stride, strict=True))
    larger = _with_pads(case, input=size)
    image = Place(put=lambda x: _surrounded(x, step), theirs=lambda x: _inside(x, step))
    output = Place(put=lambda y: _surrounded(y, one), theirs=lambda y: _inside(y, one))
    return Claim(kind="each", twins=(Twin(case=larger, x=image, y=output),))


def _with_pads(case: Case, pads: Pads | None = None, **changes: Any) -> Case:
    """Return ``case`` changed, with ``pads`` (as it has them): by rule, if it is, and one fits."""
    wanted = case.pads if pads is None else pads
    rules = () if not isinstance(case.padding, str) else (case.padding, *PADDINGS)
    for rule in rules:
        with contextlib.suppress(InvalidCase):
            named = case.replace(padding=rule, **changes)
            if named.pads == wanted:
                return named
    return case.replace(padding=wanted, **changes)


def _surrounded(array: Array, zeros: Pads) -> Array:
    """Return ``array (N, *space, channels)`` with zeros around it."""
    return np.pad(array, ((0, 0), *zeros, (0, 0)))


def _inside(array: Array, margins: Pads) -> Array:
    """Return ``array (N, *space, channels)`` without its margins: a view."""
    sizes = zip(array.shape[1:], margins, strict=False)
    return array[:, *(slice(lo, size - hi) for size, (lo, hi) in sizes)]


def _spread(array: Array, places: _Slices, shape: tuple[int, ...]) -> Array:
    """Return zeros of ``shape`` with ``array`` at ``places``."""
    spread = np.zeros(shape, array.dtype)
    spread[places] = array
    return spread


SPACE = (
    Relation(
        name="explicit_padding",
        meaning="a rule's name means its numbers (TensorFlow's notes on padding)",
        claims=_explicit_padding,
    ),
    Relation(
        name="padded_image",
        meaning="padding means zeros put around the image, or places cut off, before VALID",
        claims=_padded_image,
    ),
    Relation(
        name="zero_stuffed",
        meaning="dilation means a kernel with zeros between its taps (Dumoulin & Visin, 5.1)",
        claims=_zero_stuffed,
    ),
    Relation(
        name="subsampled",
        meaning="a stride takes every n-th place of stride one (Dumoulin & Visin, 2.3)",
        claims=_subsampled,
    ),
    Relation(
        name="flipped",
        meaning="space has no direction: image and kernel flipped give the result flipped",
        claims=_flipped,
    ),
    Relation(
        name="larger_image",
        meaning="space has no origin: zeros of one stride around the image move the result by one",
        claims=_larger_image,
    ),
)
