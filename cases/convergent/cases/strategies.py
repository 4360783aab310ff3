"""Hypothesis strategies for cases: for property tests here and elsewhere, and for fuzzing.

Every draw is valid by construction: the input is drawn last, long enough for the rest. It shrinks
to few dimensions, small sizes, stride 1 and VALID.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from convergent.cases.case import DATA, DTYPES, LAYOUTS, PADDINGS, Case
from convergent.cases.geometry import extent

# Largest kernel, dilation, spare input and channels per group, by dimensions.
_LIMITS = {1: (5, 3, 6, 4), 2: (4, 3, 3, 3), 3: (3, 2, 2, 2)}
_LARGEST_STRIDE = 4
_LARGEST_PAD = 4
_DEEPEST_CROP = 2


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    dtypes: Sequence[str] = DTYPES,
    layouts: Sequence[str] = LAYOUTS,
    data: Sequence[str] = DATA,
    dims: Sequence[int] = tuple(_LIMITS),
) -> Case:
    """Draw a small case of any geometry, of the dtypes, layouts, kinds of data and dims given."""
    rank = draw(st.sampled_from(dims))
    rule = draw(st.sampled_from((*PADDINGS, "explicit")))
    axes = [draw(_axes(rank, rule)) for _ in range(rank)]
    size, kernel, stride, dilation, pads = (tuple(column) for column in zip(*axes))
    groups = draw(st.integers(1, 3))
    channels = st.integers(1, _LIMITS[rank][3]).map(lambda each: each * groups)
    return Case(
        input=size,
        kernel=kernel,
        batch=draw(st.integers(1, 3)),
        in_channels=draw(channels),
        out_channels=draw(channels),
        groups=groups,
        stride=stride,
        dilation=dilation,
        padding=pads if rule == "explicit" else rule,
        dtype=draw(st.sampled_from(dtypes)),
        layout=draw(st.sampled_from(layouts)),
        data=draw(st.sampled_from(data)),
        seed=draw(st.integers(0, 2**32)),
    )


@st.composite
def _axes(draw: st.DrawFn, rank: int, rule: str) -> tuple[int, int, int, int, tuple[int, int]]:
    """Draw one axis: input, kernel, stride, dilation and, if it is explicit, padding."""
    largest_kernel, largest_dilation, spare, _ = _LIMITS[rank]
    kernel = draw(st.integers(1, largest_kernel))
    stride = draw(st.integers(1, _LARGEST_STRIDE))
    dilation = draw(st.integers(1, largest_dilation))
    zeros = st.integers(-_DEEPEST_CROP, _LARGEST_PAD)
    lo, hi = draw(st.tuples(zeros, zeros)) if rule == "explicit" else (0, 0)
    # SAME makes an output of any input; a crop leaves at least one place of the image.
    shortest = 1 if rule.startswith("SAME") else extent(kernel, dilation) - lo - hi
    shortest = max(shortest, 1 - min(lo, 0) - min(hi, 0))
    size = draw(st.integers(shortest, shortest + spare))
    return size, kernel, stride, dilation, (lo, hi)
