"""Every boundary that the suite is for has a case, and every tail is complete."""

import math
from collections import defaultdict

import pytest

from convergent.cases import edge, suites
from convergent.cases.case import DATA, DTYPES, LAYOUTS
from convergent.cases.features import features

CASES = suites.load("edge")
TAILS = {*range(1, 18), 31, 32, 33, 63, 64, 65}
PRIMES = {2, 3, 5, 7, 11, 13, 17, 23}

BOUNDARIES = {
    "an output of one place": lambda c: set(c.output) == {1},
    "a kernel larger than the image": lambda c: any(map(int.__gt__, c.kernel, c.input)),
    "larger by its dilation alone": lambda c: (
        "kernel_beyond_input" in features(c) and all(map(int.__le__, c.kernel, c.input))
    ),
    "larger in one dimension alone": lambda c: (
        {e > i for e, i in zip(c.extents, c.input, strict=True)} == {True, False}
    ),
    "a stride larger than the kernel": lambda c: any(map(int.__gt__, c.stride, c.kernel)),
    "larger than the dilated kernel": lambda c: (
        max(c.dilation) > 1 and "stride_beyond_kernel" in features(c)
    ),
    "padding as long as the kernel": lambda c: "padding_beyond_kernel" in features(c),
    "zeros before alone": lambda c: explicit(c) and any(lo > 0 == hi for lo, hi in c.pads),
    "zeros after alone": lambda c: explicit(c) and any(hi > 0 == lo for lo, hi in c.pads),
    "output padding": lambda c: max(c.unused) > 0,
    "output padding of one dimension alone": lambda c: max(c.unused) > 0 == min(c.unused),
    "output padding and dilation": lambda c: max(c.unused) > 0 and max(c.dilation) > 1,
    "output padding and groups": lambda c: max(c.unused) > 0 and c.groups > 1,
    "SAME, even kernel, stride": lambda c: even(c, "SAME") and max(c.stride) > 1,
    "SAME, even kernel, no stride": lambda c: even(c, "SAME") and max(c.stride) == 1,
    "SAME_LOWER, even kernel, stride": lambda c: even(c, "SAME_LOWER") and max(c.stride) > 1,
    "SAME_LOWER, even kernel, no stride": lambda c: even(c, "SAME_LOWER") and max(c.stride) == 1,
    "a group per channel": lambda c: "depthwise" in features(c) and c.groups == c.out_channels,
    "several outputs per channel": lambda c: "multiplier" in features(c),
    "groups, more in than out": lambda c: c.groups > 1 and c.in_channels > c.out_channels,
    "groups of several, more out than in": lambda c: 1 < c.groups < c.in_channels < c.out_channels,
    "prime sizes": lambda c: {*c.input, *c.kernel, c.in_channels, c.out_channels} <= PRIMES,
    "batch of one": lambda c: c.batch == 1,
    "one channel": lambda c: c.in_channels == 1,
    "one filter": lambda c: c.out_channels == 1,
    "all of one": lambda c: math.prod((*c.x_shape, *c.w_shape)) == 1,
    "asymmetric on both sides": lambda c: any(0 < lo != hi > 0 for lo, hi in c.pads),
    "crops before": lambda c: any(lo < 0 for lo, _ in c.pads),
    "crops after": lambda c: any(hi < 0 for _, hi in c.pads),
    "crops here and pads there": lambda c: any(lo * hi < 0 for lo, hi in c.pads),
    "crops to one place": lambda c: any(
        min(lo, 0) + min(hi, 0) + i == 1 < i for i, (lo, hi) in zip(c.input, c.pads, strict=True)
    ),
    "unequal dilations": lambda c: len(set(c.dilation)) > 1,
    "dilation of a kernel of one": lambda c: max(c.kernel) == 1 < max(c.dilation),
    "taps that meet zeros alone": lambda c: "idle_tap" in features(c) and max(c.dilation) > 1,
    "stride and dilation with a common factor": lambda c: any(
        math.gcd(s, d) > 1 for s, d in zip(c.stride, c.dilation, strict=True)
    ),
    "stride and dilation without one": lambda c: any(
        min(s, d) > 1 == math.gcd(s, d) for s, d in zip(c.stride, c.dilation, strict=True)
    ),
}
ONES = {
    **{f"{dims}-D image, {axis}": (dims, "input", axis) for dims in (1, 2, 3)
       for axis in range(dims)},
    **{f"{dims}-D kernel, {axis}": (dims, "kernel", axis) for dims in (1, 2, 3)
       for axis in range(dims)},
    **{f"{dims}-D output, {axis}": (dims, "output", axis) for dims in (1, 2, 3)
       for axis in range(dims)},
}  # fmt: skip
POSITIONS = {
    "input channels": lambda c: c.in_channels,
    "output channels": lambda c: c.out_channels,
    "columns of the image": lambda c: c.input[-1],
    "columns of the output": lambda c: c.output[-1],
    "samples": lambda c: c.batch,
}


def explicit(case):
    return not isinstance(case.padding, str)


def even(case, rule):
    return case.padding == rule and any(k % 2 == 0 for k in case.kernel)


@pytest.mark.parametrize("name", BOUNDARIES)
def test_every_boundary_has_a_case(name):
    assert any(map(BOUNDARIES[name], CASES))


@pytest.mark.parametrize(("dims", "what", "axis"), ONES.values(), ids=ONES)
def test_a_size_of_one_stands_in_every_position_alone(dims, what, axis):
    """Alone: the other sizes of the same kind are larger, where there are others."""
    assert any(
        case.dims == dims
        and [size == 1 for size in getattr(case, what)] == [n == axis for n in range(dims)]
        for case in CASES
    )


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tails_are_complete_in_every_position_and_dtype(position, dtype):
    assert {POSITIONS[position](c) for c in edge.tails() if c.dtype == dtype} == TAILS


@pytest.mark.parametrize("position", POSITIONS)
def test_every_tail_has_both_layouts(position):
    found = defaultdict(set)
    for case in edge.tails():
        found[POSITIONS[position](case)].add(case.layout)
    assert all(layouts == set(LAYOUTS) for layouts in found.values())


@pytest.mark.parametrize("said", list(edge.edges()))
def test_every_boundary_has_every_dtype_and_both_layouts(said):
    cases = edge.edges()[said]
    assert {case.dtype for case in cases} == set(DTYPES)
    assert {case.layout for case in cases} == set(LAYOUTS)
    assert {case.data for case in cases} == set(DATA)


@pytest.mark.parametrize("said", list(edge.BOUNDARIES))
def test_every_boundary_has_all_dimensions(said):
    assert {case.dims for case in edge.edges()[said]} == {1, 2, 3}


def test_dtype_layout_and_data_occur_in_all_combinations():
    found = {(case.dtype, case.layout, case.data) for case in CASES}
    assert len(found) == len(DTYPES) * len(LAYOUTS) * len(DATA)


def test_the_suite_is_what_the_module_makes(capsys):
    edge.main()
    assert capsys.readouterr().out == suites._text("edge")


def test_the_suite_is_small():
    assert 150 <= len(CASES) <= 220
    assert max(case.macs for case in CASES) < 5_000_000
    assert sorted(case.macs for case in CASES)[len(CASES) // 2] < 10_000
