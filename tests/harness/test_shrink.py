"""Shrinking by predicates alone, and which outcomes are the same finding."""

import itertools

import pytest
from hypothesis import given, settings

from convergent.cases import suites
from convergent.cases.features import FEATURES, features
from convergent.cases.order import rank, simpler
from convergent.cases.strategies import cases
from convergent.cases.text import parse
from convergent.harness.alike import alike, is_failure
from convergent.harness.outcome import Outcome
from convergent.harness.shrink import Failure, shrink

LARGE = parse("conv3d:n2_i9x8x7_c4_k3x2x2_o6_s1x2x3_d1x1x2_p1_g2_float16_ncdhw_normal_seed9")

# The simplest case of every feature, but for its dtype; of any case that has it, unless said.
SIMPLEST = {
    "empty": "conv1d:i1_k2",
    "empty_batch": "conv1d:n0_i1_k1",
    "empty_output": "conv1d:i1_k2",
    "no_channels": "conv1d:i1_k1_o0",
    "batched": "conv1d:n2_i1_k1",
    "unequal_strides": "conv2d:i1_k1_s1x2",
    "unequal_dilations": "conv2d:i1_k1_d1x2",
    "strided_dilated": "conv1d:i1_k1_s2_d2",
    "depthwise": "conv1d:i1_c2_k1_o2_g2",
    "multiplier": "conv1d:i1_c2_k1_o4_g2",
    "asymmetric": "conv1d:i2_k1_p-1+0",
    "negative_padding": "conv1d:i2_k1_p-1+0",
    "padding_beyond_kernel": "conv1d:i1_k1_p1",
    "unused_input": "conv1d:i2_k1_s2",
    "idle_tap": "conv1d:i1_k2_p1+0",
    "kernel_beyond_input": "conv1d:i1_k2_p1",
    "stride_beyond_kernel": "conv1d:i1_k1_s2",
    "even_kernel": "conv1d:i1_k2_p1",
    "width_of_channels": "conv1d:i2_k1_o2_ncw",
    "reversed": "conv1d:i1_k1_reversed",
    "nonfinite": "conv1d:i1_k1_nonfinite",
}


@pytest.fixture(scope="module")
def pool():
    names = ("smoke", "special", "sources")
    return sorted((c for n in names for c in suites.load(n) if c.data != "illegal"), key=rank)


