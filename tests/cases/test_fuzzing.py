"""Random cases: valid, small, the same for the same seed, and led to what was seen least."""

from collections import Counter
from random import Random

import pytest

from convergent.cases import fuzzing, steering, suites
from convergent.cases.errors import NothingLeft
from convergent.cases.features import FEATURES, features
from convergent.cases.fuzzing import Space
from convergent.cases.steering import Steering, pairs
from convergent.cases.text import parse

SPACE = Space()
CI = [case for case in suites.load("ci") if SPACE.has(case)]


@pytest.fixture(scope="module")
def drawn():
    one = Steering(0)
    return [one.draw() for _ in range(600)]


def test_every_kind_of_draw_is_valid_small_and_has_a_name():
    rng = Random(3)
    for _ in range(300):
        case, other = rng.choice(CI), rng.choice(CI)
        for made in (
            fuzzing.fresh(rng, SPACE),
            fuzzing.mutated(rng, case, SPACE),
            fuzzing.spliced(rng, case, other, SPACE),
        ):
            assert parse(str(made)) == made
            assert SPACE.has(made)


def test_a_mutation_is_another_case_near_its_parent():
    rng, parent = Random(0), parse("conv2d:n2_i9x10_c4_k3_o6_s2_pSAME_g2_float16_nchw")
    made = [fuzzing.mutated(rng, parent, SPACE) for _ in range(200)]
    assert parent not in made
    assert len(set(made)) > 150
    shared = [len(features(parent) & features(case)) for case in made]
    fresh = [len(features(parent) & features(fuzzing.fresh(rng, SPACE))) for _ in range(200)]
    assert sum(shared) > 1.3 * sum(fresh)


def test_a_golden_has_children_of_other_data():
    golden = parse("conv2d:i3_k2_golden1")
    made = [fuzzing.mutated(Random(seed), golden, SPACE) for seed in range(20)]
    assert not [case for case in made if case.data.startswith("golden")]


def test_the_space_is_kept():
    space = Space(dtypes=("bfloat16",), macs=1000)
    one = Steering(0, space)
    for _ in range(50):
        case = one.draw()
        assert case.dtype == "bfloat16"
        assert case.macs <= 1000


def test_the_same_seed_and_the_same_news_give_the_same_cases():
    def cases(seed):
        one = Steering(seed)
        found = []
        for number in range(60):
            found.append(one.draw())
            if number % 3 == 0:
                one.keep(found[-1], "it reached something")
        return found

    assert cases(5) == cases(5)
    assert not set(cases(5)) & set(cases(6))


def test_what_was_counted_is_not_drawn_again_and_draws_go_on_from_there(drawn):
    assert len(set(drawn)) == len(drawn)
    again = Steering(0)
    for case in drawn[:100]:
        assert again.count(case)
        assert not again.count(case)
    assert [again.draw() for _ in range(3)] == drawn[100:103]


def test_every_feature_is_reached(drawn):
    reached = {word for case in drawn for word in features(case)}
    assert set(FEATURES) - reached == {"illegal"}


def test_steering_covers_more_than_chance(drawn):
    """Of the same number of cases: more pairs, and more pairs that were met several times."""
    rng = Random(0)
    uniform = [fuzzing.fresh(rng, SPACE) for _ in drawn]
    counts = [Counter(p for case in cases for p in pairs(case)) for cases in (drawn, uniform)]
    for times in (1, 3, 10):
        steered, by_chance = (sum(n >= times for n in count.values()) for count in counts)
        assert steered > 1.03 * by_chance, times


def test_few_cases_sum_no_product(drawn):
    barren = [case for case in drawn if steering._is_barren(case)]
    assert 0 < len(barren) < len(drawn) / 10


def test_a_wish_that_no_case_fulfils_is_said():
    with pytest.raises(NothingLeft, match="loosen"):
        Steering(0, accept=lambda _: False).draw()
