"""The maps for large problems give what the small ones do."""

from __future__ import annotations

import numpy as np
import pytest

from convergent.backends import blocked
from convergent.backends import numpy as maps
from convergent.cases import data
from convergent.cases.dtypes import decode
from convergent.cases.text import parse

LINES = (
    "conv2d:n2_i30_c64_k3_o48_p1",
    "conv2d:n2_i61x40_c48_k3x2_o64_s2x1_d1x3_p2+1x0",
    "conv2d:i70_c48_k4_o64_s3_p-1+2",
    "conv1d:n3_i900_c48_k5_o32_d2_pSAME",
    "conv3d:i14x9x9_c32_k3x2x1_o64_pSAME",
)
OPERANDS = {"conv": (0, 1), "backprop_input": (2, 1), "backprop_filter": (0, 2)}


@pytest.mark.parametrize("op", OPERANDS)
@pytest.mark.parametrize("line", [*LINES, *(f"{line}_normal" for line in LINES)])
def test_a_blocked_map_gives_the_same_numbers(line, op, monkeypatch):
    case = parse(line)
    first, second = (decode(data.make(case)[role], case.dtype) for role in OPERANDS[op])
    assert blocked.suits(case)
    found = maps.MAPS[op](case, first, second)
    monkeypatch.setattr(blocked, "suits", lambda _: False)
    monkeypatch.setattr(blocked, "BLOCK", 1)  # and the windows as one view
    plain = maps.MAPS[op](case, first, second)
    if case.data == "exact":
        np.testing.assert_array_equal(found, plain)
    else:  # the same sums: a library may still add what sticks out of a tile in another order
        magnitude = maps.MAPS[op](case, np.abs(first), np.abs(second))
        assert (np.abs(found - plain) <= 2**-49 * magnitude).all()


def test_blocks_of_lines_cover_an_output_and_are_about_equal():
    case = parse("conv2d:i57_c64_k3_o64_p1")
    ends = blocked.ends(case, np.empty((576, 64)))
    sizes = np.diff([0, *ends])
    assert ends[-1] == case.output[0]
    assert sizes.max() - sizes.min() <= 1
    assert len(sizes) > 1


def test_few_channels_groups_and_odd_counts_stay_with_the_plain_maps():
    for line in ("conv2d:i64_c8_k3_o8", "conv2d:i64_c64_k3_o64_g2", "conv2d:i64_c63_k3_o64"):
        assert not blocked.suits(parse(line))
