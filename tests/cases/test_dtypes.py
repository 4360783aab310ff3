from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convergent.cases import dtypes
from convergent.cases.dtypes import FORMATS, decode, encode, round_to

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-(2.0**17), 2.0**17),
    st.floats(-(2.0**-13), 2.0**-13),
    st.builds(np.ldexp, st.integers(-(2**13), 2**13), st.integers(-160, 130)).map(float),
)


def nearest(value, form):
    """Round exactly, by the definition of IEEE 754, in rational numbers."""
    exact = abs(Fraction(value))
    exponent = form.emin
    while exact >= Fraction(2) ** (exponent + 1):
        exponent += 1
    quantum = Fraction(2) ** (exponent - form.precision + 1)
    rounded = round(exact / quantum) * quantum  # Fraction rounds ties to even
    if rounded > Fraction(form.largest):
        return np.copysign(np.inf, value)
    return np.copysign(float(rounded), value)


@given(st.sampled_from(["float32", "float16", "bfloat16", "tf32"]), NUMBERS)
def test_rounding_is_to_nearest_ties_to_even(name, value):
    assert round_to(np.array(value), FORMATS[name]) == nearest(value, FORMATS[name])


@given(st.lists(NUMBERS, min_size=1))
@example([65519.999, 65520.0, 2.0**-25, 2.0**-24, 2.0**-24 * 1.5, -0.0])
@example([2.0**-149, 2.0**-150, 2.0**-150 * 1.0001, 3.4028235677973366e38, 3.5e38])
def test_rounding_is_what_numpy_casts_to(values):
    array = np.array(values)
    for name in ("float32", "float16"):
        with np.errstate(all="ignore"):
            cast = array.astype(name)
        assert encode(array, name).tobytes() == cast.tobytes()


def test_rounding_to_bfloat16_is_one_step_and_not_two():
    # Just above the middle of 1 and 1 + 2**-7: float32 would make it a tie, and that 1.
    value = np.array(1 + 2.0**-8 + 2.0**-40)
    assert round_to(value, FORMATS["bfloat16"]) == 1 + 2.0**-7
    assert round_to(value.astype(np.float32).astype(float), FORMATS["bfloat16"]) == 1


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (0.0, 0x0000),
        (-0.0, 0x8000),
        (1.0, 0x3F80),
        (-2.0, 0xC000),
        (3.0e38, 0x7F62),
        (3.3895313892515355e38, 0x7F7F),
        (3.4e38, 0x7F80),
        (-np.inf, 0xFF80),
        (1 + 2.0**-8, 0x3F80),
        (1 + 3 * 2.0**-8, 0x3F82),
        (2.0**-133, 0x0001),
        (2.0**-134, 0x0000),
        (2.0**-134 * 1.25, 0x0001),
    ],
)
def test_bfloat16_has_these_bits(value, bits):
    assert encode(np.array([value]), "bfloat16").tolist() == [bits]


def test_not_a_number_and_infinity_stay():
    values = np.array([np.nan, np.inf, -np.inf])
    for name in FORMATS:
        assert np.array_equal(round_to(values, FORMATS[name]), values, equal_nan=True)
    for name in ("float64", "float32", "float16", "bfloat16"):
        assert np.array_equal(decode(encode(values, name), name), values, equal_nan=True)


def test_every_stored_number_decodes_and_encodes_to_itself():
    bits = np.arange(2**16, dtype=np.uint16)
    for name, stored in (("bfloat16", bits), ("float16", bits.view(np.float16))):
        values = decode(stored, name)
        number = ~np.isnan(values)
        assert encode(values[number], name).tobytes() == stored[number].tobytes()


@given(st.sampled_from(list(FORMATS)), st.floats(1e-5, 1e4))
def test_the_unit_roundoff_bounds_the_relative_error(name, value):
    form = FORMATS[name]
    error = abs(Fraction(float(round_to(np.array(value), form))) - Fraction(value))
    assert error <= Fraction(form.unit_roundoff) * Fraction(value) + Fraction(form.eta)


@pytest.mark.parametrize("name", ["float64", "float32", "float16"])
def test_the_formats_are_those_of_numpy(name):
    form, info = FORMATS[name], np.finfo(name)
    assert form.largest == float(info.max)
    assert form.tiny == float(info.smallest_normal)
    assert 2 * form.unit_roundoff == float(info.eps)
    assert form.eta == max(float(info.smallest_subnormal) / 2, 2.0**-1074)


def test_storage_is_numpys_own_or_the_bits():
    assert dtypes.storage("float16") == np.float16
    assert dtypes.storage("bfloat16") == np.uint16
