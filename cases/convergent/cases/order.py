"""Which of two cases is simpler, and what a case may be shrunk to.

>>> from convergent.cases.text import parse
>>> rank(parse("conv2d:i4_k3")) < rank(parse("conv2d:i4_k3_s2")) < rank(parse("conv2d:i5_k3"))
True
>>> [str(case) for case in simpler(parse("conv1d:i2_k1_s2"))]
['conv1d:i1_k1_s2', 'conv1d:i2_k1', 'conv1d:i1_k1']
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from convergent.cases import moves
from convergent.cases.case import DATA, LAYOUTS, MEMORY, SPECIAL, Case

_DATA = ("exact", "uniform", "normal", *SPECIAL)
assert set(DATA) < set(_DATA)
_PADDINGS = ("VALID", "symmetric", "asymmetric", "SAME", "SAME_LOWER", "cropped")


def rank(case: Case) -> tuple[Any, ...]:
    """Return what orders all cases strictly, the simplest first; it is compared, nothing else.

    An operand without elements is a question of its own, so that nothing shrinks into one. Then
    count dimensions; elements of the image and of the filter (as if there were no groups); the
    sum of all sizes; how many attributes are not the default; each of these; at last the line.
    """
    sizes = (case.batch, case.in_channels, case.out_channels)
    return (
        sum(not size for size in (*sizes, *case.output)),
        case.dims,
        math.prod(case.x_shape) + math.prod(case.kernel) * math.prod(sizes[1:]),
        sum(sizes) + sum(case.input) + sum(case.kernel),
        *_attributes(case),
        case.input,
        case.kernel,
        sizes,
        str(case),
    )


def simpler(case: Case) -> Iterator[Case]:
    """Yield the cases to try in place of ``case``: each once, each of strictly lower rank.

    The most promising come first: fewer dimensions, large jumps, small steps, then two changes at
    once, other seeds and other orders of the axes. The dtype stays. There are finitely many, and
    no endless descent, as no rank has endlessly many below it that a move leads to.
    """
    own, seen = rank(case), {case}
    for candidate in moves.moves(case):
        if candidate not in seen and rank(candidate) < own:
            seen.add(candidate)
            yield candidate


def _attributes(case: Case) -> tuple[int, ...]:
    """Return how many attributes are not the default, and how far each is from it."""
    padding = _padding(case)
    data = _DATA.index(case.data) if case.data in _DATA else len(_DATA)
    values = (
        case.groups - 1,
        sum(case.stride) - case.dims,
        sum(case.dilation) - case.dims,
        padding,
        LAYOUTS.index(case.layout),
        MEMORY.index(case.memory),
        data,
        case.seed,
    )
    zeros = 0 if isinstance(case.padding, str) else sum(abs(n) for p in case.padding for n in p)
    return (sum(map(bool, values)), *values[:4], zeros, *values[4:])


def _padding(case: Case) -> int:
    if isinstance(case.padding, str):
        return _PADDINGS.index(case.padding)
    if any(min(pair) < 0 for pair in case.padding):
        return _PADDINGS.index("cropped")
    same = all(before == after for before, after in case.padding)
    return _PADDINGS.index("symmetric" if same else "asymmetric")
