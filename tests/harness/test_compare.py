"""The comparator: verdicts, ratios, models and what cannot be judged."""

import numpy as np
import pytest

from convergent.backends import oracle
from convergent.backends.expected import Expected
from convergent.cases import data, dtypes
from convergent.cases.text import parse
from convergent.harness import bounds
from convergent.harness.compare import Question, digest

SIZES = "n2_i6x5_c8_k3_o4"


def question(fields="", op="conv"):
    case = parse(f"conv2d:{SIZES}{fields}")
    return Question(case, op, oracle.expect(case, op, data.make(case)))


def judge(asked, values):
    return asked.judge(dtypes.encode(values, asked.case.dtype), asked.case.dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["exact", "normal", "uniform"])
def test_the_exact_result_rounded_once_agrees(dtype, kind):
    asked = question(f"_{dtype}_{kind}")
    found = judge(asked, asked.expected.value)
    assert found.verdict == "agrees"
    assert found.ratio <= 1


def test_one_ulp_on_exact_data_is_not_equal():
    asked = question()
    wrong = asked.rounded.copy()
    wrong[1, 2, 1, 3] = np.nextafter(np.float32(wrong[1, 2, 1, 3]), np.float32(np.inf))
    found = judge(asked, wrong)
    assert found.verdict == "degraded"
    assert found.outside == 1
    assert found.ulp == 1
    assert found.worst.index == (1, 2, 1, 3)
    assert found.model == "rounds where exact arithmetic would not"


def test_one_missing_term_of_40000_on_exact_data_differs():
    case = parse("conv1d:i40000_k40000")
    operands = data.make(case)
    expected = oracle.expect(case, "conv", operands)
    missing = expected.value - float(operands.x[0, 7, 0]) * float(operands.w[7, 0, 0])
    found = judge(Question(case, "conv", expected), missing)
    assert found.verdict == "differs"


@pytest.mark.parametrize("beyond", [0.9, 1.1])
def test_the_limit_is_a_ratio_of_one(beyond):
    asked = question("_float64_uniform")
    values = asked.expected.value.copy()
    values[0, 0, 0, 0] += beyond * asked.bound[0, 0, 0, 0]
    found = judge(asked, values)
    assert (found.verdict == "agrees") == (beyond < 1)
    assert found.ratio == pytest.approx(beyond, rel=0.1)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_non_finite_value_where_none_is_due_differs(poison):
    for fields in ("", "_normal", "_float16_normal"):
        asked = question(fields)
        values = asked.rounded.copy()
        values[0, 1, 0, 2] = poison
        found = judge(asked, values)
        assert found.verdict == "differs"
        assert found.ratio == "inf"
        assert found.worst.index == (0, 1, 0, 2)


def test_an_infinity_is_right_where_the_result_overflows():
    case = parse("conv1d:i4_k1_float16_golden1").replace(data="normal")
    big = Expected(
        value=np.full((1, 4, 1), 1e5), magnitude=np.full((1, 4, 1), 1e5),
        terms=np.ones((1, 4, 1), np.int64),
    )  # fmt: skip
    asked = Question(case, "conv", big)
    assert judge(asked, np.full((1, 4, 1), np.inf)).verdict == "agrees"
    assert judge(asked, np.full((1, 4, 1), -np.inf)).verdict == "differs"
    assert judge(asked, np.full((1, 4, 1), 6e4)).verdict == "differs"


def test_shape_and_dtype_are_judged_before_values():
    asked = question()
    assert "shape" in asked.judge(asked.stored[:1], "float32").detail
    assert "dtype" in asked.judge(asked.stored.astype(np.float64), "float64").detail


def test_data_that_cannot_show_an_error_is_mistrusted():
    case = parse("conv1d:i5_k2_normal")
    operands = data.Operands(*(np.zeros_like(a) for a in data.make(case)))
    asked = Question(case, "conv", oracle.expect(case, "conv", operands))
    assert judge(asked, np.zeros((1, 4, 1))).verdict == "mistrusted"


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ("_float16_normal", "accumulates in float16"),
        ("_bfloat16_normal", "accumulates in bfloat16"),
    ],
)
def test_summing_in_the_narrow_type_is_degraded_and_named(fields, model):
    asked = question(fields)
    form = dtypes.FORMATS[asked.case.dtype]
    operands = [dtypes.decode(a, asked.case.dtype) for a in data.make(asked.case)]
    total = np.zeros(asked.case.y_shape)
    for tap in np.ndindex(3, 3):
        window = operands[0][:, tap[0] : tap[0] + 4, tap[1] : tap[1] + 3]
        for channel in range(8):
            product = window[..., channel, None] * operands[1][*tap, channel]
            total = dtypes.round_to(total + dtypes.round_to(product, form), form)
    found = judge(asked, total)
    assert found.verdict == "degraded"
    assert found.model == model


def test_growth_is_the_deterministic_bound_for_few_terms():
    terms = np.arange(1, 9)
    assert (bounds.growth(terms) == terms).all()


def test_the_bound_of_a_correct_sequential_sum_is_never_passed():
    rng = np.random.default_rng(0)
    for n in (3, 30, 300, 3000):
        x, w = (rng.standard_normal((2000, n)).astype(np.float32) for _ in range(2))
        exact = np.einsum("ij,ij->i", x.astype(np.float64), w.astype(np.float64))
        magnitude = np.einsum("ij,ij->i", np.abs(x, dtype=np.float64), np.abs(w, dtype=np.float64))
        summed = np.cumsum(x * w, axis=1, dtype=np.float32)[:, -1]
        expected = Expected(value=exact, magnitude=magnitude, terms=np.full(exact.shape, n))
        assert (np.abs(summed - exact) <= bounds.bound(expected, "float32")).all()


def test_the_digest_is_of_bits_shape_and_dtype():
    zeros = np.zeros((2, 3), np.float32)
    assert digest(zeros, "float32") == digest(zeros.copy(order="F"), "float32")
    assert digest(zeros, "float32") != digest(-zeros, "float32")
    assert digest(zeros, "float32") != digest(zeros.reshape(3, 2), "float32")


def test_a_wrong_value_where_nothing_is_summed_differs():
    case = parse("conv2d:i1_c2_k3_o2_s2_p1_normal")
    asked = Question(
        case, "backprop_filter", oracle.expect(case, "backprop_filter", data.make(case))
    )
    assert (asked.expected.terms == 0).any()
    values = asked.expected.value.copy()
    values[asked.expected.terms == 0] = 1e-40
    assert judge(asked, values).verdict == "differs"


def test_one_wrong_element_is_no_downgrade_of_precision():
    asked = question("_normal")
    values = asked.expected.value.copy()
    values[0, 0, 0, 0] += 1e-4 * asked.expected.magnitude[0, 0, 0, 0]
    assert judge(asked, values).verdict == "differs"


def test_small_sums_of_integers_do_not_round_in_the_narrow_type_either():
    case = parse("conv2d:i6_k2_o1_float16")
    asked = Question(case, "conv", oracle.expect(case, "conv", data.make(case)))
    small = asked.expected.magnitude <= 2**11
    assert small.any()
    values = asked.rounded.copy()
    values[tuple(np.argwhere(small)[0])] += 1
    found = judge(asked, values)
    assert found.verdict in ("differs", "degraded")
    assert found.model != "accumulates in float16"


def test_an_array_that_is_not_what_it_is_called_differs():
    asked = question("_normal")
    for other in (np.float64, np.complex64, np.int32):
        with np.errstate(invalid="ignore"):
            found = asked.judge(asked.stored.astype(other), "float32")
        assert found.verdict == "differs"
