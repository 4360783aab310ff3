"""Mistakes of geometry: padding, stride, dilation and sizes.

Whatever a kernel does wrong, its arrays have the shapes that they have: an image place ``i``, an
output place ``o`` and a tap ``t`` meet where ``i = o * stride + t * dilation - low``, and what lies
outside is zero. So a mistaken geometry is a case of the same shapes with other numbers in there;
where the result has a wrong shape, that shape takes the right one's place.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from convergent.cases import geometry
from convergent.cases.case import Case
from convergent.cases.dtypes import Float64
from convergent.harness.diagnose.mistake import Mistake
from convergent.harness.diagnose.subject import Given, Subject

NAMES = {
    "zeros before and after swapped": "the padding of each side is put on the other",
    "all zeros after": "no padding before the image, all of it behind",
    "all zeros before": "all of the padding before the image",
    "padding of another axis": "the padding of rows is given to columns, or so",
    "SAME padding below zero": "where the stride leaves places out, SAME crops the image",
    "cropping ignored": "negative padding is taken for none",
    "moved by one place": "every window, or its image, lies one place off along an axis",
    "moved by several places": "the same, by up to a stride's and a kernel's length",
    "stride and dilation swapped": "each is taken for the other",
    "stride ignored": "as with stride 1",
    "dilation ignored": "as with dilation 1",
    "stride and dilation ignored": "as with stride 1 and dilation 1",
    "stride of one axis ignored": "as with stride 1 along it",
    "dilation of one axis ignored": "as with dilation 1 along it",
    "strides of axes swapped": "the stride of rows is given to columns, or so",
    "dilations of axes swapped": "the dilation of rows is given to columns, or so",
    "stride of one axis for all": "one axis' stride is used along every axis",
    "dilation of one axis for all": "one axis' dilation is used along every axis",
    "dilation multiplied by the stride": "taps lie stride times too far apart",
    "stride multiplied by the dilation": "windows lie dilation times too far apart",
    "stride inside the blocks of the dilation": "space-to-batch by the dilation, then the stride",
    "padding ignored": "a result of the size that VALID gives",
    "right numbers in another size": "the right numbers, cut or continued",
    "padded by repeating the border": "the image's edge is repeated where zeros are due",
    "padded by reflection": "the image is mirrored where zeros are due",
    "padded by wrapping round": "the image's other end stands where zeros are due",
}

_MODES = {
    "padded by repeating the border": "edge",
    "padded by reflection": "reflect",
    "padded by wrapping round": "wrap",
}


class _Shape(NamedTuple):
    """Another geometry: what takes the place of stride, dilation and the zeros before."""

    name: str
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    low: tuple[int, ...]
    choices: int = 1
    rank: int = 0


def mistakes(subject: Subject) -> Iterator[Mistake]:
    """Yield the mistakes of geometry that the result's shape allows."""
    if subject.op == "backprop_bias":
        return
    right = _own(subject.case)
    seen = {right[1:4]} if subject.shaped else set()
    for shape in _shapes(subject.case, right, shaped=subject.shaped):
        case = _aligned(subject, shape)
        if shape[1:4] not in seen and case is not None:
            seen.add(shape[1:4])
            value = functools.partial(_of, subject, case)
            yield Mistake(shape.name, value, choices=shape.choices, rank=shape.rank)
    yield from _blocks(subject)
    if subject.shaped:
        yield from _other_padding(subject)


def _own(case: Case) -> _Shape:
    low = tuple(lo for lo, _ in case.pads)
    return _Shape("right numbers in another size", case.stride, case.dilation, low)


def _of(subject: Subject, case: Case, given: Given) -> Float64:
    return subject.right(given, case)


