"""Locations in words."""

import numpy as np
import pytest

from convergent.harness.where import describe


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (np.s_[:], "everywhere"),
        (np.s_[:, :, -1], "last column"),
        (np.s_[:, 0], "first row"),
        (np.s_[1:], "batch > 0"),
        (np.s_[..., 2], "output channel 2"),
        (np.s_[..., 1:], "output channel > 0"),
        (np.s_[:, [0, -1]], "first and last row"),
        (np.s_[2, 1:3, :, 0], "batch 2, row 1 to 2, output channel 0"),
    ],
)
def test_the_wrong_elements_are_located(index, said):
    wrong = np.zeros((3, 4, 5, 6), bool)
    wrong[index] = True
    assert describe(wrong, "conv") == said


def test_no_pattern_is_scattered():
    assert describe(np.eye(4, dtype=bool).reshape(2, 2, 4, 1)[..., :], "conv") == "scattered"


def test_the_axes_of_a_jacobian_are_of_both_operands():
    wrong = np.zeros((1, 3, 1, 1, 4, 1), bool)
    wrong[0, 2, 0, 0, :, 0] = True
    assert describe(wrong, "jacobian_input") == "last column"
