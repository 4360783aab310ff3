"""benchdnn's descriptors: each rule of its documentation, and the entry at fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergent.cases.errors import InvalidCase
from convergent.cases.foreign.benchdnn import parse
from convergent.cases.strategies import cases
from convergent.cases.text import parse as line

CONV = {
    "the example of the documentation, with delimiters": (
        "g20_mb1_ic20ih10_oc20oh10_kh3ph1",
        "conv2d:i10_c20_k3_o20_g20_p1",
    ),
    "the first layer of the documentation's AlexNet": (
        'ic3ih227iw227_oc96oh55ow55_kh11kw11_sh4sw4ph0pw0_n"alexnet:conv1"',
        "conv2d:n2_i227_c3_k11_o96_s4_p0",
    ),
    "no group, two images, dense, stride 1 unless said": (
        "ic3ih8oc4kh3",
        "conv2d:n2_i8_c3_k3_o4_p0",
    ),
    "everything said": (
        "g2mb3ic4id5ih6iw7oc6od3oh3ow2kd2kh3kw4sd2sh1sw3pd1ph0pw2dd1dh0dw1nall",
        "conv3d:n3_i5x6x7_c4_k2x3x4_o6_g2_s2x1x3_d2x1x2_p1x0+-1x2",
    ),
    "depth alone is a cube": ("mb1ic3oc4id8kd3pd1", "conv3d:i8_c3_k3_o4_p1"),
    "height alone is a square": (
        "mb1ic3oc4ih8kh3sh2ph1dh1",
        "conv2d:i8_c3_k3_o4_s2_d2_p1",
    ),
    "width alone has one dimension": ("mb1ic3oc4iw8kw3", "conv1d:i8_c3_k3_o4_p0"),
    "depth of 1 makes three dimensions": (
        "mb1ic1oc1id1kd1ih5kh3iw6kw2",
        "conv3d:i1x5x6_k1x3x2_p0",
    ),
    "height of 1 makes two dimensions": ("mb1ic1oc1ih1kh1iw6kw3", "conv2d:i1x6_k1x3_p0"),
    "entries in any order": ("kh3_oc4_ph1_ih8_mb1_ic3", "conv2d:i8_c3_k3_o4_p1"),
    "the last counts of what is said twice": ("mb1ic3ih7ih8oc4kh3", "conv2d:i8_c3_k3_o4_p0"),
    "an output of 0 is not said": ("mb1ic1oc1ih8oh0kh3", "conv2d:i8_k3_p0"),
    "an empty batch": ("mb0ic1oc1ih8kh3", "conv2d:n0_i8_k3_p0"),
    "padding without an output is the same after as before": (
        "mb1ic1oc1ih7kh4ph2",
        "conv2d:i7_k4_p2",
    ),
    "trailing places may stay unused": ("mb1ic1oc1ih8kh3sh2", "conv2d:i8_k3_s2_p0"),
    "an output that needs none has no padding": ("mb1ic1oc1ih8oh6kh3", "conv2d:i8_k3_p0"),
    "padding that an output needs is halved, the odd zero after": (
        "mb1ic1oc1ih8oh4kh3sh2",
        "conv2d:i8_k3_s2_p0+1",
    ),
    "padding after makes up for the padding before": (
        "mb1ic1oc2_ih3oh10kh2sh1dh1ph4_iw5ow12kw2sw1dw1pw2",
        "conv2d:i3x5_k2_o2_d2_p4+5x2+7",
    ),
    "a small output crops": ("mb1ic1oc1ih10oh5kh1ph1", "conv2d:i10_k1_p1+-6"),
    "half of less than nothing is rounded towards zero": (
        "mb1ic1oc1ih10oh3kh1sh2",
        "conv2d:i10_k1_s2_p-2",
    ),
    "so is an output: a kernel longer than the image has one": (
        "mb1ic1oc1ih3kh4sh2",
        "conv2d:i3_k4_s2_p0+1",
    ),
    "a name may hold anything": ('mb1ic1oc1ih8kh3n"g_=0:ic"', "conv2d:i8_k3_p0"),
    "a name may be empty": ("mb1ic1oc1ih8kh3n", "conv2d:i8_k3_p0"),
}

DECONV = {
    "channels and image are those of the convolution whose transpose it is": (
        "mb1ic6ih5oc4kh3",
        "conv2d:i7_c4_k3_o6_p0",
    ),
    "an output is computed": ("mb1ic1oc1ih5kh4sh3ph1dh1", "conv2d:i17_k4_s3_d2_p1"),
    "padding that an output needs is halved": ("mb1ic1oc1ih5oh10kh4sh2", "conv2d:i10_k4_s2_p1"),
    "output padding is places that the convolution leaves unused": (
        "mb1ic6ih5oc4oh10kh3sh2ph1",
        "conv2d:i10_c4_k3_o6_s2_p1",
    ),
    "more output padding than a stride is a crop": (
        "mb1ic1oc1iw5ow14kw3sw2pw1",
        "conv1d:i14_k3_s2_p1+-3",
    ),
    "groups": ("g2mb1ic6iw5oc4kw3", "conv1d:i7_c4_k3_o6_g2_p0"),
    "a cube": ("mb1ic1oc1id3kd2sd2", "conv3d:i6_k2_s2_p0"),
}


@pytest.mark.parametrize(("text", "expected"), CONV.values(), ids=CONV)
def test_a_convolution(text, expected):
    assert str(parse(text)) == expected


@pytest.mark.parametrize(("text", "expected"), DECONV.values(), ids=DECONV)
def test_a_deconvolution(text, expected):
    assert str(parse(text, deconv=True)) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("ih8oc4kh3", "says no ic"),
        ("ic0ih8oc4kh3", "says no ic, or 0"),
        ("ic3ih8kh3", "says no oc"),
        ("g0ic3ih8oc4kh3", "says g0"),
        ("ic3ih8oc4kh3sw0", "says sw0"),
        ("ic3oc4", "has no dimension"),
        ("ic3oc4pw0", "has no dimension"),
        ("ic3oc4ih8", "no kh"),
        ("ic3oc4kh3", "no ih"),
        ("ic3oc4ih8kh3sw2", "no iw"),
        ("ic3oc4id8kd3ih8kh3", "depth and one other"),
        ("ic3oc4ih8kh", "no number after kh"),
        ("ic3oc4ih-8kh3", "no number after ih"),
        ("ic3oc4ih" + "9" * 5000 + "kh3", "no size can have"),
        ("ic3oc4ih8kh3ph1_q7", "no entry begins with 'q7'"),
        ("ic3__oc4ih8kh3", "no entry begins with '_oc4ih8kh3'"),
        ("_ic3oc4ih8kh3", "no entry begins with"),
        ("IC3oc4ih8kh3", "no entry begins with"),
        ("ic3oc4kc8", "no entry begins with 'kc8'"),
        ("16x16:16x16", "no entry begins with '16x16"),
        ("ic٣oc4ih8kh3", "no number after ic"),
        ("ic3oc4ih3kh4", "h has no output"),
        ("ic3oc4g2ih8kh3", "no multiple of 2 groups"),
    ],
)
def test_what_is_no_descriptor_is_refused_with_the_entry_at_fault(text, part):
    with pytest.raises(InvalidCase) as caught:
        parse(text)
    assert part in str(caught.value)
    assert len(str(caught.value)) < 300


def numbers(case):
    """Return what makes the map; unused places are a crop, so that two ways to say it are equal."""
    pads = tuple((lo, hi - rest) for (lo, hi), rest in zip(case.pads, case.unused, strict=True))
    return case.x_shape, case.w_shape, case.y_shape, case.groups, case.stride, case.dilation, pads


def written(case, *, deconv=False):
    """Write a descriptor with everything said."""
    i, o = (case.output, case.input) if deconv else (case.input, case.output)
    ic, oc = case.in_channels, case.out_channels
    said = f"g{case.groups}mb{case.batch}ic{oc if deconv else ic}oc{ic if deconv else oc}"
    for name, *sizes, (lo, _) in zip(
        "dhw"[-case.dims :], i, o, case.kernel, case.stride, case.dilation, case.pads, strict=True
    ):
        values = (*sizes[:-1], sizes[-1] - 1, lo)
        said += "".join(f"_{k}{name}{v}" for k, v in zip("ioksdp", values, strict=True))
    return f"{said}_n{case}"


@given(cases(), st.booleans())
def test_a_case_that_is_written_as_a_descriptor_is_the_same_map(case, deconv):
    if min(case.output) < 1 or min(lo for lo, _ in case.pads) < 0:
        return  # no descriptor says either
    found = parse(written(case, deconv=deconv), deconv=deconv)
    assert numbers(found) == numbers(case)


def test_the_same_map_by_both_drivers():
    case = line("conv2d:i9x8_c2_k3x2_o6_g2_s2_p1x0")
    both = parse(written(case)), parse(written(case, deconv=True), deconv=True)
    assert numbers(both[0]) == numbers(both[1]) == numbers(case)
