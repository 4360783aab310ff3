"""Layers of networks: what is published, each shape once, in all its kinds."""

from collections import Counter

from convergent.cases import suites
from convergent.cases.features import features
from convergent.cases.scale import scale

CASES = suites.load("networks")
TEXT = suites._text("networks")


def test_each_shape_occurs_once():
    shapes = Counter(c.replace(dtype="float32", layout="channels_last") for c in CASES)
    assert max(shapes.values()) == 1
    assert 110 <= len(CASES) <= 160


def test_every_section_says_whose_layers_these_are_and_where_they_are_published():
    sections = TEXT.split("\n\n")[2:]
    assert len(sections) >= 24
    for section in sections:
        comments = [line for line in section.splitlines() if line.startswith("#")]
        assert comments[0].startswith("# ")
        assert any("http" in line for line in comments), section


def test_data_are_real_numbers_and_most_dtypes_the_common_one():
    assert {case.data for case in CASES} == {"normal"}
    dtypes = Counter(case.dtype for case in CASES)
    assert dtypes["float32"] > len(CASES) * 3 // 4
    assert dtypes["float16"] >= 4
    assert dtypes["bfloat16"] >= 4


def test_layouts_are_mixed():
    layouts = Counter(case.layout for case in CASES)
    assert min(layouts.values()) > len(CASES) // 3


def test_the_kinds_of_layers_are_there():
    kinds = {
        "1d", "2d", "3d", "grouped", "depthwise", "dilated", "asymmetric", "pointwise", "same",
        "explicit", "valid", "even_kernel", "unit_output", "unused_input", "stride_beyond_kernel",
    }  # fmt: skip
    assert set().union(*map(features, CASES)) >= kinds
    for kernel in ((1, 7), (7, 1), (11, 11), (41, 11), (16, 16), (128,), (7, 7, 7)):
        assert any(case.kernel == kernel for case in CASES), kernel


def test_scaled_to_an_eighth_they_stay_apart_and_become_small():
    scaled = [scale(case, 8) for case in CASES]
    assert len(set(scaled)) == len(CASES)
    assert sum(case.macs for case in scaled) * 100 < sum(case.macs for case in CASES)
    assert max(case.macs for case in scaled) < 2_000_000_000
