"""Samples: repeatable, fair, and of every case there is."""

import math
from collections import Counter

import pytest

from convergent.cases import coverage, sample, sweep
from convergent.cases.errors import InvalidCase
from convergent.cases.factors import FACTORS, levels

MANY = sample.draw(4000, seed=1)


def test_the_same_seed_draws_the_same_cases():
    assert sample.draw(50, seed=7) == sample.draw(50, seed=7)
    assert sample.draw(50, seed=7) != sample.draw(50, seed=8)


def test_a_seed_draws_what_it_drew_before():
    """Or else no command of an old run could be repeated."""
    assert [str(case) for case in sample.draw(3, seed=20260131)] == [
        "conv3d:i5x6x5_k3x2x3_s2_p1+2x1+0x1+2_bfloat16_ncdhw_uniform",
        "conv3d:n2_i2_c6_k2_o6_g3_s1x2x1_d2_p1+2x2+1x1+2_ncdhw_uniform",
        "conv2d:i11x12_c6_k3_o21_g3_s4x6_d1x2_float64",
    ]


def test_a_longer_sample_begins_with_the_shorter():
    assert sample.draw(200, seed=3)[:50] == sample.draw(50, seed=3)


def test_no_case_is_drawn_twice():
    assert len(set(MANY)) == len(MANY) == 4000


def test_every_level_has_its_share():
    """Of rows that are possible: counted in the sample and, block by block, in all there are."""
    for names in (coverage.SPACE, coverage.CHANNELS, *coverage.FREE):
        shares = _shares(names)
        for name in names:
            seen = Counter(levels(case)[name] for case in MANY)
            for level in FACTORS[name]:
                share = shares[name, level]
                spread = math.sqrt(share * (1 - share) / len(MANY))
                assert abs(seen[level] / len(MANY) - share) < 5 * spread, (name, level)


def _shares(names):
    """Return the share of each level in the possible rows of a block."""
    rows = [row for row in _rows(names) if _is_case(row)]
    seen = Counter((name, row[name]) for row in rows for name in names)
    return {place: count / len(rows) for place, count in seen.items()}


def _rows(names):
    first = {name: found[0] for name, found in FACTORS.items()}
    chosen = [{}]
    for name in names:
        chosen = [{**row, name: level} for row in chosen for level in FACTORS[name]]
    return [{**first, **row} for row in chosen]


def _is_case(row):
    return all(sweep._allows(forbidden, row) for forbidden in sweep.FORBIDDEN)


def test_the_number_of_cases_is_the_number_of_rows_that_are_not_forbidden():
    blocks = (coverage.SPACE, coverage.CHANNELS, *coverage.FREE)
    assert sample.size() == math.prod(sum(map(_is_case, _rows(names))) for names in blocks)


def test_a_sample_meets_what_no_sweep_of_its_size_must():
    found = coverage.coverage(MANY, 3)
    assert found.covered > 0.98 * found.feasible


def test_more_than_there_are_is_refused():
    with pytest.raises(InvalidCase, match="more than the 2,"):
        sample.draw(sample.size() + 1)
