"""Who agrees with whom, who stands alone, and what beats autodiff."""

from __future__ import annotations

import pytest

from convergent.reports.agreement import Answers, Pair
from convergent.reports.race import Times
from convergent.reports.shade import EDGES, WORDS, shade

VARIANTS = ("torch", "torch:no_onednn", "tensorflow", "jax")


@pytest.fixture
def agreement(outcome, wrong):
    """Return what ``(variant, verdict, digest)`` of one question after the other come to."""

    def agreement(*questions):
        answers = Answers()
        for number, said in enumerate(questions):
            for variant, verdict, digest in said:
                make = outcome if verdict == "agrees" else wrong
                case = f"conv1d:i{number + 9}_k3"
                answers.add(make(variant=variant, case=case, verdict=verdict, digest=digest))
        return answers.agreement(VARIANTS)

    return agreement


def test_a_pair_counts_the_questions_that_both_answered(agreement) -> None:
    found = agreement(
        [("torch", "agrees", "aa"), ("jax", "agrees", "aa")],
        [("torch", "agrees", "aa"), ("jax", "agrees", "bb")],
        [("torch", "agrees", "aa"), ("jax", "differs", "cc")],
        [("torch", "agrees", "aa"), ("jax", "unsupported", "")],
    )
    assert found.variants == ("torch", "jax")
    assert found.pairs == {(1, 0): Pair(asked=3, same=2, bits=1)}


def test_one_alone_is_named_and_two_together_are_not(agreement) -> None:
    alone = [("torch", "agrees", ""), ("tensorflow", "agrees", ""), ("jax", "differs", "")]
    together = [("torch", "differs", ""), ("tensorflow", "agrees", ""), ("jax", "differs", "")]
    found = agreement(alone, together, alone)
    counted = {loner.name: (loner.alone, loner.asked) for loner in found.backends}
    assert counted == {"jax": (2, 3), "torch": (0, 3), "tensorflow": (0, 3)}
    assert found.backends[0].example == "conv/conv1d:i9_k3"


def test_of_two_nobody_stands_alone(agreement) -> None:
    found = agreement([("torch", "agrees", ""), ("jax", "differs", "")])
    assert not any(loner.alone for loner in found.loners)


def test_variants_of_a_backend_are_one_backend(agreement) -> None:
    said = [("torch", "differs", ""), ("torch:no_onednn", "differs", "")]
    found = agreement([*said, ("tensorflow", "agrees", ""), ("jax", "agrees", "")])
    assert [loner.name for loner in found.backends if loner.alone] == ["torch"]
    assert not any(loner.alone for loner in found.loners)


def test_the_worst_verdict_and_the_plainest_bits_are_the_answer(outcome, wrong) -> None:
    answers = Answers()
    answers.add(outcome(method="way", digest="bb"))
    answers.add(outcome(method="native", digest="aa"))
    answers.add(wrong(method="other", digest="cc"))
    answers.add(outcome(variant="jax", digest="aa"))
    assert answers.agreement(VARIANTS).pairs == {(1, 0): Pair(asked=1, same=0, bits=1)}


def test_a_method_is_compared_with_autodiff_on_shared_cases_alone(outcome) -> None:
    times = Times()
    given = (("autodiff", 3, 1.0), ("autodiff", 4, 4.0), ("autodiff", 5, 9.0), ("fast", 4, 1.0))
    for method, size, again in (*given, ("fast", 5, 3.0), ("fast", 9, 70.0), ("gone", 8, 1.0)):
        case = f"conv1d:i9_k{size}"
        times.add(outcome(op="backprop_input", method=method, case=case, again=again))
    (race,) = times.races(("torch",))
    assert set(race.methods) == {"fast"}
    pace = race.methods["fast"]["torch"]
    assert (pace.cases, pace.seconds, pace.word) == (2, 2.0, "faster")
    assert pace.ratio == pytest.approx((1 / 4 + 1 / 3) / 2)
    assert race.autodiff == {"torch": 4.0}
    assert race.beaten("torch", least=2) == [("fast", pace)]
    assert not race.beaten("torch")


def test_the_shades_part_at_the_limit() -> None:
    assert len(WORDS) == len(EDGES) + 1
    assert WORDS[int(shade(1.0)[1:])] == "≤ 1"
    assert WORDS[int(shade(1.0000001)[1:])] == "≤ 10"
