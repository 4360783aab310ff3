"""Random cases: drawn afresh over all that a convolution can be, mutated, or spliced of two.

Sizes are log-uniform, with the edges of vector registers (7, 8, 9, 15, ...) among the channels, so
that one and forty are about as likely as one another. What comes out is always valid and small.

>>> from random import Random
>>> case = fresh(Random(1), Space())
>>> case == fresh(Random(1), Space()), case.macs <= Space().macs
(True, True)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from random import Random
from typing import Any, Callable, NamedTuple, TypeVar

from convergent.cases.case import DATA, DTYPES, LAYOUTS, MEMORY, PADDINGS, SPECIAL, Case, Padding
from convergent.cases.errors import InvalidCase
from convergent.cases.geometry import extent
from convergent.cases.record import record

SEEDS = 100
_TAILS = (7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65)
_MOST_CHANNELS = 80
_MOST_BATCH = 20
_LARGEST = {1: (33, 200), 2: (11, 30), 3: (5, 9)}  # kernel, spare input, by dimensions
_STRIDE, _DILATION = 7, 5
_TRIES = 50

_T = TypeVar("_T")


@record
class Space:
    """What cases are drawn from: dtypes, and how large one may be.

    ``macs`` bounds the multiply-adds of a map, ``elements`` each operand: a check of such a case
    takes milliseconds.
    """

    dtypes: tuple[str, ...] = DTYPES
    macs: int = 1 << 18
    elements: int = 1 << 14

    def has(self, case: Case) -> bool:
        """Say whether ``case`` lies in this space."""
        shapes = (case.x_shape, case.w_shape, case.y_shape)
        return (
            case.dtype in self.dtypes
            and case.macs <= self.macs
            and max(map(math.prod, shapes)) <= self.elements
            and not case.data.startswith("golden")
        )


class _Axis(NamedTuple):
    input: int
    kernel: int
    stride: int
    dilation: int
    pads: tuple[int, int]  # (0, 0) where a rule says them


def fresh(rng: Random, space: Space) -> Case:
    """Draw a case of any kind from ``space``."""
    while True:
        dims = _weighted(rng, {2: 5, 1: 3, 3: 2})
        rule = _rule(rng)
        axes = [_axis(rng, dims, rule)] * dims
        if rng.random() < 0.6:
            axes = [_axis(rng, dims, rule) for _ in range(dims)]
        found = _valid(space, **_joined(axes, rule), **_counts(rng), **_words(rng, space))
        if found:
            return found


def mutated(rng: Random, case: Case, space: Space) -> Case:
    """Return ``case`` with one or two things changed and other data; a fresh one if that fails."""
    for _ in range(_TRIES):
        changes: dict[str, Any] = {"seed": rng.randrange(SEEDS)}
        for _ in range(rng.choice((1, 1, 2))):
            changes.update(rng.choice(_MUTATIONS)(rng, case))
        found = _valid(space, **{**_fields(case), **changes})
        if found and found.replace(seed=case.seed) != case:
            return found
    return fresh(rng, space)


def spliced(rng: Random, case: Case, other: Case, space: Space) -> Case:
    """Return the geometry of ``case`` with the channels, the words, or both, of ``other``."""
    parts = rng.choice((_COUNTS, _WORDS, _COUNTS + _WORDS))
    taken = {name: getattr(other, name) for name in parts}
    fields = {**_fields(case), **taken, "seed": rng.randrange(SEEDS)}
    return _valid(space, **fields) or mutated(rng, case, space)


_COUNTS = ("batch", "in_channels", "out_channels", "groups")
_WORDS = ("dtype", "layout", "memory", "data")
_SPATIAL = ("input", "kernel", "stride", "dilation", "padding")


def _fields(case: Case) -> dict[str, Any]:
    fields = {name: getattr(case, name) for name in _SPATIAL + _COUNTS + _WORDS}
    if case.data.startswith("golden"):  # published numbers are of one geometry
        fields["data"] = "exact"
    return fields


def _valid(space: Space, **fields: Any) -> Case | None:
    try:
        case = Case(**fields)
    except InvalidCase:
        return None
    return case if space.has(case) else None


def _size(rng: Random, least: int, most: int) -> int:
    """Draw a log-uniform size from ``least`` (at least 1) to ``most``."""
    return min(most, int(least * ((most + 1) / least) ** rng.random()))


def _weighted(rng: Random, weights: dict[_T, int]) -> _T:
    place = rng.random() * sum(weights.values())
    summed = itertools.accumulate(weights.values())
    return next(key for key, end in zip(weights, summed) if place < end)


def _rule(rng: Random) -> str:
    return _weighted(rng, {"explicit": 5, **dict.fromkeys(PADDINGS, 2)})


def _axis(rng: Random, dims: int, rule: str) -> _Axis:
    most_kernel, most_spare = _LARGEST[dims]
    kernel = _size(rng, 1, most_kernel)
    stride = 1 if rng.random() < 0.5 else _size(rng, 2, _STRIDE)
    dilation = 1 if rng.random() < 0.6 else _size(rng, 2, _DILATION)
    covered = extent(kernel, dilation)
    lo, hi = _pads(rng, covered) if rule == "explicit" else (0, 0)
    spare = 0 if rng.random() < 0.2 else _size(rng, 1, most_spare + 1) - 1
    if rule.startswith("SAME"):  # any input has an output, shorter than the kernel or not
        return _Axis(1 + spare, kernel, stride, dilation, (lo, hi))
    shortest = covered - lo - hi
    if rng.random() < 0.02:  # as many have no output
        shortest -= rng.randrange(1, stride + 1)
        spare = 0
    return _Axis(max(1, shortest) + spare, kernel, stride, dilation, (lo, hi))


def _pads(rng: Random, covered: int) -> tuple[int, int]:
    """Draw zeros before and after: none, even, one-sided, uneven, cropping, beyond the kernel."""
    few = _size(rng, 1, max(1, covered - 1))
    other = _size(rng, 1, max(1, covered - 1))
    beyond = covered + _size(rng, 1, covered + 1) - 1
    crop = -_size(rng, 1, 3)
    return _weighted(
        rng,
        {
            (few, few): 4,
            (0, 0): 2,
            (few, 0): 2,
            (0, few): 2,
            (few, other): 2,
            (crop, other): 1,
            (few, crop): 1,
            (crop, crop): 1,
            (beyond, few): 1,
            (0, beyond): 1,
            (beyond, beyond): 1,
        },
    )


def _joined(axes: Sequence[_Axis], rule: str) -> dict[str, Any]:
    size, kernel, stride, dilation, pads = zip(*axes)
    padding: Padding = pads if rule == "explicit" else rule
    return dict(zip(_SPATIAL, (size, kernel, stride, dilation, padding)))


def _channels(rng: Random) -> int:
    if rng.random() < 0.3:
        return rng.choice(_TAILS)
    return _size(rng, 1, _MOST_CHANNELS)


def _counts(rng: Random) -> dict[str, Any]:
    """Draw batch, channels and groups: few of them empty, every third or so in groups."""
    kind = _weighted(rng, {"none": 9, "grouped": 5, "depthwise": 3, "multiplier": 3})
    groups = 1 if kind == "none" else _size(rng, 2, 24)
    if kind in ("depthwise", "multiplier") and rng.random() < 0.3:
        groups = rng.choice(_TAILS)
    each_in = 1 if kind in ("depthwise", "multiplier") else _channels(rng)
    each_out = 1 if kind == "depthwise" else _channels(rng)
    if kind == "multiplier":
        each_out = _size(rng, 2, 5)
    batch = 1 if rng.random() < 0.4 else _size(rng, 2, _MOST_BATCH)
    empty = rng.random() * 100
    return {
        "batch": 0 if empty < 1 else batch,
        "in_channels": 0 if 1 <= empty < 2 else groups * each_in,
        "out_channels": 0 if 2 <= empty < 3 else groups * each_out,
        "groups": groups,
    }


def _words(rng: Random, space: Space) -> dict[str, Any]:
    return {
        "dtype": rng.choice(space.dtypes),
        "layout": rng.choice(LAYOUTS),
        "memory": _memory(rng),
        "data": _data(rng),
        "seed": rng.randrange(SEEDS),
    }


def _memory(rng: Random) -> str:
    return MEMORY[0] if rng.random() < 0.7 else rng.choice(MEMORY[1:])


def _data(rng: Random) -> str:
    if rng.random() < 0.8:
        return rng.choice((DATA[0], *DATA))
    return rng.choice([kind for kind in SPECIAL if kind != "illegal"])


def _axes(case: Case) -> tuple[list[_Axis], str]:
    rule = case.padding if isinstance(case.padding, str) else "explicit"
    pads = [(0, 0)] * case.dims if isinstance(case.padding, str) else case.padding
    columns = zip(case.input, case.kernel, case.stride, case.dilation, pads)
    return [_Axis(*column) for column in columns], rule


def _with_an_axis(rng: Random, case: Case) -> dict[str, Any]:
    """Change one axis as a whole, or one number of it."""
    axes, rule = _axes(case)
    place = rng.randrange(case.dims)
    new, old = _axis(rng, case.dims, rule), axes[place]
    field = rng.choice((*_SPATIAL[:4], "all"))
    axes[place] = new if field == "all" else old._replace(**{field: getattr(new, field)})
    return _joined(axes, rule)


def _with_a_step(rng: Random, case: Case) -> dict[str, Any]:
    """Make one size of one axis larger or smaller by one."""
    axes, rule = _axes(case)
    place, field = rng.randrange(case.dims), rng.choice(_SPATIAL[:4])
    size = getattr(axes[place], field) + rng.choice((-1, 1))
    axes[place] = axes[place]._replace(**{field: max(1, size)})
    return _joined(axes, rule)


def _with_pads(rng: Random, case: Case) -> dict[str, Any]:
    axes, _ = _axes(case)
    rule = _rule(rng)
    padded = [axis._replace(pads=_pads(rng, extent(axis.kernel, axis.dilation))) for axis in axes]
    return _joined(padded, rule)


def _with_dims(rng: Random, case: Case) -> dict[str, Any]:
    """Add a dimension, drop one, or change the order of them."""
    axes, rule = _axes(case)
    chosen = rng.choice(("add", "drop", "turn"))
    if chosen == "add" and case.dims < max(_LARGEST):
        axes.insert(rng.randrange(case.dims + 1), _axis(rng, case.dims + 1, rule))
    elif chosen == "drop" and case.dims > 1:
        del axes[rng.randrange(case.dims)]
    return _joined(axes[1:] + axes[:1], rule)


def _with_one_count(rng: Random, case: Case) -> dict[str, Any]:
    name = rng.choice(_COUNTS)
    value = getattr(case, name)
    return {name: rng.choice((max(0, value - 1), value + 1, 2 * value, value // 2))}


_MUTATIONS: tuple[Callable[[Random, Case], dict[str, Any]], ...] = (
    _with_an_axis,
    _with_an_axis,
    _with_a_step,
    _with_pads,
    _with_dims,
    _with_one_count,
    lambda rng, _: _counts(rng),
    lambda rng, _: {"dtype": rng.choice(DTYPES)},
    lambda rng, _: {"layout": rng.choice(LAYOUTS)},
    lambda rng, _: {"memory": _memory(rng)},
    lambda rng, _: {"data": _data(rng)},
)
