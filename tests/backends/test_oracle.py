import itertools
import math
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from convergent.backends import numpy as maps
from convergent.backends import oracle
from convergent.backends.base import OPS
from convergent.cases import data, dtypes
from convergent.cases.errors import UnknownMethod
from convergent.cases.strategies import cases
from convergent.cases.text import parse

MOST_PRODUCTS = 20_000
OPERANDS = {"conv": ("x", "w"), "backprop_input": ("dy", "w"), "backprop_filter": ("x", "dy")}
RESULT = {"conv": "dy", "backprop_input": "x", "backprop_filter": "w"}


def products(case):
    """Yield the places in x, w and y of every product of the convolution, by its definition."""
    per_group = case.in_channels // case.groups
    spaces = [range(case.batch), *map(range, case.output), range(case.out_channels)]
    for n, *out, o in itertools.product(*spaces):
        group = o // (case.out_channels // case.groups)
        for *tap, c in itertools.product(*map(range, case.kernel), range(per_group)):
            at = tuple(
                p * s + t * d - lo
                for p, s, t, d, (lo, _) in zip(
                    out, case.stride, tap, case.dilation, case.pads, strict=True
                )
            )
            if all(0 <= a < size for a, size in zip(at, case.input, strict=True)):
                x = (n, *at, group * per_group + c)
                yield {"x": x, "w": (*tap, c, o), "dy": (n, *out, o)}


def sums(case, name, values, kind=sum):
    """Return, by place of the result, ``kind`` of the products that are summed there."""
    left, right = OPERANDS[name]
    found = defaultdict(list)
    for place in products(case):
        product = values[left][place[left]] * values[right][place[right]]
        found[place[RESULT[name]]].append(product)
    return {place: kind(listed) for place, listed in found.items()}


def array(found, shape):
    result = np.zeros(shape)
    for place, value in found.items():
        result[place] = value
    return result


def shapes(case):
    return {"x": case.x_shape, "w": case.w_shape, "dy": case.y_shape}


def decoded(case):
    return dict(
        zip(
            ("x", "w", "dy"),
            (dtypes.decode(a, case.dtype) for a in data.make(case)),
            strict=True,
        )
    )


def integers(case):
    """Return the operands as nested dictionaries of Python integers, by place."""
    return {
        role: {place: int(value) for place, value in np.ndenumerate(values)}
        for role, values in decoded(case).items()
    }


def rationals(case):
    return {
        role: {place: Fraction(float(value)) for place, value in np.ndenumerate(values)}
        for role, values in decoded(case).items()
    }


def small(**restrictions):
    return cases(**restrictions).filter(lambda case: case.macs <= MOST_PRODUCTS)


@given(small(data=("exact",)))
def test_the_maps_are_the_convolution_by_its_definition(case):
    numbers = integers(case)
    operands = data.make(case)
    for name in maps.MAPS:
        expected = oracle.expect(case, name, operands)
        shape = shapes(case)[RESULT[name]]
        assert expected.value.shape == shape
        assert (expected.value == array(sums(case, name, numbers), shape)).all()


@given(small(data=("exact",)))
def test_magnitude_and_terms_are_those_of_the_products_really_summed(case):
    numbers = integers(case)
    operands = data.make(case)
    for name in maps.MAPS:
        expected = oracle.expect(case, name, operands)
        shape = shapes(case)[RESULT[name]]
        magnitude = sums(case, name, numbers, kind=lambda listed: sum(map(abs, listed)))
        assert (expected.magnitude == array(magnitude, shape)).all()
        assert expected.terms.shape == shape
        assert expected.terms.dtype == np.int64
        assert (expected.terms == array(sums(case, name, numbers, kind=len), shape)).all()


@given(cases(data=("exact",)))
def test_the_three_maps_are_adjoint(case):
    operands = data.make(case)
    x, w, dy = (dtypes.decode(a, case.dtype) for a in operands)
    y, dx, dw = (
        oracle.expect(case, op, operands).value
        for op in ("conv", "backprop_input", "backprop_filter")
    )
    assert (y * dy).sum() == (x * dx).sum() == (w * dw).sum()


@settings(max_examples=30)
@given(small(dtypes=("float64",), data=("normal", "uniform")))
def test_float64_is_right_to_one_rounding_however_much_cancels(case):
    operands = data.make(case)
    numbers = rationals(case)
    for name in maps.MAPS:
        expected = oracle.expect(case, name, operands)
        for place, exact in sums(case, name, numbers).items():
            error = abs(Fraction(float(expected.value[place])) - exact)
            half_ulp = Fraction(math.ulp(float(exact))) / 2
            # What the sums of the smaller slices err: 2**-53 of something 2**-20 as large.
            rest = Fraction(float(expected.magnitude[place])) / 2**70
            assert error <= half_ulp + rest


