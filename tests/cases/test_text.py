import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase
from convergent.cases.strategies import cases
from convergent.cases.text import parse

FIELDS = (
    "conv1d: conv2d: conv3d: _ x + - i k n c o g s d p seed 0 1 2 3 9 i5 k3 s2 p1 p-1 p0+1 "
    "pSAME pVALID pSAMELOWER float16 nchw nhwc normal golden golden3 ² ٣"
)
PIECES = st.sampled_from(FIELDS.split())


@given(cases(), st.sampled_from(["", "golden1", "golden12"]))
def test_a_printed_case_parses_back(case, golden):
    case = case.replace(data=golden or case.data)
    assert parse(str(case)) == case


@given(cases())
def test_a_line_is_safe_in_a_shell_in_a_file_name_and_in_pytest(case):
    assert set(str(case)) <= set("abcdefghijklmnopqrstuvwxyzSAMELOWER0123456789:_+-")


@given(cases(), cases())
def test_two_cases_never_share_a_line(one, other):
    assert (str(one) == str(other)) == (one == other)


@pytest.mark.parametrize(
    ("line", "case"),
    [
        ("conv1d:i8_k3", Case(input=(8,), kernel=(3,))),
        ("  conv2d:i8_k3\n", Case(input=(8, 8), kernel=(3, 3))),
        ("conv2d:k3_i8x8", Case(input=(8, 8), kernel=(3, 3))),
        ("conv2d:i8_k3_pVALID_float32_nhwc_exact_seed0_n1", Case(input=(8, 8), kernel=(3, 3))),
        (
            "conv2d:i8_k3_p1x0+2",
            Case(input=(8, 8), kernel=(3, 3), padding=((1, 1), (0, 2))),
        ),
        ("conv1d:i8_k3_p-1+2", Case(input=(8,), kernel=(3,), padding=((-1, 2),))),
        ("conv3d:i4_k1_ncdhw", Case(input=(4,) * 3, kernel=(1,) * 3, layout="channels_first")),
    ],
)
def test_a_line_means_this_case(line, case):
    assert parse(line) == case


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("", "'' is no case"),
        ("conv4d:i8_k3", "is no case"),
        ("conv2d:", "is no case"),
        ("conv2d:i8", "says no kernel; add kSIZE"),
        ("conv2d:k3", "says no input; add iSIZE"),
        ("conv2d:i8_k3_i9", "says input twice"),
        ("conv2d:i8_k3_pSAME_p1", "says padding twice"),
        ("conv2d:i8x8x8_k3", "'i8x8x8' gives 3 sizes for 2 dimensions"),
        ("conv2d:i8_k3_p1x1x1", "gives 3 sizes"),
        ("conv2d:i8_k3_p1+", "'p1+' is no padding"),
        ("conv2d:i8_k3_n1x2", "'n1x2' is no field"),
        ("conv1d:i8_k3_nchw", "'nchw' is no field of a 1-D case"),
        ("conv2d:i8_k3_float8", "'float8' is no field"),
        ("conv2d:i8_k3_", "'' is no field"),
        ("conv2d:i8_k3_golden", "'golden' is no field"),
        ("conv2d:i8x_k3", "'i8x' holds no whole number"),
        ("conv2d:i" + "9" * 5000 + "_k3", "holds no whole number"),
        ("conv2d:i8_k10", "no output is left"),
        ("conv2d:i٣_k1", "is no field"),
    ],
)
def test_what_is_no_case_is_refused_with_the_part_at_fault(line, part):
    with pytest.raises(InvalidCase) as caught:
        parse(line)
    assert part in str(caught.value)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example("conv1d:i5_k1_s³")
@example("conv1d:i5_k1_p--1")
def test_any_text_is_a_case_or_an_invalid_case(text):
    try:
        case = parse(text)
    except InvalidCase:
        return
    assert parse(str(case)) == case


@given(cases(), st.data())
def test_a_damaged_line_is_a_case_or_an_invalid_case(case, data):
    line = str(case)
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    text = line[:start] + data.draw(st.one_of(PIECES, st.text(max_size=2))) + line[end:]
    try:
        found = parse(text)
    except InvalidCase:
        return
    assert parse(str(found)) == found
