import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergent.cases import suites
from convergent.cases.features import features
from convergent.cases.scale import scale
from convergent.cases.strategies import cases
from convergent.cases.text import parse

BY = st.integers(1, 100)
EVERY = [case for name in suites.names() for case in suites.load(name)]


@given(cases(), BY)
def test_only_batch_channels_and_groups_change(case, by):
    kept = scale(case, by).replace(
        batch=case.batch,
        in_channels=case.in_channels,
        out_channels=case.out_channels,
        groups=case.groups,
    )
    assert kept == case


@given(cases(), BY)
def test_nothing_grows_and_nothing_vanishes(case, by):
    found = scale(case, by)
    for name in ("batch", "in_channels", "out_channels", "groups"):
        assert 1 <= getattr(found, name) <= getattr(case, name)


@pytest.mark.parametrize("by", [1, 2, 3, 8, 17, 1000])
def test_every_case_of_every_suite_stays_what_it_is(by):
    kinds = {"grouped", "depthwise", "multiplier", "empty", "empty_batch", "no_channels"}
    for case in EVERY:
        assert features(scale(case, by)) & kinds == features(case) & kinds, str(case)


def test_by_one_nothing_changes():
    assert [scale(case, 1) for case in EVERY] == EVERY


@pytest.mark.parametrize(
    ("line", "by", "scaled"),
    [
        ("conv2d:n32_i56_c64_k3_o64", 8, "conv2d:n4_i56_c8_k3_o8"),
        ("conv2d:n30_i9_c20_k3_o28", 8, "conv2d:n3_i9_c2_k3_o3"),
        ("conv2d:i9_c960_k5_o960_g960", 8, "conv2d:i9_c120_k5_o120_g120"),
        ("conv2d:i9_c5_k3_o10_g5", 8, "conv2d:i9_c2_k3_o4_g2"),
        ("conv2d:i9_c384_k3_o256_g2", 8, "conv2d:i9_c48_k3_o32_g2"),
        ("conv1d:i9_c768_k3_o768_g16", 8, "conv1d:i9_c96_k3_o96_g2"),
        ("conv1d:i9_c768_k3_o768_g16", 32, "conv1d:i9_c24_k3_o24_g2"),
        ("conv1d:i9_c6_k3_o4_g2", 8, "conv1d:i9_c4_k3_o2_g2"),
    ],
)
def test_channels_are_divided_by_the_scale_where_groups_allow(line, by, scaled):
    assert scale(parse(line), by) == parse(scaled)


def test_a_golden_keeps_the_size_of_its_numbers():
    golden = parse("conv2d:i6x10_c64_k2_s2_golden6")
    assert scale(golden, 8) == golden


def test_a_scale_below_one_is_refused():
    with pytest.raises(ValueError, match="scale 0 must be 1 or more"):
        scale(parse("conv1d:i5_k3"), 0)
