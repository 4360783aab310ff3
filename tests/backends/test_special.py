"""Special data: the oracle gives what IEEE arithmetic gives product by product."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from convergent.backends import oracle
from convergent.backends.memory import laid
from convergent.cases import data, dtypes, suites
from convergent.cases.case import DTYPES, MEMORY
from convergent.cases.strategies import cases
from convergent.cases.text import parse
from convergent.harness.compare import Question

from .test_oracle import MOST_PRODUCTS, OPERANDS, RESULT, products

MAPS = ("conv", "backprop_input", "backprop_filter")


def listed(case, name):
    """Return the products that are summed at each place of the result, as Python floats."""
    values = dict(zip(("x", "w", "dy"), data.make(case), strict=True))
    left, right = (dtypes.decode(values[role], case.dtype) for role in OPERANDS[name])
    found = {place: [] for place in np.ndindex(case.shape(RESULT[name].replace("dy", "y")))}
    for place in products(case):
        a, b = (place[role] for role in OPERANDS[name])
        found[place[RESULT[name]]].append(float(left[a]) * float(right[b]))
    return found


@pytest.mark.parametrize("name", MAPS)
@settings(max_examples=40)
@given(case=cases(data=["nonfinite"]))
def test_nan_and_infinity_go_where_arithmetic_puts_them(name, case):
    if math.prod(case.y_shape) * math.prod(case.w_shape) > MOST_PRODUCTS:
        return
    expected = oracle.expect(case, name, data.make(case))
    for place, found in listed(case, name).items():
        assert np.array_equal(expected.value[place], sum(found), equal_nan=True)
        assert expected.terms[place] == len(found)
    # A zero of the padding may meet an infinity in the filter's gradient alone.
    assert name == "backprop_filter" or not expected.nan_too.any()
    assert any(map(any, case.pads)) or max(case.unused) or not expected.nan_too.any()


@pytest.mark.parametrize("name", MAPS)
@settings(max_examples=40)
@given(case=cases(data=["signedzeros"]))
def test_a_zero_may_be_negative_where_every_product_is(name, case):
    expected = oracle.expect(case, name, data.make(case))
    for place, found in listed(case, name).items():
        assert expected.value[place] == sum(found)
        minus = all(p == 0 and math.copysign(1, p) < 0 for p in found)
        assert expected.minus_too[place] == minus


@pytest.mark.parametrize("name", MAPS)
@settings(max_examples=40)
@given(case=cases(data=["overflow"]))
def test_all_products_of_a_sum_that_overflows_have_one_sign(name, case):
    if math.prod(case.y_shape) * math.prod(case.w_shape) > MOST_PRODUCTS:
        return
    expected = oracle.expect(case, name, data.make(case))
    for place, found in listed(case, name).items():
        assert expected.value[place] == sum(found)
        assert len({math.copysign(1, product) for product in found}) <= 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAPS)
def test_some_sums_overflow_and_some_do_not(name, dtype):
    inside = beyond = 0
    for line in ("conv1d:n4_i9_c3_k3_o4", "conv2d:n2_i5_k3_p1", "conv2d:n3_i8_c6_k3_o6_g3_s2"):
        case = parse(f"{line}{'' if dtype == 'float32' else f'_{dtype}'}_overflow")
        value = oracle.expect(case, name, data.make(case)).value
        beyond += np.count_nonzero(np.abs(value) > dtypes.FORMATS[dtype].overflow)
        inside += np.count_nonzero(np.abs(value) < dtypes.FORMATS[dtype].overflow)
    assert min(inside, beyond) > 10


@pytest.mark.parametrize("line", [
    "conv2d:n16_i8_c64_k3_o64", "conv1d:i22000_k3", "conv1d:n9_i9_c2_k9_o4096_p8",
    "conv1d:i9_c4096_k9_o2_p8",
])  # fmt: skip
@pytest.mark.parametrize("dtype", DTYPES)
def test_operands_of_sums_that_overflow_are_normal_numbers(line, dtype):
    case = parse(f"{line}{'' if dtype == 'float32' else f'_{dtype}'}_overflow")
    for stored in data.make(case):
        values = np.abs(dtypes.decode(stored, dtype))
        assert (values >= dtypes.FORMATS[dtype].tiny).all()
        assert (values <= dtypes.FORMATS[dtype].largest).all()


def test_special_numbers_are_met_in_the_suite_and_need_not_be_elsewhere():
    for case in suites.load("special"):
        if case.data == "nonfinite":
            assert not np.isfinite(oracle.expect(case, "conv", data.make(case)).value).all()
    case = parse("conv2d:n2_i7x8_c2_k2_o3_s4_pSAMELOWER_nonfinite")  # no window reads one
    question = Question(case, "conv", oracle.expect(case, "conv", data.make(case)))
    assert np.isfinite(question.expected.value).all()
    assert question.judge(question.stored, case.dtype).verdict == "agrees"


@pytest.mark.parametrize("dtype", DTYPES)
def test_subnormal_products_and_tiny_operands_are_what_their_names_say(dtype):
    form = dtypes.FORMATS[dtype]
    word = "" if dtype == "float32" else f"_{dtype}"
    for kind, op in (("subnormal", "conv"), ("tiny", "conv"), ("tiny", "backprop_input")):
        case = parse(f"conv1d:i9_k1{word}_{kind}")
        x, w, dy = (dtypes.decode(a, dtype) for a in data.make(case))
        assert all(a.any() and np.isfinite(a).all() for a in (x, w, dy))
        value = oracle.expect(case, op, data.make(case)).value
        if kind == "subnormal":
            assert (np.abs([*x.ravel(), *w.ravel(), *dy.ravel()]) >= form.tiny).all()
            assert (np.abs(value) < form.tiny).any()
        else:
            assert (np.abs([*x.ravel(), *dy.ravel()]) < form.tiny).all()
            assert (np.abs(w) > 1).all()
        assert (dtypes.decode(dtypes.encode(value, dtype), dtype) != 0).all()


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4), (0, 3), (2, 0)])
def test_memory_holds_the_same_values_wherever_they_lie(memory, shape):
    array = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    view = laid(array, memory)
    assert np.array_equal(view, array)
    assert view.dtype == array.dtype
    assert not np.shares_memory(view, array)
    assert view.flags.writeable == (memory != "readonly")


def test_memory_is_what_its_name_says():
    array = np.ones((2, 3), np.float32)
    assert laid(array, "plain").strides == (12, 4)
    assert laid(array, "gapped").strides == (24, 8)
    assert laid(array, "reversed").strides == (-12, -4)
    offset = laid(array, "offset")
    assert offset.ctypes.data - offset.base.ctypes.data == 4


@pytest.mark.parametrize("op", ["conv", "backprop_input", "backprop_filter"])
@pytest.mark.parametrize("empty", ["n0", "c0", "o0"])
def test_special_data_may_be_of_no_batch_or_channel(op, empty):
    case = parse(f"conv1d:{empty}_i5_k2_p1_nonfinite")
    shape = case.shape(RESULT[op].replace("dy", "y"))
    np.testing.assert_array_equal(oracle.expect(case, op, data.make(case)).value, np.zeros(shape))
