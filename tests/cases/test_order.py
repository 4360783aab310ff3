"""The order of cases is strict, and every candidate to shrink to is lower in it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergent.cases import suites
from convergent.cases.case import MEMORY, SPECIAL
from convergent.cases.order import rank, simpler
from convergent.cases.strategies import cases
from convergent.cases.text import parse

ODD = [case for name in ("special", "contracts", "sources") for case in suites.load(name)]

RISING = [
    "conv1d:i1_k1",
    "conv1d:i1_k1_ncw",
    "conv1d:i1_k1_s2",
    "conv1d:i1_k1_s2_ncw",
    "conv1d:i2_k1",
    "conv1d:i2_k1_uniform",
    "conv1d:i2_k1_normal",
    "conv1d:i1_k2_p1",
    "conv1d:i1_k2_p0+1",
    "conv1d:i1_k2_pSAME",
    "conv1d:i1_k2_pSAMELOWER",
    "conv1d:i2_k1_normal_seed1",
    "conv1d:i2_k2",
    "conv1d:i1_c2_k1_o2",
    "conv1d:i1_c2_k1_o2_g2",
    "conv1d:i9_k3",
    "conv2d:i1_k1",
    "conv2d:i3x2_k1",
    "conv2d:i6x1_k1",
    "conv3d:i1_k1",
    "conv1d:n0_i1_k1",
]


@pytest.mark.parametrize(("lower", "higher"), list(itertools.pairwise(RISING)))
def test_what_a_person_finds_simpler_is_lower(lower, higher):
    assert rank(parse(lower)) < rank(parse(higher))


@given(cases(), cases())
def test_the_order_is_strict(one, other):
    assert (rank(one) == rank(other)) == (one == other)
    assert (rank(one) < rank(other)) + (rank(other) < rank(one)) == (one != other)


def assert_candidates_are_lower(case):
    candidates = list(simpler(case))
    assert len(candidates) == len(set(candidates)) < 5000
    for candidate in candidates:
        assert rank(candidate) < rank(case)
        assert candidate.dtype == case.dtype
        assert parse(str(candidate)) == candidate


@settings(max_examples=30)
@given(cases(), st.sampled_from(MEMORY))
def test_every_candidate_is_another_lower_case_of_the_same_dtype(case, memory):
    assert_candidates_are_lower(case.replace(memory=memory))


@pytest.mark.parametrize("case", ODD[::15], ids=str)
def test_so_it_is_for_odd_cases(case):
    assert_candidates_are_lower(case)


@given(cases())
def test_only_the_simplest_case_has_no_simpler_one(case):
    last = case
    while (first := next(simpler(last), None)) is not None:
        last = first
    assert last == parse("conv1d:i1_k1").replace(dtype=case.dtype)


@settings(max_examples=30)
@given(cases(data=SPECIAL))
def test_nothing_shrinks_into_another_question(case):
    for candidate in simpler(case):
        assert min(candidate.output) > 0
        assert candidate.data == case.data or candidate.data not in SPECIAL
        assert case.data != "illegal" or candidate.data == "illegal"


def test_a_golden_shrinks_to_numbers_that_fit_other_sizes():
    case = parse("conv2d:i3_k2_golden1")
    for candidate in simpler(case):
        same = candidate.input == case.input and candidate.kernel == case.kernel
        assert same or not candidate.data.startswith("golden")
    assert parse("conv2d:i3_k2") in set(simpler(case))


def test_padding_becomes_what_it_means():
    assert parse("conv2d:i5_k3_p1") in set(simpler(parse("conv2d:i5_k3_pSAME")))
    assert parse("conv2d:i5_k3_pSAME") in set(simpler(parse("conv2d:i5_k3_pSAMELOWER")))
    assert parse("conv1d:i4_k3_pSAME") in set(simpler(parse("conv1d:i5_k3_p1")))