@pytest.mark.parametrize("feature", SIMPLEST)
def test_every_feature_shrinks_to_its_simplest_case(pool, feature):
    have = [case for case in pool if feature in features(case)]
    assert have
    for case in have[:: max(1, len(have) // 5)]:
        found = shrink(lambda candidate: feature in features(candidate), case)
        assert found.complete
        assert found.evaluations < 200
        assert feature in features(found.case)
        assert rank(found.case) <= rank(parse(SIMPLEST[feature]).replace(dtype=case.dtype))


@settings(max_examples=30)
@given(cases())
def test_a_minimum_has_no_failing_candidate(case):
    chosen = sorted(features(case) & set(FEATURES))[:: max(1, case.seed % 7)]

    def fails(candidate):
        return features(candidate).issuperset(chosen)

    found = shrink(fails, case)
    assert found.complete
    assert fails(found.case)
    assert not any(map(fails, simpler(found.case)))
    assert shrink(fails, found.case).case == found.case


def test_no_case_is_asked_twice_and_the_first_not_at_all():
    asked = []

    def fails(case):
        asked.append(case)
        return case.batch > 1 and case.in_channels > 1

    found = shrink(fails, LARGE)
    assert len(asked) == len(set(asked)) == found.evaluations
    assert LARGE not in asked


@pytest.mark.parametrize("limit", [{"most": 7}, {"seconds": 0.0}])
def test_a_budget_ends_it_and_is_said(limit):
    found = shrink(lambda case: case.in_channels == 4, LARGE, **limit)
    assert not found.complete
    assert found.evaluations <= 7
    assert found.case.in_channels == 4


def test_a_minimum_at_the_end_of_the_budget_is_complete():
    all_of_it = shrink(lambda case: False, LARGE)
    assert all_of_it == shrink(lambda case: False, LARGE, most=all_of_it.evaluations)
    assert not shrink(lambda case: False, LARGE, most=all_of_it.evaluations - 1).complete


def test_it_can_be_watched():
    seen = []
    found = shrink(
        lambda case: case.dims == 3, LARGE, watch=lambda case, count: seen.append((case, count))
    )
    assert [count for _, count in seen] == list(range(found.evaluations))
    assert seen[0][0] == LARGE
    assert all(rank(b) <= rank(a) for (a, _), (b, _) in itertools.pairwise(seen))


def outcome(verdict, detail="", **fields):
    given = {"variant": "torch", "op": "conv", "method": "native", "case": "conv1d:i3_k2"}
    return Outcome(verdict=verdict, detail=detail, **{**given, **fields})


SIZES = "RuntimeError: expected input[1, 2, 3] to have 4 channels, but got 2 channels instead"
OTHER = "RuntimeError: expected input[7, 9] to have 40 channels, but got 1 channels instead"

ALIKE = [
    (outcome("differs", question="value"), outcome("differs", question="value", outside=9)),
    (outcome("degraded", model="sums"), outcome("degraded", model="sums")),
    (outcome("raised", SIZES), outcome("raised", OTHER)),
    (outcome("raised", "ValueError: "), outcome("raised", "ValueError: 3")),
    (
        outcome("crashed", "the worker was ended by SIGABRT: line 12"),
        outcome("crashed", "the worker was ended by SIGABRT: line 19 < frame"),
    ),
    (outcome("timed_out", "after 120 s"), outcome("timed_out", "after 2 s")),
    (outcome("differs", known="a reason"), outcome("differs", known="a reason")),
]
DIFFERENT = [
    (outcome("differs"), outcome("agrees")),
    (outcome("differs"), outcome("raised")),
    (outcome("differs", question="value"), outcome("differs", question="repeat")),
    (outcome("degraded", model="sums"), outcome("degraded", model="rounds")),
    (outcome("raised", SIZES), outcome("raised", SIZES.replace("Runtime", "Value"))),
    (outcome("raised", SIZES), outcome("raised", "RuntimeError: could not find an engine")),
    (
        outcome("crashed", "the worker was ended by SIGABRT"),
        outcome("crashed", "the worker was ended by SIGSEGV"),
    ),
    (
        outcome("crashed", "the worker ended with status 0"),
        outcome("crashed", "the worker ended with status 3"),
    ),
    (outcome("differs"), outcome("differs", known="a reason")),
    (outcome("differs", known="a reason"), outcome("differs")),
    (outcome("differs", known="a reason"), outcome("differs", known="another")),
    (outcome("mistrusted"), outcome("mistrusted")),
    (outcome("unsupported"), outcome("unsupported")),
    (outcome("agrees"), outcome("agrees")),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_the_same_finding_on_other_sizes_is_alike(one, other):
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_finding_is_not(one, other):
    assert not alike(one, other)


class Diagnosed(Outcome, frozen=True, kw_only=True, tag="diagnosed"):
    diagnosis: str = ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("stride ignored", "stride ignored", True),
        ("stride ignored", "filter flipped", False),
        ("stride ignored", "unexplained", False),
        ("unexplained", "filter flipped", True),
        ("", "filter flipped", True),
    ],
)
def test_what_is_diagnosed_must_stay(one, other, same):
    said = {"variant": "v", "op": "conv", "method": "m", "case": "c", "verdict": "differs"}
    assert alike(Diagnosed(**said, diagnosis=one), Diagnosed(**said, diagnosis=other)) is same


def test_gaps_and_data_that_show_nothing_are_no_failures():
    assert not any(is_failure(outcome(v)) for v in ("agrees", "unsupported", "mistrusted"))
    assert all(is_failure(outcome(v)) for v in ("differs", "degraded", "raised", "timed_out"))


def test_what_is_not_asked_of_a_case_is_no_failure():
    def ask(variant, key, case):
        raise AssertionError(case)

    illegal = Failure(ask, outcome("crashed", op="contract", case="conv1d:i3_k2_illegal"))
    assert not illegal(parse("conv1d:i3_k2"))
    jacobian = Failure(ask, outcome("differs", op="jacobian_input"))
    assert not jacobian(parse("conv1d:i300_k2"))
