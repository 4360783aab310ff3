import hashlib

import numpy as np
import pytest
from hypothesis import given

from convergent.backends import oracle
from convergent.cases import data, dtypes
from convergent.cases.strategies import cases
from convergent.cases.text import parse

MAPS = ("conv", "backprop_input", "backprop_filter")

# The data are part of every recorded run: if one of these changes, old runs no longer compare.
DIGESTS = {
    "conv2d:n2_i5x6_c3_k3x2_o4": "cd8de7b3757f56a0",
    "conv2d:n2_i5x6_c3_k3x2_o4_float16": "fa64861b373019d2",
    "conv1d:i9_c4_k3_o4_g2_bfloat16_normal": "95a73e84e9db37b9",
    "conv3d:i4x3x5_c2_k2_o3_float64_normal_seed7": "bf30d32e9ed1c838",
    "conv2d:i5_k3_uniform": "16df276fadb9dbe8",
    "conv2d:i28_k7_o32_pSAME_golden11": "19d5998a129a19d9",
    "conv2d:i4_k3_golden12_seed3": "eb9b91b18efe8326",
}


def digest(case):
    stored = hashlib.sha256()
    for array in data.make(case):
        stored.update(array.tobytes())
    return stored.hexdigest()[:16]


@pytest.mark.parametrize("line", DIGESTS)
def test_the_data_of_a_case_never_change(line):
    assert digest(parse(line)) == DIGESTS[line]


@given(cases())
def test_the_operands_have_the_shapes_and_the_storage_of_the_case(case):
    operands = data.make(case)
    assert [a.shape for a in operands] == [case.x_shape, case.w_shape, case.y_shape]
    assert {a.dtype for a in operands} == {dtypes.storage(case.dtype)}


@given(cases())
def test_the_same_case_has_the_same_data(case):
    for first, second in zip(data.make(case), data.make(case), strict=True):
        assert first.tobytes() == second.tobytes()


@given(cases(data=("exact",)))
def test_exact_data_are_nonzero_integers_that_no_order_of_summation_rounds(case):
    operands = data.make(case)
    limit = data.integer_limit(case)
    for stored in operands:
        values = dtypes.decode(stored, case.dtype)
        assert (values == np.rint(values)).all()
        assert (values != 0).all()
        assert np.abs(values).max() <= limit
    form = dtypes.FORMATS[case.dtype]
    for op in MAPS:
        total = oracle.expect(case, op, operands).magnitude.max()
        assert total <= 2.0 ** dtypes.FORMATS[form.accumulator].precision
        assert total <= form.largest


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_the_integers_of_long_sums_are_smaller(dtype):
    case = parse(f"conv2d:i40_c512_k5_{dtype}")
    n = case.in_channels * 25
    limit = data.integer_limit(case)
    assert 1 <= limit <= data.LARGEST_INTEGER
    form = dtypes.FORMATS[dtype]
    room = min(2.0 ** dtypes.FORMATS[form.accumulator].precision, form.largest)
    assert n * limit**2 <= room
    assert limit == data.LARGEST_INTEGER or n * (limit + 1) ** 2 > room


def test_dtype_and_layout_leave_the_numbers_alone():
    wide = data.make(parse("conv2d:i5_c3_k3_o4_float64_normal_seed5"))
    for field in ("float32", "float16", "bfloat16", "float32_nchw"):
        narrow = data.make(parse(f"conv2d:i5_c3_k3_o4_{field}_normal_seed5"))
        dtype = field.partition("_")[0]
        for there, here in zip(narrow, wide, strict=True):
            assert there.tobytes() == dtypes.encode(here, dtype).tobytes()


@pytest.mark.parametrize("kind", ["exact", "normal", "uniform"])
def test_seeds_sizes_and_roles_draw_different_numbers(kind):
    lines = [f"conv1d:i9_k9_pSAME_{kind}", f"conv1d:i9_k9_pSAME_{kind}_seed1"]
    lines += [f"conv1d:i9_k9_pSAME_s1_n2_{kind}", f"conv1d:i9_k9_p4_{kind}"]
    heads = [a.ravel()[:9].tobytes() for line in lines for a in data.make(parse(line))]
    assert len(set(heads)) == len(heads)


def test_normal_data_have_mean_zero_and_variance_one():
    x = data.make(parse("conv1d:i100000_k1_float64_normal"))[0]
    assert abs(x.mean()) < 0.02
    assert abs(x.var() - 1) < 0.02
    assert np.abs(x).max() <= 6


def test_uniform_data_fill_the_interval_from_minus_one_to_one():
    x = data.make(parse("conv1d:i100000_k1_float64_uniform"))[0]
    assert -1 <= x.min() < -0.999
    assert 0.999 < x.max() < 1
    assert abs(x.mean()) < 0.02


def test_exact_data_have_both_signs_and_every_magnitude():
    x = data.make(parse("conv1d:i10000_k1_float64"))[0]
    limit = data.integer_limit(parse("conv1d:i10000_k1_float64"))
    assert set(np.unique(x)) == {s * m for s in (-1, 1) for m in range(1, limit + 1)}


def test_a_large_seed_costs_no_more_than_a_small_one():
    seeds = (0, 10**18 - 1)  # both multiples of three: NumPy would go there in steps of that
    few, many = (data.make(parse(f"conv1d:i40_k2_nonfinite_seed{seed}")) for seed in seeds)
    assert [sum(map(np.isnan, each.x.flat)) for each in (few, many)] == [1, 1]
