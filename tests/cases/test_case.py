import math

import pytest
from hypothesis import given

from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase
from convergent.cases.features import features
from convergent.cases.strategies import cases
from convergent.cases.text import parse


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"input": ()}, "0 spatial dimensions"),
        ({"input": (5,) * 4, "kernel": (3,) * 4}, "4 spatial dimensions"),
        ({"kernel": (3,)}, "kernel has 1 sizes, input has 2"),
        ({"stride": (1,)}, "stride has 1 sizes"),
        ({"dilation": (1, 1, 1)}, "dilation has 3 sizes"),
        ({"stride": (0, 1)}, "stride (0, 1) must be positive"),
        ({"input": (0, 5)}, "input (0, 5) must be positive"),
        ({"batch": -1}, "batch is -1"),
        ({"groups": 0}, "groups is 0"),
        ({"in_channels": 3, "groups": 2}, "in_channels 3 is no multiple of 2 groups"),
        ({"out_channels": 3, "in_channels": 2, "groups": 2}, "out_channels 3"),
        ({"padding": ((1, 1),)}, "padding has 1 pairs"),
        ({"padding": ((-3, -2), (0, 0))}, "crops all of an input of 5"),
        ({"padding": "FULL"}, "padding 'FULL' is none of VALID"),
        ({"dtype": "int8"}, "dtype 'int8' is none of"),
        ({"layout": "NHWC"}, "layout 'NHWC' is none of"),
        ({"data": "zeros"}, "data 'zeros' is none of"),
        ({"data": "goldenrod"}, "data 'goldenrod' is none of"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 10**18}, "seed 1000000000000000000"),
        ({"kernel": (7, 3)}, "the kernel covers (7, 3) but the padded input has (5, 5)"),
        ({"dilation": (4, 1)}, "the kernel covers (9, 3)"),
        ({"padding": ((0, -4), (0, 0))}, "less than no output is left"),
        ({"memory": "strided"}, "memory 'strided' is none of plain, offset"),
    ],
)
def test_what_no_convolution_has_is_refused_with_the_value(changes, part):
    with pytest.raises(InvalidCase) as caught:
        Case(**{"input": (5, 5), "kernel": (3, 3), **changes})
    assert part in str(caught.value)


def test_stride_and_dilation_default_to_one_in_every_dimension():
    case = Case(input=(5, 6, 7), kernel=(1, 2, 3))
    assert case.stride == case.dilation == (1, 1, 1)
    assert case == case.replace(stride=(1, 1, 1))


def test_a_replaced_case_is_validated_again():
    with pytest.raises(InvalidCase):
        parse("conv2d:i5_k3").replace(kernel=(7, 7))


def test_a_case_is_frozen_and_hashable():
    case = parse("conv2d:i5_k3")
    with pytest.raises(AttributeError):
        case.batch = 2
    assert {case: 1}[parse("conv2d:i5_k3")] == 1


@pytest.mark.parametrize(
    ("line", "pads", "output", "unused"),
    [
        ("conv2d:i5x6_k3x2", ((0, 0), (0, 0)), (3, 5), (0, 0)),
        ("conv2d:i5x6_k2_pSAME", ((0, 1), (0, 1)), (5, 6), (0, 0)),
        ("conv2d:i5x6_k2_pSAMELOWER", ((1, 0), (1, 0)), (5, 6), (0, 0)),
        # The table of the TensorFlow documentation: 13 wide, kernel 6, stride 5.
        ("conv1d:i13_k6_s5", ((0, 0),), (2,), (2,)),
        ("conv1d:i13_k6_s5_pSAME", ((1, 2),), (3,), (0,)),
        ("conv1d:i9_k3_s4_d2_p-1+2", ((-1, 2),), (2,), (1,)),
        ("conv1d:i5_k1_s3_pSAME", ((0, 0),), (2,), (1,)),
    ],
)
def test_pads_output_and_unused_input_follow_from_the_padding(line, pads, output, unused):
    case = parse(line)
    assert (case.pads, case.output, case.unused) == (pads, output, unused)


@given(cases())
def test_the_output_is_where_a_window_fits_and_nowhere_else(case):
    for axis in range(case.dims):
        padded = case.input[axis] + sum(case.pads[axis])
        starts = range(0, padded - case.extents[axis] + 1, case.stride[axis])
        assert case.output[axis] == len(starts)
        assert case.unused[axis] == padded - (starts[-1] + case.extents[axis])


@given(cases())
def test_shapes_hold_the_sizes_and_the_work(case):
    assert case.x_shape == (case.batch, *case.input, case.in_channels)
    assert case.w_shape[-2] * case.groups == case.in_channels
    assert case.y_shape == (case.batch, *case.output, case.out_channels)
    assert case.macs == math.prod(case.y_shape) * math.prod(case.w_shape) // case.out_channels


@given(cases())
def test_same_gives_an_output_per_stride(case):
    same = case.replace(padding="SAME")
    assert same.output == tuple(-(-i // s) for i, s in zip(case.input, case.stride, strict=True))
    lower = case.replace(padding="SAME_LOWER")
    assert lower.pads == tuple(pair[::-1] for pair in same.pads)


@given(cases())
def test_the_features_of_a_case_agree_with_each_other(case):
    has = features(case)
    assert len(has & {"1d", "2d", "3d"}) == 1
    assert len(has & {"valid", "same", "same_lower", "explicit"}) == 1
    assert case.dtype in has
    assert case.layout in has
    for word, implied in (
        ("multiplier", "depthwise"),
        ("depthwise", "grouped"),
        ("unequal_strides", "strided"),
        ("unequal_dilations", "dilated"),
        ("strided_dilated", "strided"),
        ("negative_padding", "explicit"),
    ):
        assert word not in has or implied in has


@given(cases())
def test_a_tap_is_idle_that_meets_the_image_at_no_place(case):
    sizes = (case.input, case.kernel, case.stride, case.dilation, case.pads, case.output)
    idle = any(
        all(not 0 <= place * s + tap * d - lo < i for place in range(out))
        for i, k, s, d, (lo, _), out in zip(*sizes, strict=True)
        for tap in range(k)
    )
    assert ("idle_tap" in features(case)) == idle


def test_the_features_of_a_padding_of_any_length_are_told_at_once():
    assert "idle_tap" not in features(parse("conv1d:i1_k2_p999999999"))
