import itertools
import math

import covertable
import pytest
from hypothesis import given

from convergent.cases import coverage, suites, sweep
from convergent.cases.errors import InvalidCase
from convergent.cases.factors import FACTORS, levels
from convergent.cases.strategies import cases

PLAIN = {name: found[0] for name, found in FACTORS.items()}


def rows(names):
    for chosen in itertools.product(*(FACTORS[name] for name in names)):
        yield {**PLAIN, **dict(zip(names, chosen, strict=True))}


@pytest.mark.parametrize("names", [coverage.SPACE, coverage.CHANNELS])
def test_every_row_that_is_not_forbidden_becomes_a_case_of_just_its_levels(names):
    for row in rows(names):
        if all(sweep._allows(forbidden, row) for forbidden in sweep.FORBIDDEN):
            assert levels(sweep.build(row)) == row


def test_no_forbidden_row_becomes_a_case_of_its_levels():
    for row in itertools.chain(rows(coverage.SPACE), rows(coverage.CHANNELS)):
        if not all(sweep._allows(forbidden, row) for forbidden in sweep.FORBIDDEN):
            try:
                assert levels(sweep.build(row)) != row
            except (InvalidCase, KeyError):
                continue


def test_the_constraints_act_on_the_generator():
    factors = {name: list(found) for name, found in FACTORS.items()}
    free = covertable.make(factors, strength=2)
    assert any(not sweep._allows(forbidden, row) for forbidden in sweep.FORBIDDEN for row in free)
    for case in suites.load("ci"):
        row = levels(case)
        assert all(sweep._allows(forbidden, row) for forbidden in sweep.FORBIDDEN)


def test_what_frameworks_dispatch_on_occurs_in_triples():
    wanted = {
        found
        for found in coverage.feasible(3)
        if {name for name, _ in found} <= set(sweep.DISPATCH)
    }
    seen = {found for case in suites.load("ci") for found in coverage.combinations(levels(case), 3)}
    sizes = (len(FACTORS[name]) for name in sweep.DISPATCH)
    assert len(wanted) == sum(map(math.prod, itertools.combinations(sizes, 3)))
    assert wanted <= seen


def test_the_sweep_is_small_and_reaches_the_tails_of_vector_registers():
    found = suites.load("ci")
    assert 60 <= len(found) <= 120
    assert max(case.macs for case in found) < 500_000
    assert sorted(case.macs for case in found)[len(found) // 2] < 10_000
    assert any(case.in_channels > 16 and case.in_channels % 8 for case in found)
    assert any(case.out_channels > 16 and case.out_channels % 8 for case in found)


def test_the_sweep_of_triples_is_small():
    found = suites.load("triples")
    assert 180 <= len(found) <= 260
    assert max(case.macs for case in found) < 1_000_000


@given(cases())
def test_any_case_has_one_level_of_each_factor(case):
    found = levels(case)
    assert list(found) == list(FACTORS)
    for name in set(FACTORS) - {"stride", "dilation"}:
        assert found[name] in FACTORS[name]
