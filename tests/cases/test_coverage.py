import itertools
import random

from hypothesis import given, settings

from convergent.cases import coverage, suites, sweep
from convergent.cases.factors import FACTORS, levels
from convergent.cases.strategies import cases
from convergent.cases.text import parse


def known(case):
    """Return the levels of a case that the factors list (stride 4 is none of them)."""
    return {name: level for name, level in levels(case).items() if level in FACTORS[name]}


def test_the_ci_suite_covers_every_feasible_pair():
    found = coverage.coverage(suites.load("ci"))
    assert found.missing == ()
    assert found.covered == found.feasible == 989
    assert found.share == 1


def test_the_triples_suite_covers_every_feasible_triple():
    found = coverage.coverage(suites.load("triples"), 3)
    assert found.missing == ()
    assert found.covered == found.feasible == 12_353


def test_without_one_of_its_cases_a_pair_is_missing():
    all_cases = suites.load("ci")
    rare = next(case for case in all_cases if case.data == "uniform")
    fewer = [case for case in all_cases if case.data != "uniform"]
    found = coverage.coverage(fewer)
    assert found.covered + len(found.missing) == found.feasible
    of_uniform = {pair for pair in coverage.feasible(2) if ("data", "uniform") in pair}
    assert of_uniform <= set(found.missing)
    assert coverage.coverage([*fewer, rare]).covered > found.covered


def test_one_case_covers_one_pair_for_each_pair_of_factors():
    found = coverage.coverage([parse("conv2d:n2_i5x6_c2_k3_o5")])
    assert found.covered == len(list(itertools.combinations(FACTORS, 2)))


def test_no_cases_cover_nothing():
    assert coverage.coverage([]).covered == 0


def test_a_case_outside_the_factors_covers_what_it_shares_with_them():
    found = coverage.coverage([parse("conv2d:n2_i9_c2_k5_o5_s4_golden1")])
    assert found.covered == len(list(itertools.combinations(range(len(FACTORS) - 2), 2)))


def test_what_cannot_be_is_not_feasible():
    feasible = coverage.feasible(2)
    for pair in (
        {("dims", "1"), ("stride", "unequal")},
        {("kernel", "one"), ("stride", "2")},
        {("kernel", "beyond_input"), ("padding", "VALID")},
        {("groups", "depthwise"), ("channels", "more_out")},
    ):
        assert frozenset(pair) not in feasible


def test_every_level_is_feasible():
    assert coverage.feasible(1) == {
        frozenset({(name, level)}) for name, found in FACTORS.items() for level in found
    }


@settings(max_examples=400)
@given(cases())
def test_no_case_drawn_at_random_shows_what_the_counter_calls_infeasible(case):
    for strength in (2, 3):
        assert set(coverage.combinations(known(case), strength)) <= coverage.feasible(strength)


def test_what_is_feasible_in_its_block_is_feasible_with_all_other_blocks():
    draw = random.Random(0)
    blocks = [
        [row for row in _rows(names) if levels(sweep.build(row)) == row]
        for names in (coverage.SPACE, coverage.CHANNELS)
    ]
    for _ in range(500):
        space, channels = (draw.choice(block) for block in blocks)
        row = {name: draw.choice(found) for name, found in FACTORS.items()}
        row.update({name: space[name] for name in coverage.SPACE})
        row.update({name: channels[name] for name in coverage.CHANNELS})
        assert levels(sweep.build(row)) == row


def _rows(names):
    plain = {name: found[0] for name, found in FACTORS.items()}
    for chosen in itertools.product(*(FACTORS[name] for name in names)):
        row = {**plain, **dict(zip(names, chosen, strict=True))}
        if all(sweep._allows(forbidden, row) for forbidden in sweep.FORBIDDEN):
            yield row