@settings(max_examples=30)
@given(small(dtypes=("float32", "float16", "bfloat16"), data=("normal", "uniform")))
def test_narrow_types_err_far_less_than_their_bound(case):
    operands = data.make(case)
    numbers = rationals(case)
    for name in maps.MAPS:
        expected = oracle.expect(case, name, operands)
        for place, exact in sums(case, name, numbers).items():
            error = abs(Fraction(float(expected.value[place])) - exact)
            assert error <= Fraction(float(expected.magnitude[place])) * 2**-24 / 2**20


def test_a_sum_that_cancels_keeps_its_last_bits_in_float64():
    case = parse("conv1d:i3_k3_float64_normal")
    x = np.array([1.0, 2.0**-30, -1.0]).reshape(1, 3, 1)
    w = np.array([1 + 2.0**-52, 2.0**-40, 1.0]).reshape(3, 1, 1)
    expected = oracle.expect(case, "conv", data.Operands(x, w, np.ones((1, 1, 1))))
    assert expected.value.item() == 2.0**-52 + 2.0**-70


@given(cases(data=("exact",)))
def test_transpose_has_the_value_of_backprop_input(case):
    operands = data.make(case)
    one, other = (oracle.expect(case, op, operands) for op in ("transpose", "backprop_input"))
    assert (one.value == other.value).all()
    assert (one.terms == other.terms).all()


@settings(max_examples=30)
@given(cases(data=("exact",)).filter(lambda case: case.macs <= 3_000))
def test_a_jacobian_holds_the_derivative_of_each_output_by_each_place(case):
    operands = data.make(case)
    numbers = integers(case)
    for op, (result, by, other) in {
        "jacobian_input": ("dy", "x", "w"),
        "jacobian_filter": ("dy", "w", "x"),
        "transpose_jacobian_input": ("x", "dy", "w"),
        "transpose_jacobian_filter": ("x", "w", "dy"),
    }.items():
        entries = Counter()
        for place in products(case):
            entries[place[result] + place[by]] += numbers[other][place[other]]
        expected = oracle.expect(case, op, operands)
        shape = shapes(case)[result] + shapes(case)[by]
        assert (expected.value == array(entries, shape)).all()
        assert (expected.terms == array(dict.fromkeys(entries, 1), shape)).all()
        assert (expected.magnitude == np.abs(expected.value)).all()


@settings(max_examples=30)
@given(cases(data=("exact",)).filter(lambda case: case.macs <= 3_000))
def test_a_jacobian_times_its_operand_is_the_map(case):
    operands = data.make(case)
    x, w, dy = (dtypes.decode(a, case.dtype) for a in operands)
    y = oracle.expect(case, "conv", operands).value
    dx = oracle.expect(case, "backprop_input", operands).value
    dw = oracle.expect(case, "backprop_filter", operands).value
    A, C = (
        oracle.expect(case, op, operands).value.reshape(y.size, -1)
        for op in ("jacobian_input", "jacobian_filter")
    )
    assert (A @ x.ravel() == y.ravel()).all()
    assert (A.T @ dy.ravel() == dx.ravel()).all()
    assert (C @ w.ravel() == y.ravel()).all()
    assert (C.T @ dy.ravel() == dw.ravel()).all()


def test_a_long_batch_is_computed_in_parts(monkeypatch):
    case = parse("conv2d:n5_i6_c4_k3_o6_g2_s2_pSAME")
    operands = data.make(case)
    whole = [oracle.expect(case, op, operands).value for op in maps.MAPS]
    monkeypatch.setattr(maps, "_CHUNK", 1)
    parts = [oracle.expect(case, op, operands).value for op in maps.MAPS]
    for one, other in zip(whole, parts, strict=True):
        assert (one == other).all()


def test_an_op_that_is_none_is_refused():
    case = parse("conv1d:i3_k2")
    with pytest.raises(UnknownMethod, match="'deconv'"):
        oracle.expect(case, "deconv", data.make(case))


def test_the_oracle_knows_every_op():
    case = parse("conv1d:n2_i4_c2_k2_o3")
    for op in set(OPS) - {"contract"}:
        shape = tuple(n for role in OPS[op] for n in case.shape(role))
        assert oracle.expect(case, op, data.make(case)).value.shape == shape