def _aligned(subject: Subject, shape: _Shape) -> Case | None:
    """Return the case of these numbers whose arrays have the shapes that there are."""
    case, came, dims = subject.case, subject.actual.shape, subject.case.dims
    sizes = {"x": case.input, "w": case.kernel, "dy": case.output}
    if not subject.shaped:
        if subject.result not in sizes or len(came) != dims + 2:
            return None
        own = subject.target.shape
        if subject.result == "w":
            if came[dims:] != own[dims:]:
                return None
            sizes["w"] = came[:dims]
        else:
            if (came[0], came[-1]) != (own[0], own[-1]):
                return None
            sizes[subject.result] = came[1:-1]
    if min(map(min, sizes.values())) < 1:
        return None
    axes = zip(*sizes.values(), *shape[1:4], strict=True)
    pads = tuple((lo, (o - 1) * s + (k - 1) * d + 1 - i - lo) for i, k, o, s, d, lo in axes)
    # A crop may not reach past the image: there nothing is left of this axis.
    if any(min(lo, 0) + min(hi, 0) + i < 1 for i, (lo, hi) in zip(sizes["x"], pads, strict=True)):
        return None
    return case.replace(
        input=sizes["x"],
        kernel=sizes["w"],
        stride=shape.stride,
        dilation=shape.dilation,
        padding=pads,
    )


def _shapes(case: Case, right: _Shape, *, shaped: bool) -> Iterator[_Shape]:
    """Yield the suspected geometries, the simplest first."""
    s, d, low = right[1:4]
    none = (0,) * case.dims
    if not shaped:
        yield right
        yield right._replace(name="padding ignored", low=none)
    yield from _paddings(case, right)
    ones = (1,) * case.dims
    swapped = list(itertools.permutations(range(case.dims)))[1:]
    strides = [
        ("stride and dilation swapped", d, s, 1),
        ("stride ignored", ones, d, 1),
        ("dilation ignored", s, ones, 1),
        ("stride and dilation ignored", ones, ones, 1),
        *(("stride of one axis ignored", _but_one(s, a), d, case.dims) for a in range(case.dims)),
        *(("dilation of one axis ignored", s, _but_one(d, a), case.dims) for a in range(case.dims)),
        *(("strides of axes swapped", _taken(s, p), d, len(swapped)) for p in swapped),
        *(("dilations of axes swapped", s, _taken(d, p), len(swapped)) for p in swapped),
        *(("stride of one axis for all", (n,) * case.dims, d, case.dims) for n in s),
        *(("dilation of one axis for all", s, (n,) * case.dims, case.dims) for n in d),
        ("dilation multiplied by the stride", s, _times(s, d), 1),
        ("stride multiplied by the dilation", _times(s, d), d, 1),
    ]
    for name, stride, dilation, choices in strides:
        # A kernel that errs so has its padding from before, or makes it by the same mistake.
        for lows in {low, _rule(case, stride, dilation)}:
            yield _Shape(name, stride, dilation, lows, choices)
    yield from _moved(case, right)


