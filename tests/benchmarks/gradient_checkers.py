"""Gradient checkers of the frameworks themselves; ``test_peers`` runs them in a clean process."""

import sys
from pathlib import Path

import pytest

from convergent.cases.text import parse

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutation import correct, faults
from peers import checkers, forms
from peers.checkers import Checker

FAULTS = faults.load()
SMALL = parse("conv2d:n2_i4x3_c2_k2_o3_float64_normal")


@pytest.mark.parametrize("ops", [("conv",), ("transpose",), ("backprop_bias",)])
@pytest.mark.parametrize("fast", [False, True])
def test_gradcheck_accepts_a_right_form(ops, fast):
    pytest.importorskip("torch")
    assert checkers.in_torch(forms.of(SMALL, correct.compute, ops), fast=fast)


@pytest.mark.parametrize("op", ["conv", "backprop_input", "backprop_filter"])
def test_gradcheck_refuses_a_wrong_one(op):
    pytest.importorskip("torch")

    def doubled(case, asked, operands):
        found = correct.compute(case, asked, operands)
        return 2 * found if asked == op else found

    checker = Checker("gradcheck", "", "", "float64", checkers.in_torch)
    assert checker.rejects(forms.of(SMALL, doubled, ("conv",)))


def test_check_grads_is_asked_of_a_custom_gradient():
    pytest.importorskip("jax")
    checker = Checker("check_grads", "", "", "float64", checkers.in_jax)
    assert not checker.rejects(forms.of(SMALL, correct.compute, ("conv",)))
    wrong = FAULTS["mean_over_the_batch"]
    assert checker.rejects(forms.of(SMALL, wrong, wrong.ops))