def _but_one(steps: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return tuple(1 if at == axis else n for at, n in enumerate(steps))


def _paddings(case: Case, right: _Shape) -> Iterator[_Shape]:
    low, high = right.low, tuple(hi for _, hi in case.pads)
    total = tuple(lo + hi for lo, hi in case.pads)
    yield right._replace(name="zeros before and after swapped", low=high)
    yield right._replace(name="all zeros after", low=tuple(min(lo, 0) for lo in low))
    yield right._replace(name="all zeros before", low=total)
    for order in list(itertools.permutations(range(case.dims)))[1:]:
        yield right._replace(name="padding of another axis", low=_taken(low, order))
    clipped = tuple(max(lo, 0) for lo in low)
    yield right._replace(name="cropping ignored", low=clipped)
    if case.padding in ("SAME", "SAME_LOWER"):
        axes = list(zip(case.input, case.output, case.stride, case.extents, strict=True))
        for up in (0, 1):  # half of an odd negative number, rounded either way
            below = tuple(((o - 1) * s + e - i + up) // 2 for i, o, s, e in axes)
            yield right._replace(name="SAME padding below zero", low=below, choices=2)


def _moved(case: Case, right: _Shape) -> Iterator[_Shape]:
    """Yield windows that lie off, along each axis and along all."""
    reach = max(map(max, (case.stride, case.dilation, case.kernel)))
    along = [tuple(int(a == b) for b in range(case.dims)) for a in range(case.dims)]
    along += [(1,) * case.dims] if case.dims > 1 else []
    for step in (s for n in range(1, reach + 1) for s in (n, -n)):
        near = abs(step) == 1
        for axis in along:
            low = tuple(lo + step * a for lo, a in zip(right.low, axis, strict=True))
            yield right._replace(
                name="moved by one place" if near else "moved by several places",
                low=low,
                choices=2 * len(along) * (1 if near else reach),
                rank=0 if near else 1,
            )
    # Windows in the middle of what VALID leaves unused, rather than at its start.
    middle = tuple(lo - n // 2 for lo, n in zip(right.low, case.unused, strict=True))
    yield right._replace(name="moved by several places", low=middle)


def _rule(case: Case, stride: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """Return the zeros before each axis that the case's rule means for other numbers."""
    if case.padding not in ("SAME", "SAME_LOWER"):
        return tuple(lo for lo, _ in case.pads)
    lower = case.padding == "SAME_LOWER"
    axes = zip(case.input, case.kernel, stride, dilation, strict=True)
    return tuple(geometry.same_padding(*axis, lower=lower)[0] for axis in axes)


def _blocks(subject: Subject) -> Iterator[Mistake]:
    """Yield the stride taken inside each of the ``dilation`` interleaved images."""
    case, came = subject.case, subject.actual.shape
    both = max(case.stride) > 1 and max(case.dilation) > 1
    if not both or (not subject.shaped and subject.op != "conv") or len(came) != len(case.y_shape):
        return
    outputs = came[1:-1] if subject.result == "dy" else case.output
    places = [
        (np.arange(o) // d) * s * d + np.arange(o) % d
        for o, s, d in zip(outputs, case.stride, case.dilation, strict=True)
    ]
    if 0 in came or 0 in case.output:
        return
    one = (1,) * case.dims
    axes = list(zip(places, case.extents, case.input, strict=True))

    def value(low: tuple[int, ...], given: Given) -> Float64:
        pads = tuple(
            (lo, int(p.max()) + e - i - lo) for lo, (p, e, i) in zip(low, axes, strict=True)
        )
        dense = case.replace(stride=one, padding=pads)
        taken = (slice(None), *np.ix_(*places))
        if subject.result == "dy":
            found: Float64 = subject.right(given, dense)[taken]
            return found
        spread = np.zeros(dense.y_shape)
        spread[taken] = given["dy"]
        return subject.right({**given, "dy": spread}, dense)

    for low in {tuple(lo for lo, _ in case.pads), _rule(case, one, case.dilation)}:
        name = "stride inside the blocks of the dilation"
        if subject.op in ("conv", "backprop_input", "transpose", "backprop_filter"):
            yield Mistake(name, functools.partial(value, low), choices=2)


def _other_padding(subject: Subject) -> Iterator[Mistake]:
    case = subject.case
    pads = tuple((max(lo, 0), max(hi, 0)) for lo, hi in case.pads)
    if "x" not in subject.reads or not any(map(any, pads)):
        return
    inside = tuple((lo - a, hi - b) for (lo, hi), (a, b) in zip(case.pads, pads, strict=True))
    larger = tuple(i + sum(p) for i, p in zip(case.input, pads, strict=True))
    padded = case.replace(input=larger, padding=inside)

    def value(mode: str, given: Given) -> Float64:
        image = np.pad(given["x"], ((0, 0), *pads, (0, 0)), mode=mode)  # type: ignore[call-overload]
        return subject.right({**given, "x": image}, padded)

    for name, mode in _MODES.items():
        yield Mistake(name, functools.partial(value, mode))


def _taken(numbers: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(numbers[n] for n in order)


def _times(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(m * n for m, n in zip(a, b, strict=True))
